package cli

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/errwatch/errwatch/internal/app"
)

type scanFlags struct {
	config       string
	output       string
	since, until string
	codes        []string
	unmatched    int
	progress     bool
	workers      int
	live         bool // nobody asked for a form of output
}

func newScan(w World, v *voice) *cobra.Command {
	var f scanFlags
	c := &cobra.Command{
		Use:   "scan PATH…|-",
		Short: "count errors in log files once",
		Long: `Counts the errors in log files once, and prints. Files may be plain, gzip or zstd, whatever their name; a folder
stands for its *.log; - is standard input. A file that a configured source claims is read as that source is. The table
goes to standard output, everything else to standard error.

Times for --since and --until: 2026-11-20, 2026-11-20T10:15, 10:15 (today), 90m or 7d (ago), today, yesterday.`,
		Example: "  errwatch scan /var/log/meeting/*\n  zcat old.log.gz | errwatch scan -\n  errwatch scan --since 7d --code capacity /var/log/meeting",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("scan needs a path, or - for standard input")
			}
			return nil
		},
	}
	configFlag(c, &f.config)
	outputFlag(c, &f.output, "table", "json", "csv")
	c.Flags().StringVar(&f.since, "since", "", "only events from this `TIME` on")
	c.Flags().StringVar(&f.until, "until", "", "only events before this `TIME`")
	c.Flags().StringSliceVar(&f.codes, "code", nil, "only these `WORDS`: codes, names, categories, comma between them")
	c.Flags().IntVar(&f.unmatched, "unmatched", 0, "show so many (`N`) lines at error level that match no pattern")
	c.Flags().BoolVar(&f.progress, "progress", false, "tell the progress off a terminal, too: a line every 30 s")
	c.Flags().IntVar(&f.workers, "workers", runtime.GOMAXPROCS(0), "`N` files are read side by side")
	completeFlag(c, "code", completeCodes)
	completeFlag(c, "since", nothingToComplete)
	completeFlag(c, "until", nothingToComplete)
	c.RunE = func(c *cobra.Command, args []string) error {
		f.live = !c.Flags().Changed("output")
		o, err := f.options(w, args, time.Now())
		if err != nil {
			return err
		}
		plan, err := loadPlan(w, v, f.config, nil, nil)
		if err != nil {
			return err
		}
		o.Codes = v.codeWords(plan.Config, f.codes)
		return v.scan(c, plan, o, &f)
	}
	return c
}

func (f *scanFlags) options(w World, args []string, now time.Time) (app.ScanOptions, error) {
	o := app.ScanOptions{
		Paths: args, Stdin: w.Stdin, Unmatched: f.unmatched, Workers: f.workers, Progress: &app.Progress{}, Now: time.Now,
	}
	if err := checkOutput(f.output, "table", "json", "csv"); err != nil {
		return o, err
	}
	var err error
	if o.Since, err = parseTime("--since", f.since, now); err != nil {
		return o, err
	}
	if o.Until, err = parseTime("--until", f.until, now); err != nil {
		return o, err
	}
	switch {
	case !o.Since.IsZero() && !o.Until.IsZero() && !o.Since.Before(o.Until):
		return o, usage(fmt.Errorf("--since %s is not before --until %s", f.since, f.until), "")
	case slices.Contains(args, ""):
		return o, usage(errEmptyPath, emptyPathHint)
	case f.unmatched < 0:
		return o, usage(fmt.Errorf("--unmatched %d is below 0", f.unmatched), "")
	case f.workers < 1:
		return o, usage(fmt.Errorf("--workers %d is below 1", f.workers), "")
	}
	return o, nil
}

func (v *voice) scan(c *cobra.Command, plan *app.Plan, o app.ScanOptions, f *scanFlags) error {
	bar := v.startBar(o.Progress, f.live, f.progress)
	r, err := plan.Scan(c.Context(), o)
	took := bar.finish()
	if err != nil {
		return err
	}
	if err := v.writeScan(r, &o, f.output); err != nil {
		return err
	}
	if f.output == "table" && r.Files > 0 {
		v.talkScan(r, &o, f, took)
	}
	for _, x := range r.Failed {
		v.errorf("%s", x.Err)
	}
	if len(r.Failed) > 0 {
		return told(exitFailed)
	}
	return nil
}

func (v *voice) writeScan(r *app.ScanResult, o *app.ScanOptions, output string) error {
	switch output {
	case "json":
		return writeScanJSON(v.out, r)
	case "csv":
		return writeScanCSV(v.out, r)
	}
	return v.scanTable(r, o)
}

func writeScanCSV(w io.Writer, r *app.ScanResult) error {
	rows := make([][]string, len(r.Events))
	for i, e := range r.Events {
		rows[i] = []string{e.Source, e.Code, e.Name, e.Category, fmt.Sprint(e.Count), stamp(e.First), stamp(e.Last)}
	}
	return writeCSV(w, []string{"source", "code", "name", "category", "count", "first", "last"}, rows)
}

// stamp writes a time for programs; "" for none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}
