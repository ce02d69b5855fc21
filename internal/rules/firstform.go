package rules

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/errwatch/errwatch/internal/store"
)

// Schema 1 had a row for each group (rule_groups), for each rule and, under the name "", for the engine (rule_sets).
// They are read where there is neither a journal nor a snapshot; the first commit then writes a snapshot and empties them.
const firstFormVersion = 2

// firstForm is what the tables of schema 1 hold.
type firstForm struct {
	sets   []firstSet
	groups []firstGroup
}

type firstSet struct {
	rule, canonical string
	clock           int64
	data            []byte
}

type firstGroup struct {
	rule, key string
	data      []byte
}

func (s *saved) readFirstForm(tx *store.Tx) error {
	if len(s.rows)+len(s.parts) > 0 {
		return nil
	}
	err := each(tx, `SELECT rule, canonical, clock, data FROM rule_sets ORDER BY rule`, func(scan func(...any) error) error {
		var r firstSet
		defer func() { s.first.sets = append(s.first.sets, r) }()
		return scan(&r.rule, &r.canonical, &r.clock, &r.data)
	})
	if err != nil {
		return fmt.Errorf("read the state of the rules in its first form: %w", err)
	}
	err = each(tx, `SELECT rule, key, data FROM rule_groups ORDER BY rule, key`, func(scan func(...any) error) error {
		var g firstGroup
		defer func() { s.first.groups = append(s.first.groups, g) }()
		return scan(&g.rule, &g.key, &g.data)
	})
	if err != nil {
		return fmt.Errorf("read the groups of the rules in their first form: %w", err)
	}
	return nil
}

// each calls f for each row of a query.
func each(tx *store.Tx, query string, f func(scan func(...any) error) error) error {
	rows, err := tx.Query(query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// clock is the time of the last commit, 0 where there was none.
func (f *firstForm) clock() int64 {
	for i := range f.sets {
		if f.sets[i].rule == "" {
			return f.sets[i].clock
		}
	}
	return 0
}

// loadFirstForm takes over the groups of each rule whose meaning is the same. What it cannot know, such as when anything
// was seen first, begins at its clock.
func (e *Engine) loadFirstForm(f *firstForm) {
	e.clock = f.clock()
	if e.clock == 0 {
		return
	}
	e.born = e.clock
	known := map[string]*rule{}
	for i := range f.sets { // the engine's own is the first
		e.loadFirstSet(&f.sets[i], known)
	}
	l := &loader{e: e}
	for i := range f.groups {
		row := &f.groups[i]
		if r := known[row.rule]; r != nil && !l.add(r, row.key, openFirst(row.data)) {
			e.note("a group of rule %q cannot be read: it starts anew", row.rule)
		}
	}
	l.adopt()
	e.shared.live.stop(e.clock)
	e.journal.damaged = true // a whole snapshot takes their place
}

func (e *Engine) loadFirstSet(row *firstSet, known map[string]*rule) {
	c := &cursor{b: row.data}
	if row.rule == "" {
		e.uses, e.shared.live = c.uvarint(), liveClock{total: c.int(maxTime), since: e.clock}
		return
	}
	r := e.rule(row.rule)
	if r == nil || r.canonical != row.canonical {
		return
	}
	if c.byte() != firstFormVersion {
		c.bad = true
	}
	if r.readFrom(c); c.bad || len(c.b) > 0 {
		e.note("the row of rule %q cannot be read: it starts anew", row.rule)
		r.since = 0
		e.freshSets(r)
		return
	}
	e.shared.distinct.used += r.held()
	known[row.rule] = r
}

// openFirst checks the sum and the version of a group's row.
func openFirst(row []byte) cursor {
	body := len(row) - 4
	if body < 1 || row[0] != firstFormVersion || binary.BigEndian.Uint32(row[body:]) != crc32.ChecksumIEEE(row[:body]) {
		return cursor{bad: true}
	}
	return cursor{b: row[1:body], first: true}
}
