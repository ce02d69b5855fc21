package parse

import (
	"bytes"
)

// An envelope is what a container runtime wraps around each line.
type envelope uint8

const (
	envelopeAuto envelope = iota
	envelopeNone
	envelopeDocker
	envelopeCRI
)

func (e envelope) String() string {
	switch e {
	case envelopeAuto:
		return "auto"
	case envelopeDocker:
		return "docker"
	case envelopeCRI:
		return "cri"
	}
	return "none"
}

func parseEnvelope(s string) (envelope, bool) {
	switch s {
	case "", "auto":
		return envelopeAuto, true
	case "none":
		return envelopeNone, true
	case "docker":
		return envelopeDocker, true
	case "cri":
		return envelopeCRI, true
	}
	return 0, false
}

// stream is the output of a container to which a record belongs. Streams are interleaved in one file, and the pieces of a
// record follow each other only within one.
type stream uint8

const (
	noStream stream = iota
	stdout
	stderr
)

func (s stream) String() string { return [...]string{"", "stdout", "stderr"}[s] }

// slots is the number of streams that one file can hold: those of each envelope, and the file itself.
const slots = 5

// shell is a line with its envelope recognised.
type shell struct {
	envelope envelope
	stream   stream
	partial  bool   // the record goes on in the next line of the same stream
	body     []byte // what was logged, without its line end; Docker's is still escaped
	stamp    []byte // the runtime's time stamp
}

func (sh *shell) slot() int {
	switch sh.envelope {
	case envelopeDocker:
		return int(sh.stream)
	case envelopeCRI:
		return 2 + int(sh.stream)
	}
	return 0
}

// unwrap recognises the envelope of a line that has lost its line end. A line that is not in the configured envelope is
// taken as it stands: runtimes write such lines too, when they have something to say themselves.
func unwrap(line []byte, want envelope) shell {
	if want == envelopeAuto || want == envelopeDocker {
		if sh, ok := unwrapDocker(line); ok {
			return sh
		}
	}
	if want == envelopeAuto || want == envelopeCRI {
		if sh, ok := unwrapCRI(line); ok {
			return sh
		}
	}
	return shell{envelope: envelopeNone, body: line}
}

// dockerStart is how every line of Docker's json-file driver starts.
const dockerStart = `{"log":"`

// unwrapDocker reads {"log":"…\n","stream":"stderr","attrs":{…},"time":"…"}, attrs being optional. The driver always
// writes the members in this order, so the long log text is found from both ends of the line and never scanned. A log
// without a final newline is a piece of a line that was longer than the driver's buffer (16 KiB).
func unwrapDocker(line []byte) (shell, bool) {
	sh := shell{envelope: envelopeDocker}
	if len(line) == 0 || line[0] != dockerStart[0] {
		return sh, false
	}
	rest, ok := bytes.CutPrefix(line, []byte(dockerStart))
	if !ok {
		return sh, false
	}
	rest, ok = bytes.CutSuffix(rest, []byte(`"}`))
	if !ok {
		return sh, false
	}
	at := bytes.LastIndexByte(rest, '"')
	if at < 0 {
		return sh, false
	}
	sh.stamp = rest[at+1:]
	if rest, ok = bytes.CutSuffix(rest[:at], []byte(`,"time":`)); !ok {
		return sh, false
	}
	if rest, sh.stream = cutStream(rest); sh.stream == noStream {
		return sh, false
	}
	sh.body, sh.partial = cutNewline(rest)
	return sh, true
}

// cutStream cuts `","stream":"stderr"` off the end of b, with the attrs behind it. A quote inside the log text is escaped,
// so that the first such sequence is the end of the text.
func cutStream(b []byte) ([]byte, stream) {
	if !bytes.HasSuffix(b, []byte(`}`)) {
		if rest, ok := bytes.CutSuffix(b, []byte(`","stream":"stdout"`)); ok {
			return rest, stdout
		}
		if rest, ok := bytes.CutSuffix(b, []byte(`","stream":"stderr"`)); ok {
			return rest, stderr
		}
		return b, noStream
	}
	if before, _, ok := bytes.Cut(b, []byte(`","stream":"stdout","attrs":{`)); ok {
		return before, stdout
	}
	if before, _, ok := bytes.Cut(b, []byte(`","stream":"stderr","attrs":{`)); ok {
		return before, stderr
	}
	return b, noStream
}

// cutNewline cuts the escaped line end off a JSON string; partial tells that there was none. In `\\n` the backslash is
// itself escaped, and the n a letter.
func cutNewline(raw []byte) (body []byte, partial bool) {
	body, ok := bytes.CutSuffix(raw, []byte(`\n`))
	if !ok || escapedAt(body, len(body)) {
		return raw, true
	}
	if cr, ok := bytes.CutSuffix(body, []byte(`\r`)); ok && !escapedAt(cr, len(cr)) {
		return cr, false
	}
	return body, false
}

// escapedAt tells whether an odd number of backslashes stands before position i.
func escapedAt(b []byte, i int) bool {
	n := 0
	for i > n && b[i-n-1] == '\\' {
		n++
	}
	return n%2 == 1
}

// unwrapCRI reads "2026-11-20T10:15:23.2Z stderr F text". The tag F is a full record or the last piece of one, P any
// other piece; more tags may follow behind a colon.
func unwrapCRI(line []byte) (shell, bool) {
	sh := shell{envelope: envelopeCRI}
	if len(line) < 27 || line[4] != '-' || line[7] != '-' || line[10] != 'T' || line[0]-'0' > 9 {
		return sh, false
	}
	at := bytes.IndexByte(line[:min(len(line), 40)], ' ')
	if at < 0 {
		return sh, false
	}
	sh.stamp = line[:at]
	rest := line[at+1:]
	switch {
	case bytes.HasPrefix(rest, []byte("stdout ")):
		sh.stream = stdout
	case bytes.HasPrefix(rest, []byte("stderr ")):
		sh.stream = stderr
	default:
		return sh, false
	}
	rest = rest[len("stdout "):]
	tags, body, _ := bytes.Cut(rest, []byte(" "))
	if len(tags) == 0 || len(tags) > 1 && tags[1] != ':' || tags[0] != 'F' && tags[0] != 'P' {
		return sh, false
	}
	sh.partial, sh.body = tags[0] == 'P', body
	return sh, true
}

// trimEnd takes LF or CRLF off a line.
func trimEnd(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\n' {
		line = line[:n-1]
	}
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return line
}
