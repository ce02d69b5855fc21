package rules

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/errwatch/errwatch/internal/alert"
	"github.com/errwatch/errwatch/internal/event"
)

// maxLabelValue bounds, in bytes, what a line can put into a label. Longer values are cut at a rune border, and those
// that begin alike fall into one group.
const maxLabelValue = 128

// keyEnd ends each part of a group's key. Parts hold no control characters, so keys are unambiguous.
const keyEnd = "\x1f"

// group is one combination of by-values of one rule.
type group struct {
	rule   *rule
	key    string       // the by-values in order, each ended by keyEnd
	labels alert.Labels // the alert's identity, made when first needed

	meter    meter
	evidence evidence

	state    state
	born     int64 // when the group was made
	seen     int64 // when its last event was counted
	activeAt int64 // pending, firing: when the condition began to hold
	startsAt int64 // firing: since when
	endedAt  int64 // firing: when the condition stopped to hold, 0 while it does
	peak     float64

	due    int64 // see dueHeap
	heapAt int   // -1: not in the heap

	touched      uint64 // the order of use among all groups
	older, newer *group // neighbours in the rule's list, if listed
	listed       bool

	dead  bool   // dropped
	epoch uint64 // of the snapshot that holds it

	active bool         // in Engine.active
	shown  *alert.Alert // as it was described last; nil: it was not
	stale  bool         // something changed since
}

// byPart is one entry of Rule.By.
type byPart struct {
	name  string
	field bool // a captured field; else one of the event's own values
}

func newByPart(name string) byPart {
	switch name {
	case "source", "code", "name", "category":
		return byPart{name: name}
	}
	return byPart{name: name, field: true}
}

// of returns a value that is not a captured field.
func (p byPart) of(ev *event.Event) string {
	switch p.name {
	case "source":
		return ev.Source
	case "code":
		return ev.Code
	case "name":
		return ev.Name
	}
	return ev.Category
}

// appendKey appends the key of the group that an event belongs to. An event without one of the fields belongs to the
// group whose value for it is empty.
func (r *rule) appendKey(b []byte, ev *event.Event) []byte {
	for i := range r.by {
		start := len(b)
		if p := &r.by[i]; p.field {
			b = append(b, clip(ev.Field(p.name), maxLabelValue)...)
		} else {
			b = append(b, p.of(ev)...)
		}
		b = append(cleanTail(b, start), keyEnd...)
	}
	return b
}

// cleanTail makes b[start:] fit for a label: at most maxLabelValue bytes of valid UTF-8 without control characters. What
// is wrong becomes '?', in place. The key is cleaned, not only the label: else two groups could have one label set.
func cleanTail(b []byte, start int) []byte {
	b = b[:start+len(clip(b[start:], maxLabelValue))]
	for i := start; i < len(b); {
		if c := b[i]; c < utf8.RuneSelf {
			if c < ' ' || c == 0x7F {
				b[i] = '?'
			}
			i++
			continue
		}
		r, size := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && size == 1 {
			b[i] = '?'
		}
		i += size
	}
	return b
}

// clip cuts b to at most n bytes, not within a rune.
func clip(b []byte, n int) []byte {
	if len(b) <= n {
		return b
	}
	for n > 0 && !utf8.RuneStart(b[n]) {
		n--
	}
	return b[:n]
}

// labelSet returns the alert's labels: the rule's, and the group's values. Empty values are left out.
func (g *group) labelSet() alert.Labels {
	if g.labels == nil {
		m := map[string]string{}
		maps.Copy(m, g.rule.Labels)
		m["alertname"], m["severity"] = g.rule.Name, g.rule.Severity
		parts := strings.Split(g.key, keyEnd)
		for i, p := range g.rule.by {
			m[p.name] = parts[i]
		}
		g.labels = alert.FromMap(m)
	}
	return g.labels
}

// lru is the list of a rule's groups that may make room for others, the least recently used first. Firing groups are
// not in it.
type lru struct{ oldest, newest *group }

func (l *lru) push(g *group) {
	g.older, g.newer, g.listed = l.newest, nil, true
	if l.newest != nil {
		l.newest.newer = g
	} else {
		l.oldest = g
	}
	l.newest = g
}

func (l *lru) remove(g *group) {
	if !g.listed {
		return
	}
	if g.older != nil {
		g.older.newer = g.newer
	} else {
		l.oldest = g.newer
	}
	if g.newer != nil {
		g.newer.older = g.older
	} else {
		l.newest = g.older
	}
	g.older, g.newer, g.listed = nil, nil, false
}

// find returns the group of an event, making it if there is room; nil means refused.
func (e *Engine) find(r *rule, o *observation) *group {
	if o.hint == nil {
		return e.findByKey(r, o)
	}
	if g := *o.hint; g == nil || g.dead {
		*o.hint = e.findByKey(r, o)
	}
	return *o.hint
}

