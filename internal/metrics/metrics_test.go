package metrics

import (
	"cmp"
	"slices"
	"strings"
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
