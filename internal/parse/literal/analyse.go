package literal

import (
	"math/bits"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"
)

// The analysis goes over the syntax tree once, from the leaves up. For each node it keeps
//
//   - prefix: every match of the node starts with one of these strings;
//   - suffix: and ends with one of those;
//   - exact: prefix is the whole match (and equals suffix);
//   - best: the best set of literals found inside.
//
// Joining two nodes crosses the left one's suffixes with the right one's prefixes: all that can stand at the seam. Sets and
// strings are bounded; what grows too large is handed to best and then forgotten on the far side of the seam. A byte that
// cannot be searched for (see safe) is kept as the mark gap, and splits the string when it is harvested.

const (
	maxUnion  = 256 // literals of one result: all names of a large catalogue as alternatives
	maxSet    = 16  // strings in a set; enough for three alternatives times a few more
	maxString = 64  // bytes of a string kept at a seam
	maxClass  = 10  // characters of a class that are tried one by one: \d is the largest useful one
)

// gap stands for a character that no literal may contain.
const gap = 0

// str is a string of a set; fold says that some letter in it matches in either case (all are then lower case).
type str struct {
	text string
	fold bool
}

type info struct {
	prefix, suffix []str
	exact          bool
	never          bool // matches nothing at all: any claim about its matches holds
	best           choice
}

// choice is a candidate for the result and its worth.
type choice struct {
	literals []Literal
	score    int
}

func (c *choice) offer(o choice) {
	if len(o.literals) > 0 && (len(c.literals) == 0 || o.score > c.score) {
		*c = o
	}
}

func empty() []str { return []str{{}} }

func exactly(set []str) info {
	i := info{prefix: set, suffix: set, exact: true}
	i.best.offer(harvest(set))
	return i
}

// anything is a node of which nothing is known.
func anything() info { return info{prefix: empty(), suffix: empty()} }

func analyse(re *syntax.Regexp) info {
	switch re.Op {
	case syntax.OpNoMatch:
		return info{never: true}
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText,
		syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return exactly(empty())
	case syntax.OpLiteral:
		return literalInfo(re)
	case syntax.OpCharClass:
		return classInfo(re.Rune)
	case syntax.OpCapture:
		return analyse(re.Sub[0])
	case syntax.OpPlus:
		return plusInfo(analyse(re.Sub[0]))
	case syntax.OpQuest:
		return questInfo(analyse(re.Sub[0]))
	case syntax.OpConcat:
		return concatInfo(re.Sub)
	case syntax.OpAlternate:
		return alternateInfo(re.Sub)
	}
	return anything() // star, any character, and whatever a later Go adds
}

// literalInfo cuts a long literal into pieces that concat can bound.
func literalInfo(re *syntax.Regexp) info {
	var s str
	var b strings.Builder
	for _, r := range re.Rune {
		c, fold := letter(r, re.Flags&syntax.FoldCase != 0)
		s.fold = s.fold || fold
		b.WriteByte(c)
	}
	s.text = b.String()
	if s.fold {
		s.text = lower(s.text)
	}
	return bound(exactly([]str{s}))
}

