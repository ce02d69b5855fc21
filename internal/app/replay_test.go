package app

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/errwatch/errwatch/internal/rules"
)

func replayAll(t testing.TB, p *Plan, dir string) *ReplayResult {
	t.Helper()
	r, err := p.Replay(context.Background(), ReplayOptions{Paths: []string{filepath.Join(dir, "*")}, Workers: 2, Now: time.Now})
	if err != nil || len(r.Scan.Failed) > 0 {
		t.Fatal(err, r.Scan.Failed)
	}
	return r
}

// randomLog is a log of about n lines with bursts of denials and silence between them.
func randomLog(r *rand.Rand, n int) string {
	var b strings.Builder
	at := time.Duration(0)
	for range n {
		switch r.IntN(30) {
		case 0:
			at += time.Duration(r.Int64N(int64(5 * time.Minute)))
		default:
			at += time.Duration(r.IntN(4)) * time.Second
		}
		switch r.IntN(6) {
		case 0:
			b.WriteString(quietAt(at))
		case 1:
			b.WriteString(lineAt(at, fmt.Sprintf("INFO joined room=m%d", r.IntN(3))))
		default:
			b.WriteString(lineAt(at, fmt.Sprintf("ERROR [room] onError code=%d meetingId=m%d participantId=p%d", 3014+r.IntN(2), r.IntN(3), r.IntN(9))))
		}
	}
	return b.String()
}

// rulesOf is a configuration of rules R0, R1, …, and of a pattern for those who join.
func rulesOf(t testing.TB, texts ...string) *Plan {
	t.Helper()
	var b strings.Builder
	b.WriteString(`
patterns:
  - use: builtin
  - {name: joined, regex: 'joined room=(?P<meeting>\S+)', reference: true}
rules:
`)
	for i, text := range texts {
		fmt.Fprintf(&b, "  - {name: R%d, match: {categories: [permission]}, %s}\n", i, text)
	}
	return planOf(t, b.String())
}

// A threshold of N would have fired K times: as often as the same rule with this threshold does.
func TestOtherThresholdsAreExact(t *testing.T) {
	t.Parallel()
	floor := func(x float64) string { return fmt.Sprint(math.Floor(x)) }
	for _, c := range []struct {
		name       string
		configured float64
		rule       func(n float64) string
	}{
		{"count by meeting", 10, func(n float64) string {
			return fmt.Sprintf("count: {above: %g, resolve_at: %s}, window: 1m, by: [meeting]", n, floor(n*5/10))
		}},
		{"with waiting times", 8, func(n float64) string {
			return fmt.Sprintf("count: {above: %g, resolve_at: %s}, window: 2m, for: 20s, keep_firing_for: 30s", n, floor(n*3/8))
		}},
		{"below", 3, func(n float64) string {
			return fmt.Sprintf("count: {below: %g, resolve_at: %g}, window: 1m", n, math.Ceil(n*5/3))
		}},
		{"distinct", 4, func(n float64) string {
			return fmt.Sprintf("distinct: {of: participant, above: %g, resolve_at: %s}, window: 1m, by: [meeting]", n, floor(n*2/4))
		}},
		{"ratio", 4, func(n float64) string {
			return fmt.Sprintf("ratio: {to: {names: [joined]}, above: %g, min_total: 3, resolve_at: %g}, window: 1m", n, n/2)
		}},
		{"spike", 3, func(n float64) string {
			return fmt.Sprintf("spike: {factor: %g, min: 4, baseline: 10m, resolve_at: %g}, window: 30s", n, 2*n/3)
		}},
		{"dedupe", 4, func(n float64) string {
			return fmt.Sprintf("count: {above: %g}, dedupe: {by: [participant], within: 10s}, window: 1m, by: [meeting]", n)
		}},
	} {
		told := 0
		for seed := range uint64(2) {
			dir := logs(t, map[string]string{"a.log": randomLog(rand.New(rand.NewPCG(seed, 1)), 300)})
			got := replayAll(t, rulesOf(t, c.rule(c.configured)), dir).Rules[0]
			var each []string
			for _, x := range got.Thresholds {
				each = append(each, c.rule(x.Value))
			}
			want := map[string]int{}
			for _, f := range scanAll(t, rulesOf(t, each...), dir, 1).Fired {
				want[f.Rule]++
			}
			for i, x := range got.Thresholds {
				if want := want[fmt.Sprint("R", i)]; x.Fired != want {
					t.Errorf("%s, seed %d: %g would have fired %d times, want %d", c.name, seed, x.Value, x.Fired, want)
				}
				if x.Fired > 0 && !x.Configured {
					told++
				}
			}
		}
		if told < 3 {
			t.Errorf("%s: %d thresholds fired: the test says nothing", c.name, told)
		}
	}
}

