package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// row is one target and how far it is met.
type row struct {
	what     string
	measured string
	against  string
	ratio    float64
	unit     string  // behind the ratio: "x", "%", "MiB", …
	target   float64 // 0: none, the row is for comparison
	most     bool    // the target is an upper bound
}

func (r *row) verdict() string {
	switch {
	case r.target == 0:
		return ""
	case r.ratio == 0:
		return "not measured"
	case r.most == (r.ratio <= r.target) || r.ratio == r.target:
		return "met"
	}
	return "MISSED"
}

func (r *row) bound() string {
	switch {
	case r.target == 0:
		return ""
	case r.most:
		return fmt.Sprintf("<= %s", number(r.target, r.unit))
	}
	return fmt.Sprintf(">= %s", number(r.target, r.unit))
}

func number(v float64, unit string) string {
	digits := 2
	if v >= 100 {
		digits = 0
	}
	s := fmt.Sprintf("%.*f", digits, v)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s + unit
}

type table struct{ rows []row }

func (t *table) add(r row) { t.rows = append(t.rows, r) }

// print writes the table as Markdown that is also aligned for a terminal.
func (t *table) print(w io.Writer) {
	tw := tabwriter.NewWriter(w, 0, 1, 1, ' ', 0)
	fmt.Fprintln(tw, "| what\t| errwatch\t| against\t| ratio\t| target\t| \t|")
	fmt.Fprintln(tw, "|---\t|---\t|---\t|---\t|---\t|---\t|")
	for _, r := range t.rows {
		ratio := "-"
		if r.ratio != 0 {
			ratio = number(r.ratio, r.unit)
		}
		fmt.Fprintf(tw, "| %s\t| %s\t| %s\t| %s\t| %s\t| %s\t|\n", r.what, r.measured, r.against, ratio, r.bound(), r.verdict())
	}
	tw.Flush()
}

// rate shows a throughput by wall, and by CPU time.
func rate(bytes int64, s sample) string {
	if s.wall == 0 {
		return "not installed"
	}
	return fmt.Sprintf("%.0f MB/s, %.0f a CPU second", perSecond(bytes, s.wall), perSecond(bytes, s.cpu))
}

func mib(n int64) float64 { return float64(n) / (1 << 20) }
