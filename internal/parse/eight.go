package parse

import "encoding/binary"

// What follows looks at eight bytes at a time. Each function returns a word in which the high bit of a byte says that the
// byte at its place is one of those asked for; bits.TrailingZeros64(w)/8 is the first of them.

const (
	ones = 0x0101010101010101
	sevs = 0x7f7f7f7f7f7f7f7f
)

// eightAt loads eight bytes from i on; behind the end of the text stand zeros.
func eightAt(text []byte, i int) uint64 {
	if i+8 <= len(text) {
		return binary.LittleEndian.Uint64(text[i:])
	}
	var b [8]byte
	copy(b[:], text[i:])
	return binary.LittleEndian.Uint64(b[:])
}

// zeros finds the bytes that are zero, exactly.
func zeros(v uint64) uint64 { return ^((v&sevs + sevs) | v | sevs) }

// signs finds '=' and ':'.
func signs(v uint64) uint64 { return zeros(v^'='*ones) | zeros(v^':'*ones) }

// capitals finds 'A' to 'Z', and the few signs that stand around them in ASCII: @ [ \ ] ^ _.
func capitals(v uint64) uint64 { return zeros(v&(0xe0*ones) ^ 0x40*ones) }
