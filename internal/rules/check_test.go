package rules

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/errwatch/errwatch/internal/catalog"
)

// good is a rule without problems, to be changed by a case.
func good(change func(*Rule)) Rule {
	r := Rule{Name: "R", Above: new(int64(20)), Window: 5 * time.Minute, Severity: "warning", Summary: "{{ $value }}"}
	if change != nil {
		change(&r)
	}
	return r
}

// surroundings are those of a daemon with the built-in catalogues and two sources.
func surroundings(t *testing.T) Surroundings {
	t.Helper()
	var all []*catalog.Catalog
	for _, name := range catalog.BuiltinNames() {
		c, ok := catalog.Builtin(name)
		if !ok {
			t.Fatal(name)
		}
		all = append(all, c)
	}
	find := func(look func(*catalog.Catalog) *catalog.Code) []Meaning {
		var out []Meaning
		for _, c := range all {
			if k := look(c); k != nil {
				out = append(out, Meaning{c.Name(), k.Code, k.Name, k.Category})
			}
		}
		return out
	}
	return Surroundings{
		Code: func(code string) []Meaning {
			return find(func(c *catalog.Catalog) *catalog.Code { return c.ByCode([]byte(code)) })
		},
		Name: func(name string) []Meaning {
			return find(func(c *catalog.Catalog) *catalog.Code { return c.ByName([]byte(name)) })
		},
		Categories: catalog.Categories(),
		Sources:    []string{"meeting", "gateway"},
		Fields:     map[string]struct{}{"meeting": {}, "participant": {}},
	}
}

func tellProblem(p Problem) string {
	kind := "error"
	if p.Warning {
		kind = "warning"
	}
	item := ""
	if p.Item >= 0 {
		item = fmt.Sprintf("[%d]", p.Item)
	}
	return fmt.Sprintf("%s %s%s: %s", kind, p.Key, item, p.Message)
}

