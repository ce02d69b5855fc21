package rules

import (
	"fmt"
	"math"
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

		{"two kinds of conditions", func(r *Rule) { r.Distinct = &Distinct{Of: "meeting"} }, []string{"error distinct: a rule has one condition, and this one has count and distinct"}, "two rules"},
		{"distinct", func(r *Rule) { r.Above, r.Distinct = nil, &Distinct{Of: "meeting", Above: 5, ResolveAt: new(int64(5))} }, nil, ""},
		{"distinct of nothing", func(r *Rule) { r.Above, r.Distinct = nil, &Distinct{} }, []string{"error distinct: distinct needs of"}, "of: meeting"},
		{"distinct of what separates", func(r *Rule) { r.Above, r.Distinct, r.By = nil, &Distinct{Of: "meeting"}, []string{"meeting"} },
			[]string{`error distinct.of: "meeting" is in by too`}, "leave it out"},
		{"distinct above -1", func(r *Rule) { r.Above, r.Distinct = nil, &Distinct{Of: "meeting", Above: -1} }, []string{"error distinct.above: -1 can never be"}, ""},
		{"distinct, resolve_at", func(r *Rule) { r.Above, r.Distinct = nil, &Distinct{Of: "code", Above: 1, ResolveAt: new(int64(2))} },
			[]string{"error distinct.resolve_at: resolve_at 2 is over"}, "1 or less"},
		{"distinct of a field that is never captured", func(r *Rule) { r.Above, r.Distinct = nil, &Distinct{Of: "meetign"} },
			[]string{`warning distinct.of: no pattern captures the field "meetign": the rule can never fire`}, `did you mean "meeting"?`},
		{"or events", func(r *Rule) { r.Above, r.Distinct = nil, &Distinct{Of: "user", OrEvents: true} },
			[]string{`warning distinct.of: no pattern captures the field "user": each event counts`}, ""},
		{"ratio", func(r *Rule) { r.Above, r.Ratio = nil, &Ratio{Above: 0.05, MinTotal: 1, ResolveAt: new(0.05)} }, nil, ""},
		{"ratio of nonsense", func(r *Rule) { r.Above, r.Ratio = nil, &Ratio{Above: math.NaN(), ResolveAt: new(-1.0)} },
			[]string{"error ratio.above: NaN is no number", "error ratio.min_total: min_total is 1 or more", "error ratio.resolve_at: -1 is no number"}, ""},
		{"ratio, resolve_at", func(r *Rule) { r.Above, r.Ratio = nil, &Ratio{Above: 0.05, MinTotal: 1, ResolveAt: new(0.06)} },
			[]string{"error ratio.resolve_at: resolve_at 0.06 is over"}, "0.05 or less"},
		{"ratio to what there is not", func(r *Rule) {
			r.Above, r.Ratio = nil, &Ratio{MinTotal: 1, To: Match{Codes: []string{"", "9999"}, Sources: []string{"meting"}, Fields: map[string][]string{"x": {"y"}, "meeting": {}}}}
		}, []string{"error ratio.to.codes[0]: an empty", "error ratio.to.fields.meeting: a field needs", "warning ratio.to.sources[0]: no source is called", `warning ratio.to.codes[1]: no catalogue knows "9999"`,
			`warning ratio.to.fields.x: no pattern captures the field "x": the rule can never fire`}, ""},
		{"ratio to a code of two meanings", func(r *Rule) { r.Above, r.Ratio = nil, &Ratio{MinTotal: 1, To: Match{Codes: []string{"3014"}}} },
			[]string{"warning ratio.to.codes[0]: 3014 means different things"}, ""},
		{"spike", func(r *Rule) {
			r.Above, r.Spike = nil, &Spike{Factor: 3, Min: 1, Baseline: time.Hour, ResolveAt: new(3.0)}
		}, nil, ""},
		{"spike of nothing", func(r *Rule) { r.Above, r.Spike = nil, &Spike{} },
			[]string{"error spike.factor: 0 is no number from 1", "error spike.min: 0 can never be", "error spike.baseline: the baseline 0s is no longer than the window 5m"}, ""},
		{"spike of everything", func(r *Rule) {
			r.Above, r.Spike = nil, &Spike{Factor: 1, Min: 1, Baseline: MaxWindow + 1, ResolveAt: new(2.0)}
		},
			[]string{"error spike.factor: a spike of factor 1", "error spike.baseline: a baseline is at most 400d", "error spike.resolve_at: resolve_at 2 is over the factor 1"}, ""},
		{"absent", func(r *Rule) { r.Above, r.Absent, r.By = nil, true, []string{"source"} }, nil, ""},
		{"absent, and unusual", func(r *Rule) {
			r.Above, r.Absent, r.Silence = nil, true, &Silence{Factor: 2, Baseline: 24 * time.Hour}
		}, nil, ""},
		{"usual silence of a moment", func(r *Rule) { r.Above, r.Absent, r.Silence = nil, true, &Silence{Factor: 0.5} },
			[]string{"error absent.factor: 0.5 is no number from 1", "error absent.baseline: a baseline is between 1s and 400d long"}, "as in 1d"},
		{"absent lines of meetings", func(r *Rule) { r.Above, r.Absent, r.By = nil, true, []string{"source", "meeting"} },
			[]string{`error by[1]: absent without a match waits for lines, and a line has no "meeting"`}, "match events"},
		{"absent events of meetings", func(r *Rule) {
			r.Above, r.Absent, r.By, r.Match.Codes = nil, true, []string{"meeting"}, []string{"4009"}
		}, nil, ""},
		{"new", func(r *Rule) { r.Above, r.New = nil, true }, nil, ""},
		{"new, once", func(r *Rule) {
			r.Above, r.New, r.Dedupe = nil, true, &Dedupe{By: []string{"meeting"}, Within: time.Minute}
		},
			[]string{"error dedupe: dedupe changes nothing here"}, ""},
		{"always has no window", func(r *Rule) { r.Above, r.Always, r.Window = nil, true, 0 }, nil, ""},
		{"dedupe", func(r *Rule) { r.Dedupe = &Dedupe{By: []string{"participant", "code"}, Within: time.Second} }, nil, ""},
		{"dedupe of nothing", func(r *Rule) { r.Dedupe = &Dedupe{} },
			[]string{"error dedupe: dedupe needs by", "error dedupe.within: within is between 1s"}, ""},
		{"dedupe by what is never captured", func(r *Rule) { r.Dedupe = &Dedupe{By: []string{"", "usr"}, Within: time.Second} },
			[]string{"error dedupe.by[0]: a field needs a name", `warning dedupe.by[0]: no pattern captures`, `warning dedupe.by[1]: no pattern captures the field "usr": nothing is ever folded`}, ""},

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
		"distinct":   func(r *Rule) { r.Above, r.Distinct = nil, &Distinct{Of: "participant", Above: 1} },
		"of":         func(r *Rule) { r.Above, r.Distinct = nil, &Distinct{Of: "user", Above: 1} },
		"distinct 2": func(r *Rule) { r.Above, r.Distinct = nil, &Distinct{Of: "participant", Above: 2} },
		"distinct 3": func(r *Rule) {
			r.Above, r.Distinct = nil, &Distinct{Of: "participant", Above: 2, ResolveAt: new(int64(1))}
		},
		"or events": func(r *Rule) { r.Above, r.Distinct = nil, &Distinct{Of: "participant", Above: 1, OrEvents: true} },
		"ratio":     func(r *Rule) { r.Above, r.Ratio = nil, &Ratio{Above: 0.5, MinTotal: 1} },
		"ratio 2":   func(r *Rule) { r.Above, r.Ratio = nil, &Ratio{Above: 0.25, MinTotal: 1} },
		"min_total": func(r *Rule) { r.Above, r.Ratio = nil, &Ratio{Above: 0.5, MinTotal: 2} },
		"to": func(r *Rule) {
			r.Above, r.Ratio = nil, &Ratio{Above: 0.5, MinTotal: 1, To: Match{Names: []string{"x"}}}
		},
		"ratio 3":  func(r *Rule) { r.Above, r.Ratio = nil, &Ratio{Above: 0.5, MinTotal: 1, ResolveAt: new(0.5)} },
		"spike":    func(r *Rule) { r.Above, r.Spike = nil, &Spike{Factor: 3, Min: 1, Baseline: time.Hour} },
		"factor":   func(r *Rule) { r.Above, r.Spike = nil, &Spike{Factor: 4, Min: 1, Baseline: time.Hour} },
		"min":      func(r *Rule) { r.Above, r.Spike = nil, &Spike{Factor: 3, Min: 2, Baseline: time.Hour} },
		"baseline": func(r *Rule) { r.Above, r.Spike = nil, &Spike{Factor: 3, Min: 1, Baseline: 2 * time.Hour} },
		"spike 2": func(r *Rule) {
			r.Above, r.Spike = nil, &Spike{Factor: 3, Min: 1, Baseline: time.Hour, ResolveAt: new(2.5)}
		},
		"absent":    func(r *Rule) { r.Above, r.Absent = nil, true },
		"unusual":   func(r *Rule) { r.Above, r.Absent, r.Silence = nil, true, &Silence{Factor: 2, Baseline: time.Hour} },
		"unusual 3": func(r *Rule) { r.Above, r.Absent, r.Silence = nil, true, &Silence{Factor: 3, Baseline: time.Hour} },
		"unusual for long": func(r *Rule) {
			r.Above, r.Absent, r.Silence = nil, true, &Silence{Factor: 2, Baseline: 2 * time.Hour}
		},
		"new":       func(r *Rule) { r.Above, r.New = nil, true },
		"always":    func(r *Rule) { r.Above, r.Always = nil, true },
		"dedupe":    func(r *Rule) { r.Dedupe = &Dedupe{By: []string{"participant"}, Within: time.Minute} },
		"dedupe by": func(r *Rule) { r.Dedupe = &Dedupe{By: []string{"user"}, Within: time.Minute} },
		"within":    func(r *Rule) { r.Dedupe = &Dedupe{By: []string{"participant"}, Within: time.Hour} },
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