func (e *Engine) findByKey(r *rule, o *observation) *group {
	e.scratch = r.appendKey(e.scratch[:0], o.ev)
	if g := r.groups[string(e.scratch)]; g != nil {
		return g
	}
	if !e.makeRoom(r) {
		r.refused++
		return nil
	}
	return e.newGroup(r, string(e.scratch), o.now)
}

func (e *Engine) newGroup(r *rule, key string, t int64) *group {
	g := &group{rule: r, key: key, meter: r.meter(r), born: t, seen: t, heapAt: -1, epoch: e.epoch}
	g.evidence.reset()
	if s, ok := g.meter.(*spike); ok {
		s.since = r.since
		// Nothing was there before, unless it was in a group that had to make room.
		if r.evictAt > 0 && t-r.evictAt < int64(r.Window+r.Spike.Baseline) {
			s.since = t
		}
	}
	e.adoptGroup(g)
	return g
}

// adoptGroup enters a group into its rule's tables.
func (e *Engine) adoptGroup(g *group) {
	g.rule.groups[g.key] = g
	if len(g.rule.by) > 0 {
		e.groups++
	}
	e.shared.distinct.used += g.meter.held()
	e.holdEvidence(g, 1)
	if g.state != inactive {
		e.enlist(g)
	}
}

// enlist and delist keep the list of groups whose alerts are active.
func (e *Engine) enlist(g *group) {
	i, _ := slices.BinarySearchFunc(e.active, g, compareGroups)
	e.active = slices.Insert(e.active, i, g)
	g.active = true
}

func (e *Engine) delist(g *group) {
	if !g.active {
		return
	}
	i, _ := slices.BinarySearchFunc(e.active, g, compareGroups)
	e.active = slices.Delete(e.active, i, i+1)
	g.active, g.shown = false, nil
}

// compareGroups orders groups as their alerts are ordered.
func compareGroups(a, b *group) int {
	return cmp.Or(strings.Compare(a.rule.Name, b.rule.Name), compareLabels(a.labelSet(), b.labelSet()))
}

func compareLabels(a, b alert.Labels) int {
	return slices.CompareFunc(a, b, func(x, y alert.Label) int {
		return cmp.Or(strings.Compare(x.Name, y.Name), strings.Compare(x.Value, y.Value))
	})
}

// held is how many values the rule itself remembers.
func (r *rule) held() int {
	n := 0
	if r.known != nil {
		n += r.known.held()
	}
	if r.storms != nil {
		n += len(r.storms.last)
	}
	return n
}

// inOrder returns the groups of a rule by key, so that what happens to all of them at one instant happens in an order.
func (r *rule) inOrder() []*group {
	return slices.SortedFunc(maps.Values(r.groups), func(a, b *group) int { return strings.Compare(a.key, b.key) })
}

// makeRoom evicts, where a limit is reached, the least recently used group that is not firing: of the rule, or of all.
// A rule without `by` has one group, which is never refused or evicted.
func (e *Engine) makeRoom(r *rule) bool {
	victim := (*group)(nil)
	switch {
	case len(r.by) == 0:
		return true
	case len(r.groups) >= e.opts.MaxGroups:
		victim = r.recent.oldest
	case e.groups >= e.opts.MaxGroupsAll:
		victim = e.leastRecent()
	default:
		return true
	}
	return e.evict(victim)
}

// evict drops a group to make room; it says whether there was one.
func (e *Engine) evict(g *group) bool {
	if g == nil {
		return false
	}
	e.keepRule(g.rule)
	g.rule.evicted++
	g.rule.evictAt = e.clock
	e.drop(g)
	return true
}

func (e *Engine) leastRecent() *group {
	var least *group
	for _, r := range e.rules {
		if g := r.recent.oldest; g != nil && len(r.by) > 0 && (least == nil || g.touched < least.touched) {
			least = g
		}
	}
	return least
}

// touch makes a group the most recently used one.
func (e *Engine) touch(g *group) {
	e.uses++
	g.touched = e.uses
	l := &g.rule.recent
	l.remove(g)
	if g.state != firing {
		l.push(g)
	}
}

// drop forgets a group that is not firing.
func (e *Engine) drop(g *group) {
	e.keep(g)
	e.due.remove(g)
	g.rule.recent.remove(g)
	delete(g.rule.groups, g.key)
	if len(g.rule.by) > 0 {
		e.groups--
	}
	if g.state == pending {
		e.forgetPending(g)
	}
	e.delist(g)
	g.dead = true
	e.shared.distinct.used -= g.meter.held()
	e.holdEvidence(g, -1)
}
