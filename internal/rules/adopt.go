package rules

import (
	"slices"

	"github.com/errwatch/errwatch/internal/alert"
)

// Adopt takes over the state of an engine that ran until now, which must not be used afterwards, nor this one before:
// the windows and alerts of each rule whose canonical form is the same, the clock, and all that waits to be committed
// or handed out. The alerts of rules that are gone, or that mean something else now, resolve.
func (e *Engine) Adopt(old *Engine) {
	e.clock, e.born, e.uses, e.epoch, e.marks = old.clock, old.born, old.uses, old.epoch, old.marks
	e.transitions, e.recent, e.notes, e.past = old.transitions, old.recent, old.notes, old.past
	e.adoptJournal(old.journal)
	e.adoptShared(old.shared)
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
	if e.clock != 0 {
		e.journal.rules(e.rules, e.clock)
	}
}

// adoptJournal goes on with a journal. A snapshot that was being made is of rules that are no more, so it is given up;
// another is begun soon, because to tell this journal again is exact only with the limits under which it was written.
func (e *Engine) adoptJournal(old *journal) {
	old.maxValue = max(old.maxValue, e.journal.maxValue)
	old.snap, old.wanted = nil, true
	e.journal = old
}

// adoptShared takes over what the groups of the old engine hold on to, with this one's limits; what each of them holds
// is counted anew when it is taken over.
func (e *Engine) adoptShared(old *shared) {
	limits := e.shared
	e.shared = old
	old.maxDistinct, old.distinct = limits.maxDistinct, limits.distinct
	old.values, old.people, old.lines = limits.values, limits.people, limits.lines
	for _, r := range e.rules {
		r.share(old)
	}
}

// share makes a rule that has no groups yet use other common things.
func (r *rule) share(s *shared) {
	r.shared = s
	if r.known != nil {
		r.known.shared = s
	}
	if r.storms != nil {
		r.storms.shared = s
	}
}

// adoptRule moves the groups of a rule, in their order of use.
func (e *Engine) adoptRule(r, o *rule) {
	r.since, r.refused, r.evicted, r.evictAt, r.folded, r.late = o.since, o.refused, o.evicted, o.evictAt, o.folded, o.late
	r.known, r.storms = o.known, o.storms
	e.shared.distinct.used += r.held()
	r.recent = o.recent
	for _, g := range o.groups {
		g.rule, g.shown, g.heapAt, g.active = r, nil, -1, false
		e.adoptGroup(g)
		e.due.set(g, g.nextDue(e.clock))
	}
}

// endRule resolves the alerts of a rule that is no more, in the order of their labels.
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
}
