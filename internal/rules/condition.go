package rules

import "github.com/errwatch/errwatch/internal/event"

// meter is what one group of a rule measures; each kind of condition has its own. Times are nanoseconds since 1970.
type meter interface {
	// moveTo forgets what has left the window at t.
	moveTo(t int64)
	// add counts an event at a time that is in the window; moveTo was called with the present. It allocates nothing.
	add(ev *event.Event, at int64)
	// value is what the thresholds are compared with.
	value() float64
	// changes is when the value changes next if no event comes, never if it does not.
	changes() int64
	// empty is when nothing will be left in the window if no event comes, 0 if nothing is.
	empty() int64
	// appendTo and readFrom are the meter's part of the group's row; readFrom reports trouble to the cursor.
	appendTo(b []byte) []byte
	readFrom(c *cursor)
}

// edge is a threshold with its hysteresis. Counts are below 2^53, so float64 holds them exactly.
type edge struct {
	above     bool
	threshold float64
	resolveAt float64
}

// fires says that the condition begins to hold.
func (e edge) fires(v float64) bool {
	if e.above {
		return v > e.threshold
	}
	return v < e.threshold
}

// ends says that a condition that held is over.
func (e edge) ends(v float64) bool {
	if e.above {
		return v <= e.resolveAt
	}
	return v >= e.resolveAt
}

// worse returns the more extreme of two values.
func (e edge) worse(a, b float64) float64 {
	if e.above {
		return max(a, b)
	}
	return min(a, b)
}

func edgeOf(r *Rule) edge {
	var e edge
	switch {
	case r.Above != nil:
		e = edge{above: true, threshold: float64(*r.Above)}
	case r.Below != nil:
		e = edge{threshold: float64(*r.Below)}
	}
	e.resolveAt = e.threshold
	if r.ResolveAt != nil {
		e.resolveAt = float64(*r.ResolveAt)
	}
	return e
}

// count is the meter of `count`: matching events in the window.
type count struct{ ring }

func newCount(s span) meter { return &count{*newRing(s)} }

func (c *count) add(_ *event.Event, at int64) { c.ring.add(at, 1) }
func (c *count) value() float64               { return float64(c.total) }

func (c *count) changes() int64 {
	if b, ok := c.oldest(); ok {
		return c.leaves(b)
	}
	return never
}

func (c *count) empty() int64 {
	if b, ok := c.newest(); ok {
		return c.leaves(b)
	}
	return 0
}

func (c *count) appendTo(b []byte) []byte { return c.ring.appendTo(b) }
func (c *count) readFrom(cur *cursor)     { c.ring.readFrom(cur) }
