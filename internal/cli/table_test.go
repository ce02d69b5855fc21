package cli

import (
	"strings"
	"testing"
)

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
