package rules

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"github.com/errwatch/errwatch/internal/alert"
	"github.com/errwatch/errwatch/internal/store"
)

// marks is what waits to be written of the alerts. It passes on to the engine that adopts this one, as the journal does.
type marks struct {
	alerts   map[string]alert.Alert // by ID, the latest
	noAlerts map[string]struct{}    // pending ones that never fired
	changed  bool
}

func newMarks() *marks {
	return &marks{alerts: map[string]alert.Alert{}, noAlerts: map[string]struct{}{}}
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
	journal    *journalChanges
	alerts     []alert.Alert
	goneAlerts []string
	keepFrom   int64 // resolved alerts of before leave the table; 0: not this time
}

// Pending takes what the engine was told since the last commit, and the alerts that changed, for the next one: it costs
// little and nothing in proportion to rules or groups. At most one may be under way: Done must have run before the next
// call. With Done(false) everything is due again.
func (e *Engine) Pending() store.Pending {
	taken := e.marks.take()
	if e.journal.idle {
		return store.Pending{Done: func(bool) {}}
	}
	c := e.collect(taken)
	if c.empty() {
		return store.Pending{Done: func(bool) {}}
	}
	m, j := e.marks, e.journal
	return store.Pending{
		Write: c.write,
		Done: func(committed bool) {
			j.done(c.journal, committed)
			if !committed {
				m.giveBack(taken)
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

func (e *Engine) collect(m *marks) *changes {
	c := &changes{}
	for _, a := range m.alerts {
		c.alerts = append(c.alerts, a)
	}
	for id := range m.noAlerts {
		c.goneAlerts = append(c.goneAlerts, id)
	}
	c.keepFrom = e.expireAlerts(len(c.alerts) > 0)
	c.journal = e.collectJournal(len(c.alerts)+len(c.goneAlerts) > 0)
	return c
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

// appendTo writes what no rule has.
func (e *Engine) appendTo(b []byte) []byte {
	live := byte(0)
	if e.shared.live.on {
		live = 1
	}
	b = appendInt(appendInt(binary.AppendUvarint(b, e.uses), e.clock), e.born)
	return appendInt(append(b, live), e.shared.live.at(e.clock))
}

func (e *Engine) readFrom(c *cursor) {
	e.uses, e.clock, e.born = c.uvarint(), c.int(maxTime), c.int(maxTime)
	e.shared.live = liveClock{on: c.byte() == 1, total: c.int(maxTime), since: e.clock}
}

func (c *changes) empty() bool {
	return c.journal.empty() && len(c.alerts)+len(c.goneAlerts) == 0
}

func (r *rule) appendTo(b []byte) []byte {
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

func (r *rule) readFrom(c *cursor) {
	for _, n := range []*int64{&r.since, &r.refused, &r.evicted, &r.evictAt, &r.folded} {
		*n = c.int(maxTime)
	}
	if r.known != nil {
		r.known.readFrom(c)
	}
	if r.storms != nil {
		r.storms.readFrom(c)
	}
}

// write puts the changes into a transaction.
func (c *changes) write(tx *store.Tx) error {
	if err := c.journal.write(tx); err != nil {
		return err
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
		if err := tx.Exec(`INSERT INTO alerts (id, rule, state, json, updated, labels, started) VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET state = excluded.state, json = excluded.json, updated = excluded.updated,
			labels = excluded.labels, started = excluded.started`,
			a.ID, a.Rule, string(a.State), string(text), nanos(changedAt(a)), identityOf(a), startOf(a)); err != nil {
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
