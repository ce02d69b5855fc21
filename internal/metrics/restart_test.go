package metrics

import (
	"strings"
	"testing"
	"time"

	"github.com/errwatch/errwatch/internal/event"
	"github.com/errwatch/errwatch/internal/store"
)

func TestRestart(t *testing.T) {
	t.Parallel()
	db, o := openStore(t, store.Options{}), basic()
	o.Labels = []string{"region"}
	c := newTest(t, o)
	c.Publish("meeting")
	c.now = fixed(20)
	c.AddLines("meeting", 100, 5000)
	c.AddSkipped("meeting", "too_long", 2)
	c.AddSkipped("meeting", "odd", 1)
	c.AddLate("meeting")
	c.AddTimeCorrection("meeting", "future")
	if !c.AddReading("meeting", Reading{Rotations: 2, Truncations: 1, LostBytes: 77, Errors: map[string]int64{"permission": 3}}) {
		t.Error("AddReading: no news, want some")
	}
	if c.AddReading("meeting", Reading{}) || c.AddReading("nowhere", Reading{Rotations: 1}) {
		t.Error("AddReading: news of nothing")
	}
	c.Add(full())
	c.Add(&event.Event{Source: "meeting", Code: "4999", Category: "unknown", Read: at(20)})
	c.Add(&event.Event{Source: "meeting", Reference: true, Pattern: "joined", Read: at(20)})
	conflict := full()
	conflict.Conflict, conflict.Fields = true, []event.Field{{Name: "region", Value: []byte("eu")}}
	c.Add(conflict)
	commit(t, db, c)

	before := gatherMetrics(t, c)
	o.Now = fixed(1000)
	after := gatherMetrics(t, restore(t, db, o))
	if len(before) != len(after) {
		t.Errorf("%d series before, %d after", len(before), len(after))
	}
	for key, m := range before {
		if m.String() != after[key].String() {
			t.Errorf("%s: %v before, %v after", key, m, after[key])
		}
	}
	for key, want := range map[string]float64{
		capacitySeries: 1,
		strings.Replace(capacitySeries, "source", "region=eu,source", 1): 1,
		tokenSeries: 0,
		"events_total{category=unknown,code=4999,source=meeting}": 1,
		"reference_events_total{name=joined,source=meeting}":      1,
		"lines_total{source=meeting}":                             100,
		"read_bytes_total{source=meeting}":                        5000,
		"skipped_lines_total{reason=too_long,source=meeting}":     2,
		"skipped_lines_total{reason=odd,source=meeting}":          1,
		"late_events_total{source=meeting}":                       1,
		"time_corrections_total{reason=future,source=meeting}":    1,
		"code_conflicts_total{source=meeting}":                    1,
		"rotations_total{source=meeting}":                         2,
		"truncations_total{source=meeting}":                       1,
		"lost_bytes_total{source=meeting}":                        77,
		"source_errors_total{reason=permission,source=meeting}":   3,
		"series_refused_total{}":                                  0,
	} {
		m := after[key]
		if m == nil || m.GetCounter().GetValue() != want {
			t.Errorf("%s: %v, want %v", key, m, want)
			continue
		}
		created := at(0) // of what stood at 0 from the start
		if strings.Contains(key, "4999") || strings.Contains(key, "odd") || strings.Contains(key, "permission") || strings.Contains(key, "region=eu") {
			created = at(20)
		}
		if got := m.GetCounter().GetCreatedTimestamp().AsTime(); !got.Equal(created) {
			t.Errorf("%s: created %v, want %v", key, got, created)
		}
	}
}

