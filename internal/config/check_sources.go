package config

import (
	"fmt"
	"strings"
)

func (k *checker) sources() {
	seen := map[string]bool{}
	for i, s := range k.c.Sources {
		label := fmt.Sprintf("sources[%d]", i)
		if k.name("source", s.Name, seen, "sources", i) {
			label = "source " + s.Name
		}
		k.source(i, label, s)
	}
}

func (k *checker) source(i int, label string, s Source) {
	switch {
	case !k.c.Has("sources", i, "paths"):
		k.fail(label+" has no paths", `write paths: ["/var/log/meeting/*.log"]`, "sources", i)
	case len(s.Paths) == 0:
		k.fail(label+": paths is empty", "", "sources", i, "paths")
	}
	for j, p := range s.Paths {
		if p == "~" || strings.HasPrefix(p, "~/") {
			k.fail(label+": ~ is not expanded", "write the whole path of the folder", "sources", i, "paths", j)
		}
	}
	if k.c.Has("sources", i, "catalog") {
		k.catalog(label, s.Catalog, "sources", i, "catalog")
	}
	k.zone(label, s.Time.Zone, "sources", i, "time", "zone")
	for _, name := range sortedKeys(s.Labels) {
		k.labelName(label+": labels", name, reservedOnSeries(), "sources", i, "labels", Key(name))
	}
}

func (k *checker) patterns() {
	seen, builtin := map[string]bool{}, 0
	for i, p := range k.c.Patterns {
		if p.Use != "" {
			builtin++
			k.use("patterns", i, builtin)
			continue
		}
		if k.c.Has("patterns", i, "use") {
			continue // a misspelt use: builtin, which is said already
		}
		label := fmt.Sprintf("patterns[%d]", i)
		if k.name("pattern", p.Name, seen, "patterns", i) {
			label = "pattern " + p.Name
		}
		k.pattern(i, label, p)
	}
	if k.c.Patterns != nil && len(k.c.Patterns) == 0 {
		k.warn("patterns is empty: no line yields an event", "leave the key out for the built-in ones", "patterns")
	}
}

func (k *checker) pattern(i int, label string, p Pattern) {
	switch {
	case p.Regex == "" && k.c.Has("patterns", i, "regex"):
		k.fail(label+": the regex is empty and matches every line", "", "patterns", i, "regex")
	case p.Regex == "" && len(p.Fields) == 0:
		k.fail(label+" has neither regex nor fields", "", "patterns", i)
	}
	if k.c.Has("patterns", i, "code") {
		k.code(label, p.Code, "patterns", i, "code")
		if p.Reference {
			k.fail(label+": a reference is no error and has no code", "remove code or reference", "patterns", i, Key("code"))
		}
	}
	k.category(label, p.Category, "patterns", i, "category")
	for _, name := range sortedKeys(p.Fields) {
		k.fieldName(label, name, "patterns", i, "fields", Key(name))
		if strings.Trim(p.Fields[name], "|. ") == "" {
			k.fail(fmt.Sprintf("%s: the path of field %q is empty", label, name), "a path is keys with dots between: err.code", "patterns", i, "fields", name)
		}
	}
	k.sourceNames(label, p.Sources, "patterns", i, "sources")
}

// use checks a part that stands for all built-in ones: alone, and once.
func (k *checker) use(list string, i, count int) {
	if n, whole := k.c.doc.find([]any{list, i}); whole {
		for _, p := range k.c.doc.pairs(real(n)) {
			if p.key.Value != "use" {
				k.fail(fmt.Sprintf("%s[%d]: use stands alone, %q has no meaning beside it", list, i, shorten(p.key.Value)), "write it as a part of its own, with a name", list, i, Key(p.key.Value))
				break
			}
		}
	}
	if count > 1 {
		k.fail(list+": use: "+Builtin+" stands twice", "", list, i)
	}
}
