package source

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// relative is a neighbour in a folder whose name derives from another's.
type relative struct {
	name     string
	pack     packing
	credible bool
}

// relatives lists the rotated neighbours of a path, by their names. A folder is listed once in a tick.
func (m *Manager) relatives(home string) []relative {
	dir, base := filepath.Split(home)
	index, ok := m.kin[dir]
	if !ok {
		index = map[string][]relative{}
		names, _ := readNames(dir) // a folder that cannot be listed shows no neighbours
		for _, name := range names {
			ps, pack := parents(name)
			for _, p := range ps {
				index[p.name] = append(index[p.name], relative{name, pack, p.credible})
			}
		}
		m.kin[dir] = index
	}
	return index[base]
}

func readNames(dir string) ([]string, error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return d.Readdirnames(-1)
}

// family returns the records that a path and its neighbours may belong to.
func (m *Manager) family(s *source, home string) []*record {
	records := s.relations(home)
	for _, r := range records {
		r.placed, r.far = false, false
	}
	return records
}

// relations returns the records of a path, of those of which it may be a rotated part, and of those that may be rotated
// parts of it, whether or not a file of their name is there now: names shift.
func (s *source) relations(home string) []*record {
	dir, base := filepath.Split(home)
	ps, _ := parents(base)
	var out []*record
	for _, r := range s.byRoot[dir+rootOf(base)] {
		if r.related(home, dir, ps) {
			out = append(out, r)
		}
	}
	return out
}

func (r *record) related(home, dir string, ps []parent) bool {
	return r.home == home || slices.Contains(r.derived, home) ||
		slices.ContainsFunc(ps, func(p parent) bool { return r.home == dir+p.name })
}

// relatedTo says that r is one of the relations of home.
func (r *record) relatedTo(home string) bool {
	dir, base := filepath.Split(home)
	ps, _ := parents(base)
	return r.related(home, dir, ps)
}

// homed returns the records of a path alone.
func (s *source) homed(home string) []*record {
	dir, base := filepath.Split(home)
	var out []*record
	for _, r := range s.byRoot[dir+rootOf(base)] {
		if r.home == home {
			out = append(out, r)
		}
	}
	return out
}

// homes returns all records, by the path to which they belong.
func (s *source) homes() map[string][]*record {
	out := map[string][]*record{}
	for _, records := range s.byRoot {
		for _, r := range records {
			out[r.home] = append(out[r.home], r)
		}
	}
	return out
}

// neighbours opens the rotated neighbours of a watched path, by its own name and by that with links resolved, but for
// those that are open, and those that are known to be read.
func (m *Manager) neighbours(w *watched, home string, records []*record) []*found {
	out := m.neighboursOf(w, home, records)
	if home != w.path {
		out = append(out, m.neighboursOf(w, w.path, records)...)
	}
	return once(out)
}

// once closes what was opened twice, under two names.
func once(files []*found) []*found {
	seen := map[fileKey]bool{}
	return slices.DeleteFunc(files, func(f *found) bool {
		again := seen[f.st.key]
		if again {
			f.file.Close()
		}
		seen[f.st.key] = true
		return again
	})
}

func (m *Manager) neighboursOf(w *watched, home string, records []*record) []*found {
	var out []*found
	for _, rel := range m.relatives(home) {
		path := filepath.Join(filepath.Dir(home), rel.name)
		f, err := m.neighbour(w.src, path, records)
		w.note(path, err)
		if f != nil {
			m.well(w.src, path)
			f.rel = rel
			out = append(out, f)
		}
	}
	return out
}

var errStillEmpty = errors.New("nothing was written yet")

// stillEmpty says that an empty rotated file may yet be written: it was rotated before anybody looked at it, and its
// writer may still have it open.
func (m *Manager) stillEmpty(s *source, st *fileStat) error {
	if m.wall().Sub(time.Unix(0, st.ctime)) < s.opts.RotateWait {
		return errStillEmpty
	}
	return nil
}

