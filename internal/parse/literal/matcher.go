package literal

// Hit is one occurrence of a literal.
type Hit struct {
	Pos int // byte offset of its first byte in the block
	Lit int // index in the literals given to NewMatcher
}

// Matcher finds which literals occur in a block, and where. It is immutable and safe for concurrent use.
type Matcher struct {
	lits   []Literal
	window int
	shift  []uint8 // by two bytes
	bucket map[uint16][]int
}

// NewMatcher builds a matcher for lits.
func NewMatcher(lits []Literal) *Matcher {
	m := &Matcher{lits: lits, window: MaxLen, shift: make([]uint8, 1<<16), bucket: map[uint16][]int{}}
	for _, l := range lits {
		m.window = min(m.window, len(l.Text))
	}
	for i := range m.shift {
		m.shift[i] = uint8(m.window - 1)
	}
	for i, l := range lits {
		for j := 1; j < m.window; j++ {
			for _, p := range variants(l, j) {
				m.shift[p] = min(m.shift[p], uint8(m.window-1-j))
				if j == m.window-1 {
					m.bucket[p] = append(m.bucket[p], i)
				}
			}
		}
	}
	return m
}

func variants(l Literal, j int) (out []uint16) {
	for _, a := range cases(l.Text[j-1], l.Fold) {
		for _, b := range cases(l.Text[j], l.Fold) {
			out = append(out, uint16(a)|uint16(b)<<8)
		}
	}
	return out
}

func cases(c byte, fold bool) []byte {
	if fold && isLetter(c) {
		return []byte{c | 0x20, c &^ 0x20}
	}
	return []byte{c}
}

// Find returns the first hit at or behind the byte offset from, in order of position, then of literal.
func (m *Matcher) Find(block []byte, from int) (Hit, bool) {
	for end := from + m.window - 1; end < len(block) && len(m.lits) > 0; {
		pair := uint16(block[end-1]) | uint16(block[end])<<8
		if s := int(m.shift[pair]); s > 0 {
			end += s
			continue
		}
		pos := end - m.window + 1
		for _, i := range m.bucket[pair] {
			if m.at(block, pos, i) {
				return Hit{pos, i}, true
			}
		}
		end++
	}
	return Hit{}, false
}

// FindAll appends every hit in the block to hits, in order of position, then of literal.
func (m *Matcher) FindAll(block []byte, hits []Hit) []Hit {
	for end := m.window - 1; end < len(block) && len(m.lits) > 0; {
		pair := uint16(block[end-1]) | uint16(block[end])<<8
		if s := int(m.shift[pair]); s > 0 {
			end += s
			continue
		}
		pos := end - m.window + 1
		for _, i := range m.bucket[pair] {
			if m.at(block, pos, i) {
				hits = append(hits, Hit{pos, i})
			}
		}
		end++
	}
	return hits
}

func (m *Matcher) at(block []byte, pos, lit int) bool {
	l := m.lits[lit]
	if len(block)-pos < len(l.Text) {
		return false
	}
	text := block[pos : pos+len(l.Text)]
	if !l.Fold {
		return string(text) == l.Text
	}
	return equalFold(text, l.Text)
}

func equalFold(text []byte, lower string) bool {
	for i, c := range text {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}
