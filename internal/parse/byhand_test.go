package parse

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/errwatch/errwatch/internal/parse/capture"
)

// byHand are the regexes that are also written by hand.
func byHand() []string { return []string{videosdkExpr, onErrorExpr, nameExpr, codeKeyExpr} }

// differ holds the finder of a regex against the regex itself, from every position of a text.
type differ struct {
	std  *regexp.Regexp
	re   *capture.Regexp
	find finder
	mach capture.Machine
	at   [8]int
}

func newDiffers(tb testing.TB) []*differ {
	var out []*differ
	for _, expr := range byHand() {
		re, err := capture.Compile(expr)
		if err != nil || handWritten(expr) == nil {
			tb.Fatalf("%s: %v", expr, err)
		}
		out = append(out, &differ{std: regexp.MustCompile(expr), re: re, find: handWritten(expr)})
	}
	return out
}

func (d *differ) check(t *testing.T, text []byte) (matched bool) {
	t.Helper()
	for from := 0; from <= len(text); from++ {
		want := d.mach.Find(d.re, text, from)
		if from == 0 {
			want = d.std.FindSubmatchIndex(text)
			matched = want != nil
		}
		at := d.at[:2*len(d.re.Names())]
		for i := range at {
			at[i] = -1
		}
		if ok := d.find(text, from, at); ok != (want != nil) || ok && !slices.Equal(at, want) {
			t.Fatalf("%s\nin %q from %d: %v %v, want %v", d.re, text, from, ok, at, want)
		}
	}
	return matched
}

func TestByHandIsTheRegex(t *testing.T) {
	t.Parallel()
	pieces := []string{
		"onError", "OnError", "nError", "_onError", "VIDEOSDK ERROR", "VIDEOSDK ERROR :: 4009", "::", " :: ", ":", "=", "code", "Code", "errcode", "error_code",
		"ERR-CODE", "cod", "4009", "3014", "401", "12345", ".", "..", `"`, `'`, `\`, `\"`, " ", " ", "\t", "\n", "\r", "\f", "\v", "_", "-", "x", "A", "AB", "ABC_1",
		"MAX_SPEAKER_REACHED", "é", "\xff", "\xe2\x80", "(", "[", "{", "#", ",", "\x00",
	}
	keys := []string{"onError code", "code", "errcode", "err-Code", "onError ", "VIDEOSDK ERROR ::"}
	signs := []string{"=", ":", `":`, `\" : `, "", "'=\t'"}
	rnd := rand.New(rand.NewPCG(21, 22))
	differs := newDiffers(t)
	matches := make([]int, len(differs))
	for range 4000 {
		var b strings.Builder
		for range 1 + rnd.IntN(12) {
			b.WriteString(pieces[rnd.IntN(len(pieces))])
			if rnd.IntN(12) == 0 {
				b.WriteString(keys[rnd.IntN(len(keys))] + signs[rnd.IntN(len(signs))] + "4009")
			}
		}
		for i, d := range differs {
			if d.check(t, []byte(b.String())) {
				matches[i]++
			}
		}
	}
	for _, c := range shapes {
		for _, d := range differs {
			d.check(t, []byte(c.line))
		}
	}
	for i, n := range matches {
		if n < 100 {
			t.Errorf("%s matched only %d times", byHand()[i], n)
		}
	}
}

func FuzzByHand(f *testing.F) {
	seedLines(f, func(l string) { f.Add([]byte(l)) })
	f.Add([]byte("onError code='3014' errcode=4009. VIDEOSDK ERROR :: 4009 :: ABC :: x \\ \" _onError(4010)"))
	differs := newDiffers(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, d := range differs {
			d.check(t, text[:min(len(text), 300)])
		}
	})
}
