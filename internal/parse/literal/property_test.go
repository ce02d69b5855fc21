package literal

import (
	"math/rand/v2"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// checkRequired checks what Required promises for re against the matches of re in texts.
func checkRequired(t *testing.T, re string, texts ...string) {
	t.Helper()
	compiled, err := regexp.Compile(re)
	set, ok, err2 := Required(re)
	if (err == nil) != (err2 == nil) {
		t.Fatalf("%q: regexp says %v, Required says %v", re, err, err2)
	}
	if ok != (len(set) > 0) {
		t.Fatalf("%q: ok is %v with %v", re, ok, set)
	}
	if err != nil || !ok {
		return
	}
	for _, l := range set {
		if len(l.Text) < MinLen || len(l.Text) > MaxLen || strings.ContainsFunc(l.Text, func(r rune) bool { return r > 0x7e || !safe(byte(r)) }) || l.Fold && lower(l.Text) != l.Text {
			t.Fatalf("%q: literal %+v", re, l)
		}
	}
	for _, text := range texts {
		for _, match := range compiled.FindAllString(text, 20) {
			if len(naive(set, []byte(match))) == 0 {
				t.Fatalf("%q matches %q, which has none of %+v", re, match, set)
			}
		}
	}
}

// generator makes random expressions, and strings that most of them match.
type generator struct{ *rand.Rand }

var atoms = []string{
	"error", "code=", "ab", "k", "s", "task", "Kiss", "x", " ", `\d`, `\d{4}`, `\w+`, `[a-c]`, `[kK]`, `[sS]x`, `[^a]`, `.`, `.*`, `\[`, `"`,
	`/`, "é", "\u212a", "ſ", `\x00`, `\b`, `^`, `$`, `\pL`, `[[:digit:]]`, `(?i:sky)`, `(?-i:sky)`, `50[0-9]`, `[^\x00-\x{10FFFF}]`, "abcabc",
}

func (g generator) regex(depth int) string {
	if depth == 0 || g.IntN(4) == 0 {
		return atoms[g.IntN(len(atoms))]
	}
	x := g.regex(depth - 1)
	switch g.IntN(9) {
	case 0, 1, 2:
		return x + g.regex(depth-1)
	case 3, 4:
		return "(?:" + x + "|" + g.regex(depth-1) + ")"
	case 5:
		return "(" + x + ")" + []string{"?", "*", "+", "{2}", "{1,3}", "{2,}", "+?"}[g.IntN(7)]
	case 6:
		return "(?i:" + x + ")"
	case 7:
		return "(?i)" + x + g.regex(depth-1)
	}
	return "(?P<g>" + x + ")"
}

// match walks the expression and makes up a string for it; anchors and the like may spoil it.
func (g generator) match(re *syntax.Regexp, b *strings.Builder) {
	switch re.Op {
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			for n := g.IntN(3); n > 0 && re.Flags&syntax.FoldCase != 0; n-- {
				r = unicode.SimpleFold(r)
			}
			b.WriteRune(r)
		}
	case syntax.OpCharClass:
		if len(re.Rune) > 0 {
			i := g.IntN(len(re.Rune)/2) * 2
			b.WriteRune(re.Rune[i] + rune(g.IntN(int(re.Rune[i+1]-re.Rune[i])+1)))
		}
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteByte("k s"[g.IntN(3)])
	case syntax.OpAlternate:
		g.match(re.Sub[g.IntN(len(re.Sub))], b)
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest:
		n := g.IntN(2)
		if re.Op == syntax.OpPlus {
			n++
		}
		for range n {
			g.match(re.Sub[0], b)
		}
	default:
		for _, sub := range re.Sub {
			g.match(sub, b)
		}
	}
}

// TestRequiredProperty: whatever an expression matches contains one of its literals.
func TestRequiredProperty(t *testing.T) {
	t.Parallel()
	g := generator{rand.New(rand.NewPCG(5, 6))}
	usable, matched := 0, 0
	for range 900 {
		re := g.regex(4)
		tree, err := syntax.Parse(re, syntax.Perl)
		if err != nil {
			continue // a repeated repetition, or the like
		}
		if _, ok, _ := Required(re); !ok {
			continue
		}
		usable++
		simple, compiled := tree.Simplify(), regexp.MustCompile(re)
		var texts []string
		for range 10 {
			var b strings.Builder
			g.match(simple, &b)
			if compiled.MatchString(b.String()) {
				matched++
			}
			texts = append(texts, b.String(), "x"+b.String()+" "+b.String())
		}
		checkRequired(t, re, texts...)
	}
	if usable < 70 || matched < 4*usable {
		t.Errorf("the generator is too weak: %d usable expressions, %d matches", usable, matched)
	}
}

// TestFoldCoversUnicode shows the three characters that a folded k or s also stands for.
func TestFoldCoversUnicode(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ re, text string }{
		{`(?i)oom-killer`, "oom-\u212ailler"},
		{`(?i)oom-killer`, "OOM-KILLER"},
		{`(?i)session lost`, "\u017fe\u017f\u017fion lost"},
		{`(?i)[k]eep[s]ake`, "\u212aeep\u017fa\u212ae"},
		{`ask(?i:ed)`, "askED"},
	} {
		if !regexp.MustCompile(c.re).MatchString(c.text) {
			t.Fatalf("%q does not match %q", c.re, c.text)
		}
		checkRequired(t, c.re, c.text)
	}
	for r := rune(utf8.RuneSelf); r <= unicode.MaxRune; r++ {
		if f := unicode.SimpleFold(r); f < utf8.RuneSelf && r != '\u212a' && r != '\u017f' {
			t.Errorf("%U folds to %q: letter does not know", r, f)
		}
	}
}

// TestRequiredIsBounded: expressions that grow when simplified or crossed give an answer all the same.
func TestRequiredIsBounded(t *testing.T) {
	t.Parallel()
	for _, re := range []string{
		`(?:abc|def|ghi){500}`,
		`(?:(?:(?:a|b|c|d){9}x){9}y){9}`,
		strings.Repeat(`(?:`, 400) + "abc" + strings.Repeat(`)+`, 400),
		strings.Repeat("abcdefgh", 5000),
		strings.Repeat("[a-e]", 2000) + "needle",
		"abc|" + strings.Repeat("xyz|", 3000) + "def",
	} {
		set, _, err := Required(re)
		if err != nil {
			t.Errorf("%.30s…: %v", re, err)
		}
		if slices.ContainsFunc(set, func(l Literal) bool { return len(l.Text) > MaxLen }) {
			t.Errorf("%.30s…: %v", re, set)
		}
	}
}

func FuzzRequired(f *testing.F) {
	for i, re := range r20 {
		f.Add(re, r20[(i+1)%len(r20)], uint64(i))
	}
	f.Add(`(?i)(task|kiss)s?`, "TA\u017f\u212a", uint64(1))
	f.Fuzz(func(t *testing.T, re, text string, seed uint64) {
		tree, err := syntax.Parse(re, syntax.Perl)
		if err != nil || len(re) > 200 {
			return
		}
		checkRequired(t, re, text)
		g := generator{rand.New(rand.NewPCG(seed, 1))}
		for range 3 {
			var b strings.Builder
			g.match(tree.Simplify(), &b)
			if b.Len() < 1<<16 {
				checkRequired(t, re, b.String())
			}
		}
	})
}
