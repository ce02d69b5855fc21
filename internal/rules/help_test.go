package rules

import (
	"slices"
	"testing"
	"time"

	"github.com/errwatch/errwatch/internal/event"
)

// noon is on a border of every bucket width that the tests use.
var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func at(d time.Duration) time.Time { return noon.Add(d) }

// denial is an event of the permission family; fields come in pairs of name and value.
func denial(when time.Time, fields ...string) *event.Event {
	e := &event.Event{
		Source: "meeting", Code: "3014", Name: "ERROR_GET_VIDEO_MEDIA_PERMISSION_DENIED", Category: "permission",
		Time: when, Read: when, Text: []byte("onError code=3014"),
	}
	for i := 0; i < len(fields); i += 2 {
		e.Fields = append(e.Fields, event.Field{Name: fields[i], Value: []byte(fields[i+1])})
	}
	return e
}

func mustNew(t testing.TB, opts Options, rules ...Rule) *Engine {
	t.Helper()
	for i := range rules {
		if rules[i].Name == "" {
			rules[i].Name = "R"
		}
		if rules[i].Severity == "" {
			rules[i].Severity = "warning"
		}
	}
	e, err := New(rules, opts)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// checkBooks holds what must be true of an engine at any time: its totals are sums, a group that is not firing can make
// room, each due time lies ahead and none is missing or too late.
func checkBooks(t *testing.T, e *Engine) {
	t.Helper()
	groups, values, listed, people, distinct := 0, 0, 0, 0, 0
	for _, r := range e.rules {
		distinct += r.held()
		for g := r.recent.oldest; g != nil; g = g.newer {
			listed++
			if g.newer != nil && g.newer.touched <= g.touched {
				t.Errorf("group %q is out of order", g.key)
			}
		}
		for key, g := range r.groups {
			if len(r.by) > 0 {
				groups++
			}
			values += g.evidence.size()
			people += g.evidence.people.seen.n + g.evidence.meetings.seen.n
			distinct += g.meter.held()
			if g.state != firing {
				listed--
			}
			switch due := g.nextDue(e.clock); {
			case g.key != key || g.rule != r || g.dead || g.listed == (g.state == firing):
				t.Errorf("group %q is not in its place", key)
			case due != never && (g.heapAt < 0 || g.due > due || g.due <= e.clock):
				t.Errorf("group %q is due at %d and waits for %d; now is %d", key, due, g.due, e.clock)
			}
		}
	}
	active := 0
	for _, r := range e.rules {
		for _, g := range r.groups {
			if g.state != inactive {
				active++
				if !g.active || !slices.Contains(e.active, g) {
					t.Errorf("group %q is active and not listed", g.key)
				}
			}
		}
	}
	if active != len(e.active) || !slices.IsSortedFunc(e.active, compareGroups) {
		t.Errorf("%d groups are active, %d listed", active, len(e.active))
	}
	if people != e.shared.people.used || distinct != e.shared.distinct.used {
		t.Errorf("%d people (%d counted), %d distinct values (%d counted)", people, e.shared.people.used, distinct, e.shared.distinct.used)
	}
	if groups != e.groups || values != e.shared.values.used || listed != 0 {
		t.Errorf("%d groups (%d counted), %d values (%d counted), %d too many listed", groups, e.groups, values, e.shared.values.used, listed)
	}
}
