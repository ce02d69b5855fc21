package cli

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
)

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

// inert makes a cell harmless in a spreadsheet, where text that begins with one of these is a formula, also behind
// blanks and line ends. Characters that a terminal would obey are escaped: people look at CSV there, too.
func inert(cell string) string {
	cell = safeLine(cell)
	if first := strings.TrimLeft(cell, " \u00a0"); first != "" && strings.ContainsRune("=+-@", rune(first[0])) {
		if _, err := strconv.ParseFloat(cell, 64); err != nil {
			return "'" + cell
		}
	}
	return cell
}
