package config

import (
	"fmt"
	"strings"
	"testing"
)

// TestProblemInside puts a problem on one byte of a value, in each form that a value can have in YAML. The byte is the
// one behind the mark ¦, which stands in the expected value only.
func TestProblemInside(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, yaml, value, want string }{
		{"plain", `summary: ab(c`, `ab¦(c`, `1:12 |summary: ab(c|`},
		{"plain, wide before", `summary: äöü(c`, `äöü¦(c`, `1:13 |summary: äöü(c|`},
		{"single quotes", `summary: 'it''s (x'`, `it's ¦(x`, `1:17 |summary: 'it''s (x'|`},
		{"at a doubled quote", `summary: 'it''s (x'`, `it¦'s (x`, `1:13 |summary: 'it''s (x'|`},
		{"double quotes", `summary: "a\t\u00e9\\d(x"`, "a\té\\d¦(x", `1:23 |summary: "a\t\u00e9\\d(x"|`},
		{"hex escape", `summary: "\x41(\U0001F600)"`, "A(😀¦)", `1:26 |summary: "\x41(\U0001F600)"|`},
		{"the end", `summary: 'a(b'`, `a(b¦`, `1:14 |summary: 'a(b'|`},
		{"with an anchor", `summary: &a 'a(b'`, `a¦(b`, `1:15 |summary: &a 'a(b'|`},
		{"with a tag", `summary: !!str 12(b`, `12¦(b`, `1:18 |summary: !!str 12(b|`},
		{"in a flow", `{summary: a(b, name: x}`, `a¦(b`, `1:12 |{summary: a(b, name: x}|`},
		{"plain, folded", "summary: one\n  two(x", "one two¦(x", `2:6 |  two(x|`},
		{"quoted, folded", "summary: 'one\n\n   two(x'", "one\ntwo¦(x", `3:7 |   two(x'|`},
		{"escaped line break", "summary: \"one\\\n   two(x\"", "onetwo¦(x", `2:7 |   two(x"|`},
		{"literal", "summary: |\n  one\n  two(x\n", "one\ntwo¦(x\n", `3:6 |  two(x|`},
		{"literal, indented", "summary: |2\n    one\n  two\n", "  o¦ne\ntwo\n", `2:6 |    one|`},
		{"folded block", "summary: >-\n  one\n  two(x\n\n  three", "one two¦(x\nthree", `3:6 |  two(x|`},
		{"folded block, later", "summary: >-\n  one\n  two(x\n\n  three", "one two(x\nth¦ree", `5:5 |  three|`},
		{"CRLF", "name: x\r\nsummary: ab(c\r\n", `ab¦(c`, `2:12 |summary: ab(c|`},
		{"byte order mark", "\ufeffsummary: ab(c", `ab¦(c`, `1:12 |summary: ab(c|`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			value := strings.ReplaceAll(tt.value, "¦", "")
			text := "rules:\n  - name: R\n    count: {above: 1}\n    "
			inner := strings.ReplaceAll(tt.yaml, "\n", "\n    ")
			if strings.HasPrefix(tt.yaml, "{") || strings.HasPrefix(tt.yaml, "\ufeff") || strings.HasPrefix(tt.yaml, "name") {
				text, inner = "", tt.yaml // the document itself
			}
			d := &document{}
			if p := d.read([]byte(text + inner)); p != nil {
				t.Fatal(p)
			}
			c := &Config{doc: d}
			path := []any{"summary"}
			if text != "" {
				path = []any{"rules", 0, "summary"}
			}
			n, _ := d.find(path)
			if n == nil || n.Value != value {
				t.Fatalf("the value is %q, the test says %q", n.Value, value)
			}
			p := c.Problem(Error, "m", "", strings.Index(tt.value, "¦"), path...)
			if text != "" {
				p.Line -= strings.Count(text, "\n")
				p.Col -= 4
				p.Excerpt = p.Excerpt[4:]
			}
			if got := spot(p); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if p.Width != 1 {
				t.Errorf("width %d", p.Width)
			}
		})
	}
}

func spot(p Problem) string { return fmt.Sprintf("%d:%d |%s|", p.Line, p.Col, p.Excerpt) }

