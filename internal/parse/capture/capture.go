// Package capture runs a regular expression over bytes and hands out the borders of its groups without allocating.
//
// The standard library decides whether an expression matches without allocating, but every way to the groups of a match
// returns a fresh slice. A parser that sees a hundred thousand candidate lines a second cannot afford that, and it
// wants a second thing that regexp does not offer: the next match from a given position on, with what stands before that
// position still visible to ^ and \b.
//
// So this package takes the program that regexp/syntax compiles and executes it by backtracking in order of priority:
// the first way that reaches the end is the match that Perl, and regexp, would report. Each pair of a branch and a
// position is entered at most once, since what failed from there once fails again; that keeps the time linear in the text
// where plain backtracking is exponential. The price is one bit for each such pair. Only the part of the table that a
// search has reached is cleared after it, so that going from match to match through a long text is linear too. Where the
// table would outgrow MaxVisited bits the standard library does the work instead (and allocates its result).
package capture

import (
	"bytes"
	"regexp"
	"regexp/syntax"
	"sync"
	"unicode/utf8"
)

// MaxVisited bounds the table of branches already taken, in bits: 8 MiB, enough for a line of 1 MiB and an expression of
// 64 branches.
const MaxVisited = 64 << 20

// What Trim leaves: 32 KiB of the table, and as many jobs as take that much.
const (
	keepWords = 4 << 10
	keepJobs  = 2 << 10
)

// Regexp is a compiled expression. It is immutable and safe for concurrent use.
type Regexp struct {
	expr     string
	std      func() *regexp.Regexp // compiled when a text is too long for the table: hardly ever
	insts    []inst
	start    uint32
	branches int
	groups   int // borders: twice the number of groups, the whole match included
	names    []string

	anchored bool // matches at the start of the text or nowhere
	prefix   []byte
	first    byteSet // bytes with which a match can start
	firsts   [256]bool
	useFirst bool // false: a match may be empty, so each position must be tried
}

// Compile takes the syntax of the standard library (Perl flags); errors are *syntax.Error.
func Compile(expr string) (*Regexp, error) {
	tree, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return nil, err
	}
	groups, names := 2*(tree.MaxCap()+1), tree.CapNames() // Simplify may change both
	prog, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return nil, err
	}
	re := &Regexp{
		expr: expr, std: sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) }),
		start: uint32(prog.Start), groups: groups, names: names,
	}
	re.translate(prog)
	re.anchored = prog.StartCond()&syntax.EmptyBeginText != 0
	if prefix, _ := prog.Prefix(); !re.anchored {
		re.prefix = []byte(prefix)
	}
	re.useFirst = re.firstBytes(re.start, make([]bool, len(re.insts)))
	for c := range re.firsts {
		re.firsts[c] = c >= utf8.RuneSelf || re.first.has(byte(c))
	}
	return re, nil
}

// Names returns the name of each group, "" for one without; index 0 is the whole match. The caller must not change it.
func (re *Regexp) Names() []string { return re.names }

// String returns the expression as it was written.
func (re *Regexp) String() string { return re.expr }

// firstBytes adds to re.first every byte with which a match from pc on can start; false means that it can match nothing.
func (re *Regexp) firstBytes(pc uint32, seen []bool) bool {
	if seen[pc] {
		return true
	}
	seen[pc] = true
	in := &re.insts[pc]
	switch in.op {
	case opMatch:
		return false
	case opFail:
		return true
	case opBranch:
		return re.firstBytes(in.out, seen) && re.firstBytes(in.arg, seen)
	case opCapture, opEmpty, opJump:
		return re.firstBytes(in.out, seen)
	}
	re.first.addInst(in)
	return true
}

// Machine is the working memory of one goroutine. The zero value is ready; it grows to what a search needs, and Trim gives
// that back.
type Machine struct {
	visited []uint64 // bit pos*branches+branch; all clear between two searches
	reached int      // the last position that may have a bit set
	stack   []job
	caps    []int

	Steps int64 // instructions executed so far: tests bound how it grows
}

// job is a branch still to be tried (group < 0), or the border of a group to be put back on the way to one.
type job struct {
	pc    uint32
	group int32
	pos   int
}

// Find looks for the first match at or after from. Result: start and end of the match, then of each group, -1 where a
// group took no part; nil where nothing matches. It stays valid until the machine is used again.
func (m *Machine) Find(re *Regexp, text []byte, from int) []int {
	if !re.Fits(len(text)) {
		return findStandard(re, text, from)
	}
	pos := re.next(text, from)
	if pos < 0 {
		return nil
	}
	m.prepare(re, len(text))
	first, found := pos, false
	for ; pos >= 0 && pos <= len(text); pos = re.next(text, pos+width(text, pos)) {
		if found = m.matchAt(re, text, pos); found || re.anchored {
			break
		}
	}
	m.tidy(re, first)
	if !found {
		return nil
	}
	return m.caps
}

// Fits tells whether a text of n bytes can be searched without the standard library, and so without allocating.
func (re *Regexp) Fits(n int) bool { return re.branches*(n+1) <= MaxVisited }

// Match tells whether the expression matches anywhere. It never allocates.
func (m *Machine) Match(re *Regexp, text []byte) bool {
	if !re.Fits(len(text)) {
		return re.std().Match(text)
	}
	return m.Find(re, text, 0) != nil
}

