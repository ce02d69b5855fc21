package cli

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/errwatch/errwatch/internal/app"
)

type scanFlags struct {
	since, until string
	codes        []string
	unmatched    int
	progress     bool
	workers      int
}

func newScan(w World, v *voice) *cobra.Command {
	var f scanFlags
	c := &cobra.Command{
		Use:   "scan PATH…|-",
		Short: "count errors in log files once",
		Long: `Counts the errors in log files once, and prints. Files may be plain, gzip or zstd, whatever their name; a folder
stands for its *.log; - is standard input. The table goes to standard output, everything else to standard error.

Times for --since and --until: 2026-11-20, 2026-11-20T10:15, 10:15 (today), 90m or 7d (ago), today, yesterday.`,
		Example: "  errwatch scan /var/log/meeting/*\n  zcat old.log.gz | errwatch scan -\n  errwatch scan --since 7d --code capacity -o json /var/log/meeting",
		Args:    cobra.MinimumNArgs(1),
	}
	path := configFlag(c)
	output := outputFlag(c)
	c.Flags().StringVar(&f.since, "since", "", "only events from this time on")
	c.Flags().StringVar(&f.until, "until", "", "only events before this time")
	c.Flags().StringSliceVar(&f.codes, "code", nil, "only these codes, names or categories")
	c.Flags().IntVar(&f.unmatched, "unmatched", 0, "show so many lines at error level that match no pattern")
	c.Flags().BoolVar(&f.progress, "progress", false, "tell the progress where standard error is no terminal, too: a line every 30 s")
	c.Flags().IntVar(&f.workers, "workers", runtime.GOMAXPROCS(0), "files read side by side")
	_ = c.RegisterFlagCompletionFunc("code", completeCodes) // fails only for an unknown flag
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := checkOutput(*output); err != nil {
			return err
		}
		o, err := f.options(w, args, time.Now())
		if err != nil {
			return err
		}
		plan, err := loadPlan(w, v, *path, nil, nil)
		if err != nil {
			return err
		}
		return v.scan(c, plan, o, *output, f.progress)
	}
	return c
}

func (f *scanFlags) options(w World, args []string, now time.Time) (app.ScanOptions, error) {
	o := app.ScanOptions{
		Paths: args, Stdin: w.Stdin, Codes: f.codes, Unmatched: f.unmatched, Workers: f.workers, Progress: &app.Progress{}, Now: time.Now,
	}
	var err error
	if o.Since, err = parseTime("--since", f.since, now); err != nil {
		return o, err
	}
	if o.Until, err = parseTime("--until", f.until, now); err != nil {
		return o, err
	}
	if !o.Since.IsZero() && !o.Until.IsZero() && !o.Since.Before(o.Until) {
		return o, usage(errors.New("--since is not before --until"), "")
	}
	return o, nil
}

func (v *voice) scan(c *cobra.Command, plan *app.Plan, o app.ScanOptions, output string, lines bool) error {
	bar := v.startBar(o.Progress, lines)
	r, err := plan.Scan(c.Context(), o)
	took := bar.finish()
	if err != nil {
		return err
	}
	if err := v.writeScan(r, output); err != nil {
		return err
	}
	if output == "table" {
		v.talkScan(r, o, took)
	}
	for _, f := range r.Failed {
		v.errorf("%s", f.Err)
	}
	if len(r.Failed) > 0 {
		return told(exitFailed)
	}
	return nil
}

func (v *voice) writeScan(r *app.ScanResult, output string) error {
	switch output {
	case "json":
		return writeScanJSON(v.out, r)
	case "csv":
		rows := make([][]string, len(r.Events))
		for i, e := range r.Events {
			rows[i] = []string{e.Source, e.Code, e.Name, e.Category, fmt.Sprint(e.Count), stamp(e.First), stamp(e.Last)}
		}
		return writeCSV(v.out, []string{"source", "code", "name", "category", "count", "first", "last"}, rows)
	}
	return v.scanTable(r)
}

