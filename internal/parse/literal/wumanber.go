package literal

import "encoding/binary"

// maxWindow bounds the window, so that a step and the flag fit into a byte.
const maxWindow = 64

// candidate flags a pair that ends a window. The other bits of a step are how far the window may move.
const candidate = 0x80

// wuManber is the table search that the head of matcher.go describes.
type wuManber struct {
	window int              // w: bytes that stand for each literal, >= 2
	reach  int              // the largest distance from a literal's start to its window
	steps  *[1 << 16]byte   // by pair (first byte in the low half): how far to move, and candidate
	bucket *[1 << 16]uint16 // by pair; holds only for candidates
	ends   [][]ending       // by bucket number
	mask   uint32           // the last bytes of a window, up to four, that signature takes in
	filter [1 << 7]uint32   // bit set by signature: whether a window ends so
}

// ending is a literal whose window ends with the bucket's pair.
type ending struct {
	entry
	back int // from the literal's start to the pair's second byte
}

// pairAt returns the pair whose second byte is at end.
func pairAt(block []byte, end int) uint16 { return binary.LittleEndian.Uint16(block[end-1:]) }

// signature hashes the four bytes that end at end (fewer if the window is shorter), in lower case, to 12 bits. Most
// candidates end here: "er" is common, the "iller" of a killer is not.
func (m *wuManber) signature(four uint32) uint32 {
	return ((four | 0x20202020) & m.mask) * 0x9E3779B1 >> 20
}

// plausible reports whether the candidate at p is worth verifying.
func (m *wuManber) plausible(block []byte, p int) bool {
	if p < 3 {
		return true
	}
	s := m.signature(binary.LittleEndian.Uint32(block[p-3:]))
	return m.filter[s>>5]>>(s&31)&1 != 0
}

// cursors returns the range of places at which the last byte of a window can be for hits with lo <= Pos < hi.
func (m *wuManber) cursors(block []byte, lo, hi int) (from, to int) {
	return lo + m.window - 1, min(hi+m.window-1+m.reach, len(block))
}

// maxMixed is the number of hits in a strip above which its lanes are given up and it is searched from start to end: its
// hits then come nearly in order, and sorting them would cost more than the lanes gain.
const maxMixed = 128

// scan appends the hits with lo <= Pos < hi, in no order.
func (m *wuManber) scan(block []byte, lo, hi int, hits []Hit) []Hit {
	from, to := m.cursors(block, lo, hi)
	if from >= to {
		return hits
	}
	n := len(hits)
	lane := (to - from) / 4
	p0, p1, p2, p3 := from, from+lane, from+2*lane, from+3*lane
	e0, e1, e2 := p1, p2, p3
	for p0 < e0 && p1 < e1 && p2 < e2 && p3 < to {
		s0 := m.steps[pairAt(block, p0)]
		s1 := m.steps[pairAt(block, p1)]
		s2 := m.steps[pairAt(block, p2)]
		s3 := m.steps[pairAt(block, p3)]
		if (s0|s1|s2|s3)&candidate != 0 {
			if s0&candidate != 0 && m.plausible(block, p0) {
				hits = m.verify(block, p0, lo, hi, hits)
			}
			if s1&candidate != 0 && m.plausible(block, p1) {
				hits = m.verify(block, p1, lo, hi, hits)
			}
			if s2&candidate != 0 && m.plausible(block, p2) {
				hits = m.verify(block, p2, lo, hi, hits)
			}
			if s3&candidate != 0 && m.plausible(block, p3) {
				hits = m.verify(block, p3, lo, hi, hits)
			}
			if len(hits)-n > maxMixed {
				return m.lane(block, from, to, lo, hi, hits[:n])
			}
		}
		p0 += int(s0 &^ candidate)
		p1 += int(s1 &^ candidate)
		p2 += int(s2 &^ candidate)
		p3 += int(s3 &^ candidate)
	}
	hits = m.lane(block, p0, e0, lo, hi, hits)
	hits = m.lane(block, p1, e1, lo, hi, hits)
	hits = m.lane(block, p2, e2, lo, hi, hits)
	return m.lane(block, p3, to, lo, hi, hits)
}

// lane finishes one lane by itself.
func (m *wuManber) lane(block []byte, p, end, lo, hi int, hits []Hit) []Hit {
	for p = m.next(block, p, end); p < end; p = m.next(block, m.past(block, p), end) {
		if m.plausible(block, p) {
			hits = m.verify(block, p, lo, hi, hits)
		}
	}
	return hits
}

// next returns the first candidate at or behind p, or a place at or behind end.
func (m *wuManber) next(block []byte, p, end int) int {
	for p < end {
		s := m.steps[pairAt(block, p)]
		if s&candidate != 0 {
			return p
		}
		p += int(s)
	}
	return p
}

// past returns the place to go on with after the candidate at p.
func (m *wuManber) past(block []byte, p int) int {
	return p + int(m.steps[pairAt(block, p)]&^candidate)
}

// verify appends the literals that stand in block with the end of their window at p, and start in [lo, hi).
func (m *wuManber) verify(block []byte, p, lo, hi int, hits []Hit) []Hit {
	ends := m.ends[m.bucket[pairAt(block, p)]]
	for i := range ends {
		e := &ends[i]
		if pos := p - e.back; pos >= lo && pos < hi && e.at(block, pos) {
			for _, l := range e.lits {
				hits = append(hits, Hit{pos, l})
			}
		}
	}
	return hits
}

// first returns the first hit at lo or behind it, or best if that one is not behind it.
func (m *wuManber) first(block []byte, lo int, best Hit) Hit {
	p, end := m.cursors(block, lo, best.Pos+1)
	for p = m.next(block, p, end); p < end; p = m.next(block, m.past(block, p), end) {
		ends := m.ends[m.bucket[pairAt(block, p)]]
		for i := range ends {
			e := &ends[i]
			if pos := p - e.back; pos >= lo && pos <= best.Pos && e.at(block, pos) {
				best = earlier(best, Hit{pos, e.lits[0]})
				_, end = m.cursors(block, lo, best.Pos+1)
			}
		}
	}
	return best
}

// at reports whether the literal stands at pos.
func (e *ending) at(block []byte, pos int) bool {
	if len(block)-pos < len(e.text) {
		return false
	}
	text := block[pos : pos+len(e.text)]
	if !e.fold {
		return string(text) == e.text
	}
	for i, c := range text {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != e.text[i] {
			return false
		}
	}
	return true
}
