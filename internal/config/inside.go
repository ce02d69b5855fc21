package config

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// walker goes through a scalar in the file and through its value in step, because the two differ: quotes are doubled,
// escapes are read, lines are folded. Where they disagree (a form that it does not know) it says so, and the caller
// points at the whole value instead of a wrong place in it.
type walker struct {
	doc   *document
	style yaml.Style
	line  int // from 1
	byte  int // in the line

	indent int // of a block scalar: bytes that each line begins with
}

// inside returns the place of the byte at of a scalar's value; at may be the value's length.
func (d *document) inside(n *yaml.Node, at int) (place, bool) {
	if n.Kind != yaml.ScalarNode || at < 0 || at > len(n.Value) {
		return place{}, false
	}
	w, ok := d.walk(n, at)
	if !ok {
		return place{}, false
	}
	return place{w.line, w.column(), 1}, true
}

// where is the place of a node: the whole token of a scalar or alias, the first key of a block, the bracket of a flow.
func (d *document) where(n *yaml.Node) place {
	p := place{n.Line, n.Column, 1}
	switch n.Kind {
	case yaml.AliasNode:
		p.width = 1 + utf8.RuneCountInString(n.Value)
	case yaml.ScalarNode:
		p.width = d.width(n)
	case yaml.MappingNode:
		if n.Style&yaml.FlowStyle == 0 && n.Anchor == "" && len(n.Content) > 0 && n.Content[0].Line == n.Line {
			p.width = d.where(n.Content[0]).width
		}
	}
	return p
}

// width is the length of a scalar's token in its first line, quotes included.
func (d *document) width(n *yaml.Node) int {
	w, ok := d.walk(n, len(n.Value))
	if !ok || w.line != n.Line {
		return max(1, utf8.RuneCountInString(d.rest(n)))
	}
	end := w.column()
	if quoted(n.Style) {
		end++
	}
	return max(1, end-n.Column)
}

// rest is what stands in a node's line from the node on.
func (d *document) rest(n *yaml.Node) string {
	return strings.TrimRight(d.line(n.Line)[d.byteOf(n.Line, n.Column):], " \t")
}

func quoted(s yaml.Style) bool { return s&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 }

func (w *walker) text() string { return w.doc.line(w.line)[w.byte:] }

func (w *walker) column() int { return w.doc.columnOf(w.line, w.byte) }

// walk goes to the byte at of a scalar's value.
func (d *document) walk(n *yaml.Node, at int) (*walker, bool) {
	w := &walker{doc: d, style: n.Style, line: n.Line, byte: d.byteOf(n.Line, n.Column)}
	w.skipProperties(n)
	if n.Style&yaml.LiteralStyle != 0 {
		return w, w.literal(n.Value, at)
	}
	if n.Style&yaml.FoldedStyle != 0 && !w.enterBlock(n.Value) {
		return w, false
	}
	if quoted(n.Style) {
		if len(w.text()) == 0 {
			return w, false
		}
		w.byte++
	}
	for i := 0; i < at; {
		used, ok := w.step(n.Value[i:])
		if !ok {
			return w, false
		}
		i += used
	}
	return w, true
}

// skipProperties passes an anchor and a tag that stand before the scalar.
func (w *walker) skipProperties(n *yaml.Node) {
	for n.Anchor != "" || n.Style&yaml.TaggedStyle != 0 {
		t := w.text()
		if t == "" || t[0] != '&' && t[0] != '!' {
			return
		}
		end := strings.IndexAny(t, " \t")
		if end < 0 {
			return
		}
		w.byte += end + len(t[end:]) - len(strings.TrimLeft(t[end:], " \t"))
	}
}

// step takes one character, escape or fold of the file and returns how many bytes of the value it stands for.
func (w *walker) step(value string) (used int, ok bool) {
	t := w.text()
	folded := w.style&yaml.FoldedStyle != 0
	if t == "" || !folded && strings.TrimLeft(t, " \t") == "" {
		return w.fold(value, folded)
	}
	stands, size := t[:runeLen(t)], runeLen(t)
	switch {
	case w.style&yaml.SingleQuotedStyle != 0 && t[0] == '\'':
		stands, size = "'", 2
	case w.style&yaml.DoubleQuotedStyle != 0 && t[0] == '\\':
		if strings.TrimRight(t, " \t") == `\` {
			return 0, w.nextLine(false)
		}
		stands, size = unescape(t)
	}
	if stands == "" || size > len(t) || !strings.HasPrefix(value, stands) {
		return 0, false
	}
	w.byte += size
	return len(stands), true
}

func runeLen(s string) int {
	_, n := utf8.DecodeRuneInString(s)
	return n
}

// fold passes a line's end and the empty lines after it: one break is a space, n more are n breaks. Lines of a folded
// block that are indented further keep all their breaks.
func (w *walker) fold(value string, block bool) (used int, ok bool) {
	breaks := 0
	for {
		if !w.nextLine(block) {
			return 0, false
		}
		breaks++
		if strings.TrimLeft(w.text(), " \t") != "" {
			break
		}
	}
	if breaks == 1 && strings.HasPrefix(value, " ") {
		return 1, true
	}
	n := len(value) - len(strings.TrimLeft(value, "\n"))
	if n == breaks || n == breaks-1 {
		return n, n > 0
	}
	return 0, false
}

// nextLine goes to the first character of the next line: behind all blanks, or in a block behind its indent.
func (w *walker) nextLine(block bool) bool {
	if w.line >= len(w.doc.lines) {
		return false
	}
	w.line++
	line := w.doc.line(w.line)
	blanks := len(line) - len(strings.TrimLeft(line, " \t"))
	if block {
		blanks = min(blanks, w.indent)
	}
	w.byte = blanks
	return true
}

// enterBlock goes to the first line of a block scalar and learns its indent from the first line that is not empty.
func (w *walker) enterBlock(value string) bool {
	first, _, _ := strings.Cut(strings.TrimLeft(value, "\n"), "\n")
	blanks := len(first) - len(strings.TrimLeft(first, " "))
	for w.nextLine(false) {
		if w.text() != "" {
			w.indent = w.byte - blanks
			w.byte = max(0, w.indent)
			return w.indent >= 0 && !strings.HasPrefix(value, "\n")
		}
	}
	return false
}

// literal goes to the byte at of a literal block, whose lines are those of the value behind an indent.
func (w *walker) literal(value string, at int) bool {
	before := strings.Count(value[:at], "\n")
	start := strings.LastIndexByte(value[:at], '\n') + 1
	w.line += 1 + before
	whole, _, _ := strings.Cut(value[start:], "\n")
	line := w.doc.line(w.line)
	if !strings.HasSuffix(line, whole) {
		return false
	}
	w.byte = len(line) - len(whole) + at - start
	return true
}

// unescape reads the escape at the start of a double-quoted text: what it stands for and how long it is.
func unescape(t string) (stands string, size int) {
	if len(t) < 2 {
		return "", 0
	}
	hex := map[byte]int{'x': 2, 'u': 4, 'U': 8}[t[1]]
	if hex > 0 {
		if len(t) < 2+hex {
			return "", 0
		}
		r, err := strconv.ParseUint(t[2:2+hex], 16, 32)
		if err != nil {
			return "", 0
		}
		return string(rune(r)), 2 + hex
	}
	const from, to = "0abtnvfre \"/\\N_LP\t", "\x00\a\b\t\n\v\f\r\x1b \"/\\\u0085\u00a0\u2028\u2029\t"
	i := strings.IndexByte(from, t[1])
	if i < 0 {
		return "", 0
	}
	return string([]rune(to)[i]), 2
}
