package app

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/errwatch/errwatch/internal/alert"
	"github.com/errwatch/errwatch/internal/event"
	"github.com/errwatch/errwatch/internal/line"
	"github.com/errwatch/errwatch/internal/metrics"
	"github.com/errwatch/errwatch/internal/notify"
	"github.com/errwatch/errwatch/internal/parse"
	"github.com/errwatch/errwatch/internal/privacy"
	"github.com/errwatch/errwatch/internal/rules"
	"github.com/errwatch/errwatch/internal/source"
	"github.com/errwatch/errwatch/internal/store"
)

// pipeline is the way of a line, for the configuration in force:
//
//	                                +-> counters --+
//	source --batch--> parse --event-+              +-> store.Commit --> publish: /metrics, page, notify
//	                                +-> rules -----+
//
// Batches of different files come in parallel and are parsed in parallel. What follows the parser happens under one
// lock, so that a commit sees positions, counters and rules as of the same line.
type pipeline struct {
	plan     *Plan
	db       *store.DB
	source   *source.Manager
	redactor *privacy.Redactor
	counters *metrics.Counters
	rules    *rules.Engine
	notifier *notify.Notifier
	logger   *slog.Logger
	now      func() time.Time

	streams  sync.Map // line.FileID -> *stream
	helpers  helpers
	caughtUp atomic.Bool   // clock.live, for those who do not hold the lock
	kick     chan struct{} // a commit is wanted now

	// mu guards what a commit moves together: from here to held. All pipelines of a daemon have the same one: who looks at
	// the one before a reload must not meet the one that takes over its rules.
	mu      *sync.Mutex
	clock   clock
	behind  catchUp
	skews   map[string]*skew
	read    readings
	dirty   bool
	waiting []alert.Alert // transitions that no commit has moved yet
	holding bool          // backlog is being read: notifications wait
	held    []alert.Alert // and these are they

	committing sync.Mutex // one commit at a time
	retired    bool       // the last commit was made: another pipeline goes on from it
	scrapes    flight
	health     health
	published  func() // called after each commit; may be nil
	trim       func() // see Options
}

// health is what the daemon says about its commits.
type health struct {
	lastGood  atomic.Int64 // time of the last successful commit, Unix nanoseconds
	failing   atomic.Int64 // since when commits fail, Unix nanoseconds; 0 while they work
	undurable atomic.Bool  // they failed for so long that live values are shown
}

// stream is the parser of one generation of one file and its scratch memory. The source never hands over two batches
// of one file at once, so it needs no lock.
type stream struct {
	parse   *parse.Stream
	scratch []byte
	reached atomic.Int64 // the time of its last line, Unix nanoseconds, while backlog is read; 0 before

	spares   []*early // not in use; none while the file is not far behind
	misses   int      // blocks in a row that were parsed ahead for nothing
	oneByOne int      // so many blocks are not to be parsed ahead
}

// Take is the sink of the source: it parses a batch and counts what is in it.
func (p *pipeline) Take(_ context.Context, b *line.Batch, advance func(resume int64)) error {
	st := p.stream(b)
	st.spares = nil
	p.take(st, b, advance)
	return nil
}

func (p *pipeline) take(st *stream, b *line.Batch, advance func(resume int64)) {
	var res *parse.Result
	res, st.scratch = p.search(st.parse, b, st.scratch)
	p.apply(st, b, res, advance)
}

// search parses a batch. What comes out is valid until the stream's Release.
func (p *pipeline) search(parse *parse.Stream, b *line.Batch, scratch []byte) (*parse.Result, []byte) {
	res := parse.Feed(b)
	scratch = scratch[:0]
	for i := range res.Events {
		scratch = p.redactor.Defer(&res.Events[i], scratch)
	}
	for i := range res.Corrections {
		c := &res.Corrections[i]
		scratch = p.redactor.Defer(&c.Was, scratch)
		scratch = p.redactor.Defer(&c.Is, scratch)
	}
	return res, scratch
}

// apply counts what the file's stream has found in a batch.
func (p *pipeline) apply(st *stream, b *line.Batch, res *parse.Result, advance func(resume int64)) {
	defer st.parse.Release()
	reached := p.timeReached(st, b, res)

	p.mu.Lock()
	for i := range res.Corrections {
		p.correct(b.File, &res.Corrections[i])
	}
	p.counters.AddAll(res.Events) // after the corrections: what is owed is made up for
	p.judge(b.File, res.Events)
	p.passed(b.File, reached)
	p.counters.AddLines(b.Source, int64(res.Lines), b.End-max(b.Offset, b.Counted))
	for _, s := range res.Skipped {
		p.counters.AddSkipped(b.Source, s.Reason, int64(s.N))
	}
	if now := p.clock.time(p.now()); res.Lines > 0 && !now.IsZero() {
		p.rules.ObserveLines(b.Source, now)
	}
	advance(res.Resume)
	p.dirty = true
	wanted := p.rules.Changed()
	p.mu.Unlock()

	if wanted {
		p.wantCommit()
	}
}

