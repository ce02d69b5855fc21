package rules

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/errwatch/errwatch/internal/event"
	"github.com/errwatch/errwatch/internal/store"
)

// crowd is 100 rules with 200 groups each, and events that go round them. Each event counts in as many rules as share a
// code.
func crowd(b *testing.B, share int, above int64) (*Engine, []*event.Event) {
	var rules []Rule
	for i := range 100 {
		rules = append(rules, Rule{
			Name: fmt.Sprint("R", i), Above: &above, Window: 5 * time.Minute, By: []string{event.Meeting},
			Match: Match{Codes: []string{fmt.Sprint(3000 + i/share)}},
		})
	}
	e := mustNew(b, Options{}, rules...)
	var events []*event.Event
	for i := range 200 * 100 / share {
		ev := denial(noon, event.Meeting, fmt.Sprintf("ab12-cd34-%04d", i%200), event.Participant, fmt.Sprintf("p_%06d", i*7919%100_000))
		ev.Code = fmt.Sprint(3000 + i/200)
		ev.Text = fmt.Appendf(nil, "2026-11-20T10:15:23.123Z ERROR [room] onError code=%s name=%s meetingId=%s participantId=%s",
			ev.Code, ev.Name, ev.Field(event.Meeting), ev.Field(event.Participant))
		events = append(events, ev)
	}
	return e, events
}

// BenchmarkCommit is a commit of a quarter of a second at 50,000 events a second, on 20,000 groups: what is done with the
// pipeline's lock held, and the transaction after it.
func BenchmarkCommit(b *testing.B) {
	for _, share := range []int{1, 10} {
		b.Run(fmt.Sprintf("groups=20000/rules=100/matched=%d", share), func(b *testing.B) {
			db, err := store.Open(context.Background(), store.Options{Dir: b.TempDir()})
			if err != nil {
				b.Fatal(err)
			}
			defer db.Close()
			e, events := crowd(b, share, 1<<40)
			var spent times
			now, next := noon, 0
			quarter := func() {
				begun := time.Now()
				for range 12_500 {
					ev := events[next%len(events)]
					next += 7 // prime to their number: all groups, in another order than they were made
					ev.Time = now
					e.Observe(ev, now)
					now = now.Add(20 * time.Microsecond)
				}
				spent.observe.add(begun)
				spent.commit(b, db, e)
			}
			for range 40 { // all groups are there, and the journal is long enough for snapshots
				quarter()
			}
			spent = times{}
			for b.Loop() {
				quarter()
			}
			spent.report(b)
		})
	}
}

// times are how long the parts of a commit took.
type times struct{ observe, locked, write, done duration }

type duration []time.Duration

func (d *duration) add(since time.Time) { *d = append(*d, time.Since(since)) }

// at returns what so much of them stayed below, in milliseconds.
func (d duration) at(share float64) float64 {
	slices.Sort(d)
	return float64(d[min(len(d)-1, int(share*float64(len(d))))].Microseconds()) / 1000
}

func (t *times) commit(b *testing.B, db *store.DB, e *Engine) {
	begun := time.Now()
	p := e.Pending()
	t.locked.add(begun)
	begun = time.Now()
	err := db.Commit(context.Background(), []store.Pending{p})
	t.write.add(begun)
	begun = time.Now()
	p.Done(err == nil)
	t.done.add(begun)
	if err != nil {
		b.Fatal(err)
	}
}

func (t *times) report(b *testing.B) {
	for _, x := range []struct {
		name string
		d    duration
	}{{"observe", t.observe}, {"locked", t.locked}, {"write", t.write}, {"done", t.done}} {
		b.ReportMetric(x.d.at(0.5), x.name+"-p50-ms")
		b.ReportMetric(x.d.at(0.99), x.name+"-p99-ms")
		b.ReportMetric(x.d.at(1), x.name+"-max-ms")
	}
}

// BenchmarkAlerts is what the pipeline asks with its lock held at each commit, where all of 20,000 groups fire and have
// changed.
func BenchmarkAlerts(b *testing.B) {
	e, events := crowd(b, 1, 0)
	now := noon
	for b.Loop() {
		b.StopTimer()
		for _, ev := range events {
			now = now.Add(20 * time.Microsecond)
			ev.Time = now
			e.Observe(ev, now)
		}
		e.Pending().Done(true)
		e.Transitions()
		b.StartTimer()
		e.Alerts()
	}
}
