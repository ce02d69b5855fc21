package parse

import (
	"bytes"
	"regexp/syntax"
	"slices"
	"strings"
)

// A need is a literal that every match of a regex holds, or several of which it holds one. Unlike the literals of the
// filter they may be of any bytes and as short as they are: they are for people who ask why a line does not match.
type need struct {
	any  []string
	fold bool
}

func (n *need) String() string { return strings.Join(n.any, "|") }

func (n *need) in(text []byte) bool {
	for _, s := range n.any {
		if n.fold && bytes.Contains(bytes.ToLower(text), []byte(strings.ToLower(s))) || bytes.Contains(text, []byte(s)) {
			return true
		}
	}
	return false
}

// needsOf returns the needs of a regex in its order; none for one that does not compile.
func needsOf(expr string) []need {
	tree, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return nil
	}
	var g needGatherer
	g.visit(tree.Simplify())
	g.end()
	return g.needs
}

type needGatherer struct {
	needs []need
	run   strings.Builder // the literal under way
	fold  bool
}

// end closes the literal under way. Single signs say nothing.
func (g *needGatherer) end() {
	if s := g.run.String(); len(strings.TrimSpace(s)) > 1 {
		if g.fold {
			s = strings.ToLower(s)
		}
		g.needs = append(g.needs, need{any: []string{s}, fold: g.fold})
	}
	g.run.Reset()
}

func (g *needGatherer) visit(re *syntax.Regexp) {
	switch re.Op {
	case syntax.OpLiteral:
		fold := re.Flags&syntax.FoldCase != 0
		if fold != g.fold {
			g.end()
			g.fold = fold
		}
		g.run.WriteString(string(re.Rune))
	case syntax.OpConcat, syntax.OpCapture:
		for _, sub := range re.Sub {
			g.visit(sub)
		}
	case syntax.OpEmptyMatch, syntax.OpWordBoundary, syntax.OpNoWordBoundary:
	case syntax.OpPlus:
		g.visit(re.Sub[0])
		g.end()
	case syntax.OpAlternate:
		g.end()
		g.alternate(re)
	default:
		g.end()
	}
}

// alternate adds one need for all branches, if each has one: the longest of its literals.
func (g *needGatherer) alternate(re *syntax.Regexp) {
	var out need
	for _, sub := range re.Sub {
		var branch needGatherer
		branch.visit(sub)
		branch.end()
		best := ""
		for _, n := range branch.needs {
			if len(n.any) == 1 && len(n.any[0]) > len(best) {
				best, out.fold = n.any[0], out.fold || n.fold
			}
		}
		if best == "" {
			return
		}
		if !slices.Contains(out.any, best) {
			out.any = append(out.any, best)
		}
	}
	g.needs = append(g.needs, out)
}
