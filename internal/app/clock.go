package app

import (
	"time"

	"github.com/errwatch/errwatch/internal/event"
)

// clock is the time that rules live by. While backlog is read it is the time of the lines, so that last night's burst
// is judged by last night's windows; once every source has reached its end it is the wall. It never goes back.
type clock struct {
	live   bool
	latest time.Time // the newest time of a line so far
}

// at returns the clock's time at an event.
func (c *clock) at(e *event.Event, wall time.Time) time.Time {
	if c.live {
		return wall
	}
	if t := e.When(); t.After(c.latest) {
		c.latest = t
	}
	return c.time(wall)
}

// time returns the clock's time between events.
func (c *clock) time(wall time.Time) time.Time {
	if c.live || c.latest.After(wall) {
		return wall
	}
	return c.latest
}

// A source whose lines are all this far from the wall has a wrong clock or a wrong zone.
const (
	skewLimit = 2 * time.Minute
	skewRun   = 20 // so many events in a row: a few late ones are nothing
)

// skew watches how far the times in a live source's lines are from the wall.
type skew struct {
	run    int
	active bool
	by     time.Duration // the last event's distance; positive where the lines are behind
}

// seen takes in an event and says whether the judgement has just changed.
func (s *skew) seen(e *event.Event) (changed bool) {
	if e.Time.IsZero() {
		return false
	}
	s.by = e.Read.Sub(e.Time)
	if s.by.Abs() <= skewLimit {
		changed, s.run, s.active = s.active, 0, false
		return changed
	}
	s.run++
	if s.run >= skewRun && !s.active {
		s.active = true
		return true
	}
	return false
}
