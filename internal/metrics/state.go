package metrics

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/errwatch/errwatch/internal/store"
)

// view is a copy of a set at one moment. It never changes.
type view struct {
	seq       uint64 // a later copy has a higher one
	name      string
	created   int64
	published bool
	points    []point
}

type point struct {
	*ident
	n       int64
	created int64
	owed    int64
}

// shown is what the collector hands out: a view of each source.
type shown struct{ views map[string]*view }

func (c *Counters) view(s *set) *view {
	c.seq++
	v := &view{seq: c.seq, name: s.name, created: s.created, published: s.published, points: make([]point, len(s.series))}
	for i, x := range s.series {
		v.points[i] = point{x.ident, x.n, x.created, x.owed}
	}
	return v
}

// stored is a set as it lies in the table counter_sets. The view "counters" of the store reads it too. Series at 0 with
// the created time of the set are left out: they are there again as soon as the set is.
type stored struct {
	Created   int64          `json:"created"`
	Published bool           `json:"published"`
	Events    []storedSeries `json:"events,omitempty"`
	Others    []storedSeries `json:"others,omitempty"`
}

type storedSeries struct {
	Metric   string            `json:"metric,omitempty"` // of Others
	Code     string            `json:"code,omitempty"`
	Name     string            `json:"name,omitempty"`
	Category string            `json:"category,omitempty"`
	Reason   string            `json:"reason,omitempty"`
	Labels   map[string]string `json:"labels,omitempty"`
	Retired  bool              `json:"retired,omitempty"`
	Value    int64             `json:"value"`
	Created  int64             `json:"created"` // Unix nanoseconds
	Owed     int64             `json:"owed,omitempty"`
}

func (v *view) stored() *stored {
	st := &stored{Created: v.created, Published: v.published}
	for _, p := range v.points {
		if p.n == 0 && p.owed == 0 && p.created == v.created {
			continue
		}
		if x := p.stored(); p.fam == famEvents {
			st.Events = append(st.Events, x)
		} else {
			st.Others = append(st.Others, x)
		}
	}
	return st
}

func (p *point) stored() storedSeries {
	x := storedSeries{Retired: p.retired, Value: p.n, Created: p.created, Owed: p.owed}
	for _, l := range p.promoted {
		if x.Labels == nil {
			x.Labels = map[string]string{}
		}
		x.Labels[l.name] = l.value
	}
	switch p.fam {
	case famEvents:
		x.Code, x.Name, x.Category = p.values[0], p.values[1], p.values[2]
		return x
	case famReferences:
		x.Name = p.values[0]
	case famSkipped, famCorrections, famErrors:
		x.Reason = p.values[0]
	}
	x.Metric = p.fam.name()
	return x
}

