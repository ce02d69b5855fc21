package parse

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/errwatch/errwatch/internal/event"
)

// A record of several lines is complete when the next one starts, and that may be hours away. So where nothing comes for
// a while, what waits is handed out as it stands; but it goes on waiting, because a pause says nothing about what belongs
// to a record: a slow writer or a stopped process makes the same pause as the end of a record. What its further lines
// change is handed out when they are there, as a correction. In the end the result is that of a reader who never met a
// pause.
//
// After a restart the record is read again from its start. Up to line.Batch.Shown it is then what it was when it was last
// handed out, so what was counted of it is worked out anew, in silence.

// Correction says what became of an event that was handed out at a pause.
type Correction struct {
	Was event.Event // without message and text
	Is  event.Event // not set where Gone is
	// Gone says that the record yields nothing: its further lines take the event back, or make it too long.
	Gone bool
}

// shown is what was handed out of a record that waits.
type shown struct {
	lines  int
	event  bool
	was    event.Event
	fields []event.Field // of was; their values lie in bytes
	bytes  []byte
}

// none returns s without its content, so that its memory is used again.
func (s *shown) none() shown { return shown{fields: s.fields[:0], bytes: giveBack(s.bytes)} }

// keep makes e what was handed out.
func (s *shown) keep(e *event.Event) {
	s.fields, s.bytes = s.fields[:0], s.bytes[:0]
	for _, f := range e.Fields {
		from := len(s.bytes)
		s.bytes = append(s.bytes, f.Value...)
		s.fields = append(s.fields, event.Field{Name: f.Name, Value: s.bytes[from:len(s.bytes):len(s.bytes)]})
	}
	s.event, s.was = true, *e
	s.was.Text, s.was.Message, s.was.Fields = nil, nil, s.fields
}

// show hands out what the records that wait amount to. A piece of a line is no line yet, and is left out.
func (st *Stream) show() {
	for _, p := range st.waitingMultis() {
		st.showOne(p)
	}
}

// recall works out what an earlier process has handed out of the records that wait.
func (st *Stream) recall() {
	res, fields, arena := st.res, len(st.fields), len(st.arena)
	st.show()
	st.res, st.fields, st.arena = res, st.fields[:fields], st.arena[:arena]
}

func (st *Stream) showOne(p *pieces) {
	if p.lines == p.shown.lines {
		return // it is as it was
	}
	from := len(st.res.Events)
	if !p.over {
		st.res.Lines += p.lines
		unmatched, texts := st.res.Unmatched, len(st.res.UnmatchedText)
		r := p.record(st.end)
		st.weigh(&r)
		st.res.Unmatched, st.res.UnmatchedText = unmatched, st.res.UnmatchedText[:texts] // that is told when it is complete
	}
	found := slices.Clone(st.res.Events[from:]) // one, or none
	st.correct(&p.shown, from)
	p.shown = p.shown.none()
	if len(found) > 0 {
		p.shown.keep(&found[0])
	}
	if !p.over {
		p.shown.lines = p.lines
	}
}

// correct takes what was handed out of a record before from what has just been made of it: its lines from the lines, and
// its event from that at from, if there is one.
func (st *Stream) correct(s *shown, from int) {
	if s == nil || s.lines == 0 {
		return
	}
	st.res.Lines -= s.lines
	if !s.event {
		return
	}
	c := Correction{Was: s.was, Gone: len(st.res.Events) == from}
	if !c.Gone {
		c.Is = st.res.Events[from]
		st.res.Events = st.res.Events[:from]
	}
	if c.Gone || !sameEvent(&c.Was, &c.Is) {
		st.res.Corrections = append(st.res.Corrections, c)
		s.fields, s.bytes = nil, nil // they are the correction's now
	}
}

// sameEvent says whether two events count alike.
func sameEvent(a, b *event.Event) bool {
	return a.Pattern == b.Pattern && a.Code == b.Code && a.Name == b.Name && a.Category == b.Category && a.Conflict == b.Conflict &&
		slices.EqualFunc(a.Fields, b.Fields, func(x, y event.Field) bool { return x.Name == y.Name && bytes.Equal(x.Value, y.Value) })
}

// waitingMultis lists the multi-line records that wait, in the order in which they start.
func (st *Stream) waitingMultis() []*pieces {
	var out []*pieces
	if st.waiting == 0 {
		return nil
	}
	for i := range st.multis {
		if p := &st.multis[i]; p.active {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b *pieces) int { return cmp.Compare(a.start, b.start) })
	return out
}
