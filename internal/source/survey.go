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
	rel   relative // how its name derives; zero for the watched path itself
	live  bool     // the watched path leads to it
	odd   bool     // it stands elsewhere: it is of interest only for what it continues
	home  string   // the path to which it belongs, where that is not the one that is surveyed

	rec     *record // what it continues; nil: nothing that the state knows
	cut     bool    // it holds only the beginning of what was read of rec
	base    *record // it goes on from where that was read to, beside it
	read    bool    // all in it was read
	pending bool    // it is a copy, as it stands, of a file that is open
	renewed *record // its inode is that of this record, its content is not
	anew    bool    // and that record was not read to its end: it was truncated, and is to be read from its beginning
}

// pin opens a file for a survey.
func (m *Manager) pin(path string) (*found, error) {
	f, st, err := openPinned(path)
	if err != nil {
		return nil, err
	}
	return &found{path: path, file: f, st: st, birth: birthTime(f)}, nil
}

// allPaths stands for the path in a trouble that is not that of one path, so that thousands of them are told once.
const allPaths = ""

// arrive is called when a path leads to a file that is not followed under it.
func (m *Manager) arrive(w *watched) {
	if w.gen == nil && w.src.files >= w.src.opts.MaxFiles {
		m.trouble(w.src, allPaths, &os.PathError{Op: "follow", Path: w.path, Err: errTooMany})
		return
	}
	f, err := m.pin(w.path)
	if err != nil {
		m.leave(w)
		switch err = missing(w.path, err); {
		case gone(err): // between two calls: the next tick sees it
		case reasonOf(err) == ReasonOpenFiles:
			m.trouble(w.src, allPaths, err)
		default:
			m.trouble(w.src, w.path, err)
		}
		return
	}
	delete(w.src.told, allPaths)
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
	m.well(w.src, w.path)
	w.alias, w.read = fileKey{}, -1
	f.live = true
	if _, f.rel.pack = packingOf(w.path); f.rel.pack != plain && m.readBefore(w, f) {
		return
	}
	if m.isDeferred(&f.st) {
		f.file.Close()
		w.alias, w.read = f.st.key, -1
		return
	}
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
	w.alias, w.read = g.key, -1
}

// readBefore says that a compressed file was read to its end, and keeps that in mind.
func (m *Manager) readBefore(w *watched, f *found) bool {
	for _, r := range m.family(w.src, resolved(w.path)) {
		if r.done(&f.st) && sameBirth(r.birth, f.birth) {
			f.file.Close()
			w.alias, w.read = f.st.key, f.st.size
			return true
		}
	}
	return false
}

// survey finds out what a new file is, together with its rotated neighbours: which of them are known by their content,
// and which were never seen. Older parts are read first. at is nil where nothing stands under the path now.
func (m *Manager) survey(w *watched, at *found) {
	home := resolved(w.path)
	w.home, w.pending, w.unsure, w.blind = home, false, false, false
	records := m.family(w.src, home)
	if home != w.path {
		records = union(records, m.family(w.src, w.path))
	}
	known := len(records) > 0
	files := m.neighbours(w, home, records)
	if at != nil {
		w.birth = at.birth
		files = append([]*found{at}, files...)
		files = append(files, m.passedBy(w, at, home, records)...)
	}
	strayed, elsewhere := m.strayed(w, home)
	files = append(append(files, elsewhere...), m.movedAway(w, home, records)...)
	records, files = union(records, strayed), once(files)
	records = w.src.withMissing(records)

	matchInodes(files, records)
	m.matchContents(files, records, home)
	m.matchOpen(files, records)
	m.matchHollow(w, files)
	m.matchCut(files)
	m.noteRenewed(files)
	for _, f := range files {
		if f.rec != nil {
			f.rec.placed = true
		}
	}
	slices.SortStableFunc(files, byAge)

	var older []*generation
	for _, f := range files {
		g := m.admit(w, f, cmp.Or(f.home, home), known, records)
		if g == nil {
			continue
		}
		if g.after = slices.Clone(older); len(older) > 0 {
			m.behind++
		}
		older = append(older, g)
		m.setOff(g)
	}
}

// setOff lets the reading of a generation begin.
func (m *Manager) setOff(g *generation) {
	m.mu.Lock()
	defer m.mu.Unlock()
	g.retired = g.stage != live
	g.state = stateOf(g)
	m.enqueueLocked(g)
}

// maxLinks is how many links that lead to each other are followed, as the system does it.
const maxLinks = 40

// resolved follows the links in a path, also where what they lead to is not there: it may be between being renamed and
// being made again.
func resolved(path string) string {
	to := path
	for range maxLinks {
		if real, err := filepath.EvalSymlinks(to); err == nil {
			return real
		}
		next, err := os.Readlink(to)
		if err != nil {
			if dir, err := filepath.EvalSymlinks(filepath.Dir(to)); err == nil {
				return filepath.Join(dir, filepath.Base(to))
			}
			return to
		}
		if !filepath.IsAbs(next) {
			next = filepath.Join(filepath.Dir(to), next)
		}
		to = next
	}
	return path
}

func union(a, b []*record) []*record {
	for _, r := range b {
		if !slices.Contains(a, r) {
			a = append(a, r)
		}
	}
	return a
}

// byAge puts rotated files before the one that is written, and older ones first.
func byAge(a, b *found) int {
	if a.live != b.live {
		if a.live {
			return 1
		}
		return -1
	}
	return cmp.Or(cmp.Compare(a.st.mtime, b.st.mtime), cmp.Compare(a.birth, b.birth))
}

