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

// step is one event with the time at which it arrives, or something else that an engine is told.
type step struct {
	ev   *event.Event
	now  time.Time
	tell string // "": the event; live, gap, or lines of the event's source
}

func (s *step) do(e *Engine) {
	switch s.tell {
	case "live":
		e.Live(s.now)
	case "gap":
		e.Gap(s.now)
	case "lines":
		e.ObserveLines(s.ev.Source, s.now)
	default:
		e.Observe(s.ev, s.now)
	}
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// randomStream makes events whose arrival never goes back. Most carry the time of their arrival, some an earlier or a
// later one, some none. Now and then lines come, and errwatch is live from early on, with gaps.
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
		if r.IntN(3) == 0 {
			ev.Fields = ev.Fields[:r.IntN(2)]
		}
		if r.IntN(4) == 0 {
			ev.Reference, ev.Name, ev.Code, ev.Category = true, "joined", "", ""
		}
		out[i] = step{ev, now, ""}
		switch r.IntN(12) {
		case 0, 1:
			out[i].tell = "lines"
		case 2:
			out[i].tell = "live"
		case 3:
			out[i].tell = pick(r, "gap", "live")
		}
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
	if r.IntN(3) == 0 {
		rule.Match.Codes = []string{"3014"}
	}
	if r.IntN(4) == 0 {
		rule.Match.Fields = map[string][]string{event.Meeting: {"m1", "m2"}}
	}
	if r.IntN(5) == 0 {
		rule.Dedupe = &Dedupe{By: []string{pick(r, event.Participant, event.Meeting)}, Within: pick(r, time.Second, 10*time.Second)}
	}
	randomCondition(r, &rule)
	return rule
}

func randomCondition(r *rand.Rand, rule *Rule) {
	limit := r.Int64N(8)
	var resolveAt *int64
	if r.IntN(2) == 0 {
		resolveAt = new(r.Int64N(limit + 1))
	}
	switch r.IntN(9) {
	default:
		rule.Above, rule.ResolveAt = &limit, resolveAt
	case 0, 1:
		rule.Below = new(limit + 1)
		if r.IntN(2) == 0 {
			rule.ResolveAt = new(limit + 1 + r.Int64N(4))
		}
	case 2:
		rule.Distinct = &Distinct{Of: event.Participant, Above: limit, ResolveAt: resolveAt, OrEvents: r.IntN(2) == 0}
	case 3:
		rule.Ratio = &Ratio{To: Match{Names: []string{"joined"}}, Above: float64(r.IntN(5)) / 4, MinTotal: 1 + r.Int64N(3)}
		if r.IntN(2) == 0 {
			rule.Ratio.ResolveAt = new(rule.Ratio.Above / 2)
		}
		if r.IntN(3) == 0 {
			rule.Ratio.To = Match{Fields: map[string][]string{event.Meeting: {"m2", "m3"}}}
		}
	case 4:
		rule.Window = pick(r, 5*time.Second, 7*time.Second, 10*time.Second)
		rule.Spike = &Spike{Factor: pick(r, 1.5, 2, 3), Min: 1 + r.Int64N(4), Baseline: pick(r, 15*time.Second, time.Minute, 100*time.Second)}
		if r.IntN(2) == 0 {
			rule.Spike.ResolveAt = new(rule.Spike.Factor / 2)
		}
	case 5:
		rule.Absent, rule.Dedupe = true, nil
		if r.IntN(2) == 0 {
			rule.Silence = &Silence{Factor: pick(r, 1, 1.5, 3), Baseline: pick(r, 10*time.Second, time.Minute)}
		}
		if r.IntN(2) == 0 || rule.Match.onlySources() {
			rule.Match, rule.By = Match{Sources: pick(r, nil, []string{"meeting"})}, pick(r, nil, []string{"source"})
		}
	case 6:
		rule.New, rule.Dedupe = true, nil
		rule.Match.Codes = nil
	}
	if r.IntN(20) == 0 {
		*rule = Rule{Name: rule.Name, Severity: "none", Always: true}
	}
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
			s.do(live)
			s.do(replay)
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