func TestLocate(t *testing.T) {
	t.Parallel()
	c, ps := loadText(t, `server: {listen: ":1"}
sources:
  - &a {name: a, paths: [x, y], labels: {team: t}}
  - {<<: *a, name: b}
rules:
  - name: R
    count:
      above: 5
log: {level: warn}
`, LoadOptions{Env: []string{"ERRWATCH_LOG_LEVEL=debug"}})
	if len(ps) > 0 {
		t.Fatal(Format(ps))
	}
	tests := []struct {
		name      string
		path      []any
		line, col int
		width     int
	}{
		{"a value", []any{"server", "listen"}, 1, 18, 4},
		{"a key", []any{"server", Key("listen")}, 1, 10, 6},
		{"a part of a list", []any{"sources", 0, "paths", 1}, 3, 29, 1},
		{"a whole part", []any{"sources", 0}, 3, 5, 1},
		{"merged", []any{"sources", 1, "labels", Key("team")}, 3, 42, 4},
		{"its own beside the merged", []any{"sources", 1, "name"}, 4, 20, 1},
		{"in a block", []any{"rules", 0, "count", "above"}, 8, 14, 1},
		{"a block", []any{"rules", 0, "count"}, 8, 7, 5},
		{"a key that is not there", []any{"rules", 0, "window"}, 6, 5, 4},
		{"an index that is not there", []any{"rules", 7}, 6, 3, 1},
		{"nothing of it", []any{"limits", "line"}, 0, 0, 0},
		{"overruled by the environment", []any{"log", "level"}, 0, 0, 0},
		{"no path", nil, 1, 1, 6},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := c.Problem(Error, "m", "", -1, tt.path...)
			if p.Line != tt.line || p.Col != tt.col || p.Width != tt.width {
				t.Errorf("got %d:%d width %d, want %d:%d width %d", p.Line, p.Col, p.Width, tt.line, tt.col, tt.width)
			}
			if line, col := c.Locate(tt.path...); line != tt.line || col != tt.col {
				t.Errorf("Locate says %d:%d", line, col)
			}
		})
	}
	if p := c.Problem(Warning, "m", "h", 0, "log", "level"); p.String() != "environment: warning: m" {
		t.Errorf("overruled: %s", p)
	}
	if line, col := Default().Locate("server", "listen"); line != 0 || col != 0 {
		t.Errorf("without a file: %d:%d", line, col)
	}
}

func TestFormat(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("0123456789", 20)
	tests := []struct {
		name string
		p    Problem
		want string
	}{
		{
			"no place",
			Problem{File: "a.yaml", Severity: Error, Message: "is a directory"},
			"a.yaml: error: is a directory\n",
		},
		{
			"no file",
			Problem{Severity: Warning, Message: "m", Hint: "h"},
			"warning: m\n  hint: h\n",
		},
		{
			"a caret run and a hint",
			Problem{File: "a.yaml", Line: 23, Col: 5, Width: 5, Severity: Error, Message: "m", Excerpt: "    windw: 5m", Hint: "did you mean \"window\"?"},
			"a.yaml:23:5: error: m\n   23 |     windw: 5m\n      |     ^^^^^\n  hint: did you mean \"window\"?\n",
		},
		{
			"control characters",
			Problem{File: "a\x1b.yaml", Line: 1, Col: 6, Width: 2, Severity: Error, Message: "m\x1b[2J", Excerpt: "\t\x1b[1m\u202eb\x00", Hint: "h\r"},
			"a\\x1b.yaml:1:6: error: m\\x1b[2J\n    1 | \\t\\x1b[1m\\u202eb\\x00\n      |          ^^^^^^^\n  hint: h\\x0d\n",
		},
		{
			"wide and combining characters",
			Problem{File: "a", Line: 1, Col: 5, Width: 2, Severity: Error, Message: "m", Excerpt: "日本e\u0301xy"},
			"a:1:5: error: m\n    1 | 日本e\u0301xy\n      |      ^^\n",
		},
		{
			"a long line, at its start",
			Problem{File: "a", Line: 1, Col: 3, Width: 2, Severity: Error, Message: "m", Excerpt: long},
			"a:1:3: error: m\n    1 | " + long[:70] + "…\n      |   ^^\n",
		},
		{
			"a long line, in its middle",
			Problem{File: "a", Line: 1, Col: 101, Width: 3, Severity: Error, Message: "m", Excerpt: long},
			"a:1:101: error: m\n    1 | …" + long[57:126] + "…\n      | " + strings.Repeat(" ", 44) + "^^^\n",
		},
		{
			"a long line, at its end",
			Problem{File: "a", Line: 1, Col: 199, Width: 2, Severity: Error, Message: "m", Excerpt: long},
			"a:1:199: error: m\n    1 | …" + long[131:] + "\n      | " + strings.Repeat(" ", 68) + "^^\n",
		},
		{
			"a long token",
			Problem{File: "a", Line: 1, Col: 2, Width: 300, Severity: Error, Message: "m", Excerpt: long},
			"a:1:2: error: m\n    1 | …" + long[1:70] + "…\n      |  " + strings.Repeat("^", 69) + "\n",
		},
		{
			"behind the line",
			Problem{File: "a", Line: 1, Col: 4, Width: 1, Severity: Error, Message: "m", Excerpt: "abc"},
			"a:1:4: error: m\n    1 | abc\n      |    ^\n",
		},
		{
			"no UTF-8",
			Problem{File: "a", Line: 1, Col: 2, Width: 1, Severity: Error, Message: "m", Excerpt: "a\xffb"},
			"a:1:2: error: m\n    1 | a\ufffdb\n      |  ^\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := Format([]Problem{tt.p}); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
	if got := Summary([]Problem{{Severity: Error}, {Severity: Warning}, {Severity: Error}}); got != "2 errors, 1 warning" {
		t.Errorf("summary: %s", got)
	}
	if Summary(nil) != "" || Format(nil) != "" {
		t.Error("nothing is said as something")
	}
}
