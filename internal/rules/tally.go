package rules

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// tally counts values, at most maxValues of them, by the space-saving algorithm: when a value finds no room it takes
// the place of the rarest one, of these the first, and inherits its count as a possible error. A value that makes up more
// than one in maxValues of all is always in it, and n - err is what it was certainly seen.
//
// It is used for each event and each of its fields, so it does not compare the value with all: each has a tag of a byte, of
// which eight are compared at once.
type tally struct {
	list []counted
	tags [maxValues / 8]uint64

	least int64 // no count is smaller, and before from none is equal; 0: not known
	from  int
}

type counted struct {
	value  []byte
	n, err int64
}

// add counts one value and says whether the tally has grown.
func (t *tally) add(value []byte, room bool) (grown bool) {
	value = clip(value, maxValueBytes)
	tag := tagOf(value)
	if i := t.find(value, tag); i >= 0 {
		t.list[i].n++
		return false
	}
	if len(t.list) < minValues || room && len(t.list) < maxValues {
		t.push(counted{value: bytes.Clone(value), n: 1})
		return true
	}
	i := t.rarest()
	t.tag(i, tag)
	r := &t.list[i]
	r.value = append(r.value[:0], value...)
	r.err = r.n
	r.n++
	return false
}

// push appends a value that is not in the tally.
func (t *tally) push(c counted) {
	t.tag(len(t.list), tagOf(c.value))
	t.list = append(t.list, c)
	t.least = 0
}

func (t *tally) tag(i int, tag byte) {
	shift := uint(i%8) * 8
	t.tags[i/8] = t.tags[i/8]&^(0xFF<<shift) | uint64(tag)<<shift
}

// tagOf makes a byte of a value's ends and length.
func tagOf(v []byte) byte {
	x := uint64(len(v))
	if len(v) >= 8 {
		x ^= binary.LittleEndian.Uint64(v) ^ bits.RotateLeft64(binary.LittleEndian.Uint64(v[len(v)-8:]), 29)
	} else {
		for _, c := range v {
			x = x<<8 | uint64(c)
		}
	}
	return byte(x * 0x9E3779B97F4A7C15 >> 56)
}

// find returns where a value is, -1 where it is not.
func (t *tally) find(value []byte, tag byte) int {
	const low, high = 0x0101010101010101, 0x8080808080808080
	for w := 0; w*8 < len(t.list); w++ {
		x := t.tags[w] ^ low*uint64(tag) // a byte that is 0 is the tag
		for m := (x - low) &^ x & high; m != 0; m &= m - 1 {
			i := w*8 + bits.TrailingZeros64(m)/8
			if i < len(t.list) && bytes.Equal(t.list[i].value, value) {
				return i
			}
		}
	}
	return -1
}

// rarest returns the first of the values with the smallest count. Counts only grow, so it goes on where it ended.
func (t *tally) rarest() int {
	for {
		for ; t.from < len(t.list); t.from++ {
			if t.list[t.from].n == t.least {
				return t.from
			}
		}
		t.from, t.least = 0, t.list[0].n
		for i := range t.list {
			t.least = min(t.least, t.list[i].n)
		}
	}
}
