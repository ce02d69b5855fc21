package parse

import (
	"bytes"
	"time"

	"github.com/errwatch/errwatch/internal/event"
	"github.com/errwatch/errwatch/internal/line"
	"github.com/errwatch/errwatch/internal/parse/capture"
	"github.com/errwatch/errwatch/internal/parse/jsonscan"
	"github.com/errwatch/errwatch/internal/parse/literal"
	"github.com/errwatch/errwatch/internal/parse/timestamp"
)

// Stream parses one generation of one file, from its start or from where an earlier process left off. It is not safe for
// concurrent use. In steady state it allocates nothing, neither for lines nor for events.
type Stream struct {
	set *Set

	mach, test capture.Machine // test: for what may run while the result of mach is still in use
	borders    [8]int          // of the groups that a finder written by hand found
	hits       []literal.Hit   // of the chunk at hand
	nextHit    int
	joinHits   []literal.Hit // of a joined record
	guardHits  []literal.Hit
	textHits   []literal.Hit
	cand       mask   // the patterns whose literals are in the record at hand
	rest       []byte // the line at hand, where only its first candidate is in cand
	isDense    bool   // the latest chunk was
	guards     mask   // the guards that may match in it
	level      bool   // a word that may be an error level is in it
	arena      []byte // holds all text that is not in the batch itself
	fields     []event.Field
	view       view
	raw        []jsonscan.Value // scratch of matchPaths and timeOf
	values     [][]byte
	unknown    map[string]string
	scratch    []byte
	piece      []byte // the line at hand, on its way into a joined record

	*joins      // nil until a line is the first to wait for more: most files have none, and there may be thousands
	waiting int // how many of its records are active

	timeFrom timeSource // of the latest event
	minute   timestamp.Minute
	read     time.Time
	counted  int64
	shown    int64 // as in line.Batch
	end      int64
	large    *buffers // what the result is in, where it was borrowed
	work     int64    // bytes that finders and messages looked at: tests bound how it grows
	samples  int      // batches whose first record was looked at
	keep     int      // unmatched texts still wanted from this batch
	keepMost int
	res      Result
}

// Result is what one batch amounts to. It and all it holds stay valid until the next call of the stream; texts also point
// into the batch's own data, so no longer than that.
type Result struct {
	Events []event.Event

	// Corrections are what the rest of a record made of an event that was handed out at a pause.
	Corrections []Correction

	// Lines are those of complete records, and those that were handed out at a pause: a record that turns out to be too long
	// after that takes them back, and the number may be below 0. Those of records that are skipped are not among them.
	Lines   int
	Records int    // complete records: a joined one counts once
	Skipped []Skip // lines that yield nothing, by reason; at most one entry for a reason

	// Unmatched counts records at level error or above that match no pattern: those in which error, fatal, critical, panic,
	// emerg, alert or severe stands as a word of its own, in any case, or which give their level by pino's number, 50 or
	// 60. UnmatchedText holds the first of them, as many as KeepUnmatched asked for.
	Unmatched     int
	UnmatchedText [][]byte

	Resume   int64     // where reading must start after a restart; the end of the batch where nothing waits
	LastTime time.Time // the latest time of an event; zero where none had one

	// Envelopes and Formats count the records that were looked at, by form: those with a literal in them, and the first
	// of each batch. See EnvelopeNames and FormatNames for the order.
	Envelopes [3]int
	Formats   [3]int
}

// Skip is a number of skipped lines.
type Skip struct {
	Reason string // a line.SkipReason
	N      int
}

// KeepUnmatched makes each following result hold up to n texts of unmatched records.
func (st *Stream) KeepUnmatched(n int) { st.keepMost = n }

// Feed parses the next batch of the stream's file. It never fails: bytes that make no sense are lines without an event.
func (st *Stream) Feed(b *line.Batch) *Result {
	if b.Pause {
		return st.Flush(b.Read)
	}
	st.reset()
	before := st.end
	st.read, st.counted, st.shown, st.end = b.Read, b.Counted, b.Shown, b.End
	if b.Skipped != "" {
		st.skip(string(b.Skipped), b.SkippedLines, b.End)
	}
	st.sample(b.Data)
	data, off := st.upTo(b.Shown, b.Data, b.Offset)
	if before < b.Shown && b.Shown <= b.End {
		st.recall()
	}
	data, off = st.upTo(b.Counted, data, off) // what is read again and what is new are counted apart
	st.block(data, off)
	if b.Last {
		st.closeUncounted()
	} else if b.Ready {
		st.closeReady()
	}
	st.settle()
	return &st.res
}

