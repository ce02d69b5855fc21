package rules

import (
	"encoding/binary"
	"math/bits"
)

// recentValues holds which values were noted not long ago, in which set and in which of its parts or buckets: to note one
// there again changes nothing, and most events of a storm are such. A set has a number of its own as long as it lives, so
// nothing here need be taken back.
type recentValues struct {
	sets uint64 // numbers given
	at   [1 << 12]recentValue
}

type recentValue struct {
	set  uint64
	part int64
	key  valueKey
}

// of returns the place of a value of a set, which it gives a number where it has none.
func (r *recentValues) of(set *uint64, k *valueKey) *recentValue {
	if *set == 0 {
		r.sets++
		*set = r.sets
	}
	x := binary.LittleEndian.Uint64(k[:]) ^ bits.RotateLeft64(binary.LittleEndian.Uint64(k[8:]), 29) ^ *set<<40
	return &r.at[x*0x9E3779B97F4A7C15>>52]
}

// is says that a value was noted there last.
func (v *recentValue) is(set uint64, part int64, k *valueKey) bool {
	return v.part == part && v.set == set && v.key == *k
}
