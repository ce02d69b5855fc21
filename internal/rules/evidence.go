package rules

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/errwatch/errwatch/internal/alert"
	"github.com/errwatch/errwatch/internal/event"
)

// Bounds of what one group keeps as evidence.
const (
	maxValues     = 64  // values of one field; past it the rarest makes room (space-saving)
	minValues     = 5   // what a field may always keep: what an alert shows
	maxFields     = 8   // different fields; further ones are left out
	maxValueBytes = 128 // of one value
	maxSample     = 200 // bytes of one line
	maxSamples    = 10  // lines, whatever Options.Samples says
	maxFieldName  = 256 // bytes; fields with longer names are left out

	maxPeople = 8192 // different participants, and meetings

	// What follows bounds all groups together. Past it the tallies of further groups hold minValues each, and their sets
	// of participants and meetings nothing more, and one line is kept of each.
	maxEvidenceValues = 200_000
	maxEvidencePeople = 200_000
	maxEvidenceLines  = 50_000
)

// evidence is what a group saw: since it became active, or, while it is inactive, for one to two windows. It is kept in
// two parts so that what is old can go without a list of events: when the present part is a window old it becomes the
// former one, and the former one is forgotten.
type evidence struct {
	present, former  part
	number           int64 // of the present part; the former one's is one less
	people, meetings partSet
}

type part struct {
	codes       tally
	fields      []fieldTally
	samples     [][]byte // the latest lines, oldest first
	sampled     int64    // when the latest was taken
	quiet       int64    // when its bucket ends; 0: not known
	first, last int64    // times of events, 0: none
	begun       int64    // when the part was begun, in the engine's time
}

type fieldTally struct {
	name string
	tally
}

// gather adds an event to a group's evidence.
func (e *Engine) gather(g *group, o *observation) {
	if e.opts.NoEvidence {
		return
	}
	v, ev := &g.evidence, o.ev
	if reach := int64(g.rule.reach); g.state == inactive && o.now-v.present.begun >= reach {
		e.holdEvidence(g, -1)
		v.turn(o.now, reach, &e.shared.secret)
		e.holdEvidence(g, 1)
	}
	p := &v.present
	if p.begun == 0 {
		p.begun = o.now
	}
	if p.first == 0 || o.at < p.first {
		p.first = o.at
	}
	p.last = max(p.last, o.at)
	o.short = append(o.short[:0], ev.Code...)
	e.tally(&p.codes, o.short)
	for i := range ev.Fields {
		f := &ev.Fields[i]
		if len(f.Value) == 0 || len(f.Name) > maxFieldName || g.rule.separates(f.Name) {
			continue
		}
		if t := p.field(f.Name); t != nil {
			e.tally(&t.tally, f.Value)
		}
		switch f.Name {
		case event.Participant:
			e.tell(&v.people, o.keyAt(i, e.shared), v.number)
		case event.Meeting:
			e.tell(&v.meetings, o.keyAt(i, e.shared), v.number)
		}
	}
	e.sample(g.rule, p, o)
}

// sample keeps the latest lines, but of each bucket of the window only the first once there are enough: a burst of a
// thousand lines in a second would otherwise write a thousand lines to the journal, of which three are ever read.
func (e *Engine) sample(r *rule, p *part, o *observation) {
	if !o.ev.HasText() {
		return
	}
	n, all := e.opts.Samples, &e.shared.lines
	all.used -= p.fitSamples(n)
	room := len(p.samples) < n && (len(p.samples) == 0 || all.used < all.most)
	if !room && (o.now < p.quiet || r.bucket(p.sampled) == r.bucket(o.now)) {
		return
	}
	p.sampled, p.quiet, e.sampled = o.now, (r.bucket(o.now)+1)*r.width, true
	text := o.line()
	if room {
		p.samples = append(p.samples, bytes.Clone(text))
		all.used++
		return
	}
	oldest := p.samples[0]
	copy(p.samples, p.samples[1:])
	p.samples[len(p.samples)-1] = append(oldest[:0], text...)
}

func (e *Engine) tally(t *tally, value []byte) {
	if all := &e.shared.values; len(value) > 0 && t.add(value, all.used < all.most) {
		all.used++
	}
}

