package literal

import (
	"math"
	"slices"
)

// newTable builds the table for entries that span at least a gram each. Those with the least choice of a window (the
// shortest) go first; each next one takes the window that costs the search the least, given those before it.
func newTable(entries []entry) *table {
	entries = slices.Clone(entries)
	slices.SortStableFunc(entries, func(a, b entry) int { return a.span() - b.span() })
	w := windows{stride: min(entries[0].span(), maxWindow) - gram + 1, common: commonGrams(), used: &counts{}}
	offsets := make([]int, len(entries))
	for i := range entries {
		offsets[i] = w.choose(&entries[i])
	}
	t := &table{stride: w.stride, multiply: w.multiplier(), bytes: w.inside(entries, offsets)}
	for i := range entries {
		t.add(&entries[i], offsets[i], &w)
	}
	for i := range t.buckets {
		t.buckets[i].sort()
	}
	return t
}

// add enters the window at off of e.
func (t *table) add(e *entry, off int, w *windows) {
	t.reach = max(t.reach, off)
	if off+t.stride <= 0 {
		t.first = append(t.first, e)
	}
	for into := range t.stride {
		for _, g := range w.gramsOf(e, off+into) {
			h := t.hash(g)
			t.bucketOf(h).add(e, off+into)
			t.around[h] = t.around[h].with(into)
		}
	}
	t.whole[t.hashWindow(e.window(off, t.stride+gram-1))] = 1
}

// window returns n bytes of the term from off on; zeros where these are not of its text.
func (e *entry) window(off, n int) (v uint64) {
	for i := range n {
		if at := off + i; at >= 0 && at < len(e.Text) {
			v |= uint64(e.Text[at]) << (8 * i)
		}
	}
	return v
}

// inside returns the mask of those bytes of windows that are inside the text of every term.
func (w *windows) inside(entries []entry, offsets []int) uint64 {
	n := w.stride + gram - 1
	mask := uint64(1)<<(8*n) - 1
	for i := range entries {
		if offsets[i] < 0 {
			mask &^= 0xff
		}
		if offsets[i]+n > len(entries[i].Text) {
			mask &^= 0xff << (8 * (n - 1))
		}
	}
	return mask
}

// bucketOf returns the bucket of a hash, a new one where it has none yet.
func (t *table) bucketOf(h uint32) *bucket {
	if t.flags[h] == 0 {
		t.flags[h] = 1
		t.bucket[h] = uint16(len(t.buckets))
		t.buckets = append(t.buckets, bucket{})
	}
	return &t.buckets[t.bucket[h]]
}

// windows chooses where the windows of terms are.
type windows struct {
	stride int
	common *counts  // grams of ordinary lines
	used   *counts  // grams that stand for a term, and for how many
	grams  []uint32 // scratch
}

// choose returns the offset of the cheapest window of a term.
func (w *windows) choose(e *entry) int {
	from, to := e.edges()
	best, least := 0, math.MaxInt
	for off := from; off+w.stride+gram-1 <= to; off++ {
		if c := w.cost(e, off); c < least {
			best, least = off, c
		}
	}
	for at := best; at < best+w.stride; at++ {
		for _, g := range w.gramsOf(e, at) {
			w.used.at(g).n++
		}
	}
	return best
}

func (w *windows) gramsOf(e *entry, at int) []uint32 {
	w.grams = e.grams(at, w.grams[:0])
	return w.grams
}

// What a window costs: a gram that is in use already costs only that its bucket grows; a new one may have the hash of
// another one, and is met as often as it stands in ordinary lines.
const (
	costNew    = 4
	costCommon = 64
)

func (w *windows) cost(e *entry, off int) int {
	c := 0
	for at := off; at < off+w.stride; at++ {
		for _, g := range w.gramsOf(e, at) {
			if n := w.used.of(g); n > 0 {
				c += (1 + w.common.of(g)) * n
			} else {
				c += costNew + costCommon*w.common.of(g)
			}
		}
	}
	return c
}

// tries is the number of multipliers that are compared, and commonFrom the count from which on it matters whether a gram
// of ordinary lines has the hash of one in use.
const (
	tries      = 32
	commonFrom = 3
)

