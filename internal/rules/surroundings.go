package rules

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Surroundings are what a rule's names refer to, as far as the caller knows it. What is nil is not checked.
type Surroundings struct {
	// Code and Name return what a code or a name means, in each catalogue that may be chosen for a source.
	Code func(code string) []Meaning
	Name func(name string) []Meaning

	Categories []string            // all that an event can have; "unknown" need not be listed
	Sources    []string            // the configured ones
	Fields     map[string]struct{} // those that any pattern captures
}

// Meaning is one entry of one catalogue.
type Meaning struct{ Catalogue, Code, Name, Category string }

func (c *checker) checkSurroundings() {
	for _, m := range c.r.matches() {
		c.checkKnown(m.key+".categories", m.Categories, c.s.Categories, "no code has the category %q")
		c.checkKnown(m.key+".sources", m.Sources, c.s.Sources, "no source is called %q")
		c.checkMeanings(m)
		c.checkMatchFields(m)
	}
	c.checkFields()
}

// keyedMatch is a match and where it stands in the rule.
type keyedMatch struct {
	*Match
	key string
}

func (r *Rule) matches() []keyedMatch {
	all := []keyedMatch{{&r.Match, "match"}}
	if r.Ratio != nil {
		all = append(all, keyedMatch{&r.Ratio.To, "ratio.to"})
	}
	return all
}

func (c *checker) checkKnown(key string, values, known []string, format string) {
	if known == nil {
		return
	}
	for i, v := range values {
		if v != "" && !slices.Contains(known, v) && (!strings.HasSuffix(key, ".categories") || v != "unknown") {
			c.warn(key, i, didYouMean(v, known), format, v)
		}
	}
}

// checkMeanings looks at codes and names. What no catalogue knows may still occur (patterns yield unknown codes), so a
// rule is only said to match nothing where all that it lists is known.
func (c *checker) checkMeanings(m keyedMatch) {
	codes, allCodes := c.lookUp(m.key+".codes", m.Codes, c.s.Code)
	names, allNames := c.lookUp(m.key+".names", m.Names, c.s.Name)
	possible := codes
	if len(m.Codes) == 0 {
		possible = names
	}
	if len(possible) == 0 || !allCodes || !allNames {
		return
	}
	for _, l := range possible {
		for _, meaning := range l {
			if m.allowsMeaning(meaning, names) {
				c.checkAmbiguous(m, codes, names)
				return
			}
		}
	}
	c.warn(m.key, -1, "codes, names and categories must all hold; a rule for any of them is two rules",
		"nothing has one of these codes, names and categories at once: the rule can never fire")
}

// lookUp returns the meanings of each value, and whether all values have one.
func (c *checker) lookUp(key string, values []string, find func(string) []Meaning) (found [][]Meaning, all bool) {
	if find == nil {
		return nil, len(values) == 0
	}
	all = true
	for i, v := range values {
		l := find(v)
		if len(l) == 0 {
			all = false
		}
		if len(l) == 0 && v != "" {
			c.warn(key, i, "if it is right, add it under codes", "no catalogue knows %q", v)
		}
		found = append(found, l)
	}
	return found, all
}

// allowsMeaning says that an event of this meaning can match; names are the meanings of match.names, so that an alias
// counts as the name that it stands for.
func (m *Match) allowsMeaning(a Meaning, names [][]Meaning) bool {
	if len(m.Categories) > 0 && !slices.Contains(m.Categories, a.Category) {
		return false
	}
	return len(m.Names) == 0 || slices.ContainsFunc(slices.Concat(names...), func(b Meaning) bool { return b.Name == a.Name })
}

// checkAmbiguous warns of a bare number that means different things, unless a name, a category or the choice of a
// single source settles which one is meant.
func (c *checker) checkAmbiguous(m keyedMatch, codes, names [][]Meaning) {
	if len(m.Sources) == 1 {
		return
	}
	for i, meanings := range codes {
		said := map[string]string{} // name -> catalogue
		for _, a := range meanings {
			if _, ok := said[a.Name]; !ok && m.allowsMeaning(a, names) {
				said[a.Name] = a.Catalogue
			}
		}
		if len(said) < 2 {
			continue
		}
		var parts []string
		for _, name := range slices.Sorted(maps.Keys(said)) {
			parts = append(parts, name+" in "+said[name])
		}
		c.warn(m.key+".codes", i, "match names or categories: they mean the same in every catalogue",
			"%s means different things: %s", m.Codes[i], strings.Join(parts, ", "))
	}
}

func (c *checker) checkMatchFields(m keyedMatch) {
	for _, name := range slices.Sorted(maps.Keys(m.Fields)) {
		c.checkField(m.key+".fields."+name, -1, name, "the rule can never fire")
	}
}

// checkFields looks at what the rule needs of events besides what they must match.
func (c *checker) checkFields() {
	for i, name := range c.r.By {
		c.checkField("by", i, name, "all events fall into one group")
	}
	switch d := c.r.Distinct; {
	case d == nil || d.Of == "":
	case d.OrEvents:
		c.checkField("distinct.of", -1, d.Of, "each event counts")
	default:
		c.checkField("distinct.of", -1, d.Of, "the rule can never fire")
	}
	if c.r.Dedupe != nil {
		for i, name := range c.r.Dedupe.By {
			c.checkField("dedupe.by", i, name, "nothing is ever folded")
		}
	}
}

func (c *checker) checkField(key string, item int, name, consequence string) {
	if c.s.Fields == nil || !newByPart(name).field {
		return
	}
	if _, ok := c.s.Fields[name]; !ok {
		known := slices.Sorted(maps.Keys(c.s.Fields))
		c.warn(key, item, didYouMean(name, known), "no pattern captures the field %q: %s", name, consequence)
	}
}

// didYouMean returns a hint with the nearest of the known words, "" if none is near.
func didYouMean(word string, known []string) string {
	best, least := "", max(2, len(word)/3)+1
	for _, k := range known {
		if d := distance(word, k); d < least {
			best, least = k, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("did you mean %q?", best)
}

// distance is Levenshtein's: how many letters must be put in, taken out or changed.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := corner
			if a[i] != b[j] {
				change++
			}
			corner = row[j+1]
			row[j+1] = min(change, corner+1, row[j]+1)
		}
	}
	return row[len(b)]
}
