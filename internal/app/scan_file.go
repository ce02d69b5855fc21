package app

import (
	"context"
	"sync"

	"github.com/errwatch/errwatch/internal/parse"
	"github.com/errwatch/errwatch/internal/source"
)

// A scan uses all cores on one file, too. It is read block by block, cut at line ends, and workers search blocks, each as
// if a record began with it. The file's goroutine takes the results in the order of the file and adds them up. So the
// result is that of a single worker, to the byte.
//
// A plain file is read by the workers, one after the other: what a core has read is in its own cache when it searches, and
// nobody has to be woken up for each block. What may wait (a pipe) or costs more than the search (decompressing) is read
// by the file's goroutine, so that no worker is kept from the blocks of other files.
//
// Some records reach over the end of a block: those that a container runtime cut in pieces, and those of several lines,
// whose end only shows where the next one begins. For the second kind the reader ends blocks before a line that begins a
// record; that works where the file has one stream of records, without an envelope. Where a block does end inside a
// record, the next one is searched again, from the state in which this one ended. Where that happens again and again
// (several lines a record, inside docker or CRI) the file goes on one block at a time for a while, since half of the work
// would be thrown away.

const (
	missesAtMost  = 3  // blocks in a row whose search was for nothing: then the file goes on one block at a time
	oneByOneCount = 64 // for so many blocks
)

// fileScan is one file that is being read.
type fileScan struct {
	scan    *scan
	job     *job
	reader  *source.Reader
	events  chan<- *chunk
	pending []*chunk // found, in order, and not sent yet

	flying []*block // given away and not added yet, in order
	ended  bool     // nothing more to read

	shared bool       // workers read
	turn   sync.Mutex // to read: guards reader and what follows
	unread []*block   // of flying, those that nobody has read yet, in order
	index  int        // of the next block
	past   bool       // all is read
	failed error      // that ended it

	carry    *parse.Stream // of the block that was added last, where a record waits in it
	spare    *parse.Stream
	misses   int
	oneByOne int // so many blocks are still to be searched one at a time
}

func (s *scan) file(ctx context.Context, j *job, events chan<- *chunk) error {
	in, err := s.open(ctx, j)
	if err != nil {
		return err
	}
	defer in.Close()
	if pr := s.opts.Progress; pr != nil {
		in.raw.n = func(n int) { pr.Bytes.Add(int64(n)) }
		pr.File.Store(&j.path)
	}
	o := source.ReaderOptions{Source: j.source, Path: j.path, MaxLine: s.plan.maxLine, Block: s.opts.block, Now: s.opts.Now}
	if set := s.plan.sets[j.source]; set.Multiline() {
		o.Begins = set.NewStream().Begins
	}
	j.opened, j.out = true, newFileResult()
	f := &fileScan{scan: s, job: j, events: events, reader: source.NewReader(in, o), shared: in.plain}
	return j.failure(f.run(ctx))
}

// run reads and adds up until the end. While the merge does not want more of this file it holds no block.
func (f *fileScan) run(ctx context.Context) error {
	for ctx.Err() == nil {
		switch b := f.room(ctx); {
		case b != nil:
			f.give(ctx, b)
		case len(f.flying) > 0:
			f.collect(ctx)
		case f.ended && len(f.pending) == 0:
			return f.failed
		}
		f.forward(ctx)
	}
	for len(f.flying) > 0 {
		f.collect(ctx)
	}
	return ctx.Err()
}

// room returns a block to read into; nil where one has to come back first, or none is wanted. It waits only where this
// file has none.
func (f *fileScan) room(ctx context.Context) *block {
	if f.ended || len(f.pending) > 0 {
		return nil
	}
	select {
	case b := <-f.scan.free:
		return b
	default:
	}
	if len(f.flying) > 0 {
		return nil
	}
	select {
	case b := <-f.scan.free:
		return b
	case <-ctx.Done():
		return nil
	}
}

// give gives the workers a block, to read into it or to search in it what is read already.
func (f *fileScan) give(ctx context.Context, b *block) {
	b.assign(f)
	if f.oneByOne > 0 {
		f.oneByOne--
		for len(f.flying) > 0 {
			f.collect(ctx)
		}
	}
	if f.carry != nil && len(f.flying) == 0 {
		f.spare, b.stream, b.goes, f.carry = b.stream, f.carry, true, nil
	}
	f.flying = append(f.flying, b)
	f.turn.Lock()
	f.unread = append(f.unread, b)
	f.turn.Unlock()
	w := work{file: f}
	if !f.shared {
		w.block = f.read()
	}
	f.scan.work <- w
}

// read reads the next stretch of the file into the first of the blocks that wait for it, and returns that.
func (f *fileScan) read() *block {
	f.turn.Lock()
	defer f.turn.Unlock()
	b := f.unread[0]
	f.unread = f.unread[:copy(f.unread, f.unread[1:])]
	b.index, b.empty, b.last = f.index, f.past, f.past
	if f.past {
		return b
	}
	f.index++
	more, err := f.reader.Next(&b.Block)
	if !more {
		f.past, f.failed = true, err
	}
	b.empty, b.last = err != nil, f.past
	return b
}

// collect waits for the first of the blocks and adds it.
func (f *fileScan) collect(ctx context.Context) {
	b := f.flying[0]
	f.flying = f.flying[:copy(f.flying, f.flying[1:])]
	<-b.done
	f.ended = f.ended || b.last
	if b.empty {
		f.scan.free <- b
		return
	}
	if f.carry != nil {
		f.spare = b.searchOn(ctx, f.carry)
		f.carry = nil
		if f.misses++; f.misses > missesAtMost {
			f.misses, f.oneByOne = 0, oneByOneCount
		}
	} else {
		f.misses = 0
	}
	f.scan.addUp(f.job, &b.out)
	f.pending = append(f.pending, b.chunks...)
	clear(b.chunks)
	b.chunks = b.chunks[:0]
	if b.waiting {
		f.carry, b.stream = b.stream, f.spare
		f.spare = nil
		if b.stream == nil {
			b.stream = b.set.NewStream()
		}
	}
	f.scan.free <- b
}

// forward sends what was found. It waits for the merge only where no block is in its hands, since the merge may wait for
// another file that needs one.
func (f *fileScan) forward(ctx context.Context) {
	sent := 0
	for ; sent < len(f.pending); sent++ {
		c := f.pending[sent]
		if len(f.flying) > 0 {
			select {
			case f.events <- c:
				continue
			default:
			}
			break
		}
		select {
		case f.events <- c:
		case <-ctx.Done():
			return
		}
	}
	f.pending = f.pending[:copy(f.pending, f.pending[sent:])]
}

func (s *scan) addUp(j *job, found *fileResult) {
	j.out.merge(found, s.opts.Unmatched)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tallies.merge(found.tallies)
}
