package literal

import (
	"bytes"
	"fmt"
	"math/bits"
	"strings"
	"testing"
)

// effort is what a search of the block costs a table: places, and for those that are flagged the comparisons of the
// buckets that they lead to, if every one of them had to be made.
func (t *table) effort(block []byte) (n int) {
	for p := 0; p < len(block)-1; p += t.stride {
		n++
		h := t.hash(gramAt(block, p))
		if t.flags[h] == 0 {
			continue
		}
		b := &t.buckets[t.bucket[h]]
		for i := range b.shelves {
			s := &b.shelves[i]
			n += 1 + bits.Len(uint(len(s.texts)))
			if pos := p - s.back; pos >= 0 && pos < len(block) {
				for k := s.last(block[pos:]); k >= 0; k = s.texts[k].shorter {
					n++
				}
			}
		}
	}
	return n
}

// TestGrowth: no log can make the search slow by more than a factor that does not depend on its length, nor, but for the
// logarithm, on the number of literals.
func TestGrowth(t *testing.T) {
	t.Parallel()
	alike := func(n int) (lits []Literal) { // all with the same window
		for i := range n {
			lits = append(lits, Literal{Text: fmt.Sprintf("zqjxvw%06d", i)})
		}
		return lits
	}
	nested := func(n int) (lits []Literal) {
		for i := range min(n, MaxLen-6) {
			lits = append(lits, Literal{Text: strings.Repeat("a", 6+i)})
		}
		return lits
	}
	names := func(n int) (lits []Literal) {
		for i := range n {
			lits = append(lits, Literal{Text: fmt.Sprintf("ERROR_%d_%s", i*7919%100003, []string{"REFUSED", "FAILED", "DENIED"}[i%3])})
		}
		return lits
	}
	const size = 1 << 18
	fill := func(s string) []byte { return bytes.Repeat([]byte(s), size/len(s)) }
	for name, c := range map[string]struct {
		lits  func(n int) []Literal
		block []byte
	}{
		"alike":         {alike, fill("zqjxvw00005")},
		"alike, hits":   {alike, fill("zqjxvw000050 ")},
		"nested":        {nested, fill("a")},
		"names":         {names, fill("ERROR_12_REFUSES ERROR_7919_DENIEF ")},
		"names in logs": {names, meetingLog(size)},
	} {
		few, many := newMatcher(t, c.lits(100)), newMatcher(t, c.lits(10_000))
		a, b := few.effort(c.block), many.effort(c.block)
		if limit := 3*a + size; b > limit {
			t.Errorf("%s: %d for a hundred literals, %d for ten thousand", name, a, b)
		}
		if half := many.effort(c.block[:size/2]); b > 2*half+half/8+100 {
			t.Errorf("%s: %d for half of the block, %d for all", name, half, b)
		}
		if b > size*2*MaxLen {
			t.Errorf("%s: %d for %d bytes", name, b, size)
		}
	}
}

func newMatcher(t *testing.T, lits []Literal) *table {
	t.Helper()
	m := NewMatcher(lits)
	if m.table == nil {
		t.Fatal("no table")
	}
	return m.table
}
