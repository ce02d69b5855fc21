package metrics

import (
	"fmt"
	"testing"

	"github.com/errwatch/errwatch/internal/event"
)

// hotEvents are events as they come again and again.
func hotEvents() map[string]*event.Event {
	conflict := full()
	conflict.Conflict = true
	return map[string]*event.Event{
		"known":               full(),
		"conflict":            conflict,
		"unknown":             {Source: "meeting", Code: "7000", Category: "unknown"},
		"unknown, past limit": {Source: "meeting", Code: "7999", Category: "unknown"},
		"reference":           {Source: "meeting", Reference: true, Pattern: "joined"},
		"labelled":            withField("region", "eu"),
		"hostile label":       withField("region", "eu\n\xff\u202e"),
		"label, past limit":   withField("region", "zz"),
		"no source":           {Source: "nowhere", Code: "4009"},
	}
}

func hotCounters(t testing.TB) *Counters {
	o := basic()
	o.Labels, o.MaxSeries, o.MaxUnknown = []string{"region", "tier"}, 2, 1
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"unknown", "labelled", "hostile label"} { // these fill the limits
		c.Add(hotEvents()[name])
	}
	return c
}

// Counting allocations needs the test to be alone: AllocsPerRun counts those of everybody.
func TestCountingAllocatesNothing(t *testing.T) {
	c := hotCounters(t)
	for name, e := range hotEvents() {
		if n := testing.AllocsPerRun(100, func() { c.Add(e) }); n != 0 {
			t.Errorf("%s: %v allocations for each event", name, n)
		}
	}
	n := testing.AllocsPerRun(100, func() {
		c.AddLines("meeting", 3, 300)
		c.AddSkipped("meeting", "too_long", 1)
		c.AddLate("meeting")
		c.AddTimeCorrection("meeting", "future")
	})
	if n != 0 {
		t.Errorf("lines and reasons: %v allocations", n)
	}
	c.Pending()
	if n := testing.AllocsPerRun(100, func() { c.Pending() }); n != 0 {
		t.Errorf("a Pending of nothing: %v allocations", n)
	}
}

func BenchmarkAdd(b *testing.B) {
	for name, e := range hotEvents() {
		b.Run(name, func(b *testing.B) {
			c := hotCounters(b)
			b.ReportAllocs()
			for b.Loop() {
				c.Add(e)
			}
		})
	}
}

func BenchmarkPending(b *testing.B) {
	o := basic()
	o.Labels = []string{"region"}
	c, err := New(o)
	if err != nil {
		b.Fatal(err)
	}
	for i := range DefaultMaxSeries {
		c.Add(withField("region", fmt.Sprint(i)))
	}
	b.ReportAllocs()
	for b.Loop() {
		c.Add(full())
		c.Pending().Done(true)
	}
}
