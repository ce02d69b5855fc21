package parse

import "github.com/errwatch/errwatch/internal/parse/jsonscan"

// joins are the records of a file that may wait for more of themselves.
type joins struct {
	parts  [slots]pieces // cut by the container runtime
	multis [slots]pieces // of several lines
}

// pieces is a record that waits for more of itself.
type pieces struct {
	active bool
	over   bool // longer than MaxLine: its text is gone, only its lines are still counted
	starts bool // over, and what was there of it starts a multi-line record
	slot   int
	env    envelope
	buf    []byte
	stamp  []byte // the envelope's time of the first piece
	start  int64  // where the first piece starts in the file
	end    int64  // where the last piece ends
	lines  int
	shown  shown // what was handed out of it at a pause
}

// begin makes p wait for more of the record that starts like r, none of which is in it yet.
func (p *pieces) begin(r *record) {
	*p = pieces{
		active: true, slot: r.slot, env: r.env, buf: p.buf[:0], stamp: append(p.stamp[:0], r.stamp...), start: r.start,
		shown: p.shown.none(),
	}
}

// added is called with the text of some more lines appended, which end at end.
func (st *Stream) added(p *pieces, lines int, end int64) {
	p.lines += lines
	p.end = end
	if len(p.buf) > st.set.maxLine {
		p.over, p.starts = true, st.startsRecord(p.buf)
		p.buf = giveBack(p.buf)
	}
}

func (st *Stream) startsRecord(text []byte) bool {
	return st.set.start != nil && st.mach.Match(st.set.start, text)
}

// giveBack empties a buffer, and frees it where it has become large: one long line in each of ten thousand files must
// not stay in memory.
func giveBack(b []byte) []byte {
	if cap(b) > keepBuffer {
		return nil
	}
	return b[:0]
}

// record is one whole record, or a piece of one.
type record struct {
	text  []byte
	slot  int
	env   envelope
	stamp []byte
	start int64
	end   int64 // of its own last line
	done  int64 // of the line that completed it: what Batch.Counted is held against
	lines int

	over, starts bool   // as in pieces
	shown        *shown // nil: nothing of it can have been handed out
}

func (st *Stream) joining() *joins {
	if st.joins == nil {
		st.joins = &joins{}
	}
	return st.joins
}

// joinPart takes a piece, or the last piece, of a record that the container runtime cut.
func (st *Stream) joinPart(sh *shell, start, end int64) {
	p := &st.joining().parts[sh.slot()]
	if !p.active {
		p.begin(&record{slot: sh.slot(), env: sh.envelope, stamp: sh.stamp, start: start})
		st.waiting++
	}
	if !p.over {
		p.buf = appendBody(p.buf, sh)
	}
	st.added(p, 1, end)
	if !sh.partial {
		st.finishPart(p, end)
	}
}

// appendBody appends what was logged.
func appendBody(buf []byte, sh *shell) []byte {
	if sh.envelope == envelopeDocker {
		return jsonscan.AppendUnescaped(buf, sh.body)
	}
	return append(buf, sh.body...)
}

// finishPart hands a record that was cut on to the next step.
func (st *Stream) finishPart(p *pieces, done int64) {
	p.active = false
	st.waiting--
	r := p.record(done)
	if st.set.start != nil {
		r.text = appendPlain(p.buf[:0], r.text)
		st.joinLine(&r)
	} else {
		st.complete(&r)
	}
	p.buf = giveBack(p.buf)
}

func (p *pieces) record(done int64) record {
	return record{
		text: trimEnd(p.buf), slot: p.slot, env: p.env, stamp: p.stamp,
		start: p.start, end: p.end, done: done, lines: p.lines,
		over: p.over, starts: p.starts,
	}
}

// joinLine adds a whole line to the multi-line record of its stream, or begins the next one with it. One that is too long
// makes the whole record too long, as it would if its pieces were lines.
func (st *Stream) joinLine(r *record) {
	p := &st.joining().multis[r.slot]
	if p.active && (r.starts || !r.over && st.startsRecord(r.text)) {
		st.finishMulti(p, r.done)
	}
	if !p.active {
		p.begin(r)
		st.waiting++
	} else if !p.over {
		p.buf = append(p.buf, '\n')
	}
	if r.over {
		p.over, p.buf = true, giveBack(p.buf)
	}
	if !p.over {
		p.buf = append(p.buf, r.text...)
	}
	st.added(p, r.lines, r.end)
}

func (st *Stream) finishMulti(p *pieces, done int64) {
	p.active = false
	st.waiting--
	r := p.record(done)
	r.shown = &p.shown
	st.complete(&r)
	p.buf = giveBack(p.buf)
}

// oldest is where the first of all waiting records starts.
func (st *Stream) oldest() int64 {
	at := int64(-1)
	if st.waiting == 0 {
		return at
	}
	for i := range slots {
		for _, p := range [...]*pieces{&st.parts[i], &st.multis[i]} {
			if p.active && (at < 0 || p.start < at) {
				at = p.start
			}
		}
	}
	return at
}

// closeAll completes everything that waits, as it stands, with the line that ends at done. It is always everything: what
// is read again after a restart starts at the oldest waiting record, and that must not meet half of an older state.
func (st *Stream) closeAll(done int64) {
	if st.waiting == 0 {
		return
	}
	for p := first(&st.parts); p != nil; p = first(&st.parts) {
		st.finishPart(p, done)
	}
	for p := first(&st.multis); p != nil; p = first(&st.multis) {
		st.finishMulti(p, done)
	}
}

// first returns the waiting record that starts first, nil where none waits.
func first(all *[slots]pieces) *pieces {
	var out *pieces
	for i := range all {
		if p := &all[i]; p.active && (out == nil || p.start < out.start) {
			out = p
		}
	}
	return out
}
