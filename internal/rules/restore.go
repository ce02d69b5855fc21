package rules

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/errwatch/errwatch/internal/alert"
	"github.com/errwatch/errwatch/internal/store"
)

// maxClockAhead is how far the clock of the state may be ahead of the present: seconds are a correction by NTP, more is
// a machine that had a wrong date, and an engine that continued from it would be deaf until then.
const maxClockAhead = 2 * time.Minute

// saved is everything that the tables hold of the rules.
type saved struct {
	sets   []setRow
	groups []groupRow
	alerts []alert.Alert // by state and time, see readAlerts
	notes  []string
}

// Restore brings back what the last commit held; it must run before the first Observe or Advance. Rules whose canonical
// form changed start anew, and alerts that no group carries on are resolved at now and handed out by Transitions. What
// cannot be read is dropped and told by Notes. The error is the database's.
func (e *Engine) Restore(tx *store.Tx, now time.Time) error {
	s := &saved{}
	for _, read := range []func(*store.Tx) error{s.readSets, s.readGroups, s.readAlerts} {
		if err := read(tx); err != nil {
			return err
		}
	}
	e.load(s, now)
	return nil
}

// Notes returns what Restore had to leave behind, one sentence each.
func (e *Engine) Notes() []string { return e.notes }

func (s *saved) readSets(tx *store.Tx) error {
	rows, err := tx.Query(`SELECT rule, canonical, clock, data FROM rule_sets ORDER BY rule`)
	if err != nil {
		return fmt.Errorf("read the state of the rules: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var r setRow
		if err := rows.Scan(&r.rule, &r.canonical, &r.clock, &r.data); err != nil {
			return fmt.Errorf("read the state of the rules: %w", err)
		}
		s.sets = append(s.sets, r)
	}
	return rows.Err()
}

func (s *saved) readGroups(tx *store.Tx) error {
	rows, err := tx.Query(`SELECT rule, key, data FROM rule_groups`)
	if err != nil {
		return fmt.Errorf("read the groups of the rules: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var g groupRow
		if err := rows.Scan(&g.rule, &g.key, &g.data); err != nil {
			return fmt.Errorf("read the groups of the rules: %w", err)
		}
		s.groups = append(s.groups, g)
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
	e.clock = e.savedClock(s, now)
	known := e.loadSets(s)
	e.loadGroups(s, known)
	for _, r := range e.rules {
		if e.clock != 0 && !known[r.Name] {
			e.start(r)
		}
	}
	e.fitLimits()
	// A row is as old as its group's last change; nothing happened since, but buckets left.
	e.takeDue()
	e.loadAlerts(s, now)
}

// savedClock returns the clock of the last commit; 0 where there is none, or none to go on from.
func (e *Engine) savedClock(s *saved, now time.Time) int64 {
	for _, r := range s.sets {
		if r.rule != "" {
			continue
		}
		if ahead := timeOf(r.clock).Sub(now); ahead > maxClockAhead {
			e.notes = append(e.notes, fmt.Sprintf(
				"the state of the rules is of %s, which is %s ahead of now: the rules start anew",
				timeOf(r.clock).Format(time.RFC3339), ahead.Round(time.Second)))
			return 0
		}
		e.readFrom(&cursor{b: r.data})
		return r.clock
	}
	return 0
}

// loadSets takes over the rows of rules that mean the same as before, and says which these are. Those of all others go.
func (e *Engine) loadSets(s *saved) map[string]bool {
	known := map[string]bool{}
	for _, row := range s.sets {
		if row.rule == "" {
			continue
		}
		r := e.rule(row.rule)
		if e.clock == 0 || r == nil || r.canonical != row.canonical {
			e.marks.rules[row.rule] = struct{}{}
			continue
		}
		if err := r.readFrom(row.data); err != nil {
			e.notes = append(e.notes, fmt.Sprintf("the row of rule %q cannot be read: it starts anew", row.rule))
			e.marks.rules[row.rule] = struct{}{}
			continue
		}
		r.dirty = false
		e.shared.distinct.used += r.held()
		known[row.rule] = true
	}
	return known
}

func (e *Engine) loadGroups(s *saved, known map[string]bool) {
	var loaded []*group
	for _, row := range s.groups {
		r := e.rule(row.rule)
		if r == nil || !known[row.rule] {
			e.marks.rules[row.rule] = struct{}{}
			continue
		}
		g := &group{rule: r, key: row.key, meter: r.meter(r), heapAt: -1, stored: true}
		if err := readGroup(g, row.data); err != nil || strings.Count(row.key, keyEnd) != len(r.by) {
			e.notes = append(e.notes, fmt.Sprintf("a group of rule %q cannot be read: it starts anew", row.rule))
			e.marks.gone[row.rowKey] = struct{}{}
			continue
		}
		loaded = append(loaded, g)
	}
	slices.SortFunc(loaded, func(a, b *group) int {
		return cmp.Or(cmp.Compare(a.touched, b.touched), cmp.Compare(a.rule.index, b.rule.index), cmp.Compare(a.key, b.key))
	})
	for _, g := range loaded {
		e.adoptGroup(g)
		if g.state != firing {
			g.rule.recent.push(g)
		}
		e.uses = max(e.uses, g.touched)
		e.due.set(g, g.nextDue(e.clock))
	}
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

// loadAlerts resolves what no group carries on, and remembers what resolved lately.
func (e *Engine) loadAlerts(s *saved, now time.Time) {
	carried := map[string]bool{}
	for _, r := range e.rules {
		for _, g := range r.groups {
			if g.state != inactive {
				carried[g.alertID()] = true
			}
		}
	}
	for _, a := range s.alerts {
		switch {
		case a.State == alert.Resolved:
			e.recent = append(e.recent, a)
		case carried[a.ID]:
		case a.State == alert.Firing:
			e.emit(endedBy(a, now))
		default:
			e.marks.noAlert(a.ID)
		}
	}
	e.pruneResolved()
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
