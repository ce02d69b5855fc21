package timestamp

import "time"

// findWithin is how far into a line its stamp may begin.
const findWithin = 64

// Find looks for the line's own stamp: at its start, or behind a prefix as loggers and collectors write it: brackets
// and punctuation, colours, a level word, syslog's <134>1, logcat's I/flutter ( 4711):, a process id, a compose or pm2
// service before '|', a key such as ts=. A stamp behind other words belongs to the message, not to the line, and is
// not looked for; neither is an epoch, which could be any number there, unless a bracket or such a key stands before it.
//
// What is returned is as in Parse. Only the first 64 bytes are looked at for its beginning.
func Find(line []byte, zone *time.Location, ref time.Time) (t time.Time, hasZone, ok bool) {
	for i := 0; i < len(line) && i < findWithin; {
		if i == 0 || mayFollow(line, i) {
			if t, hasZone, n, ok := Parse(line[i:], zone, ref); ok && ends(line, i+n) {
				return t, hasZone, true
			}
		}
		n := prefix(line[i:])
		if n == 0 {
			break
		}
		i += n
	}
	return time.Time{}, false, false
}

// mayFollow tells whether what stands at i may be a stamp, by what stands before it.
func mayFollow(line []byte, i int) bool {
	if end := skipDigits(line, i); end < i+10 {
		return true
	}
	switch line[i-1] {
	case '[', '=', '"', '>':
		return true
	}
	return false
}

func skipDigits(b []byte, i int) int {
	for i < len(b) && b[i]-'0' <= 9 {
		i++
	}
	return i
}

// prefix returns the length of the piece of a line's prefix at the start of b, 0 where there is none.
func prefix(b []byte) int {
	switch c := b[0]; {
	case c == '<':
		return priority(b)
	case c == '\x1b':
		return colour(b)
	case isWord(c) || c == '@':
		return prefixWord(b)
	case c == '[' || c == '(':
		return bracketed(b)
	case c < 0x80:
		return 1
	}
	return 0
}

// colour takes a terminal's escape sequence: ESC, '[', parameters, a letter.
func colour(b []byte) int {
	if len(b) < 2 || b[1] != '[' {
		return 1
	}
	i := 2
	for i < len(b) && (b[i]-'0' <= 9 || b[i] == ';') {
		i++
	}
	return min(i+1, len(b))
}

// priority takes syslog's <134>, with the version digit of RFC 5424.
func priority(b []byte) int {
	i := 1
	for i < len(b) && i < 5 && b[i]-'0' <= 9 {
		i++
	}
	if i == 1 || i >= len(b) || b[i] != '>' {
		return 1
	}
	if i+2 < len(b) && b[i+1]-'0' <= 9 && b[i+2] == ' ' {
		return i + 3
	}
	return i + 1
}

// maxGroup is how long a bracketed group or a tag in a prefix may be.
const maxGroup = 40

// bracketed takes the opening bracket where a stamp may follow it, else the whole group: "[main]", "( 4711)".
func bracketed(b []byte) int {
	if b[0] == '[' && len(b) > 4 && (b[1]-'0' <= 9 || monthOf(b[1:]) > 0 || isWeekday(b[1:])) {
		return 1
	}
	end := byte(']')
	if b[0] == '(' {
		end = ')'
	}
	for i := 1; i < len(b) && i < maxGroup; i++ {
		if b[i] == end {
			return i + 1
		}
	}
	return 1
}

// prefixWord takes a word that may stand before a stamp, 0 for any other.
func prefixWord(b []byte) int {
	i := 0
	for i < len(b) && i < maxGroup && (isWord(b[i]) || b[i] == '-' || b[i] == '/' || b[i] == '.' || b[i] == '@') {
		i++
	}
	word := b[:i]
	switch {
	case isLevel(word), string(word) == "flutter":
	case i > 2 && word[1] == '/' && isLevel(word[:1]): // logcat's I/tag
	case i < len(b) && (b[i] == '=' || b[i] == '"') && isTimeKey(word):
	case i < 8 && i < len(b) && skipDigits(word, 0) == i: // a process id
	default:
		return service(b, i)
	}
	return i
}

// service takes the name of i bytes where only spaces stand between it and a '|', as docker compose and pm2 write it.
func service(b []byte, i int) int {
	for ; i < len(b) && i < 2*maxGroup; i++ {
		if b[i] == '|' {
			return i + 1
		}
		if b[i] != ' ' {
			break
		}
	}
	return 0
}

// isLevel tells whether w is a log level in any case, or logcat's letter for one.
func isLevel(w []byte) bool {
	var low [8]byte
	if len(w) == 0 || len(w) > len(low) {
		return false
	}
	for i, c := range w {
		low[i] = c | 0x20
	}
	switch string(low[:len(w)]) {
	case "v", "d", "i", "w", "e", "f", "a",
		"trace", "verbose", "debug", "info", "notice", "warn", "warning", "error", "err", "crit", "critical",
		"fatal", "alert", "emerg", "panic", "severe", "fine", "log":
		return true
	}
	return false
}

// isTimeKey tells whether w is a key under which loggers write the time of the line.
func isTimeKey(w []byte) bool {
	switch string(w) {
	case "t", "ts", "time", "timestamp", "@timestamp", "date", "datetime":
		return true
	}
	return false
}