func TestBacklogIsNoIncrease(t *testing.T) {
	t.Parallel()
	db := openStore(t, store.Options{})
	c := newTest(t, basic())
	old := full()
	old.Time = at(-7200)
	hidden := func(c *Counters) {
		t.Helper()
		for key := range gather(t, c) {
			if strings.HasPrefix(key, "events_total") || strings.HasPrefix(key, "reference") || strings.HasPrefix(key, "late") {
				t.Errorf("%s is shown before the source reached its end", key)
			}
		}
	}
	for range 1000 {
		c.Add(old)
	}
	c.Add(&event.Event{Source: "meeting", Code: "4002", Name: "INVALID_TOKEN", Category: "auth",
		Time: time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC), Read: at(0)})
	c.AddLines("meeting", 1000, 80_000)
	commit(t, db, c)
	hidden(c)
	if got := gather(t, c)["lines_total{source=meeting}"]; got != 1000 {
		t.Errorf("lines are no secret: %v", got)
	}

	c = restore(t, db, basic()) // killed in the middle of the backlog
	hidden(c)
	c.Add(old)
	if c.Published("meeting") || !c.Publish("meeting") {
		t.Error("the source counts as published")
	}
	hidden(c) // not before it is committed
	commit(t, db, c)
	m := gatherMetrics(t, c)
	if got := m[capacitySeries].GetCounter(); got.GetValue() != 1001 || !got.GetCreatedTimestamp().AsTime().Equal(at(-7200)) {
		t.Errorf("the first value that is seen: %v", got)
	}
	if got := m[tokenSeries].GetCounter().GetCreatedTimestamp().AsTime(); !got.Equal(at(0)) {
		t.Errorf("a time that cannot be moved the created time to %v", got)
	}
	c.Add(old)
	commit(t, db, c)

	c = restore(t, db, basic())
	if !c.Published("meeting") || c.Publish("meeting") {
		t.Error("published is for ever")
	}
	if got := gather(t, c)[capacitySeries]; got != 1002 {
		t.Errorf("after another restart: %v", got)
	}
}

func TestRemovedSourceLeavesAndComesBack(t *testing.T) {
	t.Parallel()
	db, o := openStore(t, store.Options{}), basic()
	o.Sources = append(o.Sources, Source{Name: "gateway", Codes: o.Sources[0].Codes})
	c := newTest(t, o)
	c.Publish("gateway")
	c.Add(&event.Event{Source: "gateway", Code: "4002", Name: "INVALID_TOKEN", Category: "auth"})
	commit(t, db, c)

	c = restore(t, db, basic())
	c.Add(&event.Event{Source: "gateway", Code: "4002"})
	c.AddLines("gateway", 1, 1)
	c.AddSkipped("gateway", "too_long", 1)
	c.AddLate("gateway")
	c.AddTimeCorrection("gateway", "future")
	if c.Publish("gateway") || c.Published("gateway") {
		t.Error("a source that is not there was published")
	}
	commit(t, db, c)
	for key := range gather(t, c) {
		if strings.Contains(key, "gateway") {
			t.Errorf("%s is still shown", key)
		}
	}
	if got := gather(t, restore(t, db, o))[strings.Replace(tokenSeries, "meeting", "gateway", 1)]; got != 1 {
		t.Errorf("back again: %v", got)
	}
}

func TestDamagedStateIsAnError(t *testing.T) {
	t.Parallel()
	db := openStore(t, store.Options{})
	bad := store.Pending{Write: func(tx *store.Tx) error {
		return tx.Exec("INSERT INTO counter_sets (source, json) VALUES ('meeting', '{')")
	}}
	if err := db.Commit(t.Context(), []store.Pending{bad}); err != nil {
		t.Fatal(err)
	}
	c := newTest(t, basic())
	if err := db.Read(t.Context(), c.Restore); err == nil || !strings.Contains(err.Error(), `source "meeting"`) {
		t.Errorf("got %v", err)
	}
}

func TestViewForPeople(t *testing.T) {
	t.Parallel()
	db, c := openStore(t, store.Options{}), newTest(t, basic())
	c.Add(full())
	commit(t, db, c)
	err := db.Read(t.Context(), func(tx *store.Tx) error {
		rows, err := tx.Query("SELECT source, code, name, category, value, created FROM counters")
		if err != nil {
			return err
		}
		defer rows.Close()
		n := 0
		for ; rows.Next(); n++ {
			var got [6]string
			if err := rows.Scan(&got[0], &got[1], &got[2], &got[3], &got[4], &got[5]); err != nil {
				return err
			}
			if want := [6]string{"meeting", "4009", "MAX_PARTCIPANT_REACHED", "capacity", "1", at(0).UTC().Format(time.DateTime)}; got != want {
				t.Errorf("got %v, want %v", got, want)
			}
		}
		if n != 1 {
			t.Errorf("%d rows, want 1", n)
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
}
