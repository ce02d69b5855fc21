package source

import (
	"os"
	"path/filepath"
	"slices"
	"time"
)

const (
	// goneWait is how long the file of a record that was not read to its end may be nowhere to be found, once all that
	// was found is read, before what is known to have been in it counts as lost. It may just be being renamed or packed.
	goneWait = 10 * time.Second

	// goneLimit is the same where one of its neighbours cannot be looked into: a compressed file that is not complete, or
	// one that must not be read.
	goneLimit = 5 * time.Minute

	searchEvery = time.Second // how often missing files are looked for
)

// findMissing lists the records that an earlier process has not read to their end. They are missing until a survey
// finds their files.
func (s *source) findMissing() {
	for _, records := range s.byRoot {
		for _, r := range records {
			if r.unfinished() && !r.lost {
				s.missing = append(s.missing, r)
			}
		}
	}
	slices.SortFunc(s.missing, func(a, b *record) int { return int(a.id - b.id) })
}

// withMissing adds the missing records of other logs to those of a survey: their files may have been moved.
func (s *source) withMissing(records []*record) []*record {
	for _, r := range s.missing {
		if r.unfinished() && !slices.Contains(records, r) {
			r.far = true
			records = append(records, r)
		}
	}
	return records
}

// tendMissing looks for the files of missing records, and in the end writes them off.
func (m *Manager) tendMissing(s *source) {
	s.missing = slices.DeleteFunc(s.missing, func(r *record) bool { return !r.unfinished() || r.lost })
	now := m.deps.Now()
	if len(s.missing) == 0 || now.Sub(s.searched) < searchEvery {
		return
	}
	s.searched = now
	seen := map[string]bool{}
	blind := map[string]bool{}
	for _, r := range slices.Clone(s.missing) {
		if !seen[r.path] && r.unfinished() {
			seen[r.path] = true
			if w := s.watch(r.path); w != nil {
				m.survey(w, nil)
				blind[r.path] = w.blind
			}
		}
	}
	m.mu.Lock()
	caughtUp := s.stats.CaughtUp
	m.mu.Unlock()
	if !caughtUp {
		return
	}
	for _, r := range s.missing {
		if r.unfinished() {
			m.miss(r, s, now, blind[r.path])
		}
	}
}

// miss writes a record off whose file has been missing for long enough.
func (m *Manager) miss(r *record, s *source, now time.Time, blind bool) {
	if m.orphanOf(r) != nil || !readable(filepath.Dir(r.home)) || m.standsAt(r, r.path) || m.standsAt(r, r.home) {
		return
	}
	if r.missed.IsZero() {
		r.missed = now
	}
	wait := goneWait
	if busy, broken := m.identifying(s, r.home); busy || broken || blind {
		wait = goneLimit
	}
	if now.Sub(r.missed) < wait {
		return
	}
	m.mu.Lock()
	size := r.size
	r.finished, r.lost, r.resume = true, true, r.pos.offset
	m.touch(r)
	m.mu.Unlock()
	m.lost(s, r.path, size-r.pos.offset, "gone")
}

// standsAt says that the file of r is there, though it could not be opened.
func (m *Manager) standsAt(r *record, path string) bool {
	st, err := statPath(path)
	return err == nil && m.owner[st.key] == nil && r.sameInode(st.key, birthAt(path))
}

func readable(dir string) bool {
	_, err := readNames(dir)
	return err == nil
}

// watch returns the watched path p; where nothing stands under it, but it is one of those to be followed, one that is
// made for a survey. It returns nil where it is not to be followed any more.
func (s *source) watch(p string) *watched {
	if w := s.watched[p]; w != nil {
		return w
	}
	if !s.finder.matches(p) {
		return nil
	}
	return &watched{src: s, path: p, read: -1, late: true, from: s.alive}
}

// parentOf returns the path of which w is a rotated part, by a name that is good enough. What stands there is looked at
// as part of that log, whose records know it.
func (s *source) parentOf(w *watched) *watched {
	dir, name := filepath.Split(w.path)
	ps, _ := parents(name)
	for _, p := range slices.Backward(ps) {
		if !p.credible {
			continue
		}
		if x := s.knownLog(dir + p.name); x != nil {
			return x
		}
		if !isOldFolder(dir) {
			continue
		}
		if x := s.knownLog(filepath.Join(filepath.Dir(filepath.Clean(dir)), p.name)); x != nil {
			x.moved = true
			return x
		}
	}
	return nil
}

// knownLog returns the watched path, or one for a survey where the state knows the log, and nothing stands there now.
func (s *source) knownLog(path string) *watched {
	if x := s.watched[path]; x != nil {
		return x
	}
	if len(s.byPath[path]) > 0 || len(s.homed(path)) > 0 {
		return s.watch(path)
	}
	return nil
}

// arriveRotated is called when a path leads to a file that is not followed under it, and is a rotated part of parent.
func (m *Manager) arriveRotated(w, parent *watched, st fileStat) {
	m.leave(w)
	w.alias, w.read = st.key, -1
	if m.placeRotated(w, parent, st) {
		return
	}
	now := m.deps.Now()
	if now.Before(w.retry) {
		return
	}
	w.retry = now.Add(searchEvery)
	if w.src.files >= w.src.opts.MaxFiles {
		m.trouble(w.src, allPaths, &os.PathError{Op: "follow", Path: w.path, Err: errTooMany})
		return
	}
	m.survey(parent, nil)
	m.placeRotated(w, parent, st)
}

// placeRotated says whether it is known what a rotated file is: open, or read to its end.
func (m *Manager) placeRotated(w, parent *watched, st fileStat) bool {
	if g := m.owner[st.key]; g != nil {
		m.shared(w, g)
		return true
	}
	if m.isDeferred(&st) {
		return true
	}
	if st.size > 0 && doneAt(m.family(w.src, resolved(parent.path)), &st, w.path) == nil {
		return false
	}
	w.read = st.size
	return true
}
