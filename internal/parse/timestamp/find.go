package timestamp

import "time"

// findWithin is how far into a line its stamp may begin.
const findWithin = 64

// Find looks for the line's own stamp: at its start, or behind a prefix as loggers and collectors write it: brackets
// and punctuation, a level word, syslog's <134>1, logcat's I/flutter ( 4711):, a compose or pm2 service before '|', a
// key such as ts=. A stamp behind other words belongs to the message, not to the line, and is not looked for.
func Find(line []byte, zone *time.Location, ref time.Time) (t time.Time, hasZone, ok bool) {
	i := 0
	for i < len(line) && i < findWithin {
		if t, hasZone, n, ok := Parse(line[i:], zone, ref); ok && ends(line, i+n) {
			return t, hasZone, true
		}
		n := prefix(line[i:])
		if n == 0 {
			break
		}
		i += n
	}
	return time.Time{}, false, false
}

// prefix returns the length of the piece of a line's prefix at the start of b, 0 where there is none.
func prefix(b []byte) int {
	switch c := b[0]; {
	case c == '<':
		return priority(b)
	case isWord(c) || c == '@':
		return prefixWord(b)
	case c == '[' || c == '(':
		return bracketed(b)
	case c < 0x80:
		return 1
	}
	return 0
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

// bracketed takes the opening bracket where a stamp may follow it, else the whole group: "[main]", "( 4711)".
func bracketed(b []byte) int {
	if len(b) > 1 && (b[1]-'0' <= 9 && b[0] == '[' || monthOf(b[1:]) > 0 || len(b) > 4 && isWeekday(b[1:])) {
		return 1
	}
	end := byte(']')
	if b[0] == '(' {
		end = ')'
	}
	for i := 1; i < len(b) && i < 40; i++ {
		if b[i] == end {
			return i + 1
		}
	}
	return 1
}

// prefixWord takes a word that may stand before a stamp, 0 for any other.
func prefixWord(b []byte) int {
	i := 0
	for i < len(b) && i < 40 && (isWord(b[i]) || b[i] == '-' || b[i] == '/' || b[i] == '.' || b[i] == '@') {
		i++
	}
	if isLevel(b[:i]) || i > 2 && b[1] == '/' && isLevel(b[:1]) || i < len(b) && b[i] == '=' && isTimeKey(b[:i]) || string(b[:i]) == "flutter" {
		return i
	}
	for j := i; j < len(b) && j < i+24; j++ {
		switch {
		case b[j] == '|':
			return j + 1
		case b[j] != ' ':
			return 0
		}
	}
	return 0
}

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

func isTimeKey(w []byte) bool {
	switch string(w) {
	case "t", "ts", "time", "timestamp", "@timestamp", "date", "datetime":
		return true
	}
	return false
}
