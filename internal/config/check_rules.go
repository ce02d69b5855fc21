package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

func (k *checker) rules() {
	seen, builtin := map[string]bool{}, 0
	for i, r := range k.c.Rules {
		if r.Use != "" {
			builtin++
			k.use("rules", i, builtin)
		}
	}
	for i, r := range k.c.Rules {
		if r.Use != "" || k.c.Has("rules", i, "use") {
			continue // the latter: a misspelt one, which is said already
		}
		label := fmt.Sprintf("rules[%d]", i)
		if k.name("rule", r.Name, seen, "rules", i) {
			label = "rule " + r.Name
		}
		k.rule(i, label, r, builtin > 0)
	}
}

// conditions lists the condition keys that the file gives for a rule, in its order.
func (r *Rule) conditions() []string {
	var given []string
	for _, key := range r.Keys {
		switch key {
		case "count", "distinct", "ratio", "spike", "absent", "new":
			given = append(given, key)
		}
	}
	return given
}

const conditionNames = "count, distinct, ratio, spike, absent or new"

func (k *checker) rule(i int, label string, r Rule, builtin bool) {
	switch given := r.conditions(); {
	case len(given) > 1:
		k.fail(fmt.Sprintf("%s has %s conditions: %s", label, map[bool]string{true: "two", false: strconv.Itoa(len(given))}[len(given) == 2], strings.Join(given, ", ")), "a rule has exactly one; make two rules of it", "rules", i, Key(given[1]))
	case len(given) == 0:
		k.noCondition(i, label, r, builtin)
	}
	k.condition(i, label, r)
	k.match(label, r.Match, "rules", i, "match")
	k.groupBy(i, label, r)
	if r.Dedupe != nil {
		k.dedupe(i, label, *r.Dedupe)
	}
	for _, name := range sortedKeys(r.Labels) {
		k.ruleLabel(i, label, name, r)
	}
	if r.RunbookURL != "" && !strings.HasPrefix(r.RunbookURL, "/") { // a path of the page itself
		k.url(label, r.RunbookURL, "rules", i, "runbook_url")
	}
}

// noCondition accepts an override of a built-in rule.
func (k *checker) noCondition(i int, label string, r Rule, builtin bool) {
	known := slices.Contains(k.known.Rules, r.Name)
	switch {
	case builtin && (known || k.known.Rules == nil):
	case known:
		k.fail(label+" is a built-in one, but these are not used", "add the line  - use: "+Builtin, "rules", i, "name")
	case nearest(r.Name, k.known.Rules) != "" && builtin:
		k.fail(label+" has no condition, and no built-in rule has this name", meant(r.Name, k.known.Rules, ""), "rules", i, "name")
	default:
		k.fail(label+" has no condition", "add one of "+conditionNames, "rules", i)
	}
}

func (k *checker) condition(i int, label string, r Rule) {
	if r.Count != nil {
		k.count(i, label, *r.Count)
	}
	if d := r.Distinct; d != nil {
		k.needs(i, label, "distinct", "of", "above")
		k.fieldName(label, d.Of, "rules", i, "distinct", "of")
		above(k, i, label, "distinct", d.Above, d.ResolveAt)
	}
	if q := r.Ratio; q != nil {
		k.needs(i, label, "ratio", "to", "above")
		k.match(label, q.To, "rules", i, "ratio", "to")
		above(k, i, label, "ratio", q.Above, q.ResolveAt)
	}
	if s := r.Spike; s != nil {
		k.spike(i, label, r, *s)
	}
}

// needs checks that a condition has the keys without which it means nothing.
func (k *checker) needs(i int, label, condition string, keys ...string) {
	var missing []string
	for _, key := range keys {
		if !k.c.Has("rules", i, condition, key) {
			missing = append(missing, key)
		}
	}
	example := map[string]string{
		"distinct": "distinct: {of: meeting, above: 5}",
		"ratio":    "ratio: {to: {names: [joined]}, above: 0.05}",
	}[condition]
	if len(missing) > 0 {
		k.fail(fmt.Sprintf("%s: %s needs %s", label, condition, strings.Join(missing, " and ")), "as in "+example, "rules", i, Key(condition))
	}
}

