package rules

import (
	"encoding/binary"
	"maps"
	"math/rand/v2"
	"testing"
)

// TestKeyTableIsAMap holds random changes of a table against a map, also where every hash falls on a few slots.
func TestKeyTableIsAMap(t *testing.T) {
	eachSeed(t, func(t *testing.T, r *rand.Rand) {
		sec := newSecret()
		if r.IntN(4) == 0 {
			sec = secret{} // then short values that differ in their ends alone have one hash
		}
		values := 1 + r.IntN(200)
		var table keyTable
		want := map[valueKey]int64{}
		for range 2000 {
			var v [8]byte
			binary.BigEndian.PutUint64(v[:], uint64(r.IntN(values)))
			k := sec.hashed(keyOf(v[r.IntN(8):]))
			switch at, known := table.find(&k), want[k.key()]; {
			case (at != nil) != hasKey(want, k.key()) || at != nil && *at-1 != known:
				t.Fatalf("%x: %v, want %d", k.key(), at, known)
			case r.IntN(300) == 0:
				least := r.Int64N(120) - 10
				table.keep(least, &sec)
				maps.DeleteFunc(want, func(_ valueKey, n int64) bool { return n < least })
			case r.IntN(700) == 0:
				table.clear()
				clear(want)
			case at != nil:
				*at = r.Int64N(100) + 1
				want[k.key()] = *at - 1
			default:
				n := r.Int64N(100)
				table.insert(&k, n, &sec)
				want[k.key()] = n
			}
			if table.n != len(want) {
				t.Fatalf("%d values, want %d", table.n, len(want))
			}
		}
		if got := maps.Collect(table.all()); !maps.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

func hasKey(m map[valueKey]int64, k valueKey) bool {
	_, ok := m[k]
	return ok
}

// TestKeyOfShortValues holds that a short value can be read from its key, whatever its length.
func TestKeyOfShortValues(t *testing.T) {
	t.Parallel()
	const text = "abcdefghijklmno"
	for n := range len(text) + 1 {
		k := keyOf([]byte(text[:n]))
		if int(k[0]) != n || string(k[1:1+n]) != text[:n] || wordsOf([]byte(text[:n])).key() != k || k != keyOf([]byte(text[:n])) {
			t.Errorf("the key of %q: %x", text[:n], k)
		}
		for _, c := range k[1+n:] {
			if c != 0 {
				t.Errorf("the key of %q: %x", text[:n], k)
			}
		}
	}
}
