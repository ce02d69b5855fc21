package app

import (
	"context"
	"time"

	"github.com/errwatch/errwatch/internal/event"
	"github.com/errwatch/errwatch/internal/line"
	"github.com/errwatch/errwatch/internal/parse"
	"github.com/errwatch/errwatch/internal/source"
)

// block is a stretch of a file on its way through a scan: it is read, any worker searches it, and the file's goroutine adds
// what was found, in the order of the file.
type block struct {
	source.Block
	file  *fileScan
	index int  // in its file
	empty bool // the file had ended before
	last  bool // nothing of the file is behind it
	goes  bool // on where the stream left off, which belongs to the block before; else it begins by itself

	set     *parse.Set
	stream  *parse.Stream
	dates   *parse.Stream // reads times of lines while the results of stream are in use
	scratch []byte

	out     fileResult
	chunks  []*chunk
	waiting bool // a record waits for lines of the next block
	done    chan struct{}
}

// work is what a worker does next: search a block, or where that is nil, read the next one of a file and search it. Which
// one that is shows when the worker's turn to read has come.
type work struct {
	file  *fileScan
	block *block
}

func newBlock() *block { return &block{done: make(chan struct{}, 1), out: newFileResult()} }

// startWorkers makes the blocks and starts those who search them; the function returned ends them. Two blocks more than
// workers: while all search, one is read and one is added up.
func (s *scan) startWorkers(ctx context.Context) (stop func()) {
	n := max(1, s.opts.Workers)
	s.free, s.work = make(chan *block, n+2), make(chan work, n+2)
	for range cap(s.free) {
		s.free <- newBlock()
	}
	for range n {
		go func() {
			for w := range s.work {
				b := w.block
				if b == nil {
					b = w.file.read()
				}
				if !b.empty {
					b.search(ctx)
				}
				b.done <- struct{}{}
			}
		}()
	}
	return func() { close(s.work) }
}

const (
	blockSize  = 256 << 10
	blockLeast = 32 << 10
	blocksAll  = 32 << 20
)

// blockOf is how large the blocks of n files are. What the merge holds of each file is counted in blocks; where it must
// hold something of a thousand files, that cannot be much.
func blockOf(n int) int { return min(blockSize, max(blockLeast, blocksAll/max(n, 1))) }

// assign makes a block one of a file's.
func (b *block) assign(f *fileScan) {
	set := f.scan.plan.sets[f.job.source]
	b.file, b.goes = f, false
	if b.set != set {
		b.set, b.stream, b.dates = set, set.NewStream(), set.NewStream()
	}
}

// search parses the block. Where a record of the block before goes on in it, what comes out is worth nothing: searchOn
// does it again.
func (b *block) search(ctx context.Context) {
	b.out.reset()
	if b.goes {
		b.stream.Index(b.index)
	} else {
		b.stream.Part(b.index)
	}
	b.stream.KeepUnmatched(b.file.scan.opts.Unmatched)
	var run *chunk
	for i := range b.Batches {
		if ctx.Err() != nil {
			break
		}
		run = b.take(run, &b.Batches[i])
	}
	if b.Ready {
		run = b.add(run, b.stream.Ready())
	}
	b.close(run)
	b.waiting = b.stream.Waiting()
}

// searchOn parses the block again with the stream of the block before, and returns the one it had.
func (b *block) searchOn(ctx context.Context, stream *parse.Stream) (spare *parse.Stream) {
	b.dropChunks()
	spare, b.stream, b.goes = b.stream, stream, true
	b.search(ctx)
	return spare
}

// take counts a batch.
func (b *block) take(run *chunk, batch *line.Batch) *chunk {
	run = b.markLines(run, batch)
	run = b.add(run, b.stream.Feed(batch))
	b.stream.Release()
	b.out.bytes += batch.End - batch.Offset
	return b.mark(run, lastTime(b.dates, batch.Data, batch.Read))
}

// add counts what the stream found, and hands on what the rules want.
func (b *block) add(run *chunk, res *parse.Result) *chunk {
	out, redactor := &b.out, b.file.scan.plan.redactor
	out.lines += int64(res.Lines)
	out.unmatched += int64(res.Unmatched)
	b.keepSamples(res)
	out.countForms(res)
	for _, s := range res.Skipped {
		out.skipped[s.Reason] += int64(s.N)
	}
	b.scratch = b.scratch[:0]
	for i := range res.Events {
		if e := &res.Events[i]; b.count(e) {
			b.scratch = redactor.Defer(e, b.scratch)
			if !b.file.scan.lines {
				e.Text, e.Hidden = nil, event.Hidden{}
			}
			run = b.forward(run, e)
		}
	}
	return run
}

// keepSamples keeps the first unmatched lines, redacted.
func (b *block) keepSamples(res *parse.Result) {
	for _, text := range res.UnmatchedText {
		if len(b.out.samples) >= b.file.scan.opts.Unmatched {
			return
		}
		b.out.samples = append(b.out.samples, string(b.file.scan.plan.redactor.Text(nil, text)))
	}
}

// count counts an event and says whether the rules want it. They see events of reference patterns, too.
func (b *block) count(e *event.Event) bool {
	out := &b.out
	switch {
	case !b.file.scan.wanted(e, out):
		return false
	case e.Reference:
		return !e.Time.IsZero()
	}
	out.tallies.add(e)
	if e.Conflict {
		out.conflicts++
	}
	if e.Time.IsZero() {
		out.timeless++
		return false
	}
	return true
}

// markLines marks the first line of a file and, where a rule waits for lines, all that is needed to find silence: both
// lines around each gap, and the others now and then.
func (b *block) markLines(run *chunk, batch *line.Batch) *chunk {
	step := b.file.scan.gap
	if batch.Offset > 0 && step == 0 {
		return run
	}
	run = b.mark(run, b.dates.FirstTime(batch.Data, batch.Read))
	if step > 0 {
		eachGap(b.dates, batch.Data, batch.Read, step, func(at time.Time) { run = b.mark(run, at) })
	}
	return run
}

// mark adds to the chunk under way that a line stood at a time, if there is one. What lies outside of the wanted time
// stands at its edge: the clock goes from there to there.
func (b *block) mark(run *chunk, at time.Time) *chunk {
	o := &b.file.scan.opts
	switch {
	case at.IsZero():
		return run
	case at.Before(o.Since):
		at = o.Since
	case !o.Until.IsZero() && at.After(o.Until):
		at = o.Until
	}
	if run == nil {
		run = chunks.Get().(*chunk)
	}
	run.addMark(b.file.job.source, at)
	return run
}

// forward puts an event into the chunk under way, and returns that or nil where it is full.
func (b *block) forward(run *chunk, e *event.Event) *chunk {
	if run == nil {
		run = chunks.Get().(*chunk)
	}
	run.add(e)
	if len(run.items) < chunkEvents {
		return run
	}
	b.close(run)
	return nil
}

func (b *block) close(run *chunk) {
	if run != nil {
		run.sort()
		b.chunks = append(b.chunks, run)
	}
}

func (b *block) dropChunks() {
	for _, c := range b.chunks {
		c.free()
	}
	b.chunks = b.chunks[:0]
}
