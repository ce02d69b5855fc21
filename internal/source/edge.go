package source

import (
	"path/filepath"
	"time"
)

// The live edge makes latency small where little happens: it wakes a worker at the moment of a write, where the clock
// alone would take up to a tick. It delivers nothing itself, and nothing depends on it: what an edge misses, the clock
// sees. Above busyLines it costs more than it gives (an event, a stat and three hand-overs for each write), and looking
// now and then is cheaper and fast enough: a look costs as much as reading a thousand lines.
const (
	hotEvery    = 20 * time.Millisecond
	steadyEvery = 80 * time.Millisecond // where nothing was rotated and no file grows by more than fastLines
	hotFor      = time.Second           // after it last changed, a file without an edge is looked at so often for so long
	busyLines   = 400                   // lines a second: from there on the clock takes over
	fastLines   = 10_000                // lines a second: from there on a late look would find more than a block
	calmFor     = 2 * time.Second

	// maxEdges bounds goroutines and inotify watches: the files that grew last have an edge, the others the clock.
	maxEdges = 256

	// edgeRest is how long an inode has no new edge after one was ended. The watch of the old one is taken back by a
	// goroutine of its own, and would take a new watch on the same inode with it.
	edgeRest = 2 * time.Second

	edgeRetry = time.Minute // after an edge could not be had
)

// edges are the scheduler's account of them.
type edges struct {
	none    bool // never: the clock alone
	count   int
	coolest *generation // of those with an edge the one that has not grown for longest; nil: to be looked for
	resting map[fileKey]time.Time
	retry   time.Time // not before
}

// tendEdges begins and ends edges. It is part of a tick.
func (m *Manager) tendEdges() {
	if m.edges.none {
		return
	}
	now := m.deps.Now()
	for key, until := range m.edges.resting {
		if now.After(until) {
			delete(m.edges.resting, key)
		}
	}
	m.edges.coolest = nil
	m.names.rest(now)
	for g := range m.open {
		m.tendEdge(g, now)
	}
}

func (m *Manager) tendEdge(g *generation, now time.Time) {
	m.mu.Lock()
	lines := g.lines
	m.mu.Unlock()
	rate := float64(lines-g.linesSeen) / m.deps.Tick.Seconds()
	g.linesSeen, g.fast = lines, rate > fastLines
	if rate > busyLines/2 {
		g.calmFrom = now.Add(calmFor)
	}
	if rate > busyLines && g.watched != nil && !m.edges.none {
		m.names.want(filepath.Dir(g.home), now, m.appeared)
	}
	if e := g.edge; e != nil {
		switch {
		case e.over():
			m.endEdge(g)
			if e.failed() {
				m.edges.retry = now.Add(edgeRetry)
			}
		case rate > busyLines:
			m.endEdge(g)
			m.heat(g)
		}
		return
	}
	if g.watched == nil || !g.reached || now.Before(g.calmFrom) || now.Before(m.edges.retry) {
		return
	}
	if _, resting := m.edges.resting[g.key]; resting || m.edges.count >= maxEdges && !m.makeRoom(g) {
		return
	}
	if e := m.beginEdge(g); e != nil {
		m.edges.count++
		m.setEdge(g, e)
	}
}

// makeRoom ends the edge of the file that has not grown for longest, where that is much longer than for g.
func (m *Manager) makeRoom(g *generation) bool {
	if m.edges.coolest == nil { // once a tick, not once a file: there may be thousands without an edge
		m.edges.coolest = m.coolest()
	}
	cool := m.edges.coolest
	if cool == nil || g.grown.Sub(cool.grown) < time.Minute {
		return false
	}
	m.endEdge(cool)
	return true
}

func (m *Manager) coolest() (cool *generation) {
	for x := range m.open {
		if x.edge != nil && (cool == nil || x.grown.Before(cool.grown)) {
			cool = x
		}
	}
	return cool
}

func (m *Manager) endEdge(g *generation) {
	if g.edge == nil {
		return
	}
	g.edge.end()
	g.edge, m.edges.coolest = nil, nil
	m.edges.count--
	m.edges.resting[g.key] = m.deps.Now().Add(edgeRest)
}

func (m *Manager) setEdge(g *generation, e *edge) {
	g.edge = e
	m.mu.Lock()
	defer m.mu.Unlock()
	g.edged = e != nil
}

// heat has a generation looked at every hotEvery for a while.
func (m *Manager) heat(g *generation) {
	g.hotUntil = m.deps.Now().Add(hotFor)
	m.hot[g] = struct{}{}
	m.pace = min(m.pace, g.every(m.deps.Now()))
}

// heatPath does the same for a path whose file was rotated: its successor is about to come.
func (m *Manager) heatPath(w *watched) {
	m.pace = min(m.pace, hotEvery)
	w.hotUntil = m.deps.Now().Add(hotFor)
	m.hotPaths[w] = struct{}{}
}

// lookHot looks at what is hot, between two ticks.
func (m *Manager) lookHot() {
	m.settle()
	clear(m.kin)
	clear(m.folders)
	now := m.deps.Now()
	m.pace = steadyEvery
	for w := range m.hotPaths {
		if now.After(w.hotUntil) || w.src.watched[w.path] != w {
			delete(m.hotPaths, w)
			continue
		}
		m.pace = min(m.pace, hotEvery)
		m.look(w)
	}
	for g := range m.hot {
		if g.stage == closed || g.file == nil || now.After(g.hotUntil) {
			delete(m.hot, g)
			continue
		}
		m.pace = min(m.pace, g.every(now))
		if st, err := statFile(g.file); err == nil {
			m.noticed(g, st)
		}
	}
	m.judge()
}

// pause is how long the scheduler may rest before it looks again.
func (m *Manager) pause(nextTick time.Time) time.Duration {
	left := time.Until(nextTick)
	if n := len(m.hot) + len(m.hotPaths); n > 0 {
		left = min(left, m.pace*time.Duration(1+n/100))
	}
	return max(left, 0)
}

// poke wakes a worker for a generation of which an edge says that it changed.
func (m *Manager) poke(g *generation) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case g.barred:
	case g.busy || g.reported:
		g.again = true
	case !g.queued:
		m.pushLocked(g)
	}
}

// hint tells the scheduler that a path may lead elsewhere by now.
func (m *Manager) hint(g *generation) {
	m.mu.Lock()
	m.hints = append(m.hints, g)
	m.mu.Unlock()
	select {
	case m.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// takeHints looks where the paths lead of which an edge says that their file was renamed.
func (m *Manager) takeHints() {
	m.mu.Lock()
	hints := m.hints
	m.hints = nil
	m.mu.Unlock()
	for _, g := range hints {
		if w := g.watched; w != nil {
			clear(m.kin)
			clear(m.folders)
			m.look(w)
		}
	}
}
