package app

import (
	"slices"
	"strings"

	"github.com/errwatch/errwatch/internal/catalog"
	"github.com/errwatch/errwatch/internal/config"
	"github.com/errwatch/errwatch/internal/rules"
)

// buildRules expands `use: builtin`, lays overrides over the built-in rules they name, and checks the result.
func (b *builder) buildRules() {
	list := b.mergeRules()
	for _, r := range list {
		b.plan.rules = append(b.plan.rules, r.Rule)
	}
	for _, pr := range rules.CheckRules(b.plan.rules, b.surroundings()) {
		index := list[pr.Rule].index
		if index < 0 {
			continue // a built-in rule that nobody touched: nothing that a person could mend
		}
		path := append([]any{"rules", index}, keyPath(pr.Key)...)
		if pr.Item >= 0 {
			path = append(path, pr.Item)
		}
		if pr.Warning {
			b.warn(pr.Message, pr.Hint, -1, path...)
		} else {
			b.fail(pr.Message, pr.Hint, -1, path...)
		}
	}
}

// rule is a rule of the engine and where it stands in the configuration, -1 for a built-in one.
type rule struct {
	rules.Rule
	index int
}

func (b *builder) mergeRules() []rule {
	var list []rule
	for i, r := range b.cfg.Rules {
		switch at := slices.IndexFunc(list, func(x rule) bool { return x.Name == r.Name }); {
		case r.Use == config.Builtin:
			for _, built := range rules.Builtin() {
				list = append(list, rule{built, -1})
			}
		case at >= 0 && !r.Enabled:
			list = slices.Delete(list, at, at+1)
		case at >= 0:
			list[at].index = i
			b.override(&list[at].Rule, r)
		case r.Enabled:
			x := rule{index: i}
			b.override(&x.Rule, r)
			list = append(list, x)
		}
	}
	if dog := rules.Watchdog(); b.cfg.Alerts.Watchdog && !slices.ContainsFunc(list, func(x rule) bool { return x.Name == dog.Name }) {
		list = append(list, rule{dog, -1})
	}
	return list
}

// override lays the keys that the file gives over a rule; all of them where the rule is new.
func (b *builder) override(to *rules.Rule, r config.Rule) {
	fresh := to.Name == ""
	given := func(key string) bool { return fresh || r.Given(key) }
	to.Name = r.Name
	if given("match") {
		to.Match = matchOf(r.Match)
	}
	overrideCondition(to, r)
	if r.Dedupe != nil {
		to.Dedupe = &rules.Dedupe{By: r.Dedupe.By, Within: r.Dedupe.Within}
	}
	set(&to.Window, r.Window, given("window"))
	set(&to.For, r.For, given("for"))
	set(&to.KeepFiringFor, r.KeepFiringFor, given("keep_firing_for"))
	set(&to.By, r.By, given("by"))
	set(&to.Severity, r.Severity, given("severity"))
	set(&to.Labels, r.Labels, given("labels"))
	set(&to.Summary, r.Summary, given("summary"))
	set(&to.RunbookURL, r.RunbookURL, given("runbook_url"))
	set(&to.FirstCheck, r.FirstCheck, given("first_check"))
}

func set[T any](to *T, value T, given bool) {
	if given {
		*to = value
	}
}

func matchOf(m config.Match) rules.Match {
	return rules.Match{Codes: m.Codes, Names: m.Names, Categories: m.Categories, Sources: m.Sources, Fields: m.Fields}
}

// overrideCondition replaces a rule's condition where the file gives one. What a built-in rule does with events that do
// not have the field is no key of the file; it stays as long as the field does.
func overrideCondition(to *rules.Rule, r config.Rule) {
	if r.Count == nil && r.Distinct == nil && r.Ratio == nil && r.Spike == nil && r.Absent == nil && r.New == nil {
		return
	}
	before := to.Distinct
	to.Above, to.Below, to.ResolveAt, to.Distinct, to.Ratio, to.Spike = nil, nil, nil, nil, nil, nil
	to.Absent, to.New, to.Silence = r.Absent != nil, r.New != nil, nil
	if a := r.Absent; a != nil && a.Factor > 0 {
		to.Silence = &rules.Silence{Factor: a.Factor, Baseline: a.Baseline}
	}
	if c := r.Count; c != nil {
		to.Above, to.Below, to.ResolveAt = c.Above, c.Below, c.ResolveAt
	}
	if d := r.Distinct; d != nil {
		to.Distinct = &rules.Distinct{
			Of: d.Of, Above: valueOf(d.Above), ResolveAt: d.ResolveAt,
			OrEvents: before != nil && before.OrEvents && before.Of == d.Of,
		}
	}
	if q := r.Ratio; q != nil {
		to.Ratio = &rules.Ratio{To: matchOf(q.To), Above: valueOf(q.Above), MinTotal: q.MinTotal, ResolveAt: q.ResolveAt}
	}
	if s := r.Spike; s != nil {
		to.Spike = &rules.Spike{Factor: s.Factor, Min: s.Min, Baseline: s.Baseline, ResolveAt: s.ResolveAt}
	}
}

// valueOf returns what p points to; that a threshold is missing was told when the file was read.
func valueOf[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// surroundings is what the rules cannot know by themselves: what codes and names mean in the catalogues that a source
// may have, which fields are ever captured, which sources exist.
func (b *builder) surroundings() rules.Surroundings {
	s := rules.Surroundings{Fields: b.capturedFields(), Sources: []string{DefaultSource}}
	for _, src := range b.cfg.Sources {
		s.Sources = append(s.Sources, src.Name)
	}
	for _, c := range b.allCatalogs() {
		for _, k := range c.Codes() {
			if !slices.Contains(s.Categories, k.Category) {
				s.Categories = append(s.Categories, k.Category)
			}
		}
	}
	for _, p := range b.cfg.Patterns {
		if p.Category != "" {
			s.Categories = append(s.Categories, p.Category)
		}
	}
	lookup := func(find func(*catalog.Catalog, []byte) *catalog.Code) func(string) []rules.Meaning {
		return func(what string) []rules.Meaning { return b.meanings(what, find) }
	}
	s.Code, s.Name = lookup((*catalog.Catalog).ByCode), lookup((*catalog.Catalog).ByName)
	return s
}

// meanings returns what a code or a name is in each catalogue.
func (b *builder) meanings(what string, find func(*catalog.Catalog, []byte) *catalog.Code) []rules.Meaning {
	var out []rules.Meaning
	for _, p := range b.patterns {
		if p.Reference && p.Name == what {
			out = append(out, rules.Meaning{Catalogue: "patterns", Name: p.Name})
		}
	}
	for _, c := range b.allCatalogs() {
		if k := find(c, []byte(what)); k != nil {
			out = append(out, rules.Meaning{Catalogue: c.Name(), Code: k.Code, Name: k.Name, Category: k.Category})
		}
	}
	return out
}

// keyPath splits "match.codes" into the steps of a path.
func keyPath(key string) []any {
	var path []any
	for step := range strings.SplitSeq(key, ".") {
		if step != "" {
			path = append(path, step)
		}
	}
	return path
}
