package jsonscan

import "strings"

// Get returns the value at the path, given as keys; array elements by their index ("0"). Where a key stands twice the
// first counts. What follows the value is not looked at, and b need not be JSON there; where b breaks before the
// value, ok is false. No allocation.
func Get(b []byte, path ...string) (v Value, ok bool) {
	i := skipSpace(b, 0)
	for depth, key := range path {
		if i = find(b, i, depth, key); i < 0 {
			return Value{}, false
		}
	}
	v, _, err := skipValue(b, i, len(path))
	return v, err == nil
}

// find returns where the value of key starts in the container at i, -1 where there is none.
func find(b []byte, i, depth int, key string) int {
	if i >= len(b) || b[i] != '{' && b[i] != '[' {
		return -1
	}
	kind, index := Object, -1
	if b[i] == '[' {
		if kind, index = Array, parseIndex(key); index < 0 {
			return -1
		}
	}
	m, err := open(b, i, depth, kind)
	for err == nil {
		more, nerr := m.next()
		if nerr != nil || !more {
			return -1
		}
		if kind == Array && m.index == index || kind == Object && sameKey(m.key, m.keyEscaped, key) {
			return m.i
		}
		_, m.i, err = skipValue(b, m.i, depth+1)
	}
	return -1
}

// parseIndex reads an array index as people write it, -1 for anything else.
func parseIndex(key string) int {
	if key == "" || len(key) > 6 || key[0] == '0' && key != "0" {
		return -1
	}
	n := 0
	for i := range len(key) {
		if key[i]-'0' > 9 {
			return -1
		}
		n = n*10 + int(key[i]-'0')
	}
	return n
}

// Getter takes the values of many paths out of a document in one pass. It is immutable and safe for concurrent use.
//
// A path is dotted: "err.code" is the member code of the member err; a number also indexes an array ("errors.0.code").
// "err.code" also finds the flat spelling {"err.code": …} that some loggers write; where both stand, the first in the
// document counts, as the first of two equal keys does.
//
// Where a path asks for something inside a string (the path "msg.code" and {"msg": "{\"code\":4009}"}), and the string
// holds a JSON object, the path goes on in there.
type Getter struct {
	nodes []node
	paths int
}

// node is one place in the trie of all paths.
type node struct {
	outs     []int // the paths that end here
	children []child
	keyBits  uint64 // which keyBit occur among the children: most members of a line are no child
}

type child struct {
	key   string
	index int // the key as an array index, -1 where it is none
	node  int
}

// maxFlat bounds how many keys of a path may be written flat: a path of n keys has 2^(n-1) spellings.
const maxFlat = 4

// NewGetter compiles the paths. An empty path is the document itself.
func NewGetter(paths []string) *Getter {
	g := &Getter{nodes: make([]node, 1), paths: len(paths)}
	for out, path := range paths {
		if path == "" {
			g.nodes[0].outs = append(g.nodes[0].outs, out)
			continue
		}
		g.add(0, strings.Split(path, "."), out)
	}
	for i := range g.nodes {
		for _, c := range g.nodes[i].children {
			g.nodes[i].keyBits |= 1 << keyBit(c.key)
		}
	}
	return g
}

// add enters the keys below the node, in every mixture of nested and flat spelling.
func (g *Getter) add(at int, keys []string, out int) {
	flat := len(keys)
	if flat > maxFlat {
		flat = 1
	}
	for n := 1; n <= flat; n++ {
		next := g.child(at, strings.Join(keys[:n], "."))
		if n == len(keys) {
			g.nodes[next].outs = append(g.nodes[next].outs, out)
			continue
		}
		g.add(next, keys[n:], out)
	}
}

func (g *Getter) child(at int, key string) int {
	for _, c := range g.nodes[at].children {
		if c.key == key {
			return c.node
		}
	}
	g.nodes = append(g.nodes, node{})
	next := len(g.nodes) - 1
	g.nodes[at].children = append(g.nodes[at].children, child{key: key, index: parseIndex(key), node: next})
	return next
}

