package cli

import (
	"slices"
	"strings"
	"testing"
)

func TestSafeDisarmsTheTerminal(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"plain, ünïcode 日本":       "plain, ünïcode 日本",
		"two\nlines\tand a tab":   "two\nlines\tand a tab",
		"\x1b[31mred\x1b[0m":      `\x1b[31mred\x1b[0m`,
		"\x1b]0;title\x07":        `\x1b]0;title\x07`,
		"over\rwritten\b":         `over\x0dwritten\x08`,
		"c1 \u009b31m":            `c1 \u009b31m`,
		"bidi \u202eevil":         `bidi \u202eevil`,
		"zero\u200bwidth \ufeff":  `zero\u200bwidth \ufeff`,
		"bad \xff\xfe utf8":       `bad \xff\xfe utf8`,
		"separators \u2028\u2029": `separators \u2028\u2029`,
		"\x7f":                    `\x7f`,
	} {
		if got := safe(in); got != want {
			t.Errorf("safe(%q) = %q, want %q", in, got, want)
		}
	}
	if got := safeLine("a\nb"); got != `a\nb` {
		t.Errorf("safeLine = %q", got)
	}
}

func FuzzSafe(f *testing.F) {
	f.Add("\x1b[2J\u202e\xff\r")
	f.Fuzz(func(t *testing.T, s string) {
		for _, r := range safeLine(s) {
			if hidden(r) {
				t.Fatalf("safeLine(%q) still holds %U", s, r)
			}
		}
	})
}

func TestCells(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]int{"": 0, "abc": 3, "ä": 1, "a\u0308": 1, "日本": 4, "ﾊﾛ": 2, "ｆ": 2, "🙂": 2, "▁█": 2} {
		if got := cells(s); got != want {
			t.Errorf("cells(%q) = %d, want %d", s, got, want)
		}
	}
}

func TestShorten(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		s           string
		n           int
		right, left string
	}{
		{"abcdef", 0, "abcdef", "abcdef"}, {"abcdef", 6, "abcdef", "abcdef"}, {"abcdef", 5, "abcd…", "…cdef"}, {"abcdef", 1, "…", "…"},
		{"日本語", 5, "日本…", "…本語"}, {"日本語", 4, "日…", "…語"},
	} {
		if got := shorten(c.s, c.n); got != c.right {
			t.Errorf("shorten(%q, %d) = %q, want %q", c.s, c.n, got, c.right)
		}
		if got := shortenLeft(c.s, c.n); got != c.left {
			t.Errorf("shortenLeft(%q, %d) = %q, want %q", c.s, c.n, got, c.left)
		}
	}
}

func TestWrap(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		s     string
		width int
		want  []string
	}{
		{"one two three", 0, []string{"one two three"}},
		{"one two three", 13, []string{"one two three"}},
		{"one two three", 12, []string{"one two", "three"}},
		{"one two three", 1, []string{"one", "two", "three"}},
		{"unbreakable", 4, []string{"unbreakable"}},
		{"", 4, []string{""}},
	} {
		if got := wrap(c.s, c.width); !slices.Equal(got, c.want) {
			t.Errorf("wrap(%q, %d) = %q, want %q", c.s, c.width, got, c.want)
		}
	}
}

func FuzzWrap(f *testing.F) {
	f.Add("one two  three\u3000four ", 7)
	f.Fuzz(func(t *testing.T, s string, width int) {
		lines := wrap(s, width)
		if strings.ReplaceAll(strings.Join(lines, ""), " ", "") != strings.ReplaceAll(s, " ", "") {
			t.Fatalf("wrap(%q, %d) = %q", s, width, lines)
		}
		for _, line := range lines {
			if width > 0 && cells(line) > width && strings.Contains(line, " ") {
				t.Fatalf("wrap(%q, %d) left %q", s, width, line)
			}
		}
	})
}

func TestFormatRows(t *testing.T) {
	t.Parallel()
	rows := []row{
		{"a", "one"}, {"empty", ""}, {"longer", "one two three four five six"}, {"", "no label"}, {"hostile\x1b", "two\nlines"},
	}
	want := strings.Join([]string{
		`  a            one`,
		`  longer       one two three four five six`,
		`               no label`,
		`  hostile\x1b  two\nlines`,
		``,
	}, "\n")
	if got := formatRows(2, 0, rows); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	want = strings.Join([]string{
		`  a            one`,
		`  longer       one two three four`,
		`               five six`,
		`               no label`,
		`  hostile\x1b  two\nlines`,
		``,
	}, "\n")
	if got := formatRows(2, 35, rows); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := formatRows(0, 0, nil); got != "" {
		t.Errorf("no rows: %q", got)
	}
}
