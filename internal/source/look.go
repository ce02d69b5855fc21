package source

import "time"

// racyWindow: time stamps of files are no finer than a kernel tick, so what changed within one may have changed twice.
const racyWindow = 50 * time.Millisecond

// dirsPerTick bounds what finding files costs: a source whose globs lead through more folders is looked through less
// often.
const dirsPerTick = 500

// rescan finds the paths of a source anew, where its folders say that something may have changed.
func (m *Manager) rescan(s *source) {
	if s.rest > 0 {
		s.rest--
		return
	}
	if s.finder.unchanged() {
		s.rest = len(s.finder.dirs) / dirsPerTick
		return
	}
	paths, problems := s.finder.find()
	s.rest = len(s.finder.dirs) / dirsPerTick
	now := map[string]bool{}
	for _, err := range problems {
		p := problemPath(err)
		now[p] = true
		m.trouble(s, p, err)
	}
	for p := range s.finding {
		if !now[p] {
			m.well(s, p)
		}
	}
	s.finding = now
	m.adoptPaths(s, paths)
}

// lookAll looks where each path of a source leads. A path that may be the rotated part of another comes after that, so
// that it is taken for what it is.
func (m *Manager) lookAll(s *source) {
	if !s.scanned {
		s.virgin = !s.known
		s.findMissing()
		if s.alive.IsZero() {
			s.alive = m.wall()
		}
	}
	s.turn++
	stride := 1 + len(s.order)/filesPerTick
	for _, rotated := range []bool{false, true} {
		for i, w := range s.order {
			if w.from.IsZero() {
				w.from = s.alive
			}
			if w.rotate == rotated && ((i+s.turn)%stride == 0 || m.lively(w)) {
				m.look(w)
			}
		}
	}
	m.forgetPaths(s)
	s.alive = m.wall()
	s.scanned = true
	if !s.known {
		s.known = true
		m.mu.Lock()
		m.newSources = append(m.newSources, knownRow{s.opts.Name, m.wall()})
		m.mu.Unlock()
	}
}

// filesPerTick bounds what looking costs: of more files, those that have been idle for idleAfter take turns.
const (
	filesPerTick = 2000
	idleAfter    = time.Minute
)

// lively says that a path is to be looked at with every tick.
func (m *Manager) lively(w *watched) bool {
	return w.gen == nil || m.deps.Now().Sub(w.gen.grown) < idleAfter
}

// look sees where a path leads now.
func (m *Manager) look(w *watched) {
	st, err := statPath(w.path)
	switch {
	case err == nil && st.regular():
		m.lookFile(w, st)
	case err == nil:
		m.leave(w)
		if w.src.finder.named(w.path) && st.directory() {
			w.src.finder.dirs = nil // a folder that was not there yet: the next tick takes it as such
			return
		}
		m.trouble(w.src, w.path, notRegular(w.path, &st))
	case gone(err):
		m.leave(w)
		m.absent(w, missing(w.path, err))
	default:
		// The name cannot be looked up, but what it led to is held open and goes on being read.
		m.trouble(w.src, w.path, err)
		if w.gen != nil {
			m.lookPinned(w.gen)
		}
	}
}

// lookFile sees which file a path leads to now.
func (m *Manager) lookFile(w *watched, st fileStat) {
	w.since = time.Time{}
	switch {
	case w.gen != nil && w.gen.key == st.key:
		m.well(w.src, w.path)
		m.noticed(w.gen, st)
		m.lookAround(w)
	case w.gen == nil && w.alias == st.key && (m.owner[st.key] != nil || w.read == st.size):
		// followed under another path, or read to its end: a compressed file
	default:
		if w.rotate {
			if parent := w.src.parentOf(w); parent != nil {
				m.arriveRotated(w, parent, st)
				return
			}
		}
		m.arrive(w)
	}
}

// lookPinned looks at a generation through its descriptor.
func (m *Manager) lookPinned(g *generation) {
	if g.file == nil || g.adopted && !m.settleAdopted(g) {
		return
	}
	st, err := statFile(g.file)
	if err != nil {
		m.trouble(g.src, g.path, err)
		return
	}
	m.noticed(g, st)
	if g.packed != nil {
		if g.broken && st.links == 0 {
			m.finish(g) // damaged, and gone
		}
		return
	}
	if g.stage != live && m.deps.Now().Sub(g.asked) >= m.askEvery(g) {
		g.asked = m.deps.Now()
		m.enqueue(g)
	}
}

// askEvery is how often a rotated generation is asked whether its writer has let go: less often the longer it has been
// idle.
func (m *Manager) askEvery(g *generation) time.Duration {
	idle := m.deps.Now().Sub(g.grown)
	return min(max(m.deps.Tick, idle/16), 5*time.Second)
}

// noticed compares a generation with how it was last seen, and sends a worker where that has changed.
func (m *Manager) noticed(g *generation, st fileStat) {
	now := m.deps.Now()
	changed := st.size != g.seen.size || st.mtime != g.seen.mtime || st.ctime != g.seen.ctime
	if st.size > g.seen.size {
		g.grown = now
	}
	again := changed || g.racy || g.broken && g.packed == nil
	if changed && g.edge == nil {
		m.heat(g)
	}
	g.racy = changed && m.wall().UnixNano()-st.mtime < int64(racyWindow)
	g.seen = st

	m.mu.Lock()
	defer m.mu.Unlock()
	g.disk = st.size
	if g.packed == nil {
		g.size = st.size
	}
	g.quiet = now.Sub(g.grown) >= g.src.opts.RotateWait
	g.backlog = g.lag() > backlogBytes
	if again {
		m.enqueueLocked(g)
	}
}
