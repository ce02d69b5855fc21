package source

import "time"

// leave is called when a path no longer leads to its generation: that was renamed, replaced or deleted. It is drained
// until its writer has let go of it.
func (m *Manager) leave(w *watched) {
	g := w.gen
	if g == nil {
		return
	}
	w.gen, g.watched, w.birth = nil, nil, 0
	m.endEdge(g)
	m.heat(g)
	m.heatPath(w)
	g.stage = retiring
	g.grown = m.deps.Now() // the wait begins with the rotation
	m.mu.Lock()
	g.retired, g.quiet = true, false
	g.state = stateOf(g)
	if !w.rotate {
		w.src.stats.Rotations++
	}
	m.enqueueLocked(g)
	offset := g.rec.pos.offset
	m.mu.Unlock()
	m.deps.Logger.Debug("rotated", "source", w.src.opts.Name, "path", w.path, "offset", offset)
}

// come is leave taken back: the path leads to its old generation again.
func (m *Manager) come(w *watched, g *generation) {
	w.gen, g.watched = g, w
	g.stage, g.adopted = live, false
	m.mu.Lock()
	defer m.mu.Unlock()
	g.retired = false
	g.state = stateOf(g)
	m.enqueueLocked(g)
}

func stateOf(g *generation) string {
	switch {
	case g.waiting():
		return StateWaiting
	case g.stage == copied:
		return StateCopy
	case g.stage == live:
		return StateLive
	}
	return StateRetiring
}

// enroll makes a generation of an open file, which is to be read from the position of its record on.
func (m *Manager) enroll(f *found, r *record, s *source, path, home string) *generation {
	g := &generation{
		id: m.nextID(), src: s, path: path, home: home, file: f.file, key: f.st.key, rec: r,
		seen: f.st, racy: true, grown: m.deps.Now(), limit: -1, last: more,
		read: m.deps.Now(), // a record that was cut by a restart or reload gets its whole pause
		size: f.st.size, disk: f.st.size, counted: r.pos.offset, shown: r.shown, at: r.pos,
	}
	if r.resume < r.pos.offset {
		// Both offsets are in the file: what was read holds the one, and the one holds the other.
		if p, err := r.pos.cutAt(f.file, r.resume); err == nil {
			g.at = p
		}
	}
	m.owner[g.key] = g
	s.files++
	m.mu.Lock()
	defer m.mu.Unlock()
	r.gen, r.key, r.birth, r.size = g, f.st.key, f.birth, f.st.size
	r.finished, r.lost, r.missed = false, false, time.Time{}
	g.backlog = g.lag() > backlogBytes
	g.behind = !m.judged && m.deps.Reached != nil
	m.open[g] = struct{}{}
	m.touch(r)
	return g
}

// newRecord makes the record of a file of which the state knows nothing.
func (m *Manager) newRecord(s *source, path, home string) *record {
	m.mu.Lock()
	m.lastRow++
	defer m.mu.Unlock()
	r := &record{id: m.lastRow, source: s.opts.Name, path: path, home: home}
	s.file(r)
	for g := range m.unknowns {
		if g.src == s && r.relatedTo(g.home) {
			g.unknown.records = append(g.unknown.records, r)
		}
	}
	return r
}

// finish closes a generation of which nothing comes any more. Its record stays: the file may be found again under
// another name, or packed.
func (m *Manager) finish(g *generation) {
	m.drop(g)
	if g.packed != nil {
		g.packed.release()
	}
	if g.file != nil {
		g.file.Close()
	}
	m.deps.Closed(g.id)
}

// drop takes a generation out of everything but its record.
func (m *Manager) drop(g *generation) {
	m.endEdge(g)
	delete(m.unknowns, g)
	if m.owner[g.key] == g {
		delete(m.owner, g.key)
	}
	if g.watched != nil {
		g.watched.gen, g.watched = nil, nil
	}
	g.stage = closed
	g.src.files--
	m.mu.Lock()
	defer m.mu.Unlock()
	g.barred = true
	m.ready.drop(g)
	delete(m.open, g)
	if g.rec.gen == g {
		g.rec.gen = nil
		if !g.rec.finished && !g.rec.provisional {
			g.src.missing = append(g.src.missing, g.rec)
		}
	}
}

// truncation is called when a file no longer holds what was read of it. Its inode begins a new generation; the old one
// is an orphan, whose unread rest may stand in a copy.
func (m *Manager) truncation(g *generation) {
	st, err := statFile(g.file)
	if err != nil {
		m.trouble(g.src, g.path, err)
		return
	}
	if g.at.holds(g) {
		g.racy = true // it does, after all: a moment ago it was being written anew
		m.enqueue(g)
		return
	}
	m.count(g.src, func(s *Stats) { s.Truncations++ })
	m.deps.Logger.Warn("a file was truncated", "source", g.src.opts.Name, "path", g.path, "read", g.at.offset, "size", st.size)

	r := m.newRecord(g.src, g.path, g.home)
	if g.at.compare(g, st.size) == shorter {
		// Only its end was cut off: what is there was read.
		if p, skipped, ok := g.at.afterCut(g, st.size); ok {
			r.pos, r.resume = p, p.offset
			m.lost(g.src, g.path, skipped, "cut")
		} else if p, err := g.at.cutAt(g, st.size); err == nil {
			r.pos, r.resume = p, p.offset
		}
	}
	next := m.succeed(g, r, st)
	next.warned = m.deps.Now().Add(againFor)
	m.heat(next)
	m.enqueue(next)
	g.stage = orphaned
	g.asked = m.deps.Now()
	m.orphans = append(m.orphans, g) // its copy is looked for at once, and with each tick
}

// succeed moves the descriptor of a truncated generation to its successor.
func (m *Manager) succeed(g *generation, r *record, st fileStat) *generation {
	file, w, step := g.file, g.watched, g.stage
	m.endEdge(g)
	birth := g.rec.birth
	m.mu.Lock()
	g.rec.key, g.rec.gen = fileKey{}, nil
	m.touch(g.rec)
	g.barred = true
	m.ready.drop(g)
	delete(m.open, g)
	m.mu.Unlock()
	g.src.files--
	g.file, g.watched = nil, nil

	next := m.enroll(&found{file: file, st: st, birth: birth}, r, g.src, g.path, g.home)
	next.stage = step
	if w != nil {
		w.gen, next.watched = next, w
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	next.retired = step != live
	next.state = stateOf(next)
	return next
}

// abandonRest ends a generation whose unread rest is read elsewhere.
func (m *Manager) abandonRest(g *generation) {
	m.mu.Lock()
	g.rec.finished, g.rec.resume = true, g.rec.pos.offset
	m.touch(g.rec)
	m.mu.Unlock()
	m.finish(g)
}
