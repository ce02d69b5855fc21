package source

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// found is a file that a survey has opened.
type found struct {
	path  string
	file  *os.File
	st    fileStat
	birth int64
	rel   relative
	live  bool    // the watched path itself leads to it
	rec   *record // what it continues; nil: nothing that the state knows
	cut   bool    // it holds only the beginning of what was read of rec
	read  bool    // all in it is read, or is being read elsewhere
}

// relative is a neighbour in a folder whose name derives from another's.
type relative struct {
	name     string
	pack     packing
	credible bool
}

// relatives lists the rotated neighbours of a path, by their names.
func (m *Manager) relatives(home string) []relative {
	dir, base := filepath.Split(home)
	index, ok := m.kin[dir]
	if !ok {
		index = map[string][]relative{}
		entries, _ := readNames(dir) // a folder that cannot be listed shows no neighbours
		for _, name := range entries {
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

// arrive is called when a path leads to a file that is not followed under it.
func (m *Manager) arrive(w *watched) {
	f, err := m.pin(w.path)
	if err != nil {
		m.leave(w)
		m.trouble(w.src, w.path, missing(w.path, err))
		return
	}
	f.live = true
	if w.gen != nil && w.gen.key == f.st.key {
		f.file.Close() // it came back between two looks
		return
	}
	m.leave(w)
	if g := m.owner[f.st.key]; g != nil {
		f.file.Close()
		m.shared(w, g)
		return
	}
	if w.src.files >= w.src.opts.MaxFiles {
		f.file.Close()
		m.trouble(w.src, w.path, &os.PathError{Op: "follow", Path: w.path, Err: errTooMany})
		return
	}
	m.well(w.src, w.path)
	w.alias = fileKey{}
	m.survey(w, f)
}

// shared deals with a path that leads to a file which is followed already.
func (m *Manager) shared(w *watched, g *generation) {
	switch {
	case g.src != w.src:
		m.trouble(w.src, w.path, &os.PathError{Op: "follow", Path: w.path, Err: errDuplicate})
	case g.path == w.path && g.stage == retiring:
		m.come(w, g)
		return
	}
	w.alias = g.key
}

func (m *Manager) pin(path string) (*found, error) {
	f, st, err := openPinned(path)
	if err != nil {
		return nil, err
	}
	return &found{path: path, file: f, st: st, birth: birthTime(f)}, nil
}

// survey finds out what a new file is, together with its rotated neighbours: which of them are known by their content,
// and which were never seen. Older parts are read first.
func (m *Manager) survey(w *watched, at *found) {
	home := w.path
	if real, err := filepath.EvalSymlinks(w.path); err == nil {
		home = real
	}
	records := m.family(w.src, home)
	files := append([]*found{at}, m.neighbours(w.src, home, records)...)
	matchInodes(files, records)
	matchContents(files, records)

	knownPath := len(records) > 0
	var older []*generation
	slices.SortStableFunc(files, func(a, b *found) int {
		if a.live != b.live {
			return cmp.Compare(btoi(a.live), btoi(b.live))
		}
		return cmp.Compare(a.st.mtime, b.st.mtime)
	})
	for _, f := range files {
		g := m.admit(w, f, home, knownPath)
		if g == nil {
			continue
		}
		g.after = slices.Clone(older)
		older = append(older, g)
		m.mu.Lock()
		g.state = stateOf(g)
		m.mu.Unlock()
		m.enqueue(g)
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// family returns the records that a path and its neighbours may belong to.
func (m *Manager) family(s *source, home string) []*record {
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

// neighbours opens the rotated neighbours of a path, but for those that are known to be read.
func (m *Manager) neighbours(s *source, home string, records []*record) []*found {
	var out []*found
	dir := filepath.Dir(home)
	for _, rel := range m.relatives(home) {
		path := filepath.Join(dir, rel.name)
		st, err := statPath(path)
		if err != nil || !st.regular() || st.size == 0 || m.owner[st.key] != nil || rel.pack != plain {
			continue
		}
		if slices.ContainsFunc(records, func(r *record) bool { return r.done(st) }) {
			continue
		}
		f, err := m.pin(path)
		if err != nil {
			m.trouble(s, path, err)
			continue
		}
		f.rel = rel
		out = append(out, f)
	}
	return out
}

// done says that st is the file of a finished record, unchanged in size.
func (r *record) done(st fileStat) bool {
	return r.finished && r.gen == nil && r.key == st.key && r.size == st.size
}

// matchInodes finds the records whose inode is still there, with what was read in it.
func matchInodes(files []*found, records []*record) {
	for _, f := range files {
		for _, r := range records {
			if r.gen != nil || !r.sameInode(f.st.key, f.birth) || taken(files, r) {
				continue
			}
			switch r.pos.compare(f.file, f.st.size) {
			case contains, unproven:
				f.rec = r
			case shorter:
				f.rec, f.cut = r, true
			}
		}
	}
}

// matchContents finds the records whose content is in another inode now: copies, and files that were moved between file
// systems.
func matchContents(files []*found, records []*record) {
	for _, f := range files {
		if f.rec != nil {
			continue
		}
		var best *record
		for _, r := range records {
			if f.live && r.pos.weak() {
				continue // a new log that begins like the old one
			}
			switch v := r.pos.compare(f.file, f.st.size); {
			case v == contains && r.gen != nil, v == shorter && !f.live:
				f.read = true // a copy of a file that is open, or of a part of what was read
			case v == contains && !taken(files, r) && (best == nil || r.pos.offset > best.pos.offset):
				best = r
			}
		}
		if best != nil {
			f.rec, f.read = best, false
		}
	}
}

func taken(files []*found, r *record) bool {
	return slices.ContainsFunc(files, func(f *found) bool { return f.rec == r })
}

// admit opens a generation on a found file, or notes that there is nothing to read in it.
func (m *Manager) admit(w *watched, f *found, home string, knownPath bool) *generation {
	r := f.rec
	switch {
	case r == nil && f.live:
		r = m.newRecord(w.src, w.path, home)
		if m.startsAtEnd(w, knownPath) {
			m.takeAsRead(r, f)
		}
	case r == nil:
		r = m.newRecord(w.src, w.path, home)
		if f.read || !m.fresh(w, f, knownPath) {
			m.takeAsRead(r, f)
			m.fileAway(r, f)
			return nil
		}
	case f.cut:
		m.takeAsRead(r, f)
	}
	if !f.live && r.finished && r.pos.offset == f.st.size {
		m.fileAway(r, f)
		return nil
	}
	if f.rec != nil && !f.live && !r.sameInode(f.st.key, f.birth) && r.key != (fileKey{}) {
		r.copy = true
	}
	g := m.enroll(f, r, w.src, w.path, home)
	if f.live {
		w.gen, g.watched = g, w
		return g
	}
	g.stage = retiring
	if r.copy {
		g.stage = copied
	}
	m.mu.Lock()
	g.retired = true
	m.mu.Unlock()
	return g
}

// startsAtEnd says that what is in a new file is not wanted.
func (m *Manager) startsAtEnd(w *watched, knownPath bool) bool {
	return w.src.opts.Start == StartEnd && !w.src.known && !w.late && !knownPath
}

// mtimeSlack is how far a rotated file's time may be before what is known to have been looked after, and the file still
// counts as written since: clocks are set, and copies keep old times.
const mtimeSlack = 24 * time.Hour

// fresh says that a neighbour that was never seen was written while nobody looked, and is not history from before.
func (m *Manager) fresh(w *watched, f *found, knownPath bool) bool {
	if !f.rel.credible || !w.src.known {
		return false
	}
	since := w.src.alive
	if knownPath {
		since = since.Add(-mtimeSlack)
	}
	return f.st.mtime >= since.UnixNano()
}

// takeAsRead puts a record at the end of a file.
func (m *Manager) takeAsRead(r *record, f *found) {
	p, err := positionAt(f.file, f.st.size)
	if err != nil {
		return // it became shorter: it is read as it is
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	r.pos, r.resume = p, p.offset
}

// fileAway notes where the content of a record is now, and that it is read.
func (m *Manager) fileAway(r *record, f *found) {
	f.file.Close()
	m.mu.Lock()
	defer m.mu.Unlock()
	r.key, r.birth, r.size, r.finished = f.st.key, f.birth, f.st.size, true
	m.touch(r)
}
