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

// Evidence is what was seen while the alert was active, each part bounded. What is not known is left out, never 0.
type Evidence struct {
	Codes   []Count            // by code, most frequent first
	Top     map[string][]Count // field name -> its most frequent values, most frequent first
	Samples []string           // lines, redacted and shortened, oldest first
	First   time.Time          // time of the first event that counted
	Last    time.Time          // and of the last
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

	Value     float64 // at the last change
	Peak      float64 // the most extreme value while active
	Threshold float64
	Above     bool // fires above (true) or below the threshold
	Window    time.Duration

	Summary    string // expanded
	RunbookURL string
	Evidence   Evidence
}