func TestProblems(t *testing.T) {
	t.Parallel()
	s := surroundings(t)
	for _, c := range []struct {
		name   string
		change func(*Rule)
		want   []string // beginnings
		hint   string
	}{
		{"good", nil, nil, ""},
		{"no name", func(r *Rule) { r.Name = "" }, []string{"error name: a rule needs a name"}, ""},
		{"a name for no URL", func(r *Rule) { r.Name = "a/b" }, []string{"error name: a name has at most"}, ""},
		{"a name with control characters", func(r *Rule) { r.Name = "a\x1b[0m" }, []string{"error name: a name has at most"}, ""},
		{"no condition", func(r *Rule) { r.Above = nil }, []string{"error count: a rule needs a condition"}, ""},
		{"two conditions", func(r *Rule) { r.Below = new(int64(1)) }, []string{"error count: above and below exclude each other"}, "two rules"},
		{"above -1", func(r *Rule) { r.Above = new(int64(-1)) }, []string{"error count.above: -1 can never be"}, ""},
		{"above too much", func(r *Rule) { r.Above = new(int64(1 << 60)) }, []string{"error count.above: 1152921504606846976 is more"}, ""},
		{"below 0", func(r *Rule) { r.Above, r.Below = nil, new(int64(0)) }, []string{"error count.below: 0 can never be"}, ""},
		{"resolve_at over above", func(r *Rule) { r.ResolveAt = new(int64(21)) }, []string{"error count.resolve_at: resolve_at 21 is over"}, "20 or less"},
		{"resolve_at is above", func(r *Rule) { r.ResolveAt = new(int64(20)) }, nil, ""},
		{"resolve_at under below", func(r *Rule) { r.Above, r.Below, r.ResolveAt = nil, new(int64(5)), new(int64(4)) }, []string{"error count.resolve_at: resolve_at 4 is under"}, "5 or more"},
		{"resolve_at -1", func(r *Rule) { r.ResolveAt = new(int64(-1)) }, []string{"error count.resolve_at: -1 can never be"}, ""},
		{"no window", func(r *Rule) { r.Window = 0 }, []string{"error window: a rule needs a window"}, "5m"},
		{"a window of half a second", func(r *Rule) { r.Window = time.Second / 2 }, []string{"error window: a window is between 1s and 400d"}, ""},
		{"a window of two years", func(r *Rule) { r.Window = 2 * 365 * 24 * time.Hour }, []string{"error window: a window is between"}, ""},
		{"for -1s", func(r *Rule) { r.For = -time.Second }, []string{"error for: for is between"}, ""},
		{"keep_firing_for of two years", func(r *Rule) { r.KeepFiringFor = 2 * 365 * 24 * time.Hour }, []string{"error keep_firing_for: keep_firing_for is"}, ""},
		{"an empty code", func(r *Rule) { r.Match.Codes = []string{"3001", ""} }, []string{"error match.codes[1]: an empty value"}, ""},
		{"a field without values", func(r *Rule) { r.Match.Fields = map[string][]string{"meeting": {}} }, []string{"error match.fields.meeting: a field needs"}, ""},
		{"a reserved label", func(r *Rule) { r.Labels = map[string]string{"alertname": "x"} }, []string{`error labels.alertname: "alertname" cannot be`}, ""},
		{"no label", func(r *Rule) { r.Labels = map[string]string{"a-b": "x"} }, []string{`error labels.a-b: "a-b" cannot be`}, ""},
		{"a value in a label", func(r *Rule) { r.Labels = map[string]string{"n": "{{ $value }}"} }, []string{"error labels.n: labels are the alert's identity"}, "summary"},
		{"an escape in a label", func(r *Rule) { r.Labels = map[string]string{"n": "\x1b[2J"} }, []string{"error labels.n: a label's value"}, ""},
		{"a template as severity", func(r *Rule) { r.Severity = "{{ $value }}" }, []string{"error severity: a severity is a word"}, ""},
		{"by what is no label", func(r *Rule) { r.By = []string{"e.c"} }, []string{`error by[0]: "e.c" cannot be`, `warning by[0]: no pattern captures`}, ""},
		{"by twice", func(r *Rule) { r.By = []string{"source", "source"} }, []string{`error by[1]: "source" is there twice`}, ""},
		{"by a fixed label", func(r *Rule) { r.By, r.Labels = []string{"source"}, map[string]string{"source": "x"} }, []string{`error by[0]: "source" is a fixed label too`}, ""},
		{"a bad template", func(r *Rule) { r.Summary = "{{ $valeu }}" }, []string{`error summary: undefined variable "$valeu"`}, ""},
		{"a label that is not there", func(r *Rule) { r.Summary = "{{ if .Labels.source }}{{ $labels.source | toUpper }}{{ end }}" },
			[]string{`warning summary: the alert has no label "source"`, `warning summary: the alert has no label "source"`}, "add source to by"},

		{"a code of two meanings", func(r *Rule) { r.Match.Codes = []string{"4009", "3014"} },
			[]string{"warning match.codes[1]: 3014 means different things: ERROR_GET_VIDEO_MEDIA_PERMISSION_DENIED in videosdk-react, ERROR_SCREENSHARE_PERMISSION_DENIED in videosdk-flutter"}, "names or categories"},
		{"the name settles it", func(r *Rule) {
			r.Match = Match{Codes: []string{"3014"}, Names: []string{"ERROR_SCREENSHARE_PERMISSION_DENIED"}}
		}, nil, ""},
		{"one source settles it", func(r *Rule) { r.Match = Match{Codes: []string{"3014"}, Sources: []string{"meeting"}} }, nil, ""},
		{"a code that nobody knows", func(r *Rule) { r.Match.Codes = []string{"9999"} }, []string{`warning match.codes[0]: no catalogue knows "9999"`}, ""},
		{"a name that nobody knows", func(r *Rule) { r.Match.Names = []string{"MAX"} }, []string{`warning match.names[0]: no catalogue knows "MAX"`}, ""},
		{"an alias", func(r *Rule) {
			r.Match = Match{Codes: []string{"4009"}, Names: []string{"MAX_PARTICIPANT_REACHED"}}
		}, nil, ""},
		{"a code of another category", func(r *Rule) { r.Match = Match{Codes: []string{"4009"}, Categories: []string{"auth"}} },
			[]string{"warning match: nothing has one of these codes, names and categories at once"}, "two rules"},
		{"a name of another code", func(r *Rule) { r.Match = Match{Codes: []string{"4009"}, Names: []string{"INVALID_TOKEN"}} },
			[]string{"warning match: nothing has one of these"}, ""},
		{"a name of another category", func(r *Rule) {
			r.Match = Match{Names: []string{"INVALID_TOKEN"}, Categories: []string{"capacity"}}
		},
			[]string{"warning match: nothing has one of these"}, ""},
		{"a code that nobody knows may have any name", func(r *Rule) {
			r.Match = Match{Codes: []string{"9999"}, Names: []string{"INVALID_TOKEN"}}
		},
			[]string{`warning match.codes[0]: no catalogue knows "9999"`}, ""},
		{"no category", func(r *Rule) { r.Match.Categories = []string{"unknown", "permissions"} },
			[]string{`warning match.categories[1]: no code has the category "permissions"`}, `did you mean "permission"?`},
		{"no source", func(r *Rule) { r.Match.Sources = []string{"meting"} }, []string{`warning match.sources[0]: no source is called "meting"`}, `did you mean "meeting"?`},
		{"by a field that is never captured", func(r *Rule) { r.By = []string{"source", "participent"} },
			[]string{`warning by[1]: no pattern captures the field "participent": all events`}, `did you mean "participant"?`},
		{"match of a field that is never captured", func(r *Rule) { r.Match.Fields = map[string][]string{"region": {"eu"}} },
			[]string{`warning match.fields.region: no pattern captures`}, ""},
	} {
		ps := CheckRules([]Rule{good(c.change)}, s)
		var got []string
		var hints strings.Builder
		for _, p := range ps {
			got = append(got, tellProblem(p))
			hints.WriteString(p.Hint)
		}
		if !slices.EqualFunc(got, c.want, strings.HasPrefix) || !strings.Contains(hints.String(), c.hint) {
			t.Errorf("%s:\n got %q, hints %q\nwant %q", c.name, got, hints.String(), c.want)
		}
	}
}

