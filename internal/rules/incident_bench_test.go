package rules

import (
	"fmt"
	"testing"
	"time"

	"github.com/errwatch/errwatch/internal/event"
)

// incident is the events of a bad release: the family of permissions, from 3,000 people in 200 meetings, with one in
// twenty of another kind, as an incident has.
func incident() []*event.Event {
	var events []*event.Event
	for i := range 2_000 {
		ev := denial(noon, event.Meeting, fmt.Sprintf("ab12-cd34-%04d", i%200), event.Participant, fmt.Sprintf("p_%06d", i*7919%3000))
		ev.Code, ev.Name = fmt.Sprint(3014+i%3), "ERROR_GET_VIDEO_MEDIA_PERMISSION_DENIED"
		switch i % 60 {
		case 20:
			ev.Code, ev.Name, ev.Category = "4009", "MAX_PARTCIPANT_REACHED", "capacity"
		case 40:
			ev.Code, ev.Name, ev.Category = "4002", "INVALID_TOKEN", "auth"
		case 59:
			ev.Code, ev.Name, ev.Category = "5001", "RECORDING_FAILED", "recording"
		}
		ev.Text = fmt.Appendf(nil, "2026-11-20T10:15:23.123Z ERROR [room] onError code=%s name=%s meetingId=%s participantId=%s",
			ev.Code, ev.Name, ev.Field(event.Meeting), ev.Field(event.Participant))
		events = append(events, ev)
	}
	return events
}

// BenchmarkIncident is what the built-in rules cost of an event at a million a second, with the work for commits, four a
// second, but without their writing. Lines are told of each batch of a thousand.
func BenchmarkIncident(b *testing.B) {
	e, events := mustNew(b, Options{}, append(Builtin(), Watchdog())...), incident()
	now, n := noon, 0
	e.Live(now)
	pass := func() {
		for _, ev := range events {
			ev.Time = now
			e.Observe(ev, now)
			if n++; n%1000 == 0 {
				e.ObserveLines("meeting", now)
			}
			if n%250_000 == 0 {
				e.Pending().Done(true)
				e.Alerts()
			}
			now = now.Add(time.Microsecond)
		}
	}
	pass()
	b.ReportAllocs()
	for b.Loop() {
		pass()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(events)), "ns/event")
}
