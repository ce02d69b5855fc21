package source

import (
	"path/filepath"
	"slices"
	"time"
)

const (
	regrowEvery = 5 * time.Second // how often finished files are looked at again
	regrowFor   = 24 * time.Hour  // after they were finished; a writer that comes back later than that is none
	forgetEvery = time.Hour
	refreshAge  = 24 * time.Hour // the record of a finished file that is still there is renewed so often
)

// upkeep does what need not be done with every tick.
func (m *Manager) upkeep() {
	now := m.deps.Now()
	if now.Sub(m.regrown) >= regrowEvery {
		m.regrown = now
		for _, s := range m.sources {
			m.lookFinished(s, m.wall())
		}
	}
	if m.forgot.IsZero() {
		m.forgot = now
	}
	if now.Sub(m.forgot) >= forgetEvery {
		m.forgot = now
		m.forget(m.wall())
	}
}

// lookFinished takes up again finished files that have grown. Where the system does not say whether a writer still has
// a file open, it may have been finished too early; and a writer may open a rotated file again.
func (m *Manager) lookFinished(s *source, now time.Time) {
	for _, w := range s.order {
		for _, r := range s.byPath[w.path] {
			if r.gen == nil && r.finished && now.Sub(r.updated) < regrowFor && m.hasGrown(s, r) {
				m.resume(w, r)
			}
		}
	}
}

// hasGrown finds the file of a finished record and says whether it is longer than it was.
func (m *Manager) hasGrown(s *source, r *record) bool {
	if r.key == (fileKey{}) || r.place == noPlace {
		return false
	}
	if r.place != "" {
		if st, err := statPath(r.place); err == nil && st.key == r.key {
			return st.size > r.size
		}
	}
	r.place = noPlace // until a survey sees it again
	dir, base := filepath.Split(r.home)
	_, pack := packingOf(base)
	for _, rel := range append(m.relatives(r.home), relative{name: base, pack: pack}) { // itself, where a link was led on
		path := filepath.Join(dir, rel.name)
		if st, err := statPath(path); err == nil && st.key == r.key {
			r.place = path
			return rel.pack == plain && st.size > r.size
		}
	}
	return false
}

// noPlace is the place of a finished file that was not found when it was last looked for.
const noPlace = "-"

// resume reads on in a finished file.
func (m *Manager) resume(w *watched, r *record) {
	f, err := m.pin(r.place)
	if err != nil {
		return // it is looked at again
	}
	pos := m.posOf(r)
	if m.owner[f.st.key] != nil || f.st.key != r.key || pos.compare(f.file, f.st.size) != contains {
		f.file.Close()
		r.place = noPlace
		return
	}
	m.setOff(m.follow(w, f, r, r.home))
}

// forget drops the records of files that have been gone for long.
func (m *Manager) forget(now time.Time) {
	for _, s := range m.sources {
		for home, records := range s.homes() {
			there := m.keysOf(home)
			excess := len(records) - maxRecords
			for _, r := range slices.Clone(records) {
				if m.forgetOne(s, r, there, now, excess > 0) {
					excess--
				}
			}
		}
	}
	kept := m.strays[:0]
	for _, r := range m.strays {
		if now.Sub(r.updated) < forgetAfter {
			kept = append(kept, r)
			continue
		}
		m.dismiss(r)
	}
	m.strays = kept
}

// maxRecords is how many records of one log are kept; of more, the oldest whose files are gone are forgotten early.
const maxRecords = 512

func (m *Manager) forgetOne(s *source, r *record, there map[fileKey]bool, now time.Time, excess bool) bool {
	if r.gen != nil || m.orphanOf(r) != nil {
		return false
	}
	age := now.Sub(r.updated)
	switch {
	case there[r.key]:
		if age >= refreshAge {
			m.mu.Lock()
			m.touch(r)
			m.mu.Unlock()
		}
	case age >= forgetAfter, excess && r.finished:
		s.strike(r)
		m.dismiss(r)
		return true
	}
	return false
}

// dismiss has the row of a record deleted with the next commit.
func (m *Manager) dismiss(r *record) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r.gone = true
	m.touch(r)
}

// keysOf returns the inodes of a path and its neighbours.
func (m *Manager) keysOf(home string) map[fileKey]bool {
	out := map[fileKey]bool{}
	if st, err := statPath(home); err == nil {
		out[st.key] = true
	}
	for _, rel := range m.relatives(home) {
		if st, err := statPath(filepath.Join(filepath.Dir(home), rel.name)); err == nil {
			out[st.key] = true
		}
	}
	return out
}
