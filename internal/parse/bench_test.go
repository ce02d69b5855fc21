package parse

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/errwatch/errwatch/internal/line"
)

// noise are the lines of a meeting server between its errors.
func noise(rng *rand.Rand) string {
	ts := fmt.Sprintf("2026-11-20T10:%02d:%02d.%03dZ", rng.IntN(60), rng.IntN(60), rng.IntN(1000))
	switch rng.IntN(5) {
	case 0:
		return fmt.Sprintf(`%s INFO [room] transport connected durationMs=%d meetingId=ab12-cd34-ef%02d participantId=p_%05x iceState=completed dtlsState=connected`, ts, rng.IntN(9000), rng.IntN(99), rng.IntN(1<<20))
	case 1:
		return fmt.Sprintf(`%s DEBUG [stats] consumer=%08x kind=video codec=VP8 bitrate=%d packetLoss=%d%% jitter=%d rtt=%d payload=%d`, ts, rng.Uint32(), rng.IntN(4e6), rng.IntN(100), rng.IntN(50), rng.IntN(300), rng.IntN(128))
	case 2:
		return fmt.Sprintf(`%s INFO [http] "GET /v2/rooms/%04d HTTP/1.1" 200 %d upstream=api-%d duration=%dms`, ts, rng.IntN(9999), rng.IntN(9e4), rng.IntN(9), rng.IntN(400))
	case 3:
		return fmt.Sprintf(`%s DEBUG [sdp] a=rtpmap:%d opus/48000/2 a=fmtp:%d minptime=10;useinbandfec=1 codec=opus mid=%d`, ts, rng.IntN(127), rng.IntN(127), rng.IntN(9))
	}
	return fmt.Sprintf(`%s INFO [signaling] peer=p_%05x state=joined socketId=%08x version=1.2.%d region=eu-%d`, ts, rng.IntN(1<<20), rng.Uint32(), rng.IntN(9), rng.IntN(4))
}

// traffic makes about size bytes of log, two lines of a hundred being events.
func traffic(size int, wrap func(string) string) []byte {
	rng := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	for b.Len() < size {
		if rng.IntN(50) == 0 {
			b.WriteString(wrap(shapes[rng.IntN(10)].line))
			continue
		}
		b.WriteString(wrap(noise(rng)))
	}
	return []byte(b.String())
}

func jsonNoise(s string) string {
	level := "info"
	ts, rest, _ := strings.Cut(s, " ")
	return fmt.Sprintf(`{"ts":%q,"level":%q,"msg":%q}`+"\n", ts, level, rest)
}

func BenchmarkFeed(b *testing.B) {
	plain := func(s string) string { return s + "\n" }
	r20 := []string{
		`^\S+ ERROR \[room\] onError code=(?P<code>\d{4}) `, `onError code=(3\d{3}) name=(\w+)`, `\[signaling\] .*closeCode=(\d{4}).*websocket closed`,
		`TURN allocation (?:failed|timeout|refused)`, `ICE (?:connection|gathering) (?:failed|disconnected)`, `ffmpeg exited with (code|signal) (\d+)`,
		`HTTP/1\.[01]" (5\d\d) `, `(?i)out of memory|oom-killer|enomem`, `\[recording\] \S+ (failed|aborted) recordingId=(\w+)`,
		`livestream to (\w+) RTMP (?:handshake|publish) error`, `HLS (?:segment upload|playlist (?:write|upload)) failed`,
		`(?:JWT|token) (expired|invalid|malformed)`, `^\S+ FATAL \[(\w+)\]`, `worker died pid=(\d+) signal=(SIG\w+)`, `packetLoss=(?:[2-9]\d|100)%`,
		`dtlsState=failed`, `rateLimit exceeded .* ip=(\d+\.\d+\.\d+\.\d+)`, `(redis|mongo|postgres) (?:timeout|connection refused|ECONNRESET)`,
		`consumer (?:closed|paused) reason=(transportclose|producerclose|score)`, `(?:\b50[0-9]|ETIMEDOUT|ECONNREFUSED)\b.* upstream=(\S+)$`,
	}
	var twenty []Pattern
	for i, re := range r20 {
		twenty = append(twenty, Pattern{Name: fmt.Sprint("p", i), Regex: re, Code: "4999"})
	}
	one := []Pattern{{Name: "a", Regex: `onError code=(?P<code>\d{4}) `}}
	for _, c := range []struct {
		name string
		o    Options
		wrap func(string) string
	}{
		{"builtin/text", Options{}, plain},
		{"builtin/json", Options{}, jsonNoise},
		{"builtin/docker", Options{}, func(s string) string { return dockerLine(s, "\n") }},
		{"builtin/dockerjson", Options{}, func(s string) string { return dockerLine(strings.TrimSuffix(jsonNoise(s), "\n"), "\n") }},
		{"builtin/cri", Options{}, func(s string) string { return criLine("F", s) }},
		{"builtin/multiline", Options{Multiline: Multiline{Start: `^\d{4}-`}}, plain},
		{"builtin/nofilter", Options{NoPrefilter: true}, plain},
		{"one/text", Options{Patterns: one}, plain},
		{"twenty/text", Options{Patterns: twenty}, plain},
	} {
		b.Run(c.name, func(b *testing.B) {
			data := traffic(256<<10, c.wrap)
			st := compile(b, c.o).NewStream()
			batch := &line.Batch{Data: data, End: int64(len(data)), Read: readAt}
			st.Feed(batch)
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				n = len(st.Feed(batch).Events)
			}
			b.ReportMetric(float64(n), "events")
		})
	}
}

// Hostile lines of 1 MiB: each is made to be slow for some step. The cost for a byte must be of the same order for all.
func BenchmarkHostile(b *testing.B) {
	const size = 1 << 20
	fill := func(s string) string { return strings.Repeat(s, size/len(s)) }
	for name, text := range map[string]string{
		"refused codes":        "error " + fill("code=1000 "),
		"refused codes inside": `{"level":"error","a":"` + fill("code=1000 ") + `"}`,
		"half a shape":         fill("onError code "),
		"almost names":         "MAX_SPEAKER_REACHED_ " + fill("MAX_SPEAKER_REACHEDX "),
		"capitals":             "VIDEOSDK ERROR " + fill("ABC "),
		"strings":              `{"code":1000,"a":[` + fill(`"onError",`) + `"x"]}`,
		"escaped strings":      `{"code":1000,"a":[` + fill(`"\u006fnError",`) + `"x"]}`,
		"half an unless":       "error code=4009 " + fill("socket "),
		"keys":                 "onError code=3014 " + fill("meetingId= "),
		"backslashes":          "onError code=3014 meetingId=" + fill(`\`),
		"half a message":       "error " + fill("Recording stopped due to an unknown errox "),
		"half a colour":        "onError " + fill("\x1b["),
		"objects in objects":   strings.Repeat(`{"a":`, size/6) + "1" + strings.Repeat("}", size/6),
		"short lines":          fill("code=\n"),
		"pieces":               fill(dockerLine("x", "")),
	} {
		b.Run(name, func(b *testing.B) {
			st := compile(b, Options{}).NewStream()
			batch := &line.Batch{Data: []byte(text + "\n"), End: int64(len(text) + 1), Last: true, Read: readAt}
			b.SetBytes(batch.End)
			for b.Loop() {
				st.Feed(batch)
			}
		})
	}
}