// tell notes a participant or a meeting.
func (e *Engine) tell(s *partSet, k *hashed, part int64) {
	all := &e.shared.people
	if s.add(k, part, all.used < all.most, &e.shared.secret) {
		all.used++
	}
}

// holdEvidence adds what a group's evidence holds to the totals, or, with -1, takes it off.
func (e *Engine) holdEvidence(g *group, sign int) {
	e.shared.values.used += sign * g.evidence.size()
	e.shared.lines.used += sign * (len(g.evidence.present.samples) + len(g.evidence.former.samples))
	e.shared.people.used += sign * (g.evidence.people.seen.n + g.evidence.meetings.seen.n)
}

// separates says that a field is in `by`, so that it has one value in each group.
func (r *rule) separates(field string) bool {
	for i := range r.by {
		if r.by[i].field && r.by[i].name == field {
			return true
		}
	}
	return false
}

// turn begins a new present part; the old one stays as the former one if anything in it can still be of interest.
func (v *evidence) turn(t, reach int64, sec *secret) {
	v.former, v.present = v.present, part{}
	keep := v.number
	v.number++
	if v.former.last <= t-reach {
		v.former, keep = part{}, v.number
	}
	v.people.keepFrom(keep, sec)
	v.meetings.keepFrom(keep, sec)
}

func (v *evidence) reset() { *v = evidence{number: 1} }

// size is the number of values in tallies.
func (v *evidence) size() int { return v.present.size() + v.former.size() }

func (p *part) size() int {
	n := len(p.codes.list)
	for i := range p.fields {
		n += len(p.fields[i].list)
	}
	return n
}

// field returns the tally of a field, nil where there are too many fields already.
func (p *part) field(name string) *fieldTally {
	for i := range p.fields {
		if p.fields[i].name == name {
			return &p.fields[i]
		}
	}
	if len(p.fields) >= maxFields {
		return nil
	}
	p.fields = append(p.fields, fieldTally{name: name})
	return &p.fields[len(p.fields)-1]
}

// fitSamples drops the oldest lines over n, which an engine kept that was restored or adopted, and says how many.
func (p *part) fitSamples(n int) int {
	over := max(0, len(p.samples)-n)
	p.samples = p.samples[over:]
	return over
}

// show turns evidence into the value that an alert carries.
func (v *evidence) show(samples int) alert.Evidence {
	var out alert.Evidence
	out.First = timeOf(earlier(v.former.first, v.present.first))
	out.Last = timeOf(max(v.former.last, v.present.last))
	out.Codes = ranking(maxValues, v.former.codes.list, v.present.codes.list)
	for _, p := range []*part{&v.former, &v.present} {
		for i := range p.fields {
			name := p.fields[i].name
			if _, done := out.Top[name]; done {
				continue
			}
			if out.Top == nil {
				out.Top = map[string][]alert.Count{}
			}
			out.Top[name] = ranking(minValues, v.former.tallyOf(name), v.present.tallyOf(name))
		}
	}
	out.People, out.Meetings = v.people.show(), v.meetings.show()
	lines := slices.Concat(v.former.samples, v.present.samples)
	for _, l := range lines[max(0, len(lines)-samples):] {
		out.Samples = append(out.Samples, string(bytes.ToValidUTF8(l, []byte("\uFFFD"))))
	}
	return out
}

func (p *part) tallyOf(name string) []counted {
	for i := range p.fields {
		if p.fields[i].name == name {
			return p.fields[i].list
		}
	}
	return nil
}

// ranking adds tallies up and returns the n most frequent values with the counts that are certain; ties go by value.
func ranking(n int, tallies ...[]counted) []alert.Count {
	sums := map[string]int64{}
	for _, t := range tallies {
		for i := range t {
			sums[string(bytes.ToValidUTF8(t[i].value, []byte("\uFFFD")))] += t[i].n - t[i].err
		}
	}
	out := make([]alert.Count, 0, len(sums))
	for v, c := range sums {
		out = append(out, alert.Count{Value: v, N: c})
	}
	slices.SortFunc(out, func(a, b alert.Count) int {
		return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Value, b.Value))
	})
	return out[:min(n, len(out))]
}

// earlier returns the smaller of two times, where 0 is no time.
func earlier(a, b int64) int64 {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}
