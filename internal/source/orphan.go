package source

import (
	"path/filepath"
	"slices"
)

// searchCopy looks for a copy of a truncated file. Where there is one, what was not read of the file is read there;
// where there is none, that is lost.
func (m *Manager) searchCopy(o *generation) {
	if o.stage != orphaned {
		return
	}
	records := m.family(o.src, o.home)
	for _, rel := range m.relatives(o.home) {
		path := filepath.Join(filepath.Dir(o.home), rel.name)
		st, err := statPath(path)
		if err != nil || !st.regular() || m.owner[st.key] != nil || rel.pack != plain ||
			slices.ContainsFunc(records, func(r *record) bool { return r.done(st) }) {
			continue
		}
		f, err := m.pin(path)
		if err != nil {
			continue
		}
		if m.tryCopy(o, f) {
			return
		}
		f.file.Close()
	}
	if m.deps.Now().Sub(o.asked) >= copyWait {
		m.giveUp(o, o.known)
	}
}

// tryCopy says whether f is the copy, and if so goes on from there.
func (m *Manager) tryCopy(o *generation, f *found) bool {
	switch o.rec.pos.compare(f.file, f.st.size) {
	case shorter:
		r := m.newRecord(o.src, o.path, o.home)
		m.takeAsRead(r, f)
		m.fileAway(r, f)
		m.giveUp(o, o.known)
		return true
	case contains:
		o.rec.copy = true
		g := m.enroll(f, o.rec, o.src, o.path, o.home)
		g.stage = copied
		m.mu.Lock()
		g.retired = true
		g.state = stateOf(g)
		m.mu.Unlock()
		m.lost(o, o.known-f.st.size)
		o.stage = closed
		m.deps.Closed(o.id)
		m.enqueue(g)
		return true
	}
	return false
}

// giveUp ends an orphan whose content ended at size: what was seen of it and not read is lost.
func (m *Manager) giveUp(o *generation, size int64) {
	m.lost(o, size-o.rec.pos.offset)
	m.mu.Lock()
	o.rec.finished, o.rec.resume = true, o.rec.pos.offset
	m.touch(o.rec)
	m.mu.Unlock()
	o.stage = closed
	m.deps.Closed(o.id)
}

func (m *Manager) lost(o *generation, n int64) {
	if n <= 0 {
		return
	}
	m.count(o.src, func(s *Stats) { s.LostBytes += n })
	m.deps.Logger.Warn("bytes were lost: the file was truncated before they were read", "source", o.src.opts.Name, "path", o.path, "bytes", n)
}
