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

	streams sync.Map      // line.FileID -> *stream
	kick    chan struct{} // a commit is wanted now

	// mu guards what a commit moves together: from here to held. All pipelines of a daemon have the same one: who looks at
	// the one before a reload must not meet the one that takes over its rules.
	mu      *sync.Mutex
	clock   clock
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
}

// Take is the sink of the source: it parses a batch and counts what is in it.
func (p *pipeline) Take(_ context.Context, b *line.Batch, advance func(resume int64)) error {
	st := p.stream(b)
	res := st.parse.Feed(b)
	defer st.parse.Release()
	st.scratch = st.scratch[:0]
	for i := range res.Events {
		st.scratch = p.redactor.Apply(&res.Events[i], st.scratch)
	}
	for i := range res.Corrections {
		c := &res.Corrections[i]
		st.scratch = p.redactor.Apply(&c.Was, st.scratch)
		st.scratch = p.redactor.Apply(&c.Is, st.scratch)
	}

	p.mu.Lock()
	for i := range res.Events {
		p.count(&res.Events[i])
	}
	for i := range res.Corrections {
		p.correct(&res.Corrections[i])
	}
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
	return nil
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
func (p *pipeline) correct(c *parse.Correction) {
	if c.Gone {
		p.counters.Replace(&c.Was, nil)
		return
	}
	p.counters.Replace(&c.Was, &c.Is)
	if c.Is.Code != c.Was.Code || c.Is.Name != c.Was.Name || c.Is.Category != c.Was.Category || c.Is.Reference != c.Was.Reference {
		p.judge(&c.Is)
	}
}

// count hands one event to every stage behind the parser. The lock is held.
func (p *pipeline) count(e *event.Event) {
	p.counters.Add(e)
	p.judge(e)
}

// judge hands one event to the rules. The lock is held.
func (p *pipeline) judge(e *event.Event) {
	wall := p.now()
	at := p.clock.at(e, wall)
	if p.clock.live {
		p.watchSkew(e)
	}
	v := p.rules.Observe(e, at)
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
