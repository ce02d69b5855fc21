package rules

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Match says which events a rule counts. Within one list any value will do; every list that is not empty must hold.
// A Match that holds nothing matches every error event. An event of a reference pattern matches only where Names holds
// its name (or its pattern's, where it has none).
type Match struct {
	Codes      []string
	Names      []string // canonical names; see Options.CanonicalName for other spellings
	Categories []string
	Sources    []string
	Fields     map[string][]string // captured field -> values; an event without the field does not match
}

// Rule is one threshold rule as it was configured.
type Rule struct {
	Name  string
	Match Match

	// The condition: exactly one of Above, Below, Distinct, Ratio, Spike, Absent, New and Always is set.

	// Above fires when the number of matching events in the window is greater, Below when it is smaller.
	Above, Below *int64
	// ResolveAt is the other edge of the hysteresis of these two: a rule with Above is over at this value or less, one
	// with Below at this value or more. Nil is the threshold itself.
	ResolveAt *int64

	Distinct *Distinct
	Ratio    *Ratio
	Spike    *Spike
	// Absent fires when nothing came for as long as the window: no matching event or, with a match of nothing but sources,
	// no line. Only time that errwatch ran and had caught up counts, see [Engine.Live].
	Absent bool
	// Silence, with Absent, makes it wait for a silence that is unusual, too. Nil: the window alone decides.
	Silence *Silence
	// New fires when a code comes that was not there in the window before.
	New bool
	// Always fires from when errwatch has caught up for the first time: the watchdog.
	Always bool

	Dedupe *Dedupe // nil: each event counts

	Window        time.Duration // from MinWindow to MaxWindow; none with Always
	For           time.Duration // how long the condition must hold before the alert fires
	KeepFiringFor time.Duration // how long the alert goes on firing after the condition ended

	// By lists what separates groups: names of captured fields, or source, code, name, category. Each group has a
	// window and an alert of its own. Empty: one group for all.
	By []string

	Severity   string
	Labels     map[string]string // fixed labels: they are part of the alert's identity
	Summary    string            // a template; see docs/rules.md
	RunbookURL string            // where it starts with "/", Options.ExternalURL is put in front
	FirstCheck string            // what to look at first, one sentence
}

// Distinct fires when the number of different values of a field in the window is greater than Above.
type Distinct struct {
	Of        string // a captured field, or source, code, name, category
	Above     int64
	ResolveAt *int64 // over at this value or less; nil is Above
	// OrEvents counts each event that does not have the field as a value of its own. Otherwise it does not count.
	OrEvents bool
}

// Ratio fires when there are more than Above matching events for each event of To, both in the window.
type Ratio struct {
	To        Match
	Above     float64
	MinTotal  int64    // with fewer events of To the ratio counts as 0
	ResolveAt *float64 // over at this value or less; nil is Above
}

// Spike fires when the window holds at least Factor times as many events as a window of the baseline on average, and at
// least Min. The baseline is the time before the window; it stands still while the alert is pending or fires.
type Spike struct {
	Factor    float64
	Min       int64
	Baseline  time.Duration // longer than the window
	ResolveAt *float64      // a factor, too: the alert is over below it; nil is Factor
}

// Silence is unusual when it is at least Factor times as long as the longest one in the Baseline before it, which covers
// between one and two of its length. Until events came for a whole Baseline it is not known what is usual.
type Silence struct {
	Factor   float64       // at least 1
	Baseline time.Duration // from MinWindow to MaxWindow
}

// Dedupe folds events that agree in all values of By, each at most Within after the one before it, into the first of
// them. An event that does not have one of the fields is never folded.
type Dedupe struct {
	By     []string // captured fields, or source, code, name, category
	Within time.Duration
}

// Bounds of a window. A bucket is never shorter than a second, so neither is a window.
const (
	MinWindow = time.Second
	MaxWindow = 400 * 24 * time.Hour
)

// seenWithin is how long a group of a rule with `below` or `absent`, and `by`, is watched after its last event.
const seenWithin = 24 * time.Hour

// Canonical is the rule's identity: everything that decides which alerts it raises and under which labels, in one
// fixed spelling. The order of lists does not matter, nor do the texts for people (Summary, RunbookURL, FirstCheck):
// a rule whose Canonical is unchanged keeps its state over a reload and a restart.
func (r *Rule) Canonical() string {
	var b strings.Builder
	fmt.Fprintf(&b, "v1 name=%q", r.Name)
	r.Match.canonical(&b)
	r.canonicalCondition(&b)
	fmt.Fprintf(&b, " window=%s for=%s keep_firing_for=%s", r.Window, r.For, r.KeepFiringFor)
	fmt.Fprintf(&b, " by=%q severity=%q", sortedSet(r.By), r.Severity)
	for _, name := range slices.Sorted(maps.Keys(r.Labels)) {
		fmt.Fprintf(&b, " label.%q=%q", name, r.Labels[name])
	}
	return b.String()
}

func (r *Rule) canonicalCondition(b *strings.Builder) {
	number := func(key string, value *int64) {
		if value != nil {
			fmt.Fprintf(b, " %s=%d", key, *value)
		}
	}
	fraction := func(key string, value *float64) {
		if value != nil {
			b.WriteString(" " + key + "=" + strconv.FormatFloat(*value, 'g', -1, 64))
		}
	}
	switch {
	case r.Distinct != nil:
		fmt.Fprintf(b, " distinct of=%q or_events=%t", r.Distinct.Of, r.Distinct.OrEvents)
		number("above", &r.Distinct.Above)
		number("resolve_at", r.Distinct.ResolveAt)
	case r.Ratio != nil:
		b.WriteString(" ratio to(")
		r.Ratio.To.canonical(b)
		b.WriteString(" )")
		fraction("above", &r.Ratio.Above)
		number("min_total", &r.Ratio.MinTotal)
		fraction("resolve_at", r.Ratio.ResolveAt)
	case r.Spike != nil:
		b.WriteString(" spike")
		fraction("factor", &r.Spike.Factor)
		number("min", &r.Spike.Min)
		fmt.Fprintf(b, " baseline=%s", r.Spike.Baseline)
		fraction("resolve_at", r.Spike.ResolveAt)
	case r.Absent:
		b.WriteString(" absent")
		if r.Silence != nil {
			fraction("factor", &r.Silence.Factor)
			fmt.Fprintf(b, " baseline=%s", r.Silence.Baseline)
		}
	case r.New:
		b.WriteString(" new")
	case r.Always:
		b.WriteString(" always")
	default:
		b.WriteString(" count")
		number("above", r.Above)
		number("below", r.Below)
		number("resolve_at", r.ResolveAt)
	}
	if r.Dedupe != nil {
		fmt.Fprintf(b, " dedupe=%q within=%s", sortedSet(r.Dedupe.By), r.Dedupe.Within)
	}
}

func (m *Match) canonical(b *strings.Builder) {
	fmt.Fprintf(b, " codes=%q names=%q categories=%q sources=%q",
		sortedSet(m.Codes), sortedSet(m.Names), sortedSet(m.Categories), sortedSet(m.Sources))
	for _, name := range slices.Sorted(maps.Keys(m.Fields)) {
		fmt.Fprintf(b, " field.%q=%q", name, sortedSet(m.Fields[name]))
	}
}

// sortedSet returns the values sorted, each once, in a new slice.
func sortedSet(values []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(values)))
}
