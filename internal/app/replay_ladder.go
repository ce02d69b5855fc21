package app

import (
	"math"
	"strconv"
	"time"

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
	add := func(numbers []float64, change func(x *rules.Rule, n float64)) {
		for _, n := range numbers {
			x := *r
			x.Name += " " + strconv.FormatFloat(n, 'g', -1, 64)
			x.Summary, x.RunbookURL, x.FirstCheck = "", "", ""
			change(&x, n)
			out = append(out, rung{x, n})
		}
	}
	switch t := thresholdOf(r); t.kind {
	case thresholdAbove, thresholdBelow:
		add(roundNumbers(t.value, 1, leastReach), func(x *rules.Rule, n float64) { setCount(x, int64(n)) })
	case thresholdRatio:
		add(roundNumbers(t.value, 0.001, 1), func(x *rules.Rule, n float64) {
			q := *r.Ratio
			q.Above, q.ResolveAt = n, scaled(q.ResolveAt, q.Above, n)
			x.Ratio = &q
		})
	case thresholdFactor:
		add(roundNumbers(t.value, 2, 10), func(x *rules.Rule, n float64) {
			s := *r.Spike
			s.Factor, s.ResolveAt = n, scaled(s.ResolveAt, s.Factor, n)
			x.Spike = &s
		})
	case thresholdSilence:
		add(longerSilences(t.value), func(x *rules.Rule, n float64) { x.Window = time.Duration(n * float64(time.Second)) })
	}
	return out
}

// longerSilences are the windows, in seconds, that are tried for a rule that waits for silence. No shorter ones than its
// own: lines are only looked at where silence of that length may be.
func longerSilences(window float64) (out []float64) {
	for _, d := range []time.Duration{
		time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour, 12 * time.Hour,
	} {
		if d.Seconds() > window {
			out = append(out, d.Seconds())
		}
	}
	return out
}

// setCount gives a rule that counts, events or different values, another threshold.
func setCount(x *rules.Rule, n int64) {
	switch {
	case x.Distinct != nil:
		d := *x.Distinct
		d.Above, d.ResolveAt = n, scaledCount(d.ResolveAt, d.Above, n, math.Floor)
		x.Distinct = &d
	case x.Above != nil:
		x.Above, x.ResolveAt = &n, scaledCount(x.ResolveAt, *x.Above, n, math.Floor)
	default:
		x.Below, x.ResolveAt = &n, scaledCount(x.ResolveAt, *x.Below, n, math.Ceil)
	}
}

// scaled moves the other edge of a threshold to where it is in proportion to another one.
func scaled(resolveAt *float64, from, to float64) *float64 {
	switch {
	case resolveAt == nil:
		return nil
	case from == 0:
		return new(0.0)
	}
	return new(*resolveAt * to / from)
}

// scaledCount does it for counts; round keeps the edge on its side of the threshold.
func scaledCount(resolveAt *int64, from, to int64, round func(float64) float64) *int64 {
	if resolveAt == nil {
		return nil
	}
	x := scaled(new(float64(*resolveAt)), float64(from), float64(to))
	return new(int64(round(*x)))
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

// The kinds of thresholds.
const (
	noThreshold    = iota
	thresholdAbove // of a count, of events or of different values
	thresholdBelow
	thresholdRatio
	thresholdFactor  // of the usual count
	thresholdSilence // the window, in seconds
)

// threshold is what a rule's value is compared with, as it is configured.
type threshold struct {
	kind  int
	value float64
}

func thresholdOf(r *rules.Rule) threshold {
	switch {
	case r.Above != nil:
		return threshold{thresholdAbove, float64(*r.Above)}
	case r.Distinct != nil:
		return threshold{thresholdAbove, float64(r.Distinct.Above)}
	case r.Below != nil:
		return threshold{thresholdBelow, float64(*r.Below)}
	case r.Ratio != nil:
		return threshold{thresholdRatio, r.Ratio.Above}
	case r.Spike != nil:
		return threshold{thresholdFactor, r.Spike.Factor}
	case r.Absent:
		return threshold{thresholdSilence, r.Window.Seconds()}
	}
	return threshold{}
}