// upTo parses the lines of data, which starts at off, that end at or before the offset at, and returns what is left.
func (st *Stream) upTo(at int64, data []byte, off int64) ([]byte, int64) {
	if at <= off {
		return data, off
	}
	n := bytes.LastIndexByte(data[:min(at-off, int64(len(data)))], '\n') + 1
	st.block(data[:n], off)
	return data[n:], off + int64(n)
}

// Flush hands out what the multi-line records that wait amount to so far; now is the time of reading for those that have
// no other. They go on waiting, and what their further lines change comes as a correction. Nothing is handed out while
// what is read again has not caught up with what was counted: it may be a part of that.
func (st *Stream) Flush(now time.Time) *Result {
	st.reset()
	st.read = now
	if st.end >= st.counted {
		st.show()
	}
	st.settle()
	return &st.res
}

// Part makes the stream ready for another stretch of its file, the index-th, that begins at the beginning of a line: what
// waits is forgotten. Several streams can so share the work on one file.
func (st *Stream) Part(index int) {
	if st.waiting > 0 {
		for i := range slots {
			st.parts[i].active, st.multis[i].active = false, false
		}
		st.waiting = 0
	}
	st.Index(index)
}

// Restart makes the stream ready for any stretch of any file of its source, as Part does, but for the forms of lines.
func (st *Stream) Restart() { st.Part(sampleBatches) }

// Index says which stretch of its file the stream goes on with; what waits goes on waiting. In the first few stretches
// the forms of first lines are looked at.
func (st *Stream) Index(index int) { st.samples = index }

// Waiting says whether a record waits for more lines: then no other stream can go on from here.
func (st *Stream) Waiting() bool { return st.waiting > 0 }

// Multiline says whether lines are joined to records.
func (s *Set) Multiline() bool { return s.start != nil }

// Begins says whether a line, without an envelope, begins a multi-line record. It may be called at any time.
func (st *Stream) Begins(text []byte) bool {
	sh := unwrap(trimEnd(text), st.set.envelope)
	if sh.envelope != envelopeNone {
		return false
	}
	st.piece = appendPlain(st.piece[:0], sh.body)
	return st.startsRecord(st.piece)
}

// Ready says that the line behind what was fed is one that Begins: it completes the record that waits for that.
func (st *Stream) Ready() *Result {
	st.reset()
	st.closeReady()
	st.settle()
	return &st.res
}

func (st *Stream) closeReady() {
	if st.waiting == 1 && st.multis[0].active {
		st.closeUncounted()
	}
}

// closeUncounted completes what waits when no line does it. Had an earlier process done so with the same records, nothing
// would wait: reading would have started behind them. So they are new even where all their lines end at Counted.
func (st *Stream) closeUncounted() {
	if st.end >= st.counted {
		st.counted = st.end - 1
	}
	st.closeAll(st.end)
}

func (st *Stream) reset() {
	if cap(st.res.Events) > keepEvents || cap(st.fields) > keepHits {
		st.Release()
	}
	r := &st.res
	st.res = Result{
		Events: r.Events[:0], Skipped: r.Skipped[:0], UnmatchedText: r.UnmatchedText[:0], Corrections: r.Corrections[:0],
	}
	st.fields = st.fields[:0]
	if st.res.Events == nil {
		select {
		case b := <-st.set.large:
			st.borrow(b)
		default:
		}
	}
	st.arena, st.scratch, st.piece = giveBack(st.arena), giveBack(st.scratch), giveBack(st.piece)
	st.keep = st.keepMost
}

// buffers are what a batch needs while it is worked on. Thousands of files may be followed, of which few are at work: so
// the buffers belong to the set, which keeps keepLarge of them, and streams borrow them.
type buffers struct {
	events                           []event.Event
	fields                           []event.Field
	arena, scratch, piece            []byte
	hits, joinHits, guards, textHits []literal.Hit
}

func (st *Stream) borrow(b *buffers) {
	st.large = b
	st.res.Events, st.fields = b.events[:0], b.fields[:0]
	st.arena, st.scratch, st.piece = b.arena, b.scratch, b.piece
	st.hits, st.joinHits, st.guardHits, st.textHits = b.hits, b.joinHits, b.guards, b.textHits
}

