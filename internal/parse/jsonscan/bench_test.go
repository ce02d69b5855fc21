package jsonscan

import (
	"testing"

	"github.com/valyala/fastjson"
)

var benchLines = [][]byte{
	[]byte(`{"ts":"2026-11-20T10:15:23.123Z","level":"error","code":4009,"message":"You have reached max partcipant limit in a meeting.","meetingId":"ab12-cd34-ef56","participantId":"p_9f3k2","service":"meeting","host":"media-7.example.com","pid":4711,"region":"eu-1"}`),
	[]byte(`{"level":50,"time":1795169723123,"pid":4711,"hostname":"media-7.example.com","err":{"code":"4010","type":"MAX_SPEAKER_REACHED","stack":"Error: MAX_SPEAKER_REACHED\n    at join (room.js:12:13)\n    at next (room.js:99:1)"},"msg":"meeting error","v":1}`),
	[]byte(`{"ts":"2026-11-20T10:15:23.123Z","level":"info","msg":"request","statusCode":200,"path":"/v2/rooms/ab12-cd34-ef56","durationMs":14.25,"remote":{"family":"IPv4","port":51514},"headers":{"host":"api.example.com","user-agent":"curl/8.5.0","accept":"*/*"}}`),
}

func BenchmarkGetter(b *testing.B) {
	g := NewGetter([]string{"code", "err.code", "ts", "time", "level", "message", "msg", "meetingId", "err.type", "participantId"})
	out := make([]Value, 10)
	var scratch []byte
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		scratch, _ = g.Get(benchLines[i%3], out, scratch[:0])
		i++
	}
}

func BenchmarkValid(b *testing.B) {
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		Valid(benchLines[i%3])
		i++
	}
}

func BenchmarkWalk(b *testing.B) {
	var w Walker
	n := 0
	count := func(*Path, Value) bool { n++; return true }
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		_ = w.Walk(benchLines[i%3], count)
		i++
	}
}

// BenchmarkFastjson is the same work as BenchmarkGetter, for comparison in one run.
func BenchmarkFastjson(b *testing.B) {
	var p fastjson.Parser
	paths := [][]string{{"code"}, {"err", "code"}, {"ts"}, {"time"}, {"level"}, {"message"}, {"msg"}, {"meetingId"}, {"err", "type"}, {"participantId"}}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		v, err := p.ParseBytes(benchLines[i%3])
		if err != nil {
			b.Fatal(err)
		}
		for _, path := range paths {
			v.Get(path...)
		}
		i++
	}
}
