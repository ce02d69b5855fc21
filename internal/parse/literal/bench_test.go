package literal

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

// r20 are twenty patterns of a meeting server's operator; what they have in common with real ones is that a few have
// short or frequent literals.
var r20 = []string{
	`^\S+ ERROR \[room\] onError code=(?P<code>\d{4}) `,
	`onError code=(3\d{3}) name=(\w+)`,
	`\[signaling\] .*closeCode=(\d{4}).*websocket closed`,
	`TURN allocation (?:failed|timeout|refused)`,
	`ICE (?:connection|gathering) (?:failed|disconnected)`,
	`ffmpeg exited with (code|signal) (\d+)`,
	`HTTP/1\.[01]" (5\d\d) `,
	`(?i)out of memory|oom-killer|enomem`,
	`\[recording\] \S+ (failed|aborted) recordingId=(\w+)`,
	`livestream to (\w+) RTMP (?:handshake|publish) error`,
	`HLS (?:segment upload|playlist (?:write|upload)) failed`,
	`(?:JWT|token) (expired|invalid|malformed)`,
	`^\S+ FATAL \[(\w+)\]`,
	`worker died pid=(\d+) signal=(SIG\w+)`,
	`packetLoss=(?:[2-9]\d|100)%`,
	`dtlsState=failed`,
	`rateLimit exceeded .* ip=(\d+\.\d+\.\d+\.\d+)`,
	`(redis|mongo|postgres) (?:timeout|connection refused|ECONNRESET)`,
	`consumer (?:closed|paused) reason=(transportclose|producerclose|score)`,
	`(?:\b50[0-9]|ETIMEDOUT|ECONNREFUSED)\b.* upstream=(\S+)$`,
}

func r20Literals(tb testing.TB) (lits []Literal) {
	for _, re := range r20 {
		set, ok, err := Required(re)
		if err != nil || !ok {
			tb.Fatalf("%s: no literals: %v", re, err)
		}
		lits = append(lits, set...)
	}
	return lits
}

// meetingLog returns n bytes of a meeting server's log: two lines in a hundred are errors.
func meetingLog(n int) []byte {
	rnd := rand.New(rand.NewPCG(3, 4))
	var b bytes.Buffer
	for i := 0; b.Len() < n; i++ {
		stamp := fmt.Sprintf("2026-11-20T10:%02d:%02d.%03dZ", i/60000%60, i/1000%60, i%1000)
		id := fmt.Sprintf("%04x-%04x-%04x", rnd.IntN(1<<16), rnd.IntN(1<<16), rnd.IntN(1<<16))
		switch k := rnd.IntN(100); {
		case k < 2:
			fmt.Fprintf(&b, "%s ERROR [room] onError code=%d name=ERROR_GET_VIDEO_MEDIA_PERMISSION_DENIED meetingId=%s participantId=%08x\n", stamp, 3000+rnd.IntN(30), id, rnd.Uint32())
		case k < 25:
			fmt.Fprintf(&b, "%s INFO [room] participant joined meetingId=%s participantId=%08x displayName=\"guest %d\" mode=CONFERENCE region=eu-central-1 sdk=react/0.1.%d transport=udp took=%dms\n", stamp, id, rnd.Uint32(), i, rnd.IntN(99), rnd.IntN(900))
		case k < 50:
			fmt.Fprintf(&b, "%s DEBUG [stats] meetingId=%s producer=%08x kind=video bitrate=%d packetLoss=%d%% jitter=%d rtt=%d frameRate=%d dtlsState=connected iceState=completed simulcast=3 layer=%d\n", stamp, id, rnd.Uint32(), rnd.IntN(3000000), rnd.IntN(3), rnd.IntN(50), rnd.IntN(300), 15+rnd.IntN(15), rnd.IntN(3))
		case k < 70:
			fmt.Fprintf(&b, "%s INFO [http] 10.%d.%d.%d \"POST /v2/rooms/%s/validate HTTP/1.1\" %d %d \"-\" \"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\" rt=0.%03d\n", stamp, rnd.IntN(255), rnd.IntN(255), rnd.IntN(255), id, 200+rnd.IntN(2)*4, rnd.IntN(9000), rnd.IntN(1000))
		case k < 90:
			fmt.Fprintf(&b, "%s DEBUG [signaling] ws message peer=%08x method=produce seq=%d size=%d a=candidate:%d 1 udp 2122260223 192.168.%d.%d %d typ host generation 0 ufrag %04x network-id 1\n", stamp, rnd.Uint32(), i, rnd.IntN(4000), rnd.Uint32(), rnd.IntN(255), rnd.IntN(255), 1024+rnd.IntN(60000), rnd.IntN(1<<16))
		default:
			fmt.Fprintf(&b, "%s INFO [recording] segment written recordingId=%08x file=seg-%05d.ts bytes=%d duration=6.000 uploaded=true bucket=recordings-eu latency=%dms\n", stamp, rnd.Uint32(), i, rnd.IntN(4000000), rnd.IntN(400))
		}
	}
	return b.Bytes()[:n]
}

