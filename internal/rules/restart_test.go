package rules

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/errwatch/errwatch/internal/alert"
)

// table is the tables in memory.
type table struct {
	sets   map[string]setRow
	groups map[rowKey][]byte
	alerts map[string]string
}

func newTable() *table {
	return &table{sets: map[string]setRow{}, groups: map[rowKey][]byte{}, alerts: map[string]string{}}
}

func (tab *table) commit(t testing.TB, e *Engine) {
	taken := e.marks.take()
	c, _ := e.collect(taken)
	for _, r := range c.goneRules {
		delete(tab.sets, r)
		for k := range tab.groups {
			if k.rule == r {
				delete(tab.groups, k)
			}
		}
	}
	for _, k := range c.gone {
		delete(tab.groups, k)
	}
	for _, s := range c.sets {
		tab.sets[s.rule] = s
	}
	for _, g := range c.groups {
		tab.groups[g.rowKey] = slices.Clone(g.data)
	}
	for _, id := range c.goneAlerts {
		delete(tab.alerts, id)
	}
	for i := range c.alerts {
		tab.alerts[c.alerts[i].ID] = text(t, &c.alerts[i])
	}
}

func (tab *table) saved(t testing.TB) *saved {
	s := &saved{}
	for _, r := range tab.sets {
		s.sets = append(s.sets, r)
	}
	for k, d := range tab.groups {
		s.groups = append(s.groups, groupRow{k, d})
	}
	for _, j := range tab.alerts {
		var a alert.Alert
		if err := json.Unmarshal([]byte(j), &a); err != nil {
			t.Fatal(err)
		}
		s.alerts = append(s.alerts, a)
	}
	slices.SortFunc(s.alerts, func(a, b alert.Alert) int { return changedAt(&a).Compare(changedAt(&b)) })
	return s
}

func liveAfter(stream []step) (live bool) {
	for _, s := range stream {
		if s.tell == "live" || s.tell == "gap" {
			live = s.tell == "live"
		}
	}
	return live
}

// TestRestart holds that a run that is killed, at any event, and continues from its last commit is the run that never
// was: the same alerts with the same times, evidence and IDs.
func TestRestart(t *testing.T) {
	eachSeed(t, func(t *testing.T, r *rand.Rand) {
		rules, stream := randomRules(r), randomStream(r, 60)
		opts := Options{MaxGroups: 2 + r.IntN(8), MaxGroupsAll: 4 + r.IntN(20)}
		whole := mustNew(t, opts, rules...)
		var want []alert.Alert
		for _, s := range stream {
			s.do(whole)
		}
		want = whole.Transitions()

		tab, committed := newTable(), 0
		e := mustNew(t, opts, rules...)
		var got, open []alert.Alert
		for i := 0; i < len(stream); i++ {
			stream[i].do(e)
			open = append(open, e.Transitions()...)
			switch r.IntN(4) {
			case 0:
				tab.commit(t, e)
				got, open, committed = append(got, open...), nil, i+1
			case 1:
				e = mustNew(t, opts, rules...)
				e.load(tab.saved(t), stream[i].now)
				checkBooks(t, e)
				if liveAfter(stream[:committed]) { // as if no time had passed since the commit
					e.Live(timeOf(e.clock))
				}
				if len(e.Notes()) > 0 {
					t.Error(e.Notes())
				}
				if tr := e.Transitions(); len(tr) > 0 {
					t.Errorf("a restart made transitions: %v", lines(tr))
				}
				// Now and then a commit follows the crash at once, before anything was read again.
				if r.IntN(2) == 0 {
					tab.commit(t, e)
				}
				open, i = nil, committed-1
				if r.IntN(2) == 0 { // or the process lives on for a while
					for ; i+1 < len(stream) && r.IntN(5) > 0; i++ {
						stream[i+1].do(e)
						open = append(open, e.Transitions()...)
					}
				}
			}
		}
		got = append(got, open...)
		diff(t, "restarted", lines(got), lines(want))
		diff(t, "active", lines(e.Alerts()), lines(whole.Alerts()))
		strip := func(s []RuleStat) string {
			for i := range s {
				s[i].Late = 0 // of this process
			}
			return text(t, s)
		}
		if a, b := strip(e.Stats()), strip(whole.Stats()); a != b {
			t.Errorf("stats differ: %s\n%s", a, b)
		}
	})
}
