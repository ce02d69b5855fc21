package cli

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// column is one column of a table.
type column struct {
	head  string
	right bool // numbers stand to the right
	most  int  // cut after so many characters; 0: never
}

// writeTable writes rows under a head line, columns two blanks apart, no blank at a line's end.
func writeTable(w io.Writer, columns []column, rows [][]string) error {
	widths := make([]int, len(columns))
	for i, c := range columns {
		widths[i] = utf8.RuneCountInString(c.head)
	}
	for _, row := range rows {
		for i := range row {
			row[i] = shorten(safeLine(row[i]), columns[i].most)
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
		}
	}
	var b strings.Builder
	writeRow(&b, columns, widths, func(i int) string { return columns[i].head })
	for _, row := range rows {
		writeRow(&b, columns, widths, func(i int) string { return row[i] })
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func writeRow(b *strings.Builder, columns []column, widths []int, cell func(int) string) {
	var line strings.Builder
	for i, c := range columns {
		if i > 0 {
			line.WriteString("  ")
		}
		text := cell(i)
		pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(text))
		if c.right {
			line.WriteString(pad + text)
		} else {
			line.WriteString(text + pad)
		}
	}
	b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
}

// shorten cuts s after n characters, the last of them a mark that says so; n = 0 cuts nothing.
func shorten(s string, n int) string {
	if n == 0 || utf8.RuneCountInString(s) <= n {
		return s
	}
	r := []rune(s)
	return string(r[:n-1]) + "…"
}

// writeCSV writes a head line and rows. A cell that a spreadsheet would take for a formula gets an apostrophe before it.
func writeCSV(w io.Writer, head []string, rows [][]string) error {
	c := csv.NewWriter(w)
	if err := c.Write(head); err != nil {
		return err
	}
	for _, row := range rows {
		for i := range row {
			row[i] = inert(row[i])
		}
		if err := c.Write(row); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

// inert makes a cell harmless in a spreadsheet, where text that begins with one of these is a formula.
func inert(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		if _, err := strconv.ParseFloat(cell, 64); err != nil {
			return "'" + cell
		}
	}
	return cell
}

// number writes n with a comma between thousands.
func number(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// size writes a number of bytes in the largest binary unit below it.
func size(n int64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	f, u := float64(n), 0
	for f >= 1024 && u < len(units)-1 {
		f, u = f/1024, u+1
	}
	if u == 0 || f >= 100 {
		return fmt.Sprintf("%.0f %s", f, units[u])
	}
	return fmt.Sprintf("%.1f %s", f, units[u])
}

// plural writes "1 file", "2 files".
func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return number(int64(n)) + " " + word + "s"
}

// spark draws one bar for each value, the highest at full height; a value above 0 never looks like 0.
func spark(values []int64) string {
	bars := []rune("▁▂▃▄▅▆▇█")
	var top int64
	for _, v := range values {
		top = max(top, v)
	}
	out := make([]rune, len(values))
	for i, v := range values {
		out[i] = bars[0]
		if v > 0 {
			out[i] = bars[max(1, int((v*int64(len(bars)-1)+top/2)/top))]
		}
	}
	return string(out)
}
