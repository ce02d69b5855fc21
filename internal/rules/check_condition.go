package rules

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
)

// maxThreshold keeps counts where float64 is exact.
const maxThreshold = 1 << 50

// conditions lists the conditions of a rule by their keys.
func (r *Rule) conditions() []string {
	var keys []string
	for _, k := range []struct {
		key   string
		given bool
	}{
		{"count", r.Above != nil || r.Below != nil}, {"distinct", r.Distinct != nil}, {"ratio", r.Ratio != nil},
		{"spike", r.Spike != nil}, {"absent", r.Absent}, {"new", r.New}, {"always", r.Always},
	} {
		if k.given {
			keys = append(keys, k.key)
		}
	}
	return keys
}

func (c *checker) checkCondition() {
	switch given := c.r.conditions(); {
	case len(given) == 0:
		c.fail("count", "count, distinct, ratio, spike, absent or new", "a rule needs a condition")
		return
	case len(given) > 1:
		c.fail(given[1], "write two rules", "a rule has one condition, and this one has %s", strings.Join(given, " and "))
		return
	}
	switch r := c.r; {
	case r.Distinct != nil:
		c.checkDistinct(r.Distinct)
	case r.Ratio != nil:
		c.checkRatio(r.Ratio)
	case r.Spike != nil:
		c.checkSpike(r.Spike)
	case r.Absent:
		c.checkAbsent()
	case r.Above != nil && r.Below != nil:
		c.fail("count", "write two rules", "above and below exclude each other")
	case r.Above != nil:
		c.checkAbove("count", *r.Above, r.ResolveAt)
	case r.Below != nil:
		c.checkBelow(*r.Below, r.ResolveAt)
	}
}

func (c *checker) checkAbove(condition string, above int64, resolveAt *int64) {
	c.checkRange(condition+".above", above, 0)
	if resolveAt == nil {
		return
	}
	if *resolveAt > above {
		c.fail(condition+".resolve_at", fmt.Sprintf("%d or less", above),
			"resolve_at %d is over the threshold of above: %d", *resolveAt, above)
	}
	c.checkRange(condition+".resolve_at", *resolveAt, 0)
}

func (c *checker) checkBelow(below int64, resolveAt *int64) {
	c.checkRange("count.below", below, 1)
	if resolveAt == nil {
		return
	}
	if *resolveAt < below {
		c.fail("count.resolve_at", fmt.Sprintf("%d or more", below),
			"resolve_at %d is under the threshold of below: %d", *resolveAt, below)
	}
	c.checkRange("count.resolve_at", *resolveAt, 0)
}

func (c *checker) checkRange(key string, v, least int64) {
	switch {
	case v < least:
		c.fail(key, "", "%d can never be: a count is 0 or more, and the least that makes sense here is %d", v, least)
	case v > maxThreshold:
		c.fail(key, "", "%d is more than can be counted exactly (%d)", v, int64(maxThreshold))
	}
}

// checkNumber checks a threshold that is no count.
func (c *checker) checkNumber(key string, v, least float64) {
	if math.IsNaN(v) || v < least || v > maxThreshold {
		c.fail(key, "", "%v is no number from %v to %d", v, least, int64(maxThreshold))
	}
}

func (c *checker) checkDistinct(d *Distinct) {
	switch {
	case d.Of == "":
		c.fail("distinct", "for example distinct: {of: meeting, above: 5}", "distinct needs of, a field")
	case slices.Contains(c.r.By, d.Of):
		c.fail("distinct.of", "leave it out of by", "%q is in by too: there is one in each group", d.Of)
	}
	c.checkAbove("distinct", d.Above, d.ResolveAt)
}

func (c *checker) checkRatio(q *Ratio) {
	c.checkNumber("ratio.above", q.Above, 0)
	if q.MinTotal < 1 {
		c.fail("ratio.min_total", "", "min_total is 1 or more: without any event of to there is no ratio")
	}
	if q.ResolveAt == nil {
		return
	}
	c.checkNumber("ratio.resolve_at", *q.ResolveAt, 0)
	if *q.ResolveAt > q.Above {
		c.fail("ratio.resolve_at", fmt.Sprintf("%v or less", q.Above),
			"resolve_at %v is over the threshold of above: %v", *q.ResolveAt, q.Above)
	}
}

func (c *checker) checkSpike(s *Spike) {
	c.checkNumber("spike.factor", s.Factor, 1)
	if s.Factor == 1 {
		c.fail("spike.factor", "write how many times the usual, as in 3", "a spike of factor 1 is every count")
	}
	c.checkRange("spike.min", s.Min, 1)
	switch b := s.Baseline; {
	case b > MaxWindow:
		c.fail("spike.baseline", "", "a baseline is at most %s long", model.Duration(MaxWindow))
	case b <= c.r.Window:
		c.fail("spike.baseline", "the baseline is the time before the window that counts as usual, as in 1d",
			"the baseline %s is no longer than the window %s", model.Duration(b), model.Duration(c.r.Window))
	}
	if s.ResolveAt == nil {
		return
	}
	c.checkNumber("spike.resolve_at", *s.ResolveAt, 0)
	if *s.ResolveAt > s.Factor {
		c.fail("spike.resolve_at", fmt.Sprintf("a factor of %v or less", s.Factor),
			"resolve_at %v is over the factor %v", *s.ResolveAt, s.Factor)
	}
}

// checkAbsent: lines have a source and nothing else that could separate them.
func (c *checker) checkAbsent() {
	c.checkSilence(c.r.Silence)
	if !c.r.Match.onlySources() {
		return
	}
	for i, name := range c.r.By {
		if name != "source" {
			c.failItem("by", i, "separate them by source, or match events",
				"absent without a match waits for lines, and a line has no %q", name)
		}
	}
}

func (c *checker) checkSilence(s *Silence) {
	if s == nil {
		return
	}
	c.checkNumber("absent.factor", s.Factor, 1)
	if s.Baseline < MinWindow || s.Baseline > MaxWindow {
		c.fail("absent.baseline", "the baseline is the time whose longest silence is usual, as in 1d",
			"a baseline is between %s and %s long", model.Duration(MinWindow), model.Duration(MaxWindow))
	}
}

func (c *checker) checkDedupe() {
	d := c.r.Dedupe
	if d == nil {
		return
	}
	if c.r.Absent || c.r.New || c.r.Always {
		c.fail("dedupe", "leave it out", "dedupe changes nothing here: one event is as good as many")
	}
	if len(d.By) == 0 {
		c.fail("dedupe", "for example dedupe: {by: [participant], within: 60s}", "dedupe needs by, the fields that retries have in common")
	}
	for i, name := range d.By {
		if name == "" {
			c.failItem("dedupe.by", i, "", "a field needs a name")
		}
	}
	if d.Within < time.Second || d.Within > MaxWindow {
		c.fail("dedupe.within", "for example within: 60s", "within is between 1s and %s", model.Duration(MaxWindow))
	}
}
