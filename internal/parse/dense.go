package parse

import (
	"bytes"
	"slices"
)

// In an incident nearly every line is an event, and most of what the search of a whole block finds is of no use: each line
// has the name of the event, its level, a code key, a name of the catalogue, and the first of these decides. So where a
// chunk was dense with events, the lines of the next one are cut first, and each is asked for the literals of the first
// patterns; only a line in which there are none of these, or which does not match after all, is searched for all others.

// quickPatterns and quickLiterals bound what a line is asked for before it is searched.
const (
	quickPatterns = 6
	quickLiterals = 2 // of a pattern
)

// quick tells cheaply whether a line may match a pattern: by a few plain literals, or, where the line has no escapes, by a
// finder.
type quick struct {
	texts [][]byte
	in    func(st *Stream, raw []byte) bool // in place of texts
	same  bool                              // its texts are those of the pattern before, which has been asked
}

// quicklyFound returns the quick of the first patterns of the set, as far as each has one.
func (s *Set) quicklyFound() (out []quick) {
	if !s.always.empty() || s.noPrefilter {
		return nil
	}
	for i := range s.patterns[:min(len(s.patterns), quickPatterns)] {
		q, ok := s.patterns[i].quick()
		if !ok {
			break
		}
		if n := len(out); n > 0 && q.in == nil && out[n-1].in == nil {
			q.same = slices.EqualFunc(q.texts, out[n-1].texts, bytes.Equal)
		}
		out = append(out, q)
	}
	return out
}

func (c *compiled) quick() (q quick, ok bool) {
	switch {
	case c.built.names:
		return quick{in: func(st *Stream, raw []byte) bool { return st.nameIn(raw) != nil }}, true
	case c.Regex == codeKeyExpr:
		return quick{in: func(_ *Stream, raw []byte) bool {
			var at [4]int
			return findCodeKey(raw, 0, at[:])
		}}, true
	case len(c.literals) > quickLiterals:
		return q, false
	}
	for _, t := range c.literals { // what stands around a literal is not asked: a line more is tried
		if t.Fold {
			return q, false
		}
		q.texts = append(q.texts, []byte(t.Text))
	}
	return q, true
}

// isDense tells whether at least half of the lines of a chunk were events.
func isDense(lines, events int) bool { return 2*events >= lines && events > 0 }

// dense parses whole lines from the start of the chunk on, one by one.
func (st *Stream) dense(data []byte, off int64) {
	for start := 0; start < len(data); {
		end := lineEnd(data, start)
		st.glance(data[start:end])
		st.line(data[start:end], off+int64(start), off+int64(end))
		start = end
	}
}

// glance gathers the first candidate of a line, and leaves the others to gatherRest.
func (st *Stream) glance(raw []byte) {
	if i := st.firstQuick(raw); i >= 0 {
		st.startGathering()
		st.cand.set(i)
		st.rest = raw
		return
	}
	st.gatherIn(raw)
}

// firstQuick returns the first pattern that the line may match, of those that are quickly found; -1 where there is none, or
// where the line escapes the reasoning of the filter.
func (st *Stream) firstQuick(raw []byte) int {
	looked := false // for escapes
	for i := range st.set.quick {
		q := &st.set.quick[i]
		if q.in != nil && !looked {
			if looked = true; bytes.IndexByte(raw, '\\') >= 0 {
				return -1
			}
		}
		if q.same {
			continue
		}
		if q.in != nil && q.in(st, raw) || holdsAny(raw, q.texts) {
			if !looked && bytes.Contains(raw, []byte(escapedASCII)) || bytes.Contains(raw, []byte(escape)) {
				return -1
			}
			return i
		}
	}
	return -1
}

func holdsAny(raw []byte, texts [][]byte) bool {
	for _, text := range texts {
		if bytes.Contains(raw, text) {
			return true
		}
	}
	return false
}

// gatherRest gathers the candidates that glance has left.
func (st *Stream) gatherRest() {
	if st.rest != nil {
		st.gatherIn(st.rest)
	}
}
