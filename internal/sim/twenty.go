package sim

import (
	"io"
	"time"
)

// A Counter is one of the twenty regexes that Twenty writes lines for. They are of the kind that people put into log
// agents: anchored and not, with common literals and rare ones, with groups, alternations and (?i).
type Counter struct {
	Name  string
	Regex string

	// line is what stands behind the time in a line that this regex matches, and no other one does. MEETING is the id of a
	// meeting, HEX eight hexadecimal digits, NUM a number below 256, BIG one below 100,000.
	line string
}

// Twenty returns the counters of TwentyText.
func Twenty() []Counter {
	return []Counter{
		{"room_errors", `^\S+ ERROR \[room\] onError code=(?P<code>\d{4}) `, `ERROR [room] onError code=4009 meetingId=MEETING peer=p_HEX`},
		{"sdk_errors", `onError code=(3\d{3}) name=(\w+)`, `WARN [sdk] onError code=3014 name=ERROR_GET_VIDEO_MEDIA_PERMISSION_DENIED meetingId=MEETING`},
		{"ws_closed", `\[signaling\] .*closeCode=(\d{4}).*websocket closed`, `WARN [signaling] meetingId=MEETING closeCode=1006 durationMs=BIG websocket closed`},
		{"turn", `TURN allocation (?:failed|timeout|refused)`, `ERROR [ice] TURN allocation timeout server=turn-NUM meetingId=MEETING`},
		{"ice", `ICE (?:connection|gathering) (?:failed|disconnected)`, `WARN [ice] ICE connection disconnected meetingId=MEETING peer=p_HEX`},
		{"ffmpeg", `ffmpeg exited with (code|signal) (\d+)`, `ERROR [recording] ffmpeg exited with signal NUM recordingId=HEX`},
		{"http_5xx", `HTTP/1\.[01]" (5\d\d) `, `ERROR [http] "POST /v2/rooms/MEETING HTTP/1.1" 503 BIG durationMs=BIG client=10.20.NUM.NUM`},
		{"memory", `(?i)out of memory|oom-killer|enomem`, `ERROR [kernel] Out of memory: killed process BIG (mediasoup-worker)`},
		{"recording", `\[recording\] \S+ (failed|aborted) recordingId=(\w+)`, `ERROR [recording] upload failed recordingId=HEX meetingId=MEETING`},
		{"rtmp", `livestream to (\w+) RTMP (?:handshake|publish) error`, `ERROR [livestream] livestream to youtube RTMP publish error meetingId=MEETING`},
		{"hls", `HLS (?:segment upload|playlist (?:write|upload)) failed`, `ERROR [hls] HLS playlist write failed meetingId=MEETING segment=BIG`},
		{"tokens", `(?:JWT|token) (expired|invalid|malformed)`, `WARN [auth] JWT expired peer=p_HEX meetingId=MEETING`},
		{"fatal", `^\S+ FATAL \[(\w+)\]`, `FATAL [worker] router HEX does not answer`},
		{"workers", `worker died pid=(\d+) signal=(SIG\w+)`, `ERROR [worker] worker died pid=BIG signal=SIGSEGV node=sfu-NUM`},
		{"loss", `packetLoss=(?:[2-9]\d|100)%`, `DEBUG [stats] consumer meetingId=MEETING consumerId=HEX kind=video codec=VP8 packetLoss=47% rttMs=NUM`},
		{"dtls", `dtlsState=failed`, `ERROR [transport] meetingId=MEETING transportId=HEX dtlsState=failed iceState=completed`},
		{"rate_limit", `rateLimit exceeded .* ip=(\d+\.\d+\.\d+\.\d+)`, `WARN [api] rateLimit exceeded path=/v2/rooms/MEETING ip=198.18.NUM.NUM`},
		{"stores", `(redis|mongo|postgres) (?:timeout|connection refused|ECONNRESET)`, `ERROR [store] redis connection refused retry=NUM`},
		{"consumers", `consumer (?:closed|paused) reason=(transportclose|producerclose|score)`, `INFO [media] consumer paused reason=score consumerId=HEX meetingId=MEETING`},
		{"upstream", `(?:\b50[0-9]|ETIMEDOUT|ECONNREFUSED)\b.* upstream=(\S+)$`, `ERROR [proxy] connect ETIMEDOUT 10.0.NUM.NUM:443 upstream=api-NUM`},
	}
}

