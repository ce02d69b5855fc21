package rules

// ratio is the meter of `ratio`: matching events for each event of another match, both in the window.
//
// The quotient is rounded once, to the float64 that is nearest. A threshold such as 0.05 is the float64 that is nearest
// to it, so 5 of 100 is the threshold itself and not above it, and 6 of 100 is above: for counts below 2^26 no quotient
// falls on the wrong side of a threshold of seven digits.
type ratio struct {
	matched, all ring
	least        int64
	edge         *edge
}

func newRatio(r *rule) meter {
	return &ratio{matched: *newRing(r.span), all: *newRing(r.span), least: max(1, r.Ratio.MinTotal), edge: r.edge}
}

func (q *ratio) moveTo(t int64) {
	q.matched.moveTo(t)
	q.all.moveTo(t)
}

func (q *ratio) add(o *observation, as role) {
	if as&matching != 0 {
		q.matched.add(o.at, 1)
	}
	if as&divisor != 0 {
		q.all.add(o.at, 1)
	}
}

func (q *ratio) value() float64 {
	if q.all.total < q.least {
		return 0
	}
	return float64(q.matched.total) / float64(q.all.total)
}

func (q *ratio) threshold() float64 { return q.edge.threshold }
func (q *ratio) fires() bool        { return q.edge.fires(q.value()) }
func (q *ratio) ends() bool         { return q.edge.ends(q.value()) }
func (q *ratio) held() int          { return 0 }
func (q *ratio) saturated() bool    { return false }

// changes: the ratio also rises by time alone, when events of the divisor leave before those that match.
func (q *ratio) changes() int64 {
	if q.matched.total == 0 {
		return never
	}
	return min(q.matched.changes(), q.all.changes())
}

func (q *ratio) empty() int64 { return max(q.matched.empty(), q.all.empty()) }

func (q *ratio) appendTo(b []byte) []byte { return q.all.appendTo(q.matched.appendTo(b)) }

func (q *ratio) readFrom(c *cursor) {
	q.matched.readFrom(c)
	q.all.readFrom(c)
}
