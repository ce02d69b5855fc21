package privacy

import (
	"bytes"
	"testing"
)

// TestEight holds the looks at eight bytes against the definition, for every pair of bytes at every place.
func TestEight(t *testing.T) {
	t.Parallel()
	for before := range 256 {
		for c := range 256 {
			for at := range 8 {
				text := []byte("aaaaaaaa")
				first := byte(before)
				if at > 0 {
					first, text[at-1] = 'a', byte(before)
				}
				text[at] = byte(c)
				b, small := byte(c), before&0x60 == 0x60
				want := b == '.' || b >= ':' && b <= '@' || (b == '-' || b == '_') && small
				if got := marks(eightAt(text, 0), first)>>(8*at+7)&1 == 1; got != want {
					t.Fatalf("marks: %q behind %#x at %d: %v", b, before, at, got)
				}
				if got := mayStart(text[:at+1]); got != bytes.ContainsAny(text[:at+1], `J@%\Bb`) {
					t.Fatalf("mayStart(%q) = %v", text[:at+1], got)
				}
			}
		}
	}
}
