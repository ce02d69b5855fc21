package sim

import "strconv"

// noise appends one line of a server in good health, without its line end. About every second one says codec=, which
// is what makes a search for "code" alone useless.
func (w *world) noise(b *builder, ms int64) {
	m := w.meeting()
	switch n := w.rng.n(1000); {
	case n < 300:
		w.producer(b, ms, m)
	case n < 480:
		w.consumer(b, ms, m)
	case n < 590:
		w.sdp(b, ms, m)
	case n < 730:
		w.signaling(b, ms, m)
	case n < 790:
		w.coming(b, ms, m)
	case n < 890:
		w.http(b, ms, m)
	case n < 960:
		w.ice(b, ms, m)
	case n < 992:
		w.segment(b, ms, m)
	default:
		w.trouble(b, ms, m)
	}
	b.end()
}

func (w *world) who(b *builder, m *meeting) {
	b.word("meetingId", m.id)
	b.word("participantId", w.person(m))
}

// codec returns a kind of media, its codec, and the codec's usual payload type.
func (w *world) codec() (kind, codec string, payload int) {
	switch w.rng.n(6) {
	case 0, 1, 2:
		return "audio", "opus", 111
	case 3:
		return "video", "H264", 102
	case 4:
		return "video", "VP9", 98
	}
	return "video", "VP8", 96
}

func (w *world) producer(b *builder, ms int64, m *meeting) {
	kind, codec, _ := w.codec()
	r := w.rng.next()
	b.head(ms, "DEBUG", "stats", "producer")
	w.who(b, m)
	b.hex("producerId", uint32(r))
	b.word("kind", kind)
	b.word("codec", codec)
	b.num("bitrate", 24000+int(r>>32%1500000))
	b.num("rttMs", 8+int(r>>20&63))
	b.num("jitterMs", int(r>>26&7))
	b.num("lossPct", int(r>>29&7)/3)
	b.num("packets", int(r>>40&0xffff))
	b.num("score", 7+int(r>>58&3))
}

func (w *world) consumer(b *builder, ms int64, m *meeting) {
	kind, _, _ := w.codec()
	r := w.rng.next()
	b.head(ms, "DEBUG", "stats", "consumer")
	w.who(b, m)
	b.hex("consumerId", uint32(r))
	b.word("kind", kind)
	b.num("bitrate", 24000+int(r>>32%1500000))
	b.num("rttMs", 8+int(r>>20&63))
	b.num("layer", int(r>>26&3)%3)
	b.num("nacks", int(r>>28&15))
	b.num("score", 7+int(r>>58&3))
	b.num("bufferMs", int(r>>33&127))
}

func (w *world) sdp(b *builder, ms int64, m *meeting) {
	kind, codec, payload := w.codec()
	b.head(ms, "DEBUG", "sdp", "offer")
	w.who(b, m)
	b.num("mid", w.rng.n(8))
	b.word("kind", kind)
	b.word("codec", codec)
	b.num("payload", payload)
	if kind == "audio" {
		b.num("clockRate", 48000)
		b.num("channels", 2)
		b.quoted("fmtp", "minptime=10;useinbandfec=1")
		return
	}
	b.num("clockRate", 90000)
	b.quoted("feedback", "nack pli, ccm fir, transport-cc")
}

func (w *world) signaling(b *builder, ms int64, m *meeting) {
	_, codec, _ := w.codec()
	b.head(ms, "INFO", "signaling", "message")
	w.who(b, m)
	b.word("method", pick(w.rng, []string{"produce", "consume", "resumeConsumer", "setLayers", "restartIce", "connectTransport"}))
	b.num("id", w.rng.n(90000))
	b.word("codec", codec)
	b.num("ssrc", w.rng.n(1<<31-1))
	b.num("bytes", 200+w.rng.n(3000))
	b.num("durationMs", w.rng.n(40))
}

// coming is somebody who joins, in the place of somebody who has left.
func (w *world) coming(b *builder, ms int64, m *meeting) {
	id := w.personID()
	m.people[w.rng.n(len(m.people))] = id
	w.joined(b, ms, m, id)
}

