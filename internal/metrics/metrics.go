// Package metrics counts: events by source, code, name and category, lines, bytes, and what was skipped or corrected.
//
// Prometheus must never see a counter go down, and a crash must never take back a value that it has seen. So what is
// counted and what is shown are two things. Counting ([Counters.Add] and its sisters) happens under the pipeline's
// lock. [Counters.Pending] copies what changed for the commit; only when that commit has succeeded does the copy become
// what the [Counters.Collector] hands out. Counts and created times come back from the state after a restart, so a
// series goes on where it stopped.
//
// The second care is the backlog. Where errwatch meets a source for the first time, it may read a million old lines in
// seconds, which happened long ago. The event series of such a source stay hidden until [Counters.Publish]: the first
// value that Prometheus sees then contains the backlog, and no increase() does.
//
// Text from logs ends up in labels, so everything that can grow has a bound, and what hits it is counted under "other".
package metrics

import (
	"sync/atomic"
	"time"

	"github.com/errwatch/errwatch/internal/event"
)

// Code is one code of a source's catalogue: it is shown from the start, at 0.
type Code struct{ Code, Name, Category string }

// Source is one configured source.
type Source struct {
	Name       string
	Labels     map[string]string // on each of its series
	Codes      []Code            // of its catalogue
	References []string          // names of the reference patterns that apply to it
}

// The limits that apply where Options name none.
const (
	DefaultMaxSeries  = 2000
	DefaultMaxUnknown = 50
)

// maxNamed bounds, for each source, the codes that have a name but are not in the source's catalogue: names of other
// built-in catalogues. There are far fewer; the bound is for the day when that is no longer true.
const maxNamed = 1000

// Other is the value of a label once its limit is reached.
const Other = "other"

// Options say what is counted, and where it ends.
type Options struct {
	Sources []Source
	Labels  []string // captured fields that become labels of events and reference events

	MaxSeries  int // how many series the values of Labels may make, over all sources; 0 = DefaultMaxSeries
	MaxUnknown int // how many unknown codes a source may have; 0 = DefaultMaxUnknown

	// Reasons that exist at 0 from the start; others are added when they are first counted.
	SkipReasons       []string
	CorrectionReasons []string
	ErrorReasons      []string

	Now func() time.Time // for created times; nil = time.Now
}

// Counters are all counters of one configuration.
//
// Whatever counts or changes them, Restore, Pending and its Done, Publish, SetLive and Live need the pipeline's lock.
// Collector, SourceDesc and Snapshot do not: they see only what is shown.
type Counters struct {
	now        func() time.Time
	labels     []string // promoted, as configured
	maxSeries  int
	maxUnknown int

	sets     []*set // in the order of the configuration
	byName   map[string]*set
	last     *set // of the last event
	global   *set // what belongs to no source; its name is ""
	labelled int  // series that exist because of promoted labels

	key []byte // scratch of lookups

	table families
	live  bool
	seq   uint64 // of the newest copy
	shown atomic.Pointer[shown]
}

// New returns counters at 0. The error names every label that cannot be one.
func New(o Options) (*Counters, error) {
	table, err := newFamilies(o)
	if err != nil {
		return nil, err
	}
	c := &Counters{
		now:        o.Now,
		labels:     o.Labels,
		maxSeries:  orDefault(o.MaxSeries, DefaultMaxSeries),
		maxUnknown: orDefault(o.MaxUnknown, DefaultMaxUnknown),
		byName:     make(map[string]*set, len(o.Sources)),
		table:      table,
	}
	if c.now == nil {
		c.now = time.Now
	}
	created := c.now().UnixNano()
	c.global = newSet("", created)
	c.global.refused = c.global.add(famRefused, created)
	for _, src := range o.Sources {
		s := newSourceSet(src, o, created)
		c.sets = append(c.sets, s)
		c.byName[src.Name] = s
	}
	c.showAll() // zeros: no crash can take them back
	return c, nil
}

func orDefault(n, otherwise int) int {
	if n <= 0 {
		return otherwise
	}
	return n
}