// Release says that the latest result is used up: it ends the result's validity, and lends its memory to whichever stream
// of the set is fed next. Who leaves it out keeps that memory in the stream, but for what a large batch needed.
func (st *Stream) Release() {
	b := st.large
	if b == nil {
		b = &buffers{}
	}
	*b = buffers{
		st.res.Events, st.fields, st.arena, st.scratch, st.piece, st.hits, st.joinHits, st.guardHits, st.textHits,
	}
	select {
	case st.set.large <- b:
	default: // there are enough
	}
	st.res.Events, st.fields, st.large = nil, nil, nil
	st.arena, st.scratch, st.piece = nil, nil, nil
	st.hits, st.joinHits, st.guardHits, st.textHits = nil, nil, nil, nil
}

// settle works out where reading must start again, and frees what only a large batch needed: the next one may be long in
// coming.
func (st *Stream) settle() {
	st.res.Resume = st.end
	if st.waiting > 0 {
		st.res.Resume = st.oldest()
	}
	st.mach.Trim()
	st.test.Trim()
	if max(cap(st.hits), cap(st.joinHits), cap(st.guardHits), cap(st.textHits)) > keepHits {
		st.hits, st.joinHits, st.guardHits, st.textHits = nil, nil, nil, nil
	}
}

func (st *Stream) skip(reason string, lines int, end int64) {
	if end <= st.counted || lines == 0 {
		return
	}
	for i := range st.res.Skipped {
		if s := &st.res.Skipped[i]; s.Reason == reason {
			s.N += lines
			return
		}
	}
	st.res.Skipped = append(st.res.Skipped, Skip{reason, lines})
}

// block parses whole lines, a chunk at a time.
func (st *Stream) block(data []byte, off int64) {
	for len(data) > 0 {
		n := chunkEnd(data)
		st.chunk(data[:n], off)
		data, off = data[n:], off+int64(n)
	}
}

// chunkSize bounds how much is searched before the hits are worked off. A chunk is still in the cache when its lines are
// cut out, and the hits of a hostile one stay few enough to be kept.
const chunkSize = 32 << 10

// chunkEnd is the end of the last line that ends within chunkSize bytes, or of the first line where that is longer.
func chunkEnd(data []byte) int {
	if len(data) <= chunkSize {
		return len(data)
	}
	if i := bytes.LastIndexByte(data[:chunkSize], '\n'); i >= 0 {
		return i + 1
	}
	return lineEnd(data, chunkSize)
}

// chunk finds the literals of whole lines. Where nothing joins it skims: only lines around hits are cut out.
func (st *Stream) chunk(data []byte, off int64) {
	s := st.set
	lines, events := st.res.Lines, len(st.res.Events)
	defer func() { st.isDense = isDense(st.res.Lines-lines, len(st.res.Events)-events) }()
	if st.isDense && len(s.quick) > 0 {
		st.dense(data, off)
		return
	}
	if len(data) > chunkSize { // it is one line
		st.gatherIn(data)
		st.line(data, off, off+int64(len(data)))
		return
	}
	walks := s.walks || st.waiting > 0 || s.seesDocker() && bytes.HasPrefix(data, []byte(dockerStart))
	st.hits, st.nextHit = s.search.FindAll(data, st.hits[:0]), 0
	if walks {
		st.walk(data, 0, off)
	} else {
		st.skim(data, off)
	}
}

func (st *Stream) skim(data []byte, off int64) {
	done := 0 // what lies before is counted
	for st.nextHit < len(st.hits) {
		pos := st.hits[st.nextHit].Pos
		start := done + bytes.LastIndexByte(data[done:pos], '\n') + 1
		end := lineEnd(data, pos)
		raw := data[start:end]
		st.count(bytes.Count(data[done:start], []byte{'\n'}), off+int64(start))
		sh := unwrap(trimEnd(raw), st.set.envelope)
		if sh.partial || sh.envelope == envelopeDocker {
			st.walk(data, start, off)
			return
		}
		st.gather(end)
		st.whole(&sh, off+int64(start), off+int64(end))
		done = end
	}
	st.count(countLines(data[done:]), off+int64(len(data)))
}

// countLines counts lines, the last one without its newline too.
func countLines(b []byte) int {
	n := bytes.Count(b, []byte{'\n'})
	if len(b) > 0 && b[len(b)-1] != '\n' {
		n++
	}
	return n
}

// lineEnd is the position behind the end of the line that holds pos.
func lineEnd(data []byte, pos int) int {
	if i := bytes.IndexByte(data[pos:], '\n'); i >= 0 {
		return pos + i + 1
	}
	return len(data)
}

// count counts lines that are records by themselves and yield nothing; end is where the last one ends.
func (st *Stream) count(lines int, end int64) {
	if end > st.counted {
		st.res.Lines += lines
		st.res.Records += lines
	}
}

