package rules

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/errwatch/errwatch/internal/alert"
	"github.com/errwatch/errwatch/internal/event"
)

// Options are the limits and surroundings of an engine; the zero value has the defaults.
type Options struct {
	MaxGroups    int  // per rule (limits.groups); 0: DefaultGroups
	MaxGroupsAll int  // in all rules; 0: DefaultGroupsAll
	MaxDistinct  int  // different values that one group or rule remembers (limits.distinct); 0: DefaultDistinct
	NoEvidence   bool // alerts carry none: for an engine of which only values and states are asked
	Samples      int  // lines kept per alert, at most 10; 0: DefaultSamples

	KeepAlerts time.Duration // how long resolved alerts stay in the state (state.history); 0: DefaultKeepAlerts

	// Unstored says that nobody writes the state: nothing is kept for commits, and Pending has nothing.
	Unstored bool

	ExternalURL string // put in front of runbook URLs that start with "/"; "": such URLs are left out

	// CanonicalName returns the catalogue's spelling of a name, "" if it knows none, so that match.names may hold any
	// alias. Nil: names match as they are written.
	CanonicalName func(name string) string
}

// Defaults of Options.
const (
	DefaultGroups     = 1000
	DefaultGroupsAll  = 20000
	DefaultDistinct   = 65536
	DefaultSamples    = 5
	DefaultKeepAlerts = 400 * 24 * time.Hour
)

// Engine holds the state of all rules. See the package comment for how it is used.
type Engine struct {
	opts  Options
	rules []*rule
	index *index

	fromLines []*rule // those that count lines
	shared    *shared

	clock   int64 // the latest time that was told; 0: none yet
	born    int64 // the first time of all; 0: none yet
	expired int64 // the day on which old alerts were last forgotten
	uses    uint64
	groups  int // groups of rules with `by`: what MaxGroupsAll bounds
	due     dueHeap
	active  []*group // pending and firing ones, in the order of their alerts
	turn    int      // among active: whose description is due

	journal *journal
	epoch   uint64 // of the latest snapshot
	took    bool   // the event that is being counted counts somewhere
	sampled bool   // a group has taken its line
	past    *past

	marks       *marks
	transitions []alert.Alert
	recent      []alert.Alert // resolved not long ago, in order of EndsAt
	scratch     []byte        // for keys
	seen        observation   // the event that is being counted
	lines       observation   // the same for lines
	notes       []string
}

// observation is one event, or the coming of lines, as rules count it.
type observation struct {
	ev      *event.Event
	at, now int64     // at which time it counts, and when it came
	short   []byte    // for values that are strings
	keys    [8]hashed // of the event's first fields
	hasKeys uint8     // those that are made
	other   hashed    // of another value
	hint    **group   // where the group of the rule at hand is kept, if it is that of all events of this kind
	text    []byte    // the event's line as it is shown
	shown   bool      // text is that of ev
}

// keepText is how much memory for the text of one line is kept.
const keepText = 64 << 10

// line returns the event's line, shortened, with all hidden that is to be hidden. It is valid until the next event.
func (o *observation) line() []byte {
	if !o.shown {
		if cap(o.text) > keepText {
			o.text = nil
		}
		o.text, o.shown = o.ev.Shown(o.text[:0]), true
	}
	return clip(o.text, maxSample)
}

// valueOf returns an event's value, nil where it has none. It is valid until the next call.
func (o *observation) valueOf(p byPart) []byte {
	if p.field {
		return o.ev.Field(p.name)
	}
	o.short = append(o.short[:0], p.of(o.ev)...)
	return o.short
}

// key returns the key of an event's value, nil where it has none. It is valid until the next call.
func (o *observation) key(p byPart, sh *shared) *hashed {
	if !p.field {
		v := o.valueOf(p)
		if len(v) == 0 {
			return nil
		}
		o.other = sh.hashedKey(v)
		return &o.other
	}
	for i := range o.ev.Fields {
		if o.ev.Fields[i].Name == p.name {
			if len(o.ev.Fields[i].Value) == 0 {
				return nil
			}
			return o.keyAt(i, sh)
		}
	}
	return nil
}

// keyAt returns the key of a field's value, which is made once for all rules. It is valid until the next call.
func (o *observation) keyAt(i int, sh *shared) *hashed {
	if i >= len(o.keys) {
		o.other = sh.hashedKey(o.ev.Fields[i].Value)
		return &o.other
	}
	if o.hasKeys>>i&1 == 0 {
		o.keys[i] = sh.hashedKey(o.ev.Fields[i].Value)
		o.hasKeys |= 1 << i
	}
	return &o.keys[i]
}

