package source

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/errwatch/errwatch/internal/store"
)

// forgetAfter is how long the record of a file that is nowhere to be found is kept. It may come back: a mount that was
// missing, a copy that somebody restores.
const forgetAfter = 7 * 24 * time.Hour

// record is what the state knows of one generation. Fields from pos on, and gen, are guarded by Manager.mu; the others
// are the scheduler's.
type record struct {
	id          int64 // of the row
	source      string
	path        string    // under which it was followed
	home        string    // the same with links resolved: the family it belongs to
	birth       int64     // of the inode, 0 where unknown
	root        string    // home without all that rotation adds to a name
	derived     []string  // the homes of which this may be a rotated part
	missed      time.Time // since when its file is missing, while it is not read to its end
	place       string    // where its finished file was last seen, "" where unknown
	far         bool      // during a survey: it is of another log, and missing
	placed      bool      // during a survey: its file is there
	copy        bool      // this inode is a copy: its last, unterminated line is a fragment
	gen         *generation
	provisional bool // it is not for the state yet

	key      fileKey
	pos      position
	resume   int64 // reading starts again here: records that wait to be joined begin at it
	shown    int64 // what of these stood before it was handed out at a pause
	size     int64 // when last looked at
	finished bool
	lost     bool // finished because its file was nowhere to be found: if it turns up, it is read on
	gone     bool // the row is to be deleted
	updated  time.Time
	version  uint64 // grows with each change
	saved    uint64 // the version that is in the state
}

// sameInode says that f, born at birth, is the inode that r was taken on. The device number is only a hint: it may
// change with a reboot.
func (r *record) sameInode(key fileKey, birth int64) bool {
	if r.key.ino != key.ino || r.key == (fileKey{}) {
		return false
	}
	if r.birth != 0 && birth != 0 {
		return r.birth == birth
	}
	return r.key.dev == key.dev
}

func sameBirth(a, b int64) bool { return a == b || a == 0 || b == 0 }

// touch marks a record as changed. m.mu is held.
func (m *Manager) touch(r *record) {
	if r.provisional {
		return
	}
	r.version++
	r.updated = m.wall()
	m.dirty[r] = struct{}{}
}

// posOf returns the position of a record, which a worker may be moving.
func (m *Manager) posOf(r *record) position {
	m.mu.Lock()
	defer m.mu.Unlock()
	return r.pos
}

func (m *Manager) markCopy(r *record) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r.copy = true
}

// advance makes next the position of the next commit. It is called from inside the sink's critical section. pause says
// that what waits was handed out as it stands.
func (m *Manager) advance(g *generation, next position, resume int64, pause, done bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := g.rec
	// What an earlier process has counted is only read again: until the reading has passed it, the record stands.
	if next.offset >= r.pos.offset {
		r.pos = next
		r.resume = min(max(resume, 0), next.offset)
		if pause {
			r.shown = next.offset
		}
	}
	if done {
		r.resume, r.finished, r.size = r.pos.offset, true, g.disk
	} else if g.packed == nil {
		r.size = max(g.turnSize, r.pos.offset)
	}
	m.touch(r)
}

// knownRow says since when a source is known.
type knownRow struct {
	name  string
	since time.Time
}

// row is a record as it is written: a copy, so that the transaction needs no lock.
type row struct {
	r       *record
	version uint64
	gone    bool
	args    [14]any
	pos     position
	head    headBlob
}

// Pending hands over the positions that changed since the last commit. The caller holds the lock of its pipeline, so
// that they are those of the events that it has counted.
func (m *Manager) Pending() store.Pending {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.dirty) == 0 && len(m.newSources) == 0 {
		return store.Pending{}
	}
	rows := make([]row, 0, len(m.dirty))
	for r := range m.dirty {
		rows = append(rows, rowOf(r))
	}
	known := m.newSources
	return store.Pending{
		Write: func(tx *store.Tx) error { return writeRows(tx, rows, known) },
		Done:  func(committed bool) { m.committed(rows, known, committed) },
	}
}

