package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// printTable writes a column for each case, as Markdown that is also aligned for a terminal.
func printTable(w io.Writer, cases []string, results []result, rate int) {
	rows := [][]string{{"each event counts in"}, {"groups"}, {"counting an event"}, {"events/s on one core"},
		{fmt.Sprintf("share of a core at %d events/s, all in", rate)}, {"live heap"}, {"peak RSS"}, {"state on disk"},
		{"commit, p50 / p99 / max"}, {"reading held up before it"}, {"restart"}}
	for i, r := range results {
		share := r.CPU.Seconds() * float64(rate) * 100
		for at, cell := range []string{
			cases[i] + " of the rules", fmt.Sprint(r.Groups), r.Wall.String(), fmt.Sprintf("%.0f", 1/max(r.CPU.Seconds(), 1e-9)),
			fmt.Sprintf("%.1f %%", share), mib(int64(r.Heap)), mib(r.RSS), mib(r.Disk), r.Commit.String(), r.Locked.String(),
			fmt.Sprintf("%d ms", r.Restart.Milliseconds()),
		} {
			rows[at] = append(rows[at], cell)
		}
	}
	widths := make([]int, len(results)+1)
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], len(cell))
		}
	}
	for i, row := range rows {
		printRow(w, widths, row)
		if i == 0 {
			rule := make([]string, len(row))
			for c := range rule {
				rule[c] = strings.Repeat("-", widths[c])
			}
			printRow(w, widths, rule)
		}
	}
}

func printRow(w io.Writer, widths []int, row []string) {
	for i, cell := range row {
		fmt.Fprintf(w, "| %-*s ", widths[i], cell)
	}
	fmt.Fprintln(w, "|")
}

func mib(n int64) string { return fmt.Sprintf("%.0f MiB", float64(n)/(1<<20)) }

func (q quantiles) String() string {
	ms := func(d time.Duration) string { return fmt.Sprintf("%.1f", float64(d.Microseconds())/1000) }
	return ms(q.P50) + " / " + ms(q.P99) + " / " + ms(q.Max) + " ms"
}
