package rules

import (
	"strings"
	"testing"
	"time"

	"github.com/errwatch/errwatch/internal/alert"
)

func TestSummaries(t *testing.T) {
	t.Parallel()
	labels := map[string]string{"source": "meeting", "meeting": "ab12", "n": "90.5", "long": strings.Repeat("ü", 64)}
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"plain text", "plain text"},
		{"{{ $value }} on {{ $labels.source }}", "1234567 on meeting"},
		{"{{.Value}} on {{.Labels.source}}", "1234567 on meeting"},
		{"{{ $value | humanize }} and {{ humanize $value }}", "1.235M and 1.235M"},
		{"{{ humanize1024 $value }}", "1.177Mi"},
		{"{{ humanizeDuration $value }}", "14d 6h 56m 7s"},
		{"{{ humanizeDuration $labels.n }}", "1m 30s"},
		{"{{ humanizePercentage 0.125 }}", "12.5%"},
		{"{{ humanizeTimestamp 0 }}", "1970-01-01 00:00:00 +0000 UTC"},
		{`{{ printf "%.1f|%v|%5s|" $value $value $labels.meeting }}`, "1234567.0|1234567| ab12|"},
		{"{{ if gt $value 1000.0 }}many{{ else }}few{{ end }}", "many"},
		{"{{ with $labels.meeting }}in {{ . }}{{ end }}", "in ab12"},
		{"{{ $labels.absent }}|{{ if $labels.absent }}x{{ end }}", "|"},
		{"{{ toUpper $labels.source }} {{ title $labels.source }} {{ toLower \"ABC\" }}", "MEETING Meeting abc"},
		{`{{ title "über den weg" }}`, "Über Den Weg"},
		{"more than {{ $threshold }} in {{ $window }}", "more than 20 in 5m"},
		{"{{ .Threshold }} {{ .Window }}", "20 5m"},
		{"{{- /* no word */ -}} x", "x"},
		{strings.Repeat("{{ $labels.long }}", 20), strings.Repeat("ü", maxSummary/2) + "…"},
		{"{{ $x := print $labels.long $labels.long }}" + strings.Repeat("{{ $x = print $x $x }}", 60) + "{{ len $x }}", "1024"},
		{strings.Repeat("x", 5000), strings.Repeat("x", maxSummary) + "…"},
	} {
		r := Rule{Name: "R", Summary: c.in, By: []string{"source", "meeting", "n", "long"}}
		s, err := newSummary(&r)
		if err != nil {
			t.Errorf("%.60q: %v", c.in, err)
			continue
		}
		a := alert.Alert{Value: 1234567, Threshold: 20, Window: 5 * time.Minute, Labels: alert.FromMap(labels)}
		if got := s.expand(a); got != c.want {
			t.Errorf("%.60q: got %.200q, want %.200q", c.in, got, c.want)
		}
	}
}

func TestSummariesThatAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want string }{
		{"{{ $value", "unclosed action"},
		{"{{ nonsense }}", `function "nonsense" not defined`},
		{"{{ $unknown }}", `undefined variable "$unknown"`},
		{"{{ .Nonsense }}", "can't evaluate field Nonsense"},
		{"{{ range $labels }}x{{ end }}", "range cannot be used here"},
		{"{{ range 1000000000 }}{{ end }}", "range cannot be used here"},
		{"{{ if $value }}{{ range $labels }}x{{ end }}{{ end }}", "range cannot be used here"},
		{"{{ with $value }}{{ else }}{{ range $labels }}x{{ end }}{{ end }}", "range cannot be used here"},
		{`{{ define "x" }}{{ end }}`, "define and block cannot be used here"},
		{`{{ block "x" . }}{{ end }}`, "define and block cannot be used here"},
		{`{{ template "summary" . }}`, "template cannot be used here"},
		{`{{ printf "%999999999d" 1 }}`, "printf: widths"},
		{`{{ printf "%*d" 999999999 1 }}`, "printf: widths"},
		{`{{ query "up" }}`, "query cannot be used here"},
		{`{{ js $labels.meeting }}`, "js cannot be used here"},
		{`{{ humanize "many" }}`, `"many" is not a number`},
		{`{{ humanize true }}`, "is not a number"},
	} {
		_, err := newSummary(&Rule{Name: "R", Summary: c.in})
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "template: ") {
			t.Errorf("%q: %v, want %q", c.in, err, c.want)
		}
	}
}

// TestTextFromLogsIsOnlyText holds that what stands in a line is never run, whatever it looks like.
func TestTextFromLogsIsOnlyText(t *testing.T) {
	t.Parallel()
	r := meetingRule()
	r.Above, r.ResolveAt = new(int64(0)), nil
	r.Summary = "in {{ $labels.meeting }}"
	e := mustNew(t, Options{}, r)
	for _, hostile := range []string{
		"{{ $value }}", `{{ printf "%d" 1 }}`, "{{ range 1000000000 }}{{ end }}", "%d %s %!", "$value ${HOME}", "{{", "<script>alert(1)</script>",
	} {
		observe(e, noon, hostile)
		tr := e.Transitions()
		if len(tr) != 1 || tr[0].Summary != "in "+hostile || tr[0].Labels.Get("meeting") != hostile {
			t.Errorf("%q: %v", hostile, lines(tr))
		}
	}
}

func TestASummaryThatFailsLater(t *testing.T) {
	t.Parallel()
	r := meetingRule()
	r.Summary = "{{ humanize $labels.meeting }}" // the trial took it for a number
	e := mustNew(t, Options{}, r)
	observe(e, noon, "ab12")
	observe(e, noon, "ab12")
	want := `R: value 2 (the summary failed: error calling humanize: "ab12" is not a number)`
	if got := e.Alerts()[0].Summary; got != want {
		t.Errorf("got %q", got)
	}
}

func TestHumanize(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		v                     float64
		plain, sizes, seconds string
	}{
		{0, "0", "0", "0s"},
		{1, "1", "1", "1s"},
		{-1500, "-1.5k", "-1.465ki", "-25m 0s"},
		{0.25, "250m", "0.25", "250ms"},
		{999, "999", "999", "16m 39s"},
		{1e30, "1e+06Y", "8.272e+05Yi", ""},
		{3725.5, "3.725k", "3.638ki", "1h 2m 5s"},
		{59.5, "59.5", "59.5", "59.5s"},
		{86400, "86.4k", "84.38ki", "1d 0h 0m 0s"},
	} {
		if got := humanize(c.v); got != c.plain {
			t.Errorf("humanize %v: %s, want %s", c.v, got, c.plain)
		}
		if got := humanize1024(c.v); got != c.sizes {
			t.Errorf("humanize1024 %v: %s, want %s", c.v, got, c.sizes)
		}
		if got := humanizeDuration(c.v); c.seconds != "" && got != c.seconds {
			t.Errorf("humanizeDuration %v: %s, want %s", c.v, got, c.seconds)
		}
	}
}
