package rules

// storms is what `dedupe` remembers of a rule: for each combination of values, in each group, the time of its last
// event. As long as the next one comes at most `within` after it, it belongs to the same storm of retries and is folded
// into its first event.
//
// Times are those of the lines. An entry is of use as long as an event that it could fold can still count: for `within`
// after its last event, and for a window more, since lines may come so late. Then it may be swept out, and is taken for
// gone whether it was or not.
type storms struct {
	by     []byPart
	within int64
	memory int64
	shared *shared

	last    map[valueKey]int64
	sweepAt int   // sweep when so many are held
	swept   int64 // when it was swept last
	refused int64 // when one found no room last; 0: never
}

func newStorms(r *rule) *storms {
	s := &storms{within: int64(r.Dedupe.Within), shared: r.shared, last: map[valueKey]int64{}}
	s.memory = s.within + int64(r.Window)
	for _, name := range sortedSet(r.Dedupe.By) {
		s.by = append(s.by, newByPart(name))
	}
	return s
}

// appendKey appends what the events of one storm have in common; false: the event cannot belong to one.
func (s *storms) appendKey(b []byte, o *observation) ([]byte, bool) {
	for _, p := range s.by {
		v := o.valueOf(p)
		if len(v) == 0 {
			return b, false
		}
		b = appendText(b, clip(v, maxValueBytes))
	}
	return b, true
}

// unfolded returns the roles in which an event counts; in the others it belongs to a storm that has been counted. An
// event of the divisor is never folded into one that matches, or the other way round.
func (e *Engine) unfolded(r *rule, as role, o *observation) role {
	var out role
	for _, one := range []role{matching, divisor} {
		if as&one == 0 {
			continue
		}
		key, ok := r.storms.appendKey(r.appendKey(append(e.scratch[:0], byte(one)), o.ev), o)
		e.scratch = key
		if !ok || !r.storms.folds(e.shared.hashes.keyOf(key), o) {
			out |= one
		}
	}
	return out
}

// folds notes an event and says whether it belongs to a storm that has been counted.
func (s *storms) folds(k valueKey, o *observation) bool {
	last, known := s.last[k]
	if known && o.now-last <= s.memory {
		s.last[k] = max(last, o.at)
		return last-s.within <= o.at && o.at <= last+s.within
	}
	if !known && !s.room(o.now) {
		s.refused = o.now
		return false
	}
	if _, known = s.last[k]; !known {
		s.shared.distinct.used++
	}
	s.last[k] = o.at
	return false
}

// room makes sure that one more has room. Where there is none, a sweep is tried again only once more could have gone:
// at the limit every event would sweep otherwise.
func (s *storms) room(now int64) bool {
	const atLeast = 64
	all := &s.shared.distinct
	full := len(s.last) >= s.shared.maxDistinct || all.used >= all.most
	if len(s.last) >= max(s.sweepAt, atLeast) || full && now-s.swept >= s.memory/maxBuckets {
		s.sweep(now)
		s.sweepAt = 2 * len(s.last)
	}
	return len(s.last) < s.shared.maxDistinct && all.used < all.most
}

func (s *storms) sweep(now int64) {
	before := len(s.last)
	for k, last := range s.last {
		if now-last > s.memory {
			delete(s.last, k)
		}
	}
	s.swept = now
	s.shared.distinct.used -= before - len(s.last)
}

// saturated says that a storm found no room lately, so that its events were counted one by one.
func (s *storms) saturated(now int64) bool { return s.refused > 0 && now-s.refused <= s.memory }

func (s *storms) appendTo(b []byte) []byte {
	for _, n := range []int64{int64(s.sweepAt), s.swept, s.refused, int64(len(s.last))} {
		b = appendInt(b, n)
	}
	for k, last := range s.last {
		b = appendInt(k.appendTo(b), last)
	}
	return b
}

// readFrom leaves the budget alone: the row may turn out to be bad.
func (s *storms) readFrom(c *cursor) {
	s.sweepAt, s.swept, s.refused = int(c.int(maxCount)), c.int(maxTime), c.int(maxTime)
	n := c.int(int64(len(c.b) / 2))
	s.last = make(map[valueKey]int64, n)
	for range n {
		k, last := c.key(), c.int(maxTime)
		if c.bad {
			return
		}
		s.last[k] = last
	}
	if int64(len(s.last)) != n {
		c.bad = true
	}
}
