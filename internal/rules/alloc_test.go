package rules

import (
	"fmt"
	"testing"
	"time"

	"github.com/errwatch/errwatch/internal/event"
)

func busyRules() []Rule {
	by := []string{"source", event.Meeting}
	return []Rule{
		{Name: "Quiet", Above: new(int64(1 << 40)), Window: time.Hour, By: by, Match: Match{Categories: []string{"permission"}}},
		{Name: "Pending", Above: new(int64(0)), For: time.Hour, Window: time.Hour, By: by},
		{Name: "Firing", Above: new(int64(0)), Window: time.Hour, By: by, Match: Match{Fields: map[string][]string{event.Meeting: {"m1"}}}},
		{Name: "Below", Below: new(int64(1 << 40)), Window: time.Hour},
		{Name: "Distinct", Distinct: &Distinct{Of: event.Participant, Above: 0}, Window: time.Hour, By: by},
		{Name: "Ratio", Ratio: &Ratio{To: Match{Categories: []string{"permission"}}, Above: 0.1, MinTotal: 1}, Window: time.Hour, By: by},
		{Name: "Spike", Spike: &Spike{Factor: 3, Min: 1, Baseline: 24 * time.Hour}, Window: time.Hour, By: by},
		{Name: "Absent", Absent: true, Match: Match{Categories: []string{"permission"}}, Window: time.Hour, By: by},
		{Name: "Lines", Absent: true, Window: time.Hour, By: []string{"source"}},
		{Name: "New", New: true, Window: 10 * time.Second, By: by},
		{Name: "Dedupe", Above: new(int64(1 << 40)), Window: time.Hour, Dedupe: &Dedupe{By: []string{event.Participant, "code"}, Within: time.Minute}},
	}
}

func TestObserveDoesNotAllocate(t *testing.T) {
	e := mustNew(t, Options{}, busyRules()...)
	ev := denial(time.Time{}, event.Meeting, "m1", event.Participant, "p1")
	other := denial(time.Time{}, event.Meeting, "m1", event.Participant, "p1")
	other.Code, other.Category = "9999", "unknown"
	now := noon
	step := func() {
		now = now.Add(100 * time.Millisecond)
		ev.Time, other.Time = now, now
		e.Observe(ev, now)
		e.Observe(other, now)
		e.ObserveLines("meeting", now)
	}
	e.Live(now)
	for range 50 { // the buffers of the samples reach their size
		step()
	}
	e.Pending().Done(true)
	if n := testing.AllocsPerRun(200, step); n != 0 {
		t.Errorf("%v allocations in two events", n)
	}
}

// TestObserveDoesNotAllocateForNewValues holds it also where every event has a participant that was never seen: only the
// maps of those that count them one by one grow, now and then.
func TestObserveDoesNotAllocateForNewValues(t *testing.T) {
	e := mustNew(t, Options{}, busyRules()...)
	var events []*event.Event
	for i := range 1000 {
		events = append(events, denial(noon, event.Meeting, "m1", event.Participant, fmt.Sprint("p", 1000+i)))
	}
	i := 0
	step := func() {
		e.Observe(events[i], noon)
		i++
	}
	for range 500 {
		step()
	}
	if n := testing.AllocsPerRun(400, step); n != 0 {
		t.Errorf("%v allocations in an event", n)
	}
}

// TestACommitCostsWhatChanged holds that what is written depends on what happened, not on how much there is.
func TestACommitCostsWhatChanged(t *testing.T) {
	t.Parallel()
	e := mustNew(t, Options{MaxGroups: 5000}, Rule{Name: "R", Above: new(int64(1 << 40)), Window: time.Hour, By: []string{event.Meeting}})
	for i := range 5000 {
		observe(e, noon, fmt.Sprint("m", i))
	}
	e.Pending().Done(true)
	for i := range 3 {
		observe(e, at(time.Second), fmt.Sprint("m", i*1000))
		observe(e, at(time.Second), fmt.Sprint("m", i*1000))
	}
	c := e.collect(e.marks.take())
	if n := len(c.journal.rows); n != 1 || len(c.journal.rows[0].data) > 400 || len(c.journal.parts) > 0 || len(c.alerts) != 0 {
		t.Errorf("six events in three groups write %d rows, %d parts, %d alerts: %v", n, len(c.journal.parts), len(c.alerts), c.journal.rows)
	}
}

func BenchmarkObserve(b *testing.B) {
	for _, rules := range []int{1, 100} {
		b.Run(fmt.Sprintf("rules=%d", rules), func(b *testing.B) {
			var rs []Rule
			for i := range rules {
				rs = append(rs, Rule{Name: fmt.Sprint("R", i), Severity: "info", Above: new(int64(1 << 40)), Window: 5 * time.Minute,
					By: []string{event.Meeting}, Match: Match{Codes: []string{fmt.Sprint(3000 + i)}}})
			}
			e := mustNew(b, Options{}, rs...)
			var events []*event.Event
			for i := range 20_000 {
				ev := denial(noon, event.Meeting, fmt.Sprint("m", i%200), event.Participant, fmt.Sprint("p", i%3000))
				ev.Code = fmt.Sprint(3000 + i%rules)
				events = append(events, ev)
			}
			now := noon
			for b.Loop() {
				for i, ev := range events {
					ev.Time = now
					e.Observe(ev, now)
					now = now.Add(20 * time.Microsecond)
					if i%5000 == 0 {
						e.Pending().Done(true)
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(events)), "ns/event")
		})
	}
}
