package source

import (
	"bytes"
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
	if pos.weak() && (own || r.placed) {
		return
	}
	v := pos.compare(f.file, f.st.size)
	switch {
	case r.gen != nil && own:
		if v == contains && r.gen.stage == retiring {
			m.matchReplaced(f, r)
		}
	case r.gen != nil:
		f.pending = f.pending || v == contains || v == shorter || v == unproven && r.sameBeginning(f)
	case v == contains && r.placed:
		if f.base == nil || pos.offset > f.base.pos.offset {
			f.base = r
		}
	case v == contains && !taken(files, r) && (f.rec == nil || pos.offset > f.rec.pos.offset):
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

// sameBeginning says that the open file of a record of which nothing was read yet begins like f.
func (r *record) sameBeginning(f *found) bool {
	if r.gen.file == nil || r.gen.packed != nil {
		return false
	}
	var a, b [windowLen]byte
	n, _ := r.gen.readAt(a[:], 0)
	k, _ := f.file.ReadAt(b[:], 0)
	n = min(n, k)
	return n > 0 && bytes.Equal(a[:n], b[:n])
}

func taken(files []*found, r *record) bool {
	return slices.ContainsFunc(files, func(f *found) bool { return f.rec == r })
}
