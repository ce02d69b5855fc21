package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/errwatch/errwatch/internal/line"
	"github.com/errwatch/errwatch/internal/parse"
	"github.com/errwatch/errwatch/internal/source"
)

// ErrNoPaths says that a source has no paths that could be followed.
var ErrNoPaths = errors.New("the source has no paths")

// readyTick is how often it is looked whether following has begun.
const readyTick = 10 * time.Millisecond

// maxTexts bounds the records at error level that one line can complete: itself, and one that waited for it.
const maxTexts = 2

// FollowOptions say what is followed.
type FollowOptions struct {
	Source string // the name of a configured source
	Stdin  io.Reader
	Now    func() time.Time
	Logger *slog.Logger
	// Ready is called once, from another goroutine, when each file that is there was found: lines written from then on
	// are explained. May be nil.
	Ready func(files int)
}

// FollowExplained follows the files of a source from their end and explains each new record that yields an event, or is
// at error level and yields none; a record that was joined from several lines is explained as joined, when it is
// complete. It knows no state, counts nothing, and disturbs no daemon. each is called for one record at a time with the
// path that it was read from; its first error ends the following and is returned. The end of ctx is no error.
func (p *Plan) FollowExplained(ctx context.Context, o FollowOptions, each func(path string, x Explained) error) error {
	i := slices.IndexFunc(p.sources, func(s source.Options) bool { return s.Name == o.Source })
	if i < 0 || len(p.sources[i].Paths) == 0 {
		return fmt.Errorf("source %s: %w", o.Source, ErrNoPaths)
	}
	opts := p.sources[i]
	opts.Start = source.StartEnd

	run, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	f := &follower{plan: p, source: o.Source, each: each}
	m, err := source.New([]source.Options{opts}, f, source.Deps{
		Logger: o.Logger, Now: o.Now, NoTail: true, Closed: f.closed, Stdin: o.Stdin,
	})
	if err != nil {
		return err
	}
	f.end = func(err error) {
		m.Halt() // before its context ends: otherwise it would read to the end first
		cancel(err)
	}
	stop := context.AfterFunc(ctx, func() { f.end(nil) })
	defer stop()
	if o.Ready != nil {
		go whenReady(run, m, o.Ready)
	}
	if err := m.Run(run); err != nil {
		return err
	}
	if why := context.Cause(run); !errors.Is(why, context.Canceled) {
		return why
	}
	return nil
}

// whenReady calls ready when the manager has looked at all files.
func whenReady(ctx context.Context, m *source.Manager, ready func(files int)) {
	tick := time.NewTicker(readyTick)
	defer tick.Stop()
	for {
		if s := m.Stats()[0]; s.CaughtUp {
			ready(s.Files)
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// follower is the sink of explain --follow.
type follower struct {
	plan   *Plan
	source string
	each   func(path string, x Explained) error
	end    func(error)

	mu      sync.Mutex // one record at a time; guards what follows
	failed  bool
	streams map[line.FileID]*parse.Stream
}

// Take explains what a batch completes. The batch goes to the parser line by line, so that a record of one line is
// explained as it stands in the file, with its envelope.
func (f *follower) Take(_ context.Context, b *line.Batch, advance func(resume int64)) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	st := f.stream(b.File)
	if len(b.Data) == 0 {
		advance(st.Feed(b).Resume)
		return nil
	}
	resume := b.End
	rest, offset := b.Data, b.Offset
	for len(rest) > 0 {
		n := bytes.IndexByte(rest, '\n') + 1
		if n == 0 {
			n = len(rest)
		}
		one := *b
		one.Data, one.Offset, one.End, one.Last = rest[:n], offset, offset+int64(n), b.Last && n == len(rest)
		resume = f.feed(st, &one)
		rest, offset = rest[n:], one.End
	}
	advance(resume)
	return nil
}

func (f *follower) stream(id line.FileID) *parse.Stream {
	if f.streams[id] == nil {
		st := f.plan.sets[f.source].NewStream()
		st.KeepUnmatched(maxTexts)
		if f.streams == nil {
			f.streams = map[line.FileID]*parse.Stream{}
		}
		f.streams[id] = st
	}
	return f.streams[id]
}

func (f *follower) closed(id line.FileID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.streams, id)
}

// feed parses one line and explains the records that it completes.
func (f *follower) feed(st *parse.Stream, b *line.Batch) (resume int64) {
	res := st.Feed(b)
	var texts [][]byte
	for i := range res.Events {
		if e := &res.Events[i]; e.Offset == b.Offset {
			texts = append(texts, b.Data)
		} else {
			texts = append(texts, e.Text)
		}
	}
	for _, text := range res.UnmatchedText {
		if res.Lines == 1 && bytes.Contains(b.Data, text) {
			text = b.Data // with its envelope
		}
		texts = append(texts, text)
	}
	for _, text := range texts {
		f.explain(b.Path, text)
	}
	return res.Resume
}

func (f *follower) explain(path string, text []byte) {
	if f.failed {
		return
	}
	x, err := f.plan.Explain(f.source, text)
	if err == nil {
		err = f.each(path, x)
	}
	if err != nil {
		f.failed = true
		f.end(err)
	}
}
