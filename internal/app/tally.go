package app

import (
	"cmp"
	"slices"
	"time"

	"github.com/errwatch/errwatch/internal/event"
)

// Tally is how often one code of one source was seen.
type Tally struct {
	Source   string
	Code     string
	Name     string
	Category string
	Count    int64
	First    time.Time // zero where no event had a time of its own
	Last     time.Time
	Hours    [24]int64 // by hour of the day, UTC; events without a time are left out
}

type tallyKey struct{ source, code, name string }

// tallies counts events by source and code.
type tallies map[tallyKey]*Tally

func (t tallies) add(e *event.Event) {
	// Code points into interned or into borrowed memory, depending on whether the catalogue knows it; a key that is
	// already there is found without a copy, a new one is copied.
	k := tallyKey{e.Source, e.Code, e.Name}
	x := t[k]
	if x == nil {
		x = &Tally{Source: e.Source, Code: e.Code, Name: e.Name, Category: e.Category}
		t[k] = x
	}
	x.Count++
	if e.Time.IsZero() {
		return
	}
	x.stretch(e.Time, e.Time)
	x.Hours[e.Time.UTC().Hour()]++
}

// stretch widens the span of times.
func (x *Tally) stretch(first, last time.Time) {
	if !first.IsZero() && (x.First.IsZero() || first.Before(x.First)) {
		x.First = first
	}
	if last.After(x.Last) {
		x.Last = last
	}
}

// merge adds what was counted elsewhere.
func (t tallies) merge(other tallies) {
	for k, o := range other {
		if o.Count == 0 {
			continue
		}
		x := t[k]
		if x == nil {
			c := *o
			t[k] = &c
			continue
		}
		x.Count += o.Count
		x.stretch(o.First, o.Last)
		for h := range x.Hours {
			x.Hours[h] += o.Hours[h]
		}
	}
}

// keepTallies bounds how many codes are kept at hand: a block rarely holds others than the one before.
const keepTallies = 256

// reset sets all counts to 0. It keeps the codes: then the next block needs no memory for them.
func (t tallies) reset() {
	if len(t) > keepTallies {
		clear(t)
	}
	for _, x := range t {
		*x = Tally{Source: x.Source, Code: x.Code, Name: x.Name, Category: x.Category}
	}
}

// sorted lists the tallies, most frequent first; ties by source and code, so that the order never depends on chance.
func (t tallies) sorted() []Tally {
	out := make([]Tally, 0, len(t))
	for _, x := range t {
		out = append(out, *x)
	}
	slices.SortFunc(out, func(a, b Tally) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Name, b.Name))
	})
	return out
}
