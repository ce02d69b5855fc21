package literal

import "slices"

// How the search works, and why.
//
// A log line that yields an event is rare, and patterns are many. So one search over the raw block finds every place where
// some pattern could match, and its cost must not grow with the number of patterns. It is a sieve of four steps, each made
// to let little through to the dearer one behind it:
//
//   - The sieve (sieve.go). Every term is represented by w of its bytes, its window; w is what the shortest term can give,
//     seven at most. Whoever looks at three bytes, a gram, at every (w-2)th place of the block has looked into every
//     window that may be there, exactly once. So the search takes strides of w-2 bytes, hashes the gram at each place and
//     looks its flag up in a table of 64 KiB, of which a log touches only what its own grams hash to. The places do not
//     depend on each other: no load waits for another one, and no branch is taken, since the flags of eight places are
//     only added up to say whether these are worth a second look.
//   - The windows (plausible, in sieve.go). A flagged gram is a common one more often than not: "pan" of panic stands in
//     every participant. So the whole window around it is hashed and looked up in a second table, without a branch too.
//     How far inside its window a gram stands is in a byte of a table: what is in the way here is waiting for loads, and
//     to ask the gram's bucket takes two more of them.
//   - The buckets (bucket.go). What is left leads to the terms whose window holds the gram. They are sorted, so that also
//     thousands with the same gram are told apart by a few comparisons.
//   - Whoever calls looks at the line around the hit.
//
// What makes it fast:
//   - The choice of windows (window.go). Any w bytes of a literal will do, so each takes those whose grams are rare in
//     logs: "packetLoss=" is better found by "ketLos" than by "tLoss=".
//   - A hash of one multiplication, whose multiplier is chosen, of 32, as the one with which the fewest common grams of
//     logs have the hash of one in use.
//   - The case of letters is dropped by one OR for eight bytes, so that literals that match in either case need no
//     variants in the table.
//   - Sets of bytes around a literal (Term). "error" is five bytes long and would shorten everybody's strides; "error" and
//     no letter on either side is seven.
//   - Short literals apart. A few that would make strides short are found by bytes.IndexByte and bytes.Index, which are
//     assembly. Whether that is cheaper is estimated from how common their first byte is.
//
// Figures, of one core of an EPYC on a meeting server's text (BenchmarkR20, and in package parse BenchmarkStage and
// BenchmarkSim): the sieve alone goes at 6 GB/s, with what passes it at 3.9 for one pattern and the levels that are always
// looked for, at 1.8 for the 176 literals of the built-in patterns, at 1.9 for those of twenty patterns, whose shortest
// make strides of three; a loop of bytes.Index over these goes at 0.06.
//
// What keeps it linear, whatever stands in a log: the number of places does not depend on what is there, and what a place
// costs at most is bounded by the lengths of literals and the logarithm of their number (growth_test.go). The block is
// worked through in strips, so that hits are put in order while they are few, and Find never searches far beyond what it
// returns.
//
// What did not help:
//   - The search of Wu and Manber ("A fast algorithm for multi-pattern searching", 1994), which skips by a table over
//     pairs of bytes, was here first, with four places of the block in flight. It takes longer strides where literals are
//     long, but with a hundred of them among which is "error" it moves by three bytes on average; each step waits for its
//     load, and every third line of a log mispredicts a branch. It went at half the speed of the sieve.
//   - Pairs instead of grams save the multiplication, but flag one place in seven.
//   - A table of 32 KiB, or of 16 KiB by a shift and an exclusive or: it stays in a first-level cache, but flags more places,
//     and what follows costs more than the misses.
//   - A mask of 64 flags in place of a list of groups costs more to decode than it saves.
//   - Letting \u00 take any byte before it for a part of itself, so that it does not shorten strides: that flags a hundred
//     grams for nothing. Apart, it is a search for a byte that text hardly has.
//   - Hashing the sets around a literal into the windows: a hundred bytes on each side fill the table of windows by half.
//   - An automaton (Aho-Corasick) has to look at every byte, one after the other.

// maxApart is the number of literals up to which searching one apart is considered: each is a pass over the block.
const maxApart = 4

// strip is the number of bytes of a block that are searched at a time: few enough to stay, with the table, in a
// first-level cache.
const strip = 16 << 10

// Hit is one occurrence of a literal.
type Hit struct {
	Pos int // byte offset of its first byte in the block
	Lit int // index in the literals given to NewMatcher
}

func compareHits(a, b Hit) int {
	if a.Pos != b.Pos {
		return a.Pos - b.Pos
	}
	return a.Lit - b.Lit
}

// Bytes is a set of byte values.
type Bytes [4]uint64

// BytesOf returns the set of the bytes of s.
func BytesOf(s string) (set Bytes) {
	for i := range len(s) {
		set[s[i]>>6] |= 1 << (s[i] & 63)
	}
	return set
}

// Above returns the set with all bytes from c on added.
func (s Bytes) Above(c byte) Bytes {
	for b := int(c); b < 256; b++ {
		s[b>>6] |= 1 << (b & 63)
	}
	return s
}

func (s *Bytes) has(c byte) bool { return s[c>>6]&(1<<(c&63)) != 0 }

// Term is a literal and what may stand around it.
type Term struct {
	Literal
	Prev Bytes // only behind one of these, or at the start of the block, is the literal a hit; empty: behind anything
	Next Bytes // the same for what stands behind it
}

