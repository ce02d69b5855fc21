package rules

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// naiveTally is the algorithm of a tally as it is told: look at all, take the first of the rarest.
type naiveTally []counted

func (t *naiveTally) add(value []byte, room bool) {
	list := *t
	if i := slices.IndexFunc(list, func(c counted) bool { return bytes.Equal(c.value, value) }); i >= 0 {
		list[i].n++
		return
	}
	if len(list) < minValues || room && len(list) < maxValues {
		*t = append(list, counted{value: value, n: 1})
		return
	}
	i := 0
	for j := range list {
		if list[j].n < list[i].n {
			i = j
		}
	}
	list[i] = counted{value, list[i].n + 1, list[i].n}
}

// TestTallyIsTheNaiveOne compares the two on random values, with restarts in between.
func TestTallyIsTheNaiveOne(t *testing.T) {
	eachSeed(t, func(t *testing.T, r *rand.Rand) {
		var tal tally
		var naive naiveTally
		most := pick(r, 5, 60, 70, 300)
		for i := range 3000 {
			v := fmt.Append(nil, pick(r, "", "ab12-cd34-", "é"), r.IntN(1+r.IntN(most)))
			room := r.IntN(10) > 0
			tal.add(v, room)
			naive.add(v, room)
			if i%500 == 0 {
				tal = readTally(&cursor{b: appendTally(nil, &tal)})
			}
		}
		if got, want := fmt.Sprint(tal.list), fmt.Sprint([]counted(naive)); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}
