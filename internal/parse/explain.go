package parse

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/errwatch/errwatch/internal/event"
)

// Explanation says how one line was understood. It is the caller's: nothing in it is used again.
type Explanation struct {
	Envelope string // "none", "docker", "cri"
	Stream   string // "stdout", "stderr", "" without an envelope
	Partial  bool   // the record goes on in the next line of the stream; what follows is about this piece alone
	Format   string // "text", "json", "logfmt"
	Level    string // "error" and above, "warn", "info" and below, "" where the line names none
	Text     []byte // without the envelope

	Event    *event.Event // nil: the line yields nothing
	TimeFrom string       // where its time stands: "pattern", "field", "text", "envelope", "" for none
	Hint     string       // on a conflict: the catalogue in which the line would make sense

	Unmatched bool // it is at level error, and counts as unmatched
	Tried     []Tried
}

// Tried says what became of one pattern. The patterns behind the first that matches are not tried.
type Tried struct {
	Pattern string
	Matched bool

	// Filter holds the literals of which the line must have one for the pattern to be tried at all; none: it runs on every
	// line. Filtered tells that the line has none of them, and so cannot match.
	Filter   []string
	Filtered bool

	// Present are the literals of the regex, in its order, that are in the line; alternatives are separated by '|'. Missing
	// is the first that is not, "" where all are there.
	Present []string
	Missing string

	Reason string // why it yields nothing, as a sentence without a full stop; "" where it matched
}

// maxShown bounds the filter literals of an explanation: the names of a catalogue are a hundred.
const maxShown = 12

// Explain takes one line apart as Feed does, and says what each step made of it. It is not made for speed.
func (s *Set) Explain(text []byte) Explanation {
	st := s.NewStream()
	st.read = time.Now()
	sh := unwrap(trimEnd(bytes.Clone(text)), s.envelope)
	r := record{text: st.plain(st.body(&sh)), env: sh.envelope, stamp: sh.stamp, end: int64(len(text)), done: int64(len(text)), lines: 1}
	st.gatherIn(text)
	st.view.reset(r.text)
	x := Explanation{
		Envelope: sh.envelope.String(), Stream: sh.stream.String(), Partial: sh.partial, Format: st.view.format.String(),
		Level: levelOf(r.text).String(), Text: r.text,
	}
	for i := range s.patterns {
		tried := st.explain(&s.patterns[i], &r, st.cand.has(i))
		x.Tried = append(x.Tried, tried)
		if tried.Matched {
			x.Event, x.TimeFrom = &st.res.Events[0], st.timeFrom.String()
			x.Hint = s.hint(x.Event, st.view.text)
			return x
		}
	}
	x.Unmatched = st.level && levelOf(r.text) >= levelError
	return x
}

// hint names the catalogue to choose where a line's code and name only agree in another one.
func (s *Set) hint(e *event.Event, text []byte) string {
	if !e.Conflict {
		return ""
	}
	st := s.NewStream()
	name := st.nameIn(text)
	var code []byte
	if at := st.test.Find(s.anyCode, text, 0); at != nil {
		code = text[at[2]:at[3]]
	}
	return s.cat.Resolve(code, name).Hint
}

func (st *Stream) explain(c *compiled, r *record, candidate bool) Tried {
	t := Tried{Pattern: c.Name, Filtered: len(c.literals) > 0 && !candidate}
	for i, l := range c.literals {
		if i == maxShown {
			t.Filter = append(t.Filter, fmt.Sprintf("and %d more", len(c.literals)-maxShown))
			break
		}
		t.Filter = append(t.Filter, l.Text)
	}
	t.Present, t.Missing = st.needs(c)
	var f found
	why := st.try(c, &f)
	if why == accepted {
		st.emit(r, c, &f)
		t.Matched = true
		return t
	}
	t.Reason = st.reason(c, &f, why, t.Missing)
	return t
}

// needs sorts the literals that the pattern needs into those that are in the record and the first that is not.
func (st *Stream) needs(c *compiled) (present []string, missing string) {
	if c.re == nil || c.built.names {
		return nil, ""
	}
	for _, n := range needsOf(c.Regex) {
		if st.holds(&n) {
			present = append(present, n.String())
		} else if missing == "" {
			missing = n.String()
		}
	}
	return present, missing
}

func (st *Stream) holds(n *need) bool {
	if n.in(st.view.text) {
		return true
	}
	return slices.ContainsFunc(st.view.strings(), n.in)
}

// reason puts a refusal into words.
func (st *Stream) reason(c *compiled, f *found, why refusal, missing string) string {
	switch why {
	case noText:
		return "no documented message of the catalogue is in it"
	case notStructure:
		return "it is neither JSON nor logfmt, so paths lead nowhere"
	case noValue:
		return "no value at " + st.emptyPaths(c)
	case noCode:
		return "the regex matches, but captures no code"
	case notInCatalog:
		return st.unknownReason(c, f)
	case takenBack:
		return fmt.Sprintf("unless takes it back: %q", st.unlessMatch(c))
	case notAnError:
		return "it does not say that it is an error: no level from warn on, no word such as error, failed, refused or denied, and no name or message of the catalogue"
	}
	if c.built.names {
		return st.unknownReason(c, f)
	}
	if missing != "" {
		return fmt.Sprintf("%q is not in it", missing)
	}
	return "the regex does not match"
}

func (st *Stream) unknownReason(c *compiled, f *found) string {
	name := st.set.cat.Name()
	switch {
	case c.built.names:
		return "no name of the catalogue " + name + " is in it"
	case len(f.code) > 0:
		return fmt.Sprintf("code %s is not in the catalogue %s", f.code, name)
	case len(f.name) > 0:
		return fmt.Sprintf("name %s is not in the catalogue %s", f.name, name)
	}
	return fmt.Sprintf("the message %q is not in the catalogue %s", f.message, name)
}

// emptyPaths names the paths that would have to lead to a value, and do not.
func (st *Stream) emptyPaths(c *compiled) string {
	var out []string
	for _, f := range c.paths.fields {
		deciding := f.name == "code" || f.name == "name" || f.name == "message" || c.Reference || c.Code != ""
		if deciding && st.firstValue(f) == nil {
			out = append(out, strings.Join(c.paths.keys[f.from:f.to], " | "))
		}
	}
	return strings.Join(out, ", ")
}
