package privacy

import "bytes"

// The ways in which an at sign is written: plain, in a URL, and by JSON writers that escape it.
const (
	atURL  = "%40"
	atJSON = `\u0040`
)

// findAt looks at every at sign, for e-mail addresses and for passwords in URLs.
func (r *Redactor) findAt(text []byte, spans []span) []span {
	for i := index(text, 0, '@'); i < len(text); i = index(text, i+1, '@') {
		spans = r.at(text, i, 1, spans)
	}
	for i := index(text, 0, '%'); i < len(text); i = index(text, i+1, '%') {
		if bytes.HasPrefix(text[i:], []byte(atURL)) {
			spans = r.at(text, i, len(atURL), spans)
		}
	}
	for i := index(text, 0, '\\'); i < len(text); i = index(text, i+1, '\\') {
		if bytes.HasPrefix(text[i:], []byte(atJSON)) {
			spans = r.at(text, i, len(atJSON), spans)
		}
	}
	return spans
}

// at looks at the at sign of n bytes at i.
func (r *Redactor) at(text []byte, i, n int, spans []span) []span {
	if r.email {
		if start, end := localStart(text, i), domainEnd(text, i+n); start < i && end > 0 {
			return append(spans, span{start: start, end: end, kind: kindEmail})
		}
	}
	if r.apiKey && n == 1 {
		if start := passwordStart(text, i); start > 0 {
			return append(spans, span{start: start, end: i, kind: kindAPIKey})
		}
	}
	return spans
}

// isLocal tells whether c may stand in the local part of an address. Bytes of other scripts may; of the ASCII marks
// those that people use, since the others are more likely to stand around an address in a log.
func isLocal(c byte) bool {
	return isAlnum(c) || c == '.' || c == '-' || c == '_' || c == '+' || c >= 0x80
}

// localStart returns where the local part that ends at i begins, i where there is none.
func localStart(text []byte, i int) int {
	start := i
	for start > 0 && isLocal(text[start-1]) {
		start--
	}
	if start > 0 && start < i {
		start += escapeLen(text[start-1], text[start:i])
	}
	for start < i && (text[start] == '.' || text[start] == '-') {
		start++
	}
	return min(start, i)
}

// domainEnd returns the end of the domain that starts at i, -1 where there is none: at least two labels, of which the
// last, of two letters or more, begins with a letter.
func domainEnd(text []byte, i int) int {
	end := -1
	for label, labels := i, 0; ; labels++ {
		next := label
		for next < len(text) && (isAlnum(text[next]) || text[next] == '-' || text[next] >= 0x80) {
			next++
		}
		if next == label {
			return end
		}
		if labels > 0 && next-label >= 2 && !isDigit(text[label]) && text[label] != '-' {
			end = next
		}
		if next >= len(text) || text[next] != '.' {
			return end
		}
		label = next + 1
	}
}

// passwordStart returns where the password of scheme://user:password@host begins, if the at sign at i is that of such
// a URL; else 0.
func passwordStart(text []byte, i int) int {
	colon := 0
	for j := i - 1; j > 2; j-- {
		switch c := text[j]; {
		case c == ':':
			if text[j+1] == '/' {
				return 0
			}
			colon = j
		case c == '/':
			if colon > 0 && colon+1 < i && text[j-1] == '/' && text[j-2] == ':' {
				return colon + 1
			}
			return 0
		case c <= ' ' || c == '"' || c == '@':
			return 0
		}
	}
	return 0
}
