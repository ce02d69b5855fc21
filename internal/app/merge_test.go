package app

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestFeedOrder: of the open chunks the earliest item is always next, the one of the oldest chunk of several.
func TestFeedOrder(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(5, 7))
	for round := range 2000 {
		var all [][]packed
		n := uint32(0)
		f := &feed{most: 1 + rng.IntN(4), out: make(chan *chunk, 20)}
		for range rng.IntN(12) {
			c := &chunk{}
			for range rng.IntN(6) {
				c.items = append(c.items, packed{sec: int64(rng.IntN(8)), fields: n})
				n++
			}
			c.sort()
			all = append(all, slices.Clone(c.items))
			f.out <- c
		}
		close(f.out)
		var got, want []uint32
		for f.pull() {
			got = append(got, f.next().fields)
			f.take()
		}
		for _, p := range plainOrder(all, f.most) {
			want = append(want, p.fields)
		}
		if !slices.Equal(got, want) || len(got) != int(n) {
			t.Fatalf("round %d: %v, want %v", round, got, want)
		}
	}
}

// plainOrder is what a feed of these chunks does.
func plainOrder(chunks [][]packed, most int) (out []packed) {
	var open [][]packed
	for {
		for len(open) < most && len(chunks) > 0 {
			if len(chunks[0]) > 0 {
				open = append(open, chunks[0])
			}
			chunks = chunks[1:]
		}
		if len(open) == 0 {
			return out
		}
		first := 0
		for i := range open {
			if open[i][0].compare(&open[first][0]) < 0 {
				first = i
			}
		}
		out = append(out, open[first][0])
		if open[first] = open[first][1:]; len(open[first]) == 0 {
			open = slices.Delete(open, first, first+1)
		}
	}
}
