package notify

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/errwatch/errwatch/internal/alert"
)

// description is what there is to say beyond the summary: who is concerned, since when, which codes, where most, what to
// look at first. What is not known is left out.
func description(a *alert.Alert, now time.Time) string {
	return joinNonEmpty([]string{
		sentence(concerned(a)), sentence(measured(a)), sentence(when(a, now)), sentence(pairs(a.Evidence.Codes, " ", " · ", maxPairs)),
		sentence(top(a)), advice(a),
	}, " ")
}

// advice is what the description ends with: the first check, and how often it was needed.
func advice(a *alert.Alert) string {
	check := ""
	if a.FirstCheck != "" && a.State != alert.Resolved {
		check = "First check: " + sentence(a.FirstCheck)
	}
	return joinNonEmpty([]string{check, sentence(before(a))}, " ")
}

// sentence ends a text with a full stop, unless it ends already.
func sentence(s string) string {
	if s = strings.TrimSpace(s); s == "" || strings.ContainsAny(s[len(s)-1:], ".!?") {
		return s
	}
	return s + "."
}

// concerned says how many people and meetings, as in "41 people in 9 meetings".
func concerned(a *alert.Alert) string {
	people := counted(a.Evidence.People, "person", "people")
	meetings := counted(a.Evidence.Meetings, "meeting", "meetings")
	if people != "" && meetings != "" {
		return people + " in " + meetings
	}
	return people + meetings
}

func counted(d alert.Distinct, one, many string) string {
	switch {
	case d.N == 0:
		return ""
	case d.N == 1 && !d.AtLeast:
		return "1 " + one
	}
	return distinct(d) + " " + many
}

// distinct writes a number of different values, which may be the least that it can be; "" where it is not known.
func distinct(d alert.Distinct) string {
	switch {
	case d.N == 0:
		return ""
	case d.AtLeast:
		return "at least " + strconv.FormatInt(d.N, 10)
	}
	return strconv.FormatInt(d.N, 10)
}

func when(a *alert.Alert, now time.Time) string {
	switch {
	case a.State != alert.Resolved:
		return "Since " + clock(a.StartsAt, now)
	case a.Condition == alert.OnAlways:
		return "From " + clock(a.StartsAt, now) + " to " + clock(a.EndsAt, now)
	}
	span := fmt.Sprintf("From %s to %s", clock(a.StartsAt, now), clock(a.EndsAt, now))
	switch {
	case a.Condition == alert.OnAbsent:
		return span + ", " + lasted(seconds(a.Peak)) + " of silence"
	case a.Condition == alert.OnNew || mentions(a.Summary, number(a.Threshold)):
		return span + ", peak " + number(a.Peak)
	}
	return span + ", peak " + number(a.Peak) + ", limit " + number(a.Threshold)
}

// measured says value and limit of an alert that fires, as in "63 in 5 min, limit 20"; "" where the summary has said both.
func measured(a *alert.Alert) string {
	switch {
	case a.State == alert.Resolved || a.Condition == alert.OnAlways || a.Condition == alert.OnNew || a.Window <= 0:
		return ""
	case a.Condition == alert.OnAbsent:
		if strings.Contains(a.Summary, model.Duration(seconds(a.Threshold)).String()) {
			return ""
		}
		return "Nothing for " + lasted(seconds(a.Value)) + ", limit " + lasted(seconds(a.Threshold))
	case mentions(a.Summary, number(a.Value)) && mentions(a.Summary, number(a.Threshold)) || a.Summary == "":
		return ""
	}
	return number(a.Value) + " in " + window(a.Window) + ", limit " + number(a.Threshold)
}

func seconds(v float64) time.Duration { return time.Duration(v * float64(time.Second)) }

// mentions reports whether a number stands in a text, as itself and not within another one.
func mentions(text, number string) bool {
	return slices.Contains(strings.FieldsFunc(text, func(r rune) bool { return r != '.' && (r < '0' || r > '9') }), number) ||
		slices.Contains(strings.FieldsFunc(text, func(r rune) bool { return r < '0' || r > '9' }), number)
}

// before says how often an alert of the same labels fired before, as in "Seen 3x in 30 d". That it was never seen means
// something only after a day.
func before(a *alert.Alert) string {
	b := a.Evidence.Before
	if b.Since.IsZero() {
		return ""
	}
	span := a.StartsAt.Sub(b.Since)
	switch {
	case b.Times > 0:
		return fmt.Sprintf("Seen %dx in %s", b.Times, lasted(span))
	case span < 24*time.Hour:
		return ""
	}
	return "First time in " + lasted(span)
}

