package rules

import (
	"maps"
	"slices"

	"github.com/errwatch/errwatch/internal/event"
)

// maxCandidates bounds the memory of the index. The key is made only of values that rules name, so in practice there
// are a few dozen; past the bound the index starts anew.
const maxCandidates = 8192

// index finds the rules that an event matches without looking at the others. What has few values (source, code, name,
// category) is first reduced to numbers, in which every value that no rule names is 0; the rules for a tuple of these
// numbers are worked out once and kept. Fields have many values and are looked up by value.
type index struct {
	rules                           []*rule
	sources, codes, names, category vocabulary
	known                           map[tuple]*candidates
	latest                          [latestKinds]kindOfEvent
}

// latestKinds is for how many kinds of events the candidates are at hand without a look into maps. The strings of an event
// mostly are the catalogue's and the patterns' own, so that to compare them is to compare where they lie.
const latestKinds = 64

type kindOfEvent struct {
	source, code, name, category, pattern string
	reference                             bool
	found                                 *candidates
	groups                                []*group // of found.sure, where `by` asks for nothing but what is above
	class                                 *class   // of the latest event of this kind; nil: not known
}

func (k *kindOfEvent) is(ev *event.Event) bool {
	return k.found != nil && k.code == ev.Code && k.name == ev.Name && k.source == ev.Source && k.category == ev.Category &&
		k.reference == ev.Reference && (!ev.Reference || k.pattern == ev.Pattern)
}

// placeOf is where a kind of event would be: codes differ in their ends.
func placeOf(ev *event.Event) int {
	n := len(ev.Source) + 3*len(ev.Name)
	for i := max(0, len(ev.Code)-2); i < len(ev.Code); i++ {
		n = n*10 + int(ev.Code[i])
	}
	return n % latestKinds
}

type vocabulary map[string]uint32

type tuple struct {
	source, code, name, category uint32
	reference                    bool
}

// candidates are the rules that match a tuple: those that ask no more, and those that depend on fields.
type candidates struct {
	sure   []hit
	fields []fieldIndex
	mixed  []*rule // with `ratio`, where either match depends on fields
}

// hit is a rule and what an event is to it.
type hit struct {
	rule *rule
	as   role
}

// fieldIndex holds the rules whose first field (in the order of names) is this one, by its value.
type fieldIndex struct {
	name    string
	byValue map[string][]*rule
}

func newIndex(rules []*rule) *index {
	x := &index{
		rules: rules, known: map[tuple]*candidates{},
		sources: vocabulary{}, codes: vocabulary{}, names: vocabulary{}, category: vocabulary{},
	}
	for _, r := range rules {
		for _, m := range []*matcher{&r.match, r.to} {
			if m != nil {
				x.sources.add(m.sources)
				x.codes.add(m.codes)
				x.names.add(m.names)
				x.category.add(m.categories)
			}
		}
	}
	return x
}

func (v vocabulary) add(values set) {
	for s := range values {
		if _, ok := v[s]; !ok {
			v[s] = uint32(len(v) + 1)
		}
	}
}

// find returns the candidates for an event; the caller still asks each rule of fields. No allocation for a known tuple.
func (x *index) find(ev *event.Event) *kindOfEvent {
	k := &x.latest[placeOf(ev)]
	if !k.is(ev) {
		found := x.lookUp(ev)
		*k = kindOfEvent{
			source: ev.Source, code: ev.Code, name: ev.Name, category: ev.Category, pattern: ev.Pattern, reference: ev.Reference,
			found: found, groups: make([]*group, len(found.sure)),
		}
	}
	return k
}

func (x *index) lookUp(ev *event.Event) *candidates {
	t := tuple{
		source: x.sources[ev.Source], code: x.codes[ev.Code], name: x.names[matchName(ev)],
		category: x.category[ev.Category], reference: ev.Reference,
	}
	if c := x.known[t]; c != nil {
		return c
	}
	if len(x.known) >= maxCandidates {
		clear(x.known)
	}
	c := x.build(ev)
	x.known[t] = c
	return c
}

func (x *index) build(ev *event.Event) *candidates {
	c := &candidates{}
	for _, r := range x.rules {
		switch {
		case r.fromLine || r.Always:
		case r.to != nil:
			c.addRatio(r, ev)
		case !r.match.holds(ev):
		case len(r.match.fields) == 0:
			c.sure = append(c.sure, hit{r, matching})
		default:
			c.addByField(r)
		}
	}
	return c
}

func (c *candidates) addRatio(r *rule, ev *event.Event) {
	var as role
	if r.match.holds(ev) {
		as |= matching
	}
	if r.to.holds(ev) {
		as |= divisor
	}
	switch {
	case as == 0:
	case len(r.match.fields)+len(r.to.fields) > 0:
		c.mixed = append(c.mixed, r)
	default:
		c.sure = append(c.sure, hit{r, as})
	}
}

// roleOf returns what an event is to a rule with `ratio`.
func (r *rule) roleOf(ev *event.Event) role {
	var as role
	if r.match.holds(ev) && r.match.fieldsHold(ev) {
		as |= matching
	}
	if r.to.holds(ev) && r.to.fieldsHold(ev) {
		as |= divisor
	}
	return as
}

func (c *candidates) addByField(r *rule) {
	first := r.match.fields[0]
	i := slices.IndexFunc(c.fields, func(f fieldIndex) bool { return f.name == first.name })
	if i < 0 {
		i = len(c.fields)
		c.fields = append(c.fields, fieldIndex{first.name, map[string][]*rule{}})
	}
	for v := range first.values {
		c.fields[i].byValue[v] = append(c.fields[i].byValue[v], r)
	}
}

// set is a set of strings; nil holds everything.
type set map[string]struct{}

func newSet(values []string) set {
	if len(values) == 0 {
		return nil
	}
	s := make(set, len(values))
	for _, v := range values {
		s[v] = struct{}{}
	}
	return s
}

func (s set) allows(v string) bool {
	if s == nil {
		return true
	}
	_, ok := s[v]
	return ok
}

// matcher is a Match made ready.
type matcher struct {
	sources, codes, names, categories set
	fields                            []fieldSet // sorted by name
}

type fieldSet struct {
	name   string
	values set
}

func newMatcher(m *Match, canonicalName func(string) string) matcher {
	out := matcher{
		sources: newSet(m.Sources), codes: newSet(m.Codes), names: newSet(m.Names), categories: newSet(m.Categories),
	}
	if canonicalName != nil {
		for _, n := range m.Names {
			if c := canonicalName(n); c != "" {
				out.names[c] = struct{}{}
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.Fields)) {
		out.fields = append(out.fields, fieldSet{name, newSet(m.Fields[name])})
	}
	return out
}

// holds says that everything but the fields matches.
func (m *matcher) holds(ev *event.Event) bool {
	if ev.Reference && m.names == nil {
		return false
	}
	return m.sources.allows(ev.Source) && m.codes.allows(ev.Code) && m.names.allows(matchName(ev)) &&
		m.categories.allows(ev.Category)
}

// fieldsHold says that the fields match too. The look-up by string(bytes) does not allocate.
func (m *matcher) fieldsHold(ev *event.Event) bool {
	for i := range m.fields {
		f := &m.fields[i]
		if _, ok := f.values[string(ev.Field(f.name))]; !ok {
			return false
		}
	}
	return true
}

// matchName is the name that match.names is compared with. A reference event that was given no name goes by its
// pattern's.
func matchName(ev *event.Event) string {
	if ev.Reference && ev.Name == "" {
		return ev.Pattern
	}
	return ev.Name
}
