package source

import (
	"bytes"
	"context"

	"github.com/errwatch/errwatch/internal/line"
)

const (
	// blockSize is what one turn of a file reads. Larger blocks are no faster: at this size the system calls no longer
	// show, and a block still fits the second level cache.
	blockSize = 256 << 10

	// scanFrom is the length from which on a line without its end is no longer read again from its beginning each time
	// that it grows.
	scanFrom = 64 << 10
)

// outcome is how a turn ended.
type outcome uint8

const (
	idle       outcome = iota // the end was reached
	more                      // there is more to read
	truncated                 // the file no longer holds what was read of it
	finished                  // all was read, and no more will come
	failed                    // reading failed
	identified                // it is known what a compressed file holds
	refused                   // the sink did not take it
)

// worker reads, one block of one file at a time. Its buffer is all the memory that reading takes: a line that is not
// complete yet is not kept, but read again.
type worker struct {
	m      *Manager
	packed bool // it reads compressed files, and only those
	buf    []byte
	long   []byte // for lines longer than a block
	check  [windowLen]byte
	batch  line.Batch

	// The batch that is being taken.
	g        *generation
	next     position
	done     bool
	advanced bool
	paused   bool               // it only says so
	advance  func(resume int64) // advanceTo, made once

	flying []*aheadBlock // read and not taken yet, in order
}

// turn is what the scheduler knows and a turn needs.
type turn struct {
	g        *generation
	released bool  // nobody has the file open for writing, asked before anything is read
	limit    int64 // read no further; -1: no such limit
	disk     int64 // the size of the file on disk
	identify *unknown
	ahead    bool // it is far behind, and the only file that is
	pause    bool // nothing has come for a while, though the parser waits for more
}

// room returns a buffer of n bytes. Beyond the usual block it is made for a long line, and given up when there is nothing
// to do: a log of long lines needs no new one for each.
func (w *worker) room(n int) []byte {
	if n > blockSize+windowLen {
		if n > len(w.long) {
			w.long = nil // first, so that both are not needed at once
			w.long = make([]byte, n+n/8)
		}
		return w.long[:n]
	}
	if w.buf == nil {
		w.buf = make([]byte, blockSize+windowLen)
	}
	return w.buf[:n]
}

// read takes one turn: it reads one block and hands on what is whole in it.
func (w *worker) read(ctx context.Context, t turn) (outcome, error) {
	switch {
	case t.identify != nil:
		return w.identify(ctx, t)
	case t.g.file == nil: // truncated, and no copy was found: what its parser still holds back is all that there is
		return w.last(ctx, t.g, "", nil, t.g.at)
	case t.g.packed != nil:
		t.g.packed.stop = ctx
	}
	if t.ahead && t.g.mayStart() {
		if out, ok, err := w.readAhead(ctx, t); ok {
			return out, err
		}
	}
	read := w.block
	if t.g.scan > 0 {
		read = w.search
	}
	out, err := read(ctx, t)
	if out == idle && t.pause {
		return w.pause(ctx, t.g)
	}
	return out, err
}

// pause tells the parser that nothing comes for now.
func (w *worker) pause(ctx context.Context, g *generation) (outcome, error) {
	w.start(g, "", nil)
	w.batch.Pause = true
	if err := w.hand(ctx, g, g.at, false); err != nil {
		return refused, err
	}
	return idle, nil
}

// block reads the anchor and what comes behind it in one go, and looks at the anchor again after the data: only then
// is it sure that the data is what follows what was read before, and not what a truncation put in its place meanwhile.
func (w *worker) block(ctx context.Context, t turn) (outcome, error) {
	g := t.g
	back := windowBefore(g.at.offset)
	from := g.at.offset - int64(back)
	buf := w.room(back + max(blockSize, g.need))
	n, err := g.readAt(buf, from)
	if err != nil {
		return failed, err
	}
	if n < back || back > 0 && g.packed == nil && sumOf(buf[:back]) != g.at.anchor {
		return truncated, nil
	}
	end := n < len(buf)
	if t.limit >= 0 && from+int64(n) > t.limit {
		n, end = max(back, int(t.limit-from)), false
	}
	block := buf[:n]
	if len(block) == back {
		return w.atEnd(ctx, t, end, block, from)
	}
	switch w.proof(g, block, from) {
	case changed:
		if g.at.offset == 0 {
			return more, nil // nothing was read yet: simply read what is there now
		}
		return truncated, nil
	case shrunk:
		// What was read is older than the truncation, and exists nowhere else any more. But the kernel clears cut pages
		// from the front, so what follows a NUL may already be cleared in part.
		if i := bytes.IndexByte(block[back:], 0); i >= 0 {
			block, end = block[:back+i], false
		}
	}
	p := cut(block[back:], g.src.opts.MaxLine)
	if p.n == 0 {
		return w.partial(ctx, t, end, block, from)
	}
	w.start(g, p.skip, block[back:back+p.n])
	if err := w.hand(ctx, g, g.at.moved(g.at.offset+int64(p.n), block, from, p.skip == line.NulRun), false); err != nil {
		return refused, err
	}
	g.need = 0
	if end && !t.released && cut(block[back+p.n:], g.src.opts.MaxLine).n == 0 {
		return idle, nil
	}
	return more, nil
}

