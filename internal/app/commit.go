package app

import (
	"context"
	"sync"
	"time"

	"github.com/errwatch/errwatch/internal/alert"
	"github.com/errwatch/errwatch/internal/store"
)

const (
	commitEvery   = 250 * time.Millisecond // about four times a second, where there is something new
	scrapeWait    = 500 * time.Millisecond // a scrape waits so long for a commit, then shows the last committed values
	undurableWait = 5 * time.Second        // after so long of failing commits live values are shown
	holdAtMost    = time.Minute            // notifications about backlog wait so long at most
)

// commitLoop commits until ctx ends: on a clock, and at once where a rule has fired or resolved.
func (p *pipeline) commitLoop(ctx context.Context) {
	tick := time.NewTicker(commitEvery)
	defer tick.Stop()
	started := p.now()
	trim := p.trim
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.kick:
		case <-tick.C:
			p.watchSources(p.now().Sub(started))
		}
		_ = p.commit(ctx) // told and counted there; the next tick tries again
		if trim != nil && p.caughtUp.Load() {
			trim()
			trim = nil // once
		}
	}
}

// watchSources takes over what the source has counted, shows the series of sources that have reached their end, and
// lets notifications go once all have.
func (p *pipeline) watchSources(running time.Duration) {
	stats := p.source.Stats()
	p.mu.Lock()
	defer p.mu.Unlock()
	all := true
	for _, s := range stats {
		if p.counters.AddReading(s.Name, p.read.news(s)) {
			p.dirty = true
		}
		if s.CaughtUp && p.counters.Publish(s.Name) {
			p.dirty = true
		}
		all = all && s.CaughtUp
	}
	if (all || running >= holdAtMost) && !p.clock.live {
		p.goLive() // a file that is still behind must not hold back the others for ever
	}
	if p.holding && (all || running >= holdAtMost) {
		p.holding = false
		p.dirty = true // also where nothing is held: receivers are to hear of what fires since before the start
	}
}

// commit moves positions, counters, windows, alert states and the outbox in one transaction. Only then are values
// shown and notifications sent.
func (p *pipeline) commit(ctx context.Context) error {
	p.committing.Lock()
	defer p.committing.Unlock()
	if p.retired {
		return nil
	}
	return p.transact(ctx)
}

// retire makes the last commit of a pipeline. A scrape that comes late finds nothing to commit.
func (p *pipeline) retire(ctx context.Context) error {
	p.committing.Lock()
	defer p.committing.Unlock()
	p.retired = true
	return p.transact(ctx)
}

func (p *pipeline) transact(ctx context.Context) error {
	p.mu.Lock()
	p.advance()
	p.collect()
	if !p.dirty && !p.notifier.Changed() {
		p.health.lastGood.Store(p.now().UnixNano())
		p.mu.Unlock()
		return nil
	}
	p.dirty = false
	transitions := p.waiting
	parts := []store.Pending{
		p.source.Pending(), p.counters.Pending(), p.rules.Pending(), p.behind.Pending(), p.notifier.Pending(transitions),
	}
	active := p.rules.Alerts() // as of this commit: what fires meanwhile is not durable yet
	p.mu.Unlock()

	err := p.db.Commit(context.WithoutCancel(ctx), parts)

	p.mu.Lock()
	for _, part := range parts {
		if part.Done != nil {
			part.Done(err == nil)
		}
	}
	if err != nil {
		p.dirty = true
	}
	send := p.noteHealth(err)
	if send {
		p.waiting = p.waiting[len(transitions):]
	}
	holding := p.holding
	p.mu.Unlock()

	if send && !holding {
		p.notifier.Committed(active, transitions)
	}
	if p.published != nil {
		p.published()
	}
	return err
}

// advance takes the deadlines of the rules up to now. Before the first line of a backlog nobody knows what now is.
func (p *pipeline) advance() {
	if !p.clock.live {
		p.learnBehind()
		p.behind.release(p.behind.floor(0), p.observe)
	}
	if now := p.clock.time(p.now()); !now.IsZero() {
		p.rules.Advance(now)
	}
}

// collect takes the transitions out of the rules. While backlog is read they are held back; what has both fired and
// resolved in it is nobody's page any more. The lock is held.
func (p *pipeline) collect() {
	news := p.rules.Transitions()
	if len(news) > 0 {
		p.dirty = true
	}
	if p.holding {
		p.held = append(p.held, news...)
		return
	}
	if len(p.held) > 0 {
		news = stillTrue(append(p.held, news...)) // what fired long ago resolves at the moment that the clock becomes the wall
		p.held = nil
	}
	p.waiting = append(p.waiting, news...)
}

// stillTrue keeps the last transition of each alert, and nothing of those that both fired and resolved in held.
func stillTrue(held []alert.Alert) []alert.Alert {
	last, fired := map[string]int{}, map[string]bool{}
	for i, a := range held {
		last[a.ID] = i
		fired[a.ID] = fired[a.ID] || a.State == alert.Firing
	}
	var out []alert.Alert
	for i, a := range held {
		if last[a.ID] == i && (a.State != alert.Resolved || !fired[a.ID]) {
			out = append(out, a)
		}
	}
	return out
}

// noteHealth keeps account of a commit and says whether values and notifications may go out: after a good commit, and
// where commits fail for so long that silence would be worse than a value that a crash can take back. The lock is held.
func (p *pipeline) noteHealth(err error) (send bool) {
	now := p.now()
	if err == nil {
		p.health.lastGood.Store(now.UnixNano())
		if p.health.failing.Swap(0) != 0 {
			p.logger.Info("the state can be written again")
		}
		if p.health.undurable.Swap(false) {
			p.counters.SetLive(false)
		}
		return true
	}
	if p.health.failing.CompareAndSwap(0, now.UnixNano()) {
		p.logger.Error("writing the state failed: reading goes on, values on /metrics stand still", "err", err)
	}
	if now.Sub(time.Unix(0, p.health.failing.Load())) < undurableWait {
		return false
	}
	if !p.health.undurable.Swap(true) {
		p.logger.Error("the state could not be written for 5 s: live values are shown, which a crash can take back", "err", err)
	}
	p.counters.SetLive(true)
	return true
}

// flight lets those who come while a commit is under way wait for the same one.
type flight struct {
	mu   sync.Mutex
	done chan struct{} // closed when the flight under way has landed; nil where none is
}

// commitShared commits before a scrape is answered, but does not let it wait for long.
func (p *pipeline) commitShared(ctx context.Context) {
	p.scrapes.mu.Lock()
	done := p.scrapes.done
	if done == nil {
		done = make(chan struct{})
		p.scrapes.done = done
		go func() {
			_ = p.commit(ctx) // told and counted there
			p.scrapes.mu.Lock()
			p.scrapes.done = nil
			p.scrapes.mu.Unlock()
			close(done)
		}()
	}
	p.scrapes.mu.Unlock()

	wait := time.NewTimer(scrapeWait)
	defer wait.Stop()
	select {
	case <-done:
	case <-wait.C:
	case <-ctx.Done():
	}
}
