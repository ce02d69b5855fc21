package literal

import (
	"slices"
	"strings"
)

// bucket is what a flagged gram leads to: the literals whose window holds it, by the distance from their start to it.
type bucket struct{ shelves []shelf }

// around is how far inside windows a gram stands: two distances of three bits each, which are the same where it is the same
// for all; one bit that says that there are more than two; and one that says that there are any.
type around uint8

const (
	aroundAny  around = 1 << 6
	aroundMore around = 1 << 7
)

func (a around) one() int    { return int(a & 7) }
func (a around) other() int  { return int(a >> 3 & 7) }
func (a around) more() uint8 { return uint8(a >> 7) }

// with adds a distance, below eight.
func (a around) with(into int) around {
	k := around(into)
	switch {
	case a&aroundAny == 0:
		return aroundAny | k | k<<3
	case into == a.one() || into == a.other():
		return a
	case a.one() == a.other():
		return a&^(7<<3) | k<<3
	}
	return a | aroundMore
}

// shelf holds literals that would start at the same place, either those in one case or those in either. They are sorted
// by text, and each knows the longest other one that it starts with: of all that stand at a place, the last in order is
// found by halving, and the others from there.
type shelf struct {
	back  int // from the literal's start to the gram
	fold  bool
	texts []shelved
}

type shelved struct {
	*entry
	shorter int // index of the longest one that this one starts with, -1 for none
}

// find appends the literals of the bucket that stand around the gram at p, and start in [lo, hi).
func (b *bucket) find(block []byte, p, lo, hi int, hits []Hit) []Hit {
	for i := range b.shelves {
		s := &b.shelves[i]
		pos := p - s.back
		if pos < lo || pos >= hi {
			continue
		}
		for k := s.last(block[pos:]); k >= 0; k = s.texts[k].shorter {
			if e := s.texts[k].entry; e.at(block, pos) {
				for _, l := range e.lits {
					hits = append(hits, Hit{pos, l})
				}
			}
		}
	}
	return hits
}

// first returns the first hit of the bucket at lo or behind it, or best if that one is not behind it.
func (b *bucket) first(block []byte, p, lo int, best Hit) Hit {
	for i := range b.shelves {
		s := &b.shelves[i]
		pos := p - s.back
		if pos < lo || pos > best.Pos {
			continue
		}
		for k := s.last(block[pos:]); k >= 0; k = s.texts[k].shorter {
			if e := s.texts[k].entry; e.at(block, pos) {
				best = earlier(best, Hit{pos, e.lits[0]})
			}
		}
	}
	return best
}

// last returns the index of the last literal in order that is not behind text, -1 where all are. What text starts with
// is that one, or one that it starts with.
func (s *shelf) last(text []byte) int {
	if len(s.texts) == 1 {
		return 0
	}
	lo, hi := 0, len(s.texts)
	for lo < hi {
		if mid := int(uint(lo+hi) >> 1); s.behind(s.texts[mid].Text, text) {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo - 1
}

// behind tells whether a literal is behind text in order.
func (s *shelf) behind(literal string, text []byte) bool {
	for i := range min(len(literal), len(text)) {
		c := text[i]
		if s.fold {
			c = lowerByte(c)
		}
		if c != literal[i] {
			return literal[i] > c
		}
	}
	return len(literal) > len(text)
}

// at reports whether the term stands at pos.
func (e *entry) at(block []byte, pos int) bool {
	n := len(e.Text)
	if len(block)-pos < n || !e.between(block, pos) {
		return false
	}
	text := block[pos : pos+n]
	if !e.Fold {
		return string(text) == e.Text
	}
	for i, c := range text {
		if lowerByte(c) != e.Text[i] {
			return false
		}
	}
	return true
}

// between reports whether what stands around the place of a term at pos may do so.
func (e *entry) between(block []byte, pos int) bool {
	end := pos + len(e.Text)
	return (e.Prev == (Bytes{}) || pos == 0 || e.Prev.has(block[pos-1])) &&
		(e.Next == (Bytes{}) || end == len(block) || e.Next.has(block[end]))
}

// add puts a term into the bucket, whose gram stands so far behind the term's start.
func (b *bucket) add(e *entry, back int) {
	i := slices.IndexFunc(b.shelves, func(s shelf) bool { return s.back == back && s.fold == e.Fold })
	if i < 0 {
		i = len(b.shelves)
		b.shelves = append(b.shelves, shelf{back: back, fold: e.Fold})
	}
	b.shelves[i].texts = append(b.shelves[i].texts, shelved{entry: e})
}

// sort puts the shelves in order, once all terms are there.
func (b *bucket) sort() {
	for _, s := range b.shelves {
		slices.SortFunc(s.texts, func(a, b shelved) int { return strings.Compare(a.Text, b.Text) })
		for i := range s.texts {
			k := i - 1
			for k >= 0 && !strings.HasPrefix(s.texts[i].Text, s.texts[k].Text) {
				k = s.texts[k].shorter
			}
			s.texts[i].shorter = k
		}
	}
}
