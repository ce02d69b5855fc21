package cli

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/errwatch/errwatch/internal/app"
)

// otherLimits is how many other thresholds the table has room for.
const otherLimits = 4

// replayText writes each alert with its evidence, then what the rules' values were.
func (v *voice) replayText(r *app.ReplayResult) error {
	if r.Scan.Files == 0 {
		return nil // nothing could be read, which is told as errors
	}
	var b strings.Builder
	for i := range r.Alerts {
		a := &r.Alerts[i]
		b.WriteString(paint(v.colourOut, bold, safeLine(alertHead(a))) + "\n")
		b.WriteString(formatRows(2, 0, v.alertRows(a)) + "\n")
	}
	if _, err := io.WriteString(v.out, b.String()); err != nil {
		return err
	}
	if len(r.Rules) == 0 {
		_, err := io.WriteString(v.out, "no rules\n")
		return err
	}
	rows := make([][]string, len(r.Rules))
	for i := range r.Rules {
		rows[i] = ruleRow(&r.Rules[i])
	}
	return writeTable(v.out, v.outWidth, []column{
		{head: "RULE", least: nameLeast}, {head: "LIMIT", right: true}, {head: "FIRED", right: true},
		{head: "P50", right: true}, {head: "P90", right: true}, {head: "P99", right: true}, {head: "MAX", right: true},
		{head: "FIRED AT OTHER LIMITS", least: 21},
	}, rows)
}

// alertHead says which rule, how bad, when, how long.
func alertHead(a *app.Alert) string {
	head := a.Rule
	if s := a.Labels.Get("severity"); s != "" {
		head += " " + s
	}
	peak, limit := valueText(a.Peak), valueText(a.Threshold)
	if a.Condition == app.OnAbsent {
		peak, limit = lasted(seconds(a.Peak)), lasted(seconds(a.Threshold))
	}
	return fmt.Sprintf("%s %s, peak %s (limit %s)", head, spanText(a.StartsAt, a.EndsAt), peak, limit)
}

func seconds(v float64) time.Duration { return time.Duration(v * float64(time.Second)) }

// spanText is when something began and ended, in UTC, and how long that is.
func spanText(from, to time.Time) string {
	from, to = from.UTC(), to.UTC()
	text := from.Format("2006-01-02 15:04:05")
	switch {
	case to.IsZero():
		return text + " UTC to the end of the logs"
	case from.Format(time.DateOnly) == to.Format(time.DateOnly):
		text += to.Format("–15:04:05")
	default:
		text += to.Format(" – 2006-01-02 15:04:05")
	}
	return text + " UTC (" + lasted(to.Sub(from)) + ")"
}

// alertRows are the labels, the summary and the evidence of an alert. Lines are cut to the terminal.
func (v *voice) alertRows(a *app.Alert) []row {
	rows := []row{{"summary", a.Summary}}
	for _, l := range a.Labels {
		if l.Name != "alertname" && l.Name != "severity" {
			rows = append(rows, row{l.Name, l.Value})
		}
	}
	rows = append(rows,
		row{"people", distinctText(a.Evidence.People)},
		row{"meetings", distinctText(a.Evidence.Meetings)},
		row{"codes", countsText(a.Evidence.Codes)},
	)
	for _, field := range sortedKeys(a.Evidence.Top) {
		rows = append(rows, row{"top " + field, countsText(a.Evidence.Top[field])})
	}
	if b := a.Evidence.Before; b.Times > 0 {
		rows = append(rows, row{"before", fmt.Sprintf("%sx in %s", number(b.Times), lasted(a.StartsAt.Sub(b.Since)))})
	}
	for _, line := range a.Evidence.Samples {
		rows = append(rows, row{"line", line})
	}
	if v.outWidth > 0 {
		label := 0
		for _, r := range rows {
			if r.text != "" {
				label = max(label, cells(safeLine(r.label)))
			}
		}
		for i := range rows {
			rows[i].text = shorten(safeLine(rows[i].text), max(20, v.outWidth-label-4))
		}
	}
	return rows
}

// distinctText is how many different ones there were; "" where nobody knows.
func distinctText(d app.Distinct) string {
	switch {
	case d.N == 0:
		return ""
	case d.AtLeast:
		return "at least " + number(d.N)
	}
	return number(d.N)
}

// countsText writes values with their counts, most frequent first.
func countsText(counts []app.Count) string {
	parts := make([]string, len(counts))
	for i, c := range counts {
		parts[i] = c.Value + " " + number(c.N)
	}
	return strings.Join(parts, ", ")
}

func ruleRow(r *app.RuleReplay) []string {
	row := []string{r.Name, "", number(int64(r.Fired)), "", "", "", "", otherText(r)}
	for _, t := range r.Thresholds {
		if t.Configured {
			row[1] = limitText(r, t)
		}
	}
	if d := r.Values; d != nil {
		row[3], row[4], row[5], row[6] = valueText(d.P50), valueText(d.P90), valueText(d.P99), valueText(d.Max)
	}
	return row
}

// limitText is a threshold; a factor of what is usual has a sign that says so.
func limitText(r *app.RuleReplay, t app.Threshold) string {
	switch {
	case r.Factors:
		return "×" + valueText(t.Value)
	case r.Seconds:
		return lasted(seconds(t.Value))
	}
	return valueText(t.Value)
}

// otherText says how often the most telling of the other thresholds would have fired.
func otherText(r *app.RuleReplay) string {
	var parts []string
	for _, t := range telling(r) {
		parts = append(parts, limitText(r, t)+": "+number(int64(t.Fired)))
	}
	return strings.Join(parts, "  ")
}

// telling chooses the most telling of the other thresholds: around the highest value, on both sides of the configured
// one, and at the 99th percentile.
func telling(r *app.RuleReplay) []app.Threshold {
	at := slices.IndexFunc(r.Thresholds, func(t app.Threshold) bool { return t.Configured })
	if at < 0 {
		return nil
	}
	last := len(r.Thresholds) - 1
	wanted := []int{last, last - 1, at + 1, at - 1}
	if r.Values != nil {
		wanted = append(wanted, slices.IndexFunc(r.Thresholds, func(t app.Threshold) bool { return t.Value >= r.Values.P99 }))
	}
	chosen := map[int]bool{}
	for _, i := range wanted {
		if i >= 0 && i <= last && i != at && len(chosen) < otherLimits {
			chosen[i] = true
		}
	}
	var out []app.Threshold
	for i, t := range r.Thresholds {
		if chosen[i] {
			out = append(out, t)
		}
	}
	return out
}

// valueText writes a rule's value: whole numbers in full, others in three digits.
func valueText(f float64) string {
	if f == float64(int64(f)) {
		return number(int64(f))
	}
	return strconv.FormatFloat(f, 'g', 3, 64)
}

// lasted says a duration in the words of a person: "45 s", "14 min", "3 h 20 min", "2 d 5 h".
func lasted(d time.Duration) string {
	const day = 24 * time.Hour
	two := func(big time.Duration, bigName string, small time.Duration, smallName string) string {
		text := fmt.Sprintf("%d %s", d/big, bigName)
		if rest := d % big / small; rest > 0 {
			text += fmt.Sprintf(" %d %s", rest, smallName)
		}
		return text
	}
	switch d = d.Round(time.Second); {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < 2*time.Hour:
		return two(time.Minute, "min", time.Second, "s")
	case d < 2*day:
		return two(time.Hour, "h", time.Minute, "min")
	}
	return two(day, "d", time.Hour, "h")
}
