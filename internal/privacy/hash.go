package privacy

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/errwatch/errwatch/internal/event"
)

// hashLen is how many hexadecimal digits of a hash are shown: 48 bits, so that even among 65,536 different values, the
// most that errwatch tells apart, two meet with a probability below 1 in 100,000.
const hashLen = 12

// hasher computes HMAC-SHA256. It is written out, since crypto/hmac allocates with every value.
type hasher struct {
	inner, outer [sha256.BlockSize]byte
}

func newHasher(key []byte) *hasher {
	if len(key) > sha256.BlockSize {
		sum := sha256.Sum256(key)
		key = sum[:]
	}
	h := &hasher{}
	copy(h.inner[:], key)
	copy(h.outer[:], key)
	for i := range h.inner {
		h.inner[i] ^= 0x36
		h.outer[i] ^= 0x5c
	}
	return h
}

// sum returns the first digits of the HMAC of value.
func (h *hasher) sum(value []byte) (digits [hashLen]byte) {
	var buf [sha256.BlockSize + 256]byte // longer values allocate
	msg := append(append(buf[:0], h.inner[:]...), value...)
	first := sha256.Sum256(msg)
	msg = append(append(msg[:0], h.outer[:]...), first[:]...)
	second := sha256.Sum256(msg)
	hex.Encode(digits[:], second[:hashLen/2])
	return digits
}

// maxHashed is how many hashed values one event may have without an allocation.
const maxHashed = 8

// hashed is the value of a field that is hashed.
type hashed struct {
	field  int
	value  []byte
	digits [hashLen]byte
}

func (s *hashed) append(dst []byte) []byte {
	dst = append(dst, "<hash:"...)
	dst = append(dst, s.digits[:]...)
	return append(dst, '>')
}

// secrets collects the values to hash.
func (r *Redactor) secrets(e *event.Event, known []hashed) []hashed {
	if len(r.hash) == 0 {
		return known
	}
	for i := range e.Fields {
		f := &e.Fields[i]
		if len(f.Value) > 0 && slices.Contains(r.hash, f.Name) {
			known = append(known, hashed{field: i, value: f.Value, digits: r.hasher.sum(f.Value)})
		}
	}
	return known
}

func secretOf(secrets []hashed, field int) *hashed {
	for i := range secrets {
		if secrets[i].field == field {
			return &secrets[i]
		}
	}
	return nil
}

// longValue is from which length on a value is searched for inside words too. A short one, such as the id 4, would
// stand in every number.
const longValue = 6

// findValue finds where the value stands in text, escaped or not.
func findValue(text []byte, s *hashed, index int, spans []span) []span {
	first := s.value[0]
	for i := 0; i < len(text); i++ {
		if isAlnum(first) { // which no writer escapes
			at := bytes.IndexByte(text[i:], first)
			if at < 0 {
				break
			}
			i += at
		} else if i > 0 && text[i] == '\\' && text[i-1] == '\\' {
			continue // a run of backslashes has been passed over as one
		}
		n := matchEscaped(text[i:], s.value)
		if n == 0 || len(s.value) < longValue && insideWord(text, i, i+n) {
			continue
		}
		spans = append(spans, span{start: i, end: i + n, kind: kindHash, secret: index})
		i += n - 1
	}
	return spans
}

// insideWord tells whether letters or digits go on before start or behind end.
func insideWord(text []byte, start, end int) bool {
	return isAlnum(text[start]) && wordBefore(text, start) ||
		isAlnum(text[end-1]) && end < len(text) && isAlnum(text[end])
}

// matchEscaped tells whether text begins with value, and over how many bytes: as it is, with JSON's or Go's escapes,
// escaped several times over, or with per cent signs as in URLs. Backslashes themselves are not compared, which hides
// rather too much than too little. 0 is no match.
func matchEscaped(text, value []byte) int {
	if bytes.HasPrefix(text, value) {
		return len(value)
	}
	i := 0
	for len(value) > 0 {
		if value[0] == '\\' {
			value = value[1:]
			continue
		}
		escapes := 0
		for i < len(text) && text[i] == '\\' {
			i++
			escapes++
		}
		if i >= len(text) {
			return 0
		}
		part, n := text[i:i+1], 1
		var one [utf8.UTFMax]byte
		if escapes > 0 || text[i] == '%' {
			decoded, size := decodeEscape(one[:0], text[i:])
			if size > 0 && decoded[0] == '\\' {
				i += size
				continue
			}
			if size > 0 && bytes.HasPrefix(value, decoded) {
				part, n = decoded, size
			}
		}
		if !bytes.HasPrefix(value, part) {
			return 0
		}
		value = value[len(part):]
		i += n
	}
	return i
}

// decodeEscape appends what the escape at the start of s means, without its backslash: n, u00e9, x41, or %C3.
func decodeEscape(dst, s []byte) (decoded []byte, size int) {
	switch s[0] {
	case 'n':
		return append(dst, '\n'), 1
	case 'r':
		return append(dst, '\r'), 1
	case 't':
		return append(dst, '\t'), 1
	case 'b':
		return append(dst, '\b'), 1
	case 'f':
		return append(dst, '\f'), 1
	case 'x', '%':
		if v := hexValue(s, 1, 2); v >= 0 {
			return append(dst, byte(v)), 3
		}
	case 'u':
		v := hexValue(s, 1, 4)
		if utf16.IsSurrogate(v) && len(s) >= 11 && s[5] == '\\' && s[6] == 'u' {
			return utf8.AppendRune(dst, utf16.DecodeRune(v, hexValue(s, 7, 4))), 11
		}
		if v >= 0 {
			return utf8.AppendRune(dst, v), 5
		}
	}
	return dst, 0
}
