package rules

import (
	"encoding/binary"
	"hash/crc32"
	"slices"
	"unicode/utf8"

	"github.com/errwatch/errwatch/internal/event"
)

// What happens to an engine is decided by what it is input and by nothing else. So its state is kept as a snapshot
// (snapshot.go) and a journal of what it was told since: each commit adds one row with the events that it counted,
// whatever the number of rules that counted them and of groups that there are. A restart loads the snapshot and tells
// the engine the journal again (replay.go). Where a commit has more events than the state has bytes, as in a storm on few
// groups, the state itself is written instead: it is the shorter way to say the same.
//
// A row: a version byte, the time up to which due times were taken, records, and a CRC-32 of all before it. A record
// begins with its kind and with the time since the one before it, in nanoseconds; the first one's is since 1970.
const journalVersion = 1

// rowHead is the length of what stands before the first record.
const rowHead = 1 + 8

// The kinds of records.
const (
	recordEvent = iota + 1 // class, how long before now its time is, the fields' values, a line if one of the groups took it
	recordLines            // source
	recordLive
	recordGap
	recordRules // the rules that run from here on: names and canonical forms
)

// maxClasses bounds the memory for classes; past it they are spelt out again.
const maxClasses = 4096

// class is what events have in common that come from one place in one program: source, pattern, code, name, category
// and the names of the fields. A row spells it out once.
type class struct {
	row int64  // the row that spelt it out last
	id  uint64 // its number in that row

	pattern string
	fields  []string // their names
	key     []byte   // all of it, as a row spells it out
}

// is says that an event that has the source, code, name and category of a class has the rest of it, too.
func (c *class) is(ev *event.Event) bool {
	if c == nil || c.pattern != ev.Pattern || len(c.fields) != len(ev.Fields) {
		return false
	}
	for i := range c.fields {
		if c.fields[i] != ev.Fields[i].Name {
			return false
		}
	}
	return true
}

// journal is what waits to be written of what the engine was told, and what it knows of what is written. It passes on
// to the engine that adopts this one, so that a commit that is under way during a reload ends in the right place.
type journal struct {
	off      bool // what is told comes from the journal
	idle     bool // nobody writes it
	over     bool // the row became longer than the state, which is written instead of it
	most     int  // bytes of a row, past which that is so
	maxValue int  // bytes that are kept of a field's value
	partSize int  // of snapshots, in bytes
	mayWait  int  // bytes of rows, while commits fail
	leastRow int  // bytes that a row may always have

	row     []byte // the row that is being written; empty: nothing was told since the last one
	last    int64  // the time of its last record
	spare   []byte // memory for the next one
	seq     int64  // the number of the row before it
	classes map[string]*class
	ids     uint64 // classes in this row
	key     []byte

	unwritten []numbered // rows that no commit has written yet
	whole     *whole     // a snapshot that must be written before them: what is in the file is of no use
	damaged   bool       // such a one is to be made
	stored    storage
	wanted    bool      // a snapshot is to be begun soon
	snap      *snapshot // one that is being made
}

// numbered is a row of the journal.
type numbered struct {
	seq  int64
	data []byte
}

func newJournal(rules []*rule) *journal {
	j := &journal{classes: map[string]*class{}, partSize: partSize, mayWait: maxUnwritten, leastRow: leastRow, most: leastRow, maxValue: max(maxLabelValue, maxValueBytes) + utf8.UTFMax}
	for _, r := range rules {
		for _, m := range []*matcher{&r.match, r.to} {
			if m != nil {
				j.maxValue = max(j.maxValue, m.longest()+1)
			}
		}
	}
	return j
}

// longest is the length of the longest value that a field is compared with.
func (m *matcher) longest() int {
	n := 0
	for i := range m.fields {
		for v := range m.fields[i].values {
			n = max(n, len(v))
		}
	}
	return n
}

// begin begins a record.
func (j *journal) begin(kind byte, now int64) {
	if len(j.row) == 0 {
		j.row = append(j.row, journalVersion)
		j.row = append(j.row, make([]byte, rowHead-1)...)
		j.last, j.ids = 0, 0
	}
	j.row = binary.AppendUvarint(append(j.row, kind), uint64(now-j.last))
	j.last = now
}

// event notes an event that counted in at least one rule. The line is kept only where a group took it as a sample.
func (j *journal) event(o *observation, kind *kindOfEvent, sampled bool) {
	if j.silent() {
		return
	}
	j.begin(recordEvent, o.now)
	if !kind.class.is(o.ev) {
		kind.class = j.class(o.ev)
	}
	j.spell(kind.class)
	j.row = appendInt(j.row, o.now-o.at)
	for i := range o.ev.Fields {
		v := o.ev.Fields[i].Value
		j.row = appendText(j.row, v[:min(len(v), j.maxValue)])
	}
	if sampled {
		j.row = appendText(j.row, o.line())
	} else {
		j.row = append(j.row, 0)
	}
	if len(j.row) > j.most {
		j.over, j.row = true, j.row[:0]
	}
}

// silent says that nothing is noted.
func (j *journal) silent() bool { return j.off || j.idle || j.over }

