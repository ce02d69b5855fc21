package parse

import (
	"regexp/syntax"

	"github.com/errwatch/errwatch/internal/parse/capture"
	"github.com/errwatch/errwatch/internal/parse/literal"
)

// A guard is one branch of an unless. What takes matches back is typically a list of things of which a record speaks
// rarely, and trying all branches at each position of a record costs more than all the rest. So each branch has a filter
// of its own, by the same literals as patterns have.
type guard struct {
	re       *capture.Regexp
	filtered bool // it can only match where one of its literals is
}

// guards are those of all patterns of a set.
type guards struct {
	all     []guard
	lits    []literal.Literal
	owner   []int // by literal: the guard
	matcher *literal.Matcher
}

// add compiles an unless, and returns the guards that it became: all[from:to].
func (g *guards) add(expr string) (from, to int, err error) {
	from = len(g.all)
	tree, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return from, from, err
	}
	branches := []*syntax.Regexp{tree}
	if tree.Op == syntax.OpAlternate {
		branches = tree.Sub
	}
	for _, b := range branches {
		re, err := capture.Compile(b.String())
		if err != nil {
			return from, from, err
		}
		set, ok, err := literal.Required(b.String())
		if err != nil {
			return from, from, err
		}
		for _, l := range set {
			g.lits = append(g.lits, l)
			g.owner = append(g.owner, len(g.all))
		}
		g.all = append(g.all, guard{re, ok})
	}
	return from, len(g.all), nil
}

// ready is called when all guards are there.
func (g *guards) ready() { g.matcher = literal.NewMatcher(g.lits) }

// takesBack tells whether the pattern's unless matches anywhere in the record: in its text or in a string of it.
func (st *Stream) takesBack(c *compiled) bool {
	if st.guarded(c, st.view.text) {
		return true
	}
	for _, value := range st.view.strings() {
		if st.guarded(c, value) {
			return true
		}
	}
	return false
}

func (st *Stream) guarded(c *compiled, text []byte) bool {
	g := &st.set.guards
	st.guardHits = g.matcher.FindAll(text, st.guardHits[:0])
	for i := c.guardFrom; i < c.guardTo; i++ {
		if (!g.all[i].filtered || st.set.noPrefilter || st.guardHit(i)) && st.test.Match(g.all[i].re, text) {
			return true
		}
	}
	return false
}

func (st *Stream) guardHit(guard int) bool {
	for _, h := range st.guardHits {
		if st.set.guards.owner[h.Lit] == guard {
			return true
		}
	}
	return false
}

// unlessMatch is what takes the match back, for people.
func (st *Stream) unlessMatch(c *compiled) []byte {
	for _, text := range append([][]byte{st.view.text}, st.view.strings()...) {
		for _, g := range st.set.guards.all[c.guardFrom:c.guardTo] {
			if at := st.test.Find(g.re, text, 0); at != nil {
				return text[at[0]:at[1]]
			}
		}
	}
	return nil
}
