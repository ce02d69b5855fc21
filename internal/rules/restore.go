package rules

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/errwatch/errwatch/internal/alert"
	"github.com/errwatch/errwatch/internal/store"
)

// maxClockAhead is how far the clock of the state may be ahead of the present: seconds are a correction by NTP, more is
// a machine that had a wrong date, and an engine that continued from it would be deaf until then.
const maxClockAhead = 2 * time.Minute

// saved is everything that the tables hold of the rules.
type saved struct {
	rows   []numbered     // of the journal, in order
	parts  []numberedPart // of snapshots, the newest first
	alerts []alert.Alert  // by state and time, see readAlerts
	past   []began        // of the last 30 days, in order
	first  firstForm      // where there are neither rows nor parts
	notes  []string
}

// Restore brings back what the last commit held; it must run before the first Observe or Advance. Rules whose canonical
// form changed start anew, and alerts that no group carries on are resolved at now and handed out by Transitions. What
// cannot be read is dropped and told by Notes. The engine is not live, see [Engine.Live]. The error is the database's.
func (e *Engine) Restore(tx *store.Tx, now time.Time) error {
	s := &saved{}
	for _, read := range []func(*store.Tx) error{s.readJournal, s.readSnapshots, s.readFirstForm, s.readAlerts} {
		if err := read(tx); err != nil {
			return err
		}
	}
	if err := s.readPast(tx, now); err != nil {
		return err
	}
	e.load(s, now)
	return nil
}

// Notes returns what Restore had to leave behind, one sentence each.
func (e *Engine) Notes() []string { return e.notes }

