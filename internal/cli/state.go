package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/errwatch/errwatch/internal/app"
	"github.com/errwatch/errwatch/internal/config"
)

func newState(w World, v *voice) *cobra.Command {
	var path, dir, output string
	c := &cobra.Command{
		Use:   "state",
		Short: "show how far each file was read, and what the state holds",
		Long: `Shows positions, lag, counters and alerts as they stand in the state file. It changes nothing, and works while the
daemon runs and when it does not, also for a user who may only read.`,
		Args: noArgs,
	}
	configFlag(c, &path)
	c.Flags().StringVar(&dir, "state", "", "`FOLDER` of the state; else the configuration's")
	_ = c.MarkFlagDirname("state") // fails only for an unknown flag
	outputFlag(c, &output, "table", "json")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := checkOutput(output, "table", "json"); err != nil {
			return err
		}
		folder, err := stateDir(w, v, path, dir)
		if err != nil {
			return err
		}
		r, err := app.ReadState(c.Context(), folder)
		if err != nil {
			return stateError(err)
		}
		if output == "json" {
			return writeJSON(v.out, stateJSON(r))
		}
		return v.stateTable(r)
	}
	return c
}

// stateDir finds the folder as run would.
func stateDir(w World, v *voice, path, dir string) (string, error) {
	if dir != "" {
		return dir, nil
	}
	cfg, problems := load(w, path, nil, nil)
	if config.HasErrors(problems) {
		v.problems(problems)
		return "", told(exitUsage)
	}
	if cfg.State.Dir != "" {
		return cfg.State.Dir, nil
	}
	return config.StateDir(w.Env, w.Uid), nil
}

func stateError(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return failed(err, "is it another one? errwatch state --state DIR")
	}
	return failed(err, "")
}

func stateJSON(r *app.StateReport) map[string]any {
	return map[string]any{
		"path": r.Path, "size": r.Size, "integrity": r.Integrity, "notes": append([]string{}, r.Notes...),
		"files": append([]app.StateFile{}, r.Files...), "counters": append([]app.StateCounter{}, r.Counters...),
		"alerts": append([]app.StateAlert{}, r.Alerts...), "outbox": r.Waiting,
	}
}

func (v *voice) stateTable(r *app.StateReport) error {
	var b strings.Builder
	rows := []row{{"state", r.Path}, {"size", size(r.Size)}, {"integrity", r.Integrity}}
	for _, n := range r.Notes {
		rows = append(rows, row{"note", n})
	}
	for _, a := range r.Alerts {
		rows = append(rows, row{a.State, a.Rule + " " + a.ID})
	}
	rows = append(rows, row{"errors", errorsText(r.Counters)}, row{"to send", plural(r.Waiting, "message")})
	b.WriteString(formatRows(0, v.outWidth, rows))
	if err := writeFiles(&b, v.outWidth, r.Files); err != nil {
		return err
	}
	_, err := io.WriteString(v.out, b.String())
	return err
}

func errorsText(counters []app.StateCounter) string {
	var sum int64
	for _, c := range counters {
		sum += c.Value
	}
	if sum == 0 {
		return "none"
	}
	return fmt.Sprintf("%s, of %s", number(sum), plural(int64(len(counters)), "kind"))
}

// writeFiles lists the files and how far each was read.
func writeFiles(w io.Writer, width int, files []app.StateFile) error {
	if len(files) == 0 {
		_, err := io.WriteString(w, "\nno file was read yet\n")
		return err
	}
	at := time.DateTime
	if width > 0 && width < 80 {
		at = time.TimeOnly
	}
	rows := make([][]string, len(files))
	for i, f := range files {
		behind := number(f.Lag)
		if f.Finished {
			behind = "finished"
		}
		rows[i] = []string{f.Source, number(f.Offset), behind, f.Updated.Local().Format(at), f.Path}
	}
	if _, err := io.WriteString(w, "\n"); err != nil {
		return err
	}
	return writeTable(w, width, []column{
		{head: "SOURCE", least: 8}, {head: "READ TO", right: true}, {head: "BEHIND", right: true}, {head: "AT"},
		{head: "FILE", least: 16, tail: true},
	}, rows)
}