func benchmark(b *testing.B, lits []Literal, block []byte) {
	run(b, NewMatcher(lits), block)
}

func run(b *testing.B, m *Matcher, block []byte) {
	hits := m.FindAll(block, nil)
	b.SetBytes(int64(len(block)))
	b.ReportAllocs()
	for b.Loop() {
		hits = m.FindAll(block, hits[:0])
	}
	b.ReportMetric(float64(len(hits)), "hits")
}

func BenchmarkR20(b *testing.B) { benchmark(b, r20Literals(b), meetingLog(4<<20)) }

// BenchmarkOne compares the two ways to find a literal that is alone.
func BenchmarkOne(b *testing.B) {
	block := meetingLog(4 << 20)
	for _, text := range []string{"rc=", "HTTP", "FATAL", "failed", "closed by", "onError code=", "dtlsState=failed"} {
		e := entry{Term: Term{Literal: Literal{Text: text}}, lits: []int{0}}
		b.Run("index/"+text, func(b *testing.B) { run(b, &Matcher{apart: newSingles(&e)}, block) })
		b.Run("table/"+text, func(b *testing.B) { run(b, &Matcher{table: newTable([]entry{e})}, block) })
	}
}

// BenchmarkIndexLoop is what BenchmarkR20 is compared with: bytes.Index for each literal, without those in any case.
func BenchmarkIndexLoop(b *testing.B) {
	block := meetingLog(4 << 20)
	lits := r20Literals(b)
	b.SetBytes(int64(len(block)))
	for b.Loop() {
		for _, l := range lits {
			for from := 0; ; from++ {
				k := bytes.Index(block[from:], []byte(l.Text))
				if k < 0 {
					break
				}
				from += k
			}
		}
	}
}

// BenchmarkHostile is a log made by somebody who knows the literals: every byte is a candidate, or nearly a hit.
func BenchmarkHostile(b *testing.B) {
	lits := r20Literals(b)
	worst := []byte(nil)
	for _, l := range lits {
		worst = append(worst, l.Text[:len(l.Text)-1]...)
	}
	b.Run("prefixes", func(b *testing.B) { benchmark(b, lits, bytes.Repeat(worst, 1<<20/len(worst))) })
	b.Run("runs", func(b *testing.B) {
		benchmark(b, fix("aaaaaaaa", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", "baaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), bytes.Repeat([]byte{'a'}, 1<<20))
	})
	b.Run("hits", func(b *testing.B) { benchmark(b, fix("HTTP", "TPHT", "THTT"), bytes.Repeat([]byte("HTTP"), 1<<18)) })
}

func BenchmarkNewMatcher(b *testing.B) {
	lits := r20Literals(b)
	b.ReportAllocs()
	for b.Loop() {
		NewMatcher(lits)
	}
}
