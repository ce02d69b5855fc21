package literal

import "bytes"

// single finds one term with bytes.Index.
type single struct {
	*entry
	text []byte // the entry's, as it may be written
}

// newSingles returns the finders of an entry: one for each way in which its letters, two at most, may be written.
func newSingles(e *entry) []single {
	texts := []string{""}
	for i := range len(e.Text) {
		var longer []string
		for _, t := range texts {
			for _, c := range cases(e.Text[i], e.Fold) {
				longer = append(longer, t+string([]byte{c}))
			}
		}
		texts = longer
	}
	var out []single
	for _, t := range texts {
		out = append(out, single{e, []byte(t)})
	}
	return out
}

func cases(c byte, fold bool) []byte {
	if fold && isLetter(c) {
		return []byte{c | 0x20, c &^ 0x20}
	}
	return []byte{c}
}

// find returns the first place of the literal in block at lo or behind it and before hi, or hi.
func (s *single) find(block []byte, lo, hi int) int {
	for lo < hi {
		i := bytes.Index(block[lo:min(hi+len(s.text)-1, len(block))], s.text)
		if i < 0 {
			return hi
		}
		lo += i
		if s.between(block, lo) {
			return lo
		}
		lo++
	}
	return hi
}

// scan appends the hits with lo <= Pos < hi.
func (s *single) scan(block []byte, lo, hi int, hits []Hit) []Hit {
	for lo = s.find(block, lo, hi); lo < hi; lo = s.find(block, lo+1, hi) {
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
	if p := s.find(block, lo, hi); p < hi {
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
