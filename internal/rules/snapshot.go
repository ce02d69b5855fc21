package rules

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"

	"github.com/errwatch/errwatch/internal/store"
)

// A snapshot is the state after one row of the journal, in parts of about partSize. It is made while the engine goes on:
// each commit encodes and writes a few groups more, and a group that is about to change before its turn is encoded just
// before it does. The last part to be written is the one that makes the snapshot count, and everything older goes then,
// again a little with each commit.
//
// A part: a version byte, records, and a CRC-32 of all before it.
const (
	snapshotVersion = 1

	partSize = 64 << 10
	// endPart is the number of the part that says how many others there are.
	endPart = -1

	// A new snapshot is begun when the journal since the last one has become longer than twice that one, in bytes, and
	// than the least; or than maxRows. So the work of snapshots is in proportion to the journal, and the time that a
	// restart takes is bounded.
	leastJournal = 4 << 20
	maxRows      = 8192

	// leastRow is up to which size, in bytes, a row is written as it is, however small the state may be.
	leastRow = 256 << 10

	// maxUnwritten bounds the rows that wait while commits fail, in bytes. Past it they are replaced by a whole snapshot.
	maxUnwritten = 32 << 20
)

// The kinds of records in parts.
const (
	recordEngine = iota + 1 // part 0: what no rule has, and the rules
	recordRule
	recordGroup
)

// numberedPart is a part of the snapshot after a row.
type numberedPart struct {
	seq, part int64
	data      []byte
}

// snapshot is one that is being made.
type snapshot struct {
	seq   int64
	epoch uint64
	part  int      // the size of a part
	rules []*rule  // those that may still have to be encoded
	left  []*group // the same
	open  []byte   // the part that is being filled
	parts []numberedPart
	bytes int   // of parts
	next  int64 // the number of the next part
	done  bool  // everything is in parts
}

// cut begins a snapshot of the state after the last row of the journal.
func (e *Engine) cut() *snapshot {
	e.epoch++
	s := &snapshot{seq: e.journal.seq, epoch: e.epoch, part: e.journal.partSize, rules: slices.Clone(e.rules)}
	s.begin()
	s.open = append(s.open, recordEngine)
	s.open = e.appendTo(s.open)
	s.open = appendRules(s.open, e.rules)
	for _, r := range e.rules {
		for _, g := range r.groups {
			s.left = append(s.left, g)
		}
	}
	return s
}

func (s *snapshot) begin() { s.open = append(make([]byte, 0, s.part+s.part/4), snapshotVersion) }

// seal ends a part.
func (s *snapshot) seal() {
	s.open = binary.BigEndian.AppendUint32(s.open, crc32.ChecksumIEEE(s.open))
	s.parts = append(s.parts, numberedPart{s.seq, s.next, s.open})
	s.bytes += len(s.open)
	s.next++
	s.begin()
}

func (s *snapshot) group(g *group) {
	g.epoch = s.epoch
	s.open = append(s.open, recordGroup)
	s.open = appendText(appendInt(s.open, int64(g.rule.index)), g.key)
	s.frame(func(b []byte) []byte { return appendGroup(b, g) })
}

func (s *snapshot) rule(r *rule) {
	r.epoch = s.epoch
	s.open = appendInt(append(s.open, recordRule), int64(r.index))
	s.frame(r.appendTo)
}

// frame ends a record with what f appends, behind its length.
func (s *snapshot) frame(f func([]byte) []byte) {
	at := len(s.open)
	s.open = f(append(s.open, 0, 0, 0, 0))
	binary.BigEndian.PutUint32(s.open[at:], uint32(len(s.open)-at-4))
	if len(s.open) >= s.part {
		s.seal()
	}
}

// more encodes until so many bytes wait to be written.
func (s *snapshot) more(bytes int) {
	for ; s.bytes+len(s.open) < bytes && len(s.rules) > 0; s.rules = s.rules[1:] {
		if r := s.rules[0]; r.epoch != s.epoch {
			s.rule(r)
		}
	}
	for ; s.bytes+len(s.open) < bytes && len(s.left) > 0; s.left = s.left[1:] {
		if g := s.left[0]; g.epoch != s.epoch {
			s.group(g)
		}
	}
	if len(s.rules)+len(s.left) > 0 || s.done {
		return
	}
	s.seal()
	s.done = true
	end := binary.AppendUvarint([]byte{snapshotVersion}, uint64(s.next))
	end = binary.BigEndian.AppendUint32(end, crc32.ChecksumIEEE(end))
	s.parts = append(s.parts, numberedPart{s.seq, endPart, end})
	s.bytes += len(end)
}