// Get fills out, which has one place per path, with the values found; a place whose Kind is 0 is absent. Strings that
// hold JSON are unescaped into scratch, which is returned for the next call; values may point into it, so they stay
// valid until both b and scratch are used again. No allocation once scratch is long enough.
//
// The whole of b is checked. On an error (ErrSyntax, ErrDepth) the values that stand before the mistake are in out.
func (g *Getter) Get(b []byte, out []Value, scratch []byte) (scratch2 []byte, err error) {
	clear(out[:g.paths])
	r := reader{g: g, out: out, scratch: scratch}
	end, err := r.value(b, skipSpace(b, 0), 0, 0)
	if err == nil {
		_, err = rest(b, end)
	}
	return r.scratch, err
}

// reader is one pass of a Getter.
type reader struct {
	g       *Getter
	out     []Value
	scratch []byte
}

// value reads the value at i, which stands at node n.
func (r *reader) value(b []byte, i, depth, n int) (end int, err error) {
	var v Value
	at := &r.g.nodes[n]
	switch {
	case len(at.children) == 0 || i >= len(b):
		v, end, err = skipValue(b, i, depth)
	case b[i] == '{':
		end, err = r.container(b, i, depth, at, Object)
		v = Value{Kind: Object}
	case b[i] == '[':
		end, err = r.container(b, i, depth, at, Array)
		v = Value{Kind: Array}
	default:
		v, end, err = skipValue(b, i, depth)
	}
	if err != nil {
		return end, err
	}
	if v.Raw == nil && v.Kind >= Object {
		v.Raw = b[i:end:end]
	}
	for _, o := range at.outs {
		if r.out[o].Kind == 0 {
			r.out[o] = v
		}
	}
	if v.Kind == String && len(at.children) > 0 {
		r.inside(v, depth, n)
	}
	return end, nil
}

// container reads an object or array some of whose members are asked for.
func (r *reader) container(b []byte, i, depth int, at *node, kind Kind) (end int, err error) {
	m, err := open(b, i, depth, kind)
	if err != nil {
		return i, err
	}
	var seen seenSet
	for {
		more, err := m.next()
		if err != nil || !more {
			return m.i, err
		}
		next := at.match(&m, &seen)
		if next < 0 {
			_, m.i, err = skipValue(b, m.i, depth+1)
		} else {
			m.i, err = r.value(b, m.i, depth+1, next)
		}
		if err != nil {
			return m.i, err
		}
	}
}

// keyBit is a cheap hash of a key, 0 to 63.
func keyBit[T string | []byte](key T) int {
	if len(key) == 0 {
		return 0
	}
	return (len(key)*8 + int(key[0])) & 63
}

// match returns the node that the current member stands for, -1 where no path asks for it or an equal key came before.
func (at *node) match(m *members, seen *seenSet) int {
	if m.kind == Array {
		return at.element(m.index)
	}
	if !m.keyEscaped && at.keyBits>>keyBit(m.key)&1 == 0 {
		return -1
	}
	for c := range at.children {
		ch := &at.children[c]
		if m.keyEscaped && sameKey(m.key, true, ch.key) || !m.keyEscaped && string(m.key) == ch.key {
			if seen.add(c) {
				return -1
			}
			return ch.node
		}
	}
	return -1
}

// element returns the node of an array's element, -1 where no path asks for it.
func (at *node) element(index int) int {
	for c := range at.children {
		if at.children[c].index == index {
			return at.children[c].node
		}
	}
	return -1
}

// inside goes on in a string that holds a JSON object. Text that merely begins like one yields nothing, rather than
// half of what it seems to say.
func (r *reader) inside(v Value, depth, n int) {
	if i := skipSpace(v.Raw, 0); i == len(v.Raw) || v.Raw[i] != '{' {
		return
	}
	text, scratch, _ := v.Text(r.scratch)
	if !LooksLikeObject(text) {
		return
	}
	r.scratch = scratch
	start := skipSpace(text, 0)
	if _, end, err := skipValue(text, start, depth+1); err != nil || skipSpace(text, end) != len(text) {
		return
	}
	_, _ = r.value(text, start, depth+1, n)
}

// seenSet notes which of a node's children have come up in one object.
type seenSet struct {
	low  uint64
	rest map[int]bool // only where a node has more than 64 children
}

// add notes child c and tells whether it was there already.
func (s *seenSet) add(c int) bool {
	if c < 64 {
		was := s.low>>c&1 == 1
		s.low |= 1 << c
		return was
	}
	if s.rest == nil {
		s.rest = make(map[int]bool)
	}
	was := s.rest[c]
	s.rest[c] = true
	return was
}
