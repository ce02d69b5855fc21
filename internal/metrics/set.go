package metrics

import (
	"bytes"
	"strings"
	"time"

	"github.com/errwatch/errwatch/internal/event"
)

// set holds the series of one source.
type set struct {
	name      string
	created   int64 // Unix nanoseconds; of every series that was there from the start
	published bool
	dirty     bool

	series []*series // in the order in which they came

	entries    map[string]*entry // by code, those of one code in a chain
	references map[string]*entry
	unknown    int // entries without a name
	named      int // entries with a name that is not in the catalogue

	skipped, corrections, errors  map[string]*series
	lines, bytes, late, conflicts *series
	rotations, truncations, lost  *series
	refused                       *series // of the global set alone
}

type eventKey struct{ code, name, category string }

// lookup finds the entry of a code with this name and category. A code has one entry, rarely two, and an event's strings
// are mostly the entry's own, so this is one short hash and two comparisons of pointers.
func (s *set) lookup(k eventKey) *entry {
	for en := s.entries[k.code]; en != nil; en = en.next {
		if en.values[1] == k.name && en.values[2] == k.category {
			return en
		}
	}
	return nil
}

// entry is one code of a source, or one reference pattern: a series without promoted labels and those with them.
type entry struct {
	fam      family
	values   []string // of the family's own labels
	next     *entry   // of the same code
	plain    *series
	labelled map[string]*series // by the values of the promoted labels, joined with NUL, which no clean value holds
	retired  *series            // what was counted under labels that are no longer promoted; nil for nothing
}

// series is one counter.
type series struct {
	*ident
	n       int64
	created int64
	owed    int64 // of what is counted next so much does not: it was counted too early. A counter never goes down
}

// ident is what never changes about a series, so that copies of the counts may share it.
type ident struct {
	fam      family
	values   []string // of the family's own labels, in its order
	promoted []label  // none has an empty value
	retired  bool     // counts for totals alone
}

type label struct{ name, value string }

func newSet(name string, created int64) *set {
	return &set{
		name: name, created: created, dirty: true,
		entries: map[string]*entry{}, references: map[string]*entry{},
		skipped: map[string]*series{}, corrections: map[string]*series{}, errors: map[string]*series{},
	}
}

// newSourceSet returns a set in which everything that can be known beforehand stands at 0, so that the first increment
// is one that Prometheus can see.
func newSourceSet(src Source, o Options, created int64) *set {
	s := newSet(src.Name, created)
	s.lines = s.add(famLines, created)
	s.bytes = s.add(famBytes, created)
	s.late = s.add(famLate, created)
	s.conflicts = s.add(famConflicts, created)
	s.rotations = s.add(famRotations, created)
	s.truncations = s.add(famTruncations, created)
	s.lost = s.add(famLost, created)
	fixed := func() time.Time { return time.Unix(0, created) }
	for _, r := range o.SkipReasons {
		s.reason(s.skipped, famSkipped, r, fixed)
	}
	for _, r := range o.CorrectionReasons {
		s.reason(s.corrections, famCorrections, r, fixed)
	}
	for _, r := range o.ErrorReasons {
		s.reason(s.errors, famErrors, r, fixed)
	}
	for _, code := range src.Codes {
		s.newEntry(eventKey{cleanString(code.Code), cleanString(code.Name), cleanString(code.Category)}, created)
	}
	for _, name := range src.References {
		s.reference(name)
	}
	return s
}

func (s *set) add(fam family, created int64, values ...string) *series {
	return s.addLabelled(fam, created, values, nil)
}

func (s *set) addLabelled(fam family, created int64, values []string, promoted []label) *series {
	x := &series{ident: &ident{fam: fam, values: values, promoted: promoted}, created: created}
	s.series = append(s.series, x)
	return x
}

// reason returns the series of a reason, which is made where it is missing.
func (s *set) reason(m map[string]*series, fam family, reason string, now func() time.Time) *series {
	x := m[reason]
	if x == nil {
		x = s.add(fam, now().UnixNano(), cleanString(reason))
		m[reason] = x
	}
	return x
}

func (s *set) newEntry(k eventKey, created int64) *entry {
	if en := s.lookup(k); en != nil {
		return en
	}
	en := &entry{fam: famEvents, values: []string{k.code, k.name, k.category}, next: s.entries[k.code]}
	en.plain = s.add(en.fam, created, en.values...)
	s.entries[k.code] = en
	return en
}