// top names the most frequent value of each field, as in "Top: meeting ab12-cd34 22". What came once is no top.
func top(a *alert.Alert) string {
	var parts []string
	for _, field := range slices.Sorted(maps.Keys(a.Evidence.Top)) {
		if counts := a.Evidence.Top[field]; len(counts) > 0 && counts[0].N > 1 && len(parts) < maxPairs {
			parts = append(parts, field+" "+pairs(counts, " ", "", 1))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "Top: " + strings.Join(parts, " · ")
}

// clock is a time of day, with its date where that is not now's.
func clock(t, now time.Time) string {
	if t, now = t.UTC(), now.UTC(); t.YearDay() != now.YearDay() || t.Year() != now.Year() {
		return t.Format("2 Jan 15:04 UTC")
	}
	return t.Format("15:04 UTC")
}

// lasted says a duration in the words of a person: "45 s", "14 min", "3 h 20 min", "2 d 5 h", "30 d".
func lasted(d time.Duration) string {
	const day = 24 * time.Hour
	switch d = d.Round(time.Second); {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < 2*day:
		return two(d, time.Hour, "h", time.Minute, "min")
	case d < 10*day:
		return two(d, day, "d", time.Hour, "h")
	}
	return fmt.Sprintf("%d d", d/day)
}

func two(d, big time.Duration, bigName string, small time.Duration, smallName string) string {
	s := fmt.Sprintf("%d %s", d/big, bigName)
	if rest := d % big / small; rest > 0 {
		s += fmt.Sprintf(" %d %s", rest, smallName)
	}
	return s
}

// window says the length of a rule's window as a person would: 90 minutes are "90 min", 2 hours are "2 h".
func window(d time.Duration) string {
	switch {
	case d%(24*time.Hour) == 0:
		return fmt.Sprintf("%d d", d/(24*time.Hour))
	case d%time.Hour == 0:
		return fmt.Sprintf("%d h", d/time.Hour)
	case d%time.Minute == 0:
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return fmt.Sprintf("%g s", d.Seconds())
}

// present says how it stands, as in "now 18 in 5 min": what is new in a repetition.
func present(a *alert.Alert) string {
	switch a.Condition {
	case alert.OnAlways:
		return ""
	case alert.OnAbsent:
		return "nothing for " + lasted(seconds(a.Value))
	}
	return "now " + number(a.Value) + " in " + window(a.Window)
}

// pageURL is the address of a page of errwatch; "" where others cannot reach it.
func (n *Notifier) pageURL(kind, name string) string {
	if n.opts.ExternalURL == "" {
		return ""
	}
	return strings.TrimRight(n.opts.ExternalURL, "/") + "/" + kind + "/" + url.PathEscape(name)
}

// headline is a message in one line that stands alone.
func headline(c *content, now time.Time) string {
	if len(c.Alerts) == 1 && c.More == (more{}) {
		return alertLine(&c.Alerts[0], c.Repeat, now)
	}
	firing, resolved := c.numbers()
	switch {
	case c.Repeat:
		return "STILL FIRING" + severity(&c.Alerts[0]) + ": " + c.Rule + ", " + groups(firing) + worst(c)
	case firing == 0:
		return "RESOLVED: " + c.Rule + ", " + groups(resolved) + still(c)
	case resolved == 0:
		return "FIRING" + severity(&c.Alerts[0]) + ": " + c.Rule + ", " + groups(firing) + worst(c)
	}
	return fmt.Sprintf("FIRING%s: %s, %s, %d resolved", severity(&c.Alerts[0]), c.Rule, groups(firing), resolved) + worst(c)
}

// still tells an end that is not the end of everything.
func still(c *content) string {
	if c.Still == 0 {
		return ""
	}
	return fmt.Sprintf(", %d still firing", c.Still)
}

func groups(n int) string {
	if n == 1 {
		return "1 group"
	}
	return strconv.Itoa(n) + " groups"
}

// worst tells of the group that is furthest past its limit: a number of groups alone says neither how bad it is nor where.
func worst(c *content) string {
	var w *alert.Alert
	for i := range c.Alerts {
		a := &c.Alerts[i]
		if a.State == alert.Firing && (w == nil || a.Above && a.Value > w.Value || !a.Above && a.Value < w.Value) {
			w = a
		}
	}
	if w == nil {
		return "" // all that fire are among those left out
	}
	return "; worst: " + summary(w)
}

// severity is what all alerts of a rule share, with a space before it.
func severity(a *alert.Alert) string {
	if s := a.Labels.Get("severity"); s != "" {
		return " " + s
	}
	return ""
}

// alertLine is an alert in one line that stands alone, as in "FIRING critical: 63 camera denials in 5 min". The summary
// of a resolved alert speaks of its peak.
func alertLine(a *alert.Alert, repeat bool, now time.Time) string {
	switch {
	case a.State == alert.Resolved && a.Condition == alert.OnAlways:
		return "RESOLVED after " + lasted(a.EndsAt.Sub(a.StartsAt)) + ": " + summary(a)
	case a.State == alert.Resolved:
		return joinNonEmpty([]string{"RESOLVED after " + lasted(a.EndsAt.Sub(a.StartsAt)) + ", at its peak: " + summary(a), concerned(a)}, ", ")
	case repeat:
		return joinNonEmpty([]string{"STILL FIRING" + severity(a), lasted(now.Sub(a.StartsAt)), present(a)}, ", ") + ": " + summary(a)
	}
	return "FIRING" + severity(a) + ": " + summary(a)
}

func joinNonEmpty(parts []string, separator string) string {
	var out []string
	for _, p := range parts {
		if p != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, separator)
}
