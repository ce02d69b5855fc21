// Package alert holds the value that rules hand to the notifier and the page: one alert of one group of one rule, with
// its evidence.
package alert

import (
	"slices"
	"strings"
	"time"
)

// State is where an alert is in its life. The words are Prometheus's.
type State string

// The states of an alert.
const (
	Pending  State = "pending"
	Firing   State = "firing"
	Resolved State = "resolved"
)

// Condition is the kind of condition that an alert's rule has: what its value is.
type Condition string

// The kinds of conditions. Alerts of a state that was written before there were several have none; they are counts.
const (
	OnCount    Condition = "count"    // matching events in the window
	OnDistinct Condition = "distinct" // different values of a field in the window
	OnRatio    Condition = "ratio"    // matching events for each event of another match
	OnSpike    Condition = "spike"    // matching events; the threshold is what would be unusual now
	OnAbsent   Condition = "absent"   // seconds for which nothing came
	OnNew      Condition = "new"      // codes that came for the first time within the last hour
	OnAlways   Condition = "always"   // 1: the watchdog
)

// Label is one name and value.
type Label struct{ Name, Value string }

// Labels are an alert's identity, sorted by name, each name once.
type Labels []Label

// Get returns the value of a label, "" where there is none.
func (l Labels) Get(name string) string {
	i, ok := slices.BinarySearchFunc(l, name, func(a Label, n string) int { return strings.Compare(a.Name, n) })
	if !ok {
		return ""
	}
	return l[i].Value
}

// Map returns the labels as a new map.
func (l Labels) Map() map[string]string {
	m := make(map[string]string, len(l))
	for _, x := range l {
		m[x.Name] = x.Value
	}
	return m
}

// FromMap returns the labels of a map, sorted; empty values are left out, as everywhere in Prometheus.
func FromMap(m map[string]string) Labels {
	l := make(Labels, 0, len(m))
	for n, v := range m {
		if v != "" {
			l = append(l, Label{n, v})
		}
	}
	slices.SortFunc(l, func(a, b Label) int { return strings.Compare(a.Name, b.Name) })
	return l
}

// Count is a value of something and how often it was seen.
type Count struct {
	Value string
	N     int64
}

// Distinct is how many different values were seen. AtLeast says that there were more, which found no room any more.
type Distinct struct {
	N       int64
	AtLeast bool
}

// Before is how often an alert with the same labels began to fire between Since and the start of this one.
type Before struct {
	Times int64
	Since time.Time
}

// Evidence is what was seen while the alert was active, each part bounded. What is not known is left out, never 0.
type Evidence struct {
	Codes   []Count            // by code, most frequent first
	Top     map[string][]Count // field name -> its most frequent values, most frequent first
	Samples []string           // lines, redacted and shortened, oldest first
	First   time.Time          // time of the first event that counted
	Last    time.Time          // and of the last

	People   Distinct `json:",omitzero"` // different participants; zero where no line named one
	Meetings Distinct `json:",omitzero"` // different meetings; zero where no line named one, or each alert is about one
	Before   Before   `json:",omitzero"` // zero while pending
}

// Alert is one alert. It is a value: whoever gets one may keep it, and nobody changes it afterwards.
type Alert struct {
	ID     string // letters and digits; names this firing for ever: /alerts/ID
	Rule   string
	Labels Labels // alertname, severity, the rule's labels and by-fields; external labels are added by the notifier

	State    State
	ActiveAt time.Time // when the condition began to hold
	StartsAt time.Time // when it began to fire; zero while pending; never changes afterwards, also over restarts
	EndsAt   time.Time // when it resolved; zero before

	Condition Condition

	Value     float64 // at the last change
	Peak      float64 // the most extreme value while active
	Threshold float64
	Above     bool // fires above (true) or below the threshold
	Window    time.Duration

	Summary    string // expanded
	RunbookURL string
	FirstCheck string // what to look at first, one sentence; "" where the rule has none
	Evidence   Evidence
}
