package rules

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
)

// replay brings the engine to where it was: it loads the newest snapshot that is whole and tells itself the journal that
// follows. What cannot be read is noted and left out, and then the first commit writes a whole snapshot.
func (e *Engine) replay(s *saved) {
	e.journal.off = true
	defer func() { e.journal.off = false }()
	for _, r := range e.rules {
		r.off = true
	}
	base, damaged := e.loadSnapshot(s.parts)
	for i, row := range s.rows {
		if row.seq <= base {
			continue
		}
		if row.seq != base+1 {
			e.note("rows %d to %d of the journal are missing: what they told is left out", base+1, row.seq-1)
			damaged = true
		}
		base = row.seq
		if err := e.replayRow(s.rows[i].data); err != nil {
			e.note("row %d of the journal cannot be read: what it told is left out", row.seq)
			damaged = true
		}
	}
	e.shared.live.stop(e.clock)
	for _, r := range e.rules {
		r.late = 0 // it is of this process
	}
	e.transitions, e.recent = nil, nil
	e.marks.take()
	if damaged && e.clock != 0 {
		e.journal.damaged = true
	}
}

func (e *Engine) note(format string, args ...any) {
	if n := fmt.Sprintf(format, args...); !slices.Contains(e.notes, n) {
		e.notes = append(e.notes, n)
	}
}

// loadSnapshot loads the newest snapshot that was written to its end and returns the row after which it was made.
func (e *Engine) loadSnapshot(parts []numberedPart) (base int64, damaged bool) {
	for len(parts) > 0 {
		n := 1
		for n < len(parts) && parts[n].seq == parts[0].seq {
			n++
		}
		if end := parts[0]; end.part == endPart {
			count, ok := readEnd(end.data)
			if ok {
				return end.seq, !e.loadParts(parts[1:n], count)
			}
			e.note("the end of a snapshot cannot be read: an older one is gone on from")
			damaged = true
		}
		parts = parts[n:]
	}
	return 0, damaged
}

func readEnd(b []byte) (parts uint64, ok bool) {
	c, ok := openPart(b)
	if !ok {
		return 0, false
	}
	parts = c.uvarint()
	return parts, !c.bad
}

func openPart(b []byte) (cursor, bool) {
	body := len(b) - 4
	if body < 1 || b[0] != snapshotVersion || binary.BigEndian.Uint32(b[body:]) != crc32.ChecksumIEEE(b[:body]) {
		return cursor{}, false
	}
	return cursor{b: b[1:body]}, true
}

// loadParts loads what the parts hold and says whether all could be read.
func (e *Engine) loadParts(parts []numberedPart, count uint64) bool {
	whole := uint64(len(parts)) == count
	if !whole {
		e.note("a part of the snapshot is missing: its groups start anew")
	}
	l := &loader{e: e}
	for _, p := range parts {
		c, ok := openPart(p.data)
		if !ok || !l.part(&c) {
			e.note("part %d of the snapshot cannot be read: its groups start anew", p.part)
			whole = false
		}
	}
	l.adopt()
	return whole
}

// loader takes up the records of a snapshot.
type loader struct {
	e      *Engine
	rules  []*rule // by their numbers in the snapshot; nil: one that means something else now
	groups []*group
}

func (l *loader) part(c *cursor) bool {
	for len(c.b) > 0 && !c.bad {
		switch c.byte() {
		case recordEngine:
			l.e.readFrom(c)
			l.rules = l.e.readRules(c)
			for _, r := range l.rules {
				if r != nil {
					r.off = false
				}
			}
		case recordRule:
			l.rule(c)
		case recordGroup:
			l.group(c)
		default:
			c.bad = true
		}
	}
	return !c.bad
}

// readRules reads a list of rules; those that mean something else now are nil.
func (e *Engine) readRules(c *cursor) []*rule {
	var out []*rule
	for n := c.int(int64(len(c.b))); n > 0 && !c.bad; n-- {
		name, canonical := string(c.text(maxText)), string(c.text(maxText))
		r := e.rule(name)
		if r != nil && r.canonical != canonical {
			r = nil
		}
		out = append(out, r)
	}
	return out
}

// numberOf reads the number of a rule.
func (l *loader) numberOf(c *cursor) *rule {
	n := c.int(int64(len(l.rules)))
	if c.bad || n == int64(len(l.rules)) {
		c.bad = true
		return nil
	}
	return l.rules[n]
}

