package source

import (
	"os"
	"path/filepath"
	"slices"
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
	records := m.familyOf(s, home)
	for _, r := range records {
		r.placed = false
	}
	return records
}

func (m *Manager) familyOf(s *source, home string) []*record {
	records := slices.Clone(s.byHome[home])
	dir, base := filepath.Split(home)
	ps, _ := parents(base)
	for _, p := range ps {
		records = append(records, s.byHome[dir+p.name]...)
	}
	for _, rel := range m.relatives(home) {
		records = append(records, s.byHome[dir+rel.name]...)
	}
	return records
}

// neighbours opens the rotated neighbours of a path, but for those that are open, and those that are known to be read.
func (m *Manager) neighbours(s *source, home string, records []*record) []*found {
	var out []*found
	for _, rel := range m.relatives(home) {
		if f := m.neighbour(s, filepath.Join(filepath.Dir(home), rel.name), records); f != nil {
			f.rel = rel
			out = append(out, f)
		}
	}
	return out
}

func (m *Manager) neighbour(s *source, path string, records []*record) *found {
	st, err := statPath(path)
	if err != nil || !st.regular() || st.size == 0 || m.owner[st.key] != nil {
		return nil
	}
	done := slices.IndexFunc(records, func(r *record) bool { return r.done(st) })
	if done >= 0 && sameBirth(records[done].birth, birthAt(path)) {
		records[done].placed, records[done].place = true, path
		return nil
	}
	f, err := m.pin(path)
	if err != nil {
		if !gone(err) {
			m.trouble(s, path, err)
		}
		return nil
	}
	if m.owner[f.st.key] != nil { // renamed between the two calls
		f.file.Close()
		return nil
	}
	return f
}

// done says that st is the file of a finished record, unchanged in size; unless its inode number was used again, which
// the time of birth tells.
func (r *record) done(st fileStat) bool {
	return r.gen == nil && r.finished && r.key == st.key && r.size == st.size
}

// strayed looks for what a path led to when it was last followed, where that was elsewhere: a symbolic link that leads
// to another file now. It returns the records in question and the files there.
func (m *Manager) strayed(w *watched, home string) ([]*record, []*found) {
	var records []*record
	homes := map[string]bool{}
	for _, r := range w.src.byPath[w.path] {
		if r.home != home && r.gen == nil && !r.finished {
			records = append(records, r)
			homes[r.home] = true
		}
	}
	var files []*found
	for old := range homes {
		if f := m.neighbour(w.src, old, records); f != nil {
			files = append(files, f)
		}
		for _, f := range m.neighbours(w.src, old, records) {
			if f.rel.pack == plain {
				files = append(files, f)
			} else {
				f.file.Close()
			}
		}
	}
	for _, f := range files {
		f.odd = true
	}
	return records, files
}
