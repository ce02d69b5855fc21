package rules

import (
	"errors"
	"fmt"
	"time"

	"github.com/errwatch/errwatch/internal/alert"
	"github.com/errwatch/errwatch/internal/event"
)

// Options are the limits and surroundings of an engine; the zero value has the defaults.
type Options struct {
	MaxGroups    int // per rule (limits.groups); 0: DefaultGroups
	MaxGroupsAll int // in all rules; 0: DefaultGroupsAll
	Samples      int // lines kept per alert, at most 10; 0: DefaultSamples

	KeepAlerts time.Duration // how long resolved alerts stay in the state (state.history); 0: DefaultKeepAlerts

	ExternalURL string // put in front of runbook URLs that start with "/"; "": such URLs are left out

	// CanonicalName returns the catalogue's spelling of a name, "" if it knows none, so that match.names may hold any
	// alias. Nil: names match as they are written.
	CanonicalName func(name string) string
}

// Defaults of Options.
const (
	DefaultGroups     = 1000
	DefaultGroupsAll  = 20000
	DefaultSamples    = 3
	DefaultKeepAlerts = 400 * 24 * time.Hour
)

// Engine holds the state of all rules. See the package comment for how it is used.
type Engine struct {
	opts  Options
	rules []*rule
	index *index

	clock   int64 // the latest time that was told; 0: none yet
	expired int64 // the day on which old alerts were last forgotten
	uses    uint64
	groups  int // groups of rules with `by`: what MaxGroupsAll bounds
	values  int // values in all evidence: what maxEvidenceValues bounds
	due     dueHeap

	marks       *marks
	transitions []alert.Alert
	recent      []alert.Alert // resolved not long ago, in order of EndsAt
	scratch     []byte        // for keys
	short       []byte        // for short strings
	notes       []string
}

// rule is a Rule made ready, with its groups.
type rule struct {
	Rule
	edge
	span
	index     int // in Engine.rules
	canonical string
	match     matcher
	by        []byPart // sorted
	summary   *summary
	newMeter  func() meter

	since   int64 // from when on the rule observed
	groups  map[string]*group
	recent  lru
	refused int64 // events that found no room for their group
	evicted int64 // groups that made room
	late    int64 // events that came after their bucket had left
	dirty   bool  // its row of rule_sets waits to be written
}

// New makes an engine for these rules. It fails, with all reasons joined, where [CheckRules] has errors.
func New(rules []Rule, opts Options) (*Engine, error) {
	var problems []error
	for _, p := range CheckRules(rules, Surroundings{}) {
		if !p.Warning {
			problems = append(problems, fmt.Errorf("rule %q: %s: %s", rules[p.Rule].Name, p.Key, p.Message))
		}
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	e := &Engine{opts: opts, marks: newMarks()}
	setDefault(&e.opts.MaxGroups, DefaultGroups)
	setDefault(&e.opts.MaxGroupsAll, DefaultGroupsAll)
	setDefault(&e.opts.Samples, DefaultSamples)
	setDefault(&e.opts.KeepAlerts, DefaultKeepAlerts)
	e.opts.Samples = min(e.opts.Samples, maxSamples)
	for i := range rules {
		r, err := newRule(rules[i], opts)
		if err != nil {
			return nil, fmt.Errorf("rule %q: %w", rules[i].Name, err)
		}
		r.index = i
		e.rules = append(e.rules, r)
	}
	e.index = newIndex(e.rules)
	return e, nil
}

func setDefault[T ~int | ~int64](v *T, def T) {
	if *v <= 0 {
		*v = def
	}
}

func newRule(conf Rule, opts Options) (*rule, error) {
	r := &rule{
		Rule: conf, edge: edgeOf(&conf), span: spanOf(conf.Window), canonical: conf.Canonical(),
		match: newMatcher(&conf.Match, opts.CanonicalName), groups: map[string]*group{}, dirty: true,
	}
	for _, name := range sortedSet(conf.By) {
		r.by = append(r.by, newByPart(name))
	}
	var err error
	r.summary, err = newSummary(&conf)
	r.newMeter = func() meter { return newCount(r.span) }
	return r, err
}

// Verdict says how an event's time was taken, for the counters of the source.
type Verdict struct {
	Late   bool // at least one rule that it matches could not count it: its bucket had left that rule's window
	Future bool // its time was after now, and was taken to be now
}

// Observe takes the deadlines up to now and then counts the event in every rule that it matches, which may change
// alert states at once. now is the pipeline's clock; a time before one that the engine has seen counts as that one.
// The event counts at its own time. For groups that exist nothing is allocated, but for evidence not seen before.
// ev and what it holds need to stay valid only during the call.
func (e *Engine) Observe(ev *event.Event, now time.Time) Verdict {
	e.Advance(now)
	t := e.clock
	at := nanos(ev.When())
	var v Verdict
	switch {
	case at > t:
		v.Future = true
		at = t
	case ev.When().IsZero():
		at = t
	}
	c := e.index.find(ev)
	for _, r := range c.sure {
		v.Late = e.count(r, ev, at, t) || v.Late
	}
	for i := range c.fields {
		for _, r := range c.fields[i].byValue[string(ev.Field(c.fields[i].name))] {
			if r.match.fieldsHold(ev) {
				v.Late = e.count(r, ev, at, t) || v.Late
			}
		}
	}
	return v
}

// count counts an event of time `at` in one rule at t and says whether it came too late for it.
func (e *Engine) count(r *rule, ev *event.Event, at, t int64) (late bool) {
	if r.span.late(at, t) {
		r.late++
		return true
	}
	g := e.find(r, ev, t)
	if g == nil {
		return false
	}
	g.seen = t
	e.touch(g)
	g.meter.moveTo(t)
	g.meter.add(ev, at)
	e.gather(g, ev, at, t)
	e.mark(g)
	was, ended := g.state, g.endedAt
	e.settle(g, t)
	// An event moves due times only later, unless the state changed or it stands before all that the window held.
	if g.heapAt < 0 || g.state != was || g.endedAt != ended || r.leaves(r.bucket(at)) < g.due {
		e.due.set(g, g.nextDue(t))
	}
	return false
}

// Advance takes every due time up to now, in order of time, and moves the clock there. The clock never goes back.
func (e *Engine) Advance(now time.Time) {
	t := max(nanos(now), 1)
	if e.clock == 0 {
		e.begin(t)
	}
	if t <= e.clock && e.due.first() > e.clock {
		return
	}
	e.clock = max(e.clock, t)
	e.takeDue()
}

// takeDue takes what is due up to the clock.
func (e *Engine) takeDue() {
	for len(e.due) > 0 && e.due[0].due <= e.clock {
		e.take(e.due[0], e.due[0].due)
	}
}

// begin sets the clock for the first time.
func (e *Engine) begin(t int64) {
	e.clock = t
	for _, r := range e.rules {
		e.start(r)
	}
}

// start begins the observation of a rule that has no state. A rule with `below` and no groups has something to say
// about silence, so its one group exists from here on.
func (e *Engine) start(r *rule) {
	r.since, r.dirty = e.clock, true
	if !r.above && len(r.by) == 0 {
		g := e.newGroup(r, "", e.clock)
		e.touch(g)
		e.mark(g)
		e.due.set(g, g.nextDue(e.clock))
	}
}

// Next returns the earliest time at which time alone may change something. It may be early, never late, so a caller
// that sleeps until then and calls Advance misses nothing. ok is false if there is no such time.
func (e *Engine) Next() (at time.Time, ok bool) {
	d := e.due.first()
	if d == never {
		return time.Time{}, false
	}
	return timeOf(d), true
}
