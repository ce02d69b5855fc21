package cli

import (
	"testing"
)

func TestNearest(t *testing.T) {
	t.Parallel()
	known := []string{"scan", "state", "check", "codes", "completion"}
	for word, want := range map[string]string{
		"scna": "scan", "sacn": "scan", "SCAN": "scan", "stats": "state", "chekc": "check", "code": "codes", "compeltoin": "completion",
		"": "", "x": "", "run": "", "database": "", "scanscanscan": "",
	} {
		if got := nearest(word, known); got != want {
			t.Errorf("nearest(%q) = %q, want %q", word, got, want)
		}
	}
	if got := nearest("x"+string(make([]byte, longestWord)), known); got != "" {
		t.Errorf("a word that is too long: %q", got)
	}
}

func TestDistance(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abc", 0}, {"abc", "acb", 1}, {"abc", "abd", 1}, {"abc", "abcd", 1},
		{"abc", "bc", 1}, {"kitten", "sitting", 3}, {"ca", "abc", 3},
	} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("distance(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
		if got := distance(c.b, c.a); got != c.want {
			t.Errorf("distance(%q, %q) = %d, want %d", c.b, c.a, got, c.want)
		}
	}
}

func TestQuote(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]string{
		"": "''", "a.log": "a.log", "/var/log/x-1_2.log": "/var/log/x-1_2.log", "a b": "'a b'", "*.log": "'*.log'",
		"it's": `'it'\''s'`, "$HOME": "'$HOME'",
	} {
		if got := quote(word); got != want {
			t.Errorf("quote(%q) = %s, want %s", word, got, want)
		}
	}
}

func TestParagraphs(t *testing.T) {
	t.Parallel()
	in := "One sentence that\nruns on.\n\nAnother.\n  stands   as it is\nand on"
	want := "One sentence that\nruns on.\n\nAnother.\n  stands   as it is\nand on\n"
	if got := paragraphs(in, 20); got != want {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
	want = "One sentence that runs on.\n\nAnother.\n  stands   as it is\nand on\n"
	if got := paragraphs(in, 80); got != want {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}
