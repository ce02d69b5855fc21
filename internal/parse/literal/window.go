package literal

import (
	"math"
	"slices"
)

// newWuManber builds the table for entries of at least two bytes each. The literals with the least choice of a window
// (the shortest) go first; each next one takes the window that costs the search the least, given those before it.
func newWuManber(entries []entry) *wuManber {
	entries = slices.Clone(entries)
	slices.SortStableFunc(entries, func(a, b entry) int { return len(a.text) - len(b.text) })
	m := &wuManber{
		window: min(len(entries[0].text), maxWindow),
		steps:  new([1 << 16]byte),
		bucket: new([1 << 16]uint16),
		mask:   ^uint32(0) << (8 * max(0, 4-len(entries[0].text))),
	}
	for i := range m.steps {
		m.steps[i] = byte(m.window - 1)
	}
	common := pairCounts()
	for _, e := range entries {
		m.add(e, m.chooseWindow(e, common))
	}
	return m
}

// chooseWindow returns the offset in e's text of the cheapest window.
func (m *wuManber) chooseWindow(e entry, common *[1 << 16]uint16) int {
	best, least := 0, math.MaxInt
	for off := 0; off+m.window <= len(e.text); off++ {
		if c := m.cost(e, off, common); c < least {
			best, least = off, c
		}
	}
	return best
}

// candidateCost is what a candidate costs, in bytes by which the search could have moved instead: a mispredicted branch.
const candidateCost = 32

// cost estimates what the window at off would take away from the search: for each of its pairs how common it is, times the
// bytes by which the search would move less over it; and the candidates.
func (m *wuManber) cost(e entry, off int, common *[1 << 16]uint16) int {
	c := 0
	for j := 1; j < m.window; j++ {
		for _, p := range pairs(e, off+j) {
			met, step := 1+32*int(common[p]), m.steps[p]
			c += met * max(0, int(step&^candidate)-m.stepFor(j))
			switch {
			case j < m.window-1:
			case step&candidate == 0:
				c += met * candidateCost
			default:
				c += met * (1 + len(m.ends[m.bucket[p]]))
			}
		}
	}
	return c
}

// stepFor returns how far the window may move over a pair whose second byte is byte j of a literal's window. For the last
// pair, the literal is found right there, and the next place at which it could be is not known better than by the rest.
func (m *wuManber) stepFor(j int) int {
	if j == m.window-1 {
		return m.window - 1
	}
	return m.window - 1 - j
}

// add enters the window at off of e.
func (m *wuManber) add(e entry, off int) {
	for j := 1; j < m.window; j++ {
		for _, p := range pairs(e, off+j) {
			flag := m.steps[p] & candidate
			m.steps[p] = flag | min(m.steps[p]&^candidate, byte(m.stepFor(j)))
			if j == m.window-1 {
				m.addEnding(p, ending{e, off + j})
			}
		}
	}
	m.reach = max(m.reach, off)
	m.addSignature(e.text[off : off+m.window])
}

func (m *wuManber) addSignature(window string) {
	var four uint32
	for i := range min(4, len(window)) {
		four |= uint32(window[len(window)-1-i]) << (24 - 8*i)
	}
	s := m.signature(four)
	m.filter[s>>5] |= 1 << (s & 31)
}

func (m *wuManber) addEnding(p uint16, e ending) {
	if m.steps[p]&candidate == 0 {
		m.steps[p] |= candidate
		m.bucket[p] = uint16(len(m.ends))
		m.ends = append(m.ends, nil)
	}
	m.ends[m.bucket[p]] = append(m.ends[m.bucket[p]], e)
}

// pairs returns the pairs that can stand where e has its bytes i-1 and i: up to four if their case is free.
func pairs(e entry, i int) []uint16 {
	var out []uint16
	for _, a := range cases(e.text[i-1], e.fold) {
		for _, b := range cases(e.text[i], e.fold) {
			out = append(out, uint16(a)|uint16(b)<<8)
		}
	}
	return out
}

func cases(c byte, fold bool) []byte {
	if fold && isLetter(c) {
		return []byte{c | 0x20, c &^ 0x20}
	}
	return []byte{c}
}