// Of a rule that waits for silence longer windows are tried, up to the first that would never have fired.
func TestLongerSilencesAreExact(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	at := time.Duration(0)
	for range 400 {
		at += time.Duration(r.ExpFloat64() * float64(12*time.Minute))
		if r.IntN(3) == 0 {
			b.WriteString(quietAt(at))
		} else {
			b.WriteString(lineAt(at, "ERROR [room] onError code=3014"))
		}
	}
	dir := logs(t, map[string]string{"a.log": b.String()})
	for _, rule := range []string{
		"absent: {}, window: %gs", "absent: {}, window: %gs, by: [source]", "match: {codes: [3014]}, absent: {}, window: %gs, for: 1m",
		"absent: {factor: 1.5, baseline: 6h}, window: %gs",
	} {
		plan := func(windows ...float64) *Plan {
			var text strings.Builder
			text.WriteString("rules:\n")
			for i, w := range windows {
				text.WriteString(fmt.Sprintf("  - {name: R%d, "+rule+"}\n", i, w))
			}
			return planOf(t, text.String())
		}
		got := replayAll(t, plan(600), dir).Rules[0]
		var windows []float64
		for _, x := range got.Thresholds {
			windows = append(windows, x.Value)
		}
		want := make([]int, len(windows))
		for _, f := range scanAll(t, plan(windows...), dir, 1).Fired {
			i, _ := strconv.Atoi(f.Rule[1:]) // as they are named above
			want[i]++
		}
		last := len(windows) - 1
		for i, x := range got.Thresholds {
			if x.Fired != want[i] || x.Fired == 0 && i < last || x.Configured != (x.Value == 600) {
				t.Errorf("%s: %+v, want %d times", rule, x, want[i])
			}
		}
		if !got.Seconds || got.Values != nil || len(windows) < 3 || want[last] != 0 {
			t.Errorf("%s: %+v", rule, got)
		}
	}
}

// The distribution is that of the highest group's highest value in each step of the window.
func TestValuesOverTime(t *testing.T) {
	t.Parallel()
	for seed := range uint64(2) {
		r := rand.New(rand.NewPCG(seed, 2))
		dir := logs(t, map[string]string{"a.log": randomLog(r, 300)})
		for _, window := range []time.Duration{time.Second, 7 * time.Second, time.Minute, 3 * time.Minute, 90 * time.Second} {
			for _, condition := range []string{
				"count: {above: 3}, by: [meeting]", "distinct: {of: participant, above: 3}",
				"ratio: {to: {names: [joined]}, above: 3, min_total: 2}", "count: {below: 3}",
			} {
				plan := rulesOf(t, fmt.Sprintf("%s, window: %s", condition, shortDuration(window)))
				got := replayAll(t, plan, dir)
				want := slowValues(t, plan, dir, got.From, got.To)
				if d := *got.Rules[0].Values; d != want {
					t.Errorf("seed %d, %s, window %s: %+v, want %+v", seed, condition, window, d, want)
				}
			}
		}
	}
}

func shortDuration(d time.Duration) string { return fmt.Sprintf("%dms", d/time.Millisecond) }

// slowValues looks at every step, and after every event.
func slowValues(t *testing.T, p *Plan, dir string, from, to time.Time) Distribution {
	t.Helper()
	e, err := p.newRules()
	if err != nil {
		t.Fatal(err)
	}
	var events []item
	if _, err := p.scan(context.Background(), ScanOptions{Paths: []string{dir}, Workers: 1, Now: time.Now}, false, func(it *item) {
		if !it.mark {
			x := *it
			x.Text, x.Message, x.Fields = nil, nil, slices.Clone(it.Fields)
			for i := range x.Fields {
				x.Fields[i].Value = slices.Clone(x.Fields[i].Value)
			}
			events = append(events, x)
		}
	}); err != nil {
		t.Fatal(err)
	}
	window := p.rules[0].Window
	step := window / min(60, window/time.Second)
	var values []float64
	high := 0.0
	look := func() { high = max(high, e.Stats()[0].Value) }
	end := from.Truncate(0).UnixNano()/int64(step)*int64(step) + int64(step)
	for i := 0; i < len(events) || end <= to.UnixNano(); {
		if i < len(events) && events[i].Time.UnixNano() < end {
			e.Observe(&events[i].Event, events[i].Time)
			look()
			i++
			continue
		}
		e.Advance(time.Unix(0, end-1))
		look()
		values = append(values, high)
		high = 0
		end += int64(step)
	}
	e.Advance(to)
	look()
	values = append(values, high)
	slices.Sort(values)
	rank := func(percent int) float64 { return values[(len(values)*percent+99)/100-1] }
	return Distribution{P50: rank(50), P90: rank(90), P99: rank(99), Max: rank(100), Steps: int64(len(values)), Step: step}
}

