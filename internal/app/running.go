package app

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/errwatch/errwatch/internal/line"
	"github.com/errwatch/errwatch/internal/metrics"
	"github.com/errwatch/errwatch/internal/notify"
	"github.com/errwatch/errwatch/internal/rules"
	"github.com/errwatch/errwatch/internal/source"
	"github.com/errwatch/errwatch/internal/store"
)

// prepare makes the stages of a plan. All that can fail happens here, before anything that runs is touched.
func (d *Daemon) prepare(plan *Plan) (*pipeline, error) {
	p := &pipeline{
		plan: plan, db: d.db, logger: d.logger, now: d.opts.Now, mu: &d.mu,
		trim: d.opts.Trim, kick: make(chan struct{}, 1), skews: map[string]*skew{}, read: readings{}, holding: true, dirty: true,
	}
	if d.opts.Published != nil {
		p.published = func() { d.opts.Published(d) }
	}
	var err error
	if p.redactor, err = plan.withKey(filepath.Dir(d.db.Path())); err != nil {
		return nil, err
	}
	if p.counters, err = plan.newCounters(d.opts.Now); err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	if p.rules, err = plan.newRules(); err != nil {
		return nil, fmt.Errorf("rules: %w", err)
	}
	if p.notifier, err = plan.newNotifier(d); err != nil {
		return nil, fmt.Errorf("receivers: %w", err)
	}
	p.source, err = source.New(plan.sources, p, source.Deps{
		Logger: d.logger, Now: d.opts.Now, DrainTimeout: drainFiles, Closed: p.closed, Stdin: d.opts.Stdin,
		Reached: p.fileReached, Ahead: d.opts.ahead,
	})
	if err != nil {
		return nil, fmt.Errorf("sources: %w", err)
	}
	return p, nil
}

func (p *Plan) newCounters(now func() time.Time) (*metrics.Counters, error) {
	o := metrics.Options{
		Labels: p.Config.Metrics.Labels, MaxSeries: p.Config.Limits.Series, MaxUnknown: p.Config.Limits.UnknownCodes, Now: now,
		SkipReasons:       []string{string(line.TooLong), string(line.Fragment), string(line.NulRun)},
		CorrectionReasons: []string{correctedFuture, correctedSkew},
		ErrorReasons:      source.Reasons(),
	}
	for _, s := range p.Config.Sources {
		m := metrics.Source{Name: s.Name, Labels: s.Labels}
		for _, k := range p.catalogs[s.Name].Codes() {
			m.Codes = append(m.Codes, metrics.Code{Code: k.Code, Name: k.Name, Category: k.Category})
		}
		m.References = p.references[s.Name]
		o.Sources = append(o.Sources, m)
	}
	return metrics.New(o)
}

func (p *Plan) newRules() (*rules.Engine, error) { return rules.New(p.rules, p.ruleOptions()) }

func (p *Plan) ruleOptions() rules.Options {
	return rules.Options{
		MaxGroups: p.Config.Limits.Groups, MaxGroupsAll: p.Config.Limits.GroupsAll, MaxDistinct: p.Config.Limits.Distinct,
		KeepAlerts: p.Config.State.History, ExternalURL: p.Config.Server.ExternalURL, CanonicalName: p.canonicalName,
	}
}

// canonicalName returns the name that the default catalogue uses for a spelling of it.
func (p *Plan) canonicalName(name string) string {
	if k := p.catalogs[DefaultSource].ByName([]byte(name)); k != nil {
		return k.Name
	}
	return name
}

func (p *Plan) newNotifier(d *Daemon) (*notify.Notifier, error) {
	c := p.Config
	return notify.New(p.receivers, notify.Options{
		ExternalURL: c.Server.ExternalURL, ExternalLabels: c.Alerts.ExternalLabels, Instance: d.opts.Instance,
		QueueSize: c.Limits.Queue, Logger: d.logger, Now: d.opts.Now,
	})
}

// restore brings back what the state knows.
func (p *pipeline) restore(tx *store.Tx) error {
	if err := p.rules.Restore(tx, p.now()); err != nil {
		return err
	}
	for _, note := range p.rules.Notes() {
		p.logger.Warn("the state of the rules: " + note)
	}
	if err := p.behind.Restore(tx); err != nil {
		return err
	}
	return p.restoreBeside(tx)
}

// restoreBeside brings back what a reload takes from the state, too. The rules are not among it: they hand over
// themselves, since only they know which of them are unchanged.
func (p *pipeline) restoreBeside(tx *store.Tx) error {
	for _, part := range []func(*store.Tx) error{p.counters.Restore, p.notifier.Restore, p.source.Restore} {
		if err := part(tx); err != nil {
			return err
		}
	}
	return nil
}

// running is what runs for one pipeline.
type running struct {
	p          *pipeline
	endSource  context.CancelFunc
	endRest    context.CancelFunc
	readers    sync.WaitGroup
	commits    sync.WaitGroup
	notifiers  sync.WaitGroup
	endCommits context.CancelFunc
}

// start sets a pipeline going.
func (p *pipeline) start() *running {
	r := &running{p: p}
	var source, commits, rest context.Context
	source, r.endSource = context.WithCancel(context.Background())
	commits, r.endCommits = context.WithCancel(context.Background())
	rest, r.endRest = context.WithCancel(context.Background())
	r.notifiers.Go(func() { p.notifier.Run(rest) })
	r.commits.Go(func() { p.commitLoop(commits) })
	p.startHelpers()
	r.readers.Go(func() {
		defer p.stopHelpers()
		if err := p.source.Run(source); err != nil {
			p.logger.Error("reading ended", "err", err)
		}
	})
	return r
}

// stopReading ends the reading, with drain only when each file was read to the size it has now, and then the commit
// loop. What was read is in the next commit.
func (r *running) stopReading(drain bool) {
	if !drain {
		r.p.source.Halt()
	}
	r.endSource()
	r.readers.Wait()
	r.endCommits()
	r.commits.Wait()
}

// stopRest ends the notifier.
func (r *running) stopRest() {
	r.endRest()
	r.notifiers.Wait()
}
