package parse

import (
	"bytes"
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
	stack    bool // it is stackExpr
}

// guards are those of all patterns of a set.
type guards struct {
	all     []guard
	lits    []literal.Literal
	owner   []int // by literal: the guard
	words   int   // of a mask of guards
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
		g.all = append(g.all, guard{re: re, filtered: ok, stack: b.String() == stackForm()})
	}
	return from, len(g.all), nil
}

// stackForm is stackExpr as the library writes it.
func stackForm() string {
	tree, _ := syntax.Parse(stackExpr, syntax.Perl)
	return tree.String()
}

// ready is called when all guards are there.
func (g *guards) ready() {
	g.words = (len(g.all) + 63) / 64
	g.matcher = literal.NewMatcher(g.lits)
}

// takesBack tells whether the pattern's unless matches anywhere in the record: in its text or in a string of it.
func (st *Stream) takesBack(c *compiled) bool {
	st.findGuards(c)
	text, strings := st.view.text, false
	for i := c.guardFrom; i < c.guardTo; i++ {
		if !st.guards.has(i) {
			continue
		}
		if st.guardMatches(i, text) {
			return true
		}
		strings = strings || !st.set.guards.all[i].stack || st.view.format != formatText && mayStartBlank(text)
	}
	if !strings {
		return false
	}
	for _, value := range st.view.strings() {
		for i := c.guardFrom; i < c.guardTo; i++ {
			if st.guards.has(i) && st.guardMatches(i, value) {
				return true
			}
		}
	}
	return false
}

// findGuards works out which guards of a pattern can match at all. What a string of the record holds also stands in its
// text, unless it is escaped there.
func (st *Stream) findGuards(c *compiled) {
	g := &st.set.guards
	clear(st.guards)
	filtered := false
	for i := c.guardFrom; i < c.guardTo; i++ {
		if g.all[i].filtered {
			filtered = true
		} else {
			st.guards.set(i)
		}
	}
	if !filtered {
		return
	}
	if st.set.noPrefilter || bytes.Contains(st.view.text, []byte(escapedASCII)) {
		for i := c.guardFrom; i < c.guardTo; i++ {
			st.guards.set(i)
		}
		return
	}
	st.guardHits = g.matcher.Stretches(st.view.text, st.guardHits, func(hits []literal.Hit) {
		for _, h := range hits {
			st.guards.set(g.owner[h.Lit])
		}
	})
}

func (st *Stream) guardMatches(i int, text []byte) bool {
	g := &st.set.guards.all[i]
	if g.stack {
		return startsStack(text)
	}
	return st.test.Match(g.re, text)
}

// startsStack is stackExpr.
func startsStack(text []byte) bool {
	i := skipBlank(text, 0)
	return i > 0 && i+2 < len(text) && text[i] == 'a' && text[i+1] == 't' && isBlank(text[i+2])
}

// mayStartBlank tells whether a string in the text may start with white space, as it is written or escaped.
func mayStartBlank(text []byte) bool {
	return bytes.Contains(text, []byte(`" `)) || bytes.Contains(text, []byte(`"\`)) || bytes.Contains(text, []byte("\"\t"))
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
