package rules

import "time"

// liveClock measures the time in which errwatch ran and had caught up: the only time in which silence means something.
type liveClock struct {
	on    bool
	since int64 // on: since when
	total int64 // the time counted before
}

// at returns how much time had counted at t, which is not before since.
func (l *liveClock) at(t int64) int64 {
	if l.on {
		return l.total + max(0, t-l.since)
	}
	return l.total
}

// reaches is the time at which the total will be this much, never while it stands still.
func (l *liveClock) reaches(total int64) int64 {
	if !l.on || total >= maxTime {
		return never
	}
	return l.since + total - l.total
}

func (l *liveClock) stop(t int64) {
	l.total, l.on = l.at(t), false
}

// Live says that from now on errwatch has caught up with its sources and sees what happens when it happens: silence
// counts for `absent`, and `always` holds. An engine that was made or restored is not live; [Engine.Adopt] keeps it as
// it was. A replay calls it with the time of the first line, if silence in the logs is to count.
func (e *Engine) Live(now time.Time) { e.setLive(now, true) }

// Gap says that from now on errwatch does not see what happens, until the next Live: its machine sleeps, or no source
// can be read. What is silent meanwhile is not said to be.
func (e *Engine) Gap(now time.Time) { e.setLive(now, false) }

func (e *Engine) setLive(now time.Time, on bool) {
	e.Advance(now)
	live := &e.shared.live
	switch {
	case live.on == on:
		return
	case on:
		live.since, live.on = e.clock, true
	default:
		live.stop(e.clock)
	}
	e.journal.live(on, e.clock)
	for _, r := range e.rules {
		if !r.Absent && !r.Always {
			continue
		}
		for _, g := range r.inOrder() {
			e.keep(g)
			g.meter.moveTo(e.clock)
			e.settle(g, e.clock)
			e.due.set(g, g.nextDue(e.clock))
			g.stale = true
		}
	}
}

// ObserveLines says that lines of a source came, whatever they were: it is what an `absent` without a match waits for.
// Several calls at one time are as good as one. It allocates nothing for sources that came before.
func (e *Engine) ObserveLines(source string, now time.Time) {
	e.Advance(now)
	o := &e.lines
	o.ev.Source = source
	o.at, o.now = e.clock, e.clock
	e.took = false
	for _, r := range e.fromLines {
		if r.match.sources.allows(source) {
			e.count(r, matching, o)
		}
	}
	if e.took {
		e.journal.lines(source, e.clock)
	}
}

// always is the meter of the watchdog. It begins to hold when errwatch has caught up for the first time.
type always struct{ live *liveClock }

func newAlways(r *rule) meter { return &always{&r.shared.live} }

func (a *always) moveTo(int64)             {}
func (a *always) add(*observation, role)   {}
func (a *always) value() float64           { return 1 }
func (a *always) threshold() float64       { return 0 }
func (a *always) fires() bool              { return a.live.on }
func (a *always) ends() bool               { return false }
func (a *always) changes() int64           { return never }
func (a *always) empty() int64             { return 0 }
func (a *always) held() int                { return 0 }
func (a *always) saturated() bool          { return false }
func (a *always) appendTo(b []byte) []byte { return b }
func (a *always) readFrom(*cursor)         {}
