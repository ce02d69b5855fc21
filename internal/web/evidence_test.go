package web

import (
	"strings"
	"testing"
	"time"

	"github.com/errwatch/errwatch/internal/alert"
)

// TestAlertPageShowsTheEvidence: all that an alert knows stands on its page, and what it does not know is left out.
func TestAlertPageShowsTheEvidence(t *testing.T) {
	t.Parallel()
	v := example()
	a := &v.alerts[0]
	a.FirstCheck, a.RunbookURL = "a browser update?", "/rules/Spike#runbook"
	a.Evidence.First, a.Evidence.Last = v.status.Now.Add(-15*time.Minute), v.status.Now
	a.Evidence.People, a.Evidence.Meetings = alert.Distinct{N: 8192, AtLeast: true}, alert.Distinct{N: 1}
	a.Evidence.Before = alert.Before{Times: 3, Since: a.StartsAt.Add(-30 * 24 * time.Hour)}
	page := get(t, handler(v), "GET", "/alerts/7k2m9q").Body.String()
	for _, want := range []string{
		"63, peak 80; fires above 20 in 5 min", "at least 8,192 people in 1 meeting", "2026-11-20 10:16:00 UTC, 14 min", "3 times in the 30 d before",
		"a browser update?", "3014 <b>51</b>", "Top meeting", "onError &lt;script", `href="/rules/Spike#runbook"`, "events from 2026-11-20 10:15:00 UTC",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
	if home := get(t, handler(v), "GET", "/").Body.String(); !strings.Contains(home, "at least 8,192 people in 1 meeting") {
		t.Errorf("the first page does not say who is concerned:\n%s", home)
	}
	page = get(t, handler(example()), "GET", "/alerts/r1").Body.String()
	for _, not := range []string{"concerned", "before", "first check", "Codes", "Lines", "events from", "0 people"} {
		if strings.Contains(page, not) {
			t.Errorf("the page holds %q, which is not known:\n%s", not, page)
		}
	}
}

func TestMeasured(t *testing.T) {
	t.Parallel()
	for want, a := range map[string]alert.Alert{
		"0.125, peak 0.25; fires above 0.05 in 1 h":             {Value: .125, Peak: .25, Threshold: .05, Above: true, Window: time.Hour, Condition: alert.OnRatio},
		"2, peak 1; fires below 5 in 5 min":                     {Value: 2, Peak: 1, Threshold: 5, Window: 5 * time.Minute},
		"silent for 20 min, at most 20 min; fires after 15 min": {Value: 1200, Peak: 1200, Threshold: 900, Condition: alert.OnAbsent},
	} {
		if got := measured(a); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	for _, c := range []alert.Condition{alert.OnAlways, alert.OnNew} {
		if got := measured(alert.Alert{Condition: c, Value: 1}); got != "" {
			t.Errorf("%s: %q", c, got)
		}
	}
}

func TestBeforeAndConcerned(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	for want, b := range map[string]alert.Before{
		"": {Times: 3}, "never in the 30 d before": {Since: start.Add(-30 * 24 * time.Hour)}, "once in the 5 h before": {Times: 1, Since: start.Add(-5 * time.Hour)},
	} {
		if got := before(alert.Alert{StartsAt: start, Evidence: alert.Evidence{Before: b}}); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := before(alert.Alert{StartsAt: start, Evidence: alert.Evidence{Before: alert.Before{Since: start.Add(-time.Minute)}}}); got != "" {
		t.Errorf("after a minute: %q", got)
	}
	for want, e := range map[string]alert.Evidence{
		"": {}, "1 person": {People: alert.Distinct{N: 1}}, "at least 1 meeting": {Meetings: alert.Distinct{N: 1, AtLeast: true}},
	} {
		if got := concerned(alert.Alert{Evidence: e}); !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestRulePageShowsWhatFiresFirst and the runbook of a rule that has one elsewhere.
func TestRulePageShowsWhatFiresFirst(t *testing.T) {
	t.Parallel()
	v := example()
	fire := v.alerts[0]
	over, older, waits := fire, fire, fire
	over.ID, over.State, over.EndsAt = "over", alert.Resolved, v.status.Now.Add(-time.Minute)
	older.ID, older.State, older.EndsAt = "older", alert.Resolved, v.status.Now.Add(-2*time.Minute)
	waits.ID, waits.State, waits.StartsAt = "waits", alert.Pending, time.Time{}
	v.alerts = []alert.Alert{older, waits, over, fire}
	v.rules[0].RunbookURL = "https://runbooks.example.com/x"
	page := get(t, handler(v), "GET", "/rules/Spike").Body.String()
	last := 0
	for _, id := range []string{fire.ID, "waits", "over", "older"} {
		at := strings.Index(page, `/alerts/`+id+`"`)
		if at < last {
			t.Errorf("%s is not in its place:\n%s", id, page)
		}
		last = at
	}
	for _, want := range []string{`href="https://runbooks.example.com/x"`, "after 13 min, 1 min ago", "for 14 min"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
}