// take takes parts of about so many bytes out, to be written.
func (s *snapshot) take(bytes int) []numberedPart {
	n := 0
	for n < len(s.parts) && bytes > 0 {
		bytes -= len(s.parts[n].data)
		s.bytes -= len(s.parts[n].data)
		n++
	}
	taken := s.parts[:n:n]
	s.parts = s.parts[n:]
	return taken
}

// keep encodes a group that is about to change into the snapshot that is being made, if it is part of it and has not
// been encoded.
func (e *Engine) keep(g *group) {
	if s := e.journal.snap; s != nil && g.epoch != s.epoch {
		s.group(g)
	}
}

func (e *Engine) keepRule(r *rule) {
	if s := e.journal.snap; s != nil && r.epoch != s.epoch {
		s.rule(r)
	}
}

// whole is a snapshot that is made at once, because what is in the file cannot be gone on from.
type whole struct{ parts []numberedPart }

func (e *Engine) wholeSnapshot() *whole {
	j := e.journal
	j.snap = nil
	s := e.cut()
	s.more(1 << 62)
	return &whole{s.parts}
}

// storage is what the journal knows of the tables.
type storage struct {
	base     int64 // the row after which the snapshot in force is; 0: there is none
	baseSize int
	rows     []extent // of the journal, in order, gone ones left out
	parts    []extent // of snapshots, the one in force and others
	bytes    int      // of rows after base
}

// extent is a row of a table and its size.
type extent struct {
	seq, part int64
	size      int
}

// useless takes what is older than the snapshot in force and not part of one that is being made, of about so many bytes.
func (st *storage) useless(bytes int, making int64) (rows, parts []extent) {
	for _, x := range st.rows {
		if x.seq > st.base || bytes <= 0 {
			break
		}
		rows = append(rows, x)
		bytes -= x.size
	}
	for _, x := range st.parts {
		if x.seq == st.base || x.seq == making || bytes <= 0 {
			continue
		}
		parts = append(parts, x)
		bytes -= x.size
	}
	return rows, parts
}

// removed forgets what was deleted.
func (st *storage) removed(rows, parts []extent) {
	st.rows = st.rows[len(rows):]
	st.parts = slices.DeleteFunc(st.parts, func(x extent) bool { return slices.Contains(parts, x) })
}

// written notes rows and parts that are in the tables now.
func (st *storage) written(rows []numbered, parts []numberedPart) {
	for _, r := range rows {
		st.rows = append(st.rows, extent{seq: r.seq, size: len(r.data)})
		st.bytes += len(r.data)
	}
	for _, p := range parts {
		st.parts = append(st.parts, extent{p.seq, p.part, len(p.data)})
		if p.part == endPart {
			st.comesIntoForce(p.seq)
		}
	}
}

func (st *storage) comesIntoForce(seq int64) {
	st.base, st.baseSize, st.bytes = seq, 0, 0
	for _, x := range st.parts {
		if x.seq == seq {
			st.baseSize += x.size
		}
	}
	for _, x := range st.rows {
		if x.seq > seq {
			st.bytes += x.size
		}
	}
}

// due says that it is time for another snapshot.
func (st *storage) due() bool {
	return st.bytes > max(leastJournal, 2*st.baseSize) || len(st.rows) > 0 && st.rows[len(st.rows)-1].seq-st.base > maxRows
}

// journalChanges is one commit's part of the journal.
type journalChanges struct {
	whole     *whole
	rows      []numbered
	parts     []numberedPart
	goneRows  []extent
	goneParts []extent
}

func (c *journalChanges) empty() bool {
	return c.whole == nil && len(c.rows)+len(c.parts)+len(c.goneRows)+len(c.goneParts) == 0
}

