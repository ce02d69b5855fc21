package privacy

import (
	"testing"

	"github.com/errwatch/errwatch/internal/event"
)

var benchLines = [][]byte{
	[]byte(`2026-11-20T10:15:23.123Z ERROR [room] onError code=3014 name=ERROR_GET_VIDEO_MEDIA_PERMISSION_DENIED meetingId=ab12-cd34-ef56 participantId=p_9f3k2 region=eu-west host=media-7 elapsed=12ms try=3 trace=77aa`),
	[]byte(`{"ts":"2026-11-20T10:15:23.123Z","level":"error","code":4009,"message":"You have reached max partcipant limit in a meeting.","meetingId":"ab12-cd34-ef56","participantId":"p_9f3k2","service":"meeting","n":12}`),
}

func BenchmarkClean(b *testing.B) {
	r := mustNew(b, Options{Redact: Kinds()})
	for i, name := range []string{"text", "json"} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(benchLines[i])))
			b.ReportAllocs()
			var buf [spanBuf]span
			for b.Loop() {
				r.find(benchLines[i], buf[:0], nil)
			}
		})
	}
}

func BenchmarkDirty(b *testing.B) {
	r := mustNew(b, Options{Redact: Kinds()})
	line := []byte(`2026-11-20T10:15:23.123Z ERROR join refused for bob@example.com from 203.0.113.9:51514 token=` + testJWT)
	dst := make([]byte, 0, 1024)
	b.ReportAllocs()
	for b.Loop() {
		r.Text(dst, line)
	}
}

// BenchmarkApply is one event of an incident, with nothing to hide.
func BenchmarkApply(b *testing.B) {
	r := mustNew(b, Options{Redact: Kinds()})
	e := event.Event{
		Code: "3014", Name: "ERROR_GET_VIDEO_MEDIA_PERMISSION_DENIED", Text: benchLines[0],
		Fields: []event.Field{{Name: event.Meeting, Value: []byte("ab12-cd34-ef56")}, {Name: event.Participant, Value: []byte("p_9f3k2")}},
	}
	scratch := make([]byte, 0, 1024)
	for name, hide := range map[string]func(*event.Event, []byte) []byte{"at once": r.Apply, "deferred": r.Defer} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var x event.Event
			for b.Loop() {
				x = e
				scratch = hide(&x, scratch[:0])
			}
		})
	}
}
