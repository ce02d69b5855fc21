package capture

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

var expressions = []string{
	``, `a`, `a*`, `(a*)*`, `(a|ab)(c|bcd)(d*)`, `(?:(a)|b)*`, `x*?y`, `^a`, `a$`, `^$`, `\ba\b`, `\Ba`, `(?m)^b$`, `(?i)straße|K`,
	`[^a]`, `.`, `(?s).`, `(?s).*`, `\d{4}`, `onError code=(?P<code>\d{4})`, `(\w+)\s+(\w+)`, `é+`, `[à-ü]`, `(a+)+b`, `(|a)+`,
	`(?:(?:ab)*?c|a)(b)?`, `\x{FFFD}`, `(?i)code\s*[:=]\s*["']?(?P<code>\d{4})\b`, `a{2,3}?`, `(?U)a+`, `\A\z`, `[[:^word:]]`,
}

var texts = []string{
	"", "a", "ab", "abcd", "aaab", "b\nb\nb", "STRASSE straSSe stra\u00dfe \u212a", "x\xffy", "\xc3", "é à", "a b",
	"2026-11-20T10:15:23Z ERROR [room] onError code=3014 name=X", `{"code" : "4009"}`, "code=4009x Code='4010'", "aaaaaaaaaaaaaaaaaaaaaaaac",
}

// compare holds every match of the text, one after the other, against the standard library.
func compare(t *testing.T, expr string, text []byte) {
	t.Helper()
	re, err := Compile(expr)
	std, stdErr := regexp.Compile(expr)
	if (err == nil) != (stdErr == nil) {
		t.Fatalf("%q: error %v, want %v", expr, err, stdErr)
	}
	if err != nil {
		return
	}
	var m Machine
	got, want := m.Find(re, text, 0), std.FindSubmatchIndex(text)
	if !slices.Equal(got, want) {
		t.Fatalf("%q on %q: %v, want %v", expr, text, got, want)
	}
	if m.Match(re, text) != std.Match(text) {
		t.Fatalf("%q on %q: Match differs", expr, text)
	}
	for _, at := range std.FindAllSubmatchIndex(text, 8) {
		if got := m.Find(re, text, at[0]); !slices.Equal(got, at) {
			t.Fatalf("%q on %q from %d: %v, want %v", expr, text, at[0], got, at)
		}
	}
}

func TestEqualsTheStandardLibrary(t *testing.T) {
	t.Parallel()
	for _, expr := range expressions {
		for _, text := range texts {
			compare(t, expr, []byte(text))
		}
	}
}

func TestLongTextsFallBack(t *testing.T) {
	t.Parallel()
	re, err := Compile(`(?:qz?){900}|code=(\d{4})\b`) // many branches make a short text a long one
	if err != nil {
		t.Fatal(err)
	}
	text := []byte(strings.Repeat("code=12 ", MaxVisited/re.branches/8) + "code=4009 code=4010")
	if re.Fits(len(text)) {
		t.Fatal("the text is not long enough")
	}
	var m Machine
	at := m.Find(re, text, 0)
	if at == nil || string(text[at[2]:at[3]]) != "4009" {
		t.Fatalf("first match: %v", at)
	}
	at = m.Find(re, text, at[1])
	if at == nil || string(text[at[2]:at[3]]) != "4010" {
		t.Fatalf("second match: %v", at)
	}
	if m.Find(re, text, at[1]) != nil || !m.Match(re, text) {
		t.Fatal("a third match, or none at all")
	}
}

// The expression takes exponential time in a plain backtracker; the step count here is bounded by the table.
func TestHostileExpressionStaysLinear(t *testing.T) {
	t.Parallel()
	re, err := Compile(`(?:a|a|aa)*(?:a|aa)*b`)
	if err != nil {
		t.Fatal(err)
	}
	var m Machine
	if m.Find(re, []byte(strings.Repeat("a", 4000)), 0) != nil {
		t.Fatal("matched")
	}
	if limit := 4 * re.branches * 4001; cap(m.stack) > limit {
		t.Fatalf("the stack grew to %d, limit %d", cap(m.stack), limit)
	}
}

// From match to match through a long text: the work must be that of one pass, not of a pass for each match.
func TestManyMatchesStayLinear(t *testing.T) {
	t.Parallel()
	re, err := Compile(`(?:code|c)=(\d{4})\b`)
	if err != nil {
		t.Fatal(err)
	}
	text := []byte(strings.Repeat("code=1000 ", 100_000))
	var m Machine
	n, from := 0, 0
	for at := m.Find(re, text, 0); at != nil; at = m.Find(re, text, from) {
		if from = at[1]; m.reached > from {
			t.Fatalf("match %d, which ends at %d, was looked for up to %d", n, from, m.reached)
		}
		n++
	}
	if n != 100_000 {
		t.Fatalf("%d matches", n)
	}
	for i, w := range m.visited {
		if w != 0 {
			t.Fatalf("word %d of the table is not clear", i)
		}
	}
	if m.Trim(); m.visited != nil {
		t.Fatal("the memory is kept")
	}
}

func TestNoAllocation(t *testing.T) {
	text := []byte(texts[11])
	re, err := Compile(`^\S+ ERROR \[(\w+)\] onError code=(?P<code>\d{4}) name=(\w+)`)
	if err != nil {
		t.Fatal(err)
	}
	var m Machine
	if n := testing.AllocsPerRun(100, func() {
		if m.Find(re, text, 0) == nil {
			t.Fatal("no match")
		}
	}); n != 0 {
		t.Fatalf("%v allocations for each search", n)
	}
}

func FuzzFind(f *testing.F) {
	for i, expr := range expressions {
		f.Add(expr, []byte(texts[i%len(texts)]))
	}
	f.Fuzz(func(t *testing.T, expr string, text []byte) {
		if len(expr) > 200 || len(text) > 2000 {
			return
		}
		compare(t, expr, text)
	})
}

func BenchmarkFind(b *testing.B) {
	text := []byte(texts[11])
	const expr = `^\S+ ERROR \[room\] onError code=(?P<code>\d{4}) `
	b.Run("ours", func(b *testing.B) {
		re, _ := Compile(expr)
		var m Machine
		b.ReportAllocs()
		for b.Loop() {
			m.Find(re, text, 0)
		}
	})
	b.Run("standard", func(b *testing.B) {
		re := regexp.MustCompile(expr)
		b.ReportAllocs()
		for b.Loop() {
			re.FindSubmatchIndex(text)
		}
	})
}