// Restore brings back what the state holds of the configured sources, into Counters that have counted nothing yet. What
// it brings back is committed: it is shown at once.
func (c *Counters) Restore(tx *store.Tx) error {
	rows, err := tx.Query("SELECT source, json FROM counter_sets")
	if err != nil {
		return fmt.Errorf("read the counters: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var name, text string
		if err := rows.Scan(&name, &text); err != nil {
			return fmt.Errorf("read the counters: %w", err)
		}
		s := c.byName[name]
		if name == "" {
			s = c.global
		}
		if s == nil {
			continue // A source that is not configured now: its counts wait for its return.
		}
		st := new(stored)
		if err := json.Unmarshal([]byte(text), st); err != nil {
			return fmt.Errorf("counters of source %q in the state are damaged: %w", name, err)
		}
		c.load(s, st)
		s.dirty = false
	}
	c.showAll()
	return rows.Err()
}

// load sets a fresh set to what was stored.
func (c *Counters) load(s *set, st *stored) {
	for _, x := range s.series {
		x.created = st.Created
	}
	s.created, s.published = st.Created, st.Published
	for _, x := range slices.Concat(st.Events, st.Others) {
		if y := c.find(s, x); y != nil {
			y.n += x.Value
			y.owed += x.Owed
			y.created = x.Created
		}
	}
}

// find returns the series that a stored one belongs to, nil where this version has no such metric.
func (c *Counters) find(s *set, x storedSeries) *series {
	switch fam := familyByName(x.Metric); fam {
	case famEvents:
		k := eventKey{x.Code, x.Name, x.Category}
		if s.lookup(k) == nil && x.Code != Other {
			if x.Name == "" {
				s.unknown++
			} else {
				s.named++
			}
		}
		return c.findLabelled(s, s.newEntry(k, x.Created), x)
	case famReferences:
		return c.findLabelled(s, s.reference(x.Name), x)
	case famSkipped:
		return s.reason(s.skipped, fam, x.Reason, c.now)
	case famCorrections:
		return s.reason(s.corrections, fam, x.Reason, c.now)
	case famLines:
		return s.lines
	case famBytes:
		return s.bytes
	case famLate:
		return s.late
	case famConflicts:
		return s.conflicts
	case famErrors:
		return s.reason(s.errors, fam, x.Reason, c.now)
	case famRotations:
		return s.rotations
	case famTruncations:
		return s.truncations
	case famLost:
		return s.lost
	case famRefused:
		return s.refused
	}
	return nil
}

// findLabelled returns the entry's series for stored labels.
func (c *Counters) findLabelled(s *set, en *entry, x storedSeries) *series {
	if len(x.Labels) == 0 && !x.Retired {
		return en.plain
	}
	if x.Retired || !c.storedKey(x.Labels) {
		return s.retire(en, x.Created)
	}
	if !c.isOtherKey() {
		c.labelled++
	}
	return c.newLabelled(s, en, x.Created)
}

// storedKey writes stored labels to c.key and says whether all of them are promoted now.
func (c *Counters) storedKey(labels map[string]string) bool {
	found := 0
	c.key = c.key[:0]
	for i, name := range c.labels {
		if i > 0 {
			c.key = append(c.key, 0)
		}
		if v := labels[name]; v != "" {
			found++
			c.key = append(c.key, v...)
		}
	}
	return found == len(labels)
}

// retire returns the series that takes what was counted under labels that are no longer promoted. Nobody sees it:
// added to a series that is shown it would look like a burst of events.
func (s *set) retire(en *entry, created int64) *series {
	if en.retired == nil {
		en.retired = s.add(en.fam, created, en.values...)
		en.retired.retired = true
	}
	return en.retired
}

// Pending returns what changed since the last commit. After Done(true) it is what the collector shows.
func (c *Counters) Pending() store.Pending {
	var changed []*set
	for _, s := range c.sets {
		if s.dirty {
			changed = append(changed, s)
		}
	}
	if c.global.dirty {
		changed = append(changed, c.global)
	}
	if len(changed) == 0 {
		return store.Pending{Done: func(bool) {}}
	}
	views := make([]*view, len(changed))
	for i, s := range changed {
		views[i], s.dirty = c.view(s), false
	}
	if c.live {
		c.show(views)
	}
	return store.Pending{
		Write: func(tx *store.Tx) error { return write(tx, views) },
		Done: func(committed bool) {
			if committed {
				c.show(views)
				return
			}
			for _, s := range changed {
				s.dirty = true
			}
		},
	}
}

func write(tx *store.Tx, views []*view) error {
	for _, v := range views {
		b, err := json.Marshal(v.stored())
		if err != nil {
			return fmt.Errorf("counters of source %q: %w", v.name, err)
		}
		err = tx.Exec(`INSERT INTO counter_sets (source, json) VALUES (?, ?)
			ON CONFLICT (source) DO UPDATE SET json = excluded.json`, v.name, string(b))
		if err != nil {
			return fmt.Errorf("counters of source %q: %w", v.name, err)
		}
	}
	return nil
}

// SetLive switches between showing what is committed (false) and what is counted (true), for the time in which commits
// fail: a value that a crash may take back is then better than one that stands still. While it is on, each call and
// each Pending refreshes what is shown.
func (c *Counters) SetLive(on bool) {
	c.live = on
	if on {
		c.showAll()
	}
}
