package app

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/errwatch/errwatch/internal/alert"
	"github.com/errwatch/errwatch/internal/rules"
	"github.com/errwatch/errwatch/internal/store"
)

// randomRules are rules of all six conditions, with random windows, thresholds, groups and waiting times.
func randomRules(r *rand.Rand) string {
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	n := func(least, more int) int { return least + r.IntN(more) }
	match := func() string {
		return pick("", "match: {categories: [permission]}, ", `match: {codes: ["3014"]}, `, "match: {fields: {meeting: [m1]}}, ")
	}
	rest := func() string {
		return fmt.Sprintf("window: %s%s%s%s", pick("10s", "45s", "1m", "90s", "3m", "5m"), pick("", "", ", by: [meeting]", ", by: [source, code]"),
			pick("", "", ", for: 7s", ", for: 40s"), pick("", "", ", keep_firing_for: 20s", ", keep_firing_for: 2m"))
	}
	var b strings.Builder
	b.WriteString("rules:\n")
	for i, rule := range []string{
		fmt.Sprintf("%scount: {above: %d%s}, %s%s", match(), n(6, 9), pick("", ", resolve_at: 3"), rest(), pick("", ", dedupe: {by: [participant], within: 10s}")),
		fmt.Sprintf("%scount: {below: %d%s}, %s", match(), n(1, 4), pick("", ", resolve_at: 9"), rest()),
		fmt.Sprintf("%sdistinct: {of: participant, above: %d}, %s", match(), n(1, 5), rest()),
		fmt.Sprintf("%sratio: {to: {names: [joined]}, above: 0.%d, min_total: %d}, %s", match(), n(1, 9), n(1, 5), rest()),
		fmt.Sprintf("%sspike: {factor: %d, min: %d, baseline: 10m}, %s", match(), n(2, 2), n(2, 5), rest()),
		fmt.Sprintf("%sabsent: {}, window: %s", match(), pick("10s", "30s", "1m", "2m")),
		fmt.Sprintf("%sabsent: {factor: %s, baseline: %s}, window: %s", match(), pick("1", "2", "3.5"), pick("1m", "5m"), pick("5s", "10s", "30s")),
		fmt.Sprintf("%snew: {}, window: %s", match(), pick("1m", "2m", "4m")),
	} {
		fmt.Fprintf(&b, "  - {name: R%d, %s}\n", i, rule)
	}
	return b.String()
}

// timeLine tells alerts by what a person would remember of them.
func timeLine(alerts []alert.Alert) (out []string) {
	for _, a := range alerts {
		end := "still firing"
		if a.State == alert.Resolved {
			end = a.EndsAt.Sub(noon).String()
		}
		labels := a.Labels.Map()
		var said []string
		for _, k := range slices.Sorted(maps.Keys(labels)) {
			said = append(said, k+"="+labels[k])
		}
		out = append(out, fmt.Sprintf("%s %v from %s to %s, peak %g, codes %v", a.Rule, said, a.StartsAt.Sub(noon), end, a.Peak, a.Evidence.Codes))
	}
	slices.Sort(out)
	return out
}

// runLive hands each line to a daemon's pipeline at its time, and returns the alerts that fired as the state has them. The
// daemon looks at its deadlines at random moments. Time is that of synctest: it passes at once.
func runLive(t *testing.T, r *rand.Rand, config, text string) (fired []alert.Alert) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		s := newStill(t, config, func() time.Time { return noon.Add(time.Since(begin)) }, nil)
		live := false
		for l := range strings.Lines(text) {
			at, err := time.Parse(time.RFC3339, strings.Fields(l)[0])
			if err != nil {
				t.Fatal(err)
			}
			for r.IntN(3) == 0 && at.Sub(s.p.now()) > time.Second {
				<-time.After(time.Duration(r.Int64N(int64(at.Sub(s.p.now())))))
				s.look()
			}
			<-time.After(at.Sub(s.p.now()))
			if !live {
				live = true
				s.p.mu.Lock()
				s.p.goLive()
				s.p.holding = false
				s.p.mu.Unlock()
			}
			s.take(l)
			if r.IntN(50) == 0 {
				s.commit()
			}
		}
		s.commit()
		fired = s.firedAlerts()
	})
	return fired
}

// look takes the deadlines up to now.
func (s *still) look() {
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	s.p.advance()
	s.p.collect()
}

// firedAlerts are all alerts of the state that fired.
func (s *still) firedAlerts() (out []alert.Alert) {
	s.t.Helper()
	err := s.p.db.Read(s.t.Context(), func(tx *store.Tx) error {
		var ids []string
		if err := each(tx, "SELECT id FROM alerts", func(scan func(...any) error) error {
			ids = append(ids, "")
			return scan(&ids[len(ids)-1])
		}); err != nil {
			return err
		}
		for _, id := range ids {
			a, ok, err := rules.LoadAlert(tx, id)
			if err != nil {
				return err
			}
			if ok && !a.StartsAt.IsZero() {
				out = append(out, a)
			}
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, a := range s.alerts() { // the state has them as they were when they began; what they have come to is in the engine
		if i := slices.IndexFunc(out, func(x alert.Alert) bool { return x.ID == a.ID }); i >= 0 {
			out[i] = a
		}
	}
	return out
}

const meetingAndJoined = `
alerts: {watchdog: false}
sources: [{name: meeting, paths: ["DIR/*"], time: {zone: UTC}}]
patterns:
  - use: builtin
  - {name: joined, regex: 'joined room=(?P<meeting>\S+)', reference: true}
`

// A stream whose lines are in order and on time gives the same alerts, live and replayed: the same labels, times, peaks
// and counts, whatever the rules.
func TestLiveAndReplayAgree(t *testing.T) {
	t.Parallel()
	mu := make(chan map[string]int, 1) // how often each rule fired
	mu <- map[string]int{}
	t.Run("seeds", func(t *testing.T) {
		for seed := range uint64(24) {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				r := rand.New(rand.NewPCG(seed, 11))
				text := randomLog(r, 250)
				dir := logs(t, map[string]string{"a.log": text})
				config := strings.ReplaceAll(meetingAndJoined, "DIR", dir) + randomRules(r)
				want := replayAll(t, planOf(t, config), dir)
				got := runLive(t, r, config, text)
				a, b := timeLine(got), timeLine(want.Alerts)
				if !slices.Equal(a, b) {
					t.Errorf("live and replay differ with\n%s\nlive alone:\n%s\nreplay alone:\n%s", config, strings.Join(without(a, b), "\n"), strings.Join(without(b, a), "\n"))
				}
				met := <-mu
				for _, x := range want.Alerts {
					met[x.Rule]++
				}
				mu <- met
			})
		}
	})
	for i, met := 0, <-mu; i < 7; i++ {
		if n := met[fmt.Sprint("R", i)]; n < 10 {
			t.Errorf("rule R%d fired %d times: the test says little of it", i, n)
		}
	}
}

func without(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return slices.Contains(b, s) })
}
