package app

import (
	"fmt"
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
		if b.unsupported(r, i) {
			continue
		}
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
	return list
}

// override lays the keys that the file gives over a rule; all of them where the rule is new.
func (b *builder) override(to *rules.Rule, r config.Rule) {
	fresh := to.Name == ""
	given := func(key string) bool { return fresh || r.Given(key) }
	to.Name = r.Name
	if given("match") {
		to.Match = rules.Match{
			Codes: r.Match.Codes, Names: r.Match.Names, Categories: r.Match.Categories, Sources: r.Match.Sources, Fields: r.Match.Fields,
		}
	}
	if r.Count != nil {
		to.Above, to.Below, to.ResolveAt = r.Count.Above, r.Count.Below, r.Count.ResolveAt
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

// unsupported tells of the keys of a rule that the engine cannot evaluate yet.
func (b *builder) unsupported(r config.Rule, index int) bool {
	found := false
	for _, k := range []struct {
		key   string
		given bool
	}{
		{"distinct", r.Distinct != nil}, {"ratio", r.Ratio != nil}, {"spike", r.Spike != nil}, {"absent", r.Absent != nil},
		{"new", r.New != nil}, {"dedupe", r.Dedupe != nil},
	} {
		if k.given {
			found = true
			b.fail(fmt.Sprintf("this version of errwatch cannot evaluate %q yet", k.key), "use count", -1, "rules", index, k.key)
		}
	}
	return found
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
