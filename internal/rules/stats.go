package rules

import (
	"time"

	"github.com/errwatch/errwatch/internal/alert"
)

// RuleStat is one rule as it is now.
type RuleStat struct {
	Name      string
	Severity  string
	Value     float64 // of the group with the highest value; 0 without groups
	Threshold float64
	Above     bool
	Window    time.Duration
	Since     time.Time // from when on the rule has observed; zero: no time was told yet

	Groups          int
	Pending, Firing int

	Refused int64 // events that were not counted because there was no room for their group
	Evicted int64 // groups that were forgotten to make room
	Late    int64 // events that came after their bucket had left the window; since the start of the process
}

// Stats returns all rules in their order, as of the engine's clock.
func (e *Engine) Stats() []RuleStat {
	out := make([]RuleStat, len(e.rules))
	for i, r := range e.rules {
		s := &out[i]
		*s = RuleStat{
			Name: r.Name, Severity: r.Severity, Threshold: r.threshold, Above: r.above, Window: r.Window,
			Since: timeOf(r.since), Groups: len(r.groups), Refused: r.refused, Evicted: r.evicted, Late: r.late,
		}
		for _, g := range r.groups {
			g.meter.moveTo(e.clock)
			s.Value = max(s.Value, g.meter.value())
			switch g.state {
			case pending:
				s.Pending++
			case firing:
				s.Firing++
			}
		}
	}
	return out
}

// FindAlert returns the alert of an ID: an active one, or one that resolved not long ago.
func (e *Engine) FindAlert(id string) (alert.Alert, bool) {
	for _, a := range e.Alerts() {
		if a.ID == id {
			return a, true
		}
	}
	return alert.Alert{}, false
}
