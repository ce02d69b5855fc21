package rules

import (
	"time"

	"github.com/errwatch/errwatch/internal/alert"
)

// meter is what one group of a rule measures; each kind of condition has its own. Times are nanoseconds since 1970.
type meter interface {
	// moveTo forgets what has left the window at t. Time that goes back changes nothing.
	moveTo(t int64)
	// add counts an event, which is in the window; moveTo was called with the present. It allocates nothing but room for
	// values that were not there before.
	add(o *observation, as role)
	// value and threshold are what is shown.
	value() float64
	threshold() float64
	// fires says that the condition begins to hold, ends that one that held is over.
	fires() bool
	ends() bool
	// changes is when fires or ends may turn next if no event comes, never if they do not. It may be early.
	changes() int64
	// empty is when nothing will be left of what was counted if no event comes, 0 if nothing is.
	empty() int64
	// held is how many values it keeps in memory, saturated that there were more than it could keep.
	held() int
	saturated() bool
	// appendTo and readFrom are the meter's part of the group's row; readFrom reports trouble to the cursor.
	appendTo(b []byte) []byte
	readFrom(c *cursor)
}

// role is what an event is to a rule.
type role uint8

const (
	matching role = 1 << iota // it is what the rule counts
	divisor                   // it is what a ratio is taken of
)

// shared is what the groups of all rules have in common.
type shared struct {
	live        liveClock
	maxDistinct int    // values of one set; limits.distinct
	distinct    budget // values of all sets
	people      budget // values of the sets in all evidence
	values      budget // values in all tallies of evidence
	lines       budget // lines in all evidence
	hashes      *hashCache
	secret      secret
}

func newShared(o *Options) *shared {
	return &shared{
		maxDistinct: o.MaxDistinct, distinct: budget{most: maxDistinctSets * o.MaxDistinct},
		people: budget{most: maxEvidencePeople}, values: budget{most: maxEvidenceValues}, lines: budget{most: maxEvidenceLines}, hashes: &hashCache{}, secret: newSecret(),
	}
}

// maxDistinctSets is how many full sets all rules may hold together.
const maxDistinctSets = 16

// kind is all that depends on the kind of a rule's condition but not on its groups.
type kind struct {
	name  alert.Condition
	meter func(r *rule) meter
	edge  *edge

	restless bool          // the condition may begin to hold by time alone
	waits    bool          // it cannot hold before it was observed for some time: see group.armedAt
	arrival  bool          // events count when they come, whatever their time
	fromLine bool          // lines are counted, not events
	standing bool          // the group of a rule without `by` exists from the start
	sees     bool          // groups of `by` are watched for a day after their last event, not until their window is empty
	reach    time.Duration // how far back evidence reaches
}

func kindOf(r *Rule) kind {
	k := kind{name: alert.OnCount, meter: newCount, edge: &edge{above: true}, reach: r.Window}
	switch {
	case r.Distinct != nil:
		k.name, k.meter, k.edge = alert.OnDistinct, newDistinct, aboveEdge(r.Distinct.Above, r.Distinct.ResolveAt)
	case r.Ratio != nil:
		k.name, k.meter, k.edge = alert.OnRatio, newRatio, aboveEdge(r.Ratio.Above, r.Ratio.ResolveAt)
		k.restless = true
	case r.Spike != nil:
		k.name, k.meter = alert.OnSpike, newSpike
		k.restless, k.waits = true, true
	case r.Absent:
		k.name, k.meter = alert.OnAbsent, newAbsent
		k.restless, k.arrival, k.sees, k.fromLine = true, true, true, r.Match.onlySources()
	case r.New:
		k.name, k.meter = alert.OnNew, newFresh
		k.restless, k.reach = true, newsLast(r.Window)
	case r.Always:
		k.name, k.meter = alert.OnAlways, newAlways
		k.standing = true
	case r.Above != nil:
		k.edge = aboveEdge(*r.Above, r.ResolveAt)
	case r.Below != nil:
		k.edge = &edge{threshold: float64(*r.Below), resolveAt: float64(*r.Below)}
		if r.ResolveAt != nil {
			k.edge.resolveAt = float64(*r.ResolveAt)
		}
		k.restless, k.waits, k.standing, k.sees = true, true, true, true
	}
	return k
}

// onlySources says that a match asks for nothing that only an event has.
func (m *Match) onlySources() bool {
	return len(m.Codes)+len(m.Names)+len(m.Categories)+len(m.Fields) == 0
}

// edge is a threshold with its hysteresis. Counts are below 2^53, so float64 holds them exactly.
type edge struct {
	above     bool
	threshold float64
	resolveAt float64
}

func aboveEdge[T int64 | float64](threshold T, resolveAt *T) *edge {
	e := &edge{above: true, threshold: float64(threshold), resolveAt: float64(threshold)}
	if resolveAt != nil {
		e.resolveAt = float64(*resolveAt)
	}
	return e
}

// fires says that the condition begins to hold.
func (e *edge) fires(v float64) bool {
	if e.above {
		return v > e.threshold
	}
	return v < e.threshold
}

// ends says that a condition that held is over.
func (e *edge) ends(v float64) bool {
	if e.above {
		return v <= e.resolveAt
	}
	return v >= e.resolveAt
}

// worse returns the more extreme of two values.
func (e *edge) worse(a, b float64) float64 {
	if e.above {
		return max(a, b)
	}
	return min(a, b)
}

// count is the meter of `count`: matching events in the window.
type count struct {
	ring
	edge *edge
}

func newCount(r *rule) meter { return &count{ring: *newRing(r.span), edge: r.edge} }

func (c *count) add(o *observation, _ role) { c.ring.add(o.at, 1) }
func (c *count) value() float64             { return float64(c.total) }
func (c *count) threshold() float64         { return c.edge.threshold }
func (c *count) fires() bool                { return c.edge.fires(c.value()) }
func (c *count) ends() bool                 { return c.edge.ends(c.value()) }
func (c *count) changes() int64             { return c.ring.changes() }
func (c *count) empty() int64               { return c.ring.empty() }
func (c *count) held() int                  { return 0 }
func (c *count) saturated() bool            { return false }
func (c *count) appendTo(b []byte) []byte   { return c.ring.appendTo(b) }
func (c *count) readFrom(cur *cursor)       { c.ring.readFrom(cur) }