// multiplier returns, of a few, the one that gives the fewest grams of ordinary lines the hash of one in use.
func (w *windows) multiplier() uint32 {
	var others []counted
	for _, c := range w.common.all {
		if c.n >= commonFrom && w.used.of(c.gram) == 0 {
			others = append(others, c)
		}
	}
	best, least := uint32(0), math.MaxInt
	var flags [1 << hashBits]uint8 // number of the latest try in which the hash was in use
	for try := range uint32(tries) {
		m := (0x9E3779B1 + try*0x3C6EF372) << 8
		for _, c := range w.used.all {
			flags[hash(c.gram, m)] = uint8(try + 1)
		}
		sum := 0
		for _, o := range others {
			if flags[hash(o.gram, m)] == uint8(try+1) {
				sum += o.n
			}
		}
		if sum < least {
			best, least = m, sum
		}
	}
	return best
}

// grams appends those that can stand at an offset of a term, in lower case: one inside its text, and one for each byte that
// may stand at its edge. The end of the block counts as a line end; its start is looked at by itself.
func (e *entry) grams(at int, out []uint32) []uint32 {
	switch {
	case at < 0:
		two := uint32(e.Text[0])<<8 | uint32(e.Text[1])<<16
		for c := range 256 {
			if byte(c) == foldByte(byte(c)) && (e.Prev.has(byte(c)) || e.Prev.has(byte(c)&^foldBit)) {
				out = append(out, foldGram(uint32(c)|two))
			}
		}
	case at+gram <= len(e.Text):
		out = append(out, foldGram(uint32(e.Text[at])|uint32(e.Text[at+1])<<8|uint32(e.Text[at+2])<<16))
	default:
		two := uint32(e.Text[at]) | uint32(e.Text[at+1])<<8
		for c := range 256 {
			if byte(c) == foldByte(byte(c)) && (e.Next.has(byte(c)) || e.Next.has(byte(c)&^foldBit) || byte(c) == foldByte('\n')) {
				out = append(out, foldGram(two|uint32(c)<<16))
			}
		}
	}
	return out
}

// foldBit is the bit by which letters of either case differ.
const foldBit = 0x20

func foldByte(c byte) byte { return c | foldBit }

// foldGram sets it in three bytes.
func foldGram(g uint32) uint32 { return g | foldBit<<16 | foldBit<<8 | foldBit }

// counts is a multiset of grams: a hash table, since a map takes most of the time in which a matcher is built.
type counts struct {
	slots [1 << 13]uint16 // index into all, plus one
	all   []counted
}

type counted struct {
	gram uint32
	n    int
	line int // in which it was met last, and how often there
	here int
}

// at returns the entry of a gram, a new one where there is none.
func (c *counts) at(g uint32) *counted {
	i := g * 0x9E3779B1 >> 19
	for ; c.slots[i] != 0; i = (i + 1) % uint32(len(c.slots)) {
		if k := &c.all[c.slots[i]-1]; k.gram == g {
			return k
		}
	}
	if len(c.all) == len(c.slots)*3/4 {
		return &counted{} // of tens of thousands of literals, the later ones are not told apart
	}
	c.all = append(c.all, counted{gram: g})
	c.slots[i] = uint16(len(c.all))
	return &c.all[len(c.all)-1]
}

// of returns the count of a gram.
func (c *counts) of(g uint32) int {
	for i := g * 0x9E3779B1 >> 19; c.slots[i] != 0; i = (i + 1) % uint32(len(c.slots)) {
		if k := &c.all[c.slots[i]-1]; k.gram == g {
			return k.n
		}
	}
	return 0
}

// commonGrams says how common grams are in ordinary lines. One that stands in a line several times counts more often than
// it stands there, by the square, since logs are of one form: where there is one such line, all are. Numbers of three
// digits, and two with a sign, as in dates and times, are added: those of the sample are accidental.
func commonGrams() *counts {
	c := &counts{all: make([]counted, 0, 4096)}
	line := 0
	for p := range len(ordinary) - gram + 1 {
		if ordinary[p] == '\n' {
			line++
		}
		k := c.at(foldGram(uint32(ordinary[p]) | uint32(ordinary[p+1])<<8 | uint32(ordinary[p+2])<<16))
		if k.line != line {
			k.line, k.here = line, 0
		}
		k.here++
		k.n += 2*k.here - 1
	}
	for n := range uint32(1000) {
		c.at(foldGram('0'+n/100|('0'+n/10%10)<<8|('0'+n%10)<<16)).n++
	}
	for n := range uint32(100) {
		tens, ones := '0'+n/10, '0'+n%10
		for _, sign := range []byte("-:.") {
			for _, g := range []uint32{tens | ones<<8 | uint32(sign)<<16, uint32(sign) | tens<<8 | ones<<16, tens | uint32(sign)<<8 | ones<<16} {
				c.at(foldGram(g)).n += commonFrom
			}
		}
	}
	return c
}
