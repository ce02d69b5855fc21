package rules

import "time"

// absent is the meter of `absent`: the time that counts since the last event, or line, came. Its group is made by the
// first one, so before that nothing is missing.
type absent struct {
	live   *liveClock
	window int64
	usual  *usualSilence // nil: the window alone decides
	last   int64         // how much time had counted when it came; unknown before the first
	silent int64         // since then
	limit  int64         // what the silence that is or was must reach
	t      int64         // as of when
}

// usualSilence is the longest silence of late, in two parts that are each a baseline long: when the present one is full it
// becomes the former one. So it is that of at least one baseline and at most two. All times are those that counted.
type usualSilence struct {
	factor          float64
	baseline        int64
	begun           int64 // when the first event came, unknown before
	turned          int64 // when the present part was begun
	present, former int64
}

// unknown is no time that counts.
const unknown = -1

func newAbsent(r *rule) meter {
	a := &absent{live: &r.shared.live, window: int64(r.Window), last: r.shared.live.at(0), limit: int64(r.Window)}
	if s := r.Silence; s != nil {
		a.usual = &usualSilence{factor: s.Factor, baseline: int64(s.Baseline), begun: unknown}
	}
	return a
}

func (a *absent) moveTo(t int64) {
	a.t = max(a.t, t)
	a.silent = max(0, a.live.at(a.t)-a.last)
	a.limit = a.needed()
}

// needed is how long the silence must be.
func (a *absent) needed() int64 {
	if u := a.usual; u != nil {
		if most := u.factor * float64(max(u.present, u.former)); most > float64(a.window) {
			return int64(min(most, float64(maxTime)))
		}
	}
	return a.window
}

// add ends the silence. Its limit stays until time moves on: it is what the alert that ends was held against.
func (a *absent) add(o *observation, _ role) {
	now := a.live.at(o.now)
	if a.usual != nil {
		a.usual.add(now, a.last)
	}
	a.last, a.silent = now, 0
}

func (u *usualSilence) add(now, last int64) {
	if u.begun == unknown {
		u.begun, u.turned = now, now
		return
	}
	if age := now - u.turned; age >= u.baseline {
		u.former, u.present, u.turned = u.present, 0, now
		if age >= 2*u.baseline {
			u.former = 0
		}
	}
	u.present = max(u.present, now-last)
}

// armed: what is usual is known once events came for a whole baseline. The silence behind them adds nothing to it.
func (a *absent) armed() bool {
	u := a.usual
	return u == nil || u.begun != unknown && a.last-u.begun >= u.baseline
}

// value and threshold are seconds.
func (a *absent) value() float64     { return float64(a.silent) / float64(time.Second) }
func (a *absent) threshold() float64 { return float64(a.limit) / float64(time.Second) }
func (a *absent) fires() bool        { return a.silent >= a.limit && a.armed() }
func (a *absent) ends() bool         { return a.silent < a.limit }

func (a *absent) changes() int64 {
	limit := a.needed()
	if a.silent >= limit || !a.armed() {
		return never
	}
	return a.live.reaches(a.last + limit)
}

func (a *absent) empty() int64    { return 0 }
func (a *absent) held() int       { return 0 }
func (a *absent) saturated() bool { return false }

func (a *absent) appendTo(b []byte) []byte {
	b = appendInt(appendInt(b, a.t), a.last)
	if u := a.usual; u != nil {
		for _, x := range []int64{u.begun + 1, u.turned, u.present, u.former} {
			b = appendInt(b, x)
		}
	}
	return b
}

func (a *absent) readFrom(c *cursor) {
	a.t, a.last = c.int(maxTime), c.int(maxTime)
	if u := a.usual; u != nil {
		u.begun = c.int(maxTime) - 1
		u.turned, u.present, u.former = c.int(maxTime), c.int(maxTime), c.int(maxTime)
		c.bad = c.bad || max(u.begun, u.turned) > a.live.total
	}
	if a.last > a.live.total {
		c.bad = true
	}
	if !c.bad {
		a.moveTo(a.t)
	}
}
