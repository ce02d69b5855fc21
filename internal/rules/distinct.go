package rules

// distinct is the meter of `distinct`: different values in the window, and, where the rule says so, events without one.
type distinct struct {
	set     windowSet
	unnamed *ring // events that do not have the field; nil where they do not count
	of      byPart
	edge    *edge
}

func newDistinct(r *rule) meter {
	d := &distinct{set: newWindowSet(r.span, r.shared), of: newByPart(r.Distinct.Of), edge: r.edge}
	if r.Distinct.OrEvents {
		d.unnamed = newRing(r.span)
	}
	return d
}

func (d *distinct) moveTo(t int64) {
	d.set.moveTo(t)
	if d.unnamed != nil {
		d.unnamed.moveTo(t)
	}
}

func (d *distinct) add(o *observation, _ role) {
	switch k := o.key(d.of, d.set.shared); {
	case k != nil:
		d.set.put(k, o.at)
	case d.unnamed != nil:
		d.unnamed.add(o.at, 1)
	}
}

func (d *distinct) value() float64 {
	n := d.set.total
	if d.unnamed != nil {
		n += d.unnamed.total
	}
	return float64(n)
}

func (d *distinct) threshold() float64 { return d.edge.threshold }
func (d *distinct) fires() bool        { return d.edge.fires(d.value()) }
func (d *distinct) ends() bool         { return d.edge.ends(d.value()) }
func (d *distinct) held() int          { return d.set.held() }
func (d *distinct) saturated() bool    { return d.set.saturated() }

func (d *distinct) changes() int64 {
	next := d.set.changes()
	if d.unnamed != nil {
		next = min(next, d.unnamed.changes())
	}
	return next
}

func (d *distinct) empty() int64 {
	last := d.set.empty()
	if d.unnamed != nil {
		last = max(last, d.unnamed.empty())
	}
	return last
}

func (d *distinct) appendTo(b []byte) []byte {
	b = d.set.appendTo(b)
	if d.unnamed != nil {
		b = d.unnamed.appendTo(b)
	}
	return b
}

func (d *distinct) readFrom(c *cursor) {
	d.set.readFrom(c)
	if d.unnamed != nil {
		d.unnamed.readFrom(c)
	}
}
