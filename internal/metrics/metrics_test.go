package metrics

import (
	"cmp"
	"errors"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/errwatch/errwatch/internal/event"
	"github.com/errwatch/errwatch/internal/store"
)

func at(seconds int64) time.Time { return time.Unix(1_790_000_000+seconds, 0) }

func fixed(seconds int64) func() time.Time { return func() time.Time { return at(seconds) } }

// basic is one source with a catalogue of two codes.
func basic() Options {
	return Options{
		Sources: []Source{{
			Name:       "meeting",
			Codes:      []Code{{"4009", "MAX_PARTCIPANT_REACHED", "capacity"}, {"4002", "INVALID_TOKEN", "auth"}},
			References: []string{"joined"},
		}},
		SkipReasons:       []string{"too_long"},
		CorrectionReasons: []string{"future"},
		Now:               fixed(0),
	}
}

func newTest(t *testing.T, o Options) *Counters {
	t.Helper()
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func full() *event.Event {
	return &event.Event{Source: "meeting", Code: "4009", Name: "MAX_PARTCIPANT_REACHED", Category: "capacity", Read: at(10)}
}

func openStore(t *testing.T, o store.Options) *store.DB {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	db, err := store.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func restore(t *testing.T, db *store.DB, o Options) *Counters {
	t.Helper()
	c := newTest(t, o)
	if err := db.Read(t.Context(), c.Restore); err != nil {
		t.Fatal(err)
	}
	return c
}

func commit(t *testing.T, db *store.DB, c *Counters) {
	t.Helper()
	p := c.Pending()
	err := db.Commit(t.Context(), []store.Pending{p})
	p.Done(err == nil)
	if err != nil {
		t.Fatal(err)
	}
}

// gather returns every series of a registry that holds the collector, as its exposition names it, with its value.
func gather(t *testing.T, c *Counters) map[string]float64 {
	t.Helper()
	got := map[string]float64{}
	for key, m := range gatherMetrics(t, c) {
		got[key] = m.GetCounter().GetValue()
	}
	return got
}

func gatherMetrics(t *testing.T, c *Counters) map[string]*dto.Metric {
	t.Helper()
	r := prometheus.NewPedanticRegistry()
	if err := r.Register(c.Collector()); err != nil {
		t.Fatal(err)
	}
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]*dto.Metric{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			got[seriesName(f.GetName(), m)] = m
		}
	}
	return got
}

func seriesName(name string, m *dto.Metric) string {
	ls := slices.Clone(m.GetLabel())
	slices.SortFunc(ls, func(a, b *dto.LabelPair) int { return cmp.Compare(a.GetName(), b.GetName()) })
	var b strings.Builder
	for _, l := range ls {
		if l.GetValue() != "" {
			b.WriteString("," + l.GetName() + "=" + l.GetValue())
		}
	}
	return strings.TrimPrefix(name, "errwatch_") + "{" + strings.TrimPrefix(b.String(), ",") + "}"
}

const (
	capacitySeries = "events_total{category=capacity,code=4009,name=MAX_PARTCIPANT_REACHED,source=meeting}"
	tokenSeries    = "events_total{category=auth,code=4002,name=INVALID_TOKEN,source=meeting}"
)

func TestOnlyCommittedValuesAreShown(t *testing.T) {
	t.Parallel()
	db, c := openStore(t, store.Options{}), newTest(t, basic())
	if !c.Publish("meeting") || c.Publish("meeting") {
		t.Error("Publish is news once")
	}
	c.Add(full())
	if got := gather(t, c); got[capacitySeries] != 0 {
		t.Errorf("before the commit: %v", got)
	}
	p := c.Pending()
	c.Add(full()) // while the commit is under way
	if err := db.Commit(t.Context(), []store.Pending{p}); err != nil {
		t.Fatal(err)
	}
	if got := gather(t, c); got[capacitySeries] != 0 {
		t.Errorf("before Done: %v", got)
	}
	p.Done(true)
	if got := gather(t, c); got[capacitySeries] != 1 {
		t.Errorf("after Done: %v", got)
	}
	commit(t, db, c)
	if got := gather(t, c); got[capacitySeries] != 2 {
		t.Errorf("after the second commit: %v", got)
	}
	if c.Pending().Write != nil {
		t.Error("nothing changed and yet something is written")
	}
}

func TestRollback(t *testing.T) {
	t.Parallel()
	var fail error
	db := openStore(t, store.Options{BeforeCommit: func() error { return fail }})
	c := newTest(t, basic())
	c.Publish("meeting")
	commit(t, db, c)

	fail = errors.New("disk full")
	c.Add(full())
	for range 3 {
		p := c.Pending()
		err := db.Commit(t.Context(), []store.Pending{p})
		p.Done(err == nil)
		if got := gather(t, c)[capacitySeries]; err == nil || got != 0 {
			t.Fatalf("after a commit that failed with %v: %v", err, got)
		}
	}
	fail = nil
	commit(t, db, c) // carries it although nothing was counted since
	if got := gather(t, c)[capacitySeries]; got != 1 {
		t.Errorf("after the first good one: %v, want 1", got)
	}
	if got := gather(t, restore(t, db, basic()))[capacitySeries]; got != 1 {
		t.Errorf("after a restart: %v, want 1", got)
	}
}

