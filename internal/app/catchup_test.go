package app

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/errwatch/errwatch/internal/alert"
	"github.com/errwatch/errwatch/internal/event"
	"github.com/errwatch/errwatch/internal/line"
	"github.com/errwatch/errwatch/internal/store"
)

// readBehind reads files of events, given by their seconds, in lots, always in a file that is picked at random, and
// returns the seconds in the order in which the rules would see them. Now and then it is killed.
func readBehind(t *testing.T, rng *rand.Rand, files [][]int, kills bool) (seen []int) {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	c := &catchUp{}
	each := func(e *event.Event) { seen = append(seen, int(e.Time.Unix())) }
	next := make([]int, len(files))
	ids := func() (out []line.FileID) {
		for i := range files {
			if next[i] < len(files[i]) {
				out = append(out, line.FileID(i+1))
			}
		}
		return out
	}
	saved, savedSeen := slices.Clone(next), 0
	for step := 0; ; step++ {
		left := ids()
		c.set(left)
		for _, id := range left {
			if n := next[id-1]; n > 0 {
				c.reached(id, int64(files[id-1][n-1])*int64(time.Second))
			}
		}
		if len(left) == 0 {
			c.release(latest, each)
			return seen
		}
		id := left[rng.IntN(len(left))]
		f, n := files[id-1], next[id-1]
		to := min(len(f), n+1+rng.IntN(20))
		var events []event.Event
		for _, at := range f[n:to] {
			events = append(events, event.Event{Source: "s", Code: "3014", Time: time.Unix(int64(at), 0), Text: fmt.Appendf(nil, "%d", at), Fields: []event.Field{{Name: "meeting", Value: []byte("m")}}})
		}
		c.hold(events)
		next[id-1] = to
		c.reached(id, int64(f[to-1])*int64(time.Second))
		c.release(c.floor(0), each)
		switch rng.IntN(6) {
		case 0:
			p := c.Pending()
			if p.Write != nil {
				err := db.Commit(t.Context(), []store.Pending{p})
				p.Done(err == nil)
				if err != nil {
					t.Fatal(err)
				}
			}
			saved, savedSeen = slices.Clone(next), len(seen)
		case 1:
			if kills {
				next, seen, c = slices.Clone(saved), seen[:savedSeen], &catchUp{}
				if err := db.Read(t.Context(), c.Restore); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// The rules see the events of all files in order of time, however the files are read, and over any kill.
func TestCatchUpMergesByTime(t *testing.T) {
	t.Parallel()
	for seed := range uint64(30) {
		rng := rand.New(rand.NewPCG(seed, 5))
		files := make([][]int, 1+rng.IntN(5))
		var want []int
		for i := range files {
			at := rng.IntN(1000)
			for range rng.IntN(300) {
				at += rng.IntN(1 + 40*i)
				files[i] = append(files[i], at)
			}
			want = append(want, files[i]...)
		}
		slices.Sort(want)
		if got := readBehind(t, rng, files, seed%2 == 1); !slices.Equal(got, want) {
			t.Fatalf("seed %d: %d events, in order %v, want %d in order", seed, len(got), slices.IsSorted(got), len(want))
		}
	}
}

// What waits is bounded: past the bound the earliest are judged, in order.
func TestCatchUpIsBounded(t *testing.T) {
	t.Parallel()
	c := &catchUp{}
	c.set([]line.FileID{1, 2}) // of which the second is never read
	c.reached(1, 1)
	seen := 0
	for range 100 {
		var lot []event.Event
		for range 1000 {
			lot = append(lot, event.Event{Time: time.Unix(int64(seen+len(lot)), 0), Text: make([]byte, 200)})
		}
		c.hold(lot)
		c.release(c.floor(0), func(*event.Event) { seen++ })
		if c.waiting > maxWaiting {
			t.Fatalf("%d bytes wait", c.waiting)
		}
	}
	if seen < 50_000 {
		t.Errorf("%d of 100,000 events were judged", seen)
	}
	if c.early != int64(seen) || c.held != int64(100_000-seen) {
		t.Errorf("%d events were judged and %d wait; told of are %d judged early and %d that wait", seen, 100_000-seen, c.early, c.held)
	}
	c.reached(2, latest) // from here on nothing is early
	c.reached(1, latest)
	c.release(c.floor(0), func(*event.Event) { seen++ })
	if seen != 100_000 || c.held != 0 || c.waiting != 0 || c.early >= 100_000 {
		t.Errorf("%d events were judged, %d of them early; %d in %d bytes wait", seen, c.early, c.held, c.waiting)
	}
}

// staggered are logs in which a rule fires only where the events of all of them meet, and how much there is to read
// between two bursts is different in each.
func staggered(end time.Time, files, bursts int) map[string]string {
	out := map[string]string{}
	for f := range files {
		var b strings.Builder
		for i := range bursts {
			at := end.Add(time.Duration(i-bursts) * time.Hour)
			b.WriteString(denialsAt(at.Add(time.Duration(f)*time.Second), 2))
			for n := range 300 * (1 + 4*f) {
				b.WriteString(at.Add(time.Minute + time.Duration(n)*time.Second).UTC().Format("2006-01-02T15:04:05.000Z"))
				b.WriteString(" INFO [room] stats codec=opus jitter=12 " + strings.Repeat("x", 150) + "\n")
			}
		}
		out[fmt.Sprintf("%c.log", 'a'+f)] = b.String()
	}
	return out
}

// Of several sources, each with another amount of backlog, the daemon fires what a replay of the same files fires.
func TestBacklogOfSeveralSourcesIsMerged(t *testing.T) {
	t.Parallel()
	const config = `
server: {listen: "127.0.0.1:0"}
sources:
  - {name: a, paths: ["DIR/a.log"], time: {zone: UTC}}
  - {name: b, paths: ["DIR/b.log"], time: {zone: UTC}}
  - {name: c, paths: ["DIR/c.log"], time: {zone: UTC}}
rules: [{name: Together, match: {codes: ["3014"]}, count: {above: 5}, window: 10s}]
alerts: {watchdog: false}
`
	r := newBareRig(t)
	r.configureAll(config)
	for name, text := range staggered(time.Now().Truncate(time.Second), 3, 8) {
		r.write(name, text)
	}
	plan := planOf(t, strings.ReplaceAll(config, "DIR", r.dir))
	replayed, err := plan.Replay(t.Context(), ReplayOptions{Paths: []string{filepath.Join(r.dir, "*.log")}, Workers: 2, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, a := range replayed.Alerts {
		want = append(want, a.StartsAt.UTC().Format(time.RFC3339))
	}
	if len(want) != 8 {
		t.Fatalf("replay fires %q", want)
	}
	r.start()
	var got []string
	r.until("the backlog is judged", func() bool {
		got = r.fired()
		return len(got) >= len(want)
	})
	if !slices.Equal(got, want) {
		t.Errorf("fired %q, want %q", got, want)
	}
	r.until("all is shown", func() bool { return r.countIn("c", "3014") > 0 && r.countIn("a", "3014") > 0 })
	r.wantMetrics("after it", map[string]string{`errwatch_late_events_total{source="a"}`: "0", `errwatch_late_events_total{source="c"}`: "0"})
}

// fired lists when alerts began, as the state tells.
func (r *rig) fired() (starts []string) {
	r.t.Helper()
	var ids []string
	if err := r.d.db.Read(r.t.Context(), func(tx *store.Tx) error {
		return each(tx, "SELECT id FROM alerts WHERE state <> 'pending'", func(scan func(...any) error) error {
			ids = append(ids, "")
			return scan(&ids[len(ids)-1])
		})
	}); err != nil {
		r.t.Fatal(err)
	}
	for _, id := range ids {
		if a, ok := (view{r.d}).Alert(id); ok && a.State != alert.Pending {
			starts = append(starts, a.StartsAt.UTC().Format(time.RFC3339))
		}
	}
	slices.Sort(starts)
	return starts
}
