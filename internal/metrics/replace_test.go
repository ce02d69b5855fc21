package metrics

import (
	"testing"

	"github.com/errwatch/errwatch/internal/event"
	"github.com/errwatch/errwatch/internal/store"
)

// What was counted too early takes nothing back: its counter stands still until as much has come as it was ahead, over a
// restart too.
func TestReplaceNeverGoesDown(t *testing.T) {
	t.Parallel()
	db, o := openStore(t, store.Options{}), basic()
	c := newTest(t, o)
	c.Publish("meeting")
	token := &event.Event{Source: "meeting", Code: "4002", Name: "INVALID_TOKEN", Category: "auth", Read: at(10)}
	conflict := full()
	conflict.Conflict = true
	steps := []struct {
		what                           string
		do                             func()
		full, token, conflicts, inLine float64
	}{
		{"two are shown", func() { c.Add(full()); c.Add(full()); c.AddLines("meeting", 4, 10) }, 2, 0, 0, 4},
		{"one is another error", func() { c.Replace(full(), token) }, 2, 1, 0, 4},
		{"one is nothing", func() { c.Replace(full(), nil); c.AddLines("meeting", -3, 10) }, 2, 1, 0, 4},
		{"the next makes up for one", func() { c.Add(full()); c.AddLines("meeting", 2, 10) }, 2, 1, 0, 4},
		{"and for the other", func() { c.Add(full()); c.AddLines("meeting", 2, 10) }, 2, 1, 0, 5},
		{"and from there on it counts", func() { c.Add(full()) }, 3, 1, 0, 5},
		{"the same error, with a name that overrules", func() { c.Replace(full(), conflict) }, 3, 1, 1, 5},
		{"and without it", func() { c.Replace(conflict, full()); c.Add(conflict) }, 4, 1, 1, 5},
	}
	for _, s := range steps {
		s.do()
		commit(t, db, c)
		c = restore(t, db, o)
		got := gather(t, c)
		for key, want := range map[string]float64{
			capacitySeries: s.full, tokenSeries: s.token,
			"code_conflicts_total{source=meeting}": s.conflicts, "lines_total{source=meeting}": s.inLine,
		} {
			if got[key] != want {
				t.Errorf("%s: %s is %g, want %g", s.what, key, got[key], want)
			}
		}
	}
}
