package privacy

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"regexp"
)

// scan runs the built-in finders. Each starts from a byte that what it looks for must contain and that is rare in log
// lines, so that most lines are passed over at the speed of a byte search:
//
//	J        in eyJ, with which every JWT begins
//	@ % \    in an e-mail address, plain or escaped
//	B b      of Bearer
//	: = . _  between the parts of an address, behind a key, in a token's prefix
func (r *Redactor) scan(text []byte, spans []span) []span {
	if len(text) > short || mayStart(text) {
		spans = r.findStarts(text, spans)
	}
	if r.ip || r.apiKey || r.bearer {
		spans = r.findMarks(text, spans)
	}
	return spans
}

// findStarts runs the finders that look for a byte.
func (r *Redactor) findStarts(text []byte, spans []span) []span {
	if r.jwt {
		spans = findJWT(text, spans)
	}
	if r.email || r.apiKey {
		spans = r.findAt(text, spans)
	}
	if r.bearer {
		spans = findBearer(text, 'B', spans)
		spans = findBearer(text, 'b', spans)
	}
	return spans
}

// short is the length up to which one look at eight bytes at a time for all that findStarts begins with is quicker than a
// search for each: that of most fields.
const short = 32

// mayStart tells whether the text holds one of J @ % \ B b.
func mayStart(text []byte) bool {
	for i := 0; i < len(text); i += 8 {
		if starts(eightAt(text, i)) != 0 {
			return true
		}
	}
	return false
}

// starts has the top bit of each byte of x set that is one of J @ % \ B b.
func starts(x uint64) uint64 {
	return zeros(x^ones*'J') | zeros(x^ones*'@') | zeros(x^ones*'%') | zeros(x^ones*'\\') | zeros(x|ones*0x20^ones*'b')
}

// zeros has the top bit of each byte of x set that is zero, and no other.
func zeros(x uint64) uint64 { return ^(x&lows + lows | x) & tops }

// eightAt loads eight bytes from i on; behind the end of the text stand zeros.
func eightAt(text []byte, i int) uint64 {
	if i+8 <= len(text) {
		return binary.LittleEndian.Uint64(text[i:])
	}
	var b [8]byte
	copy(b[:], text[i:])
	return binary.LittleEndian.Uint64(b[:])
}

// index is bytes.IndexByte from an offset on, len(text) where there is none.
func index(text []byte, from int, c byte) int {
	if from < len(text) {
		if at := bytes.IndexByte(text[from:], c); at >= 0 {
			return from + at
		}
	}
	return len(text)
}

const (
	lows = 0x7f7f7f7f7f7f7f7f
	tops = 0x8080808080808080
	ones = 0x0101010101010101
)

// marks has the top bit of each byte of x set that is '.', lies between ':' and '@', or is '-' or '_' behind a small
// letter, as at the end of a token's prefix. before is the byte before x. Adding to the low seven bits carries into the
// top bit from a threshold on, and never into the next byte, so every bit is exact, but for those behind what only looks
// like a small letter.
func marks(x uint64, before byte) uint64 {
	low := x & lows
	previous := x<<8 | uint64(before)
	small := previous << 1 & (previous << 2)
	colon := (low + ones*(0x80-':')) &^ (low + ones*(0x80-'@'-1))
	dash := (low + ones*(0x80-'-')) &^ (low + ones*(0x80-'.'-1))
	under := (low + ones*(0x80-'_')) &^ (low + ones*(0x80-'_'-1))
	dot := dash &^ (x << 7) // '-' is odd
	return (colon | dot | (dash|under)&small) &^ x & tops
}

// findMarks looks at every punctuation mark at which an address, a key or a token's prefix can show, eight bytes at a
// time. The two bytes before a mark, behind a closing quote if there is one, tell for nearly all marks that it is
// none of these.
func (r *Redactor) findMarks(text []byte, spans []span) []span {
	const first = 3 // of the marks that have three bytes before them
	floor, i := 0, 0
	for ; i < min(first, len(text)); i++ {
		if r.marks[text[i]] != 0 {
			spans, floor = r.mark(text, i, floor, spans)
		}
	}
	for ; i+8 <= len(text); i += 8 {
		for m := marks(binary.LittleEndian.Uint64(text[i:]), text[i-1]); m != 0; m &= m - 1 {
			at := i + bits.TrailingZeros64(m)>>3
			want, last, before := r.marks[text[at]], text[at-1], text[at-2]
			if last == '"' {
				want, last, before = want&keyBits, before, text[at-3]
			}
			if r.last[last]&r.before[before]&want != 0 {
				spans, floor = r.mark(text, at, floor, spans)
			}
		}
	}
	for ; i < len(text); i++ {
		if r.marks[text[i]] != 0 {
			spans, floor = r.mark(text, i, floor, spans)
		}
	}
	return spans
}

