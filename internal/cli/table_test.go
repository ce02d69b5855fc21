package cli

import (
	"strings"
	"testing"
	"time"
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

func TestWriteTable(t *testing.T) {
	t.Parallel()
	columns := []column{{head: "CODE"}, {head: "NAME", least: 4}, {head: "N", right: true}, {head: "FILE", least: 5, tail: true}}
	rows := func() [][]string {
		return [][]string{{"3014", "abcdefgh", "7", "/var/log/a.log"}, {"4009", "ä\x1b", "1,234", "日本.log"}, {"", "", "x", ""}}
	}
	for _, c := range []struct {
		width int
		want  []string
	}{
		{0, []string{
			"CODE  NAME          N  FILE",
			"3014  abcdefgh      7  /var/log/a.log",
			`4009  ä\x1b     1,234  日本.log`,
			"                    x",
		}},
		{29, []string{
			"CODE  NAME         N  FILE",
			"3014  abcdef…      7  …/a.log",
			`4009  ä\x1b    1,234  …本.log`,
			"                   x",
		}},
		{1, []string{ // narrower than it can be
			"CODE  NAME      N  FILE",
			"3014  abc…      7  ….log",
			`4009  ä\x…  1,234  ….log`,
			"                x",
		}},
	} {
		var b strings.Builder
		if err := writeTable(&b, c.width, columns, rows()); err != nil {
			t.Fatal(err)
		}
		if want := strings.Join(c.want, "\n") + "\n"; b.String() != want {
			t.Errorf("width %d: got\n%s\nwant\n%s", c.width, b.String(), want)
		}
	}
}

func TestWriteCSVDisarmsFormulas(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	if err := writeCSV(&b, []string{"a", "b"}, [][]string{{"=cmd|' /C calc'!A0", "-5"}, {"+x", "@y"}, {"-x", `q"u`}}); err != nil {
		t.Fatal(err)
	}
	want := "a,b\n'=cmd|' /C calc'!A0,-5\n'+x,'@y\n'-x,\"q\"\"u\"\n"
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func TestSpark(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in   []int64
		want string
	}{
		{[]int64{0, 0}, "▁▁"}, {[]int64{0, 1, 1000}, "▁▂█"}, {[]int64{7, 7}, "██"}, {nil, ""}, {[]int64{1, 2, 4}, "▃▅█"},
	} {
		if got := spark(c.in); got != c.want {
			t.Errorf("spark(%v) = %s, want %s", c.in, got, c.want)
		}
	}
}

func TestSizesAndPlurals(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 1 << 20: "1.0 MiB", 412 << 20: "412 MiB", 5 << 40: "5.0 TiB", 1 << 60: "1048576 TiB"} {
		if got := size(n); got != want {
			t.Errorf("size(%d) = %q, want %q", n, got, want)
		}
	}
	if plural(1, "file") != "1 file" || plural(0, "file") != "0 files" || plural(1234, "file") != "1,234 files" {
		t.Error("plural")
	}
}

func TestParseTime(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 10, 25, 12, 0, 0, 0, berlin) // the day on which the clocks go back
	for text, want := range map[string]string{
		"2026-11-20":           "2026-11-20T00:00:00+01:00",
		"2026-11-20T10:15":     "2026-11-20T10:15:00+01:00",
		"2026-11-20 10:15:23":  "2026-11-20T10:15:23+01:00",
		"2026-11-20T10:15:23Z": "2026-11-20T10:15:23Z",
		"10:15":                "2026-10-25T10:15:00+01:00",
		"01:15":                "2026-10-25T01:15:00+02:00",
		"90m":                  "2026-10-25T10:30:00+01:00",
		"now":                  "2026-10-25T12:00:00+01:00",
		"today":                "2026-10-25T00:00:00+02:00",
		"yesterday":            "2026-10-24T00:00:00+02:00",
	} {
		got, err := parseTime("--since", text, now)
		if err != nil || got.Format(time.RFC3339) != want {
			t.Errorf("parseTime(%q) = %v, %v; want %s", text, got.Format(time.RFC3339), err, want)
		}
	}
	for _, text := range []string{"soon", "2026-02-30", "25:00", "-5m"} {
		if got, err := parseTime("--since", text, now); err == nil {
			t.Errorf("parseTime(%q) = %v, want an error", text, got)
		}
	}
	if got, err := parseTime("--since", "", now); err != nil || !got.IsZero() {
		t.Errorf("no limit: %v, %v", got, err)
	}
}