func TestCatalogueStandsAtZeroFromTheStart(t *testing.T) {
	t.Parallel()
	c := newTest(t, basic())
	c.Publish("meeting")
	commit(t, openStore(t, store.Options{}), c)
	got := gather(t, c)
	for _, key := range []string{
		capacitySeries, tokenSeries, "reference_events_total{name=joined,source=meeting}", "lines_total{source=meeting}",
		"read_bytes_total{source=meeting}", "skipped_lines_total{reason=too_long,source=meeting}",
		"late_events_total{source=meeting}", "time_corrections_total{reason=future,source=meeting}",
		"code_conflicts_total{source=meeting}", "series_refused_total{}",
	} {
		if v, ok := got[key]; !ok || v != 0 {
			t.Errorf("%s: %v, %v", key, v, ok)
		}
	}
}

func TestSetLive(t *testing.T) {
	t.Parallel()
	c := newTest(t, basic())
	c.Publish("meeting")
	shown := func(want float64) {
		t.Helper()
		if got := gather(t, c)[capacitySeries]; got != want {
			t.Errorf("shown: %v, want %v", got, want)
		}
	}
	c.Add(full())
	p := c.Pending() // a commit that takes very long
	shown(0)
	c.Add(full())
	c.SetLive(true)
	shown(2)
	c.Add(full())
	c.SetLive(true)
	shown(3)
	p.Done(true) // at last: what was shown must not go down
	shown(3)
	c.Add(full())
	p = c.Pending()
	shown(4)
	c.SetLive(false)
	p.Done(false)
	c.Add(full())
	shown(4)
	p = c.Pending()
	shown(4)
	p.Done(true)
	shown(5)
}

// Scrapes run while lines are counted and commits go on; nothing that they see may go down.
func TestScrapesWhileCounting(t *testing.T) {
	t.Parallel()
	db, c := openStore(t, store.Options{}), newTest(t, basic())
	c.Publish("meeting")
	var pipeline sync.Mutex
	done := make(chan struct{})
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			last := 0.0
			for running := true; running; {
				select {
				case <-done:
					running = false
				default:
				}
				got := gather(t, c)[capacitySeries]
				if got < last {
					t.Errorf("%v after %v", got, last)
				}
				last = got
				c.Snapshot()
			}
			if last != 4000 {
				t.Errorf("the last scrape saw %v, want 4000", last)
			}
		})
	}
	var writers sync.WaitGroup
	for range 4 {
		writers.Go(func() {
			for range 1000 {
				pipeline.Lock()
				c.Add(full())
				pipeline.Unlock()
			}
		})
	}
	for i := range 20 {
		if i == 19 {
			writers.Wait()
		}
		pipeline.Lock()
		p := c.Pending()
		pipeline.Unlock()
		err := db.Commit(t.Context(), []store.Pending{p})
		pipeline.Lock()
		p.Done(err == nil)
		pipeline.Unlock()
	}
	close(done)
	all.Wait()
}

func TestTotals(t *testing.T) {
	t.Parallel()
	db, o := openStore(t, store.Options{}), basic()
	o.Labels = []string{"region"}
	o.Sources = append(o.Sources, Source{Name: "gateway", Codes: o.Sources[0].Codes})
	c := newTest(t, o)
	for i := range 3 {
		e := full()
		e.Fields = []event.Field{{Name: "region", Value: []byte{byte('a' + i)}}}
		c.Add(e)
	}
	c.Add(&event.Event{Source: "gateway", Code: "4002", Name: "INVALID_TOKEN", Category: "auth", Conflict: true})
	c.Add(&event.Event{Source: "gateway", Reference: true, Pattern: "joined"})
	c.AddLines("gateway", 7, 70)
	c.AddSkipped("gateway", "odd", 2)
	c.AddLate("gateway")
	if got := c.Snapshot(); got.Events() != 0 || len(got.Codes()) != 0 || len(got) != 2 {
		t.Errorf("before the commit: %+v", got)
	}
	live := c.Live()
	commit(t, db, c)
	for name, got := range map[string]Totals{"live": live, "committed": c.Snapshot()} {
		want := Totals{
			{
				Source: "meeting", Events: 3,
				Codes:      []CodeTotal{{"meeting", "4009", "MAX_PARTCIPANT_REACHED", "capacity", 3}},
				Categories: []NameTotal{{"capacity", 3}},
			},
			{
				Source: "gateway", Events: 1, Lines: 7, Bytes: 70, Late: 1, Conflicts: 1,
				Codes:      []CodeTotal{{"gateway", "4002", "INVALID_TOKEN", "auth", 1}},
				Categories: []NameTotal{{"auth", 1}},
				References: []NameTotal{{"joined", 1}},
				Skipped:    []NameTotal{{"odd", 2}},
			},
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v", name, got)
		}
		if got.Events() != 4 || got.Lines("gateway") != 7 || got.Bytes("gateway") != 70 || got.Lines("nowhere") != 0 {
			t.Errorf("%s: sums of %+v", name, got)
		}
		if codes := got.Codes(); len(codes) != 2 || codes[0].Value != 3 {
			t.Errorf("%s: %v", name, codes)
		}
		if categories := got.Categories(); len(categories) != 2 || categories[0] != (NameTotal{"capacity", 3}) {
			t.Errorf("%s: %v", name, categories)
		}
	}
}
