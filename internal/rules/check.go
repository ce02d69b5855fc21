package rules

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/prometheus/common/model"
)

// Problem is one mistake in a rule, or (Warning) something that is allowed but hardly meant.
type Problem struct {
	Rule    int    // index in the rules that were checked
	Key     string // where in the rule, as in the configuration: "window", "count.resolve_at", "match.codes"
	Item    int    // index in the list at Key, -1 where it is not about one item
	Message string
	Hint    string // what to do; may be empty
	Warning bool
}

// checker gathers the problems of one rule.
type checker struct {
	rule int
	r    *Rule
	s    *Surroundings
	out  []Problem
}

// CheckRules returns everything that is wrong with the rules, in their order: first the errors of a rule, with which New
// fails, then what it says about its surroundings, which are warnings.
func CheckRules(rs []Rule, s Surroundings) []Problem {
	var out []Problem
	named := map[string]int{}
	for i := range rs {
		c := &checker{rule: i, r: &rs[i], s: &s}
		c.checkName(named)
		c.checkCondition()
		c.checkDedupe()
		c.checkTimes()
		c.checkMatch()
		c.checkLabels()
		c.checkSummary()
		c.checkSurroundings()
		out = append(out, c.out...)
	}
	return out
}

func (c *checker) report(key string, item int, hint, format string, args ...any) {
	c.out = append(c.out, Problem{Rule: c.rule, Key: key, Item: item, Hint: hint, Message: fmt.Sprintf(format, args...)})
}

func (c *checker) fail(key, hint, format string, args ...any) {
	c.report(key, -1, hint, format, args...)
}

func (c *checker) failItem(key string, item int, hint, format string, args ...any) {
	c.report(key, item, hint, format, args...)
}

func (c *checker) warn(key string, item int, hint, format string, args ...any) {
	c.report(key, item, hint, format, args...)
	c.out[len(c.out)-1].Warning = true
}

func (c *checker) checkName(named map[string]int) {
	name := c.r.Name
	switch first, taken := named[name]; {
	case name == "":
		c.fail("name", "", "a rule needs a name")
	case taken:
		c.fail("name", "", "the name %q is taken by rules[%d]", name, first)
	case !clean(name) || strings.ContainsAny(name, "/?#") || len(name) > maxLabelValue:
		c.fail("name", "the name becomes a label and a part of a URL",
			"a name has at most %d bytes of text, without control characters and without / ? #", maxLabelValue)
	default:
		named[name] = c.rule
	}
}

// clean says that s can be a label's value as it is.
func clean(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7F })
}

func (c *checker) checkTimes() {
	switch w := c.r.Window; {
	case c.r.Always:
	case w == 0:
		c.fail("window", "for example window: 5m", "a rule needs a window")
	case w < MinWindow || w > MaxWindow:
		c.fail("window", "", "a window is between %s and %s long", model.Duration(MinWindow), model.Duration(MaxWindow))
	}
	for _, d := range []struct {
		key   string
		value time.Duration
	}{{"for", c.r.For}, {"keep_firing_for", c.r.KeepFiringFor}} {
		if d.value < 0 || d.value > MaxWindow {
			c.fail(d.key, "", "%s is between 0s and %s", d.key, model.Duration(MaxWindow))
		}
	}
}

// matchList is one list of Rule.Match with its key.
type matchList struct {
	key    string
	values []string
}

func (r *Rule) matchLists() []matchList {
	lists := r.Match.lists("match.")
	if r.Ratio != nil {
		lists = append(lists, r.Ratio.To.lists("ratio.to.")...)
	}
	return lists
}

func (m *Match) lists(prefix string) []matchList {
	lists := []matchList{
		{prefix + "codes", m.Codes}, {prefix + "names", m.Names}, {prefix + "categories", m.Categories}, {prefix + "sources", m.Sources},
	}
	for _, name := range slices.Sorted(maps.Keys(m.Fields)) {
		lists = append(lists, matchList{prefix + "fields." + name, m.Fields[name]})
	}
	return lists
}

func (c *checker) checkMatch() {
	for _, l := range c.r.matchLists() {
		for i, v := range l.values {
			if v == "" {
				c.failItem(l.key, i, "", "an empty value matches nothing")
			}
		}
		if len(l.values) == 0 && strings.Contains(l.key, ".fields.") {
			c.fail(l.key, "", "a field needs at least one value to match")
		}
	}
}

func (c *checker) checkLabels() {
	r := c.r
	for _, name := range slices.Sorted(maps.Keys(r.Labels)) {
		key, value := "labels."+name, r.Labels[name]
		switch {
		case !usableLabel(name):
			c.fail(key, "", "%q cannot be a label here", name)
		case strings.Contains(value, "{{"):
			c.fail(key, "use by for what separates alerts, and summary for what changes",
				"labels are the alert's identity and have no templates")
		case !clean(value):
			c.fail(key, "", "a label's value is text without control characters")
		}
	}
	if !clean(r.Severity) || strings.Contains(r.Severity, "{{") {
		c.fail("severity", "critical, warning or info", "a severity is a word")
	}
	for i, name := range r.By {
		switch {
		case !usableLabel(name):
			c.failItem("by", i, "", "%q cannot be a label of an alert", name)
		case slices.Contains(r.By[:i], name):
			c.failItem("by", i, "", "%q is there twice", name)
		case r.Labels[name] != "":
			c.failItem("by", i, "", "%q is a fixed label too", name)
		}
	}
}

// usableLabel says that a rule may set this label.
func usableLabel(name string) bool {
	return name != "alertname" && name != "severity" && !strings.HasPrefix(name, "__") &&
		model.LegacyValidation.IsValidLabelName(name)
}

func (c *checker) checkSummary() {
	s, err := newSummary(c.r)
	if err != nil {
		c.fail("summary", "", "%v", err)
		return
	}
	for _, name := range s.labels() {
		if _, fixed := c.r.Labels[name]; !fixed && !slices.Contains(c.r.By, name) && name != "alertname" && name != "severity" {
			c.warn("summary", -1, fmt.Sprintf("add %s to by", name), "the alert has no label %q: it will be empty here", name)
		}
	}
}
