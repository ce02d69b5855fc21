package rules

import (
	"encoding/binary"
	"errors"
	"math"
)

var errBadRow = errors.New("the row is damaged or of another version")

// appendGroup appends a group's state, a few dozen bytes without evidence.
func appendGroup(b []byte, g *group) []byte {
	b = append(b, byte(g.state))
	b = binary.AppendUvarint(b, g.touched)
	for _, t := range []int64{g.born, g.seen, g.activeAt, g.startsAt, g.endedAt} {
		b = appendInt(b, t)
	}
	b = binary.BigEndian.AppendUint64(b, math.Float64bits(g.peak))
	b = g.meter.appendTo(b)
	return appendEvidence(b, &g.evidence)
}

// readGroup fills a group, whose rule and meter are set.
func readGroup(g *group, c *cursor) error {
	g.state = state(c.byte())
	g.touched = c.uvarint()
	for _, t := range []*int64{&g.born, &g.seen, &g.activeAt, &g.startsAt, &g.endedAt} {
		*t = c.int(maxTime)
	}
	g.peak = c.float()
	g.meter.readFrom(c)
	readEvidence(c, &g.evidence, &g.rule.shared.secret)
	if c.bad || len(c.b) > 0 || !g.plausible() {
		return errBadRow
	}
	return nil
}

// plausible says that the parts of a group that was read fit together.
func (g *group) plausible() bool {
	if s, ok := g.meter.(*spike); ok && s.frozen != (g.state != inactive) {
		return false
	}
	switch g.state {
	case inactive:
		return g.activeAt == 0 && g.startsAt == 0 && g.endedAt == 0
	case pending:
		return g.activeAt > 0 && g.startsAt == 0 && g.endedAt == 0
	case firing:
		return g.activeAt > 0 && g.startsAt >= g.activeAt && (g.endedAt == 0 || g.endedAt >= g.activeAt)
	}
	return false
}

func (r *ring) appendTo(b []byte) []byte {
	b = appendInt(b, r.head)
	var filled int64
	for _, n := range r.counts {
		if n != 0 {
			filled++
		}
	}
	b = appendInt(b, filled)
	for age := int64(0); age < r.n && filled > 0; age++ {
		if n := r.counts[mod(r.head-age, r.n)]; n != 0 {
			b = appendInt(b, age)
			b = appendInt(b, n)
			filled--
		}
	}
	return b
}

// maxCount bounds one bucket as it is read back, so that no sum can overflow.
const maxCount = 1 << 50

func (r *ring) readFrom(c *cursor) {
	r.head = c.int(maxTime / r.width)
	r.total = 0
	for n, last := c.int(r.n), int64(-1); n > 0 && !c.bad; n-- {
		age, events := c.int(min(r.n-1, r.head)), c.int(maxCount)
		if age <= last || events == 0 {
			c.bad = true
			return
		}
		last = age
		r.counts[mod(r.head-age, r.n)] = events
		r.total += events
	}
}

func appendEvidence(b []byte, v *evidence) []byte {
	b = appendInt(b, v.number)
	b = appendPart(appendPart(b, &v.former), &v.present)
	b = v.people.appendTo(b, v.number)
	return v.meetings.appendTo(b, v.number)
}

func readEvidence(c *cursor, v *evidence, sec *secret) {
	v.number = c.int(maxCount)
	readPart(c, &v.former)
	readPart(c, &v.present)
	v.people.readFrom(c, v.number, sec)
	v.meetings.readFrom(c, v.number, sec)
}

func appendPart(b []byte, p *part) []byte {
	for _, t := range []int64{p.begun, p.first, p.last, p.sampled} {
		b = appendInt(b, t)
	}
	b = appendTally(b, &p.codes)
	b = appendInt(b, int64(len(p.fields)))
	for i := range p.fields {
		b = appendText(b, p.fields[i].name)
		b = appendTally(b, &p.fields[i].tally)
	}
	b = appendInt(b, int64(len(p.samples)))
	for _, s := range p.samples {
		b = appendText(b, s)
	}
	return b
}

func readPart(c *cursor, p *part) {
	for _, t := range []*int64{&p.begun, &p.first, &p.last} {
		*t = c.int(maxTime)
	}
	if !c.first {
		p.sampled = c.int(maxTime)
	}
	p.codes = readTally(c)
	for n := c.int(maxFields); n > 0 && !c.bad; n-- {
		p.fields = append(p.fields, fieldTally{string(c.text(maxFieldName)), readTally(c)})
	}
	for n := c.int(maxSamples); n > 0 && !c.bad; n-- {
		p.samples = append(p.samples, append([]byte(nil), c.text(maxSample)...))
	}
}

func appendTally(b []byte, t *tally) []byte {
	b = appendInt(b, int64(len(t.list)))
	for i := range t.list {
		b = appendText(b, t.list[i].value)
		b = appendInt(b, t.list[i].n)
		b = appendInt(b, t.list[i].err)
	}
	return b
}

func readTally(c *cursor) (t tally) {
	for n := c.int(maxValues); n > 0 && !c.bad; n-- {
		t.push(counted{append([]byte(nil), c.text(maxValueBytes)...), c.int(maxCount), c.int(maxCount)})
	}
	return t
}

func appendInt(b []byte, n int64) []byte { return binary.AppendUvarint(b, uint64(n)) }

func appendText[T string | []byte](b []byte, s T) []byte {
	return append(appendInt(b, int64(len(s))), s...)
}

func mod(a, n int64) int64 { return ((a % n) + n) % n }

// cursor reads a row. After the first thing that does not fit bad is set, and every read yields zero.
type cursor struct {
	b     []byte
	bad   bool
	first bool // a row of schema 1, in which evidence has no time of its latest line
}

func (c *cursor) take(n int) []byte {
	if c.bad || n > len(c.b) {
		c.bad, c.b = true, nil
		return nil
	}
	out := c.b[:n]
	c.b = c.b[n:]
	return out
}

func (c *cursor) byte() byte {
	if b := c.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (c *cursor) uvarint() uint64 {
	v, n := binary.Uvarint(c.b)
	if n <= 0 {
		c.bad, c.b = true, nil
		return 0
	}
	c.b = c.b[n:]
	return v
}

// int reads a number from 0 to most.
func (c *cursor) int(most int64) int64 {
	v := c.uvarint()
	if v > uint64(most) {
		c.bad, c.b = true, nil
		return 0
	}
	return int64(v)
}

func (c *cursor) float() float64 {
	b := c.take(8)
	if b == nil {
		return 0
	}
	f := math.Float64frombits(binary.BigEndian.Uint64(b))
	if math.IsNaN(f) || math.IsInf(f, 0) {
		c.bad = true
		return 0
	}
	return f
}

// framed reads what stands behind its length in four bytes.
func (c *cursor) framed() []byte {
	n := c.take(4)
	if n == nil {
		return nil
	}
	return c.take(int(binary.BigEndian.Uint32(n)))
}

// text reads at most `most` bytes, valid as long as the row.
func (c *cursor) text(most int64) []byte { return c.take(int(c.int(most))) }
