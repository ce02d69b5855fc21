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

// between finds the bytes from one to another, both below 0x80. Adding to the low seven bits carries into the top bit from a
// threshold on, and never into the next byte.
func between(v uint64, from, to byte) uint64 {
	low := v & sevs
	return (low + ones*uint64(0x80-from)) &^ (low + ones*uint64(0x7f-to)) &^ v & (ones << 7)
}

// signs finds '=' and ':', and ';' and '<', which lie between them.
func signs(v uint64) uint64 { return between(v, ':', '=') }

// capitals finds 'A' to 'Z'.
func capitals(v uint64) uint64 { return between(v, 'A', 'Z') }
