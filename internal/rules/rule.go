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

	// Exactly one of Above and Below is set. Above fires when the number of matching events in the window is greater,
	// Below when it is smaller.
	Above, Below *int64
	// ResolveAt is the other edge of the hysteresis: a rule with Above is over at this value or less, one with Below at
	// this value or more. Nil is the threshold itself.
	ResolveAt *int64

	Window        time.Duration // from MinWindow to MaxWindow
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

// Bounds of a window. A bucket is never shorter than a second, so neither is a window.
const (
	MinWindow = time.Second
	MaxWindow = 400 * 24 * time.Hour
)

// seenWithin is how long a group of a rule with `below` and `by` is watched after its last event.
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
	b.WriteString(" count")
	for _, edge := range []struct {
		key   string
		value *int64
	}{{"above", r.Above}, {"below", r.Below}, {"resolve_at", r.ResolveAt}} {
		if edge.value != nil {
			b.WriteString(" " + edge.key + "=" + strconv.FormatInt(*edge.value, 10))
		}
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
