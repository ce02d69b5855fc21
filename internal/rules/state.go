package rules

// state is where a group is: inactive → pending → firing → inactive. The alert of a group that stopped firing lives on
// as a resolved one in Engine.recent.
type state uint8

const (
	inactive state = iota
	pending
	firing
)

// settle lets the state follow the value at t. Where several things fall on one instant their order is: buckets leave,
// then the condition is judged, then `for` and `keep_firing_for`, then events. Callers have moved the meter to t.
func (e *Engine) settle(g *group, t int64) {
	r := g.rule
	if g.state != inactive {
		g.peak = r.edge.worse(g.peak, g.meter.value())
		g.stale = true
	}
	switch g.state {
	case inactive:
		if g.meter.fires() && t >= g.armedAt() {
			e.activate(g, t)
		}
	case pending:
		switch due := g.activeAt + int64(r.For); {
		case !g.meter.fires():
			e.deactivate(g)
		case t >= due:
			e.fire(g, due)
		}
	case firing:
		e.settleFiring(g, t)
	}
}

// settleFiring is a Schmitt trigger: once the value reached resolve_at the condition is over, and only the threshold
// itself brings it back.
func (e *Engine) settleFiring(g *group, t int64) {
	r := g.rule
	switch {
	case g.endedAt == 0 && g.meter.ends():
		g.endedAt = t
		g.stale = true
		if r.KeepFiringFor == 0 {
			e.resolve(g, t)
		}
	case g.endedAt != 0 && g.meter.fires():
		g.endedAt = 0
		g.stale = true
	case g.endedAt != 0 && t >= g.endedAt+int64(r.KeepFiringFor):
		e.resolve(g, g.endedAt+int64(r.KeepFiringFor))
	}
}

// armedAt is from when on the condition may hold. With `below` its window must have been observed whole, by the rule
// and, where there are groups, since the group was first seen; with `spike` the baseline before it, too.
func (g *group) armedAt() int64 {
	if !g.rule.waits {
		return 0
	}
	if s, ok := g.meter.(*spike); ok {
		return s.armedAt()
	}
	return g.born + int64(g.rule.Window)
}

// freeze stops the baseline of a `spike` while its alert is active.
func (g *group) freeze(on bool) {
	if s, ok := g.meter.(*spike); ok {
		s.freeze(on)
	}
}

func (e *Engine) activate(g *group, t int64) {
	g.activeAt, g.peak, g.stale = t, g.meter.value(), true
	g.freeze(true)
	e.enlist(g)
	if g.rule.For == 0 {
		e.fire(g, t)
		return
	}
	g.state = pending
	e.notePending(g)
}

func (e *Engine) deactivate(g *group) {
	e.forgetPending(g)
	g.state, g.activeAt, g.peak = inactive, 0, 0
	e.delist(g)
	g.freeze(false)
	g.stale = true
}

func (e *Engine) fire(g *group, t int64) {
	g.state, g.startsAt, g.endedAt = firing, t, 0
	g.rule.recent.remove(g)
	g.stale = true
	if e.journal.off {
		return // it was told
	}
	e.emit(e.alertOf(g))
	e.past.add(began{g.identity(), t})
}

func (e *Engine) resolve(g *group, t int64) {
	if !e.journal.off {
		e.emit(e.resolved(g, t))
	}
	g.state, g.activeAt, g.startsAt, g.endedAt, g.peak, g.stale = inactive, 0, 0, 0, 0, true
	e.delist(g)
	g.freeze(false)
	// The next alert of this group must not show the evidence of this one.
	e.holdEvidence(g, -1)
	g.evidence.reset()
	e.touch(g)
}

// take handles a group whose entry in the heap came up at d. The entry may have been early; then nothing has changed
// and only the next due time is worked out.
func (e *Engine) take(g *group, d int64) {
	e.keep(g)
	g.meter.moveTo(d)
	e.settle(g, d)
	if g.forgottenAt() <= d {
		e.forget(g, d)
		return
	}
	e.due.set(g, g.nextDue(d))
}

// nextDue is when time alone may change something next.
func (g *group) nextDue(t int64) int64 {
	r := g.rule
	due := never
	switch {
	case g.state == pending:
		due = g.activeAt + int64(r.For)
	case g.state == firing && g.endedAt != 0:
		due = g.endedAt + int64(r.KeepFiringFor)
	case g.state == inactive && t < g.armedAt():
		due = g.armedAt()
	}
	if g.state != inactive || r.restless {
		due = min(due, g.meter.changes())
	}
	return min(due, g.forgottenAt())
}

// forgottenAt is when a group is dropped: when it is inactive and its window is empty, so that it holds nothing any more;
// with `below` or `absent` a day after its last event. A rule's only group stays.
func (g *group) forgottenAt() int64 {
	switch r := g.rule; {
	case len(r.by) == 0:
		return never
	case r.sees:
		return g.seen + max(int64(seenWithin), int64(r.Window))
	case g.state == inactive:
		return g.meter.empty()
	}
	return never
}

func (e *Engine) forget(g *group, t int64) {
	if g.state == firing {
		e.resolve(g, t)
	}
	e.drop(g)
}
