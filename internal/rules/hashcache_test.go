package rules

import (
	"math/rand/v2"
	"testing"
)

// TestHashCacheIsKeyOf holds that a key is the same with the cache and without, whatever came before.
func TestHashCacheIsKeyOf(t *testing.T) {
	eachSeed(t, func(t *testing.T, r *rand.Rand) {
		h := &hashCache{}
		for range 3000 {
			v := make([]byte, r.IntN(140))
			for i := range v {
				v[i] = byte(r.IntN(2))
			}
			if len(v) > 30 && r.IntN(2) == 0 {
				v = v[:16+r.IntN(4)]
			}
			if h.keyOf(v) != keyOf(v) {
				t.Fatalf("the key of %x", v)
			}
		}
	})
}
