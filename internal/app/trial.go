package app

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/errwatch/errwatch/internal/alert"
	"github.com/errwatch/errwatch/internal/event"
	"github.com/errwatch/errwatch/internal/rules"
)

const (
	// maxFired bounds how many alerts of old logs are kept with their evidence: the earliest ones. The others
	// are counted.
	maxFired = 10_000
	// settleEvery is after how many events an engine that nobody stores is told that all is stored, so that it forgets
	// what it keeps for that.
	settleEvery = 1 << 12
)

// trial lets the rules judge lines on another clock than the wall: that of the lines.
type trial struct {
	engine *rules.Engine
	begun  bool
	now    time.Time // the engine's clock
	events int       // since the engine was told that all is stored

	alerts map[string]alert.Alert // by ID, the last state of each alert that fired
	counts map[string]int         // by rule, how often it fired, those that are not kept included
	more   int                    // that are not kept
}

// newTrial returns a trial at its beginning; evidence says that its alerts have some.
func (p *Plan) newTrial(evidence bool) (*trial, error) {
	opts := p.ruleOptions()
	opts.Unstored, opts.NoEvidence = true, !evidence
	e, err := rules.New(p.judging(), opts)
	if err != nil {
		return nil, err
	}
	return &trial{engine: e, alerts: map[string]alert.Alert{}, counts: map[string]int{}}, nil
}

// judging are the rules that have something to say about old logs: all but the watchdog, which says that errwatch runs.
func (p *Plan) judging() []rules.Rule {
	return slices.DeleteFunc(slices.Clone(p.rules), func(r rules.Rule) bool { return r.Always })
}

// take judges what comes next in old logs. Its time is the clock's, which never goes back.
func (t *trial) take(it *item) {
	if it.Time.After(t.now) {
		t.now = it.Time
	}
	if it.mark {
		t.line(it.Source, t.now)
	} else {
		t.observe(&it.Event, t.now)
	}
}

// begin makes silence count from now on.
func (t *trial) begin(now time.Time) {
	t.begun = true
	t.engine.Live(now)
}

// line says that a line of a source stood at a time.
func (t *trial) line(source string, now time.Time) {
	if !t.begun {
		t.begin(now)
	}
	t.now = now
	t.engine.ObserveLines(source, now)
	t.collect()
}

// observe judges an event at a time.
func (t *trial) observe(e *event.Event, now time.Time) {
	if !t.begun {
		t.begin(now)
	}
	t.now = now
	t.engine.Observe(e, now)
	t.collect()
}

// advance lets time pass.
func (t *trial) advance(now time.Time) {
	t.now = now
	t.engine.Advance(now)
	t.collect()
}

// collect takes over what fired or resolved.
func (t *trial) collect() {
	if t.events++; t.events >= settleEvery {
		t.events = 0
		t.engine.Pending().Done(true)
	}
	for _, a := range t.engine.Transitions() {
		t.note(a)
	}
}

func (t *trial) note(a alert.Alert) {
	switch _, known := t.alerts[a.ID]; {
	case a.StartsAt.IsZero(): // it was pending, and never fired
		return
	case a.State == alert.Firing:
		t.counts[a.Rule]++
	case !known:
		return // one of those that are not kept
	}
	if len(t.alerts) >= maxFired && a.State == alert.Firing {
		t.more++
		return
	}
	t.alerts[a.ID] = a
}

// fired lists the alerts that fired, by start, as they are now.
func (t *trial) fired() []alert.Alert {
	for _, a := range t.engine.Alerts() { // the newest peak of what has not ended
		if _, ok := t.alerts[a.ID]; ok {
			t.alerts[a.ID] = a
		}
	}
	return slices.SortedFunc(maps.Values(t.alerts), func(a, b alert.Alert) int {
		return cmp.Or(a.StartsAt.Compare(b.StartsAt), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.ID, b.ID))
	})
}

// Fired is an alert that the rules would have raised on old logs.
type Fired struct {
	Rule             string
	Labels           map[string]string
	StartsAt, EndsAt time.Time // EndsAt is zero where it still fires at the end of the logs
	Peak, Threshold  float64
	Summary          string
	Silence          bool // the rule judges silence: it says little where not all logs of a source are read
}

func firedOf(alerts []alert.Alert) []Fired {
	out := make([]Fired, len(alerts))
	for i, a := range alerts {
		out[i] = Fired{Rule: a.Rule, Labels: a.Labels.Map(), StartsAt: a.StartsAt, EndsAt: a.EndsAt, Peak: a.Peak, Threshold: a.Threshold, Summary: a.Summary}
	}
	return out
}
