package literal

import "bytes"

// single finds one literal with bytes.Index.
type single struct {
	text []byte
	lits []int
}

// newSingles returns the finders of an entry: two for a letter that matches in either case.
func newSingles(e entry) []single {
	if e.fold && isLetter(e.text[0]) {
		return []single{{[]byte{e.text[0] &^ 0x20}, e.lits}, {[]byte{e.text[0]}, e.lits}}
	}
	return []single{{[]byte(e.text), e.lits}}
}

// next returns the first place of the literal in block at lo or behind it and before hi, or hi.
func (s *single) next(block []byte, lo, hi int) int {
	if i := bytes.Index(block[lo:min(hi+len(s.text)-1, len(block))], s.text); i >= 0 {
		return lo + i
	}
	return hi
}

// scan appends the hits with lo <= Pos < hi.
func (s *single) scan(block []byte, lo, hi int, hits []Hit) []Hit {
	for lo = s.next(block, lo, hi); lo < hi; lo = s.next(block, lo+1, hi) {
		for _, l := range s.lits {
			hits = append(hits, Hit{lo, l})
		}
	}
	return hits
}

// first returns the first hit at lo or behind it, or best if that one is not behind it.
func (s *single) first(block []byte, lo int, best Hit) Hit {
	// One more byte than needed: a hit at best's own place may have the lower index.
	hi := min(best.Pos+1, len(block))
	if p := s.next(block, lo, hi); p < hi {
		return earlier(best, Hit{p, s.lits[0]})
	}
	return best
}

func earlier(a, b Hit) Hit {
	if compareHits(b, a) < 0 {
		return b
	}
	return a
}