// The bits of the tables: one for each pair of bytes, or set of such pairs, that makes a mark worth a look.
const (
	bitE   = 1 << iota // ey, et, en: key, secret, token
	bitON              // authorization
	bitD               // rd, wd: password, pwd
	bitSE              // passphrase
	bitAL              // credential
	bitLS              // credentials
	bitAny             // a quote or space that may stand behind a key
	bitK               // sk, pk, rk
	bitH               // hp, ho, …: of gh
	bitX               // xb, xp, …: of xox
	bitAT              // pat
	bitEC              // whsec
	bitIP              // a digit before a dot; a hexadecimal digit or a colon before a colon

	keyBits   = bitE | bitON | bitD | bitSE | bitAL | bitLS | bitAny
	tokenBits = bitK | bitH | bitX | bitAT | bitEC
)

// fillTables notes for each mark the pairs of bytes behind which it is of interest.
func (r *Redactor) fillTables() {
	keys, tokens := uint16(0), uint16(0)
	if r.apiKey {
		keys, tokens = keyBits, tokenBits
	} else if r.bearer {
		keys = bitON | bitAny
	}
	r.marks['='], r.marks[':'], r.marks['-'], r.marks['_'] = keys, keys, tokens, tokens
	if r.ip {
		r.marks['.'] |= bitIP
		r.marks[':'] |= bitIP
	}
	set := func(table *[256]uint16, bytes string, bit uint16) {
		for _, c := range []byte(bytes) {
			table[c] |= bit
		}
	}
	for _, pair := range []struct {
		before, last string
		bit          uint16
	}{
		{"eE", "ytnYTN", bitE}, {"oO", "nN", bitON}, {"rwRW", "dD", bitD}, {"sS", "eE", bitSE}, {"aA", "lL", bitAL}, {"lL", "sS", bitLS},
		{"spr", "k", bitK}, {"h", "pousr", bitH}, {"x", "baprso", bitX}, {"a", "t", bitAT}, {"e", "c", bitEC},
		{"", "\\'` ", bitAny}, {"", "0123456789abcdefABCDEF:", bitIP},
	} {
		set(&r.before, pair.before, pair.bit)
		set(&r.last, pair.last, pair.bit)
	}
	for c := range r.before {
		r.before[c] |= bitAny | bitIP // whatever stands there
	}
}

// mark runs the finders for the byte at i, if nothing found before covers it.
func (r *Redactor) mark(text []byte, i, floor int, spans []span) ([]span, int) {
	if i < floor {
		return spans, floor
	}
	s := none()
	switch text[i] {
	case '.':
		if r.ip {
			s = findIPv4(text, i, floor)
		}
	case ':':
		if r.ip {
			s = findIPv6(text, i, floor)
		}
		if s.end < 0 {
			s = r.findPair(text, i)
		}
	case '=':
		s = r.findPair(text, i)
	case '-', '_':
		if r.apiKey {
			s = findToken(text, i, floor)
		}
	}
	if s.end < 0 {
		return spans, floor
	}
	return append(spans, s), s.end
}

// findPattern finds what a regular expression of one's own matches: its groups where it has some, else all of it.
func findPattern(text []byte, re *regexp.Regexp, spans []span) []span {
	for _, m := range re.FindAllSubmatchIndex(text, -1) {
		groups := m[2:]
		if len(groups) == 0 {
			groups = m
		}
		for g := 0; g < len(groups); g += 2 {
			if groups[g+1] > groups[g] {
				spans = append(spans, span{start: groups[g], end: groups[g+1], kind: kindPattern})
			}
		}
	}
	return spans
}
