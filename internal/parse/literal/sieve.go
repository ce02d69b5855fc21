package literal

import (
	"encoding/binary"
	"math/bits"
)

const (
	gram      = 3 // bytes that are looked at in one place
	maxWindow = 7 // bytes of a window; the stride is then five, and a load of eight bytes still holds two places
	hashBits  = 16
	foldEight = 0x2020202020202020
)

// table is the sieve and the buckets behind it.
type table struct {
	stride   int
	reach    int                   // the largest distance from a literal's start to its window
	multiply uint32                // its last byte is 0: that keeps the fourth byte of what it multiplies out of a hash
	flags    [1 << hashBits]uint8  // by hash of a gram: 1 where a window holds it
	whole    [1 << hashBits]uint8  // by hash of a window: 1 where it is that of a literal
	bytes    uint64                // of the eight that are loaded, those of a window that stand in the text of every term
	around   [1 << hashBits]around // by hash of a gram: where windows stand around it; holds only where flagged
	bucket   [1 << hashBits]uint16 // by the same: the number of its bucket
	buckets  []bucket
	first    []*entry // those whose only place is before them: at the start of the block they are looked for one by one
}

// hash brings three bytes, the lowest of v, into hashBits. Case is lost: the bit by which letters of either case differ is
// set in all bytes.
func (t *table) hash(v uint32) uint32 { return hash(v, t.multiply) }

func hash(v, multiply uint32) uint32 { return foldGram(v) * multiply >> (32 - hashBits) }

// hashWindow is the hash of a window, the lowest bytes of v, in the same way. What may stand around a term has no part in
// it: a set of a hundred bytes at each end would fill the table.
func (t *table) hashWindow(v uint64) uint64 {
	return ((v | foldEight) & t.bytes) * 0x9E3779B97F4A7C15 >> (64 - hashBits)
}

// gramAt returns the gram at p, p <= len(block)-2; behind the end of the block stands a line end.
func gramAt(block []byte, p int) uint32 {
	if p+4 <= len(block) {
		return binary.LittleEndian.Uint32(block[p:])
	}
	v := uint32(block[p]) | uint32(block[p+1])<<8
	if p+2 < len(block) {
		return v | uint32(block[p+2])<<16
	}
	return v | '\n'<<16
}

// scan appends the hits with lo <= Pos < hi, in no order.
func (t *table) scan(block []byte, lo, hi int, hits []Hit) []Hit {
	if lo == 0 {
		hits = t.start(block, hits)
	}
	p, end := max(lo-1, 0), min(hi+t.reach+t.stride-1, len(block)-1)
	sieve := end-p >= worthSieving
	for ; p < end; p += t.stride {
		if sieve && p > maxWindow {
			p, hits = t.sieve(block, p, end, lo, hi, hits)
			sieve = false
		}
		if h := t.hash(gramAt(block, p)); t.flags[h] != 0 {
			hits = t.buckets[t.bucket[h]].find(block, p, lo, hi, hits)
		}
	}
	return hits
}

// start appends the hits at the start of the block of terms whose place would be before it.
func (t *table) start(block []byte, hits []Hit) []Hit {
	for _, e := range t.first {
		if e.at(block, 0) {
			for _, l := range e.lits {
				hits = append(hits, Hit{0, l})
			}
		}
	}
	return hits
}

const (
	worthSieving = 1 << 10 // bytes below which looking at place by place is quicker than clearing lists
	sieved       = 48      // bytes that a group takes in at most, with what a look at its last place reads beyond
)

// list is as many groups as one turn of the sieve can find: the first place of each, from the turn's start on and shifted
// by eight, and for each of the eight places of the group a bit that says whether it is flagged.
type list [512]uint32

