package parse

import (
	"strings"
	"testing"

	"github.com/errwatch/errwatch/internal/catalog"
)

func TestCheckPatterns(t *testing.T) {
	t.Parallel()
	cat, _ := catalog.Builtin("videosdk-react")
	for _, c := range []struct {
		name    string
		pattern Pattern
		key     string
		warning bool
		at      int
		message string // part of it
		hint    string // part of it
	}{
		{"open group", Pattern{Regex: `onError code=(?P<code>\d{4}`}, "regex", false, 13, "missing closing )", `\(`},
		{"inner open group", Pattern{Regex: `a(b)[(](c`}, "regex", false, 7, "missing closing )", ""},
		{"closed group", Pattern{Regex: `\((\)[)]))x`}, "regex", false, 9, "unexpected )", `\)`},
		{"bad escape", Pattern{Regex: `\\y(?P<code>\d)\y`}, "regex", false, 15, `\y`, "backslash"},
		{"trailing backslash", Pattern{Regex: `code\`}, "regex", false, 4, "single backslash", ""},
		{"open class", Pattern{Regex: `x[ab`}, "regex", false, 1, "missing closing ]", ""},
		{"nothing to repeat", Pattern{Regex: `a|*b`}, "regex", false, 2, "*", ""},
		{"twice repeated", Pattern{Regex: `a+ b**`}, "regex", false, 4, "**", ""},
		{"look-ahead", Pattern{Regex: `a(?!b)`}, "regex", false, 1, "(?!", "unless"},
		{"group name", Pattern{Regex: `(?P<c de>\d)`}, "regex", false, 0, "(?P<c de>", "(?P<code>"},
		{"bad unless", Pattern{Regex: `failed (?P<code>\d+)`, Unless: `a)`}, "unless", false, 1, "unexpected )", ""},
		{"too many repeats", Pattern{Regex: `failed (?P<code>\d{2000})`}, "regex", false, 18, "{2000}", "1000"},
		{"too long", Pattern{Regex: strings.Repeat("a", MaxRegex+1)}, "regex", false, -1, "limit", ""},
		{"no code", Pattern{Regex: `failed`}, "regex", false, -1, "no code", "(?P<code>"},
		{"unnamed group", Pattern{Regex: `failed (\d{4})`}, "regex", false, -1, "no code", `(\d{4})`},
		{"misnamed group", Pattern{Regex: `failed (?P<rc>\d{4})`}, "regex", false, -1, "no code", "(?P<rc>…)"},
		{"no code in paths", Pattern{Fields: map[string]string{"meeting": "room"}}, "fields", false, -1, "no code", "fields: {code:"},
		{"both", Pattern{Regex: `failed (?P<code>\d+)`, Fields: map[string]string{"code": "error"}}, "fields", false, -1, "both", ""},
		{"neither", Pattern{}, "", false, -1, "neither", "regex:"},
		{"empty path", Pattern{Fields: map[string]string{"code": " | "}}, "fields.code", false, -1, "empty", ""},
		{"path with a hole", Pattern{Fields: map[string]string{"code": "error|err..code"}}, "fields.code", false, 6, "err..code", ""},
		{"field name", Pattern{Fields: map[string]string{"code": "error", "a b": "room"}}, "fields.a b", false, -1, "label", ""},
		{"sign in code", Pattern{Regex: `failed`, Code: "40 09"}, "code", false, 2, "40 09", ""},
		{"long code", Pattern{Regex: `failed`, Code: strings.Repeat("4", MaxCode+1)}, "code", false, MaxCode, "16", ""},
		{"unknown code", Pattern{Regex: `failed`, Code: "4999"}, "code", true, -1, "videosdk-react", "codes"},
		{"bare number", Pattern{Regex: `\b4009\b`, Code: "4009"}, "regex", true, -1, "bare number", ""},
		{"bare captured number", Pattern{Regex: `\b(?P<code>400[0-9])\b`}, "regex", true, -1, "bare number", ""},
		{"no literal", Pattern{Regex: `[a-z]=(?P<code>\d{4})`}, "regex", true, -1, "every line", "3 signs"},
		{"no literal in paths", Pattern{Fields: map[string]string{"code": "e.c"}}, "fields", true, -1, "every line", ""},
		{"code captured and fixed", Pattern{Regex: `failed (?P<code>\d*)`, Code: "4009"}, "code", true, -1, "captures", ""},
		{"reference with code", Pattern{Regex: `joined (?P<code>\d+)`, Reference: true}, "regex", true, -1, "reference", ""},
		{"group in capitals", Pattern{Regex: `failed (?P<code>\d+) (?P<Name>\w+)`}, "regex", true, 25, "Name", `"name"`},
	} {
		c.pattern.Name = "x"
		var found bool
		for _, p := range CheckPatterns([]Pattern{c.pattern}, cat) {
			found = found || p.Key == c.key && p.Warning == c.warning && p.At == c.at && p.Pattern == 0 &&
				strings.Contains(p.Message, c.message) && strings.Contains(p.Hint, c.hint)
		}
		if !found {
			t.Errorf("%s: %+v\n want %+v", c.name, CheckPatterns([]Pattern{c.pattern}, cat), c)
		}
	}
}

func TestCheckSaysNothingOfGoodPatterns(t *testing.T) {
	t.Parallel()
	cat, _ := catalog.Builtin("videosdk-react")
	good := []Pattern{
		{Name: "gw", Regex: `refused uid=(?P<participant>\S+) room=(?P<meeting>\S+) rc=(?P<code>\d{4})`, Unless: `dry-run`},
		{Name: "api", Fields: map[string]string{"code": "error.c", "meeting": "room"}},
		{Name: "joined", Regex: `joined room=(?P<meeting>\S+)`, Reference: true},
		{Name: "fixed", Regex: `(?i)kicked out`, Code: "4005"},
		{Name: "named", Regex: `sdk says (?P<name>\w+)`},
		{Name: "short", Regex: `code[:=](?P<code>\d{4})`},
	}
	if got := CheckPatterns(good, cat); len(got) != 0 {
		t.Errorf("%+v", got)
	}
}

func TestCheckFindsAllAtOnce(t *testing.T) {
	t.Parallel()
	got := CheckPatterns([]Pattern{
		{Name: "a", Regex: `(`, Unless: `)`, Fields: map[string]string{"x y": ""}, Code: "4999"},
		{Name: "a", Regex: `\d{4}`},
		{Regex: `failed`},
	}, nil)
	var keys []string
	for _, p := range got {
		keys = append(keys, strings.Repeat("w", map[bool]int{true: 1}[p.Warning])+p.Key)
	}
	if s := strings.Join(keys, " "); s != "regex unless fields fields.x y fields.x y wfields regex wregex wregex name regex name" {
		t.Errorf("keys: %q\n%+v", s, got)
	}
}

// Whatever the regex, a position lies inside it, and nothing panics.
func FuzzCheckPatterns(f *testing.F) {
	for _, s := range []string{`(`, `)`, `[a`, `a**`, `(?P<x`, `\Q(\E)`, `[[:alpha:]`, `(?i)(?P<code>4009)`, "\xff", `\pX`, `a{1001}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, expr string) {
		for _, p := range CheckPatterns([]Pattern{{Name: "x", Regex: expr, Unless: expr}}, nil) {
			if p.At < -1 || p.At > len(expr) {
				t.Fatalf("%q: position %d", expr, p.At)
			}
		}
	})
}
