// Package logfmt reads lines of key=value pairs, as Go's loggers write them.
//
// The grammar is that of go-kit's logfmt: pairs are separated by white space; a key runs up to '=', white space or a
// quote; a value runs up to white space, or is quoted with backslash escapes as in JSON. The reader is tolerant where
// that grammar has errors, because a line with one odd token still holds its error code: what cannot be a pair is
// passed over, an unterminated quote ends with the line.
//
// Nothing allocates. Every []byte handed out points into the input and stays valid as long as that does.
package logfmt

// Each calls f for each pair of the line, in order, until f returns false. The value of a bare key is nil, that of
// `key=` empty and not nil. A quoted value is what stands between the quotes, raw; escaped tells that it holds a
// backslash, so that AppendUnescaped gives its text.
func Each(b []byte, f func(key, value []byte, escaped bool) bool) {
	s := scanner{b: b}
	for s.next() {
		if s.kind != stray && !f(s.key, s.value, s.escaped) {
			return
		}
	}
}

// Get returns the value of the first pair with that key, as Each gives it; ok is false where there is none.
func Get(b []byte, key string) (value []byte, escaped, ok bool) {
	s := scanner{b: b}
	for s.next() {
		if s.kind != stray && string(s.key) == key {
			return s.value, s.escaped, true
		}
	}
	return nil, false, false
}

// maxLook is how many tokens Looks judges a line by.
const maxLook = 32

// Looks tells whether the line is logfmt: it begins with a pair whose key is a plain name, and most of its first 32
// tokens are such pairs. Prose with a few pairs in it is not.
func Looks(b []byte) bool {
	s := scanner{b: b}
	for s.i < len(b) && b[s.i] <= ' ' {
		s.i++
	}
	if s.i == len(b) || !startsKey(b[s.i]) {
		return false
	}
	tokens, pairs := 0, 0
	for tokens < maxLook && s.next() {
		tokens++
		if s.kind == pair && plainKey(s.key) {
			pairs++
		} else if tokens == 1 {
			return false
		}
	}
	return pairs*2 > tokens
}

// plainKey tells whether the key is a name as programs give them: letters, digits and _ - . / @ : behind a first
// letter, '_' or '@'.
func plainKey(key []byte) bool {
	for i, c := range key {
		switch {
		case startsKey(c):
		case i > 0 && (c >= '0' && c <= '9' || c == '-' || c == '.' || c == '/' || c == ':'):
		default:
			return false
		}
	}
	return len(key) > 0
}

func startsKey(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' || c == '@' }

type tokenKind uint8

const (
	pair  tokenKind = iota // key=value
	bare                   // key
	stray                  // neither: a quoted string without a key, a '=' without one, text glued to a closing quote
)

// scanner cuts a line into tokens.
type scanner struct {
	b       []byte
	i       int
	kind    tokenKind
	key     []byte
	value   []byte
	escaped bool
}

// next moves to the next token; false at the end of the line.
func (s *scanner) next() bool {
	b := s.b
	for s.i < len(b) && b[s.i] <= ' ' {
		s.i++
	}
	if s.i >= len(b) {
		return false
	}
	start := s.i
	for s.i < len(b) && b[s.i] > ' ' && b[s.i] != '=' && b[s.i] != '"' {
		s.i++
	}
	s.key, s.value, s.escaped = b[start:s.i:s.i], nil, false
	switch {
	case s.i < len(b) && b[s.i] == '"':
		s.kind = stray
		s.skipStray()
	case s.i < len(b) && b[s.i] == '=':
		s.kind = pair
		if len(s.key) == 0 {
			s.kind = stray
		}
		s.i++
		s.readValue()
	default:
		s.kind = bare
	}
	return true
}

func (s *scanner) readValue() {
	if s.i < len(s.b) && s.b[s.i] == '"' {
		s.readQuoted()
		return
	}
	start := s.i
	s.skipWord()
	s.value = s.b[start:s.i:s.i]
}

// readQuoted reads from the opening quote to behind the closing one. What is glued to the closing quote is dropped: it
// belongs to no key.
func (s *scanner) readQuoted() {
	start := s.i + 1
	end := start
	for end < len(s.b) && s.b[end] != '"' {
		if s.b[end] == '\\' {
			s.escaped = true
			end++
		}
		end++
	}
	end = min(end, len(s.b))
	s.value = s.b[start:end:end]
	s.i = min(end+1, len(s.b))
	s.skipWord()
}

// skipStray passes over a token with a quote in its key: up to the closing quote where it begins with one, else to
// the next white space.
func (s *scanner) skipStray() {
	if len(s.key) == 0 {
		s.readQuoted()
		return
	}
	s.skipWord()
}

func (s *scanner) skipWord() {
	for s.i < len(s.b) && s.b[s.i] > ' ' {
		s.i++
	}
}
