package catalog

import "encoding/binary"

// table is a map from texts to codes that are known once and looked up for every error: a hash table that looks at the
// edges of a text, with at most a quarter of its places taken.
type table struct {
	entries []tableEntry // a power of two
	mask    uint32
}

type tableEntry struct {
	text string
	code *Code // nil: free
}

func newTable(of map[string]*Code) table {
	size := 8
	for size < 4*len(of) {
		size *= 2
	}
	t := table{entries: make([]tableEntry, size), mask: uint32(size - 1)}
	for text, code := range of {
		i := edges([]byte(text)) & t.mask
		for t.entries[i].code != nil {
			i = (i + 1) & t.mask
		}
		t.entries[i] = tableEntry{text, code}
	}
	return t
}

// find returns the code of a text, nil where there is none. It allocates nothing.
func (t *table) find(text []byte) *Code {
	if len(t.entries) == 0 {
		return nil
	}
	for i := edges(text) & t.mask; ; i = (i + 1) & t.mask {
		e := &t.entries[i]
		if e.code == nil || e.text == string(text) {
			return e.code
		}
	}
}

// edges hashes the length and the first and last bytes of a text.
func edges(b []byte) uint32 {
	const mix = 0x9E3779B97F4A7C15
	h := uint64(len(b))
	switch {
	case len(b) >= 8:
		h ^= binary.LittleEndian.Uint64(b)*mix ^ binary.LittleEndian.Uint64(b[len(b)-8:])
	case len(b) >= 4:
		h ^= uint64(binary.LittleEndian.Uint32(b))<<32 ^ uint64(binary.LittleEndian.Uint32(b[len(b)-4:]))
	default:
		for _, c := range b {
			h = h<<8 ^ uint64(c)
		}
	}
	return uint32(h * mix >> 32)
}
