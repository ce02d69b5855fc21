package app

import (
	"fmt"
	"time"

	"github.com/errwatch/errwatch/internal/alert"
	"github.com/errwatch/errwatch/internal/rules"
)

// DefaultSource is the name of the source that the paths of a command line form.
const DefaultSource = "default"

// BuiltinRules lists the names of the built-in rules.
func BuiltinRules() []string {
	var names []string
	for _, r := range rules.Builtin() {
		names = append(names, r.Name)
	}
	return names
}

// Summary says in one line what a plan holds.
func (p *Plan) Summary() string {
	return fmt.Sprintf("%s, %s, %s", count(len(p.sources), "source"), count(len(p.rules), "rule"), count(len(p.receivers), "receiver"))
}

func count(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

// Totals are a running daemon in a few numbers.
type Totals struct {
	Lines  int64
	Events int64
	Lag    int64 // bytes not read yet
	Alerts []AlertLine
}

// AlertLine is one alert in a few words.
type AlertLine struct {
	ID, Rule, Severity, Summary string
	Firing                      bool // else it has resolved
	StartsAt, EndsAt            time.Time
}

// Totals sums up what is committed. Call it once the daemon listens.
func (d *Daemon) Totals() Totals {
	var t Totals
	v := view{d}
	for _, s := range v.Status().Sources {
		t.Lines += s.Lines
		t.Lag += s.LagBytes
	}
	for _, c := range v.Counts() {
		t.Events += c.Value
	}
	for _, a := range v.Alerts() {
		if a.State == alert.Pending {
			continue
		}
		t.Alerts = append(t.Alerts, AlertLine{
			ID: a.ID, Rule: a.Rule, Severity: a.Labels.Get("severity"), Summary: a.Summary,
			Firing: a.State == alert.Firing, StartsAt: a.StartsAt, EndsAt: a.EndsAt,
		})
	}
	return t
}
