package rules

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"github.com/errwatch/errwatch/internal/alert"
	"github.com/errwatch/errwatch/internal/store"
)

// marks is what waits to be written. It passes on to the engine that adopts this one, so that a commit that is under
// way during a reload ends in the right place.
type marks struct {
	groups   []*group               // dirty ones; may hold dropped ones
	gone     map[rowKey]struct{}    // rows of dropped groups
	rules    map[string]struct{}    // rules of which every row goes: removed ones, and those with a new meaning
	alerts   map[string]alert.Alert // by ID, the latest
	noAlerts map[string]struct{}    // pending ones that never fired
	changed  bool
}

type rowKey struct{ rule, key string }

func newMarks() *marks {
	return &marks{
		gone: map[rowKey]struct{}{}, rules: map[string]struct{}{},
		alerts: map[string]alert.Alert{}, noAlerts: map[string]struct{}{},
	}
}

func (e *Engine) mark(g *group) { e.marks.group(g) }

func (m *marks) group(g *group) {
	g.shown = nil
	if !g.dirty && !g.dead {
		g.dirty = true
		m.groups = append(m.groups, g)
	}
}

func (m *marks) drop(g *group) {
	g.dirty = false
	if g.stored {
		m.gone[rowKey{g.rule.Name, g.key}] = struct{}{}
	}
}

func (m *marks) alert(a alert.Alert) {
	m.alerts[a.ID] = a
	delete(m.noAlerts, a.ID)
}

func (m *marks) noAlert(id string) {
	delete(m.alerts, id)
	m.noAlerts[id] = struct{}{}
}

// changes is one commit's part: a copy of what changed.
type changes struct {
	goneRules  []string
	gone       []rowKey
	sets       []setRow
	groups     []groupRow
	alerts     []alert.Alert
	goneAlerts []string
	keepFrom   int64 // resolved alerts of before leave the table; 0: not this time
}

// setRow is a row of rule_sets. The row of the rule "" is the engine's own.
type setRow struct {
	rule, canonical string
	clock           int64
	data            []byte
}

type groupRow struct {
	rowKey
	data []byte
}

// Pending copies what changed since the last commit, in proportion to it, for the next one. At most one may be under
// way: Done must have run before the next call. With Done(false) everything is due again.
func (e *Engine) Pending() store.Pending {
	taken := e.marks.take()
	c, sets := e.collect(taken)
	if c.empty() {
		return store.Pending{Done: func(bool) {}}
	}
	m := e.marks
	return store.Pending{
		Write: c.write,
		Done: func(committed bool) {
			if committed {
				return
			}
			m.giveBack(taken)
			for _, r := range sets {
				r.dirty = true
			}
		},
	}
}

// take empties the marks and returns what they held.
func (m *marks) take() *marks {
	taken := *m
	*m = *newMarks()
	return &taken
}

// giveBack merges marks whose commit failed with those made since, which are newer.
func (m *marks) giveBack(old *marks) {
	for _, g := range old.groups {
		m.group(g)
	}
	for k := range old.gone {
		m.gone[k] = struct{}{}
	}
	for r := range old.rules {
		m.rules[r] = struct{}{}
	}
	for id, a := range old.alerts {
		_, newer := m.alerts[id]
		_, gone := m.noAlerts[id]
		if !newer && !gone {
			m.alerts[id] = a
		}
	}
	for id := range old.noAlerts {
		if _, newer := m.alerts[id]; !newer {
			m.noAlerts[id] = struct{}{}
		}
	}
	m.changed = m.changed || old.changed
}

// collect encodes what was taken, and the rules' own rows that changed.
func (e *Engine) collect(m *marks) (c *changes, sets []*rule) {
	c = &changes{}
	for r := range m.rules {
		c.goneRules = append(c.goneRules, r)
	}
	for k := range m.gone {
		c.gone = append(c.gone, k)
	}
	var buf []byte
	for _, g := range m.groups {
		if g.dead || !g.dirty {
			continue
		}
		g.dirty, g.stored = false, true
		start := len(buf)
		buf = appendGroup(buf, g)
		c.groups = append(c.groups, groupRow{rowKey{g.rule.Name, g.key}, buf[start:len(buf):len(buf)]})
	}
	for _, a := range m.alerts {
		c.alerts = append(c.alerts, a)
	}
	for id := range m.noAlerts {
		c.goneAlerts = append(c.goneAlerts, id)
	}
	if e.clock == 0 {
		return c, nil
	}
	c.keepFrom = e.expireAlerts(len(c.alerts) > 0)
	for _, r := range e.rules {
		if r.dirty {
			r.dirty = false
			sets = append(sets, r)
			c.sets = append(c.sets, setRow{r.Name, r.canonical, e.clock, r.appendTo(nil)})
		}
	}
	if !c.empty() {
		c.sets = append(c.sets, setRow{clock: e.clock, data: e.appendTo(nil)})
	}
	return c, sets
}

