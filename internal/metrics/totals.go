package metrics

import (
	"cmp"
	"slices"
)

// Totals are counts for people: the page, the API, the line on the terminal. Sources stand in the order of the
// configuration.
type Totals []SourceTotals

// SourceTotals are the counts of one source. Lists are without what is 0, most frequent first.
type SourceTotals struct {
	Source     string
	Published  bool // it has reached its end once
	Lines      int64
	Bytes      int64
	Events     int64
	Late       int64
	Conflicts  int64
	Codes      []CodeTotal
	Categories []NameTotal
	References []NameTotal
	Skipped    []NameTotal // by reason
}

// CodeTotal is how often a source had a code.
type CodeTotal struct {
	Source, Code, Name, Category string
	Value                        int64
}

// NameTotal is how often something was seen.
type NameTotal struct {
	Name  string
	Value int64
}

// Snapshot returns the totals of what is shown. Any goroutine may call it.
func (c *Counters) Snapshot() Totals {
	now := c.shown.Load()
	all := make(Totals, 0, len(c.sets))
	for _, s := range c.sets {
		all = append(all, now.views[s.name].totals())
	}
	return all
}

// Live returns the totals of what is counted, committed or not; with the pipeline's lock held.
func (c *Counters) Live() Totals {
	all := make(Totals, 0, len(c.sets))
	for _, s := range c.sets {
		all = append(all, c.view(s).totals())
	}
	return all
}

// Source returns the totals of one source, all 0 where there is none of that name.
func (t Totals) Source(name string) SourceTotals {
	for i := range t {
		if t[i].Source == name {
			return t[i]
		}
	}
	return SourceTotals{Source: name}
}

// Lines returns how many lines of a source were counted.
func (t Totals) Lines(source string) int64 { return t.Source(source).Lines }

// Bytes returns how many bytes of a source were counted.
func (t Totals) Bytes(source string) int64 { return t.Source(source).Bytes }

// Events returns how many error events were counted in all sources.
func (t Totals) Events() int64 {
	var n int64
	for i := range t {
		n += t[i].Events
	}
	return n
}

// Codes returns the codes of all sources, most frequent first.
func (t Totals) Codes() []CodeTotal {
	var all []CodeTotal
	for i := range t {
		all = append(all, t[i].Codes...)
	}
	slices.SortFunc(all, compareCodes)
	return all
}

// Categories returns the events of all sources by category, most frequent first.
func (t Totals) Categories() []NameTotal {
	sum := map[string]int64{}
	for i := range t {
		for _, c := range t[i].Categories {
			sum[c.Name] += c.Value
		}
	}
	return ranked(sum)
}

func (v *view) totals() SourceTotals {
	t := SourceTotals{Source: v.name, Published: v.published}
	codes, categories := map[CodeTotal]int64{}, map[string]int64{}
	references, skipped := map[string]int64{}, map[string]int64{}
	for _, p := range v.points {
		if p.n == 0 {
			continue
		}
		switch p.fam {
		case famEvents:
			t.Events += p.n
			codes[CodeTotal{Source: v.name, Code: p.values[0], Name: p.values[1], Category: p.values[2]}] += p.n
			categories[p.values[2]] += p.n
		case famReferences:
			references[p.values[0]] += p.n
		case famSkipped:
			skipped[p.values[0]] += p.n
		case famLines:
			t.Lines = p.n
		case famBytes:
			t.Bytes = p.n
		case famLate:
			t.Late = p.n
		case famConflicts:
			t.Conflicts = p.n
		}
	}
	for k, n := range codes {
		k.Value = n
		t.Codes = append(t.Codes, k)
	}
	slices.SortFunc(t.Codes, compareCodes)
	t.Categories, t.References, t.Skipped = ranked(categories), ranked(references), ranked(skipped)
	return t
}

func compareCodes(a, b CodeTotal) int {
	return cmp.Or(cmp.Compare(b.Value, a.Value), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Code, b.Code),
		cmp.Compare(a.Name, b.Name), cmp.Compare(a.Category, b.Category))
}

func ranked(sum map[string]int64) []NameTotal {
	var all []NameTotal
	for name, n := range sum {
		all = append(all, NameTotal{name, n})
	}
	slices.SortFunc(all, func(a, b NameTotal) int {
		return cmp.Or(cmp.Compare(b.Value, a.Value), cmp.Compare(a.Name, b.Name))
	})
	return all
}
