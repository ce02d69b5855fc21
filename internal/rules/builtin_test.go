package rules

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/errwatch/errwatch/internal/catalog"
)

func TestBuiltinRulesAreSound(t *testing.T) {
	t.Parallel()
	rules := Builtin()
	for _, p := range CheckRules(rules, surroundings(t)) {
		t.Errorf("%s: %s", rules[p.Rule].Name, tellProblem(p))
	}
	doc, err := os.ReadFile("../../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	sentence := regexp.MustCompile(`^[A-Z0-9].*[.?]$`)
	for _, r := range rules {
		e := mustNew(t, Options{ExternalURL: "https://errwatch.example.org"}, r)
		ev := denial(noon)
		ev.Category = r.Match.Categories[0]
		for range *r.Above + 1 {
			e.Observe(ev, noon)
		}
		a := e.Alerts()[0]
		if !sentence.MatchString(a.Summary) || !strings.Contains(a.Summary, fmt.Sprint(*r.Above+1)) || !strings.Contains(a.Summary, "meeting") {
			t.Errorf("%s: the summary is no sentence with number and place: %q", r.Name, a.Summary)
		}
		if !sentence.MatchString(r.FirstCheck) {
			t.Errorf("%s: first check %q", r.Name, r.FirstCheck)
		}
		if want := "https://errwatch.example.org/rules/" + r.Name + "#runbook"; a.RunbookURL != want {
			t.Errorf("%s: runbook %q", r.Name, a.RunbookURL)
		}
		if *r.ResolveAt*2 != *r.Above {
			t.Errorf("%s: docs/rules.md says that it resolves at half of its threshold", r.Name)
		}
		if !strings.Contains(string(doc), "`"+r.Name+"`") {
			t.Errorf("docs/rules.md does not explain %s", r.Name)
		}
	}
}

// TestBuiltinFamilies holds which codes of the default catalogue page, and which do not.
func TestBuiltinFamilies(t *testing.T) {
	t.Parallel()
	c, ok := catalog.Builtin("videosdk-react")
	if !ok {
		t.Fatal("no catalogue")
	}
	want := map[string]string{
		"VideoPermissionDenialSpike": "3014 3015 3016 3017 3018 3019 3020 3025",
		"MeetingsFull":               "4009 4010 4026 4027 4028 4029 4030",
		"AuthSpike":                  "4001 4002 4008 4022 4023 4024 4025",
	}
	for _, r := range Builtin() {
		m := newMatcher(&r.Match, nil)
		var got []string
		for _, k := range c.Codes() {
			ev := denial(noon)
			ev.Code, ev.Name, ev.Category = k.Code, k.Name, k.Category
			if m.holds(ev) {
				got = append(got, k.Code)
			}
		}
		if g := strings.Join(got, " "); g != want[r.Name] {
			t.Errorf("%s counts %s, want %s", r.Name, g, want[r.Name])
		}
	}
}

// TestBuiltinStory is an incident as the built-in rules see it.
func TestBuiltinStory(t *testing.T) {
	t.Parallel()
	e := mustNew(t, Options{}, Builtin()...)
	for i := range 21 {
		now := at(time.Duration(i) * 10 * time.Second)
		e.Observe(denial(now, "meeting", "ab12", "participant", fmt.Sprint("p", i)), now)
	}
	e.Advance(at(time.Hour))
	var got []string
	for _, a := range e.Transitions() {
		got = append(got, a.Rule+" "+tell(a))
	}
	// The 21st event, at 3m20s, crosses. At 6m40s the bucket of 1m40s leaves: ten are left; five minutes on it is over.
	want := "VideoPermissionDenialSpike firing 3m20s meeting, VideoPermissionDenialSpike resolved 11m40s meeting"
	if g := strings.Join(got, ", "); g != want {
		t.Errorf("got  %s\nwant %s", g, want)
	}
}