// AddAll counts events, as Add does.
func (c *Counters) AddAll(events []event.Event) {
	for i := range events {
		c.Add(&events[i])
	}
}

// Add counts one event. It allocates only when the event makes a new series. Events of a source that is not configured
// are ignored.
func (c *Counters) Add(e *event.Event) {
	s := c.last
	if s == nil || s.name != e.Source { // events come in runs of one source
		if s = c.byName[e.Source]; s == nil {
			return
		}
		c.last = s
	}
	s.dirty = true
	if e.Conflict {
		s.conflicts.count(s, e)
	}
	c.seriesOf(s, e).count(s, e)
}

// seriesOf returns the series in which an event counts.
func (c *Counters) seriesOf(s *set, e *event.Event) *series {
	if e.Reference {
		return c.labelledSeries(s, s.reference(e.Pattern), e)
	}
	return c.labelledSeries(s, c.entry(s, e), e)
}

// Replace counts is in the place of was, which was counted before; is may be nil. Since a counter never goes down, the
// series of was stays where it is, and the next event that counts in it does not.
func (c *Counters) Replace(was, is *event.Event) {
	s := c.byName[was.Source]
	if s == nil {
		return
	}
	s.dirty = true
	before, conflict := c.seriesOf(s, was), is != nil && is.Conflict
	if was.Conflict && !conflict {
		s.conflicts.add(-1)
	}
	if conflict && !was.Conflict {
		s.conflicts.count(s, is)
	}
	if is == nil {
		before.add(-1)
		return
	}
	if after := c.seriesOf(s, is); after != before {
		before.add(-1)
		after.count(s, is)
	}
}

// AddLines counts lines and the bytes that were read with them. A number of lines below 0 takes back what was counted
// too early: so many of the next ones do not count.
func (c *Counters) AddLines(source string, lines, bytes int64) {
	s := c.byName[source]
	if s == nil || lines == 0 && bytes <= 0 {
		return
	}
	s.dirty = true
	s.lines.add(lines)
	s.bytes.n += max(bytes, 0)
}

// AddSkipped counts lines that were not looked at because of reason, a constant of the code that skips.
func (c *Counters) AddSkipped(source, reason string, lines int64) {
	if s := c.byName[source]; s != nil && lines > 0 {
		s.dirty = true
		s.reason(s.skipped, famSkipped, reason, c.now).n += lines
	}
}

// AddLate counts an event that came too late for the windows of the rules.
func (c *Counters) AddLate(source string) {
	if s := c.byName[source]; s != nil {
		s.dirty = true
		s.late.n++
	}
}

// AddTimeCorrection counts an event whose time was not taken as it stands in the line, because of reason, a constant of
// the code that corrects.
func (c *Counters) AddTimeCorrection(source, reason string) {
	if s := c.byName[source]; s != nil {
		s.dirty = true
		s.reason(s.corrections, famCorrections, reason, c.now).n++
	}
}

// Reading is what went on at the files of a source since it was last told.
type Reading struct {
	Rotations, Truncations, LostBytes int64
	Errors                            map[string]int64 // by reason, a constant of the code that reads
}

// AddReading counts what went on at the files of a source, and returns whether anything did.
func (c *Counters) AddReading(source string, r Reading) (news bool) {
	s := c.byName[source]
	if s == nil {
		return false
	}
	count := func(x *series, n int64) {
		if n > 0 {
			x.n += n
			s.dirty, news = true, true
		}
	}
	count(s.rotations, r.Rotations)
	count(s.truncations, r.Truncations)
	count(s.lost, r.LostBytes)
	for reason, n := range r.Errors {
		count(s.reason(s.errors, famErrors, reason, c.now), n)
	}
	return news
}

// Publish says that a source has reached its end once: from the next commit on its event series are shown, for ever.
// It returns whether that is news.
func (c *Counters) Publish(source string) bool {
	s := c.byName[source]
	if s == nil || s.published {
		return false
	}
	s.published, s.dirty = true, true
	return true
}

// Published says whether the event series of a source are shown.
func (c *Counters) Published(source string) bool {
	s := c.byName[source]
	return s != nil && s.published
}
