package rules

import (
	"strings"
	"testing"
	"time"

	"github.com/errwatch/errwatch/internal/event"
)

// story is one case of a condition: what comes, and what is told, joined by ", ".
type story struct {
	name  string
	rule  Rule
	story string
	want  string
}

func playAll(t *testing.T, stories []story) {
	t.Helper()
	for _, c := range stories {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := strings.Join(play(t, c.rule, c.story), ", "); got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestDistinct(t *testing.T) {
	t.Parallel()
	const m = time.Minute
	people := func(above int64) Rule {
		return Rule{Distinct: &Distinct{Of: event.Participant, Above: above}, Window: m}
	}
	with := func(r Rule, change func(*Rule)) Rule {
		change(&r)
		return r
	}
	playAll(t, []story{
		{"the same value again and again is one", people(1), "0s x9 p=a\n1s x9 p=a", ""},
		{"the value that crosses fires", people(1), "0s x1 p=a\n1s x1 p=b", "firing 1s"},
		{"a value stays as long as its newest event", people(1), "0s x1 p=a\n1s x1 p=b\n30s x1 p=a\n2m", "firing 1s, resolved 1m1s"},
		{"a late event does not shorten its stay", people(1), "30s x1 p=a\n31s x1 p=b\n32s x1 p=a of 5s\n2m", "firing 31s, resolved 1m30s"},
		{"a late value counts until its bucket leaves", people(1), "30s x1 p=a\n31s x1 p=b of 5s\n2m", "firing 31s, resolved 1m5s"},
		{"a value that left comes back", people(1), "0s x1 p=a\n61s x1 p=b\n62s x1 p=a", "firing 1m2s"},
		{"resolve_at", with(people(2), func(r *Rule) { r.Distinct.ResolveAt = new(int64(1)) }),
			"0s x1 p=a\n10s x1 p=b\n20s x1 p=c\n3m", "firing 20s, resolved 1m10s"},
		{"without the field an event does not count", people(0), "0s x5", ""},
		{"unless each of them does", with(people(2), func(r *Rule) { r.Distinct.OrEvents = true }), "0s x2 p=a\n1s x1\n2s x1\n2m", "firing 2s, resolved 1m0s"},
		{"in each group", with(people(1), func(r *Rule) { r.By = []string{event.Meeting} }),
			"0s x1 m1 p=a\n1s x1 m2 p=b\n2s x1 m2 p=c\n2m", "firing 2s m2, resolved 1m1s m2"},
		{"of what is no field", with(people(1), func(r *Rule) { r.Distinct.Of = "code" }), "0s x5\n1s x1 c=3015", "firing 1s"},
		{"for and keep_firing_for", with(people(0), func(r *Rule) { r.For, r.KeepFiringFor = 10*time.Second, 5*time.Second }),
			"0s x1 p=a\n2m", "firing 10s, resolved 1m5s"},
	})
}

func TestRatio(t *testing.T) {
	t.Parallel()
	const m = time.Minute
	joins := func(change func(*Rule)) Rule {
		r := Rule{
			Match: Match{Codes: []string{"3014"}}, Window: m,
			Ratio: &Ratio{To: Match{Names: []string{"joined"}}, Above: 0.05, MinTotal: 100},
		}
		if change != nil {
			change(&r)
		}
		return r
	}
	playAll(t, []story{
		{"the threshold itself is not above it", joins(nil), "0s x100 n=joined\n1s x5", ""},
		{"one more is", joins(nil), "0s x100 n=joined\n1s x5\n2s x1", "firing 2s"},
		{"too few to tell", joins(nil), "0s x99 n=joined\n1s x50", ""},
		{"until there are enough", joins(nil), "0s x99 n=joined\n1s x50\n2s x1 n=joined", "firing 2s"},
		{"more of the divisor ends it", joins(nil), "0s x100 n=joined\n1s x6\n2s x19 n=joined\n3s x1 n=joined", "firing 1s, resolved 3s"},
		{"it rises by time alone, as the divisor leaves first", joins(func(r *Rule) { r.Ratio.MinTotal = 20 }),
			"0s x100 n=joined\n30s x5\n31s x40 n=joined\n3m", "firing 1m0s, resolved 1m30s"},
		{"too few left: over", joins(nil), "0s x100 n=joined\n1s x50\n3m", "firing 1s, resolved 1m0s"},
		{"resolve_at", joins(func(r *Rule) { r.Ratio.ResolveAt = new(0.02) }), "0s x100 n=joined\n1s x6\n2s x199 n=joined\n3s x1 n=joined",
			"firing 1s, resolved 3s"},
		{"an event of both", joins(func(r *Rule) {
			r.Ratio.To = Match{Categories: []string{"permission"}}
			r.Ratio.MinTotal = 3
			r.Ratio.Above = 0.5
		}),
			"0s x1 c=3015\n1s x1\n2s x1", "firing 2s"},
		{"matches that look at fields", joins(func(r *Rule) {
			r.Ratio.To, r.Ratio.MinTotal = Match{Fields: map[string][]string{event.Meeting: {"a"}}}, 1
			r.Match.Fields = map[string][]string{event.Participant: {"p"}}
		}), "0s x9 b p=p\n1s x9 a p=q\n2s x1 a p=q c=1\n3s x1 a p=p", "firing 1s"},
		{"in each group", joins(func(r *Rule) { r.By = []string{"source"}; r.Ratio.MinTotal = 1 }),
			"0s x9 n=joined s=a\n1s x9 n=joined s=b\n2s x1 s=b\n2m", "firing 2s b, resolved 1m1s b"},
		{"without the divisor", joins(func(r *Rule) { r.Ratio.MinTotal = 1 }), "0s x1000", ""},
	})
}

func TestSpike(t *testing.T) {
	t.Parallel()
	const m = time.Minute
	r := Rule{Spike: &Spike{Factor: 3, Min: 4, Baseline: 10 * m}, Window: m}
	steady := func(n string, times ...string) string {
		var b strings.Builder
		for _, at := range times {
			b.WriteString(at + " " + n + "\n")
		}
		return b.String()
	}
	tenMinutes := strings.Fields("0m 1m 2m 3m 4m 5m 6m 7m 8m 9m")
	usual := steady("x2", tenMinutes...) // two a minute; the baseline was seen whole at 10m59s
	hysteresis := r
	hysteresis.Spike = &Spike{Factor: 3, Min: 4, Baseline: 10 * m, ResolveAt: new(2.0)}
	kept := r
	kept.KeepFiringFor = 2 * m
	by := r
	by.By = []string{event.Meeting}
	playAll(t, []story{
		{"not before the baseline was seen whole", r, usual + "10m50s x100\n10m58.999s", ""},
		{"then at once", r, usual + "10m50s x100\n11m", "firing 10m59s"},
		{"the factor itself is a spike", r, usual + "10m x2\n11m9s x5\n11m9.5s x1", "firing 11m9.5s"},
		{"at least so many", r, "11m5s x3\n11m6s x1", "firing 11m6s"},
		{"out of nothing: over when fewer than the least are left", r, "11m5s x3\n11m30s x1\n14m", "firing 11m30s, resolved 12m5s"},
		{"the other edge is a factor, too", hysteresis, usual + "10m x2\n11m5s x2\n11m29s x4\n14m", "firing 11m29s, resolved 12m29s"},
		{"without it, the factor", r, usual + "10m x2\n11m5s x2\n11m29s x4\n14m", "firing 11m29s, resolved 12m5s"},
		{"it begins by time alone, as what was usual leaves", r, "0s x20\n1m x1\n11m10s x4\n11m59s", "firing 11m10s"},
		{"in each group; one that is new has nothing before it", by, "0s x9 a\n11m5s x4 b\n13m", "firing 11m5s b, resolved 12m5s b"},
	})
	// While it fires the baseline stands still: what came meanwhile is not usual afterwards.
	long := usual + "10m x2\n" + steady("x20", "11m1s", "11m31s", "12m1s", "12m31s", "13m1s", "13m31s") + "15m\n"
	playAll(t, []story{
		{"what is usual does not follow the incident", r, long + "16m9s x5\n16m9.5s x1\n20m", "firing 11m1s, resolved 14m31s, firing 16m9.5s, resolved 17m9s"},
		{"nor while it is kept firing", kept, long + "20m", "firing 11m1s, resolved 16m31s"},
	})
}
