package literal

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// naive is the definition of FindAll: a loop of bytes.Index for each literal, the block folded for those in any case.
func naive(lits []Literal, block []byte) (hits []Hit) {
	folded := []byte(lower(string(block)))
	for i, l := range lits {
		text, in := l.Text, block
		if l.Fold {
			text, in = lower(text), folded
		}
		for from := 0; text != ""; from++ {
			k := bytes.Index(in[from:], []byte(text))
			if k < 0 {
				break
			}
			from += k
			hits = append(hits, Hit{from, i})
		}
	}
	slices.SortFunc(hits, compareHits)
	return hits
}

// compare checks FindAll and Find against naive.
func compare(t *testing.T, lits []Literal, block []byte) {
	t.Helper()
	want := naive(lits, block)
	m := NewMatcher(lits)
	if got := m.FindAll(block, nil); !slices.Equal(got, want) {
		t.Fatalf("literals %+v in %q:\n got %v\nwant %v", lits, block, got, want)
	}
	from := 0
	for i, w := range want {
		got, ok := m.Find(block, from)
		first := slices.IndexFunc(want, func(h Hit) bool { return h.Pos >= from })
		if !ok || got != want[first] {
			t.Fatalf("literals %+v in %q: Find from %d = %v %v, want %v", lits, block, from, got, ok, want[first])
		}
		if from = w.Pos; i%3 == 0 {
			from++
		}
		if from > want[len(want)-1].Pos {
			break
		}
	}
	last := 0
	if len(want) > 0 {
		last = want[len(want)-1].Pos + 1
	}
	if got, ok := m.Find(block, last); ok {
		t.Fatalf("literals %+v in %q: Find behind the last one = %v", lits, block, got)
	}
}

func TestMatcherCases(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		lits  []Literal
		block string
	}{
		"none":                {nil, "anything"},
		"an empty block":      {fix("abc"), ""},
		"an empty literal":    {fix("", "abc"), "xabc"},
		"one alone":           {fix("abc"), "abcabc ab abc"},
		"one alone, folded":   {fold("abcde"), "aBcDeABCDEab"},
		"overlapping":         {fix("aa"), "aaaaa"},
		"nested":              {fix("abcdef", "bcdef", "cdefgh", "abcdefgh"), "xabcdefghx"},
		"the same twice":      {fix("onError", "other", "onError"), "onError onError"},
		"in both cases":       {append(fix("Error"), fold("ERROR", "error")...), "Error ERROR eRRor"},
		"one byte":            {append(fix("x", "yz"), fold("q", "7")...), "xyzqQ7"},
		"many short ones":     {fix("ab", "bc", "cd", "de", "ef", "a"), "abcdefa"},
		"at the edges":        {fix("start", "theend"), "start theend"},
		"longer than block":   {fix("abcdefghij", "abcde"), "abcde"},
		"zero and high bytes": {fix("a\x00b\xffc", "\xff\xfe\xfd\xfc\xfb"), "a\x00b\xffc\xff\xfe\xfd\xfc\xfb"},
		"very long":           {fix(strings.Repeat("ab", 200), strings.Repeat("ab", 100)+"c"), strings.Repeat("ab", 300) + "c"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			compare(t, c.lits, []byte(c.block))
		})
	}
}

// TestStripBorders puts literals across every border of a strip and of its lanes, and far more than one strip's hits.
func TestStripBorders(t *testing.T) {
	t.Parallel()
	lits := append(fix("onError code", "[recording] ", "HTTP", "ab"), fold("out of memory")...)
	block := bytes.Repeat([]byte{'.'}, 3*strip+100)
	for border := strip / 4; border < len(block)-64; border += strip / 4 {
		copy(block[border-5:], "onError code[recording] HTTP")
		copy(block[border+40:], "Out Of Memory ab")
	}
	compare(t, lits, block)
	compare(t, lits, bytes.Repeat([]byte("onError code HTTP ab out of memory "), 2*strip/35))
}

func TestRandomBlocks(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		alphabet := "abAB "[:2+rnd.IntN(4)]
		var lits []Literal
		for range 1 + rnd.IntN(12) {
			lits = append(lits, Literal{randomText(rnd, alphabet, 1+rnd.IntN(12)), rnd.IntN(3) == 0})
		}
		compare(t, lits, []byte(randomText(rnd, alphabet, rnd.IntN(700))))
	}
}

func randomText(rnd *rand.Rand, alphabet string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[rnd.IntN(len(alphabet))]
	}
	return string(b)
}

func FuzzMatcher(f *testing.F) {
	f.Add("onError code=\nHTTP\n!out of memory", []byte("ERROR onError code=3014 HTTP/1.1 OUT of memory"), uint16(1))
	f.Add("aaa\naaaa\n!a\nba", []byte("aaaaaaaab"), uint16(9))
	f.Add("\xff\xfe\n\x00\x00\x00", []byte("\x00\x00\x00\x00\xff\xfe"), uint16(400))
	f.Fuzz(func(t *testing.T, list string, block []byte, repeat uint16) {
		var lits []Literal
		for s := range strings.SplitSeq(list, "\n") {
			folded := strings.HasPrefix(s, "!")
			lits = append(lits, Literal{strings.TrimPrefix(s, "!"), folded})
		}
		if n := int(repeat); len(block) > 0 && len(block)*n < 4*strip && len(lits)*len(block)*n < 1<<20 {
			block = bytes.Repeat(block, n)
		}
		if len(lits) > 64 || len(block) > 4*strip {
			return
		}
		want := naive(lits, block)
		m := NewMatcher(lits)
		if got := m.FindAll(block, nil); !slices.Equal(got, want) {
			t.Fatalf("literals %+v in %q:\n got %v\nwant %v", lits, block, got, want)
		}
		from := 0
		for _, w := range want[:min(len(want), 100)] {
			if w.Pos < from {
				continue
			}
			if got, ok := m.Find(block, from); !ok || got != w {
				t.Fatalf("literals %+v in %q: Find from %d = %v %v, want %v", lits, block, from, got, ok, w)
			}
			from = w.Pos + 1
		}
	})
}

func TestNoAllocations(t *testing.T) {
	m := NewMatcher(r20Literals(t))
	block := meetingLog(256 << 10)
	hits := m.FindAll(block, nil)
	if len(hits) == 0 {
		t.Fatal("no hits in the generated log")
	}
	if n := testing.AllocsPerRun(5, func() { hits = m.FindAll(block, hits[:0]) }); n != 0 {
		t.Errorf("FindAll: %v allocations", n)
	}
	if n := testing.AllocsPerRun(5, func() { m.Find(block, len(block)/2) }); n != 0 {
		t.Errorf("Find: %v allocations", n)
	}
}

// TestWindowsAreRare: in ordinary text, few places may be worth a second look.
func TestWindowsAreRare(t *testing.T) {
	t.Parallel()
	m := NewMatcher(r20Literals(t)).table
	block := meetingLog(256 << 10)
	places, flagged := 0, 0
	for p := 0; p < len(block)-1; p += m.stride {
		places++
		flagged += int(m.flags[m.hash(gramAt(block, p))])
	}
	if places > len(block)/3 || flagged > places/40 {
		t.Errorf("%d bytes: %d places, %d of them flagged", len(block), places, flagged)
	}
}

func ExampleMatcher_FindAll() {
	m := NewMatcher([]Literal{{Text: "onError code="}, {Text: "out of memory", Fold: true}})
	for _, h := range m.FindAll([]byte("a onError code=3014\nb Out of memory\n"), nil) {
		fmt.Println(h.Pos, h.Lit)
	}
	// Output:
	// 2 0
	// 22 1
}