// letter returns the byte that stands for one character of the expression. A folded k or s is a gap: under (?i) they also
// match U+212A and U+017F, which no ASCII literal can cover.
func letter(r rune, fold bool) (c byte, folded bool) {
	if r >= unicode.MaxASCII || !safe(byte(r)) {
		return gap, false
	}
	c = byte(r)
	if !fold || !isLetter(c) {
		return c, false
	}
	if l := c | 0x20; l == 'k' || l == 's' {
		return gap, false
	}
	return c | 0x20, true
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// classInfo tries the characters of a small class one by one.
func classInfo(ranges []rune) info {
	n := 0
	for i := 0; i < len(ranges); i += 2 {
		n += int(ranges[i+1]-ranges[i]) + 1
		if n > maxClass {
			return anything()
		}
	}
	var set []str
	for i := 0; i < len(ranges); i += 2 {
		for r := ranges[i]; r <= ranges[i+1]; r++ {
			c, _ := letter(r, false)
			set = append(set, str{text: string(rune(c))})
		}
	}
	return exactly(dedupe(set))
}

// plusInfo: x+ starts with an x and ends with an x, and what follows it stands behind the last one.
func plusInfo(x info) info {
	x.exact = false
	return x
}

func questInfo(x info) info {
	if x.never {
		return exactly(empty())
	}
	if set := dedupe(append(empty(), x.prefix...)); x.exact && len(set) <= maxSet {
		return info{prefix: set, suffix: set, exact: true}
	}
	return anything()
}

func concatInfo(subs []*syntax.Regexp) info {
	all := exactly(empty())
	for _, sub := range subs {
		all = join(all, analyse(sub))
	}
	return all
}

// join puts two nodes one after the other.
func join(a, b info) info {
	if a.never || b.never {
		return info{never: true}
	}
	j := info{best: a.best}
	j.best.offer(b.best)
	seam, whole := cross(a.suffix, b.prefix)
	j.best.offer(harvest(seam))
	j.exact = a.exact && b.exact && whole
	j.prefix, j.suffix = a.prefix, b.suffix
	if a.exact && whole {
		j.prefix = seam
	}
	if b.exact && whole {
		j.suffix = seam
	}
	return bound(j)
}

// cross returns every left string followed by every right one. Where those would be too many, it cuts the right ones to
// their starts, then the left ones to their ends, and whole is false.
func cross(a, b []str) (set []str, whole bool) {
	whole = len(a)*len(b) <= maxSet
	if !whole {
		b = shrink(b, maxSet/len(a), cutEnd)
		a = shrink(a, maxSet/len(b), cutStart)
	}
	for _, x := range a {
		for _, y := range b {
			s := str{x.text + y.text, x.fold || y.fold}
			if s.fold {
				s.text = lower(s.text)
			}
			set = append(set, s)
		}
	}
	return dedupe(set), whole
}

func cutEnd(s string, n int) string   { return s[:max(0, len(s)-n)] }
func cutStart(s string, n int) string { return s[min(n, len(s)):] }

// shrink shortens strings with cut until there are at most n (n > 0) different ones. What costs the least goes first: the
// last character where many differ only in it, as behind \d; then one character of each of the longest.
func shrink(set []str, n int, cut func(string, int) string) []str {
	if len(set) <= n {
		return set
	}
	siblings := map[string]int{}
	for _, s := range set {
		siblings[cut(s.text, 1)]++
	}
	merged := slices.Clone(set)
	for i, s := range merged {
		if stem := cut(s.text, 1); siblings[stem] > 2 {
			merged[i].text = stem
		}
	}
	for merged = dedupe(merged); len(merged) > n; merged = dedupe(merged) {
		longest := len(slices.MaxFunc(merged, func(a, b str) int { return len(a.text) - len(b.text) }).text)
		for i, s := range merged {
			if len(s.text) == longest {
				merged[i].text = cut(s.text, 1)
			}
		}
	}
	return merged
}

// bound shortens the strings of a node: a prefix keeps its start, a suffix its end, and the node is no longer exact.
func bound(i info) info {
	if !slices.ContainsFunc(i.prefix, long) && !slices.ContainsFunc(i.suffix, long) {
		return i
	}
	i.exact = false
	i.prefix, i.suffix = slices.Clone(i.prefix), slices.Clone(i.suffix)
	for k, s := range i.prefix {
		i.prefix[k].text = s.text[:min(len(s.text), maxString)]
	}
	for k, s := range i.suffix {
		i.suffix[k].text = s.text[max(0, len(s.text)-maxString):]
	}
	i.prefix, i.suffix = dedupe(i.prefix), dedupe(i.suffix)
	return i
}

func long(s str) bool { return len(s.text) > maxString }

func alternateInfo(subs []*syntax.Regexp) info {
	alt := info{exact: true, never: true}
	var union []Literal
	usable := true
	for _, sub := range subs {
		i := analyse(sub)
		if i.never {
			continue
		}
		alt.never = false
		alt.exact = alt.exact && i.exact
		alt.prefix = append(alt.prefix, i.prefix...)
		alt.suffix = append(alt.suffix, i.suffix...)
		usable = usable && len(i.best.literals) > 0
		union = append(union, i.best.literals...)
	}
	if alt.never {
		return alt
	}
	if usable && len(union) <= maxUnion {
		alt.best.offer(rate(union))
	}
	return limit(alt)
}

// limit bounds what is known of the edges of a node.
func limit(i info) info {
	i.prefix, i.suffix = dedupe(i.prefix), dedupe(i.suffix)
	if i.exact && len(i.prefix) <= maxSet {
		i.best.offer(harvest(i.prefix))
		return i
	}
	i.exact = false
	i.prefix, i.suffix = shrink(i.prefix, maxSet, cutEnd), shrink(i.suffix, maxSet, cutStart)
	i.best.offer(harvest(i.prefix))
	i.best.offer(harvest(i.suffix))
	return i
}

// harvest takes the best piece of each string; a string without one makes the whole set useless.
func harvest(set []str) choice {
	var lits []Literal
	for _, s := range set {
		p := piece(s.text)
		if len(p) < MinLen {
			return choice{}
		}
		lits = append(lits, Literal{p, s.fold && strings.ContainsFunc(p, func(r rune) bool { return isLetter(byte(r)) })})
	}
	return rate(lits)
}

// piece returns the longest run without a gap, at most MaxLen bytes of it.
func piece(s string) string {
	best := ""
	for run := range strings.SplitSeq(s, string(rune(gap))) {
		if len(run) > len(best) {
			best = run
		}
	}
	return best[:min(len(best), MaxLen)]
}

// rate drops members that another member makes superfluous, and says what the set is worth: the length of the shortest
// literal up to 16 bytes (longer ones are hardly rarer, and the search is no faster), less the logarithm of how many; of
// equals, the one with more bytes in all.
func rate(lits []Literal) choice {
	lits = minimal(lits)
	shortest, total := MaxLen, 0
	for _, l := range lits {
		shortest = min(shortest, len(l.Text))
		total += len(l.Text)
	}
	return choice{lits, (min(shortest, 16)-bits.Len(uint(max(0, len(lits)-1))))<<12 + total}
}

// minimal returns the literals, each once, without those that contain another one.
func minimal(lits []Literal) []Literal {
	var out []Literal
	for i, l := range lits {
		if !slices.ContainsFunc(lits[:i], func(o Literal) bool { return o == l }) &&
			!slices.ContainsFunc(lits, func(o Literal) bool { return o != l && implies(l, o) }) {
			out = append(out, l)
		}
	}
	return out
}

// implies reports whether whatever contains l also contains o.
func implies(l, o Literal) bool {
	if o.Fold {
		return strings.Contains(lower(l.Text), o.Text)
	}
	return !l.Fold && strings.Contains(l.Text, o.Text)
}

func dedupe(set []str) []str {
	var out []str
	for _, s := range set {
		s.fold = s.fold && s.text != ""
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
