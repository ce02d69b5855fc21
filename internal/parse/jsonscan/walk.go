package jsonscan

import "strconv"

// Path is where a value stands: the keys and array indexes from the root down to it.
type Path struct {
	segs []segment
}

type segment struct {
	key     []byte // raw; nil for an array element
	escaped bool
	index   int
}

// Len is how many keys and indexes lead to the value; 0 is the root.
func (p *Path) Len() int { return len(p.segs) }

// Key returns the i-th key as written between its quotes, still escaped; nil for an array element. It stays valid as
// long as the input.
func (p *Path) Key(i int) []byte { return p.segs[i].key }

// Index returns the i-th array index, -1 for an object's key.
func (p *Path) Index(i int) int { return p.segs[i].index }

// Append appends the dotted path, unescaped, to dst: "err.code", "items.0.id", "" for the root.
func (p *Path) Append(dst []byte) []byte {
	for i, s := range p.segs {
		if i > 0 {
			dst = append(dst, '.')
		}
		if s.key == nil {
			dst = strconv.AppendInt(dst, int64(s.index), 10)
			continue
		}
		dst = AppendUnescaped(dst, s.key)
	}
	return dst
}

// String returns the dotted path. It allocates; use Append or Is where that matters.
func (p *Path) String() string { return string(p.Append(nil)) }

// Is tells whether the path is the one given as its keys and indexes.
func (p *Path) Is(keys ...string) bool {
	if len(keys) != len(p.segs) {
		return false
	}
	for i := range keys {
		s := &p.segs[i]
		if s.key != nil && !sameKey(s.key, s.escaped, keys[i]) || s.key == nil && parseIndex(keys[i]) != s.index {
			return false
		}
	}
	return true
}

// Walker walks documents one after another with the same memory: its Walk allocates nothing once it has seen the
// deepest document. The zero Walker is ready. Not safe for concurrent use.
type Walker struct{ path Path }

// Walk calls f for every value of the one JSON value in b, in document order, a container before its members. The
// path is valid only during the call. A container's Raw is nil here, since its end is not known yet (Get gives it). f
// returning false ends the walk without an error, and what follows is not looked at. An error is a ErrSyntax or
// ErrDepth; f has then been called for everything before the mistake.
func (w *Walker) Walk(b []byte, f func(path *Path, v Value) bool) error {
	w.path.segs = w.path.segs[:0]
	end, more, err := w.value(b, skipSpace(b, 0), f)
	if err != nil || !more {
		return err
	}
	_, err = rest(b, end)
	return err
}

// Walk is Walker.Walk with a fresh Walker, which costs small allocations per call.
func Walk(b []byte, f func(path *Path, v Value) bool) error {
	var w Walker
	return w.Walk(b, f)
}

// value walks the value at i; more is false once f has had enough.
func (w *Walker) value(b []byte, i int, f func(*Path, Value) bool) (end int, more bool, err error) {
	if i >= len(b) {
		return i, false, ErrSyntax
	}
	switch b[i] {
	case '{':
		return w.container(b, i, Object, f)
	case '[':
		return w.container(b, i, Array, f)
	}
	v, end, ok := scanScalar(b, i)
	if !ok {
		return end, false, ErrSyntax
	}
	return end, f(&w.path, v), nil
}

func (w *Walker) container(b []byte, i int, kind Kind, f func(*Path, Value) bool) (end int, more bool, err error) {
	depth := len(w.path.segs)
	m, err := open(b, i, depth, kind)
	if err != nil {
		return i, false, err
	}
	if !f(&w.path, Value{Kind: kind}) {
		return i, false, nil
	}
	for {
		ok, err := m.next()
		if err != nil || !ok {
			return m.i, err == nil, err
		}
		w.path.segs = append(w.path.segs[:depth], m.segment())
		if m.i, more, err = w.value(b, m.i, f); err != nil || !more {
			return m.i, false, err
		}
		w.path.segs = w.path.segs[:depth]
	}
}

func (m *members) segment() segment {
	if m.kind == Array {
		return segment{index: m.index}
	}
	return segment{key: m.key, escaped: m.keyEscaped, index: -1}
}
