package sim

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func corpusOf(t testing.TB, seed uint64) []Case {
	t.Helper()
	codes, foreign := testCodes()
	return slices.Collect(Corpus(CorpusOptions{Seed: seed, Codes: codes, Foreign: foreign}))
}

func TestCorpusIsDeterministic(t *testing.T) {
	t.Parallel()
	a := corpusOf(t, 1)
	if !reflect.DeepEqual(a, corpusOf(t, 1)) {
		t.Error("two corpora of one seed differ")
	}
	if reflect.DeepEqual(a, corpusOf(t, 2)) {
		t.Error("two seeds give the same corpus")
	}
}

func TestCorpusCanBeLeftEarly(t *testing.T) {
	t.Parallel()
	codes, foreign := testCodes()
	all := corpusOf(t, 0)
	for _, stop := range []int{1, 2, len(all) - 1} {
		n := 0
		for range Corpus(CorpusOptions{Codes: codes, Foreign: foreign}) {
			if n++; n == stop {
				break
			}
		}
		if n != stop {
			t.Errorf("left after %d instead of %d", n, stop)
		}
	}
}

func TestCorpusCases(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, c := range corpusOf(t, 1) {
		if seen[c.Name] {
			t.Errorf("the name %s stands twice", c.Name)
		}
		seen[c.Name] = true
		records := unwrap(t, c.Raw)
		if lines := strings.Count(string(c.Raw), "\n"); lines != c.Lines || len(records) != c.Records {
			t.Errorf("%s: %d lines and %d records, want %d and %d", c.Name, lines, len(records), c.Lines, c.Records)
		}
		if c.Want != nil {
			checkWant(t, c, records)
		}
	}
}

// checkWant holds what is wanted against the text: it must stand there, or be of the table's code that stands there.
func checkWant(t *testing.T, c Case, records []string) {
	t.Helper()
	w := c.Want
	if !slices.Contains(records, w.Text) {
		t.Errorf("%s: no record is %q, they are %q", c.Name, w.Text, records)
	}
	codes, foreign := testCodes()
	k := slices.IndexFunc(codes, func(k Code) bool { return k.Code == w.Code && k.Name == w.Name && k.Category == w.Category })
	f := slices.IndexFunc(foreign, func(k Code) bool { return k.Code == w.Code && k.Name == w.Name && k.Category == w.Category })
	var hasName bool
	switch {
	case w.Category == "unknown":
		if w.Name != "" || w.Conflict || !strings.Contains(w.Text, w.Code) {
			t.Errorf("%s: %+v", c.Name, w)
		}
		return
	case k >= 0:
		for _, name := range append(codes[k].Aliases, w.Name) {
			hasName = hasName || strings.Contains(w.Text, name)
		}
	case f >= 0:
		hasName = strings.Contains(w.Text, w.Name)
	default:
		t.Errorf("%s: the code of %+v is in no table", c.Name, w)
	}
	hasCode := strings.Contains(w.Text, w.Code)
	if !hasCode && !hasName || w.Conflict && !hasName {
		t.Errorf("%s: %q does not say %s", c.Name, w.Text, w.Code)
	}
	for _, id := range []string{w.Meeting, w.Participant} {
		if !strings.Contains(w.Text, id) {
			t.Errorf("%s: %q does not say %s", c.Name, w.Text, id)
		}
	}
	if strings.HasPrefix(w.Text, "{") && !json.Valid([]byte(w.Text)) {
		t.Errorf("%s: not JSON: %s", c.Name, w.Text)
	}
	checkCarry(t, c, hasCode, hasName)
}