func (p *pipeline) stream(b *line.Batch) *stream {
	if s, ok := p.streams.Load(b.File); ok {
		return s.(*stream)
	}
	s := &stream{parse: p.plan.sets[b.Source].NewStream()}
	p.streams.Store(b.File, s)
	return s
}

// closed forgets the parser of a generation that is finished.
func (p *pipeline) closed(id line.FileID) { p.streams.Delete(id) }

// correct counts what the rest of a record has made of an event that was counted at a pause. Rules have seen the record:
// only where it turns out to be another error do they see that, too. The lock is held.
func (p *pipeline) correct(file line.FileID, c *parse.Correction) {
	if c.Gone {
		p.counters.Replace(&c.Was, nil)
		return
	}
	p.counters.Replace(&c.Was, &c.Is)
	if c.Is.Code != c.Was.Code || c.Is.Name != c.Was.Name || c.Is.Category != c.Was.Category || c.Is.Reference != c.Was.Reference {
		p.judge(file, []event.Event{c.Is})
	}
}

// judge hands events of a file to the rules: at once, or while backlog is read when all other files have come to their
// time. The lock is held.
func (p *pipeline) judge(file line.FileID, events []event.Event) {
	if p.clock.live {
		for i := range events {
			p.watchSkew(&events[i])
			p.observe(&events[i])
		}
		return
	}
	p.learnBehind()
	floor := p.behind.floor(file)
	for i := range events {
		at := nanosOf(&events[i])
		if at > floor {
			p.behind.hold(events[i:]) // a log is in order of time, but for a line or two: those wait with the others
			return
		}
		p.behind.release(at-1, p.observe)
		p.observe(&events[i])
	}
}

// learnBehind asks which files are behind, where that has changed. The lock is held.
func (p *pipeline) learnBehind() {
	if v := p.source.BehindVersion(); v != p.behind.version {
		files, version := p.source.Behind()
		p.behind.set(files)
		p.behind.version = version
	}
}

// passed notes the time that a file has come to, and judges what has waited for it. The lock is held.
func (p *pipeline) passed(file line.FileID, reached int64) {
	if p.clock.live {
		return
	}
	p.behind.reached(file, reached)
	p.behind.release(p.behind.floor(0), p.observe)
}

// timeReached returns the time of the last line of a file that is complete, Unix nanoseconds; latest where its lines have
// none. While backlog is read files are read on in the order of these times.
func (p *pipeline) timeReached(st *stream, b *line.Batch, res *parse.Result) int64 {
	if p.caughtUp.Load() {
		return latest
	}
	whole := b.Data[:min(max(res.Resume-b.Offset, 0), int64(len(b.Data)))]
	at := st.reached.Load()
	if len(whole) == 0 {
		return at
	}
	if t := lastTime(p.plan.sets[b.Source], whole, b.Read); !t.IsZero() {
		at = max(at, nanos(t))
	} else if at == 0 {
		at = latest
	}
	st.reached.Store(at)
	return at
}

// fileReached is source.Deps.Reached.
func (p *pipeline) fileReached(id line.FileID) int64 {
	if s, ok := p.streams.Load(id); ok {
		return s.(*stream).reached.Load()
	}
	return 0
}

// goLive ends the catching up: all that waits is judged, and the clock is the wall from now on. The lock is held.
func (p *pipeline) goLive() {
	p.behind.release(latest, p.observe)
	p.behind.files, p.behind.order = nil, nil
	p.clock.live = true
	p.caughtUp.Store(true)
	p.rules.Live(p.now()) // from now on silence means something
	p.dirty = true
}

// observe hands one event to the rules. The lock is held.
func (p *pipeline) observe(e *event.Event) {
	v := p.rules.Observe(e, p.clock.at(e, p.now()))
	if v.Late {
		p.counters.AddLate(e.Source)
	}
	if v.Future {
		p.counters.AddTimeCorrection(e.Source, correctedFuture)
	}
}

// Why an event's time was not taken as it stands in its line: the reason label of errwatch_time_corrections_total.
const (
	correctedFuture = "future" // after now: taken to be now
	correctedSkew   = "skew"   // far from now, as all of its source are: the time of reading was taken
)

// watchSkew replaces the time of an event by the time of its reading where the source's times cannot be believed.
func (p *pipeline) watchSkew(e *event.Event) {
	s := p.skews[e.Source]
	if s == nil {
		s = &skew{}
		p.skews[e.Source] = s
	}
	if s.seen(e) {
		if s.active {
			p.logger.Warn("the times in the lines are far from the clock: windows use the time of reading; is time.zone right?",
				"source", e.Source, "behind", s.by.Round(time.Second).String())
		} else {
			p.logger.Info("the times in the lines agree with the clock again", "source", e.Source)
		}
	}
	if s.active && !e.Time.IsZero() {
		e.Time = time.Time{}
		p.counters.AddTimeCorrection(e.Source, correctedSkew)
	}
}

func (p *pipeline) wantCommit() {
	select {
	case p.kick <- struct{}{}:
	default: // one is wanted already
	}
}