// TwentyText writes about n bytes of lines to w, one in fifty of which matches one of the counters, all as often. Four in
// ten of the others hold a counter's literal and do not match: statistics with a low packet loss, requests that went
// well. It returns how often each counter matches, by name. The same seed yields the same bytes.
func TwentyText(w io.Writer, n int64, seed uint64) (map[string]int64, error) {
	g := newGenerator(FormText, seed, nil)
	counters, truth := Twenty(), map[string]int64{}
	out := make([]byte, 0, bulkBlock+1<<14)
	at := time.Date(2026, 11, 20, 10, 15, 23, 123e6, time.UTC)
	for written := int64(0); written < n; at = at.Add(2 * time.Millisecond) {
		b := &g.line
		b.buf = b.buf[:0]
		if g.world.rng.oneIn(50) {
			c := pick(g.world.rng, counters)
			truth[c.Name]++
			g.world.counted(b, at.UnixMilli(), c.line)
		} else {
			g.world.uncounted(b, at.UnixMilli())
		}
		out = append(append(out, b.buf...), '\n')
		written += int64(len(b.buf)) + 1
		if len(out) >= bulkBlock || written >= n {
			if _, err := w.Write(out); err != nil {
				return truth, err
			}
			out = out[:0]
		}
	}
	return truth, nil
}

// counted appends a line with its placeholders filled.
func (w *world) counted(b *builder, ms int64, line string) {
	b.buf = append(b.stamper.append(b.buf, ms), ' ')
	for i := 0; i < len(line); {
		switch rest := line[i:]; {
		case has(rest, "MEETING"):
			b.buf = append(b.buf, w.meeting().id...)
			i += len("MEETING")
		case has(rest, "HEX"):
			b.buf = appendHex(b.buf, uint32(w.rng.next()))
			i += len("HEX")
		case has(rest, "NUM"):
			b.buf = appendNum(b.buf, w.rng.n(256))
			i += len("NUM")
		case has(rest, "BIG"):
			b.buf = appendNum(b.buf, w.rng.n(100_000))
			i += len("BIG")
		default:
			b.buf = append(b.buf, line[i])
			i++
		}
	}
}

// uncounted appends a line that no counter matches.
func (w *world) uncounted(b *builder, ms int64) {
	switch n := w.rng.n(100); {
	case n < 30:
		w.counted(b, ms, `DEBUG [stats] consumer meetingId=MEETING consumerId=HEX kind=video codec=VP8 bitrate=BIG nacks=NUM bufferMs=NUM dtlsState=connected packetLoss=`)
		b.buf = append(appendNum(b.buf, w.rng.n(20)), "% rttMs="...)
		b.buf = append(appendNum(b.buf, w.rng.n(256)), " iceState=completed score=9"...)
	case n < 40:
		w.counted(b, ms, `INFO [http] "GET /v2/rooms/MEETING HTTP/1.1" 200 BIG durationMs=NUM client=10.20.NUM.NUM requestId=HEX encoding=gzip upstream=api-NUM agent="Mozilla/5.0 (X11; Linux x86_64)"`)
	case n < 60:
		w.producer(b, ms, w.meeting())
	case n < 70:
		w.sdp(b, ms, w.meeting())
	case n < 85:
		w.signaling(b, ms, w.meeting())
	case n < 92:
		w.coming(b, ms, w.meeting())
	default:
		w.segment(b, ms, w.meeting())
	}
}