// edges returns the range of bytes by which the term can be told, from the start of its text: with those around it, where
// these are not any.
func (t *Term) edges() (from, to int) {
	to = len(t.Text)
	if t.Prev != (Bytes{}) {
		from = -1
	}
	if t.Next != (Bytes{}) {
		to++
	}
	return from, to
}

// span is the number of bytes by which the table can tell the term; 0: it cannot.
func (t *Term) span() int {
	if len(t.Text) < 2 {
		return 0
	}
	from, to := t.edges()
	return to - from
}

// Matcher finds which literals occur in a block, and where; it knows nothing of lines. It is immutable and safe for
// concurrent use. It keeps no reference to a block.
type Matcher struct {
	apart []single
	table *table // nil if every literal is searched apart
}

// entry is a distinct term, and the indices of all that are equal to it.
type entry struct {
	Term
	lits []int
}

// NewMatcher builds a matcher for lits, which may be any strings; an empty one never hits. The text of a Fold literal may
// be in any case. A matcher takes about 300 KiB, and its building in the order of a millisecond.
func NewMatcher(lits []Literal) *Matcher {
	terms := make([]Term, len(lits))
	for i, l := range lits {
		terms[i].Literal = l
	}
	return NewTerms(terms)
}

// NewTerms is NewMatcher for terms.
func NewTerms(terms []Term) *Matcher {
	apart, in := split(distinct(terms))
	m := &Matcher{}
	for i := range apart {
		m.apart = append(m.apart, newSingles(&apart[i])...)
	}
	if len(in) > 0 {
		m.table = newTable(in)
	}
	return m
}

// split decides which terms are searched apart.
func split(all []entry) (apart, in []entry) {
	slices.SortStableFunc(all, func(a, b entry) int { return a.span() - b.span() })
	must := 0
	for must < len(all) && all[must].span() < gram {
		must++
	}
	best, least := must, -1.0
	passes := 0.0 // of those that are apart
	for k := must; k <= len(all) && k <= must+maxApart; k++ {
		if k > must {
			if all[k-1].Fold {
				break
			}
			passes += passCost(all[k-1].Text)
		}
		cost := passes
		if k < len(all) {
			cost += sieveCost(all[k].span())
		}
		if least < 0 || cost < least {
			best, least = k, cost
		}
	}
	return all[:best], all[best:]
}

// sieveCost is about the time that the sieve takes for a byte, in ns, where the shortest term spans n bytes.
func sieveCost(n int) float64 { return 0.55 / float64(min(n, maxWindow)-gram+1) }

// passCost is the same for a pass of bytes.Index: it looks at every place where the first byte stands.
func passCost(text string) float64 {
	return 0.04 + 3*float64(countByte(ordinary, text[0]))/float64(len(ordinary))
}

func countByte(s string, c byte) (n int) {
	for i := range len(s) {
		if s[i] == c {
			n++
		}
	}
	return n
}

func distinct(terms []Term) []entry {
	var out []entry
	index := map[Term]int{}
	for i, t := range terms {
		if t.Text == "" {
			continue
		}
		if t.Fold {
			t.Text = lower(t.Text)
		}
		k, known := index[t]
		if !known {
			k = len(out)
			index[t] = k
			out = append(out, entry{Term: t})
		}
		out[k].lits = append(out[k].lits, i)
	}
	return out
}

// lower folds ASCII letters only; strings.ToLower would also change the length of some others.
func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		b[i] = lowerByte(c)
	}
	return string(b)
}

func lowerByte(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c | 0x20
	}
	return c
}

// FindAll appends to hits every place of every literal in block, overlapping ones too, in order of position, then of
// index. It allocates only to grow hits.
func (m *Matcher) FindAll(block []byte, hits []Hit) []Hit {
	for lo := 0; lo < len(block); lo += strip {
		hits = m.findIn(block, lo, min(lo+strip, len(block)), hits)
	}
	return hits
}

// Stretches calls each with the hits of one stretch of block after the other, as FindAll finds them in the whole; those of
// a stretch without any are not handed over. hits is the memory for them, which is returned for the next call. So what a
// block needs does not grow with its length.
func (m *Matcher) Stretches(block []byte, hits []Hit, each func([]Hit)) []Hit {
	for lo := 0; lo < len(block); lo += strip {
		hits = m.findIn(block, lo, min(lo+strip, len(block)), hits[:0])
		if len(hits) > 0 {
			each(hits)
		}
	}
	return hits
}

// findIn appends the hits that start in [lo, hi), in order.
func (m *Matcher) findIn(block []byte, lo, hi int, hits []Hit) []Hit {
	n := len(hits)
	for i := range m.apart {
		hits = m.apart[i].scan(block, lo, hi, hits)
	}
	if m.table != nil {
		hits = m.table.scan(block, lo, hi, hits)
	}
	if added := hits[n:]; !slices.IsSortedFunc(added, compareHits) {
		slices.SortFunc(added, compareHits)
	}
	return hits
}

// Find returns the first hit at or behind the byte offset from (not negative), in order of position, then of index. It
// allocates nothing.
func (m *Matcher) Find(block []byte, from int) (Hit, bool) {
	for lo, size := from, 256; lo < len(block); lo, size = lo+size, min(2*size, strip) {
		hi := min(lo+size, len(block))
		best := Hit{Pos: hi}
		for i := range m.apart {
			best = m.apart[i].first(block, lo, best)
		}
		if m.table != nil {
			best = m.table.firstHit(block, lo, best)
		}
		if best.Pos < hi {
			return best, true
		}
	}
	return Hit{}, false
}