func rowOf(r *record) row {
	finished := 0
	if r.finished {
		finished = 1
	}
	return row{
		r: r, version: r.version, gone: r.gone,
		args: [14]any{
			r.id, r.source, r.path, int64(r.key.dev), int64(r.key.ino), r.pos.offset, r.resume, r.size,
			nil, nil, nil, finished, r.updated.UnixNano(), r.shown, // head, anchor and marks are encoded when they are written
		},
		head: headBlob{len: r.pos.headLen, sum: r.pos.head, birth: r.birth, copy: r.copy, lost: r.lost, home: r.home},
		pos:  r.pos,
	}
}

func (m *Manager) committed(rows []row, known []knownRow, ok bool) {
	if !ok {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range rows {
		r := rows[i].r
		r.saved = rows[i].version
		if r.version == r.saved {
			delete(m.dirty, r)
		}
	}
	m.newSources = m.newSources[len(known):]
}

const (
	upsertFile = `INSERT INTO files (id, source, path, dev, ino, offset, resume, size, head, anchor, marks, finished, updated, shown)
VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (id) DO UPDATE SET source=excluded.source, path=excluded.path, dev=excluded.dev,
ino=excluded.ino, offset=excluded.offset, resume=excluded.resume, size=excluded.size, head=excluded.head,
anchor=excluded.anchor, marks=excluded.marks, finished=excluded.finished, updated=excluded.updated, shown=excluded.shown`
	deleteFile  = `DELETE FROM files WHERE id = ?`
	selectFiles = `SELECT id, source, path, dev, ino, offset, resume, size, head, anchor, marks, finished, updated, shown FROM files ORDER BY id`

	// A source is known to the state from its first look around on, even where it found no file: only then `start` no
	// longer applies.
	knownSource   = `INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO NOTHING`
	selectKnown   = `SELECT key, value FROM meta WHERE key LIKE 'source:%'`
	knownSourceAs = "source:"
)

func writeRows(tx *store.Tx, rows []row, known []knownRow) error {
	for _, k := range known {
		if err := tx.Exec(knownSource, knownSourceAs+k.name, k.since.UnixNano()); err != nil {
			return fmt.Errorf("positions: %w", err)
		}
	}
	for i := range rows {
		if err := rows[i].write(tx); err != nil {
			return fmt.Errorf("positions: %w", err)
		}
	}
	return nil
}

func (w *row) write(tx *store.Tx) error {
	if w.gone {
		return tx.Exec(deleteFile, w.args[0])
	}
	args := w.args
	args[8], args[9], args[10] = w.head.encode(), w.pos.anchor[:], w.pos.encodeMarks()
	return tx.Exec(upsertFile, args[:]...)
}

// headBlob is the column head: how to tell the file from others.
type headBlob struct {
	len   int
	sum   sum
	birth int64
	copy  bool
	lost  bool
	home  string
}

const (
	headVersion = 1
	headFixed   = 1 + 1 + 2 + len(sum{}) + 8
	flagCopy    = 1
	flagLost    = 2
)

func (h *headBlob) encode() []byte {
	b := make([]byte, 0, headFixed+len(h.home))
	var flags byte
	if h.copy {
		flags |= flagCopy
	}
	if h.lost {
		flags |= flagLost
	}
	b = append(b, headVersion, flags)
	b = binary.BigEndian.AppendUint16(b, uint16(h.len))
	b = append(b, h.sum[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(h.birth))
	return append(b, h.home...)
}

func decodeHead(b []byte) (headBlob, bool) {
	if len(b) < headFixed || b[0] != headVersion {
		return headBlob{}, false
	}
	h := headBlob{
		len: int(binary.BigEndian.Uint16(b[2:])), copy: b[1]&flagCopy != 0, lost: b[1]&flagLost != 0,
		birth: int64(binary.BigEndian.Uint64(b[4+len(sum{}):])), home: string(b[headFixed:]),
	}
	copy(h.sum[:], b[4:])
	return h, h.len <= windowLen
}
