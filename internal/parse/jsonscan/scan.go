package jsonscan

import (
	"encoding/binary"
	"math/bits"
)

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

func skipSpace(b []byte, i int) int {
	for i < len(b) && isSpace(b[i]) {
		i++
	}
	return i
}

// Eight bytes at a time: a byte of `x - ones*c` borrows into its top bit only where it was below c, and xor with a
// repeated byte turns equality into zero, which is below one. Bytes with the top bit set are taken out by `&^ x`.
const (
	ones = 0x0101010101010101
	tops = 0x8080808080808080
)

// special has a top bit set at the first byte of x that ends or complicates a string: quote, backslash or control
// byte. Bits above the lowest set one may be wrong (borrows travel upwards), so only the lowest counts.
func special(x uint64) uint64 {
	quote, slash := x^(ones*'"'), x^(ones*'\\')
	return ((quote-ones)&^quote | (slash-ones)&^slash | (x-ones*' ')&^x) & tops
}

// scanString reads from the byte behind the opening quote to the closing one; end is the closing quote's index.
// Escapes are checked, so that every string handed out can be unescaped without loss.
func scanString(b []byte, i int) (end int, escaped, ok bool) {
	for {
		for i+8 <= len(b) {
			m := special(binary.LittleEndian.Uint64(b[i:]))
			if m != 0 {
				i += bits.TrailingZeros64(m) >> 3
				break
			}
			i += 8
		}
		for i < len(b) && b[i] >= ' ' && b[i] != '"' && b[i] != '\\' {
			i++
		}
		if i >= len(b) || b[i] < ' ' {
			return i, escaped, false
		}
		if b[i] == '"' {
			return i, escaped, true
		}
		n := escapeLen(b[i:])
		if n == 0 {
			return i, escaped, false
		}
		escaped = true
		i += n
	}
}

// escapeLen is the length of the escape sequence at the start of s, 0 where JSON knows no such escape.
func escapeLen(s []byte) int {
	if len(s) < 2 {
		return 0
	}
	switch s[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if _, ok := hex4(s[2:]); ok {
			return 6
		}
	}
	return 0
}

// scanNumber reads a number by RFC 8259's grammar: no plus sign, no leading zero, digits on both sides of the point.
func scanNumber(b []byte, i int) (end int, ok bool) {
	if i < len(b) && b[i] == '-' {
		i++
	}
	first := i
	i = skipDigits(b, i)
	if i == first || b[first] == '0' && i > first+1 {
		return first, false
	}
	if i < len(b) && b[i] == '.' {
		from := i + 1
		if i = skipDigits(b, from); i == from {
			return i, false
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		from := i
		if i = skipDigits(b, from); i == from {
			return i, false
		}
	}
	return i, true
}

func skipDigits(b []byte, i int) int {
	for i < len(b) && b[i]-'0' <= 9 {
		i++
	}
	return i
}

// scanScalar reads the string, number, bool or null at i; end is the index behind it.
func scanScalar(b []byte, i int) (v Value, end int, ok bool) {
	switch c := b[i]; c {
	case '"':
		end, escaped, ok := scanString(b, i+1)
		if !ok {
			return Value{}, end, false
		}
		return Value{Kind: String, Raw: b[i+1 : end : end], Escaped: escaped}, end + 1, true
	case 't':
		return scanWord(b, i, "true", Bool)
	case 'f':
		return scanWord(b, i, "false", Bool)
	case 'n':
		return scanWord(b, i, "null", Null)
	default:
		end, ok := scanNumber(b, i)
		if !ok {
			return Value{}, end, false
		}
		return Value{Kind: Number, Raw: b[i:end:end]}, end, true
	}
}

func scanWord(b []byte, i int, word string, kind Kind) (v Value, end int, ok bool) {
	end = i + len(word)
	if end > len(b) || string(b[i:end]) != word {
		return Value{}, i, false
	}
	return Value{Kind: kind, Raw: b[i:end:end]}, end, true
}

// skipValue reads the value at i without looking at what it holds; depth is how many containers are open around it.
func skipValue(b []byte, i, depth int) (v Value, end int, err error) {
	if i >= len(b) {
		return Value{}, i, ErrSyntax
	}
	switch b[i] {
	case '{':
		return skipContainer(b, i, depth, Object)
	case '[':
		return skipContainer(b, i, depth, Array)
	}
	v, end, ok := scanScalar(b, i)
	if !ok {
		return Value{}, end, ErrSyntax
	}
	return v, end, nil
}

func skipContainer(b []byte, i, depth int, kind Kind) (v Value, end int, err error) {
	it, err := open(b, i, depth, kind)
	for err == nil {
		var more bool
		if more, err = it.next(); err != nil || !more {
			break
		}
		_, it.i, err = skipValue(b, it.i, depth+1)
	}
	if err != nil {
		return Value{}, it.i, err
	}
	return Value{Kind: kind, Raw: b[i:it.i:it.i]}, it.i, nil
}

// members steps through an object's or array's members. After next returned true, i is where the member's value
// starts, and the caller moves i behind that value before the next call; after it returned false, i is behind the
// closing bracket.
type members struct {
	b          []byte
	i          int
	kind       Kind
	started    bool
	index      int // of the current member
	key        []byte
	keyEscaped bool
}

func open(b []byte, i, depth int, kind Kind) (members, error) {
	if depth >= MaxDepth {
		return members{i: i}, ErrDepth
	}
	return members{b: b, i: i + 1, kind: kind, index: -1}, nil
}

func (m *members) next() (bool, error) {
	b := m.b
	i := skipSpace(b, m.i)
	if i >= len(b) {
		return false, m.fail(i)
	}
	if b[i] == m.closing() {
		m.i = i + 1
		return false, nil
	}
	if m.started {
		if b[i] != ',' {
			return false, m.fail(i)
		}
		i = skipSpace(b, i+1)
	}
	m.started = true
	m.index++
	if m.kind == Array {
		m.i = i
		if i < len(b) && b[i] == ']' { // a comma before the bracket
			return false, m.fail(i)
		}
		return true, nil
	}
	return m.readKey(i)
}

func (m *members) readKey(i int) (bool, error) {
	b := m.b
	if i >= len(b) || b[i] != '"' {
		return false, m.fail(i)
	}
	end, escaped, ok := scanString(b, i+1)
	if !ok {
		return false, m.fail(end)
	}
	m.key, m.keyEscaped = b[i+1:end:end], escaped
	i = skipSpace(b, end+1)
	if i >= len(b) || b[i] != ':' {
		return false, m.fail(i)
	}
	m.i = skipSpace(b, i+1)
	return true, nil
}

func (m *members) closing() byte {
	if m.kind == Array {
		return ']'
	}
	return '}'
}

func (m *members) fail(i int) error {
	m.i = i
	return ErrSyntax
}