func checkCarry(t *testing.T, c Case, hasCode, hasName bool) {
	t.Helper()
	var ok bool
	switch c.Carry {
	case CarryCode, "":
		ok = hasCode && !hasName && !c.Want.Conflict
	case CarryName, CarryAliasAlone:
		ok = !hasCode && hasName && !c.Want.Conflict
	case CarryBoth, CarryAlias:
		ok = hasCode && hasName && !c.Want.Conflict
	case CarryConflict, CarryStray:
		ok = !hasCode && hasName && c.Want.Conflict
	case CarryForeign:
		ok = hasCode && hasName && c.Want.Conflict
	}
	// A name of the test's table may end in its number, and a time may hold one.
	if !ok && !strings.Contains(c.Want.Name, c.Want.Code) && strings.Count(c.Want.Text, c.Want.Code) < 2 {
		t.Errorf("%s: code %v, name %v in %q", c.Name, hasCode, hasName, c.Want.Text)
	}
}

// Every shape stands in every envelope, with every code, and carries what it can.
func TestCorpusIsComplete(t *testing.T) {
	t.Parallel()
	codes, _ := testCodes()
	names := map[string]bool{}
	for _, c := range corpusOf(t, 1) {
		names[c.Name] = true
	}
	want := func(name string) {
		if !names[name] {
			t.Errorf("no case is called %s", name)
		}
	}
	for _, s := range shapes() {
		for _, envelope := range []string{Bare, Docker, CRI, CRIPartial} {
			at := s.name + "/" + envelope + "/"
			for _, k := range codes {
				want(at + "both/" + k.Code)
				want(at + "conflict/" + k.Code)
				want(at + "stray/" + k.Code)
				if s.codeOnly {
					want(at + "code/" + k.Code)
				}
				if s.nameOnly {
					want(at + "name/" + k.Code)
				}
				for _, alias := range k.Aliases {
					want(at + "alias/" + k.Code + "-" + alias)
				}
			}
			want(at + "foreign/3014")
			if names[at+"foreign/4010"] {
				t.Errorf("%sforeign/4010: the name is known", at)
			}
			want(at + "unknown/6000")
			want(at + "unknown-both/6000")
		}
	}
}

func TestCorpusDecoys(t *testing.T) {
	t.Parallel()
	count := map[string]int{}
	for _, c := range corpusOf(t, 1) {
		parts := strings.Split(c.Name, "/")
		if parts[0] != "decoy" {
			continue
		}
		if c.Carry != "" || (c.Want != nil) != (parts[1] == "trace-below") {
			t.Errorf("%s: carry %q, want %+v", c.Name, c.Carry, c.Want)
		}
		if !strings.Contains(strings.Join(unwrap(t, c.Raw), "\n"), parts[3]) {
			t.Errorf("%s: %q does not hold the number", c.Name, c.Raw)
		}
		count[parts[1]+"/"+parts[2]]++
	}
	if len(count) != 4*(len(decoys())+1) {
		t.Errorf("%d kinds of decoys: %v", len(count), count)
	}
	for name, n := range count {
		if n != 10 {
			t.Errorf("decoy %s stands with %d codes, want 10", name, n)
		}
	}
}

func TestGenericShapesKnowNoUnknownCodes(t *testing.T) {
	t.Parallel()
	seen := map[bool]int{}
	for _, c := range corpusOf(t, 1) {
		if c.Carry != CarryUnknown && c.Carry != CarryUnknownToo {
			continue
		}
		strict := slices.ContainsFunc(shapes(), func(s shape) bool { return s.name == c.Shape && s.strict })
		if strict != (c.Want != nil) {
			t.Errorf("%s: %+v", c.Name, c.Want)
		}
		seen[strict]++
	}
	if seen[true] == 0 || seen[false] == 0 {
		t.Errorf("cases by strictness: %v", seen)
	}
}

// The pieces of partial records must not always be the same two.
func TestCorpusPartials(t *testing.T) {
	t.Parallel()
	pieces, between := map[int]int{}, 0
	for _, c := range corpusOf(t, 1) {
		if strings.Contains(c.Name, "/cri-partial/") {
			pieces[strings.Count(string(c.Raw), " P ")]++
			between += strings.Count(string(c.Raw), " stdout F ")
		}
	}
	if pieces[0] > 0 || pieces[1] == 0 || pieces[2] == 0 || pieces[3] == 0 || between == 0 {
		t.Errorf("records by their number of cuts: %v, lines in between: %d", pieces, between)
	}
}