func (l *loader) rule(c *cursor) {
	r := l.numberOf(c)
	body := &cursor{b: c.framed()}
	if r == nil || c.bad {
		return
	}
	r.readFrom(body)
	if body.bad || len(body.b) > 0 {
		l.e.freshSets(r)
		c.bad = true
		return
	}
	l.e.shared.distinct.used += r.held()
}

func (l *loader) group(c *cursor) {
	r, key := l.numberOf(c), string(c.text(maxText))
	body := cursor{b: c.framed()}
	if r != nil && !c.bad && !l.add(r, key, body) {
		c.bad = true
	}
}

// add reads a group's state and says whether it could.
func (l *loader) add(r *rule, key string, body cursor) bool {
	g := &group{rule: r, key: key, meter: r.meter(r), heapAt: -1, epoch: l.e.epoch}
	if readGroup(g, &body) != nil || strings.Count(key, keyEnd) != len(r.by) || r.groups[key] != nil {
		return false
	}
	r.groups[key] = g
	l.groups = append(l.groups, g)
	return true
}

// adopt enters the groups into the engine's books, in their order of use.
func (l *loader) adopt() {
	e := l.e
	slices.SortFunc(l.groups, func(a, b *group) int {
		return cmp.Or(cmp.Compare(a.touched, b.touched), cmp.Compare(a.rule.index, b.rule.index), cmp.Compare(a.key, b.key))
	})
	for _, g := range l.groups {
		e.adoptGroup(g)
		if g.state != firing {
			g.rule.recent.push(g)
		}
		e.uses = max(e.uses, g.touched)
		e.due.set(g, g.nextDue(e.clock))
	}
	e.fitLimits()
	e.takeDue()
}

// replayRow tells the engine a row of the journal again.
func (e *Engine) replayRow(row []byte) error {
	clock, records, err := openRow(row)
	if err != nil {
		return err
	}
	in := &reader{c: cursor{b: records}}
	var t input
	for in.next(&t) {
		e.tellAgain(&t)
	}
	e.advanceTo(max(clock, 1))
	if in.c.bad {
		return errBadRow
	}
	return nil
}

func (e *Engine) tellAgain(t *input) {
	switch t.kind {
	case recordEvent:
		e.advanceTo(t.now)
		e.observe(&t.ev, t.now-t.before)
	case recordLines:
		e.ObserveLines(t.ev.Source, timeOf(t.now))
	case recordLive, recordGap:
		e.setLive(timeOf(t.now), t.kind == recordLive)
	case recordRules:
		e.advanceTo(t.now)
		e.runOnly(t.rules)
	}
}

// runOnly lets these rules run from now on, and no others.
func (e *Engine) runOnly(rules [][2]string) {
	for _, r := range e.rules {
		listed := slices.Contains(rules, [2]string{r.Name, r.canonical})
		switch {
		case listed && r.off:
			e.start(r)
		case !listed && !r.off:
			e.clearRule(r)
			r.off = true
		}
	}
}

// clearRule forgets everything about a rule that did not run for a time.
func (e *Engine) clearRule(r *rule) {
	for _, g := range r.inOrder() {
		e.drop(g)
	}
	e.shared.distinct.used -= r.held()
	e.freshSets(r)
	r.since, r.refused, r.evicted, r.evictAt, r.folded = 0, 0, 0, 0, 0
}

// freshSets empties what a rule remembers besides its groups.
func (e *Engine) freshSets(r *rule) {
	if r.known != nil {
		set := newWindowSet(r.span, e.shared)
		r.known = &set
	}
	if r.storms != nil {
		r.storms = newStorms(r)
	}
}

// startRest starts the rules that the journal does not know, and notes from when on they run.
func (e *Engine) startRest() {
	any := false
	for _, r := range e.rules {
		if r.off || r.since == 0 {
			e.start(r)
			any = true
		}
	}
	if any {
		e.journal.rules(e.rules, e.clock)
	}
}

// startsAfter lets the journal go on after what was read. known: the state was taken over; otherwise nothing of it is of
// use any more.
func (j *journal) startsAfter(s *saved, known bool) {
	for _, r := range s.rows {
		j.seq = max(j.seq, r.seq)
	}
	for _, p := range s.parts {
		j.seq = max(j.seq, p.seq)
	}
	rows, parts := slices.Clone(s.rows), slices.Clone(s.parts)
	slices.Reverse(parts) // the end of a snapshot comes last, and the newest snapshot
	j.stored.written(rows, parts)
	j.measure()
	if !known && j.seq > 0 {
		j.damaged = true
	}
}
