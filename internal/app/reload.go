package app

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// reloadState is what metrics and the page say about the configuration.
type reloadState struct {
	mu     sync.Mutex
	loaded time.Time // when the one in force was loaded
	err    string    // why the newest one is not in force
}

func (s *reloadState) note(now time.Time, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.err = err.Error()
		return
	}
	s.loaded, s.err = now, ""
}

func (s *reloadState) get() (loaded time.Time, err string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.loaded, s.err
}

// Reload reads the configuration again. Everything that can fail is built first; only then the old stages stop, commit,
// and hand over. Where anything is wrong the old configuration stays in force, and the error says what.
func (d *Daemon) Reload(ctx context.Context) error {
	d.reloadMu.Lock()
	defer d.reloadMu.Unlock()
	err := d.reload(ctx)
	d.reloads.note(d.opts.Now(), err)
	if err != nil {
		d.logger.Error("the new configuration is not in force, the old one stays", "err", err)
		return err
	}
	d.logger.Info("configuration reloaded", "sources", len(d.current.Load().plan.sources))
	return nil
}

func (d *Daemon) reload(ctx context.Context) error {
	if !d.ready.Load() {
		return errors.New("errwatch is stopping")
	}
	plan, err := d.load()
	if err != nil {
		return err
	}
	next, err := d.prepare(plan)
	if err != nil {
		return err
	}
	old := d.current.Load()
	if old.plan.Config.Server != plan.Config.Server || old.plan.Config.State.Dir != plan.Config.State.Dir {
		d.logger.Warn("server and state.dir are read at a start only: restart errwatch to change them")
	}
	if err := old.commit(ctx); err != nil {
		return fmt.Errorf("a reload hands over through the state, and that cannot be written: %w", err)
	}
	return d.swap(ctx, old, next)
}

// swap stops the old pipeline at a batch, commits, and lets the new one go on from there.
func (d *Daemon) swap(ctx context.Context, old, next *pipeline) error {
	d.run.stopReading(false)
	if err := old.retire(ctx); err != nil {
		return d.fallBack(ctx, old, fmt.Errorf("the state cannot be written, and a reload hands over through it: %w", err))
	}
	if err := d.db.Read(ctx, next.restoreBeside); err != nil {
		return d.fallBack(ctx, old, fmt.Errorf("reading the state: %w", err))
	}
	d.run.stopRest()
	next.takeOver(old)
	d.enforce(next)
	next.wantCommit()
	return nil
}

// fallBack goes on with the old configuration from the last commit: what was read since then is read again, and counted
// once, because positions and counters go back together.
func (d *Daemon) fallBack(ctx context.Context, old *pipeline, why error) error {
	d.run.stopRest()
	p, err := d.prepare(old.plan)
	if err == nil {
		err = d.db.Read(context.WithoutCancel(ctx), p.restore)
	}
	if err != nil {
		return errors.Join(why, fmt.Errorf("and the old configuration cannot go on, restart errwatch: %w", err))
	}
	p.source.Adopt(old.source)
	d.enforce(p)
	return why
}

// takeOver carries over what the state does not hold.
func (p *pipeline) takeOver(old *pipeline) {
	p.notifier.Adopt(old.notifier)
	p.source.Adopt(old.source)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rules.Adopt(old.rules)
	p.clock, p.holding, p.held = old.clock, old.holding, old.held
	p.skews, p.waiting = old.skews, old.waiting
	p.behind, p.behind.known, p.behind.version = old.behind, false, 0 // the same files have other names now
	p.caughtUp.Store(p.clock.live)
}

// enforce makes a pipeline the one in force.
func (d *Daemon) enforce(p *pipeline) {
	d.registry.Store(d.newRegistry(p))
	d.current.Store(p)
	d.run = p.start()
	if loaded, _ := d.reloads.get(); loaded.IsZero() {
		d.reloads.note(d.opts.Now(), nil)
	}
}
