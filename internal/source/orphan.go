package source

import (
	"path/filepath"
	"time"
)

// copyWait is how long after a truncation its copy is looked for. It is made before the truncation, but may just be
// being packed.
const copyWait = 5 * time.Second

// searchCopy looks for a copy of a truncated file. Where there is one, what was not read of the file is read there;
// where there is none, that is lost.
func (m *Manager) searchCopy(o *generation) {
	records := m.family(o.src, o.home)
	for _, home := range append([]string{o.home}, movedTo(o.home)...) {
		for _, rel := range m.relatives(home) {
			f, _ := m.neighbour(o.src, filepath.Join(filepath.Dir(home), rel.name), records)
			if f == nil {
				continue // what cannot be looked at is tried again
			}
			f.rel = rel
			if m.tryCopy(o, f) {
				return
			}
		}
	}
	waited := m.deps.Now().Sub(o.asked)
	if busy, broken := m.identifying(o.src, o.home); waited >= copyWait && !busy && (!broken || waited >= goneLimit) {
		m.giveUp(o, o.proven)
	}
}

// tryCopy says whether f is the copy, and if so goes on from there.
func (m *Manager) tryCopy(o *generation, f *found) bool {
	if f.rel.pack != plain {
		w := o.src.watched[o.path]
		fresh := w != nil && m.fresh(w, f, true) // if it is no copy of this, it may be one of what nobody saw
		m.setOff(m.enrollPacked(o.src, f, o.path, o.home, fresh, m.family(o.src, o.home)))
		return false // it is not known yet
	}
	switch o.rec.pos.compare(f.file, f.st.size) {
	case shorter:
		r := m.newRecord(o.src, o.path, o.home)
		m.takeAsRead(r, f)
		m.fileAway(r, f)
		m.giveUp(o, o.proven)
		return true
	case contains:
		m.markCopy(o.rec)
		g := m.enroll(f, o.rec, o.src, o.path, o.home)
		g.stage = copied
		m.resolve(o, f.st.size)
		m.setOff(g)
		return true
	}
	f.file.Close()
	return false
}

// orphanOf returns the orphan of a record.
func (m *Manager) orphanOf(r *record) *generation {
	for _, o := range m.orphans {
		if o.rec == r && o.stage == orphaned {
			return o
		}
	}
	return nil
}

// resolve ends an orphan whose content is read on elsewhere, up to size.
func (m *Manager) resolve(o *generation, size int64) {
	m.lost(o.src, o.path, o.proven-size, "truncated")
	o.stage = closed
	m.deps.Closed(o.id)
}

// giveUp ends an orphan whose content is nowhere, after it had size bytes: what was seen of it and not read is lost. A
// worker goes once more to its parser, which may hold back the last record.
func (m *Manager) giveUp(o *generation, size int64) {
	m.lost(o.src, o.path, size-o.rec.pos.offset, "truncated")
	m.prune(o.src, o.home)
	o.stage = retiring
	o.src.files++
	m.mu.Lock()
	defer m.mu.Unlock()
	o.barred, o.retired = false, true
	o.rec.gen = o
	o.size = o.rec.pos.offset
	o.state = StateRetiring
	m.open[o] = struct{}{}
	m.enqueueLocked(o)
}

// keepUnplaced is how many records of truncated content of one log are kept although no copy of it was found: one may
// still turn up, packed. A log that is truncated each second must not fill the state.
const keepUnplaced = 8

func (m *Manager) prune(s *source, home string) {
	var unplaced []*record
	for _, r := range s.homed(home) {
		if r.gen == nil && r.finished && r.key == (fileKey{}) {
			unplaced = append(unplaced, r)
		}
	}
	for len(unplaced) > keepUnplaced {
		s.strike(unplaced[0]) // the oldest: records are filed as they are made
		m.dismiss(unplaced[0])
		unplaced = unplaced[1:]
	}
}

// lost counts bytes that went before they were read.
func (m *Manager) lost(s *source, path string, n int64, how string) {
	if n <= 0 {
		return
	}
	m.count(s, func(st *Stats) { st.LostBytes += n })
	m.deps.Logger.Warn("bytes were lost before they were read", "source", s.opts.Name, "path", path, "bytes", n, "file", how)
}
