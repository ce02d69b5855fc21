package capture

import (
	"regexp/syntax"
	"unicode"
	"unicode/utf8"
)

// The operations that remain after translation: all rune tests are one, since the ASCII half of each is a bitmap.
const (
	opMatch = iota
	opFail
	opJump
	opBranch  // first out, then arg
	opCapture // arg: the border's index
	opEmpty   // arg: the syntax.EmptyOp that must hold
	opRune
)

type inst struct {
	op       uint8
	out, arg uint32
	branch   uint32 // opBranch: its number among all branches
	ascii    byteSet
	src      *syntax.Inst // opRune: the test for runes outside ASCII
}

// byteSet is a set of byte values.
type byteSet [4]uint64

func (s *byteSet) has(c byte) bool { return s[c>>6]&(1<<(c&63)) != 0 }
func (s *byteSet) add(c byte)      { s[c>>6] |= 1 << (c & 63) }

// addRunes adds the ASCII characters that a rune test takes.
func (s *byteSet) addRunes(src *syntax.Inst) {
	if len(src.Rune) == 1 { // one rune, maybe in any case
		r := src.Rune[0]
		for {
			if r < utf8.RuneSelf {
				s.add(byte(r))
			}
			if syntax.Flags(src.Arg)&syntax.FoldCase == 0 {
				return
			}
			if r = unicode.SimpleFold(r); r == src.Rune[0] {
				return
			}
		}
	}
	for i := 0; i+1 < len(src.Rune); i += 2 { // pairs: the ends of ranges
		for r := src.Rune[i]; r <= min(src.Rune[i+1], utf8.RuneSelf-1); r++ {
			s.add(byte(r))
		}
	}
}

// addInst adds the bytes with which a rune test can be satisfied; a rune outside ASCII may start with any high byte.
func (s *byteSet) addInst(in *inst) {
	for i := range s {
		s[i] |= in.ascii[i]
	}
	s[2], s[3] = ^uint64(0), ^uint64(0)
}

// translate turns the library's program into ours, instruction by instruction.
func (re *Regexp) translate(prog *syntax.Prog) {
	re.insts = make([]inst, len(prog.Inst))
	for i := range prog.Inst {
		src := &prog.Inst[i]
		in := inst{out: src.Out, arg: src.Arg}
		switch src.Op {
		case syntax.InstMatch:
			in.op = opMatch
		case syntax.InstFail:
			in.op = opFail
		case syntax.InstNop:
			in.op = opJump
		case syntax.InstAlt, syntax.InstAltMatch:
			in.op, in.branch = opBranch, uint32(re.branches)
			re.branches++
		case syntax.InstCapture:
			in.op = opCapture
		case syntax.InstEmptyWidth:
			in.op = opEmpty
		default:
			in.op, in.src = opRune, src
			in.ascii.addRunes(src)
		}
		re.insts[i] = in
	}
}