// findStandard serves texts that are too long for the table. The standard library cannot start in the middle of a text, so
// a later match is found by counting matches; such texts are rare and long, and most have no match at all.
func findStandard(re *Regexp, text []byte, from int) []int {
	if !re.std().Match(text) {
		return nil
	}
	if from == 0 {
		return re.std().FindSubmatchIndex(text)
	}
	for _, at := range re.std().FindAllSubmatchIndex(text, -1) {
		if at[0] >= from {
			return at
		}
	}
	return nil
}

// next returns the first position at or after pos where a match can start, -1 where there is none.
func (re *Regexp) next(text []byte, pos int) int {
	if pos > len(text) {
		return -1
	}
	if re.anchored {
		if pos == 0 {
			return 0
		}
		return -1
	}
	if len(re.prefix) > 0 {
		i := bytes.Index(text[pos:], re.prefix)
		if i < 0 {
			return -1
		}
		return pos + i
	}
	if !re.useFirst {
		return pos
	}
	// A byte outside ASCII, with which a rune starts, may always be the first one: so all that are passed over are ASCII.
	for i, c := range text[pos:] {
		if re.firsts[c] {
			return pos + i
		}
	}
	return -1
}

// width is the distance to the next position at which a match may start: never inside a rune.
func width(text []byte, pos int) int {
	if pos >= len(text) || text[pos] < utf8.RuneSelf {
		return 1
	}
	_, n := utf8.DecodeRune(text[pos:])
	return n
}

func (m *Machine) prepare(re *Regexp, n int) {
	if words := (re.branches*(n+1) + 63) / 64; len(m.visited) < words {
		m.visited = make([]uint64, words)
	}
	m.reached = 0
	if cap(m.caps) < re.groups {
		m.caps = make([]int, re.groups)
	}
	m.caps = m.caps[:re.groups]
}

// tidy clears what a search that began at first has marked.
func (m *Machine) tidy(re *Regexp, first int) {
	if m.reached >= first && re.branches > 0 {
		clear(m.visited[first*re.branches/64 : ((m.reached+1)*re.branches+63)/64])
	}
}

// Trim frees the memory that only a long text needed. It ends the validity of what Find returned.
func (m *Machine) Trim() {
	if len(m.visited) > keepWords {
		m.visited = nil
	}
	if cap(m.stack) > keepJobs {
		m.stack = nil
	}
}

// matchAt tries to match at exactly pos. The table of branches is kept from one position to the next: what failed from a
// branch fails there whatever position the search came from.
func (m *Machine) matchAt(re *Regexp, text []byte, pos int) bool {
	for i := range m.caps {
		m.caps[i] = -1
	}
	m.stack = append(m.stack[:0], job{pc: re.start, group: -1, pos: pos})
	for len(m.stack) > 0 {
		j := m.stack[len(m.stack)-1]
		m.stack = m.stack[:len(m.stack)-1]
		if j.group >= 0 {
			m.caps[j.group] = j.pos
			continue
		}
		if end, ok := m.run(re, text, j.pc, j.pos); ok {
			m.caps[0], m.caps[1] = pos, end
			return true
		}
	}
	return false
}

// run follows one way through the program until it matches or fails, and leaves the ways not taken on the stack.
func (m *Machine) run(re *Regexp, text []byte, pc uint32, pos int) (end int, ok bool) {
	for {
		m.Steps++
		in := &re.insts[pc]
		switch in.op {
		case opMatch:
			return pos, true
		case opBranch:
			bit := pos*re.branches + int(in.branch)
			m.reached = max(m.reached, pos)
			if m.visited[bit>>6]&(1<<(bit&63)) != 0 {
				return 0, false
			}
			m.visited[bit>>6] |= 1 << (bit & 63)
			m.stack = append(m.stack, job{pc: in.arg, group: -1, pos: pos})
		case opCapture:
			m.stack = append(m.stack, job{group: int32(in.arg), pos: m.caps[in.arg]})
			m.caps[in.arg] = pos
		case opEmpty:
			if !holds(syntax.EmptyOp(in.arg), text, pos) {
				return 0, false
			}
		case opRune:
			n := in.step(text, pos)
			if n == 0 {
				return 0, false
			}
			pos += n
		case opFail:
			return 0, false
		}
		pc = in.out
	}
}

// step returns how many bytes the instruction takes at pos, 0 where it does not match.
func (in *inst) step(text []byte, pos int) int {
	if pos >= len(text) {
		return 0
	}
	c := text[pos]
	if c < utf8.RuneSelf {
		if in.ascii.has(c) {
			return 1
		}
		return 0
	}
	r, n := utf8.DecodeRune(text[pos:])
	if in.src.MatchRune(r) {
		return n
	}
	return 0
}

// holds tells whether every condition of op is true between the bytes around pos. Word borders are ASCII, as in regexp,
// so that single bytes decide.
func holds(op syntax.EmptyOp, text []byte, pos int) bool {
	if op&syntax.EmptyBeginText != 0 && pos != 0 || op&syntax.EmptyEndText != 0 && pos != len(text) {
		return false
	}
	if op&syntax.EmptyBeginLine != 0 && pos != 0 && text[pos-1] != '\n' {
		return false
	}
	if op&syntax.EmptyEndLine != 0 && pos != len(text) && text[pos] != '\n' {
		return false
	}
	if op&(syntax.EmptyWordBoundary|syntax.EmptyNoWordBoundary) == 0 {
		return true
	}
	border := pos > 0 && wordByte(text[pos-1])
	if pos < len(text) && wordByte(text[pos]) {
		border = !border
	}
	return (op&syntax.EmptyWordBoundary == 0 || border) && (op&syntax.EmptyNoWordBoundary == 0 || !border)
}

func wordByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_'
}