// proofState is what the second look at the beginning of a block says.
type proofState uint8

const (
	proven proofState = iota
	shrunk
	changed
)

func (w *worker) proof(g *generation, block []byte, from int64) proofState {
	window := block[:min(windowLen, len(block))]
	n, _ := g.readAt(w.check[:len(window)], from) // an error is a short read, and the next turn meets it again
	if n == len(window) && bytes.Equal(w.check[:n], window) {
		return proven
	}
	if st, err := statFile(g.file); err == nil && st.size < from+int64(len(block)) {
		return shrunk
	}
	return changed
}

// partial deals with a block in which nothing is whole.
func (w *worker) partial(ctx context.Context, t turn, end bool, block []byte, from int64) (outcome, error) {
	g := t.g
	data := block[g.at.offset-from:]
	if end && t.released {
		return w.atEnd(ctx, t, end, block, from)
	}
	if t.limit >= 0 && !end && g.at.offset+int64(len(data)) >= t.limit {
		return idle, nil
	}
	if !end || len(data) >= scanFrom {
		g.searched(data, g.at.offset, data[0] == 0)
	}
	if end {
		return idle, nil
	}
	return more, nil
}

// atEnd is reached when nothing whole is left. Where the writer has let go, what is left counts now.
func (w *worker) atEnd(ctx context.Context, t turn, end bool, block []byte, from int64) (outcome, error) {
	g := t.g
	if !end || !t.released {
		return idle, nil
	}
	data := block[g.at.offset-from:]
	skip := rest(data, g.src.opts.MaxLine)
	if g.rec.copy {
		skip = line.Fragment
	}
	next := g.at
	if len(data) > 0 {
		next = g.at.moved(g.at.offset+int64(len(data)), block, from, skip == line.NulRun)
	}
	return w.last(ctx, g, skip, data, next)
}

// last hands on what is left of a generation, and says that it is finished.
func (w *worker) last(ctx context.Context, g *generation, skip line.SkipReason, data []byte, next position) (outcome, error) {
	if skip != "" && next.offset > g.at.offset {
		w.start(g, skip, data)
		if err := w.hand(ctx, g, next, false); err != nil {
			return refused, err
		}
		data = nil
	}
	w.start(g, "", data)
	w.batch.Last = true
	if err := w.hand(ctx, g, next, true); err != nil {
		return refused, err
	}
	return finished, nil
}

// start prepares the batch.
func (w *worker) start(g *generation, skip line.SkipReason, data []byte) {
	w.batch = w.batchOf(g, g.at.offset, data)
	w.batch.Skipped = skip
	if skip != "" {
		w.batch.Data, w.batch.SkippedLines = nil, 1
	}
}

// batchOf returns a batch of lines, but for its end.
func (w *worker) batchOf(g *generation, offset int64, data []byte) line.Batch {
	return line.Batch{
		Source: g.src.opts.Name, File: g.id, Path: g.path, Data: data, Offset: offset, Counted: g.counted, Shown: g.shown,
		Read: w.m.deps.Now(),
	}
}

// hand gives the batch to the sink.
func (w *worker) hand(ctx context.Context, g *generation, next position, done bool) error {
	w.batch.End = next.offset
	return w.handOver(g, &w.batch, next, done, func(advance func(int64)) error { return w.m.sink.Take(ctx, &w.batch, advance) })
}

// handOver has a batch taken. next becomes the position of the next commit at the moment in which the sink says so, and
// the position of reading when it has returned.
func (w *worker) handOver(g *generation, b *line.Batch, next position, done bool, take func(advance func(int64)) error) error {
	w.g, w.next, w.done, w.paused, w.advanced = g, next, done, b.Pause, false
	if w.advance == nil {
		w.advance = w.advanceTo
	}
	if err := take(w.advance); err != nil && !w.advanced {
		return err
	}
	if !w.advanced {
		w.advanceTo(next.offset) // the sink forgot, but it has the batch
	}
	g.at = next
	w.m.noteRead(g, b)
	return nil
}

// advanceTo is the advance of the batch that is being taken.
func (w *worker) advanceTo(resume int64) {
	w.advanced = true
	w.m.advance(w.g, w.next, resume, w.paused, w.done)
}