// sieve scans from p on, p > maxWindow, until a group could read beyond end, and returns where it stopped. Whether a place
// is worth anything nobody can predict, and a mispredicted branch costs more than looking at ten places. So each step
// only adds up the answers, and writes every place down where the next good one belongs.
func (t *table) sieve(block []byte, p, end, lo, hi int, hits []Hit) (int, []Hit) {
	var groups, places list
	for end-p >= sieved {
		n, from := 0, p
		switch t.stride {
		case 5:
			n, p = t.sieve5(block[:end], p, &groups)
		case 4:
			n, p = t.sieve4(block[:end], p, &groups)
		case 3:
			n, p = t.sieve3(block[:end], p, &groups)
		case 2:
			n, p = t.sieve2(block[:end], p, &groups)
		default:
			n, p = t.sieve1(block[:end], p, &groups)
		}
		for some := groups[:n]; len(some) > 0; {
			k := min(len(some), len(places)/8)
			for _, at := range places[:t.plausible(block, from, some[:k], &places)] {
				h := t.hash(binary.LittleEndian.Uint32(block[at:]))
				hits = t.buckets[t.bucket[h]].find(block, int(at), lo, hi, hits)
			}
			some = some[k:]
		}
	}
	return p, hits
}

// plausible fills out with those flagged places of groups around which a whole window of the gram's bucket stands, or may
// stand, and returns how many. Most fail here: "los" stands in every line that tells of a loss.
func (t *table) plausible(block []byte, from int, groups []uint32, out *list) (n int) {
	for _, g := range groups {
		first := from + int(g>>8)
		for flags := g & 0xff; flags != 0; flags &= flags - 1 {
			at := first + t.stride*bits.TrailingZeros32(flags)
			a := t.around[t.hash(binary.LittleEndian.Uint32(block[at:]))]
			one := binary.LittleEndian.Uint64(block[at-a.one():])
			other := binary.LittleEndian.Uint64(block[at-a.other():])
			out[n&(len(out)-1)] = uint32(at)
			n += int(t.whole[t.hashWindow(one)] | t.whole[t.hashWindow(other)] | a.more())
		}
	}
	return n
}

// The five that follow are the same for strides of five to one: they go over b from p on until the next group could read
// beyond the end, or found could overflow, and return the number of groups found and the next place.

func (t *table) sieve5(b []byte, p int, found *list) (n, next int) {
	end := min(len(b), p+40*len(found))
	b = b[p:end]
	m, at := t.multiply, uint32(0)
	for ; len(b) >= sieved; b = b[40:] {
		v := binary.LittleEndian.Uint64(b) | foldEight
		w := binary.LittleEndian.Uint64(b[10:]) | foldEight
		x := binary.LittleEndian.Uint64(b[20:]) | foldEight
		y := binary.LittleEndian.Uint64(b[30:]) | foldEight
		flags := eight(t.flags[uint32(v)*m>>16], t.flags[uint32(v>>40)*m>>16], t.flags[uint32(w)*m>>16], t.flags[uint32(w>>40)*m>>16],
			t.flags[uint32(x)*m>>16], t.flags[uint32(x>>40)*m>>16], t.flags[uint32(y)*m>>16], t.flags[uint32(y>>40)*m>>16])
		found[n&(len(found)-1)] = at + flags
		n += int((flags + 0xff) >> 8)
		at += 40 << 8
	}
	return n, p + int(at>>8)
}

func (t *table) sieve4(b []byte, p int, found *list) (n, next int) {
	end := min(len(b), p+32*len(found))
	b = b[p:end]
	m, at := t.multiply, uint32(0)
	for ; len(b) >= sieved; b = b[32:] {
		v := binary.LittleEndian.Uint64(b) | foldEight
		w := binary.LittleEndian.Uint64(b[8:]) | foldEight
		x := binary.LittleEndian.Uint64(b[16:]) | foldEight
		y := binary.LittleEndian.Uint64(b[24:]) | foldEight
		flags := eight(t.flags[uint32(v)*m>>16], t.flags[uint32(v>>32)*m>>16], t.flags[uint32(w)*m>>16], t.flags[uint32(w>>32)*m>>16],
			t.flags[uint32(x)*m>>16], t.flags[uint32(x>>32)*m>>16], t.flags[uint32(y)*m>>16], t.flags[uint32(y>>32)*m>>16])
		found[n&(len(found)-1)] = at + flags
		n += int((flags + 0xff) >> 8)
		at += 32 << 8
	}
	return n, p + int(at>>8)
}

