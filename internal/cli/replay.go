package cli

import (
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/errwatch/errwatch/internal/app"
)

type replayFlags struct {
	config       string
	output       string
	since, until string
	progress     bool
	workers      int
}

func newReplay(w World, v *voice) *cobra.Command {
	var f replayFlags
	c := &cobra.Command{
		Use:   "replay PATH…|-",
		Short: "show the alerts that old logs would have raised, and how high each rule's value was",
		Long: `Runs old logs through the same rules as the daemon does, on the time of their lines, and shows each alert that would
have fired: when, how long, how bad, and what was in it. For each rule it shows how high its value was over time, and how
often other thresholds would have fired. Files may be plain, gzip or zstd, whatever their name, and overlap in time; a
folder stands for its *.log; - is standard input. Nothing is sent, and no state is touched.

Times for --since and --until: 2026-11-20, 2026-11-20T10:15, 10:15 (today), 90m or 7d (ago), today, yesterday.`,
		Example: "  errwatch replay /var/log/meeting/*\n  errwatch replay -c errwatch.yaml --since 30d -o json '/var/log/meeting/*.gz'",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("replay needs a path, or - for standard input")
			}
			return nil
		},
	}
	configFlag(c, &f.config)
	outputFlag(c, &f.output, "table", "json")
	c.Flags().StringVar(&f.since, "since", "", "only what happened from this time on")
	c.Flags().StringVar(&f.until, "until", "", "only what happened before this time")
	c.Flags().BoolVar(&f.progress, "progress", false, "tell the progress where nobody looks at a terminal, too: a line every 30 s")
	c.Flags().IntVar(&f.workers, "workers", runtime.GOMAXPROCS(0), "files read side by side")
	completeFlag(c, "since", nothingToComplete)
	completeFlag(c, "until", nothingToComplete)
	c.RunE = func(c *cobra.Command, args []string) error {
		o, err := f.options(w, args, time.Now())
		if err != nil {
			return err
		}
		plan, err := loadPlan(w, v, f.config, nil, nil)
		if err != nil {
			return err
		}
		bar := v.startBar(o.Progress, !c.Flags().Changed("output"), f.progress)
		r, err := plan.Replay(c.Context(), o)
		took := bar.finish()
		if err != nil {
			return err
		}
		return v.replay(r, f.output, took)
	}
	return c
}

func (f *replayFlags) options(w World, args []string, now time.Time) (app.ReplayOptions, error) {
	if err := checkOutput(f.output, "table", "json"); err != nil {
		return app.ReplayOptions{}, err
	}
	// What the two commands have in common means the same in both.
	s := scanFlags{output: f.output, since: f.since, until: f.until, workers: f.workers}
	o, err := s.options(w, args, now)
	return app.ReplayOptions{
		Paths: o.Paths, Stdin: o.Stdin, Since: o.Since, Until: o.Until, Workers: o.Workers, Progress: o.Progress, Now: o.Now,
	}, err
}

func (v *voice) replay(r *app.ReplayResult, output string, took time.Duration) error {
	write := v.replayText
	if output == "json" {
		write = func(r *app.ReplayResult) error { return writeReplayJSON(v.out, r) }
	}
	if err := write(r); err != nil {
		return err
	}
	if output == "table" && r.Scan.Files > 0 {
		v.talkReplay(r, took)
	}
	for _, x := range r.Scan.Failed {
		v.errorf("%s", x.Err)
	}
	if len(r.Scan.Failed) > 0 {
		return told(exitFailed)
	}
	return nil
}

// talkReplay says what the tables do not: what was read, what no rule saw, and the result in one sentence.
func (v *voice) talkReplay(r *app.ReplayResult, took time.Duration) {
	rows := []row{
		{"lines", fmt.Sprintf("%s in %s", plural(r.Scan.Lines, "line"), plural(int64(r.Scan.Files), "file"))},
		{"format", formsText(r.Scan.Forms)},
		{"skipped", skippedText(r.Scan.Skipped)},
		{"conflicts", conflictsText(r.Scan.Conflicts)},
		{"left out", timelessText(r.Scan.Timeless + r.Scan.Undated)},
		{"not shown", moreText(r.More)},
	}
	fmt.Fprint(v.err, "\n"+formatRows(0, v.errWidth, rows))
	v.sayf("%s; %.1f s", conclusion(r), took.Seconds())
}

func timelessText(n int64) string {
	if n == 0 {
		return ""
	}
	return plural(n, "event") + " without a time: no rule saw them"
}

func moreText(n int) string {
	if n == 0 {
		return ""
	}
	return plural(int64(n), "alert") + " after the first 10,000: they are counted in the table"
}

// conclusion is the replay in one sentence.
func conclusion(r *app.ReplayResult) string {
	if r.From.IsZero() {
		return "no line has a time: there is nothing to replay"
	}
	fired, rules := 0, 0
	for i := range r.Rules {
		if n := r.Rules[i].Fired; n > 0 {
			fired, rules = fired+n, rules+1
		}
	}
	logs := lasted(r.To.Sub(r.From)) + " of logs"
	if fired == 0 {
		return "no alert in " + logs
	}
	return fmt.Sprintf("%s of %s in %s", plural(int64(fired), "alert"), plural(int64(rules), "rule"), logs)
}
