package config

import (
	"os"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzLoad: whatever the bytes are, loading ends, says nothing outside the file, and what it prints is safe to print.
func FuzzLoad(f *testing.F) {
	for _, path := range []string{"testdata/yaml.txtar", "testdata/types.txtar", "testdata/rules.txtar"} {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for part := range strings.SplitSeq(string(text), "\n-- ") {
			if _, body, ok := strings.Cut(part, " --\n"); ok {
				f.Add([]byte(body))
			}
		}
	}
	for _, s := range []string{
		"a: \x00", "\xff\xfe", "a: \xff", "\ufeffa: 1", "a: 1\r\nb: 2\rc", "server: {listen: \"\\u2028\"}", "- &a [*a, *a]", "a: &a {<<: [*a, *a], <<: *a}",
		"rules:\n  - name: |\n      x\n    count: {above: 1}", "? ? ?", "log: {level: \"a\\\n  b\"}", "catalog: >\n  a\n\n    b\n c", "a\u2028b: c: d", "server: &x !!map {listen: *x}",
		"receivers: [{name: a, webhook: {url: x}, http: {oauth2: {claims: {a: &b [*b]}}}}]",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		c, ps := parse("f.yaml", content, LoadOptions{Known: known()})
		if c == nil {
			t.Fatal("no configuration")
		}
		for _, p := range ps {
			checkPlace(t, c, p)
		}
		if out := Format(ps); !utf8.ValidString(out) || strings.ContainsFunc(out, func(r rune) bool { return r != '\n' && (r < ' ' || r == 0x7f || r == '\u202e') }) {
			t.Fatalf("not safe to print: %q", out)
		}
	})
}

func checkPlace(t *testing.T, c *Config, p Problem) {
	t.Helper()
	if p.Message == "" || p.File != "f.yaml" {
		t.Fatalf("%+v", p)
	}
	if p.Message == "further problems are not shown" {
		return
	}
	if p.Line < 1 || p.Line > len(c.doc.lines) {
		t.Fatalf("line %d of %d: %s", p.Line, len(c.doc.lines), p.Message)
	}
	line := c.doc.lines[p.Line-1]
	if n := utf8.RuneCountInString(line); p.Col < 1 || p.Col > n+1 || p.Width < 1 || p.Col+p.Width > n+2 {
		t.Fatalf("%d:%d width %d lies outside %q: %s", p.Line, p.Col, p.Width, line, p.Message)
	}
	if p.Excerpt != line && (p.Start == 0 || p.Excerpt == "" || !strings.HasPrefix(line[byteOf(line, p.Start):], p.Excerpt)) {
		t.Fatalf("excerpt %q of %q", p.Excerpt, line)
	}
}

// FuzzInside: a byte of a value is found at the same byte of the file, or the value as a whole is meant.
func FuzzInside(f *testing.F) {
	f.Add("catalog: 'it''s'", 3)
	f.Add("catalog: \"a\\\n  b \\x41\"", 2)
	f.Add("catalog: >-\n  a\n  b\n\n  c", 4)
	f.Add("catalog: |2\n   a\n  b", 3)
	f.Add("catalog: a\n  b", 2)
	f.Fuzz(func(t *testing.T, text string, at int) {
		d := &document{file: "f.yaml"}
		if p := d.read([]byte(text)); p != nil {
			return
		}
		n, whole := d.find([]any{"catalog"})
		if !whole || real(n) == nil || at < 0 || at >= len(real(n).Value) {
			return
		}
		pl, ok := d.inside(real(n), at)
		if !ok {
			return
		}
		rest := d.line(pl.line)[byteOf(d.line(pl.line), pl.col):]
		want := real(n).Value[at]
		if want > ' ' && want < 0x7f && want != '\'' && !strings.HasPrefix(rest, `\`) && !strings.HasPrefix(rest, string(want)) {
			t.Fatalf("byte %d (%q) of %q is said to be at %q", at, want, real(n).Value, rest)
		}
	})
}

func FuzzScalars(f *testing.F) {
	for _, s := range []string{"1MiB", "0", "-1B", "9223372036854775807TiB", "5m", "1h30m", "400d", "99999y", "1.5h", "kB", "1 KiB"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if s, err := ParseSize(text); err == nil {
			if again, err := ParseSize(s.String()); err != nil || again != s {
				t.Errorf("%q is %d, written %s, read %d, %v", text, s, s, again, err)
			}
		}
		if d, err := ParseDuration(text); err == nil {
			if again, err := ParseDuration(FormatDuration(d)); err != nil || again != d {
				t.Errorf("%q is %s, written %s, read %s, %v", text, d, FormatDuration(d), again, err)
			}
		}
		if at, message, _ := checkMatcher(text); message != "" && (at < 0 || at > len(text)) {
			t.Errorf("matcher %q: %d", text, at)
		}
	})
}