func (t *table) sieve3(b []byte, p int, found *list) (n, next int) {
	end := min(len(b), p+24*len(found))
	b = b[p:end]
	m, at := t.multiply, uint32(0)
	for ; len(b) >= sieved; b = b[24:] {
		v := binary.LittleEndian.Uint64(b) | foldEight
		w := binary.LittleEndian.Uint64(b[6:]) | foldEight
		x := binary.LittleEndian.Uint64(b[12:]) | foldEight
		y := binary.LittleEndian.Uint64(b[18:]) | foldEight
		flags := eight(t.flags[uint32(v)*m>>16], t.flags[uint32(v>>24)*m>>16], t.flags[uint32(w)*m>>16], t.flags[uint32(w>>24)*m>>16],
			t.flags[uint32(x)*m>>16], t.flags[uint32(x>>24)*m>>16], t.flags[uint32(y)*m>>16], t.flags[uint32(y>>24)*m>>16])
		found[n&(len(found)-1)] = at + flags
		n += int((flags + 0xff) >> 8)
		at += 24 << 8
	}
	return n, p + int(at>>8)
}

func (t *table) sieve2(b []byte, p int, found *list) (n, next int) {
	end := min(len(b), p+16*len(found))
	b = b[p:end]
	m, at := t.multiply, uint32(0)
	for ; len(b) >= sieved; b = b[16:] {
		v := binary.LittleEndian.Uint64(b) | foldEight
		w := binary.LittleEndian.Uint64(b[4:]) | foldEight
		x := binary.LittleEndian.Uint64(b[8:]) | foldEight
		y := binary.LittleEndian.Uint64(b[12:]) | foldEight
		flags := eight(t.flags[uint32(v)*m>>16], t.flags[uint32(v>>16)*m>>16], t.flags[uint32(w)*m>>16], t.flags[uint32(w>>16)*m>>16],
			t.flags[uint32(x)*m>>16], t.flags[uint32(x>>16)*m>>16], t.flags[uint32(y)*m>>16], t.flags[uint32(y>>16)*m>>16])
		found[n&(len(found)-1)] = at + flags
		n += int((flags + 0xff) >> 8)
		at += 16 << 8
	}
	return n, p + int(at>>8)
}

func (t *table) sieve1(b []byte, p int, found *list) (n, next int) {
	end := min(len(b), p+8*len(found))
	b = b[p:end]
	m, at := t.multiply, uint32(0)
	for ; len(b) >= sieved; b = b[8:] {
		v := binary.LittleEndian.Uint64(b) | foldEight
		w := binary.LittleEndian.Uint64(b[4:]) | foldEight
		flags := eight(t.flags[uint32(v)*m>>16], t.flags[uint32(v>>8)*m>>16], t.flags[uint32(v>>16)*m>>16], t.flags[uint32(v>>24)*m>>16],
			t.flags[uint32(w)*m>>16], t.flags[uint32(w>>8)*m>>16], t.flags[uint32(w>>16)*m>>16], t.flags[uint32(w>>24)*m>>16])
		found[n&(len(found)-1)] = at + flags
		n += int((flags + 0xff) >> 8)
		at += 8 << 8
	}
	return n, p + int(at>>8)
}

// eight makes one byte of eight flags.
func eight(a, b, c, d, e, f, g, h uint8) uint32 {
	return uint32(a) + 2*uint32(b) + 4*(uint32(c)+2*uint32(d)) + 16*(uint32(e)+2*uint32(f)+4*(uint32(g)+2*uint32(h)))
}

// firstHit returns the first hit at lo or behind it, or best if that one is not behind it.
func (t *table) firstHit(block []byte, lo int, best Hit) Hit {
	for _, e := range t.first {
		if lo == 0 && e.at(block, 0) {
			best = earlier(best, Hit{0, e.lits[0]})
		}
	}
	for p := max(lo-1, 0); p < min(best.Pos+t.reach+t.stride, len(block)-1); p += t.stride {
		if h := t.hash(gramAt(block, p)); t.flags[h] != 0 {
			best = t.buckets[t.bucket[h]].first(block, p, lo, best)
		}
	}
	return best
}
