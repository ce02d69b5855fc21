package source

import (
	"cmp"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
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
			w = &watched{src: s, path: p, late: s.scanned}
			s.watched[p] = w
		}
		w.listed = true
	}
	s.order = s.order[:0]
	for p, w := range s.watched {
		if !w.listed && w.gen == nil {
			delete(s.watched, p)
			continue
		}
		s.order = append(s.order, w)
	}
	slices.SortFunc(s.order, func(a, b *watched) int { return cmp.Compare(a.path, b.path) })
	for _, w := range s.order {
		w.rotate = s.rotatedPart(w.path)
	}
}

// rotatedPart says that the name of a path derives from another watched path.
func (s *source) rotatedPart(p string) bool {
	dir, name := filepath.Split(p)
	ps, _ := parents(name)
	return slices.ContainsFunc(ps, func(q parent) bool { return s.watched[dir+q.name] != nil })
}

// absent deals with a path under which nothing stands.
func (m *Manager) absent(w *watched, err error) {
	if errors.Is(err, errBrokenLink) {
		m.trouble(w.src, w.path, err)
		return
	}
	if _, told := w.src.told[w.path]; !told && !w.late && !w.src.scanned {
		m.deps.Logger.Info("a file is not there yet: waiting for it", "source", w.src.opts.Name, "path", w.path)
	}
}

// problemPath names what a problem is about.
func problemPath(err error) string {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Path
	}
	return ""
}
