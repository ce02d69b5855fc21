package app

import (
	"context"
	"runtime"
	"sync"

	"github.com/errwatch/errwatch/internal/line"
	"github.com/errwatch/errwatch/internal/parse"
	"github.com/errwatch/errwatch/internal/source"
)

// One file that is far behind is read by one goroutine, and parsed by all cores, as in a scan: the source starts blocks
// of it, helpers parse them, each as if a record began with it, and the reading goroutine takes what was found in the
// order of the file, each block in a critical section of its own. Where a record reaches over the end of a block after
// all, what was found in the next one is thrown away, and the stream that waits for the rest parses it.

// early is a batch that is parsed before its turn.
type early struct {
	p       *pipeline
	st      *stream
	batch   *line.Batch
	parse   *parse.Stream
	scratch []byte
	res     *parse.Result
	started bool // a helper parses it, or will
	done    chan struct{}
}

// helpers parse what was started.
type helpers struct {
	work chan *early // nil where there are none
	wg   sync.WaitGroup
}

// waitingBlocks is how many blocks may wait for a helper, of all files.
const waitingBlocks = 16

// startHelpers has blocks parsed ahead where there is more than one core for it.
func (p *pipeline) startHelpers() {
	n := runtime.GOMAXPROCS(0)
	if n < 2 {
		return
	}
	p.helpers.work = make(chan *early, waitingBlocks)
	for range n {
		p.helpers.wg.Go(func() {
			for a := range p.helpers.work {
				a.search()
				a.done <- struct{}{}
			}
		})
	}
}

// stopHelpers ends them. Nothing may be started any more.
func (p *pipeline) stopHelpers() {
	if p.helpers.work != nil {
		close(p.helpers.work)
		p.helpers.wg.Wait()
	}
}

// Cut is source.Starter.
func (p *pipeline) Cut(b *line.Batch) (n int, ready bool) {
	if !p.plan.sets[b.Source].Multiline() {
		return len(b.Data), false
	}
	st := p.stream(b)
	a := st.spare(p, b)
	defer st.keep(a)
	if at := source.LastBeginning(b.Data, a.parse.Begins); at > 0 {
		return at, true
	}
	return len(b.Data), false
}

// Start is source.Starter.
func (p *pipeline) Start(b *line.Batch) source.Started {
	st := p.stream(b)
	a := st.spare(p, b)
	a.batch, a.started = b, false
	if st.oneByOne > 0 {
		st.oneByOne--
		return a
	}
	select {
	case p.helpers.work <- a:
		a.started = true
	default: // they have enough to do: it is parsed when it is taken
	}
	return a
}

func (st *stream) spare(p *pipeline, b *line.Batch) *early {
	if n := len(st.spares); n > 0 {
		a := st.spares[n-1]
		st.spares = st.spares[:n-1]
		return a
	}
	return &early{p: p, st: st, parse: p.plan.sets[b.Source].NewStream(), done: make(chan struct{}, 1)}
}

func (st *stream) keep(a *early) {
	a.batch, a.res = nil, nil
	st.spares = append(st.spares, a)
}

// search finds what is in the batch.
func (a *early) search() {
	a.parse.Restart()
	a.res, a.scratch = a.p.search(a.parse, a.batch, a.scratch)
}

// Take is source.Started.
func (a *early) Take(_ context.Context, advance func(resume int64)) error {
	st := a.st
	defer st.keep(a)
	if !a.await() || st.parse.Waiting() {
		if a.started {
			st.missed()
			a.parse.Release()
		}
		a.p.take(st, a.batch, advance)
		return nil
	}
	st.misses = 0
	st.parse, a.parse = a.parse, st.parse // what waits now is in this one
	a.p.apply(st, a.batch, a.res, advance)
	return nil
}

// Drop is source.Started.
func (a *early) Drop() {
	if a.await() {
		a.parse.Release()
	}
	a.st.keep(a)
}

// await returns when no helper has the batch any more, and whether one had it.
func (a *early) await() bool {
	if a.started {
		<-a.done
	}
	return a.started
}

// missed notes that a block was parsed for nothing.
func (st *stream) missed() {
	if st.misses++; st.misses > missesAtMost {
		st.misses, st.oneByOne = 0, oneByOneCount
	}
}
