package rules

import (
	"slices"

	"github.com/errwatch/errwatch/internal/alert"
)

// Adopt takes over the state of an engine that ran until now, which must not be used afterwards, nor this one before:
// the windows and alerts of each rule whose canonical form is the same, the clock, and all that waits to be committed
// or handed out. The alerts of rules that are gone, or that mean something else now, resolve.
func (e *Engine) Adopt(old *Engine) {
	e.clock, e.uses, e.marks = old.clock, old.uses, old.marks
	e.transitions, e.recent, e.notes = old.transitions, old.recent, old.notes
	for _, o := range old.rules {
		if r := e.rule(o.Name); r != nil && r.canonical == o.canonical {
			e.adoptRule(r, o)
			continue
		}
		e.endRule(o)
	}
	for _, r := range e.rules {
		if e.clock != 0 && r.since == 0 {
			e.start(r)
		}
	}
	e.fitLimits()
}

// adoptRule moves the groups of a rule, in their order of use.
func (e *Engine) adoptRule(r, o *rule) {
	r.since, r.refused, r.evicted, r.late = o.since, o.refused, o.evicted, o.late
	r.recent = o.recent
	for _, g := range o.groups {
		g.rule, g.shown, g.heapAt = r, nil, -1
		e.adoptGroup(g)
		e.values += g.evidence.size()
		e.due.set(g, g.nextDue(e.clock))
	}
}

// endRule resolves the alerts of a rule that is no more, in the order of their labels, and lets its rows go.
func (e *Engine) endRule(o *rule) {
	var ended []alert.Alert
	for _, g := range o.groups {
		switch g.state {
		case firing:
			ended = append(ended, e.resolved(g, max(e.clock, g.startsAt)))
		case pending:
			e.forgetPending(g)
		}
		g.dead = true
	}
	slices.SortFunc(ended, compareAlerts)
	for _, a := range ended {
		e.emit(a)
	}
	e.marks.rules[o.Name] = struct{}{}
}
