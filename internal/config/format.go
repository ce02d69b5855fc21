package config

import (
	"fmt"
	"strings"
	"unicode"
)

// excerptWidth is how many columns of a line are shown: with the gutter, 80 in all.
const excerptWidth = 71

// Format writes problems as a compiler does: place, message, the line with a caret under what is meant, a hint. What
// comes from the file is made safe for a terminal. Each problem ends in a newline; no problems are no text.
func Format(ps []Problem) string {
	var b strings.Builder
	for _, p := range ps {
		p.format(&b)
	}
	return b.String()
}

// String is the first line of what Format writes: file:line:col: severity: message.
func (p Problem) String() string {
	s := p.Severity + ": " + safe(p.Message)
	switch {
	case p.Line > 0:
		return fmt.Sprintf("%s:%d:%d: %s", safe(p.File), p.Line, p.Col, s)
	case p.File != "":
		return safe(p.File) + ": " + s
	}
	return s
}

func (p Problem) format(b *strings.Builder) {
	b.WriteString(p.String())
	b.WriteByte('\n')
	if p.Line > 0 {
		text, before, under := p.cut()
		fmt.Fprintf(b, "%5d | %s\n", p.Line, text)
		fmt.Fprintf(b, "      | %s%s\n", strings.Repeat(" ", before), strings.Repeat("^", under))
	}
	if p.Hint != "" {
		fmt.Fprintf(b, "  hint: %s\n", safe(p.Hint))
	}
}

// cut returns the part of the line around the caret as it is shown, how many columns stand before the caret, and how
// many it takes.
func (p Problem) cut() (text string, before, under int) {
	cells := cellsOf(p.Excerpt)
	from := min(max(p.Col-max(p.Start, 1), 0), len(cells))
	to := min(from+max(p.Width, 1), len(cells))
	first, last := window(cells, from, to)
	if first > 0 || p.Start > 1 {
		text, before = "…", 1
	}
	for i := first; i < last; i++ {
		text += cells[i].text
		switch {
		case i < from:
			before += cells[i].width
		case i < to:
			under += cells[i].width
		}
	}
	if last < len(cells) {
		text += "…"
	}
	return strings.TrimRight(text, " "), before, max(under, 1)
}

// window chooses which cells are shown: from the line's start if what is meant fits in, else as much as fits around it,
// with a third of the room behind it where the line goes on.
func window(cells []cell, from, to int) (first, last int) {
	if widthOf(cells[:to]) < excerptWidth {
		return 0, fit(cells, 0, excerptWidth)
	}
	behind := min(widthOf(cells[to:]), excerptWidth/3)
	first = from
	for room := excerptWidth - 2 - behind - widthOf(cells[from:to]); first > 0 && room >= cells[first-1].width; first-- {
		room -= cells[first-1].width
	}
	return first, fit(cells, first, excerptWidth-1)
}

// fit returns the end of the longest run of cells from first that takes at most room columns.
func fit(cells []cell, first, room int) int {
	i := first
	for ; i < len(cells) && room > 0; i++ {
		room -= cells[i].width
	}
	if room < 0 || i < len(cells) {
		i-- // leave one column for the sign that something was cut off
	}
	return max(i, first)
}

// cell is one character as it is shown.
type cell struct {
	text  string
	width int // in columns
}

func cellsOf(line string) []cell {
	cells := make([]cell, 0, len(line))
	for _, r := range line {
		text := shown(r)
		w := len(text)
		if text == string(r) {
			w = columns(r)
		}
		cells = append(cells, cell{text, w})
	}
	return cells
}

func widthOf(cells []cell) int {
	n := 0
	for _, c := range cells {
		n += c.width
	}
	return n
}

// shown is a character as it may reach a terminal: control, format (which turn the direction of writing) and private
// ones are escaped, bytes that are no UTF-8 become U+FFFD.
func shown(r rune) string {
	switch {
	case r == '\t':
		return `\t`
	case r < 0x80 && !unicode.IsPrint(r):
		return fmt.Sprintf(`\x%02x`, r)
	case unicode.IsPrint(r):
		return string(r)
	case r <= 0xffff:
		return fmt.Sprintf(`\u%04x`, r)
	}
	return fmt.Sprintf(`\U%08x`, r)
}

func safe(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		b.WriteString(shown(r))
	}
	return b.String()
}

// columns is how many columns of a terminal a printable character takes.
func columns(r rune) int {
	switch {
	case r < 0x300:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me):
		return 0
	case unicode.In(r, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana),
		r >= 0xff01 && r <= 0xff60, r >= 0x3000 && r <= 0x303f, r >= 0x1f300 && r <= 0x1faff:
		return 2
	}
	return 1
}
