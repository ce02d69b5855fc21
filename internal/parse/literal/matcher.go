package literal

import "slices"

// How the search works, and why.
//
// A log line that yields an event is rare, and patterns are many. So one search over the raw block finds every place where
// some pattern could match, and its cost must not grow with the number of patterns. Three ways were compared on
// meeting-server logs: a loop of bytes.Index reads the block once per literal; an automaton (Aho-Corasick) has to look at
// every byte, one after the other, each load waiting for the one before; Wu and Manber's search ("A fast algorithm for
// multi-pattern searching", 1994) skips most bytes. It is the one used here:
//
// Let w be the length of the shortest literal. Each literal is represented by w of its bytes, its window. The search keeps
// a window of w bytes on the block and looks at the last two of them. A table over all 65,536 pairs says how far the
// window may move so that no literal's window can be missed: w-1 for a pair that stands in none, less the nearer it stands
// to an end. A pair that ends a window is flagged: there the literals with that ending are compared in full, one by one.
// Literals that match in either case enter the table with all their variants, so the block is never folded.
//
// What makes it fast:
//   - The choice of windows (see window.go). Any w bytes of a literal will do, so each takes those whose pairs are rare in
//     logs: "packetLoss=" is better found by "cketL" than by "Loss=".
//   - A second look (see plausible). Most candidates are none: a hash of four bytes says so before anything is compared.
//   - Lanes (see wumanber.go). Each step waits for its load, and the CPU could do several at once: four places of the
//     block are searched side by side.
//   - Short literals apart. One of 3 bytes would let the window of all others move by 2 at most. A few short ones are
//     found by bytes.Index, which is assembly; so is a literal that is alone and not long.
//
// What keeps it linear, whatever stands in a log: a step moves every window on by at least one byte, and a candidate costs
// at most the literals that share its pair, times their length (MaxLen for those from Required). The block is worked
// through in strips, so that hits are put in order while they are few, and Find never searches far beyond what it returns.

// shortLen is the length below which literals are searched apart, and maxApart the number of them up to which a pass of
// bytes.Index for each is cheaper than a table with short steps. From aloneLen on the table is faster than bytes.Index also
// for a literal that is alone (see BenchmarkOne).
const (
	shortLen = 5
	maxApart = 4
	aloneLen = 8
)

// strip is the number of bytes of a block that are searched at a time: four lanes long enough that it does not matter
// that they end at different times, and not more than a first-level cache holds.
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

// Matcher finds which literals occur in a block, and where; it knows nothing of lines. It is immutable and safe for
// concurrent use. It keeps no reference to a block.
type Matcher struct {
	apart []single
	table *wuManber // nil if every literal is searched apart
}

// entry is a distinct literal, and the indices of all that are equal to it.
type entry struct {
	text string
	fold bool
	lits []int
}

// NewMatcher builds a matcher for lits, which may be any strings; an empty one never hits. The text of a Fold literal may
// be in any case. A matcher takes about 200 KiB, and its building in the order of 100 µs.
func NewMatcher(lits []Literal) *Matcher {
	var short, long []entry
	for _, e := range distinct(lits) {
		if len(e.text) < shortLen && !e.fold || len(e.text) < 2 {
			short = append(short, e)
		} else {
			long = append(long, e)
		}
	}
	if len(short) > maxApart {
		short, long = shareOut(short, long)
	}
	m := &Matcher{}
	if len(long) == 1 && !long[0].fold && len(long[0].text) < aloneLen {
		short, long = append(short, long[0]), nil
	}
	for _, e := range short {
		m.apart = append(m.apart, newSingles(e)...)
	}
	if len(long) > 0 {
		m.table = newWuManber(long)
	}
	return m
}

// shareOut leaves only those of one byte apart: the table is made of pairs.
func shareOut(short, long []entry) (apart, table []entry) {
	for _, e := range short {
		if len(e.text) < 2 {
			apart = append(apart, e)
		} else {
			long = append(long, e)
		}
	}
	return apart, long
}

func distinct(lits []Literal) []entry {
	var out []entry
	index := map[Literal]int{}
	for i, l := range lits {
		if l.Text == "" {
			continue
		}
		if l.Fold {
			l.Text = lower(l.Text)
		}
		k, known := index[l]
		if !known {
			k = len(out)
			index[l] = k
			out = append(out, entry{text: l.Text, fold: l.Fold})
		}
		out[k].lits = append(out[k].lits, i)
	}
	return out
}

// lower folds ASCII letters only; strings.ToLower would also change the length of some others.
func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c | 0x20
		}
	}
	return string(b)
}

// FindAll appends to hits every place of every literal in block, overlapping ones too, in order of position, then of
// index. It allocates only to grow hits.
func (m *Matcher) FindAll(block []byte, hits []Hit) []Hit {
	for lo := 0; lo < len(block); lo += strip {
		hi := min(lo+strip, len(block))
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
			best = m.table.first(block, lo, best)
		}
		if best.Pos < hi {
			return best, true
		}
	}
	return Hit{}, false
}
