package cli

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// safe makes text from outside harmless on a terminal: control characters (but for line feed and tab), the C1 range,
// characters that reverse or hide text, and bytes that are not UTF-8 are written as escapes.
func safe(s string) string {
	if !slices.ContainsFunc([]byte(s), func(b byte) bool { return b < ' ' && b != '\n' && b != '\t' || b >= 0x7f }) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case r == '\n' || r == '\t':
			b.WriteRune(r)
		case unicode.IsControl(r) && r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		case hidden(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteString(s[:n])
		}
		s = s[n:]
	}
	return b.String()
}

// hidden says whether a character is a control, or changes how its neighbours are shown: bidirectional overrides, zero
// width characters, line and paragraph separators, the byte order mark.
func hidden(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029'
}

// safeLine is safe for text that must stay on one line.
func safeLine(s string) string {
	return strings.NewReplacer("\n", `\n`, "\t", `\t`).Replace(safe(s))
}

// cells is how many columns of a terminal s takes.
func cells(s string) int {
	n := 0
	for _, r := range s {
		n += runeCells(r)
	}
	return n
}

// runeCells knows the scripts that take two columns, and marks that take none: the blocks of East Asian Width W and F
// (Unicode Standard Annex 11) that occur in log lines. What it does not know takes one.
func runeCells(r rune) int {
	switch {
	case r < 0x300 || r >= 0xff61 && r <= 0xffdc: // the second are the half-width forms
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me):
		return 0
	case unicode.In(r, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana),
		r >= 0x3000 && r <= 0x303e, r >= 0xff01 && r <= 0xff60, r >= 0xffe0 && r <= 0xffe6, r >= 0x1f300 && r <= 0x1faff:
		return 2
	}
	return 1
}

// shorten cuts s to n columns, the last of them a mark that says so; n = 0 cuts nothing.
func shorten(s string, n int) string {
	if n <= 0 || cells(s) <= n {
		return s
	}
	var b strings.Builder
	room := n - 1
	for _, r := range s {
		if room -= runeCells(r); room < 0 {
			break
		}
		b.WriteRune(r)
	}
	return b.String() + "…"
}

// shortenLeft cuts s to n columns from its beginning: the end of a path says more.
func shortenLeft(s string, n int) string {
	if n <= 0 || cells(s) <= n {
		return s
	}
	r := []rune(s)
	from, room := len(r), n-1
	for from > 0 && room >= runeCells(r[from-1]) {
		from--
		room -= runeCells(r[from])
	}
	return "…" + string(r[from:])
}

// wrap breaks s at blanks into lines of at most width columns, as far as its words are that short; 0 breaks nothing.
func wrap(s string, width int) []string {
	if width <= 0 || cells(s) <= width {
		return []string{s}
	}
	var lines []string
	line := ""
	for word := range strings.SplitSeq(s, " ") {
		switch {
		case line == "":
			line = word
		case cells(line)+1+cells(word) <= width:
			line += " " + word
		default:
			lines, line = append(lines, line), word
		}
	}
	return append(lines, line)
}

// row is one labelled line of a block.
type row struct{ label, text string }

// formatRows writes rows with their texts under each other, behind so many blanks. A text that does not fit into width
// columns goes on in the next line, under itself; 0: it never breaks. Rows without a text are left out. Texts are made
// safe here.
func formatRows(indent, width int, rows []row) string {
	label := 0
	for _, r := range rows {
		if r.text != "" {
			label = max(label, cells(safeLine(r.label)))
		}
	}
	room := 0
	if width > 0 {
		room = max(width-indent-label-2, 20)
	}
	var b strings.Builder
	for _, r := range rows {
		if r.text == "" {
			continue
		}
		head := safeLine(r.label)
		for _, line := range wrap(safeLine(r.text), room) {
			text := strings.Repeat(" ", indent) + head + strings.Repeat(" ", label-cells(head)+2) + line
			b.WriteString(strings.TrimRight(text, " ") + "\n")
			head = ""
		}
	}
	return b.String()
}