func (k *checker) count(i int, label string, c Count) {
	switch {
	case k.c.Has("rules", i, "count", "above") && k.c.Has("rules", i, "count", "below"):
		k.fail(label+": count has both above and below", "make two rules of it", "rules", i, "count", Key("below"))
	case c.Below != nil:
		if c.ResolveAt != nil && *c.ResolveAt < *c.Below {
			k.wrongSide(i, label, "count", fmt.Sprint("below ", *c.Below), fmt.Sprint("at least ", *c.Below))
		}
	case !k.c.Has("rules", i, "count", "above") && !k.c.Has("rules", i, "count", "below"):
		k.fail(label+": count needs above or below", "as in count: {above: 20, resolve_at: 10}", "rules", i, Key("count"))
	default:
		above(k, i, label, "count", c.Above, c.ResolveAt)
	}
}

// above checks the other edge of a threshold that fires above: it must not lie beyond it.
func above[T int64 | float64](k *checker, i int, label, condition string, threshold, resolveAt *T) {
	if threshold != nil && resolveAt != nil && *resolveAt > *threshold {
		k.wrongSide(i, label, condition, fmt.Sprint("above ", *threshold), fmt.Sprint("at most ", *threshold))
	}
}

func (k *checker) wrongSide(i int, label, condition, threshold, allowed string) {
	k.fail(fmt.Sprintf("%s: resolve_at lies on the wrong side of %s: it would resolve while it fires", label, threshold), "resolve_at must be "+allowed, "rules", i, condition, "resolve_at")
}

func (k *checker) spike(i int, label string, r Rule, s Spike) {
	if s.Factor == 1 {
		k.fail(label+": a spike of factor 1 is every count", "write how many times the usual, as in 3", "rules", i, "spike", "factor")
	}
	above(k, i, label, "spike", &s.Factor, s.ResolveAt)
	if s.Baseline <= r.Window {
		k.fail(fmt.Sprintf("%s: the baseline %s is no longer than the window %s", label, FormatDuration(s.Baseline), FormatDuration(r.Window)), "the baseline is the time before the window that counts as usual, as in 1d", "rules", i, "spike", "baseline")
	}
}

func (k *checker) match(label string, m Match, path ...any) {
	k.sourceNames(label, m.Sources, append(slices.Clone(path), "sources")...)
	for _, name := range sortedKeys(m.Fields) {
		k.fieldName(label, name, append(slices.Clone(path), "fields", Key(name))...)
	}
}

func (k *checker) groupBy(i int, label string, r Rule) {
	for j, name := range r.By {
		path := []any{"rules", i, "by", j}
		k.labelName(label+": by", name, []string{"alertname", "severity", "instance", "le"}, path...)
		if slices.Index(r.By, name) < j {
			k.fail(fmt.Sprintf("%s: by holds %q twice", label, name), "", path...)
		}
	}
}

func (k *checker) dedupe(i int, label string, d Dedupe) {
	if len(d.By) == 0 {
		k.fail(label+": dedupe needs by, the fields that retries have in common", "as in dedupe: {by: [participant], within: 60s}", "rules", i, Key("dedupe"))
	}
	for j, name := range d.By {
		k.fieldName(label, name, "rules", i, "dedupe", "by", j)
	}
}

func (k *checker) ruleLabel(i int, label, name string, r Rule) {
	value := r.Labels[name]
	switch {
	case slices.Contains(r.By, name):
		k.fail(fmt.Sprintf("%s: label %q is set by by too", label, name), "", "rules", i, "labels", Key(name))
	case strings.Contains(value, "{{") && (strings.Contains(value, "$value") || strings.Contains(value, ".Value")):
		k.fail(fmt.Sprintf("%s: label %q holds the value", label, name), "each new value would be another alert; put it into summary", "rules", i, "labels", name)
	default:
		k.labelName(label, name, reservedOnAlerts(), "rules", i, "labels", Key(name))
	}
}
