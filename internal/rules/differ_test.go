package rules

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// arrival is a line: the time that it carries and when it came.
type arrival struct{ own, came time.Duration }

func inOrder(ds ...time.Duration) []arrival {
	var out []arrival
	for _, d := range ds {
		out = append(out, arrival{d, d})
	}
	return out
}

// TestWhereLiveAndReplayDiffer holds each way that docs/rules.md names in which lines that are not on time make a
// replay, which takes each line at its own time, differ from the run that saw them come.
func TestWhereLiveAndReplayDiffer(t *testing.T) {
	t.Parallel()
	const s, m = time.Second, time.Minute
	for _, c := range []struct {
		name         string
		rule         Rule
		lines        []arrival
		live, replay string
	}{
		{"in order and on time: not at all", Rule{Above: new(int64(1)), Window: m}, inOrder(0, 5*s),
			"firing 5s, resolved 1m0s", "firing 5s, resolved 1m0s"},
		{"later than its time", Rule{Above: new(int64(1)), Window: m}, []arrival{{0, 0}, {5 * s, 30 * s}},
			"firing 30s, resolved 1m0s", "firing 5s, resolved 1m0s"},
		{"later than its window", Rule{Above: new(int64(1)), Window: m}, []arrival{{0, 0}, {5 * s, 70 * s}},
			"", "firing 5s, resolved 1m0s"},
		{"a bucket left between time and arrival", Rule{Above: new(int64(1)), Window: m}, []arrival{{0, 0}, {50 * s, 65 * s}},
			"", "firing 50s, resolved 1m0s"},
		{"from the future", Rule{Above: new(int64(0)), Window: m}, []arrival{{30 * s, 10 * s}},
			"firing 10s, resolved 1m10s", "firing 30s, resolved 1m30s"},
		{"held back: silence that never was", Rule{Below: new(int64(1)), Window: m}, []arrival{{0, 0}, {40 * s, 90 * s}, {80 * s, 90 * s}},
			"firing 1m0s, resolved 1m30s", ""},
	} {
		r := c.rule
		r.Name = "R"
		live, replay := mustNew(t, Options{}, r), mustNew(t, Options{}, r)
		live.Advance(noon)
		replay.Advance(noon)
		end := c.lines[len(c.lines)-1].came
		for _, l := range c.lines {
			live.Observe(denial(at(l.own)), at(l.came))
		}
		sorted := slices.SortedFunc(slices.Values(c.lines), func(a, b arrival) int { return int(a.own - b.own) })
		for _, l := range sorted {
			replay.Observe(denial(at(l.own)), at(l.own))
		}
		for _, e := range []*Engine{live, replay} {
			if c.rule.Above != nil {
				e.Advance(at(end + time.Hour))
			} else {
				e.Advance(at(end))
			}
		}
		if got := told(live); got != c.live {
			t.Errorf("%s: live %q, want %q", c.name, got, c.live)
		}
		if got := told(replay); got != c.replay {
			t.Errorf("%s: replay %q, want %q", c.name, got, c.replay)
		}
	}
}

func told(e *Engine) string {
	var out []string
	for _, a := range e.Transitions() {
		out = append(out, tell(a))
	}
	return strings.Join(out, ", ")
}