// reference returns the entry of a reference pattern. Their names stand in the configuration: they are bounded by it.
func (s *set) reference(name string) *entry {
	en := s.references[name]
	if en == nil {
		en = &entry{fam: famReferences, values: []string{cleanString(name)}}
		en.plain = s.add(en.fam, s.created, en.values...)
		s.references[name] = en
	}
	return en
}

// entry returns the entry of an event's code: its own, or that of "other" where the source has too many.
func (c *Counters) entry(s *set, e *event.Event) *entry {
	if en := s.lookup(eventKey{e.Code, e.Name, e.Category}); en != nil {
		return en
	}
	k := eventKey{cleanString(e.Code), cleanString(e.Name), cleanString(e.Category)}
	if en := s.lookup(k); en != nil {
		return en
	}
	n, limit := &s.unknown, c.maxUnknown
	if e.Name != "" {
		n, limit = &s.named, maxNamed
	}
	if *n >= limit {
		return s.newEntry(eventKey{Other, "", "unknown"}, c.now().UnixNano())
	}
	*n++
	return s.newEntry(k, c.now().UnixNano())
}

// labelledSeries returns the series of an entry for the promoted fields of an event.
func (c *Counters) labelledSeries(s *set, en *entry, e *event.Event) *series {
	if !c.labelKey(e) {
		return en.plain
	}
	if x := en.labelled[string(c.key)]; x != nil {
		return x
	}
	if c.labelled < c.maxSeries {
		c.labelled++
		return c.newLabelled(s, en, c.now().UnixNano())
	}
	// The series of "other" is outside the limit: there is one for each code, and those are bounded.
	c.global.refused.n++
	c.global.dirty = true
	c.otherKey()
	if x := en.labelled[string(c.key)]; x != nil {
		return x
	}
	return c.newLabelled(s, en, c.now().UnixNano())
}

// labelKey writes the event's values of the promoted labels to c.key and says whether there is any.
func (c *Counters) labelKey(e *event.Event) bool {
	if len(c.labels) == 0 {
		return false
	}
	c.key = c.key[:0]
	found := false
	for i, name := range c.labels {
		if i > 0 {
			c.key = append(c.key, 0)
		}
		v := e.Field(name)
		found = found || len(v) > 0
		c.key = AppendLabelValue(c.key, v)
	}
	return found
}

func (c *Counters) otherKey() {
	c.key = c.key[:0]
	for i := range c.labels {
		if i > 0 {
			c.key = append(c.key, 0)
		}
		c.key = append(c.key, Other...)
	}
}

func (c *Counters) isOtherKey() bool {
	for v := range bytes.SplitSeq(c.key, []byte{0}) {
		if string(v) != Other {
			return false
		}
	}
	return true
}

// newLabelled makes the series of the values in c.key.
func (c *Counters) newLabelled(s *set, en *entry, created int64) *series {
	key := string(c.key)
	x := s.addLabelled(en.fam, created, en.values, c.splitKey(key))
	if en.labelled == nil {
		en.labelled = map[string]*series{}
	}
	en.labelled[key] = x
	return x
}

func (c *Counters) splitKey(key string) []label {
	var ls []label
	for i, v := range strings.Split(key, "\x00") {
		if v != "" {
			ls = append(ls, label{c.labels[i], v})
		}
	}
	return ls
}

// earliestCreated bounds what a line's time can do to a created time: 2000-01-01, Unix seconds.
const earliestCreated = 946684800

// add adds n, of which some may be owed; what is below 0 is owed from now on.
func (x *series) add(n int64) {
	if n < 0 {
		x.owed -= n
		return
	}
	paid := min(x.owed, n)
	x.owed -= paid
	x.n += n - paid
}

// count adds an event. While a source is hidden, the created time of a counter goes back with the events of the backlog:
// it counts since then, and a Prometheus that takes created times for zeros sees no jump at the first scrape.
func (x *series) count(s *set, e *event.Event) {
	x.add(1)
	if s.published {
		return
	}
	if t := e.When(); t.Unix() >= earliestCreated && t.Before(time.Unix(0, x.created)) {
		x.created = t.UnixNano()
	}
}
