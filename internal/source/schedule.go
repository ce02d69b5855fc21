package source

import (
	"context"
	"slices"
	"time"

	"github.com/errwatch/errwatch/internal/line"
)

// tick looks at everything once: which files there are, where each path leads, what has grown.
func (m *Manager) tick() {
	m.settle()
	clear(m.kin)
	clear(m.folders)
	m.tendDeferred()
	for _, s := range m.sources {
		m.rescan(s)
		m.lookAll(s)
		m.tendMissing(s)
		if s.pipe != nil {
			m.lookPipe(s)
		}
	}
	for g := range m.open {
		if g.watched == nil {
			m.lookPinned(g)
		}
	}
	m.searchCopies()
	m.tendEdges()
	m.tellPauses()
	m.upkeep()
	m.judge()
}

// searchCopies looks for the copies of what was truncated.
func (m *Manager) searchCopies() {
	for _, o := range m.orphans {
		if o.stage == orphaned {
			m.searchCopy(o)
		}
	}
	m.orphans = slices.DeleteFunc(m.orphans, func(o *generation) bool { return o.stage != orphaned })
}

// pauseAfter is how long nothing must come before a record that may go on is shown as it is.
const pauseAfter = 500 * time.Millisecond

// tellPauses has the parsers told of the files in which nothing has come for a while after a record that may go on.
func (m *Manager) tellPauses() {
	now := m.deps.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	for g := range m.open {
		if !g.paused && g.rec.resume < g.rec.pos.offset && now.Sub(g.read) >= pauseAfter {
			g.pause, g.paused = true, true
			m.enqueueLocked(g)
		}
	}
}

func (m *Manager) enqueue(g *generation) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.enqueueLocked(g)
}

func (m *Manager) enqueueLocked(g *generation) {
	switch {
	case g.barred || g.waiting():
		return
	case g.busy || g.reported:
		g.again = true
	case !g.queued:
		m.pushLocked(g)
	}
}

func (m *Manager) pushLocked(g *generation) {
	m.ready.push(g)
	if g.packed != nil {
		m.packedWork.Signal()
	} else {
		m.work.Signal()
	}
}

// step takes one turn. False: there was nothing to do.
func (w *worker) step(ctx context.Context) bool {
	m := w.m
	m.mu.Lock()
	g := m.ready.pop(w.packed)
	if g == nil {
		m.mu.Unlock()
		return false
	}
	g.busy, g.again, g.turnSize = true, false, g.size
	t := turn{g: g, limit: g.limit, disk: g.disk, identify: g.unknown, ahead: m.mayReadAhead(g)}
	if t.identify != nil {
		t.identify.ask()
	}
	retired, quiet := g.retired, g.quiet
	t.pause, g.pause = g.pause, false
	m.mu.Unlock()

	t.released = retired && m.released(g, quiet)
	out, err := w.read(ctx, t)
	front := int64(0)
	if m.deps.Reached != nil {
		front = m.deps.Reached(g.id)
	}

	m.mu.Lock()
	defer m.mu.Unlock()
	g.busy, g.front = false, front
	g.behind = g.behind && out == more
	g.backlog = g.lag() > backlogBytes
	if t.ahead && !g.backlog {
		m.spare = nil
	}
	if out == more || out == idle {
		g.proven = max(g.proven, g.turnSize)
	}
	if out == more || out == idle && g.again && g.limit < 0 {
		out = more // this end was not reported: the next one must be
		m.pushLocked(g)
	} else if out != idle || g.last != idle {
		m.report(result{g, out, err})
	}
	g.last = out
	if g.limit >= 0 {
		m.nudge() // whoever stops the reading waits for the last generation to become idle
	}
	return true
}

// report hands a result to the scheduler. Until that has looked at it, nobody touches the generation. m.mu is held.
func (m *Manager) report(r result) {
	r.g.reported = true
	m.results = append(m.results, r)
	m.nudge()
}

// nudge makes the scheduler look.
func (m *Manager) nudge() {
	select {
	case m.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// released says that nobody writes to a generation any more.
func (m *Manager) released(g *generation, quiet bool) bool {
	if g.rec.copy || g.packed != nil || g.file == nil {
		return true // whoever made the copy was done with it before the original was truncated
	}
	switch m.lease(g.file) {
	case leaseFree:
		return true
	case leaseHeld:
		return false
	}
	return quiet
}

// settle looks at what the workers report.
func (m *Manager) settle() {
	m.mu.Lock()
	results := m.results
	m.results = nil
	m.mu.Unlock()
	orphans := len(m.orphans)
	settled := false
	for _, r := range results {
		settled = m.settleOne(r) || settled
		m.unreport(r.g)
	}
	if settled {
		m.release()
	}
	if len(m.orphans) > orphans {
		clear(m.kin) // a copy was made a moment ago
		m.searchCopies()
	}
}

func (m *Manager) unreport(g *generation) {
	m.mu.Lock()
	defer m.mu.Unlock()
	g.reported = false
	if g.again {
		g.again = false
		m.enqueueLocked(g)
	}
}

// settleOne looks at one report, and says whether nothing needs to wait for its generation any more.
func (m *Manager) settleOne(r result) bool {
	g := r.g
	before := g.settled()
	if g.broken = r.out == failed; g.broken {
		m.trouble(g.src, g.path, r.err)
	}
	switch r.out {
	case idle:
		g.reached = true
	case truncated:
		m.truncation(g)
	case identified:
		m.identified(g)
	case finished:
		m.finish(g)
	case refused:
		m.deps.Logger.Debug("a batch was not taken and comes again", "source", g.src.opts.Name, "path", g.path, "err", r.err)
		g.racy = true // the next tick tries again
	}
	return g.settled() && !before
}

// release sends those on their way that waited for an older part, and need not any more.
func (m *Manager) release() {
	if m.behind == 0 {
		return
	}
	m.behind = 0
	m.mu.Lock()
	defer m.mu.Unlock()
	for x := range m.open {
		switch {
		case len(x.after) == 0:
		case x.waiting():
			m.behind++
		default:
			x.state = stateOf(x)
			m.enqueueLocked(x)
		}
	}
}

// judge marks the sources whose files have all reached their end.
func (m *Manager) judge() {
	if m.judged {
		return
	}
	behind := map[*source]bool{}
	var files []line.FileID
	for g := range m.open {
		if g.settled() {
			continue
		}
		behind[g.src] = true
		if !g.waiting() && g.unknown == nil {
			files = append(files, g.id)
		}
	}
	for _, s := range m.sources {
		if s.wantsPipe && !s.pipeIdle {
			behind[s] = true
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.judged = len(m.results) == 0
	looked := true
	for _, s := range m.sources {
		looked = looked && s.scanned
		if s.scanned && !behind[s] && len(m.results) == 0 && !s.stats.CaughtUp {
			s.stats.CaughtUp = true
		}
		m.judged = m.judged && s.stats.CaughtUp
	}
	if slices.Sort(files); looked && (m.behindVersion.Load() == 0 || !slices.Equal(files, m.behindFiles)) {
		m.behindFiles = files
		m.behindVersion.Add(1)
	}
}

// Behind lists the files that are being read and were not read to their end yet; version tells whether that is news. It
// is 0 as long as not all sources were looked at.
func (m *Manager) Behind() (files []line.FileID, version uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.behindFiles, m.behindVersion.Load()
}

// BehindVersion is the version that Behind would return.
func (m *Manager) BehindVersion() uint64 { return m.behindVersion.Load() }
