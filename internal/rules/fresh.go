package rules

import "time"

// newsLast is how long a code that came for the first time is news: so long the condition of `new` holds. An hour is
// long enough to be seen on a page and by a receiver that groups, and short enough that the next one is another alert.
func newsLast(window time.Duration) time.Duration { return min(window, time.Hour) }

// newFresh makes the meter of `new`: codes that became known within the last hour. What is known is kept by the rule,
// not by its groups, so that a group that had to make room does not make its codes news again.
func newFresh(r *rule) meter {
	return &count{ring: *newRing(spanOf(newsLast(r.Window))), edge: r.edge}
}

// isNews notes that an event's code was seen and says whether it was not known before. While the rule is younger than
// its window it only learns. A code that finds no room is never news: the alternative is an alert for each event.
func (e *Engine) isNews(r *rule, o *observation) bool {
	code := o.ev.Code
	if code == "" {
		code = matchName(o.ev)
	}
	e.scratch = append(r.appendKey(e.scratch[:0], o.ev), code...)
	k := e.shared.secret.hashed(keyOf(e.scratch))
	r.known.moveTo(o.now)
	if r.known.has(&k) {
		r.known.put(&k, o.at)
		return false
	}
	return r.known.put(&k, o.at) && o.now-r.since >= int64(r.Window)
}

// countNew counts an event in a rule with `new`. Only news makes a group; what follows is evidence, as long as the
// alert is active.
func (e *Engine) countNew(r *rule, o *observation) (late bool) {
	news := e.isNews(r, o)
	if news && spanOf(newsLast(r.Window)).late(o.at, o.now) {
		return true
	}
	if !news {
		e.scratch = r.appendKey(e.scratch[:0], o.ev)
		if g := r.groups[string(e.scratch)]; g != nil && g.state != inactive {
			e.keep(g)
			g.seen = o.now
			e.gather(g, o)
			g.stale = true
		}
		return false
	}
	if g := e.find(r, o); g != nil {
		e.countIn(g, matching, o)
	}
	return false
}