// expireAlerts returns, once a day and with a commit that writes alerts anyway, before when resolved ones are forgotten.
func (e *Engine) expireAlerts(writing bool) int64 {
	const day = int64(24 * time.Hour)
	if !writing || e.clock/day == e.expired {
		return 0
	}
	e.expired = e.clock / day
	return max(0, e.clock-int64(e.opts.KeepAlerts))
}

// appendTo writes the engine's own row: what no rule has.
func (e *Engine) appendTo(b []byte) []byte {
	return appendInt(binary.AppendUvarint(b, e.uses), e.shared.live.at(e.clock))
}

func (e *Engine) readFrom(c *cursor) {
	e.uses, e.shared.live.total = c.uvarint(), c.int(maxTime)
}

func (c *changes) empty() bool {
	return len(c.goneRules)+len(c.gone)+len(c.sets)+len(c.groups)+len(c.alerts)+len(c.goneAlerts) == 0
}

func (r *rule) appendTo(b []byte) []byte {
	b = append(b, groupVersion)
	for _, n := range []int64{r.since, r.refused, r.evicted, r.evictAt, r.folded} {
		b = appendInt(b, n)
	}
	if r.known != nil {
		b = r.known.appendTo(b)
	}
	if r.storms != nil {
		b = r.storms.appendTo(b)
	}
	return b
}

func (r *rule) readFrom(row []byte) error {
	c := &cursor{b: row}
	if c.byte() != groupVersion {
		return errBadRow
	}
	for _, n := range []*int64{&r.since, &r.refused, &r.evicted, &r.evictAt, &r.folded} {
		*n = c.int(maxTime)
	}
	if r.known != nil {
		r.known.readFrom(c)
	}
	if r.storms != nil {
		r.storms.readFrom(c)
	}
	if c.bad || len(c.b) > 0 {
		return errBadRow
	}
	return nil
}

// write puts the changes into a transaction. Deletions come first: a rule or a group may have begun anew since.
func (c *changes) write(tx *store.Tx) error {
	for _, r := range c.goneRules {
		if err := tx.Exec(`DELETE FROM rule_groups WHERE rule = ?`, r); err != nil {
			return fmt.Errorf("forget the state of rule %s: %w", r, err)
		}
		if err := tx.Exec(`DELETE FROM rule_sets WHERE rule = ?`, r); err != nil {
			return fmt.Errorf("forget the state of rule %s: %w", r, err)
		}
	}
	for _, k := range c.gone {
		if err := tx.Exec(`DELETE FROM rule_groups WHERE rule = ? AND key = ?`, k.rule, k.key); err != nil {
			return fmt.Errorf("forget a group of rule %s: %w", k.rule, err)
		}
	}
	for _, s := range c.sets {
		if err := tx.Exec(`INSERT INTO rule_sets (rule, canonical, clock, data) VALUES (?, ?, ?, ?)
			ON CONFLICT (rule) DO UPDATE SET canonical = excluded.canonical, clock = excluded.clock, data = excluded.data`,
			s.rule, s.canonical, s.clock, s.data); err != nil {
			return fmt.Errorf("write the state of rule %s: %w", s.rule, err)
		}
	}
	for _, g := range c.groups {
		if err := tx.Exec(`INSERT INTO rule_groups (rule, key, data) VALUES (?, ?, ?)
			ON CONFLICT (rule, key) DO UPDATE SET data = excluded.data`, g.rule, g.key, g.data); err != nil {
			return fmt.Errorf("write a group of rule %s: %w", g.rule, err)
		}
	}
	return c.writeAlerts(tx)
}

func (c *changes) writeAlerts(tx *store.Tx) error {
	for _, id := range c.goneAlerts {
		if err := tx.Exec(`DELETE FROM alerts WHERE id = ?`, id); err != nil {
			return fmt.Errorf("forget a pending alert: %w", err)
		}
	}
	for i := range c.alerts {
		a := &c.alerts[i]
		text, err := json.Marshal(a)
		if err != nil {
			return fmt.Errorf("write alert %s: %w", a.ID, err)
		}
		if err := tx.Exec(`INSERT INTO alerts (id, rule, state, json, updated) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET state = excluded.state, json = excluded.json, updated = excluded.updated`,
			a.ID, a.Rule, string(a.State), string(text), nanos(changedAt(a))); err != nil {
			return fmt.Errorf("write alert %s: %w", a.ID, err)
		}
	}
	if c.keepFrom == 0 {
		return nil
	}
	err := tx.Exec(`DELETE FROM alerts WHERE state = 'resolved' AND updated < ?`, c.keepFrom)
	if err != nil {
		return fmt.Errorf("forget old alerts: %w", err)
	}
	return nil
}