// scanTable writes the table, one row a code, and the sum. Sources get a column where there is more than one.
func (v *voice) scanTable(r *app.ScanResult) error {
	if len(r.Events) == 0 {
		_, err := fmt.Fprintf(v.out, "no errors in %s, %s\n", plural(r.Files, "file"), plural(int(r.Lines), "line"))
		return err
	}
	several, dated := manySources(r.Events), false
	var sum int64
	for _, e := range r.Events {
		dated = dated || e.Hours != [24]int64{}
		sum += e.Count
	}
	columns := []column{{head: "CODE"}, {head: "NAME", most: 43}, {head: "COUNT", right: true}}
	if several {
		columns = append([]column{{head: "SOURCE", most: 20}}, columns...)
	}
	if dated {
		columns = append(columns, column{head: "BY HOUR, 00 TO 23 UTC"})
	}
	rows := make([][]string, 0, len(r.Events)+1)
	for _, e := range r.Events {
		rows = append(rows, scanRow(&e, several, dated))
	}
	rows = append(rows, sumRow(columns, sum, r.Files))
	return writeTable(v.out, columns, rows)
}

func scanRow(e *app.Tally, several, dated bool) []string {
	name := e.Name
	if name == "" {
		name = "(not in the catalogue)"
	}
	row := []string{e.Code, name, number(e.Count)}
	if several {
		row = append([]string{e.Source}, row...)
	}
	if dated {
		row = append(row, spark(e.Hours[:]))
	}
	return row
}

// sumRow stands below the counts.
func sumRow(columns []column, sum int64, files int) []string {
	row := make([]string, len(columns))
	for i, c := range columns {
		if c.right {
			row[i] = number(sum)
		}
	}
	in := "in " + plural(files, "file")
	if last := len(row) - 1; row[last] == "" {
		row[last] = in
	} else {
		row[last-1] = in
	}
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

// talkScan says what the table does not: what the rules would have done, what was not counted, and what to do next.
func (v *voice) talkScan(r *app.ScanResult, o app.ScanOptions, took time.Duration) {
	v.sayf("")
	for _, a := range r.Fired {
		v.sayf("fired     %s", firedLine(a))
	}
	if text := formsText(r.Forms); text != "" {
		v.sayf("format    %s", text)
	}
	if text := notCounted(r); text != "" {
		v.sayf("skipped   %s", text)
	}
	if r.Undated > 0 {
		v.sayf("left out  %s without a time", plural(int(r.Undated), "event"))
	}
	if r.Unmatched > 0 {
		v.sayf("unmatched %s at error level match no pattern", plural(int(r.Unmatched), "line"))
	}
	for _, s := range r.Samples {
		v.sayf("  %s", shorten(safeLine(s), max(v.widthOfTerms-2, 20)))
	}
	if r.Unmatched > 0 && o.Unmatched == 0 {
		v.hint("see them: errwatch scan --unmatched 5 " + safeLine(strings.Join(o.Paths, " ")))
	}
	v.sayf("%s in %.1f s", plural(int(r.Lines), "line"), took.Seconds())
}

// formsText says which forms were found: "text (2 files), json in docker (1 file)".
func formsText(forms map[string]int) string {
	var parts []string
	for _, f := range sortedKeys(forms) {
		parts = append(parts, fmt.Sprintf("%s (%s)", f, plural(forms[f], "file")))
	}
	return strings.Join(parts, ", ")
}

func notCounted(r *app.ScanResult) string {
	var parts []string
	for _, reason := range sortedKeys(r.Skipped) {
		parts = append(parts, fmt.Sprintf("%s %s", plural(int(r.Skipped[reason]), "line"), skipText(reason)))
	}
	if r.Conflicts > 0 {
		parts = append(parts, plural(int(r.Conflicts), "name")+" that overruled their code")
	}
	return strings.Join(parts, ", ")
}

// skipText says a skip reason for people.
func skipText(reason string) string {
	switch reason {
	case "too_long":
		return "longer than limits.line"
	case "fragment":
		return "torn"
	case "nul":
		return "of NUL bytes"
	}
	return reason
}

// firedLine is one alert: which group of which rule, when, how bad.
func firedLine(a app.Fired) string {
	var b strings.Builder
	b.WriteString(a.Rule)
	for _, name := range sortedKeys(a.Labels) {
		if name != "alertname" && name != "severity" {
			fmt.Fprintf(&b, " %s=%s", name, safeLine(a.Labels[name]))
		}
	}
	from := a.StartsAt.UTC()
	fmt.Fprintf(&b, " %s–%s, peak %g (limit %g)", from.Format("2006-01-02 15:04"), endText(from, a.EndsAt), a.Peak, a.Threshold)
	return b.String()
}

// endText says when an alert ended, with its day where that is not the day of its start.
func endText(from, end time.Time) string {
	if end.IsZero() {
		return "(still firing at the end)"
	}
	end = end.UTC()
	if from.Format(time.DateOnly) == end.Format(time.DateOnly) {
		return end.Format("15:04")
	}
	return end.Format("2006-01-02 15:04")
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}