// walk parses whole lines from start on, one by one.
func (st *Stream) walk(data []byte, start int, off int64) {
	for start < len(data) {
		end := lineEnd(data, start)
		st.gather(end)
		st.line(data[start:end], off+int64(start), off+int64(end))
		start = end
	}
}

// gather takes the hits up to end, those of one line: they say which patterns are candidates.
func (st *Stream) gather(end int) {
	st.startGathering()
	for ; st.nextHit < len(st.hits) && st.hits[st.nextHit].Pos < end; st.nextHit++ {
		st.take(st.hits[st.nextHit].Lit)
	}
}

// gatherIn finds the candidates for a text of its own.
func (st *Stream) gatherIn(text []byte) {
	st.startGathering()
	st.joinHits = st.set.search.Stretches(text, st.joinHits, func(hits []literal.Hit) {
		for _, h := range hits {
			st.take(h.Lit)
		}
	})
}

func (st *Stream) startGathering() {
	st.level, st.rest = false, nil
	if st.set.noPrefilter {
		st.cand.fill(st.set.all)
		return
	}
	st.cand.fill(st.set.always)
}

func (st *Stream) take(lit int) {
	u := &st.set.uses[lit]
	st.cand.or(u.patterns)
	st.level = st.level || u.level
}

// line takes the envelope off a line and hands it to the step that it needs.
func (st *Stream) line(raw []byte, start, end int64) {
	sh := unwrap(trimEnd(raw), st.set.envelope)
	switch {
	case sh.partial || st.waiting > 0 && st.parts[sh.slot()].active:
		st.joinPart(&sh, start, end)
	case st.set.start != nil:
		st.piece = appendBody(st.piece[:0], &sh) // not the arena: it holds the events of the record that this may complete
		st.piece = appendPlain(st.piece[:0], st.piece)
		st.joinLine(&record{
			text: st.piece, slot: sh.slot(), env: sh.envelope, stamp: sh.stamp, start: start, end: end, done: end, lines: 1,
		})
	default:
		st.whole(&sh, start, end)
	}
	if st.waiting > 0 && end-st.oldest() > st.set.hold {
		st.closeAll(end)
	}
}

// body is what was logged, decoded into the arena where it is escaped.
func (st *Stream) body(sh *shell) []byte {
	if sh.envelope != envelopeDocker || bytes.IndexByte(sh.body, '\\') < 0 {
		return sh.body
	}
	from := len(st.arena)
	st.arena = appendBody(st.arena, sh)
	return st.arena[from:len(st.arena):len(st.arena)]
}

// whole completes a line that is a record by itself. st.cand and st.level say what was found in it.
func (st *Stream) whole(sh *shell, start, end int64) {
	if end <= st.counted {
		return
	}
	st.res.Lines++
	st.res.Records++
	if !st.level && st.cand.empty() {
		return
	}
	from := len(st.arena)
	r := record{
		text: st.plain(st.body(sh)), slot: sh.slot(), env: sh.envelope, stamp: sh.stamp, start: start, end: end, done: end, lines: 1,
	}
	if !st.examine(&r) {
		st.arena = st.arena[:from]
	}
}

// complete takes a joined record, whose text will be used for the next one.
func (st *Stream) complete(r *record) {
	if r.done <= st.counted {
		return
	}
	from := len(st.res.Events)
	if r.over {
		st.skip(string(line.TooLong), r.lines, r.done)
	} else {
		st.res.Lines += r.lines
		st.res.Records++
		st.weigh(r)
	}
	st.correct(r.shown, from)
}

// weigh looks for the event of a joined record.
func (st *Stream) weigh(r *record) {
	st.gatherIn(r.text)
	if !st.level && st.cand.empty() {
		return
	}
	from := len(st.arena)
	st.arena = appendPlain(st.arena, r.text)
	r.text = st.arena[from:len(st.arena):len(st.arena)]
	if !st.examine(r) {
		st.arena = st.arena[:from]
	}
}

// sampleBatches is how many batches of a file have their first record looked at, for the forms in Result.
const sampleBatches = 4

// sample notes the form of the first line.
func (st *Stream) sample(data []byte) {
	if len(data) == 0 || st.samples >= sampleBatches {
		return
	}
	st.samples++
	sh := unwrap(trimEnd(data[:lineEnd(data, 0)]), st.set.envelope)
	st.piece = appendBody(st.piece[:0], &sh)
	st.res.Envelopes[sh.envelope-envelopeNone]++
	st.res.Formats[detect(st.piece, st.set.format)-formatText]++
}
