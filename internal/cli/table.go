package cli

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

// column is one column of a table.
type column struct {
	head  string
	right bool // numbers stand to the right
	least int  // may be cut down to so many characters where the table is too wide; 0: never
	tail  bool // cut at the beginning: the end says more
}

const gap = "  " // between columns

// writeTable writes rows under a head line, no blank at a line's end, in at most width columns of the terminal as far as
// columns may be cut; 0: nothing is cut. Cells are made safe here.
func writeTable(w io.Writer, width int, columns []column, rows [][]string) error {
	widths := make([]int, len(columns))
	for i, c := range columns {
		widths[i] = cells(c.head)
	}
	for _, row := range rows {
		for i := range row {
			row[i] = safeLine(row[i])
			widths[i] = max(widths[i], cells(row[i]))
		}
	}
	narrow(columns, widths, width)
	heads := make([]string, len(columns))
	for i, c := range columns {
		heads[i] = c.head
	}
	var b strings.Builder
	writeRow(&b, columns, widths, heads)
	for _, row := range rows {
		writeRow(&b, columns, widths, row)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// narrow takes columns away, always from the widest one that may be cut, until the table fits.
func narrow(columns []column, widths []int, width int) {
	if width <= 0 {
		return
	}
	for tableWidth(widths) > width {
		widest := -1
		for i, c := range columns {
			if c.least > 0 && widths[i] > c.least && (widest < 0 || widths[i] > widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			return
		}
		widths[widest]--
	}
}

func tableWidth(widths []int) int {
	n := len(gap) * (len(widths) - 1)
	for _, w := range widths {
		n += w
	}
	return n
}

func writeRow(b *strings.Builder, columns []column, widths []int, row []string) {
	var line strings.Builder
	for i, c := range columns {
		if i > 0 {
			line.WriteString(gap)
		}
		text := shorten(row[i], widths[i])
		if c.tail {
			text = shortenLeft(row[i], widths[i])
		}
		pad := strings.Repeat(" ", widths[i]-cells(text))
		if c.right {
			line.WriteString(pad + text)
		} else {
			line.WriteString(text + pad)
		}
	}
	b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
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
func plural(n int64, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return number(n) + " " + word + "s"
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
			out[i] = bars[max(1, int((float64(v)*float64(len(bars)-1))/float64(top)+0.5))]
		}
	}
	return string(out)
}
