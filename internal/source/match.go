package source

import (
	"os"
	"slices"
)

// matchInodes finds the records whose inode is still there, with what was read in it. Of several records of one inode
// the one that has read most of it counts.
func matchInodes(files []*found, records []*record) {
	for _, f := range files {
		if f.rel.pack != plain {
			continue
		}
		for _, r := range records {
			if r.gen != nil || !r.sameInode(f.st.key, f.birth) || taken(files, r) {
				continue
			}
			v := r.pos.compare(f.file, f.st.size)
			if v == differs {
				f.renewed = r
			} else if f.betterThan(r, v) {
				f.rec, f.cut = r, v == shorter
			}
		}
		if f.cut {
			f.renewed = f.rec
		}
	}
}

// matchCut finds the files that lost their end and grew again: beyond the head something agrees, and what was read is
// nowhere else as a whole.
func (m *Manager) matchCut(files []*found) {
	for _, f := range files {
		r := f.renewed
		if r == nil || f.rec != nil || f.base != nil || f.pending || taken(files, r) {
			continue
		}
		if pos := m.posOf(r); !pos.whole(files) {
			if _, _, ok := pos.afterCut(f.file, f.st.size); ok {
				f.rec, f.cut = r, true
			}
		}
	}
}

// whole says that one of the files holds all that was read.
func (p *position) whole(files []*found) bool {
	return slices.ContainsFunc(files, func(f *found) bool {
		return f.rel.pack == plain && p.compare(f.file, f.st.size) == contains
	})
}

// betterThan says that r, which fits as v says, fits better than what f has.
func (f *found) betterThan(r *record, v verdict) bool {
	switch {
	case f.rec == nil:
		return true
	case f.cut != (v == shorter):
		return f.cut
	}
	return r.pos.offset > f.rec.pos.offset
}

// matchContents finds the records whose content stands in another inode now: copies, and files that were moved between
// file systems.
func (m *Manager) matchContents(files []*found, records []*record, home string) {
	for _, f := range files {
		if f.rec != nil || f.rel.pack != plain {
			continue
		}
		name := f.path
		if f.live {
			name = home
		}
		for _, r := range records {
			m.match(f, r, files, r.home == name)
		}
	}
}

// match compares a file with one record. own says that the record was taken under the file's own name: then the file is
// no copy that rotation made, and what is alike in a few bytes only is a new log that begins like the old one.
func (m *Manager) match(f *found, r *record, files []*found, own bool) {
	pos := m.posOf(r)
	if r.far && (pos.weak() || f.st.size < windowLen) {
		return
	}
	if pos.weak() && (own || r.placed) || r.onlyWhole(&pos) && pos.offset != f.st.size {
		return
	}
	v := pos.compare(f.file, f.st.size)
	switch {
	case r.gen != nil && own:
		if v == contains && r.gen.stage == retiring {
			m.matchReplaced(f, r)
		}
	case r.gen != nil || taken(files, r):
		f.pending = f.pending || v == contains || v == shorter
	case v == contains && r.placed:
		if f.base == nil || pos.offset > f.base.pos.offset {
			f.base = r
		}
	case v == contains && (f.rec == nil || pos.offset > f.rec.pos.offset):
		f.rec = r
	case v == shorter && !own:
		f.read = true
	}
}

// matchReplaced deals with a file that was put in the place of another with all that was read of that: an editor saves
// that way. It is read from where the other was read to. What the other holds beyond that is in the new one too, or is
// still to be read there.
func (m *Manager) matchReplaced(f *found, r *record) {
	old := r.gen
	m.mu.Lock()
	busy := old.busy || old.queued || old.reported
	m.mu.Unlock()
	if busy {
		f.pending = true // until it stands still
		return
	}
	f.base = r
	all, err := positionAt(old.file, old.seen.size)
	if err == nil && all.compare(f.file, f.st.size) == contains {
		m.abandonRest(old)
	}
}

// matchOpen finds the copies of files of which nothing, or next to nothing, was read yet, so that no proof tells them.
func (m *Manager) matchOpen(files []*found, records []*record) {
	for _, f := range files {
		if f.live || f.rec != nil || f.base != nil || f.read || f.pending || f.rel.pack != plain {
			continue
		}
		all, err := positionAt(f.file, f.st.size)
		if err != nil {
			continue // it became shorter
		}
		f.pending = slices.ContainsFunc(records, func(r *record) bool { return r.gen != nil && r.gen.holdsAll(&all) }) ||
			slices.ContainsFunc(files, func(x *found) bool { return x.live && x.rel.pack == plain && holdsAll(x.file, &all) })
	}
}

// matchHollow leaves a rotated file alone of which there is nothing but NULs: it may be the copy of a hole that is being
// made, and as long as it holds nothing else, nothing tells of what it is a copy.
func (m *Manager) matchHollow(w *watched, files []*found) {
	for _, f := range files {
		if f.live || f.rec != nil || f.base != nil || f.read || f.pending || f.rel.pack != plain {
			continue
		}
		all, err := positionAt(f.file, f.st.size)
		var nuls [windowLen]byte
		hollow := err == nil && all.hollow() && all.head == sumOf(nuls[:all.headLen])
		if hollow && m.wall().UnixNano()-f.st.mtime < int64(goneWait) {
			f.pending, w.unsure = true, true
		}
	}
}

// holdsAll says that an open file holds all that another does.
func (g *generation) holdsAll(all *position) bool {
	return g.file != nil && g.packed == nil && holdsAll(g.file, all)
}

func holdsAll(file *os.File, all *position) bool {
	st, err := statFile(file)
	return err == nil && (!all.tiny() || all.offset == st.size) && all.compare(file, st.size) == contains
}

// onlyWhole says that so little was read of r that only a file that holds just that is taken for it. Where reading was
// not finished and the file is gone, it must be somewhere, and that little is enough.
func (r *record) onlyWhole(pos *position) bool {
	return pos.tiny() && r.gen == nil && r.finished && !r.lost
}

func taken(files []*found, r *record) bool {
	return slices.ContainsFunc(files, func(f *found) bool { return f.rec == r })
}
