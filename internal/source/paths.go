package source

import (
	"cmp"
	"errors"
	"hash/fnv"
	"io/fs"
	"path/filepath"
	"slices"
	"time"
)

// adoptPaths makes paths the ones that a source watches. A path that is no longer found stays for as long as something
// is followed under it, or was.
func (m *Manager) adoptPaths(s *source, paths []string) {
	for _, w := range s.watched {
		w.listed = false
	}
	for _, p := range paths {
		w := s.watched[p]
		if w == nil {
			w = &watched{src: s, path: p, read: -1, late: s.scanned}
			s.watched[p] = w
		}
		w.listed = true
	}
	m.forgetPaths(s)
	s.order = s.order[:0]
	for _, w := range s.watched {
		s.order = append(s.order, w)
	}
	slices.SortFunc(s.order, func(a, b *watched) int { return cmp.Compare(a.path, b.path) })
	for _, w := range s.order {
		w.rotate = s.parentOf(w) != nil || s.rotatedPart(w.path)
	}
}

// forgetPaths drops the paths that are no longer found, unless they still lead to something.
func (m *Manager) forgetPaths(s *source) {
	n := len(s.watched)
	for p, w := range s.watched {
		if !w.listed && w.gen == nil {
			delete(s.watched, p)
			delete(s.told, p)
		}
	}
	if len(s.watched) < n {
		s.order = slices.DeleteFunc(s.order, func(w *watched) bool { return s.watched[w.path] != w })
	}
}

// rotatedPart says that the name of a path derives from another watched path.
func (s *source) rotatedPart(p string) bool {
	dir, name := filepath.Split(p)
	ps, _ := parents(name)
	return slices.ContainsFunc(ps, func(q parent) bool { return s.watched[dir+q.name] != nil })
}

// vanishWait is how long a configured path that was followed may lead to nothing before that is trouble: rotation may
// take a while to make the new file.
const vanishWait = time.Minute

// absent deals with a path under which nothing stands.
func (m *Manager) absent(w *watched, err error) {
	s := w.src
	w.alias, w.read = fileKey{}, -1
	if errors.Is(err, errBrokenLink) {
		m.trouble(s, w.path, err)
		w.home = resolved(w.path)
		m.lookAround(w)
		return
	}
	if _, told := s.told[w.path]; told && s.told[w.path] != ReasonVanished {
		delete(s.told, w.path) // what was wrong with it is gone with it
	}
	if !s.scanned {
		w.late = true
		m.deps.Logger.Info("a file is not there yet: waiting for it", "source", s.opts.Name, "path", w.path)
	}
	if w.since.IsZero() {
		w.since = m.deps.Now()
	}
	m.lookAround(w)
	if s.finder.named(w.path) && len(s.byPath[w.path]) > 0 && m.deps.Now().Sub(w.since) >= vanishWait {
		m.trouble(s, w.path, err)
	}
}

// lookAround looks at the rotated neighbours of a path when its folder changes: a file may have been made and rotated
// away between two looks, or copied and truncated before anything of it was read.
func (m *Manager) lookAround(w *watched) {
	if w.home == "" {
		w.home = resolved(w.path)
	}
	dir := filepath.Dir(w.home)
	st, ok := m.folders[dir]
	if !ok {
		st, _ = statPath(dir) // what is not there has not changed
		m.folders[dir] = st
	}
	// What was hardly read proves nothing: whether a copy is a copy of it must be seen anew each time.
	unproven := w.pending && w.gen != nil && w.gen.rec != nil && m.posOf(w.gen.rec).offset < windowLen
	now := m.deps.Now()
	again := unproven || w.unsure || w.blind && !now.Before(w.retry)
	if st == w.folder && !again {
		return
	}
	// Rotation in the usual way changes which file the path leads to, and that is looked into when it does. Otherwise
	// neighbours are of interest only where there are others than before.
	if kin := m.kinOf(w.home); kin != w.kin || w.gen == nil || again {
		w.retry = now.Add(searchEvery)
		w.kin = kin
		m.survey(w, nil)
	}
	w.folder = fileStat{ctime: -1}
	if stamped(&st, m.wall()) {
		w.folder = st
	}
}

// kinOf sums up the names of the rotated neighbours of a path.
func (m *Manager) kinOf(home string) uint64 {
	var all uint64
	for _, rel := range m.relatives(home) {
		h := fnv.New64a()
		h.Write([]byte(rel.name))
		all += h.Sum64() // in any order
	}
	return all
}

// stamped says that a change of a folder after now will show in its time stamp: that it last changed long enough ago.
// File systems stamp with the kernel's tick, some with seconds.
func stamped(st *fileStat, now time.Time) bool {
	window := int64(racyWindow)
	if st.ctime%int64(time.Second) == 0 {
		window = int64(2 * time.Second)
	}
	return now.UnixNano()-st.ctime >= window
}

// problemPath names what a problem is about.
func problemPath(err error) string {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Path
	}
	return ""
}
