package rules

// spike is the meter of `spike`: events in the window, against those in the time before it.
//
// A bucket that leaves the window goes into a second ring, the baseline, whose clock is the time at which the window
// begins. While the alert is pending or fires that clock stands still and what leaves the window goes nowhere: an
// incident of a day must not become what is usual. skipped is how far the clock is behind because of that.
//
// The baseline is whole buckets too, of which the newest is still filling, so the mean is taken over the time that they
// cover and not over the nominal length. All comparisons are made with products of integers that were reduced first, so
// that a count of exactly three times the usual is three times the usual.
type spike struct {
	window, before ring
	rule           *Spike
	since          int64 // from when on everything was observed
	skipped        int64
	frozen         bool
}

func newSpike(r *rule) meter {
	return &spike{window: *newRing(r.span), before: *newRing(spanOf(r.Spike.Baseline)), rule: r.Spike}
}

// begins is when the window of the present begins.
func (s *spike) begins() int64 { return (s.window.head - s.window.n + 1) * s.window.width }

// clock is the baseline's clock: the last instant before the window begins.
func (s *spike) clock() int64 { return s.begins() - 1 - s.skipped }

func (s *spike) moveTo(t int64) {
	w := &s.window
	if t < w.until {
		return
	}
	from, to := w.head-w.n+1, w.bucket(t)-w.n+1 // the buckets between leave
	switch {
	case w.bucket(t) <= w.head:
		return
	case w.head == 0: // the first time that is told
	case s.frozen:
		s.skipped += (to - from) * w.width
	default:
		for b := from; b < min(to, w.head+1); b++ {
			if n := w.counts[mod(b, w.n)]; n > 0 {
				at := (b+1)*w.width - 1 - s.skipped
				s.before.moveTo(at)
				s.before.add(at, n)
			}
		}
	}
	w.moveTo(t)
	s.before.moveTo(s.clock())
}

// freeze stops the baseline and lets it go on.
func (s *spike) freeze(on bool) { s.frozen = on }

func (s *spike) add(o *observation, _ role) { s.window.add(o.at, 1) }
func (s *spike) value() float64             { return float64(s.window.total) }

// covered is how much time the baseline holds.
func (s *spike) covered() int64 {
	return s.clock() + 1 - (s.before.head-s.before.n+1)*s.before.width
}

// usual is the mean of the baseline for one window, as a fraction.
func (s *spike) usual() (events, windows float64) {
	window, covered := s.window.n*s.window.width, s.covered()
	d := gcd(window, covered)
	return float64(s.before.total) * float64(window/d), float64(covered / d)
}

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return max(1, a)
}

// reaches says that the count is at least so many times the usual, and at least so much of the least.
func (s *spike) reaches(factor float64) bool {
	n := s.value()
	if n*s.rule.Factor < float64(s.rule.Min)*factor {
		return false
	}
	events, windows := s.usual()
	return n*windows >= factor*events
}

func (s *spike) resolveAt() float64 {
	if s.rule.ResolveAt != nil {
		return *s.rule.ResolveAt
	}
	return s.rule.Factor
}

func (s *spike) fires() bool { return s.window.total >= s.rule.Min && s.reaches(s.rule.Factor) }
func (s *spike) ends() bool  { return !s.reaches(s.resolveAt()) }

// threshold is the count from which on it fires.
func (s *spike) threshold() float64 {
	events, windows := s.usual()
	return max(float64(s.rule.Min), s.rule.Factor*events/windows)
}

// changes: the usual changes with each bucket of the window, unless it stands still. Below the least nothing can begin.
func (s *spike) changes() int64 {
	switch {
	case s.frozen:
		return s.window.changes()
	case s.window.total < s.rule.Min:
		return never
	}
	return (s.window.head + 1) * s.window.width
}

// armedAt is from when on the baseline was observed whole.
func (s *spike) armedAt() int64 {
	w, needed := &s.window, s.since+s.before.n*s.before.width+s.skipped
	return ((needed+w.width-1)/w.width + w.n - 1) * w.width
}

// empty is when the newest bucket will have left the window and then the baseline.
func (s *spike) empty() int64 {
	w, last := &s.window, int64(-1)
	if b, ok := s.before.newest(); ok {
		last = b
	}
	if b, ok := w.newest(); ok {
		last = s.before.bucket((b+1)*w.width - 1 - s.skipped)
	}
	if last < 0 {
		return 0
	}
	// The clock must come to the end of that bucket's life; it is the instant before a bucket of the window begins.
	begins := s.before.leaves(last) + 1 + s.skipped
	return ((begins+w.width-1)/w.width + w.n - 1) * w.width
}

func (s *spike) held() int       { return 0 }
func (s *spike) saturated() bool { return false }

func (s *spike) appendTo(b []byte) []byte {
	b = s.before.appendTo(s.window.appendTo(b))
	b = appendInt(appendInt(b, s.since), s.skipped)
	if s.frozen {
		return append(b, 1)
	}
	return append(b, 0)
}

func (s *spike) readFrom(c *cursor) {
	s.window.readFrom(c)
	s.before.readFrom(c)
	s.since, s.skipped, s.frozen = c.int(maxTime), c.int(maxTime), c.byte() == 1
	if s.window.head == 0 || s.covered() < 0 || s.covered() > s.before.n*s.before.width {
		c.bad = true
	}
}