func TestSpreadStaysBounded(t *testing.T) {
	t.Parallel()
	var s spread
	const n = 3 * maxSpread
	for i := range n {
		s.add(float64(i)+0.25, 1)
	}
	if len(s.counts) > maxSpread || !s.rounded || s.n != n || s.max != n-1+0.25 {
		t.Errorf("%d values, rounded %v, %d samples, max %g", len(s.counts), s.rounded, s.n, s.max)
	}
	if q := s.quantiles(0.5, 0.99); q[0] != 98300 || q[1] != 195000 {
		t.Errorf("quantiles %v", q)
	}
}

func TestRoundNumbers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		n, least, most float64
		want           string
	}{
		{20, 1, 1000, "[1 2 3 5 10 30 50 100 200 300 500 1000 2000]"},
		{0, 1, 1000, "[1 2 3 5 10 20 30 50 100 200 300 500 1000]"},
		{4000, 1, 1000, "[50 100 200 300 500 1000 2000 3000 5000 10000 20000 30000 50000 100000 200000 300000]"},
		{0.05, 0, 1, "[0.0005 0.001 0.002 0.003 0.005 0.01 0.02 0.03 0.1 0.2 0.3 0.5 1 2 3 5]"},
	} {
		if got := fmt.Sprint(roundNumbers(c.n, c.least, c.most)); got != c.want {
			t.Errorf("around %g: %s, want %s", c.n, got, c.want)
		}
	}
}

func TestLadderKeepsTheRestOfARule(t *testing.T) {
	t.Parallel()
	r := rules.Rule{Name: "R", Above: new(int64(20)), ResolveAt: new(int64(10)), Window: time.Minute, For: time.Second, By: []string{"source"}, Summary: "x"}
	for _, x := range ladder(&r) {
		if want := int64(x.threshold) / 2; *x.rule.ResolveAt != want || *x.rule.Above != int64(x.threshold) {
			t.Errorf("above %d, resolve_at %d, want %d", *x.rule.Above, *x.rule.ResolveAt, want)
		}
		if x.rule.For != r.For || x.rule.Window != r.Window || len(x.rule.By) != 1 || x.rule.Name == r.Name {
			t.Errorf("%+v", x.rule)
		}
	}
	if *r.Above != 20 || *r.ResolveAt != 10 {
		t.Error("the rule itself has changed")
	}
}

func TestReplayWithoutAnything(t *testing.T) {
	t.Parallel()
	r := replayAll(t, planOf(t, burstRule), logs(t, map[string]string{"a.log": "no time here\n", "b.log": ""}))
	x := r.Rules[0]
	if !r.From.IsZero() || !r.To.IsZero() || len(r.Alerts) > 0 || x.Values != nil || len(x.Thresholds) != 1 || r.Scan.Files != 2 {
		t.Errorf("%+v", r)
	}
}

func TestReplayShowsTheEvidence(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for i := range 4 {
		text.WriteString(lineAt(time.Duration(i)*time.Second, fmt.Sprintf("ERROR [room] onError code=3014 meetingId=m%d participantId=p%d@example.com", i%2, i)))
	}
	text.WriteString(quietAt(5 * time.Minute))
	r := replayAll(t, planOf(t, burstRule), logs(t, map[string]string{"a.log": text.String()}))
	if len(r.Alerts) != 1 {
		t.Fatalf("%+v", r.Alerts)
	}
	a := r.Alerts[0]
	got := fmt.Sprintf("%s %s %g %v %v %d lines", a.StartsAt.Sub(noon), a.EndsAt.Sub(noon), a.Peak, a.Evidence.Codes, a.Evidence.Top["meeting"], len(a.Evidence.Samples))
	if want := "2s 1m1s 4 [{3014 4}] [{m0 2} {m1 2}] 4 lines"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if strings.Contains(fmt.Sprint(a), "@example") {
		t.Errorf("the evidence is not redacted: %v", a)
	}
	if r.From != noon || r.To != noon.Add(5*time.Minute) {
		t.Errorf("from %s to %s", r.From, r.To)
	}
}
