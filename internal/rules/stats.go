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
	Condition alert.Condition
	Threshold float64 // of the same group, where groups have thresholds of their own
	Above     bool
	Window    time.Duration
	Since     time.Time // from when on the rule has observed; zero: no time was told yet
	ArmedAt   time.Time // before this time it cannot fire: it learns what is usual, or known; zero: it never had to

	Groups          int
	Pending, Firing int

	Refused int64 // events that were not counted because there was no room for their group
	Evicted int64 // groups that were forgotten to make room
	Folded  int64 // events that `dedupe` did not count
	Late    int64 // events that came after their bucket had left the window; since the start of the process

	// Saturated says that there were more different values in the window than the rule can remember (limits.distinct):
	// there are at least as many as it says, a code that is new may go unseen, a retry may be counted.
	Saturated bool
}

// Stats returns all rules in their order, as of the engine's clock.
func (e *Engine) Stats() []RuleStat {
	out := make([]RuleStat, len(e.rules))
	for i, r := range e.rules {
		e.keepRule(r)
		s := &out[i]
		*s = RuleStat{
			Name: r.Name, Severity: r.Severity, Condition: r.name, Threshold: r.atRest(), Above: r.edge.above, Window: r.Window,
			Since: timeOf(r.since), ArmedAt: timeOf(r.armedAt()), Groups: len(r.groups), Refused: r.refused, Evicted: r.evicted,
			Folded: r.folded, Late: r.late, Saturated: r.saturated(e.clock),
		}
		for _, g := range r.groups {
			e.keep(g)
			g.meter.moveTo(e.clock)
			s.Saturated = s.Saturated || g.meter.saturated()
			v, limit := g.meter.value(), g.meter.threshold()
			if v > s.Value || v == s.Value && limit < s.Threshold {
				s.Value, s.Threshold = v, limit
			}
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

// saturated says that what the rule itself remembers is full.
func (r *rule) saturated(t int64) bool {
	if r.known != nil {
		r.known.moveTo(t)
		return r.known.saturated()
	}
	return r.storms != nil && r.storms.saturated(t)
}

// atRest is the threshold of a rule that has no groups, the same for all groups but with `spike`.
func (r *rule) atRest() float64 {
	if r.Spike != nil {
		return float64(r.Spike.Min)
	}
	return r.meter(r).threshold()
}

// armedAt is from when on the rule as a whole may fire; 0: it need not wait, or does not observe yet.
func (r *rule) armedAt() int64 {
	switch {
	case r.since == 0:
	case r.Spike != nil:
		s := spike{window: ring{span: r.span}, before: ring{span: spanOf(r.Spike.Baseline)}, since: r.since}
		return s.armedAt()
	case r.New || r.Below != nil:
		return r.since + int64(r.Window)
	}
	return 0
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
