package rules

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/errwatch/errwatch/internal/event"
)

// plainMatch is what the index must agree with: every rule asked everything.
func plainMatch(m *Match, ev *event.Event) bool {
	name := ev.Name
	if ev.Reference && name == "" {
		name = ev.Pattern
	}
	if ev.Reference && len(m.Names) == 0 {
		return false
	}
	for _, l := range []struct {
		list  []string
		value string
	}{{m.Codes, ev.Code}, {m.Names, name}, {m.Categories, ev.Category}, {m.Sources, ev.Source}} {
		if len(l.list) > 0 && !slices.Contains(l.list, l.value) {
			return false
		}
	}
	for field, values := range m.Fields {
		if !slices.Contains(values, string(ev.Field(field))) {
			return false
		}
	}
	return true
}

func TestIndexIsTheMatch(t *testing.T) {
	eachSeed(t, func(t *testing.T, r *rand.Rand) {
		some := func(from ...string) []string {
			r.Shuffle(len(from), func(i, j int) { from[i], from[j] = from[j], from[i] })
			return from[:max(0, r.IntN(len(from)+2)-2)]
		}
		rules := make([]Rule, 20)
		for i := range rules {
			m := Match{
				Codes: some("3014", "3015", "4009", "4010"), Names: some("A", "B", "joined"),
				Categories: some("permission", "capacity"), Sources: some("s1", "s2", "s3"),
			}
			for _, f := range some("meeting", "participant", "room") {
				m.Fields = map[string][]string{f: {"1", "2"}, "zone": {"x", "y"}}
			}
			rules[i] = Rule{Name: fmt.Sprint("R", i), Match: m, Above: new(int64(1 << 40)), Window: time.Hour}
		}
		e := mustNew(t, Options{}, rules...)
		want := make([]float64, len(rules))
		for range 200 {
			ev := denial(noon, pick(r, "meeting", "participant", "room"), pick(r, "1", "2", "3"),
				pick(r, "zone", "meeting"), pick(r, "x", "1", "2"), "zone", pick(r, "x", "y", ""))
			ev.Code, ev.Name = pick(r, "3014", "4009", "9999"), pick(r, "A", "B", "C", "")
			ev.Category, ev.Source = pick(r, "permission", "capacity", "unknown"), pick(r, "s1", "s2", "s4")
			if r.IntN(5) == 0 {
				ev.Reference, ev.Code, ev.Name, ev.Pattern = true, "", "", "joined"
			}
			for i := range rules {
				if plainMatch(&rules[i].Match, ev) {
					want[i]++
				}
			}
			e.Observe(ev, noon)
		}
		for i, s := range e.Stats() {
			if s.Value != want[i] {
				t.Errorf("rule %d counted %v of %v: %+v", i, s.Value, want[i], rules[i].Match)
			}
		}
	})
}

// TestAnEventVisitsOnlyItsRules holds that rules which have nothing to do with an event are not looked at.
func TestAnEventVisitsOnlyItsRules(t *testing.T) {
	t.Parallel()
	var rules []Rule
	for i := range 500 {
		r := Rule{Name: fmt.Sprint("R", i), Above: new(int64(1)), Window: time.Minute}
		switch i % 4 {
		case 0:
			r.Match.Codes = []string{fmt.Sprint(10000 + i)}
		case 1:
			r.Match.Sources = []string{fmt.Sprint("source", i)}
		case 2:
			r.Match = Match{Codes: []string{"3014"}, Sources: []string{fmt.Sprint("source", i)}}
		case 3:
			r.Match = Match{Codes: []string{"3014"}, Fields: map[string][]string{event.Meeting: {fmt.Sprint("m", i)}}}
		}
		rules = append(rules, r)
	}
	e := mustNew(t, Options{}, append(rules, Rule{Name: "Mine", Match: Match{Codes: []string{"3014"}}, Above: new(int64(1)), Window: time.Minute})...)
	ev := denial(noon, event.Meeting, "m3")
	c := e.index.find(ev).found
	visited := len(c.sure)
	for _, f := range c.fields {
		visited += len(f.byValue[string(ev.Field(f.name))])
	}
	if visited != 2 {
		t.Errorf("%d rules are visited for an event that matches 2 of %d", visited, len(e.rules))
	}
}

func TestUnknownCodesDoNotFillTheIndex(t *testing.T) {
	t.Parallel()
	e := mustNew(t, Options{}, Rule{Name: "R", Match: Match{Codes: []string{"3014"}}, Above: new(int64(1)), Window: time.Minute})
	for i := range 3000 {
		ev := denial(noon)
		ev.Code, ev.Name, ev.Category = fmt.Sprint(i), fmt.Sprint("N", i), "unknown"
		e.Observe(ev, noon)
	}
	if n := len(e.index.known); n > 2 {
		t.Errorf("%d tuples for a rule with one code", n)
	}
}

func TestNamesOfOtherSpellings(t *testing.T) {
	t.Parallel()
	canonical := func(name string) string {
		if name == "MAX_PARTICIPANT_REACHED" {
			return "MAX_PARTCIPANT_REACHED"
		}
		return ""
	}
	e := mustNew(t, Options{CanonicalName: canonical},
		Rule{Name: "R", Match: Match{Names: []string{"MAX_PARTICIPANT_REACHED"}}, Above: new(int64(1)), Window: time.Minute})
	ev := denial(noon)
	ev.Name = "MAX_PARTCIPANT_REACHED"
	e.Observe(ev, noon)
	if v := e.Stats()[0].Value; v != 1 {
		t.Errorf("an alias counted %v", v)
	}
}
