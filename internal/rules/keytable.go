package rules

import (
	"encoding/binary"
	"iter"
	"math/bits"
	"math/rand/v2"
)

// keyTable holds a number for each of many values. It is a table with open addressing whose slots hold no pointers, so
// that to find a value that is known, which most events of a storm bring, is to look at one line of memory. Values are the
// log's to choose: the secret of the hash keeps anybody from choosing such as fall on one slot.
//
// The zero table is empty and takes no memory.
type keyTable struct {
	slots []keySlot // as many as a power of two; at least a quarter of them are free
	n     int
}

type keySlot struct {
	words
	at int64 // the number, plus one; 0: the slot is free
}

// words are a valueKey as numbers: what is built and compared for each event should stay in registers.
type words struct{ a, b uint64 }

// wordsOf returns the words of the key of a value that is the key itself.
func wordsOf(v []byte) words {
	n := len(v)
	if n < 8 {
		var a uint64
		for i, c := range v {
			a |= uint64(c) << (8 * i)
		}
		return words{uint64(n) | a<<8, 0}
	}
	first, rest := binary.LittleEndian.Uint64(v), binary.LittleEndian.Uint64(v[n-8:])>>(8*(16-n)) // what is not in first
	return words{uint64(n) | first<<8, first>>56 | rest<<8}
}

func (k *valueKey) words() words {
	return words{binary.LittleEndian.Uint64(k[:8]), binary.LittleEndian.Uint64(k[8:])}
}

func (w words) key() (k valueKey) {
	binary.LittleEndian.PutUint64(k[:8], w.a)
	binary.LittleEndian.PutUint64(k[8:], w.b)
	return k
}

// hashed is a value's key with its hash.
type hashed struct {
	words
	hash uint64
}

// secret makes hashes that nobody outside can foresee.
type secret [2]uint64

func newSecret() secret { return secret{rand.Uint64(), rand.Uint64()} }

func (s *secret) of(w words) uint64 {
	hi, lo := bits.Mul64(w.a^s[0], w.b^s[1])
	return hi ^ lo
}

func (s *secret) hashed(k valueKey) hashed { return hashed{k.words(), s.of(k.words())} }

// leastSlots is the size of a table that holds anything.
const leastSlots = 8

// find returns the number of a value plus one, to be read and changed until the table is; nil where it is not there.
func (t *keyTable) find(k *hashed) *int64 {
	if t.n == 0 {
		return nil
	}
	mask := uint64(len(t.slots) - 1)
	for i := k.hash & mask; ; i = (i + 1) & mask {
		switch s := &t.slots[i]; {
		case s.at == 0:
			return nil
		case s.words == k.words:
			return &s.at
		}
	}
}

// insert adds a value that is not there.
func (t *keyTable) insert(k *hashed, number int64, sec *secret) {
	if (t.n+1)*4 > len(t.slots)*3 {
		t.resize(max(leastSlots, 2*len(t.slots)), sec)
	}
	t.place(keySlot{k.words, number + 1}, k.hash)
	t.n++
}

func (t *keyTable) place(s keySlot, hash uint64) {
	mask := uint64(len(t.slots) - 1)
	i := hash & mask
	for t.slots[i].at != 0 {
		i = (i + 1) & mask
	}
	t.slots[i] = s
}

func (t *keyTable) resize(slots int, sec *secret) {
	old := t.slots
	t.slots = make([]keySlot, slots)
	for i := range old {
		if old[i].at != 0 {
			t.place(old[i], sec.of(old[i].words))
		}
	}
}

// keep forgets all whose numbers are less.
func (t *keyTable) keep(least int64, sec *secret) {
	left := 0
	for i := range t.slots {
		if s := &t.slots[i]; s.at > max(0, least) {
			left++
		} else {
			s.at = 0
		}
	}
	if left == t.n {
		return
	}
	slots := 0
	if left > 0 {
		slots = max(leastSlots, 1<<bits.Len(uint(left*4/3)))
	}
	t.n = left
	t.resize(slots, sec)
}

// clear forgets everything, and keeps the memory of a small table.
func (t *keyTable) clear() {
	if t.n = 0; len(t.slots) > 2048 {
		t.slots = nil
	}
	clear(t.slots)
}

// all returns the values with their numbers, in no order.
func (t *keyTable) all() iter.Seq2[valueKey, int64] {
	return func(yield func(valueKey, int64) bool) {
		for i := range t.slots {
			if s := &t.slots[i]; s.at != 0 && !yield(s.key(), s.at-1) {
				return
			}
		}
	}
}
