package source

import (
	"cmp"
	"errors"
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
		w.rotate = s.rotatedPart(w.path)
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
		return
	}
	if _, told := s.told[w.path]; told && s.told[w.path] != ReasonVanished {
		delete(s.told, w.path) // what was wrong with it is gone with it
	}
	if !s.scanned {
		w.late = true
		m.deps.Logger.Info("a file is not there yet: waiting for it", "source", s.opts.Name, "path", w.path)
		return
	}
	if w.since.IsZero() {
		w.since = m.deps.Now()
	}
	if s.finder.named(w.path) && len(s.byPath[w.path]) > 0 && m.deps.Now().Sub(w.since) >= vanishWait {
		m.trouble(s, w.path, err)
	}
}

// problemPath names what a problem is about.
func problemPath(err error) string {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Path
	}
	return ""
}
