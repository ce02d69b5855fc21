package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/errwatch/errwatch/internal/app"
)

const (
	firedShown = 10 // alerts told one by one
	pathsShown = 60 // characters of paths in a hint
)

// talkScan says what the table does not: what the rules would have done, what was not counted, and what to do next.
func (v *voice) talkScan(r *app.ScanResult, o *app.ScanOptions, f *scanFlags, took time.Duration) {
	rows := firedRows(r)
	rows = append(rows,
		row{"format", formsText(r.Forms)},
		row{"skipped", skippedText(r.Skipped)},
		row{"conflicts", conflictsText(r.Conflicts)},
		row{"left out", undatedText(r.Undated)},
		row{"unmatched", unmatchedText(r.Unmatched)},
	)
	fmt.Fprint(v.err, "\n"+formatRows(0, v.errWidth, rows))
	for _, s := range r.Samples {
		v.sayf("  %s", shorten(safeLine(s), max(v.errWidth-2, 0)))
	}
	if r.Unmatched > 0 && o.Unmatched == 0 {
		v.hint("see them: errwatch scan --unmatched 5 " + scanArgs(o, f))
	}
	v.sayf("%s in %.1f s", plural(r.Lines, "line"), took.Seconds())
}

// scanArgs repeats what a scan was told, as far as it decides how lines are understood.
func scanArgs(o *app.ScanOptions, f *scanFlags) string {
	var words []string
	if f.config != "" {
		words = append(words, "-c", quote(f.config))
	}
	for _, p := range o.Paths {
		words = append(words, quote(p))
	}
	text := strings.Join(words, " ")
	if cells(text) > pathsShown && len(o.Paths) > 1 {
		text = strings.Join(words[:len(words)-len(o.Paths)+1], " ") + " …"
	}
	return text
}

// happened leaves out what the rules say of silence: a few old files are seldom all that a source has written. replay tells it.
func happened(fired []app.Fired) []app.Fired {
	return slices.DeleteFunc(slices.Clone(fired), func(f app.Fired) bool { return f.Silence })
}

// firedRows lists the alerts that the rules would have raised. Where all lines come from one source its name says
// nothing.
func firedRows(r *app.ScanResult) []row {
	several := manySources(r.Events)
	fired := happened(r.Fired)
	var rows []row
	for i := range fired {
		if i == firedShown && len(fired) > firedShown+1 {
			return append(rows, row{"", fmt.Sprintf("and %d alerts more; all of them: -o json", len(fired)-i)})
		}
		rows = append(rows, row{"fired", firedText(&fired[i], several)})
	}
	return rows
}

// firedText is one alert: which group of which rule, when, how bad.
func firedText(a *app.Fired, several bool) string {
	var b strings.Builder
	b.WriteString(a.Rule)
	for _, name := range sortedKeys(a.Labels) {
		if name != "alertname" && name != "severity" && (several || name != "source") {
			fmt.Fprintf(&b, " %s=%s", name, a.Labels[name])
		}
	}
	from := a.StartsAt.UTC()
	fmt.Fprintf(&b, " %s–%s, peak %g (limit %g)", from.Format("2006-01-02 15:04"), endText(from, a.EndsAt), a.Peak, a.Threshold)
	return b.String()
}

// endText says when an alert ended, with its day where that is not the day of its start.
func endText(from, end time.Time) string {
	if end.IsZero() {
		return "end"
	}
	end = end.UTC()
	if from.Format(time.DateOnly) == end.Format(time.DateOnly) {
		return end.Format("15:04")
	}
	return end.Format("2006-01-02 15:04")
}

// formsText says which forms were found: "text (2 files), json in docker (1 file)".
func formsText(forms map[string]int) string {
	var parts []string
	for _, f := range sortedKeys(forms) {
		parts = append(parts, fmt.Sprintf("%s (%s)", f, plural(int64(forms[f]), "file")))
	}
	return strings.Join(parts, ", ")
}

func skippedText(skipped map[string]int64) string {
	var parts []string
	for _, reason := range sortedKeys(skipped) {
		parts = append(parts, plural(skipped[reason], "line")+" "+skipText(reason))
	}
	return strings.Join(parts, ", ")
}

// skipText says a skip reason for people.
func skipText(reason string) string {
	switch reason {
	case "too_long":
		return "longer than limits.line"
	case "fragment":
		return "torn"
	case "nul":
		return "of NUL bytes"
	}
	return "(" + strings.ReplaceAll(reason, "_", " ") + ")"
}

func conflictsText(n int64) string {
	if n == 0 {
		return ""
	}
	return plural(n, "event") + " whose name and code disagree: the name counts"
}

func undatedText(n int64) string {
	if n == 0 {
		return ""
	}
	return plural(n, "event") + " without a time"
}

func unmatchedText(n int64) string {
	switch n {
	case 0:
		return ""
	case 1:
		return "1 line at error level matches no pattern"
	}
	return number(n) + " lines at error level match no pattern"
}
