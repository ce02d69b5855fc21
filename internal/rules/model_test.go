package rules

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/errwatch/errwatch/internal/alert"
	"github.com/errwatch/errwatch/internal/event"
)

// The tests in this file run random streams through random rules, and compare either with a model that is too simple to
// be wrong, or two ways of running the same stream. A failure names its seed.

const seeds = 16

func eachSeed(t *testing.T, f func(t *testing.T, r *rand.Rand)) {
	t.Helper()
	t.Parallel()
	for seed := range uint64(seeds) {
		f(t, rand.New(rand.NewPCG(seed, 7)))
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// step is one event with the time at which it arrives.
type step struct {
	ev  *event.Event
	now time.Time
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// randomStream makes events whose arrival never goes back. Most carry the time of their arrival, some an earlier or a
// later one, some none.
func randomStream(r *rand.Rand, n int) []step {
	now := noon
	out := make([]step, n)
	for i := range out {
		switch r.IntN(20) {
		case 0:
			now = now.Add(time.Duration(r.Int64N(int64(3 * time.Minute))))
		case 1: // several events at one instant
		default:
			now = now.Add(time.Duration(r.IntN(4)) * pick(r, time.Second, 250*time.Millisecond))
		}
		ev := denial(now, event.Meeting, pick(r, "m1", "m2", "m3", "m4", "m5"), event.Participant, fmt.Sprint("p", r.IntN(200)))
		switch r.IntN(12) {
		case 0:
			ev.Time = now.Add(-time.Duration(r.Int64N(int64(90 * time.Second))))
		case 1:
			ev.Time = now.Add(time.Duration(r.Int64N(int64(time.Minute))))
		case 2:
			ev.Time = time.Time{}
		}
		ev.Source = pick(r, "meeting", "meeting", "gateway")
		ev.Code = pick(r, "3014", "3014", "3015")
		ev.Text = fmt.Appendf(nil, "line %d code=%s", i, ev.Code)
		out[i] = step{ev, now}
	}
	return out
}

func randomRule(r *rand.Rand, name string) Rule {
	rule := Rule{
		Name: name, Severity: "warning", Summary: "{{ $value }} on {{ $labels.source }}",
		Window:        pick(r, 10*time.Second, 30*time.Second, 90*time.Second, 2*time.Minute, 7*time.Second),
		For:           pick(r, 0, 0, 5*time.Second, 17*time.Second),
		KeepFiringFor: pick(r, 0, 0, 3*time.Second, 20*time.Second, time.Minute),
		By:            pick(r, nil, []string{"source"}, []string{event.Meeting}, []string{"code", event.Meeting}),
	}
	limit := r.Int64N(8)
	if r.IntN(3) > 0 {
		rule.Above = new(limit)
		if r.IntN(2) == 0 {
			rule.ResolveAt = new(r.Int64N(limit + 1))
		}
	} else {
		rule.Below = new(limit + 1)
		if r.IntN(2) == 0 {
			rule.ResolveAt = new(limit + 1 + r.Int64N(4))
		}
	}
	if r.IntN(3) == 0 {
		rule.Match.Codes = []string{"3014"}
	}
	if r.IntN(4) == 0 {
		rule.Match.Fields = map[string][]string{event.Meeting: {"m1", "m2"}}
	}
	return rule
}

func randomRules(r *rand.Rand) []Rule {
	rules := make([]Rule, 1+r.IntN(5))
	for i := range rules {
		rules[i] = randomRule(r, fmt.Sprint("R", i))
	}
	return rules
}

func text(t testing.TB, v any) string {
	t.Helper()
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// lines shows transitions one a line: what a time line is compared by.
func lines(as []alert.Alert) []string {
	var out []string
	for _, a := range as {
		out = append(out, fmt.Sprintf("%s %s %v %s active %s start %s end %s value %v peak %v %q %v", a.ID, a.Rule, a.Labels, a.State,
			a.ActiveAt.Format(time.TimeOnly+".000"), a.StartsAt.Format(time.TimeOnly+".000"),
			a.EndsAt.Format(time.TimeOnly+".000"), a.Value, a.Peak, a.Summary, a.Evidence))
	}
	return out
}

func diff(t *testing.T, what string, got, want []string) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		g, w := "nothing", "nothing"
		if i < len(got) {
			g = got[i]
		}
		if i < len(want) {
			w = want[i]
		}
		if g != w {
			t.Errorf("%s: number %d differs\n got %s\nwant %s", what, i, g, w)
			return
		}
	}
}

// TestLiveIsReplay holds the promise of one engine: when Advance is called does not change what happens, or when.
func TestLiveIsReplay(t *testing.T) {
	eachSeed(t, func(t *testing.T, r *rand.Rand) {
		rules, stream := randomRules(r), randomStream(r, 120)
		opts := Options{MaxGroups: 2 + r.IntN(8), MaxGroupsAll: 4 + r.IntN(20)}
		live, replay := mustNew(t, opts, rules...), mustNew(t, opts, rules...)
		var liveLine, replayLine []alert.Alert
		for i, s := range stream {
			live.Observe(s.ev, s.now)
			replay.Observe(s.ev, s.now)
			liveLine = append(liveLine, live.Transitions()...)
			until := s.now.Add(10 * time.Minute)
			if i+1 < len(stream) {
				until = stream[i+1].now
			}
			for at := s.now; r.IntN(3) > 0; liveLine = append(liveLine, live.Transitions()...) {
				at = at.Add(time.Duration(r.Int64N(int64(until.Sub(at)) + 1)))
				if due, ok := live.Next(); ok && r.IntN(2) == 0 && due.Before(until) && due.After(at) {
					at = due
				}
				live.Advance(at)
			}
			if i%10 == 0 {
				live.Stats() // which looks at all windows and must change nothing
				checkBooks(t, live)
			}
		}
		end := stream[len(stream)-1].now.Add(48 * time.Hour)
		live.Advance(end)
		replay.Advance(end)
		liveLine = append(liveLine, live.Transitions()...)
		replayLine = append(replayLine, replay.Transitions()...)
		diff(t, "live", lines(liveLine), lines(replayLine))
		if a, b := text(t, live.Stats()), text(t, replay.Stats()); a != b {
			t.Errorf("stats differ: %s\n%s", a, b)
		}
	})
}

// simple is a model of one rule without `by` groups' limits: it keeps every event and looks at every instant at which
// anything could happen.
type simple struct {
	rule   Rule
	span   span
	events []int64 // times at which counted events count
	state  alert.State
	born   int64
	active int64
	ended  int64
	start  int64
	peak   float64
	out    []string
}

func (m *simple) value(t int64) float64 {
	n := 0
	for _, e := range m.events {
		if t/m.span.width-e/m.span.width < m.span.n {
			n++
		}
	}
	return float64(n)
}

func (m *simple) look(t int64) {
	r, v, edge := m.rule, m.value(t), edgeOf(&m.rule)
	if m.state != "" {
		m.peak = edge.worse(m.peak, v)
	}
	say := func(s alert.State, at int64) {
		m.out = append(m.out, fmt.Sprintf("%s %s start %s peak %v", s, timeOf(at).Format(time.TimeOnly+".000000000"),
			timeOf(m.start).Format(time.TimeOnly+".000000000"), m.peak))
	}
	fire := func() {
		m.state, m.start, m.ended = alert.Firing, t, 0
		say(alert.Firing, t)
	}
	end := func() {
		say(alert.Resolved, t)
		m.state = ""
	}
	switch {
	case m.state == "" && edge.fires(v) && (r.Above != nil || t >= m.born+int64(r.Window)):
		m.state, m.active, m.peak = alert.Pending, t, v
		if r.For == 0 {
			fire()
		}
	case m.state == alert.Pending && !edge.fires(v):
		m.state = ""
	case m.state == alert.Pending && t-m.active >= int64(r.For):
		fire()
	case m.state == alert.Firing && m.ended == 0 && edge.ends(v):
		m.ended = t
		if r.KeepFiringFor == 0 {
			end()
		}
	case m.state == alert.Firing && m.ended != 0 && edge.fires(v):
		m.ended = 0
	case m.state == alert.Firing && m.ended != 0 && t-m.ended >= int64(r.KeepFiringFor):
		end()
	}
}

// until looks at each bucket border and at each end of a duration after the last instant, up to t.
func (m *simple) until(from, t int64) {
	for {
		next := (from/m.span.width + 1) * m.span.width
		for _, at := range []int64{m.active + int64(m.rule.For), m.ended + int64(m.rule.KeepFiringFor), m.born + int64(m.rule.Window)} {
			if at > from && at < next {
				next = at
			}
		}
		if next > t {
			return
		}
		m.look(next)
		from = next
	}
}

func TestAgainstASimpleModel(t *testing.T) {
	eachSeed(t, func(t *testing.T, r *rand.Rand) {
		rule := randomRule(r, "R")
		rule.By, rule.Match = nil, Match{}
		e := mustNew(t, Options{}, rule)
		m := &simple{rule: rule, span: spanOf(rule.Window), born: noon.UnixNano()}
		e.Advance(noon)
		last := m.born
		for _, s := range randomStream(r, 150) {
			now := s.now.UnixNano()
			m.until(last, now)
			last = now
			at := min(s.ev.When().UnixNano(), now)
			late := now/m.span.width-at/m.span.width >= m.span.n
			if got := e.Observe(s.ev, s.now); got.Late != late || got.Future != s.ev.When().After(s.now) {
				t.Errorf("event of %s at %s: %+v", s.ev.When(), s.now, got)
			}
			if !late {
				m.events = append(m.events, at)
				m.look(now)
			}
			if got, want := e.Stats()[0].Value, m.value(now); got != want {
				t.Errorf("at %s: value %v, want %v", s.now, got, want)
			}
		}
		end := last + int64(time.Hour)
		m.until(last, end)
		e.Advance(timeOf(end))
		var got []string
		for _, a := range e.Transitions() {
			at := a.StartsAt
			if a.State == alert.Resolved {
				at = a.EndsAt
			}
			got = append(got, fmt.Sprintf("%s %s start %s peak %v", a.State, at.Format(time.TimeOnly+".000000000"),
				a.StartsAt.Format(time.TimeOnly+".000000000"), a.Peak))
		}
		diff(t, rule.Canonical(), got, m.out)
	})
}