// collectJournal ends the row and takes what the next commit writes. force: the clock must be written, too.
func (e *Engine) collectJournal(force bool) *journalChanges {
	j := e.journal
	begin := e.clock != 0 && j.snap == nil && (j.wanted || j.stored.due())
	if j.over || j.damaged && e.clock != 0 || j.waiting() > j.mayWait {
		e.replaceAll()
		begin = false
	}
	// A snapshot has a row of its own to be after: parts of one that was given up may lie after the last one.
	if len(j.row) > 0 || force || begin {
		j.close(e.clock)
	}
	c := &journalChanges{whole: j.whole, rows: j.unwritten}
	j.unwritten, j.whole = nil, nil
	if c.whole != nil {
		return c
	}
	pace := 2 * j.partSize
	for _, r := range c.rows {
		pace = max(pace, len(r.data))
	}
	if begin {
		j.snap, j.wanted = e.cut(), false
	}
	var making int64
	if s := j.snap; s != nil {
		making = s.seq
		s.more(pace)
		c.parts = s.take(pace)
	}
	c.goneRows, c.goneParts = j.stored.useless(2*pace, making)
	return c
}

// replaceAll lets the next commit write the whole state in place of all that is stored and waits. An empty row follows it:
// it tells of what time the state is.
func (e *Engine) replaceAll() {
	j := e.journal
	j.over, j.damaged, j.wanted = false, false, false
	j.row = j.row[:0]
	j.seq++ // the row that is given up has spelt classes out
	j.whole, j.unwritten = e.wholeSnapshot(), nil
	j.close(e.clock)
}

// waiting is how many bytes no commit has written yet.
func (j *journal) waiting() int {
	n := len(j.row)
	for _, r := range j.unwritten {
		n += len(r.data)
	}
	return n
}

// done learns how the commit ended.
func (j *journal) done(c *journalChanges, committed bool) {
	if !committed {
		j.giveBack(c)
		return
	}
	if c.whole != nil {
		j.stored = storage{}
		j.stored.written(c.rows, c.whole.parts)
	}
	j.stored.removed(c.goneRows, c.goneParts)
	if c.whole == nil {
		j.stored.written(c.rows, c.parts)
	}
	if s := j.snap; s != nil && j.stored.base == s.seq {
		j.snap = nil
	}
	j.measure()
	if n := len(c.rows); n > 0 && j.spare == nil {
		j.spare = c.rows[n-1].data[:0]
	}
}

// measure sets how long a row may become: the state is at most as long as the last snapshot and what was told since.
func (j *journal) measure() {
	j.most = max(j.leastRow, min(j.mayWait, j.stored.baseSize+j.stored.bytes))
}

// giveBack takes back what could not be written.
func (j *journal) giveBack(c *journalChanges) {
	j.unwritten = append(c.rows, j.unwritten...)
	if c.whole != nil && j.whole == nil {
		j.whole = c.whole
	}
	if s := j.snap; s != nil && len(c.parts) > 0 && c.parts[0].seq == s.seq {
		s.parts = append(c.parts, s.parts...)
		for i := range c.parts {
			s.bytes += len(c.parts[i].data)
		}
	}
}

// write puts the changes into a transaction.
func (c *journalChanges) write(tx *store.Tx) error {
	if c.whole != nil {
		for _, table := range []string{"rule_journal", "rule_snapshots", "rule_sets", "rule_groups"} {
			if err := tx.Exec(`DELETE FROM ` + table); err != nil {
				return fmt.Errorf("forget the state of the rules: %w", err)
			}
		}
		if err := writeParts(tx, c.whole.parts); err != nil {
			return err
		}
	}
	for _, r := range c.rows {
		if err := tx.Exec(`INSERT INTO rule_journal (seq, data) VALUES (?, ?)`, r.seq, r.data); err != nil {
			return fmt.Errorf("write the journal of the rules: %w", err)
		}
	}
	if err := writeParts(tx, c.parts); err != nil {
		return err
	}
	return c.writeGone(tx)
}

func writeParts(tx *store.Tx, parts []numberedPart) error {
	for _, p := range parts {
		err := tx.Exec(`INSERT OR REPLACE INTO rule_snapshots (seq, part, data) VALUES (?, ?, ?)`, p.seq, p.part, p.data)
		if err != nil {
			return fmt.Errorf("write a snapshot of the rules: %w", err)
		}
	}
	return nil
}

func (c *journalChanges) writeGone(tx *store.Tx) error {
	for _, x := range c.goneRows {
		if err := tx.Exec(`DELETE FROM rule_journal WHERE seq = ?`, x.seq); err != nil {
			return fmt.Errorf("shorten the journal of the rules: %w", err)
		}
	}
	for _, x := range c.goneParts {
		if err := tx.Exec(`DELETE FROM rule_snapshots WHERE seq = ? AND part = ?`, x.seq, x.part); err != nil {
			return fmt.Errorf("forget an old snapshot of the rules: %w", err)
		}
	}
	return nil
}