func TestAllMistakesAtOnce(t *testing.T) {
	t.Parallel()
	rules := []Rule{good(nil), good(func(r *Rule) { r.Window, r.For = 0, -1 })}
	ps := CheckRules(rules, Surroundings{})
	var got []string
	for _, p := range ps {
		got = append(got, fmt.Sprint(p.Rule, " ", p.Key))
	}
	if g := strings.Join(got, ", "); g != "1 name, 1 window, 1 for" {
		t.Errorf("got %s", g)
	}
	_, err := New(rules, Options{})
	if err == nil || strings.Count(err.Error(), "\n") != 2 || !strings.Contains(err.Error(), `rule "R": window: a rule needs a window`) {
		t.Errorf("New says %v", err)
	}
	if _, err := New([]Rule{good(func(r *Rule) { r.Summary = "{{ $labels.x }}" })}, Options{}); err != nil {
		t.Errorf("a warning keeps a rule from running: %v", err)
	}
}

func TestDistance(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"abc", "", 3}, {"", "ab", 2}, {"kitten", "sitting", 3}, {"abc", "abc", 0}, {"ab", "ba", 2}} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("%q to %q: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

func TestCanonical(t *testing.T) {
	t.Parallel()
	base := meetingRule()
	base.Match = Match{Codes: []string{"1", "2"}, Fields: map[string][]string{"a": {"x", "y"}, "b": {"z"}}}
	base.Labels = map[string]string{"team": "media", "x": "y"}
	want := base.Canonical()
	same := base
	same.Match.Codes = []string{"2", "1", "2"}
	same.Summary, same.RunbookURL, same.FirstCheck = "a", "b", "c"
	if got := same.Canonical(); got != want {
		t.Errorf("order and words change it:\n%s\n%s", got, want)
	}
	seen := map[string]string{want: "the rule itself"}
	for name, change := range map[string]func(*Rule){
		"name":       func(r *Rule) { r.Name = "S" },
		"codes":      func(r *Rule) { r.Match.Codes = []string{"1"} },
		"names":      func(r *Rule) { r.Match.Names = []string{"1"} },
		"categories": func(r *Rule) { r.Match.Categories = []string{"1"} },
		"sources":    func(r *Rule) { r.Match.Sources = []string{"1"} },
		"fields":     func(r *Rule) { r.Match.Fields = nil },
		"above":      func(r *Rule) { r.Above = new(int64(7)) },
		"below":      func(r *Rule) { r.Above, r.Below = nil, new(int64(1)) },
		"resolve_at": func(r *Rule) { r.ResolveAt = nil },
		"window":     func(r *Rule) { r.Window = 2 * time.Minute },
		"for":        func(r *Rule) { r.For = 1 },
		"keep":       func(r *Rule) { r.KeepFiringFor = 1 },
		"by":         func(r *Rule) { r.By = nil },
		"severity":   func(r *Rule) { r.Severity = "info" },
		"labels":     func(r *Rule) { r.Labels = nil },
		"quotes":     func(r *Rule) { r.Match.Codes = []string{`1" "2`} },
	} {
		r := base
		change(&r)
		got := r.Canonical()
		if other, ok := seen[got]; ok {
			t.Errorf("%s and %s are one rule", name, other)
		}
		seen[got] = name
	}
}
