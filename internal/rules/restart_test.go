package rules

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/errwatch/errwatch/internal/alert"
)

// table is the tables in memory.
type table struct {
	rows   map[int64][]byte
	parts  map[extent][]byte
	alerts map[string]string
	starts map[string]began
}

func newTable() *table {
	return &table{rows: map[int64][]byte{}, parts: map[extent][]byte{}, alerts: map[string]string{}, starts: map[string]began{}}
}

// commit writes what an engine has, as [changes.write] does.
func (tab *table) commit(t testing.TB, e *Engine) { tab.begin(t, e)(true) }

// begin takes what the next commit writes and returns what ends that commit, in one way or the other.
func (tab *table) begin(t testing.TB, e *Engine) (end func(good bool)) {
	taken := e.marks.take()
	c, m, j := e.collect(taken), e.marks, e.journal
	return func(good bool) {
		if good {
			tab.take(t, c)
		} else {
			m.giveBack(taken)
		}
		j.done(c.journal, good)
	}
}

func (tab *table) take(t testing.TB, c *changes) {
	if w := c.journal.whole; w != nil {
		clear(tab.rows)
		clear(tab.parts)
		tab.write(w.parts)
	}
	for _, r := range c.journal.rows {
		tab.rows[r.seq] = slices.Clone(r.data)
	}
	tab.write(c.journal.parts)
	for _, x := range c.journal.goneRows {
		if _, ok := tab.rows[x.seq]; !ok {
			t.Errorf("row %d goes twice", x.seq)
		}
		delete(tab.rows, x.seq)
	}
	for _, x := range c.journal.goneParts {
		delete(tab.parts, extent{seq: x.seq, part: x.part})
	}
	for _, id := range c.goneAlerts {
		delete(tab.alerts, id)
	}
	for i := range c.alerts {
		a := &c.alerts[i]
		tab.alerts[a.ID] = text(t, a)
		if !a.StartsAt.IsZero() {
			tab.starts[a.ID] = began{valueKey(identityOf(a)), startOf(a)}
		}
	}
}

func (tab *table) write(parts []numberedPart) {
	for _, p := range parts {
		tab.parts[extent{seq: p.seq, part: p.part}] = slices.Clone(p.data)
	}
}

func (tab *table) saved(t testing.TB) *saved {
	s := &saved{}
	for seq, d := range tab.rows {
		s.rows = append(s.rows, numbered{seq, d})
	}
	slices.SortFunc(s.rows, func(a, b numbered) int { return cmp.Compare(a.seq, b.seq) })
	for x, d := range tab.parts {
		s.parts = append(s.parts, numberedPart{x.seq, x.part, d})
	}
	slices.SortFunc(s.parts, func(a, b numberedPart) int { return cmp.Or(cmp.Compare(b.seq, a.seq), cmp.Compare(a.part, b.part)) })
	for _, j := range tab.alerts {
		var a alert.Alert
		if err := json.Unmarshal([]byte(j), &a); err != nil {
			t.Fatal(err)
		}
		s.alerts = append(s.alerts, a)
	}
	slices.SortFunc(s.alerts, func(a, b alert.Alert) int { return changedAt(&a).Compare(changedAt(&b)) })
	s.past = slices.SortedFunc(maps.Values(tab.starts), func(a, b began) int { return cmp.Compare(a.at, b.at) })
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
// was: the same alerts with the same times, evidence and IDs. Snapshots are made meanwhile, a few bytes with each commit;
// commits fail, or end long after they began; and rules are reloaded.
func TestRestart(t *testing.T) {
	eachSeed(t, func(t *testing.T, r *rand.Rand) {
		rules, stream := randomRules(r), randomStream(r, 80)
		opts := Options{MaxGroups: 2 + r.IntN(8), MaxGroupsAll: 4 + r.IntN(20)}
		whole := mustNew(t, opts, rules...)
		for _, s := range stream {
			s.do(whole)
		}
		want := whole.Transitions()

		part, wait := pick(r, 20, 100, 1000, partSize), pick(r, 100, 1000, maxUnwritten)
		row := pick(r, 60, 300, leastRow)
		tune := func(e *Engine) *Engine {
			e.journal.partSize, e.journal.mayWait, e.journal.leastRow = part, wait, row
			e.journal.measure()
			return e
		}
		tab, committed := newTable(), 0
		e := tune(mustNew(t, opts, rules...))
		var got, open, moved []alert.Alert // handed out by a commit; since then; by the commit that is under way
		var end func(bool)
		asOf := 0
		finish := func(good bool) {
			end(good)
			if end = nil; good {
				got, committed = append(got, moved...), asOf
			} else {
				open = append(moved, open...)
			}
			moved = nil
		}
		for i := 0; i < len(stream); i++ {
			stream[i].do(e)
			open = append(open, e.Transitions()...)
			switch r.IntN(8) {
			case 0, 1:
				if end == nil {
					e.journal.wanted = e.journal.snap == nil && r.IntN(3) == 0
					end, asOf, moved, open = tab.begin(t, e), i+1, open, nil
				}
				if r.IntN(3) > 0 {
					finish(r.IntN(4) > 0)
				}
			case 2:
				if end != nil {
					finish(r.IntN(4) > 0)
				}
			case 3: // a kill
				end, moved = nil, nil
				e = tune(mustNew(t, opts, rules...))
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
			case 4: // a reload that changes nothing
				next := mustNew(t, opts, rules...)
				next.Adopt(e)
				e = tune(next)
				checkBooks(t, e)
			case 5:
				e.Stats()
				e.Alerts()
			}
			if n := len(tab.parts); n > 3000 {
				t.Fatalf("%d parts pile up", n)
			}
		}
		got = append(append(got, moved...), open...)
		diff(t, "restarted", lines(got), lines(want))
		diff(t, "active", lines(e.Alerts()), lines(whole.Alerts()))
		strip := func(s []RuleStat) (out []string) {
			for i := range s {
				s[i].Late = 0 // of this process
				out = append(out, fmt.Sprintf("%+v", s[i]))
			}
			return out
		}
		diff(t, "stats", strip(e.Stats()), strip(whole.Stats()))
	})
}
