package source

import (
	"context"
	"path/filepath"
	"slices"
)

// unknown is a compressed neighbour of which is not known yet whether its content was read before it was packed. To find
// out, all of it must be decompressed, which one goroutine of its own does, one file after the other: neither live files
// nor memory pay for it.
type unknown struct {
	records    []*record
	far        []*record // those of other logs
	candidates []candidate
	fresh      bool // never seen, it is to be read
	is         *identity
}

// admitPacked opens a generation on a compressed file. What it is, is found out when its turn comes.
func (m *Manager) admitPacked(w *watched, f *found, home string, known bool, records []*record) *generation {
	fresh := f.live && !m.startsAtEnd(w, known) || !f.live && !f.odd && m.fresh(w, f, known)
	records = union(records, w.src.relations(home)) // some were made a moment ago
	if !fresh && len(records) == 0 {
		m.fileAway(m.newRecord(w.src, w.path, home), f)
		return nil
	}
	g := m.enrollPacked(w.src, f, w.path, home, fresh, records)
	if f.live {
		w.gen, g.watched = g, w
	}
	return g
}

func (m *Manager) enrollPacked(s *source, f *found, path, home string, fresh bool, records []*record) *generation {
	// The record is provisional: it belongs to no family, and is written only once it is known what it is for.
	g := m.enroll(f, &record{source: s.opts.Name, path: path, home: home, provisional: true}, s, path, home)
	g.stage = retiring
	g.packed = newPacked(f, s.opts.MaxLine)
	g.unknown = &unknown{records: records, fresh: fresh}
	for _, r := range records {
		if r.far {
			g.unknown.far = append(g.unknown.far, r)
		}
	}
	m.unknowns[g] = struct{}{}
	m.mu.Lock()
	defer m.mu.Unlock()
	g.size = 0
	return g
}

// ask notes what the content is to be compared with. m.mu is held.
func (u *unknown) ask() {
	u.candidates = u.candidates[:0]
	for _, r := range u.records {
		u.candidates = append(u.candidates, candidate{r.pos, r.onlyWhole(&r.pos)})
	}
}

func (w *worker) identify(ctx context.Context, t turn) (outcome, error) {
	p := t.g.packed
	p.stop = ctx
	if p.size != t.disk {
		p.release() // it was still being written
		p.size = t.disk
	}
	is, err := p.identify(t.identify.candidates)
	if err != nil {
		p.release()
		return failed, err
	}
	t.identify.is = is
	return identified, nil
}

// identified decides what is to be done with a compressed file, now that its content is known.
func (m *Manager) identified(g *generation) {
	u := g.unknown
	if len(u.records) > len(u.is.verdicts) {
		m.enqueue(g) // others came meanwhile
		return
	}
	g.unknown = nil
	delete(m.unknowns, g)
	total := u.is.all.offset
	r, open, read := u.decide()
	if open != nil {
		m.deferred[g.key] = deferral{g.disk, open, g.path}
		m.finish(g)
		return
	}
	if r == nil && !read {
		r = g.src.opened(g.home, total)
	}
	if r == nil {
		r = m.newRecord(g.src, g.path, g.home)
		if read {
			r.pos, r.resume = u.is.all, total
		}
	} else {
		read = r.finished && r.pos.offset >= total
		if r.key == (fileKey{}) {
			m.markCopy(r) // the original was truncated
		}
		if o := m.orphanOf(r); o != nil {
			m.resolve(o, total)
		}
	}
	m.assign(g, r, total, read)
	if read {
		m.finish(g)
	} else {
		m.enqueue(g)
	}
}

// decide returns the record that the file continues, or else the one of an open file that has, or will have, read all
// in it, or else whether all in it counts as read.
func (u *unknown) decide() (best, open *record, read bool) {
	read = !u.fresh
	total := u.is.all.offset
	for i, v := range u.is.verdicts {
		r := u.records[i]
		switch {
		case slices.Contains(u.far, r) && (r.pos.weak() || total < windowLen):
		case v == contains && r.gen != nil:
			open = r
		case v == contains && (best == nil || r.pos.offset > best.pos.offset):
			best = r
		case v == shorter:
			read = true
		case v == unproven && r.gen != nil && r.gen.holdsAll(&u.is.all):
			open = r // nothing was read of it yet
		}
	}
	return best, open, read
}

// assign gives a generation its real record.
func (m *Manager) assign(g *generation, r *record, total int64, read bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	size := total // what it is held against if it goes before it is read
	if read {
		size = g.disk
	}
	r.gen, r.key, r.birth, r.size, r.finished, r.lost = g, g.key, g.rec.birth, size, read, false
	g.rec, g.at, g.counted, g.shown, g.size = r, r.pos, r.pos.offset, r.shown, total
	g.at.offset = r.resume // its proof is not looked at: nobody writes into a compressed file
	m.touch(r)
}

// deferral is a compressed copy of a file that is open. It is looked at again when that is read to its end: noted as read
// before, it would be taken as read although the rest of its original, which may be deleted by now, was not.
type deferral struct {
	size int64 // of the compressed file
	rec  *record
	path string
}

func (m *Manager) isDeferred(st *fileStat) bool {
	d, ok := m.deferred[st.key]
	return ok && d.size == st.size && d.rec.gen != nil
}

// tendDeferred has the compressed copies looked at whose originals are not open any more.
func (m *Manager) tendDeferred() {
	for key, d := range m.deferred {
		if d.rec.gen != nil {
			continue
		}
		delete(m.deferred, key)
		if s := m.source(d.rec.source); s != nil && s.watched[d.path] != nil {
			s.watched[d.path].unsure = true
		}
	}
}

// identifying says that a compressed neighbour of home is being decompressed to find out what it is, and whether one
// cannot be, because it is damaged or not complete yet.
func (m *Manager) identifying(s *source, home string) (busy, broken bool) {
	dir, base := filepath.Split(home)
	root := dir + rootOf(base)
	for g := range m.unknowns {
		dir, base := filepath.Split(g.home)
		if g.src == s && dir+rootOf(base) == root {
			busy, broken = busy || !g.broken, broken || g.broken
		}
	}
	return busy, broken
}