func (s *saved) readJournal(tx *store.Tx) error {
	rows, err := tx.Query(`SELECT seq, data FROM rule_journal ORDER BY seq`)
	if err != nil {
		return fmt.Errorf("read the journal of the rules: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var r numbered
		if err := rows.Scan(&r.seq, &r.data); err != nil {
			return fmt.Errorf("read the journal of the rules: %w", err)
		}
		s.rows = append(s.rows, r)
	}
	return rows.Err()
}

func (s *saved) readSnapshots(tx *store.Tx) error {
	rows, err := tx.Query(`SELECT seq, part, data FROM rule_snapshots ORDER BY seq DESC, part`)
	if err != nil {
		return fmt.Errorf("read the snapshot of the rules: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var p numberedPart
		if err := rows.Scan(&p.seq, &p.part, &p.data); err != nil {
			return fmt.Errorf("read the snapshot of the rules: %w", err)
		}
		s.parts = append(s.parts, p)
	}
	return rows.Err()
}

// readAlerts reads what is active and the latest of what resolved, oldest first.
func (s *saved) readAlerts(tx *store.Tx) error {
	for _, query := range []string{
		`SELECT id, json FROM alerts WHERE state = 'resolved' ORDER BY updated DESC, id LIMIT 1000`,
		`SELECT id, json FROM alerts WHERE state != 'resolved' ORDER BY updated DESC, id`,
	} {
		if err := s.readAlertRows(tx, query); err != nil {
			return fmt.Errorf("read the alerts: %w", err)
		}
	}
	slices.SortStableFunc(s.alerts, func(a, b alert.Alert) int {
		return changedAt(&a).Compare(changedAt(&b))
	})
	return nil
}

func (s *saved) readAlertRows(tx *store.Tx, query string) error {
	rows, err := tx.Query(query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id, text string
		if err := rows.Scan(&id, &text); err != nil {
			return err
		}
		var a alert.Alert
		if err := json.Unmarshal([]byte(text), &a); err != nil || a.ID != id {
			s.notes = append(s.notes, fmt.Sprintf("the row of alert %q cannot be read and is left alone", id))
			continue
		}
		s.alerts = append(s.alerts, a)
	}
	return rows.Err()
}

// LoadAlert reads the alert of an ID from the state, as it was at its last change of state; also one that resolved long
// ago. ok is false where the state does not know it.
func LoadAlert(tx *store.Tx, id string) (a alert.Alert, ok bool, err error) {
	rows, err := tx.Query(`SELECT json FROM alerts WHERE id = ?`, id)
	if err != nil {
		return a, false, fmt.Errorf("read alert %q: %w", id, err)
	}
	defer rows.Close()
	if !rows.Next() {
		return a, false, rows.Err()
	}
	var text string
	if err := rows.Scan(&text); err != nil {
		return a, false, fmt.Errorf("read alert %q: %w", id, err)
	}
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		return alert.Alert{}, false, fmt.Errorf("read alert %q: %w", id, err)
	}
	return a, true, nil
}

// load takes over what was read.
func (e *Engine) load(s *saved, now time.Time) {
	e.notes = append(e.notes, s.notes...)
	switch inTime := e.inTime(s, now); {
	case inTime && s.first.clock() != 0:
		e.loadFirstForm(&s.first)
	case inTime:
		e.replay(s)
	}
	e.journal.startsAfter(s, e.clock != 0)
	for _, t := range s.past {
		e.past.add(t)
	}
	if e.clock != 0 {
		e.startRest()
	}
	for _, r := range e.rules {
		r.off = false // without a clock they start at the first time that is told
	}
	e.loadAlerts(s, now)
}

// inTime says that the state is of a time that one can go on from.
func (e *Engine) inTime(s *saved, now time.Time) bool {
	clock := s.clock()
	ahead := timeOf(clock).Sub(now)
	if clock == 0 || ahead <= maxClockAhead {
		return true
	}
	e.note("the state of the rules is of %s, which is %s ahead of now: the rules start anew",
		timeOf(clock).Format(time.RFC3339), ahead.Round(time.Second))
	return false
}

// clock is the time of the last commit, as far as it can be read; 0: it cannot.
func (s *saved) clock() int64 {
	for i := len(s.rows) - 1; i >= 0; i-- {
		if clock, _, err := openRow(s.rows[i].data); err == nil {
			return clock
		}
	}
	return s.first.clock()
}

// fitLimits drops what is over limits that have become smaller.
func (e *Engine) fitLimits() {
	for _, r := range e.rules {
		for len(r.by) > 0 && len(r.groups) > e.opts.MaxGroups && e.evict(r.recent.oldest) {
			continue
		}
	}
	for e.groups > e.opts.MaxGroupsAll && e.evict(e.leastRecent()) {
		continue
	}
}

// loadAlerts makes alerts and groups agree, and remembers what resolved lately. They do agree, unless rules changed or
// something could not be read: then what no group carries on resolves, and what no row tells of is told.
func (e *Engine) loadAlerts(s *saved, now time.Time) {
	carried := map[string]*group{}
	for _, r := range e.rules {
		for _, g := range r.inOrder() {
			if g.state != inactive {
				carried[g.alertID()] = g
			}
		}
	}
	for _, a := range s.alerts {
		if g := carried[a.ID]; g != nil && (a.State == alert.Firing) == (g.state == firing) {
			delete(carried, a.ID)
			continue
		}
		switch {
		case a.State == alert.Resolved:
			e.recent = append(e.recent, a)
		case carried[a.ID] != nil:
		case a.State == alert.Firing:
			e.emit(endedBy(a, now))
		default:
			e.marks.noAlert(a.ID)
		}
	}
	e.pruneResolved()
	for _, r := range e.rules {
		for _, g := range r.inOrder() {
			switch g.state {
			case inactive:
			case pending:
				if carried[g.alertID()] != nil {
					e.notePending(g)
				}
			case firing:
				if carried[g.alertID()] != nil {
					e.emit(e.alertOf(g))
				}
			}
		}
	}
}

// endedBy resolves an alert whose rule or state is gone.
func endedBy(a alert.Alert, now time.Time) alert.Alert {
	a.State, a.EndsAt = alert.Resolved, now.UTC()
	if a.EndsAt.Before(a.StartsAt) {
		a.EndsAt = a.StartsAt
	}
	return a
}

func (e *Engine) rule(name string) *rule {
	for _, r := range e.rules {
		if r.Name == name {
			return r
		}
	}
	return nil
}
