package app

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/errwatch/errwatch/internal/event"
	"github.com/errwatch/errwatch/internal/rules"
)

// sampler takes the value of a rule once in each step of its window: the sixtieth part of it, at least a second. What
// counts is the highest value in the step, of the group in which it is highest.
//
// A value changes only with an event, and when a bucket leaves the window in which events are; buckets are as wide as
// steps. So most steps need no look: their value is that of the step before.
type sampler struct {
	engine *rules.Engine
	step   int64     // nanoseconds
	window int64     // in steps
	now    int64     // the step under way, counted from 1970; 0: no time was told yet
	busy   [64]int64 // the latest steps in which events are, by their last six bits
	last   int64     // the latest of them
	value  float64   // at the end of the step before, or when an event came last
	high   float64   // the highest value in the step under way
	each   bool      // the value may fall within a step: look at it after each event
	values spread
}

// Distribution is how high a rule's value was over time.
type Distribution struct {
	P50, P90, P99, Max float64
	Steps              int64         // so many samples
	Step               time.Duration // one for each so long
	Rounded            bool          // there were so many different values that they were rounded to three digits
}

func newSampler(r *rules.Rule, opts rules.Options) (*sampler, error) {
	e, err := rules.New([]rules.Rule{*r}, opts)
	if err != nil {
		return nil, err
	}
	n := min(60, max(1, r.Window/time.Second))
	return &sampler{engine: e, step: max(1, int64(r.Window/n)), window: int64(n), each: r.Ratio != nil}, nil
}

func (s *sampler) observe(e *event.Event, now time.Time) {
	s.reach(now)
	s.engine.Observe(e, now)
	s.touch(s.now)
	if at := nanos(e.Time) / s.step; at < s.now && s.now-at < s.window {
		s.touch(at) // it is late, and leaves with the events of its own time
	}
	if s.each {
		s.look()
	}
}

func (s *sampler) touch(step int64) {
	s.busy[step&63] = step
	s.last = max(s.last, step)
}

// changes says whether the value at the end of a step may be another one than at the end of the step before.
func (s *sampler) changes(step int64) bool {
	left := step - s.window
	return s.busy[step&63] == step || left > 0 && s.busy[left&63] == left
}

func (s *sampler) look() {
	s.value = s.engine.Stats()[0].Value
	s.high = max(s.high, s.value)
}

// reach takes the steps that end up to now.
func (s *sampler) reach(now time.Time) {
	to := nanos(now) / s.step
	if s.now == 0 {
		s.now = to
	}
	for ; s.now < to; s.now++ {
		switch {
		case s.changes(s.now):
			s.engine.Advance(time.Unix(0, (s.now+1)*s.step-1))
			s.look()
			s.values.add(s.high, 1)
		case s.now > s.last+s.window:
			s.values.add(s.value, to-s.now)
			s.now = to - 1
		default:
			s.values.add(s.value, 1)
		}
		s.high = 0
	}
}

// finish takes the step under way, too.
func (s *sampler) finish(now time.Time) {
	s.reach(now)
	s.engine.Advance(now)
	s.look()
	s.values.add(s.high, 1)
}

func (s *sampler) distribution() *Distribution {
	if s.values.n == 0 {
		return nil
	}
	q := s.values.quantiles(0.5, 0.9, 0.99)
	return &Distribution{q[0], q[1], q[2], s.values.max, s.values.n, time.Duration(s.step), s.values.rounded}
}

// nanos is a time as nanoseconds since 1970; what lies outside of the years that they can tell is their first or last
// one, as in the engine.
func nanos(t time.Time) int64 {
	const last = 1 << 62
	switch s := t.Unix(); {
	case s < 0:
		return 0
	case s >= last/int64(time.Second):
		return last
	}
	return t.UnixNano()
}

// maxSpread bounds how many different values a spread holds; past it they are rounded to three digits.
const maxSpread = 1 << 16

// spread counts values.
type spread struct {
	counts  map[float64]int64
	n       int64
	max     float64
	rounded bool
}

func (s *spread) add(v float64, n int64) {
	if s.counts == nil {
		s.counts = map[float64]int64{}
	}
	s.max = max(s.max, v)
	if s.rounded {
		v = threeDigits(v)
	}
	s.counts[v] += n
	s.n += n
	if len(s.counts) <= maxSpread || s.rounded {
		return
	}
	s.rounded = true
	coarse := map[float64]int64{}
	for v, n := range s.counts {
		coarse[threeDigits(v)] += n
	}
	s.counts = coarse
}

func threeDigits(v float64) float64 {
	x, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'e', 2, 64), 64) // what was formatted can be read
	return x
}

// quantiles returns the least values that so large shares of all are not above; the shares ascend.
func (s *spread) quantiles(shares ...float64) []float64 {
	values := slices.SortedFunc(maps.Keys(s.counts), cmp.Compare[float64])
	out := make([]float64, len(shares))
	i, below := 0, int64(0)
	for j, share := range shares {
		rank := max(1, int64(math.Ceil(share*float64(s.n))))
		for below+s.counts[values[i]] < rank && i < len(values)-1 {
			below += s.counts[values[i]]
			i++
		}
		out[j] = values[i]
	}
	return out
}
