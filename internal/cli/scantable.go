package cli

import (
	"fmt"

	"github.com/errwatch/errwatch/internal/app"
)

const (
	nameLeast = 20 // columns of a name that must be left of it on a narrow terminal
	nameGood  = 32 // tells the names of a family apart: before it is cut further, the hours are drawn two to a bar
)

// unknownName stands for the name of a code that no catalogue knows.
const unknownName = "(not in the catalogue)"

// scanTable writes the table, one row a code, and the sum. Sources get a column where there is more than one, hours
// where the lines have times.
func (v *voice) scanTable(r *app.ScanResult, o *app.ScanOptions) error {
	switch {
	case r.Files == 0:
		return nil // nothing could be read, which is told as errors
	case len(r.Events) == 0:
		_, err := fmt.Fprintf(v.out, "no %s in %s, %s\n", wantedText(o), plural(int64(r.Files), "file"), plural(r.Lines, "line"))
		return err
	}
	t := newScanTable(r)
	t.pairs = v.outWidth > 0 && t.widthWith(nameGood) > v.outWidth
	rows := make([][]string, 0, len(r.Events)+1)
	for i := range r.Events {
		rows = append(rows, t.row(&r.Events[i]))
	}
	rows = append(rows, t.sumRow(r.Files))
	return writeTable(v.out, v.outWidth, t.columns(), rows)
}

// wantedText says what was looked for.
func wantedText(o *app.ScanOptions) string {
	if len(o.Codes) > 0 || !o.Since.IsZero() || !o.Until.IsZero() {
		return "such errors"
	}
	return "errors"
}

// scanTable is which columns the table of a scan has.
type scanTable struct {
	several bool // sources
	dated   bool
	pairs   bool // one bar for two hours
	sum     int64
}

func newScanTable(r *app.ScanResult) scanTable {
	t := scanTable{several: manySources(r.Events)}
	for i := range r.Events {
		t.dated = t.dated || r.Events[i].Hours != [24]int64{}
		t.sum += r.Events[i].Count
	}
	return t
}

func (t *scanTable) columns() []column {
	columns := []column{{head: "CODE"}, {head: "NAME", least: nameLeast}, {head: "COUNT", right: true}}
	if t.several {
		columns = append([]column{{head: "SOURCE", least: 8}}, columns...)
	}
	switch {
	case t.dated && t.pairs:
		columns = append(columns, column{head: "00 TO 23 UTC"})
	case t.dated:
		columns = append(columns, column{head: "BY HOUR, 00 TO 23 UTC"})
	default:
		columns = append(columns, column{}) // for the text of the sum alone
	}
	return columns
}

// widthWith is how wide the table is at least with names of so many columns and a bar for each hour.
func (t *scanTable) widthWith(name int) int {
	widths := []int{len("CODE"), name, max(len("COUNT"), len(number(t.sum)))}
	if t.several {
		widths = append(widths, 8)
	}
	if t.dated {
		widths = append(widths, 24)
	}
	return tableWidth(widths)
}

func (t *scanTable) row(e *app.Tally) []string {
	row := []string{e.Code, orElse(e.Name, unknownName), number(e.Count)}
	if t.several {
		row = append([]string{e.Source}, row...)
	}
	if !t.dated {
		return append(row, "")
	}
	return append(row, spark(t.bars(e)))
}

func (t *scanTable) bars(e *app.Tally) []int64 {
	if !t.pairs {
		return e.Hours[:]
	}
	pairs := make([]int64, 0, 12)
	for h := 0; h < len(e.Hours); h += 2 {
		pairs = append(pairs, e.Hours[h]+e.Hours[h+1])
	}
	return pairs
}

// sumRow stands below the counts.
func (t *scanTable) sumRow(files int) []string {
	columns := t.columns()
	row := make([]string, len(columns))
	for i, c := range columns {
		if c.right {
			row[i] = number(t.sum)
		}
	}
	row[len(row)-1] = "in " + plural(int64(files), "file")
	return row
}

func manySources(events []app.Tally) bool {
	for i := range events {
		if events[i].Source != events[0].Source {
			return true
		}
	}
	return false
}
