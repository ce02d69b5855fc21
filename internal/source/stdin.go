package source

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"

	"github.com/errwatch/errwatch/internal/line"
)

// pipe is standard input as a part of a source. It has no position: what was read from it is not to be had again. So it
// outlives its Manager: after a reload its batches go to the next one.
type pipe struct {
	id     line.FileID
	ctx    context.Context // of all Takes
	cancel context.CancelFunc

	mu     sync.Mutex // held while a batch is being taken
	change sync.Cond
	m      *Manager // whose it is; nil: nobody's at present
	src    *source
	over   bool  // nobody's any more
	end    int64 // of the last batch
	resume int64 // what the sink said of it
	paused bool  // it was a pause

	waiting atomic.Bool // for more input
	ended   atomic.Bool
	taken   atomic.Int64          // bytes
	failed  atomic.Pointer[error] // why it ended, until told
}

func newPipe(m *Manager, s *source) *pipe {
	p := &pipe{id: m.nextID(), m: m, src: s}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.change.L = &p.mu
	return p
}

// run reads until the input ends, or stop is called. A Read that blocks cannot be called back, so nobody waits for it.
func (p *pipe) run(in io.Reader, o ReaderOptions) {
	err := NewReader(&pipeReader{p, in}, o).Run(p.ctx, p)
	if err != nil && !errors.Is(err, context.Canceled) {
		p.failed.Store(&err)
	}
	p.ended.Store(true)
}

// pipeReader keeps note of when its input blocks.
type pipeReader struct {
	p  *pipe
	in io.Reader
}

func (r *pipeReader) Read(b []byte) (int, error) {
	r.p.waiting.Store(true)
	defer r.p.waiting.Store(false)
	return r.in.Read(b)
}

// Take hands a batch on to the Manager whose the pipe is, or waits for one.
func (p *pipe) Take(ctx context.Context, b *line.Batch, _ func(int64)) error {
	return p.take(ctx, b)
}

// take has p.mu for as long as the sink works.
func (p *pipe) take(ctx context.Context, b *line.Batch) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.m == nil && !p.over {
		p.change.Wait()
	}
	if p.over {
		return context.Canceled
	}
	return p.hand(ctx, b)
}

func (p *pipe) hand(ctx context.Context, b *line.Batch) error {
	b.Source = p.src.opts.Name
	p.end, p.resume, p.paused = b.End, b.End, b.Pause
	if err := p.m.sink.Take(ctx, b, func(resume int64) { p.resume = resume }); err != nil {
		return err
	}
	p.taken.Add(b.End - b.Offset)
	if len(b.Data) > 0 {
		p.m.count(p.src, func(st *Stats) { st.LastLine = b.Read })
	}
	if b.Last {
		p.m.deps.Closed(p.id)
	}
	return nil
}

// tellPause tells the parser that nothing comes for now, where it waits for more of a record.
func (p *pipe) tellPause() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.m == nil || p.over || p.paused || p.resume >= p.end || !p.waiting.Load() {
		return
	}
	b := line.Batch{File: p.id, Path: stdinPath, Offset: p.end, End: p.end, Pause: true, Read: p.m.deps.Now()}
	_ = p.hand(p.ctx, &b) // the end of ctx is the only reason, and then nobody asks
}

// give makes the pipe another Manager's; nobody's for a while where m is nil. A batch that is being taken is waited for.
func (p *pipe) give(m *Manager, s *source) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.m, p.src = m, s
	p.change.Broadcast()
}

// stop lets no further batch through.
func (p *pipe) stop() {
	p.cancel()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over = true
	p.change.Broadcast()
}

// lookPipe is part of a tick: standard input counts as caught up once it has waited from one tick to the next.
func (m *Manager) lookPipe(s *source) {
	p := s.pipe
	if err := p.failed.Swap(nil); err != nil {
		m.trouble(s, stdinPath, *err)
	}
	n := p.taken.Load()
	still := p.waiting.Load() && n == s.pipeSeen
	s.pipeIdle = s.pipeIdle || p.ended.Load() || still
	if still {
		go p.tellPause() // the sink may block, the scheduler must not
	}
	s.pipeSeen = n
}

// startPipes begins to read standard input, where it was not taken over from a Manager before.
func (m *Manager) startPipes() {
	for _, s := range m.sources {
		if s.pipe == nil && s.wantsPipe {
			p := newPipe(m, s)
			m.setPipe(s, p)
			go p.run(m.deps.Stdin, ReaderOptions{Path: stdinPath, File: p.id, MaxLine: s.opts.MaxLine, Now: m.deps.Now})
		}
	}
}

// endPipes ends the reading of standard input, or, for a reload, lays it by.
func (m *Manager) endPipes(reload bool) {
	for _, s := range m.sources {
		switch {
		case s.pipe == nil:
		case reload:
			s.pipe.give(nil, nil)
		default:
			s.pipe.stop()
		}
	}
}

// adoptPipe takes over the standard input of another Manager.
func (m *Manager) adoptPipe(p *pipe) {
	for _, s := range m.sources {
		if s.wantsPipe {
			m.setPipe(s, p)
			p.give(m, s)
			return
		}
	}
	p.stop()
}

// setPipe is seen by Stats.
func (m *Manager) setPipe(s *source, p *pipe) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s.pipe = p
}