// spell appends a class: its number in this row, and what it is where this is its first event in it.
func (j *journal) spell(c *class) {
	if c.row != j.seq+1 {
		c.row, c.id = j.seq+1, j.ids
		j.ids++
		j.row = append(binary.AppendUvarint(j.row, c.id), c.key...)
		return
	}
	j.row = binary.AppendUvarint(j.row, c.id)
}

// class returns an event's class.
func (j *journal) class(ev *event.Event) *class {
	k := j.key[:0]
	k = append(k, 0)
	if ev.Reference {
		k[0] = 1
	}
	for _, s := range []string{ev.Source, ev.Pattern, ev.Code, ev.Name, ev.Category} {
		k = appendText(k, s)
	}
	k = appendInt(k, int64(len(ev.Fields)))
	for i := range ev.Fields {
		k = appendText(k, ev.Fields[i].Name)
	}
	j.key = k
	c := j.classes[string(k)]
	if c == nil {
		if len(j.classes) >= maxClasses {
			clear(j.classes)
		}
		c = &class{key: slices.Clone(k), pattern: ev.Pattern}
		for i := range ev.Fields {
			c.fields = append(c.fields, ev.Fields[i].Name)
		}
		j.classes[string(k)] = c
	}
	return c
}

func (j *journal) lines(source string, now int64) {
	if !j.silent() {
		j.begin(recordLines, now)
		j.row = appendText(j.row, source)
	}
}

func (j *journal) live(on bool, now int64) {
	switch {
	case j.silent():
	case on:
		j.begin(recordLive, now)
	default:
		j.begin(recordGap, now)
	}
}

func (j *journal) rules(rules []*rule, now int64) {
	if j.silent() {
		return
	}
	j.begin(recordRules, now)
	j.row = appendRules(j.row, rules)
}

func appendRules(b []byte, rules []*rule) []byte {
	b = appendInt(b, int64(len(rules)))
	for _, r := range rules {
		b = appendText(appendText(b, r.Name), r.canonical)
	}
	return b
}

// close ends the row and puts it with those that wait to be written.
func (j *journal) close(clock int64) {
	if len(j.row) == 0 {
		j.row = append(append(j.row, journalVersion), make([]byte, rowHead-1)...)
	}
	binary.BigEndian.PutUint64(j.row[1:], uint64(clock))
	j.row = binary.BigEndian.AppendUint32(j.row, crc32.ChecksumIEEE(j.row))
	j.seq++
	j.unwritten = append(j.unwritten, numbered{j.seq, j.row})
	j.row, j.spare = j.spare[:0], nil
}

// openRow checks a row's sum and returns its clock and its records.
func openRow(row []byte) (clock int64, records []byte, err error) {
	body := len(row) - 4
	if body < rowHead || row[0] != journalVersion ||
		binary.BigEndian.Uint32(row[body:]) != crc32.ChecksumIEEE(row[:body]) {
		return 0, nil, errBadRow
	}
	c := binary.BigEndian.Uint64(row[1:])
	if c > uint64(maxTime) {
		return 0, nil, errBadRow
	}
	return int64(c), row[rowHead:body], nil
}

// input is a record of a row as the engine is told it again.
type input struct {
	kind   byte
	now    int64
	ev     event.Event
	before int64       // how long before now the event's time is
	rules  [][2]string // names and canonical forms
}

// reader reads the records of a row.
type reader struct {
	c       cursor
	last    int64
	classes []event.Event // with fields that have no values
	fields  []event.Field
}

// next reads a record; false: there is none, or (c.bad) it cannot be read.
func (r *reader) next(t *input) bool {
	if len(r.c.b) == 0 {
		return false
	}
	*t = input{kind: r.c.byte()}
	t.now = r.last + r.c.int(maxTime-r.last)
	r.last = t.now
	switch t.kind {
	case recordEvent:
		r.event(t)
	case recordLines:
		t.ev.Source = string(r.c.text(maxText))
	case recordRules:
		for n := r.c.int(int64(len(r.c.b))); n > 0 && !r.c.bad; n-- {
			t.rules = append(t.rules, [2]string{string(r.c.text(maxText)), string(r.c.text(maxText))})
		}
	case recordLive, recordGap:
	default:
		r.c.bad = true
	}
	return !r.c.bad
}

// maxText bounds any text in a row.
const maxText = 1 << 24

func (r *reader) event(t *input) {
	switch id := r.c.int(int64(len(r.classes))); {
	case r.c.bad:
		return
	case id == int64(len(r.classes)):
		r.classes = append(r.classes, r.class())
		t.ev = r.classes[id]
	default:
		t.ev = r.classes[id]
	}
	t.before = r.c.int(t.now)
	r.fields = append(r.fields[:0], t.ev.Fields...)
	for i := range r.fields {
		r.fields[i].Value = r.c.text(maxText)
	}
	t.ev.Fields, t.ev.Text = r.fields, r.c.text(maxSample)
}

func (r *reader) class() event.Event {
	ev := event.Event{Reference: r.c.byte() == 1}
	for _, s := range []*string{&ev.Source, &ev.Pattern, &ev.Code, &ev.Name, &ev.Category} {
		*s = string(r.c.text(maxText))
	}
	for n := r.c.int(int64(len(r.c.b))); n > 0 && !r.c.bad; n-- {
		ev.Fields = append(ev.Fields, event.Field{Name: string(r.c.text(maxText))})
	}
	return ev
}