// rule is a Rule made ready, with its groups.
type rule struct {
	Rule
	kind
	span
	index     int // in Engine.rules
	canonical string
	match     matcher
	to        *matcher // with `ratio`
	by        []byPart // sorted
	plain     bool     // by asks for no field
	summary   *summary
	shared    *shared

	since   int64 // from when on the rule observed
	groups  map[string]*group
	recent  lru
	known   *windowSet // with `new`: what was seen
	storms  *storms    // with `dedupe`
	refused int64      // events that found no room for their group
	evicted int64      // groups that made room
	evictAt int64      // when the last one did
	folded  int64      // events that `dedupe` did not count
	late    int64      // events that came after their bucket had left
	off     bool       // while the journal is told again: it did not run then
	epoch   uint64     // of the snapshot that holds it
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
	e := &Engine{opts: opts, marks: newMarks(), past: newPast()}
	e.lines.ev = &event.Event{}
	setDefault(&e.opts.MaxDistinct, DefaultDistinct)
	setDefault(&e.opts.MaxGroups, DefaultGroups)
	setDefault(&e.opts.MaxGroupsAll, DefaultGroupsAll)
	setDefault(&e.opts.Samples, DefaultSamples)
	setDefault(&e.opts.KeepAlerts, DefaultKeepAlerts)
	e.opts.Samples = min(e.opts.Samples, maxSamples)
	e.shared = newShared(&e.opts)
	for i := range rules {
		r, err := newRule(rules[i], opts, e.shared)
		if err != nil {
			return nil, fmt.Errorf("rule %q: %w", rules[i].Name, err)
		}
		r.index = i
		e.rules = append(e.rules, r)
		if r.fromLine {
			e.fromLines = append(e.fromLines, r)
		}
	}
	e.index, e.journal = newIndex(e.rules), newJournal(e.rules)
	e.journal.idle = opts.Unstored
	return e, nil
}

func setDefault[T ~int | ~int64](v *T, def T) {
	if *v <= 0 {
		*v = def
	}
}

func newRule(conf Rule, opts Options, sh *shared) (*rule, error) {
	r := &rule{
		Rule: conf, kind: kindOf(&conf), span: spanOf(conf.Window), canonical: conf.Canonical(), shared: sh,
		match: newMatcher(&conf.Match, opts.CanonicalName), groups: map[string]*group{},
	}
	if conf.Ratio != nil {
		to := newMatcher(&conf.Ratio.To, opts.CanonicalName)
		r.to = &to
	}
	if conf.New {
		set := newWindowSet(r.span, sh)
		r.known = &set
	}
	if conf.Dedupe != nil {
		r.storms = newStorms(r)
	}
	for _, name := range sortedSet(conf.By) {
		r.by = append(r.by, newByPart(name))
	}
	r.plain = !slices.ContainsFunc(r.by, func(p byPart) bool { return p.field })
	var err error
	r.summary, err = newSummary(&conf)
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
	v.Late = e.observe(ev, at)
	return v
}

// observe counts an event of a time in every rule that it matches; the deadlines up to the clock were taken.
func (e *Engine) observe(ev *event.Event, at int64) (late bool) {
	o := &e.seen
	o.ev, o.at, o.now, o.shown = ev, at, e.clock, false
	o.hasKeys = 0
	e.took, e.sampled = false, false
	k := e.index.find(ev)
	c := k.found
	for i, h := range c.sure {
		if h.rule.plain {
			o.hint = &k.groups[i]
		}
		late = e.count(h.rule, h.as, o) || late
		o.hint = nil
	}
	for i := range c.fields {
		for _, r := range c.fields[i].byValue[string(ev.Field(c.fields[i].name))] {
			if r.match.fieldsHold(ev) {
				late = e.count(r, matching, o) || late
			}
		}
	}
	for _, r := range c.mixed {
		if as := r.roleOf(ev); as != 0 {
			late = e.count(r, as, o) || late
		}
	}
	if e.took {
		e.journal.event(o, k, e.sampled)
	}
	o.ev = nil
	return late
}

// count counts an event in one rule and says whether it came too late for it.
func (e *Engine) count(r *rule, as role, o *observation) (late bool) {
	if r.off {
		return false
	}
	if !r.arrival && r.span.late(o.at, o.now) {
		r.late++
		return true
	}
	if d := r.Distinct; d != nil && !d.OrEvents && len(o.valueOf(newByPart(d.Of))) == 0 {
		return false
	}
	e.took = true
	e.keepRule(r)
	if r.storms != nil {
		if as = e.unfolded(r, as, o); as == 0 {
			r.folded++
			return false
		}
	}
	if r.known != nil {
		return e.countNew(r, o)
	}
	if g := e.find(r, o); g != nil {
		e.countIn(g, as, o)
	}
	return false
}

// countIn counts an event in its group.
func (e *Engine) countIn(g *group, as role, o *observation) {
	r := g.rule
	e.keep(g)
	g.seen = o.now
	e.touch(g)
	g.meter.moveTo(o.now)
	if r.arrival && g.state != inactive {
		g.peak = r.edge.worse(g.peak, g.meter.value()) // the silence that this event ends
	}
	g.meter.add(o, as)
	if as&matching != 0 {
		e.gather(g, o)
	}
	g.stale = true
	was, ended := g.state, g.endedAt
	e.settle(g, o.now)
	// An event moves due times only later, unless the state changed or it stands before all that the window held.
	if r.restless && !r.sees || g.heapAt < 0 || g.state != was || g.endedAt != ended || r.leavesBefore(o.at, g.due) {
		e.due.set(g, g.nextDue(o.now))
	}
}

// Advance takes every due time up to now, in order of time, and moves the clock there. The clock never goes back.
func (e *Engine) Advance(now time.Time) { e.advanceTo(max(nanos(now), 1)) }

func (e *Engine) advanceTo(t int64) {
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
	e.clock, e.born = t, t
	e.journal.rules(e.rules, t)
	for _, r := range e.rules {
		if !r.off {
			e.start(r)
		}
	}
}

// start begins the observation of a rule that has no state. A rule with `below` and no groups has something to say
// about silence, so its one group exists from here on.
func (e *Engine) start(r *rule) {
	r.since, r.off = e.clock, false
	if r.standing && len(r.by) == 0 && len(r.groups) == 0 {
		g := e.newGroup(r, "", e.clock)
		e.touch(g)
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
