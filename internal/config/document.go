package config

import (
	"strings"
	"sync"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// document is a file as it was read: its lines for excerpts, its nodes for positions.
type document struct {
	file    string
	lines   []string          // without their ends, and without a byte order mark
	ascii   []bool            // which lines hold nothing else: in these a column is a byte, however long they are
	root    *yaml.Node        // nil where the file holds nothing
	outside map[string]origin // the settings that the environment or a flag gave

	mu     sync.Mutex
	merged map[*yaml.Node][]pair // mapping -> its keys, once somebody asked
}

// pair is one key of a mapping with its value.
type pair struct{ key, value *yaml.Node }

// place is a run of characters in one line; both count from 1, a width of 0 stands for an unknown one.
type place struct{ line, col, width int }

// maxAliases bounds how many aliases may stand for each other in a row.
const maxAliases = 16

// splitLines cuts at what YAML calls a line break, so that line numbers agree with those of the nodes.
func splitLines(text string) []string {
	text = strings.TrimPrefix(text, "\ufeff")
	var lines []string
	start := 0
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		switch r {
		case '\r':
			if strings.HasPrefix(text[i:], "\r\n") {
				n = 2
			}
			fallthrough
		case '\n', '\u0085', '\u2028', '\u2029':
			lines = append(lines, text[start:i])
			start = i + n
		}
		i += n
	}
	return append(lines, text[start:])
}

// real follows an alias to the node that it stands for.
func real(n *yaml.Node) *yaml.Node {
	for i := 0; n != nil && n.Kind == yaml.AliasNode && i < maxAliases; i++ {
		n = n.Alias
	}
	return n
}

// pairs lists the keys of a mapping, those merged in by `<<` last: a key that the mapping gives itself wins. The result
// is kept: without that a few lines of mappings that merge each other would take for ever.
func (d *document) pairs(n *yaml.Node) []pair {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.merged == nil {
		d.merged = map[*yaml.Node][]pair{}
	}
	return d.merge(n)
}

func (d *document) merge(n *yaml.Node) []pair {
	if known, ok := d.merged[n]; ok {
		return known
	}
	d.merged[n] = nil // what a mapping that merges itself finds
	var own, others []pair
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if isMerge(k) {
			others = append(others, d.merging(v)...)
			continue
		}
		own = append(own, pair{k, v})
		seen[k.Value] = true
	}
	for _, p := range others {
		if !seen[p.key.Value] {
			seen[p.key.Value] = true
			own = append(own, p)
		}
	}
	d.merged[n] = own
	return own
}

func isMerge(key *yaml.Node) bool { return key.Kind == yaml.ScalarNode && key.ShortTag() == "!!merge" }

// merging lists what the value of a `<<` brings: the keys of a mapping, or of each mapping of a list.
func (d *document) merging(v *yaml.Node) []pair {
	v = real(v)
	switch {
	case v == nil:
		return nil
	case v.Kind == yaml.MappingNode:
		return d.merge(v)
	case v.Kind != yaml.SequenceNode:
		return nil
	}
	var all []pair
	for _, c := range v.Content {
		if c = real(c); c != nil && c.Kind == yaml.MappingNode {
			all = append(all, d.merge(c)...)
		}
	}
	return all
}

// key is the last step of a path that means a key itself and not its value.
type key string

// Key as the last step of a path means the key itself, not its value.
func Key(name string) any { return key(name) }

// find follows a path of keys and indices as far as the file has it. whole says that it was followed to its end.
func (d *document) find(path []any) (n *yaml.Node, whole bool) {
	if d == nil || d.root == nil {
		return nil, false
	}
	n = d.root
	for _, step := range path {
		next := d.stepTo(real(n), step)
		if next == nil {
			return n, false
		}
		n = next
	}
	return n, true
}

func (d *document) stepTo(n *yaml.Node, step any) *yaml.Node {
	if n == nil {
		return nil
	}
	switch s := step.(type) {
	case int:
		if n.Kind == yaml.SequenceNode && s >= 0 && s < len(n.Content) {
			return n.Content[s]
		}
	case string:
		if p, ok := d.lookup(n, s); ok {
			return p.value
		}
	case key:
		if p, ok := d.lookup(n, string(s)); ok {
			return p.key
		}
	}
	return nil
}

func (d *document) lookup(n *yaml.Node, name string) (pair, bool) {
	if n.Kind != yaml.MappingNode {
		return pair{}, false
	}
	for _, p := range d.pairs(n) {
		if p.key.Kind == yaml.ScalarNode && p.key.Value == name {
			return p, true
		}
	}
	return pair{}, false
}

// byteOf turns a column of a line (characters, from 1) into an offset in bytes, at most the line's length.
func (d *document) byteOf(line, col int) int {
	text := d.line(line)
	if d.isASCII(line) {
		return min(max(col-1, 0), len(text))
	}
	return byteOf(text, col)
}

// columnOf is the reverse.
func (d *document) columnOf(line, offset int) int {
	if d.isASCII(line) {
		return offset + 1
	}
	return utf8.RuneCountInString(d.line(line)[:offset]) + 1
}

func (d *document) isASCII(line int) bool {
	return line >= 1 && line <= len(d.ascii) && d.ascii[line-1]
}

// byteOf turns a column of a text into an offset in bytes.
func byteOf(text string, col int) int {
	for i := range text {
		if col <= 1 {
			return i
		}
		col--
	}
	return len(text)
}

// line returns the text of a line, "" outside the file.
func (d *document) line(n int) string {
	if d == nil || n < 1 || n > len(d.lines) {
		return ""
	}
	return d.lines[n-1]
}
