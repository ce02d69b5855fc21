package app

import (
	"math"
	"strconv"

	"github.com/errwatch/errwatch/internal/rules"
)

// A threshold that is tried must be there from the first event on, when nobody knows yet how high the values will get.
// So there is a ladder of round ones, 1, 2, 3 and 5 in each power of ten, from a hundredth of the configured one to a
// hundred times as much, and at least to 1000 where it is a count.
const (
	reach      = 100
	leastReach = 1000
)

// rung is a rule with another threshold.
type rung struct {
	rule      rules.Rule
	threshold float64
}

// ladder returns a rule with other thresholds, ascending; none where it has no threshold.
func ladder(r *rules.Rule) []rung {
	var out []rung
	add := func(n float64, change func(*rules.Rule)) {
		x := *r
		x.Name += " " + strconv.FormatFloat(n, 'g', -1, 64)
		x.Summary, x.RunbookURL, x.FirstCheck = "", "", ""
		change(&x)
		out = append(out, rung{x, n})
	}
	switch {
	case r.Above != nil:
		for _, n := range roundNumbers(float64(*r.Above), 1, leastReach) {
			add(n, func(x *rules.Rule) {
				x.Above, x.ResolveAt = new(int64(n)), scaled(r.ResolveAt, *r.Above, n, math.Floor)
			})
		}
	case r.Below != nil:
		for _, n := range roundNumbers(float64(*r.Below), 1, leastReach) {
			add(n, func(x *rules.Rule) {
				x.Below, x.ResolveAt = new(int64(n)), scaled(r.ResolveAt, *r.Below, n, math.Ceil)
			})
		}
	}
	return out
}

// scaled moves the other edge of a threshold to where it is in proportion to another one.
func scaled(resolveAt *int64, from int64, to float64, round func(float64) float64) *int64 {
	if resolveAt == nil {
		return nil
	}
	if from == 0 {
		return new(int64(0))
	}
	return new(int64(round(float64(*resolveAt) * to / float64(from))))
}

// roundNumbers returns the round numbers around n, without n, from least on and at least up to most.
func roundNumbers(n, least, most float64) []float64 {
	from, to := max(least, n/reach), max(most, n*reach)
	var out []float64
	for e := int(math.Floor(math.Log10(from))); ; e++ {
		for _, digit := range []string{"1", "2", "3", "5"} {
			x, _ := strconv.ParseFloat(digit+"e"+strconv.Itoa(e), 64) // exactly the number that is written so
			switch {
			case x > to:
				return out
			case x >= from && x != n:
				out = append(out, x)
			}
		}
	}
}

// thresholdOf returns the configured threshold of a rule and whether it fires above it; ok is false where it has none.
func thresholdOf(r *rules.Rule) (n float64, above, ok bool) {
	switch {
	case r.Above != nil:
		return float64(*r.Above), true, true
	case r.Below != nil:
		return float64(*r.Below), false, true
	}
	return 0, false, false
}