func (w *world) joined(b *builder, ms int64, m *meeting, id string) {
	b.head(ms, "INFO", "room", "participant joined")
	b.word("meetingId", m.id)
	b.word("participantId", id)
	b.num("peers", w.rng.between(2, 60))
	b.word("sdk", pick(w.rng, []string{"js/0.1.94", "js/0.1.101", "react/0.2.9", "flutter/2.3.0"}))
	b.word("os", pick(w.rng, []string{"windows", "macos", "android", "ios", "linux"}))
	b.word("mode", pick(w.rng, []string{"SEND_AND_RECV", "SIGNALLING_ONLY", "RECV_ONLY"}))
	b.word("node", pick(w.rng, []string{"sfu-01", "sfu-02", "sfu-03"}))
}

func (w *world) http(b *builder, ms int64, m *meeting) {
	b.head(ms, "INFO", "http", "request")
	b.word("method", pick(w.rng, []string{"GET", "GET", "POST", "PATCH"}))
	b.word("path", "/v2/rooms/", m.id, pick(w.rng, []string{"", "/participants", "/stats", "/recordings"}))
	b.num("statusCode", pick(w.rng, []int{200, 200, 200, 200, 201, 204, 304, 404}))
	b.num("bytes", w.rng.n(9000))
	b.num("durationMs", w.rng.n(180))
	b.key("client")
	w.address(b, "10.20.")
	b.hex("requestId", uint32(w.rng.next()))
	b.word("encoding", "gzip")
}

// address appends an address and a port behind a prefix of two numbers, as one word.
func (w *world) address(b *builder, prefix string) {
	quote := b.json
	if quote {
		b.buf = append(b.buf, '"')
	}
	b.buf = append(b.buf, prefix...)
	b.buf = strconv.AppendInt(b.buf, int64(w.rng.n(256)), 10)
	b.buf = append(b.buf, '.')
	b.buf = strconv.AppendInt(b.buf, int64(w.rng.n(256)), 10)
	b.buf = append(b.buf, ':')
	b.buf = strconv.AppendInt(b.buf, int64(w.rng.between(1024, 65535)), 10)
	if quote {
		b.buf = append(b.buf, '"')
	}
}

func (w *world) ice(b *builder, ms int64, m *meeting) {
	b.head(ms, "DEBUG", "transport", "ice state changed")
	w.who(b, m)
	b.word("state", pick(w.rng, []string{"new", "connected", "completed", "disconnected"}))
	b.key("local")
	w.address(b, "10.0.")
	b.key("remote")
	w.address(b, "198.18.") // the range for benchmarks, RFC 2544
	b.word("protocol", "udp")
	b.word("candidate", pick(w.rng, []string{"host", "srflx", "relay"}))
}

func (w *world) segment(b *builder, ms int64, m *meeting) {
	b.head(ms, "INFO", "recording", "segment written")
	b.word("meetingId", m.id)
	b.hex("recordingId", uint32(w.rng.next()))
	b.num("segment", w.rng.n(4000))
	b.word("codec", "h264")
	b.num("bytes", w.rng.between(300000, 2000000))
	b.num("durationMs", 6000)
	b.num("tracks", w.rng.between(1, 9))
	b.word("file", "/var/lib/recorder/", m.id, "/main.mp4")
}

// trouble is a warning or an error that has nothing to do with the catalogue.
func (w *world) trouble(b *builder, ms int64, m *meeting) {
	_, codec, payload := w.codec()
	if w.rng.oneIn(3) {
		b.head(ms, "ERROR", "mixer", "frame could not be decoded")
	} else {
		b.head(ms, "WARN", "transport", "packet loss is high")
	}
	w.who(b, m)
	b.word("codec", codec)
	b.num("payload", payload)
	b.num("lossPct", w.rng.between(5, 40))
	b.num("rttMs", w.rng.between(80, 900))
}