// note notes what stood in the way of looking at a neighbour, so that it is looked at again.
func (w *watched) note(path string, err error) {
	w.unsure = w.unsure || vanished(path, err)
	w.blind = w.blind || err != nil && !gone(err)
}

// vanished says that a name that was listed was not there any more when it was to be looked at.
func vanished(path string, err error) bool {
	return err != nil && gone(err) && !errors.Is(missing(path, err), errBrokenLink)
}

// neighbour opens a rotated file, unless it is open, or known to be read: then it returns nil. An error says that it
// could not be looked at.
func (m *Manager) neighbour(s *source, path string, records []*record) (*found, error) {
	st, err := statPath(path)
	if err != nil {
		return nil, err
	}
	if !st.regular() || m.owner[st.key] != nil || m.isDeferred(&st) {
		return nil, nil
	}
	if st.size == 0 {
		return nil, m.stillEmpty(s, &st)
	}
	if r := doneAt(records, &st, path); r != nil {
		r.placed, r.place = true, path
		return nil, nil
	}
	f, err := m.pin(path)
	if err != nil {
		if !gone(err) {
			m.trouble(s, path, err)
		}
		return nil, err
	}
	if m.owner[f.st.key] != nil { // renamed between the two calls
		f.file.Close()
		return nil, nil
	}
	return f, nil
}

// doneAt returns the finished record whose file stands at path.
func doneAt(records []*record, st *fileStat, path string) *record {
	birth := int64(-1)
	for _, r := range records {
		if !r.done(st) {
			continue
		}
		if birth < 0 {
			birth = birthAt(path)
		}
		if sameBirth(r.birth, birth) {
			return r
		}
	}
	return nil
}

// done says that st is the file of a finished record, unchanged in size; unless its inode number was used again, which
// the time of birth tells.
func (r *record) done(st *fileStat) bool {
	return r.gen == nil && r.finished && !r.lost && r.key == st.key && r.size == st.size
}

// strayed looks for what a path led to when it was last followed, where that was elsewhere: a symbolic link that leads
// to another file now. It returns the records in question and the files there.
func (m *Manager) strayed(w *watched, home string) ([]*record, []*found) {
	var records []*record
	homes := map[string]bool{}
	for _, r := range w.src.missing {
		if r.path == w.path && r.home != home && r.home != w.path && r.unfinished() {
			homes[r.home] = true
		}
	}
	var files []*found
	for old := range homes {
		mine := m.family(w.src, old)
		records = append(records, mine...)
		f, err := m.neighbour(w.src, old, mine)
		w.blind = w.blind || err != nil && !gone(err)
		there := m.neighboursOf(w, old, mine)
		if f != nil {
			_, f.rel.pack = packingOf(old)
			there = append(there, f)
		}
		for _, f := range there {
			f.odd, f.home = true, old
		}
		files = append(files, there...)
	}
	return records, files
}

// passedBy opens the files that a link has led to in the meantime, where it is known to have led from one dated file to
// the next: those with a name of the same kind that were made after the last one that was followed, and before the one
// that the link leads to now.
func (m *Manager) passedBy(w *watched, at *found, home string, records []*record) []*found {
	dir, base := filepath.Split(home)
	last := int64(0)
	for _, r := range w.src.byPath[w.path] {
		if r.home != home && r.root == dir+rootOf(base) {
			last = max(last, r.birth)
		}
	}
	if last == 0 || last >= at.birth {
		return nil
	}
	var out []*found
	ps, _ := parents(base)
	for _, p := range ps {
		if !p.credible {
			continue
		}
		for _, rel := range m.relatives(dir + p.name) {
			path := dir + rel.name
			if b := birthAt(path); rel.pack != plain || !rel.credible || b <= last || b >= at.birth {
				continue
			}
			f, err := m.neighbour(w.src, path, records)
			w.note(path, err)
			if f != nil {
				f.rel = rel
				out = append(out, f)
			}
		}
	}
	return once(out)
}

// unfinished says that a record was not read to its end, and that nothing reads it.
func (r *record) unfinished() bool { return r.gen == nil && !r.gone && (!r.finished || r.lost) }
