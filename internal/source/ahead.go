package source

import (
	"cmp"
	"context"
	"runtime"
	"slices"

	"github.com/errwatch/errwatch/internal/line"
)

// Of a file that is far behind its end, several blocks are read before the first of them is taken, and the sink may work
// on all of them at once. They are taken in order, one after the other, as if each had been read in a turn of its own:
// reading a block shows again that the file still holds what was read before it, and where it does not, what stands
// before that place is taken and the rest of the turn is left out. The next turn then meets whatever is out of the
// ordinary: only blocks full of ordinary lines are read ahead.

// Starter is a Sink that can begin with a batch before its turn has come.
type Starter interface {
	Sink

	// Start begins with a batch, and returns at once. Nothing that a commit or a reader of the sink can see changes before
	// the batch is taken. The batch and its data stay as they are until it is taken or dropped.
	Start(b *line.Batch) Started

	// Cut returns how much of a batch to start with, a line of it at least, and whether a record begins with the line
	// behind that.
	Cut(b *line.Batch) (n int, ready bool)
}

// Started is a batch that a Starter has begun with. One of its methods is called, once: they come in the order of Start
// for the batches of one file.
type Started interface {
	// Take is Sink.Take of the batch.
	Take(ctx context.Context, advance func(resume int64)) error

	// Drop returns when nothing looks at the batch any more.
	Drop()
}

// aheadSize is what is read ahead at a time. Where every line is an event, what was found in the blocks on their way takes
// several times their own size.
const aheadSize = 128 << 10

// Ahead says when and how far files are read ahead, where the sink is a Starter. Zero is the default.
type Ahead struct {
	From   int64 // bytes that a file must be behind its end
	Block  int   // bytes that are read at a time
	Blocks int   // that are read and not taken, of one file
	Turn   int   // blocks in one turn: a live file may wait for so long
}

func (a Ahead) withDefaults() Ahead {
	return Ahead{
		From: cmp.Or(a.From, backlogBytes), Block: cmp.Or(a.Block, aheadSize), Blocks: cmp.Or(a.Blocks, min(4, runtime.GOMAXPROCS(0)+1)), Turn: cmp.Or(a.Turn, 32),
	}
}

// aheadBlock is a block on its way.
type aheadBlock struct {
	buf     []byte
	batch   line.Batch
	next    position // behind it
	started Started
}

// mayReadAhead says whether a turn of a file is one for reading ahead. Where other files have a backlog too, they keep
// the cores busy, and turns must be short: of all files the one that is furthest behind in time is read on. m.mu is held.
func (m *Manager) mayReadAhead(g *generation) bool {
	return m.starter != nil && g.packed == nil && g.file != nil && len(m.ready.backlog) == 0 && g.lag() > m.deps.Ahead.From
}

// readAhead takes a turn of several blocks. It is not ok where not even the first was an ordinary one: nothing has
// happened then.
func (w *worker) readAhead(ctx context.Context, t turn) (out outcome, ok bool, err error) {
	at := t.g.at
	defer w.dropAhead()
	for range w.m.deps.Ahead.Turn {
		b := w.fillAhead(t, at)
		if b == nil || ctx.Err() != nil {
			w.m.freeAhead(b)
			break
		}
		b.started = w.m.starter.Start(&b.batch)
		w.flying = append(w.flying, b)
		at, ok = b.next, true
		if len(w.flying) < w.m.deps.Ahead.Blocks {
			continue
		}
		if err := w.takeAhead(ctx, t.g); err != nil {
			return refused, true, err
		}
	}
	for len(w.flying) > 0 {
		if err := w.takeAhead(ctx, t.g); err != nil {
			return refused, true, err
		}
	}
	return more, ok, nil
}

// fillAhead reads the block behind a position, whose proof is held against the file as in every turn. It returns nil
// where that is not a whole block of ordinary lines.
func (w *worker) fillAhead(t turn, at position) *aheadBlock {
	g, b := t.g, w.m.newAhead()
	back := windowBefore(at.offset)
	from := at.offset - int64(back)
	buf := b.buf[:back+w.m.deps.Ahead.Block]
	n, err := g.readAt(buf, from)
	whole := err == nil && n == len(buf) && (t.limit < 0 || from+int64(n) <= t.limit)
	if !whole || back > 0 && sumOf(buf[:back]) != at.anchor || w.proof(g, buf, from) != proven {
		w.m.freeAhead(b)
		return nil
	}
	p := cut(buf[back:], g.src.opts.MaxLine)
	if p.n == 0 || p.skip != "" {
		w.m.freeAhead(b)
		return nil
	}
	b.batch = w.batchOf(g, at.offset, buf[back:back+p.n])
	p.n, b.batch.Ready = w.m.starter.Cut(&b.batch)
	b.batch.Data, b.batch.End = b.batch.Data[:p.n], at.offset+int64(p.n)
	b.next = at.moved(b.batch.End, buf, from, false)
	return b
}

// takeAhead has the first of the blocks on their way taken.
func (w *worker) takeAhead(ctx context.Context, g *generation) error {
	b := w.flying[0]
	w.flying = slices.Delete(w.flying, 0, 1)
	defer w.m.freeAhead(b)
	return w.handOver(g, &b.batch, b.next, false, func(advance func(int64)) error { return b.started.Take(ctx, advance) })
}

func (w *worker) dropAhead() {
	for _, b := range w.flying {
		b.started.Drop()
		w.m.freeAhead(b)
	}
	clear(w.flying)
	w.flying = w.flying[:0]
}

// newAhead returns a block that is not in use.
func (m *Manager) newAhead() *aheadBlock {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := len(m.spare)
	if n == 0 {
		return &aheadBlock{buf: make([]byte, windowLen+m.deps.Ahead.Block)}
	}
	b := m.spare[n-1]
	m.spare = m.spare[:n-1]
	return b
}

// freeAhead keeps a block for the next one, as long as any file is far behind.
func (m *Manager) freeAhead(b *aheadBlock) {
	if b == nil {
		return
	}
	b.batch, b.next, b.started = line.Batch{}, position{}, nil
	m.mu.Lock()
	defer m.mu.Unlock()
	m.spare = append(m.spare, b)
}

// mayStart says that what comes next is read for the first time, and is not known to be out of the ordinary.
func (g *generation) mayStart() bool {
	return g.scan == 0 && g.need == 0 && g.at.offset >= max(g.counted, g.shown)
}