// noteRenewed lets go of the inode of records whose file was truncated and written anew while nobody looked.
func (m *Manager) noteRenewed(files []*found) {
	for _, f := range files {
		r := f.renewed
		if r == nil || f.rec != nil && !f.cut {
			continue
		}
		m.mu.Lock()
		f.anew = f.rec == nil && f.base == nil && !f.read && !r.finished
		if r.key == f.st.key && f.rec != r {
			r.key = fileKey{}
			m.touch(r)
		}
		if s := m.source(r.source); s != nil && f.live && !r.finished {
			s.stats.Truncations++
		}
		m.mu.Unlock()
	}
}

// admit opens a generation on a found file, or notes that there is nothing to read in it. It returns nil where nothing
// is to be read, or not yet.
func (m *Manager) admit(w *watched, f *found, home string, known bool, records []*record) *generation {
	switch {
	case f.pending:
		f.file.Close()
		if f.live {
			w.alias, w.read = f.st.key, -1 // it is looked at again with the next tick
		}
		w.pending = true
		return nil
	case f.rel.pack != plain:
		return m.admitPacked(w, f, home, known, records)
	case f.rec == nil && f.odd && !f.anew:
		f.file.Close()
		return nil
	}
	r, read := m.recordFor(w, f, home, known)
	if read && !f.live {
		m.fileAway(r, f)
		return nil
	}
	if !f.live && (f.rec == nil && !f.anew && m.madeAfter(f, w) || f.rec != nil && !r.sameInode(f.st.key, f.birth)) {
		m.markCopy(r)
	}
	return m.follow(w, f, r, home)
}

// recordFor returns the record of a found file, a new one where the state knows nothing of it, and whether all in the
// file counts as read.
func (m *Manager) recordFor(w *watched, f *found, home string, known bool) (*record, bool) {
	r := f.rec
	if r == nil && f.base != nil {
		r = m.newRecord(w.src, w.path, home)
		r.pos = m.posOf(f.base)
		r.resume = r.pos.offset
		return r, r.pos.offset == f.st.size
	}
	if r == nil {
		if f.read || f.live && m.startsAtEnd(w, known) || !f.live && !f.anew && !m.fresh(w, f, known) {
			r = m.newRecord(w.src, w.path, home)
			m.takeAsRead(r, f)
			return r, true
		}
		if r = w.src.opened(home, f.st.size); r != nil && !f.live {
			return r, false
		}
		return m.newRecord(w.src, w.path, home), false
	}
	if f.cut {
		m.takeAfterCut(r, f)
	}
	return r, r.finished && r.pos.offset == f.st.size
}

// opened returns the record of a missing file of which nothing was read yet: where a file of the same log turns up that
// is to be read from its beginning, and is at least as long, it is taken for that one.
func (s *source) opened(home string, size int64) (best *record) {
	for _, r := range s.missing {
		if r.home == home && r.unfinished() && !r.placed && r.pos.offset == 0 && r.size <= size && (best == nil || r.size > best.size) {
			best = r
		}
	}
	return best
}

// madeAfter says that a neighbour is younger than the file that is written now: so it never was that file, and is a copy.
func (m *Manager) madeAfter(f *found, w *watched) bool {
	return f.birth != 0 && w.birth != 0 && f.birth > w.birth
}

// follow opens the generation.
func (m *Manager) follow(w *watched, f *found, r *record, home string) *generation {
	g := m.enroll(f, r, w.src, w.path, home)
	switch {
	case f.live:
		w.gen, g.watched = g, w
	case r.copy:
		g.stage = copied
	default:
		g.stage = retiring
	}
	return g
}

// startsAtEnd says that what is in a file that was there when its source was new is not wanted.
func (m *Manager) startsAtEnd(w *watched, known bool) bool {
	return w.src.opts.Start == StartEnd && w.src.virgin && !w.late && !known
}

// mtimeSlack is how much older than the last moment that a path is known to have been looked after a rotated file may
// be, and still count as written since: clocks are set, and copies keep old times.
const mtimeSlack = 24 * time.Hour

// fresh says that a neighbour that was never seen was written while nobody looked, and is not history from before.
func (m *Manager) fresh(w *watched, f *found, known bool) bool {
	if x := w.src.watched[f.path]; x != nil && x.listed {
		return !m.startsAtEnd(x, known) // it is asked for by name
	}
	since := w.from.Add(-racyWindow)
	if known {
		since = since.Add(-mtimeSlack)
	}
	return f.rel.credible && f.st.mtime >= since.UnixNano()
}

// takeAsRead puts a record at the end of a file.
func (m *Manager) takeAsRead(r *record, f *found) {
	old := m.posOf(r)
	p, err := old.cutAt(f.file, f.st.size)
	if err != nil {
		return // it became shorter: it is read as it is
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	r.pos, r.resume = p, p.offset
}

// takeAfterCut puts a record at the place from which on a file that lost its end is to be read.
func (m *Manager) takeAfterCut(r *record, f *found) {
	old := m.posOf(r)
	p, skipped, ok := old.afterCut(f.file, f.st.size)
	if !ok {
		m.takeAsRead(r, f)
		return
	}
	m.mu.Lock()
	r.pos, r.resume, r.shown = p, p.offset, min(r.shown, p.offset)
	m.mu.Unlock()
	m.deps.Logger.Warn("a file lost its end while it was not followed", "path", f.path, "read", old.offset, "from", p.offset)
	m.lost(m.source(r.source), r.path, skipped, "cut")
}

// fileAway notes where the content of a record is now, and that it is read.
func (m *Manager) fileAway(r *record, f *found) {
	f.file.Close()
	m.mu.Lock()
	defer m.mu.Unlock()
	r.key, r.birth, r.size, r.finished, r.lost = f.st.key, f.birth, f.st.size, true, false
	r.place = f.path
	m.touch(r)
}
