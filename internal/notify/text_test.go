package notify

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/errwatch/errwatch/internal/alert"
)

// TestValueAndLimitAreTold: a text has them from the summary, or else beside it.
func TestValueAndLimitAreTold(t *testing.T) {
	t.Parallel()
	at := func(change func(*alert.Alert)) *alert.Alert {
		a := &alert.Alert{Rule: "Spike", State: alert.Firing, StartsAt: tenFifteen, Value: 63, Peak: 187, Threshold: 20, Window: 5 * time.Minute}
		change(a)
		return a
	}
	over := func(a *alert.Alert) { a.State, a.EndsAt = alert.Resolved, tenFifteen.Add(14*time.Minute) }
	for name, c := range map[string]struct {
		alert *alert.Alert
		want  string
	}{
		"no summary: the one that is made has both": {at(func(*alert.Alert) {}), "Since 10:15 UTC."},
		"the summary has both":                      {at(func(a *alert.Alert) { a.Summary = "63 denials (limit 20)." }), "Since 10:15 UTC."},
		"the summary lacks the limit":               {at(func(a *alert.Alert) { a.Summary = "63 denials" }), "63 in 5 min, limit 20. Since 10:15 UTC."},
		"a number within another is none":           {at(func(a *alert.Alert) { a.Summary = "163 denials, code 3020" }), "63 in 5 min, limit 20. Since 10:15 UTC."},
		"a fraction":                                {at(func(a *alert.Alert) { a.Value, a.Threshold, a.Summary = 0.125, 0.05, "too many" }), "0.125 in 5 min, limit 0.05. Since 10:15 UTC."},
		"a fraction that the summary has":           {at(func(a *alert.Alert) { a.Value, a.Threshold, a.Summary = 0.125, 0.05, "0.125 over 0.05" }), "Since 10:15 UTC."},
		"a new code has neither":                    {at(func(a *alert.Alert) { a.Condition, a.Summary = alert.OnNew, "the code 4999" }), "Since 10:15 UTC."},
		"the watchdog has neither":                  {at(func(a *alert.Alert) { a.Condition, a.Summary = alert.OnAlways, "alive" }), "Since 10:15 UTC."},
		"silence is a time": {at(func(a *alert.Alert) {
			a.Condition, a.Value, a.Threshold, a.Summary = alert.OnAbsent, 1200, 900, "silent"
		}), "Nothing for 20 min, limit 15 min. Since 10:15 UTC."},
		"silence whose summary has the limit": {at(func(a *alert.Alert) {
			a.Condition, a.Value, a.Threshold, a.Summary = alert.OnAbsent, 1200, 900, "no line for 20m (limit 15m)"
		}), "Since 10:15 UTC."},
		"resolved, and the summary lacks the limit":  {at(func(a *alert.Alert) { over(a); a.Summary = "187 denials" }), "From 10:15 UTC to 10:29 UTC, peak 187, limit 20."},
		"resolved, and the summary has the limit":    {at(func(a *alert.Alert) { over(a); a.Summary = "187 denials (limit 20)" }), "From 10:15 UTC to 10:29 UTC, peak 187."},
		"silence that is over was a time, no number": {at(func(a *alert.Alert) { over(a); a.Condition, a.Peak = alert.OnAbsent, 1740 }), "From 10:15 UTC to 10:29 UTC, 29 min of silence."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := description(c.alert, tenFifteen.Add(time.Hour)); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// TestWorstGroupIsNamed: below a limit the worst is the lowest; what has resolved is not worst.
func TestWorstGroupIsNamed(t *testing.T) {
	t.Parallel()
	group := func(value float64, state alert.State, summary string) alert.Alert {
		return alert.Alert{State: state, Value: value, Above: true, Summary: summary}
	}
	c := content{Rule: "Spike", Alerts: []alert.Alert{
		group(21, alert.Firing, "on a"), group(63, alert.Firing, "on b"), group(99, alert.Resolved, "on c"), group(30, alert.Firing, "on d"),
	}}
	if got := headline(&c, tenFifteen); got != "FIRING: Spike, 3 groups, 1 resolved; worst: on b" {
		t.Error(got)
	}
	for i := range c.Alerts {
		c.Alerts[i].Above = false
	}
	if got := headline(&c, tenFifteen); !strings.HasSuffix(got, "; worst: on a") {
		t.Error(got)
	}
}

// TestOneKindOfErrorIsLoggedOnce: what the other side writes into its answers may be another text each time.
func TestOneKindOfErrorIsLoggedOnce(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	tell := teller{logger: slog.New(slog.NewTextHandler(&log, nil))}
	for _, f := range []*failure{
		{kind: "status 500", text: "status 500: request 1"}, {kind: "status 500", text: "status 500: request 2"},
		{kind: "status 502", text: "status 502"}, {text: "no answer: timeout"}, {text: "no answer: timeout"}, nil, nil,
	} {
		tell.tell(f)
	}
	if got := strings.Count(log.String(), "\n"); got != 4 || !strings.Contains(log.String(), "request 1") || strings.Contains(log.String(), "request 2") {
		t.Errorf("%d lines:\n%s", got, log.String())
	}
}
