package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"github.com/errwatch/errwatch/internal/app"
	"github.com/errwatch/errwatch/internal/config"
)

func newState(w World, v *voice) *cobra.Command {
	c := &cobra.Command{
		Use:   "state",
		Short: "show how far each file was read, and what the state holds",
		Long: `Shows positions, lag, counters and alerts as they stand in the state file. It changes nothing, and works while the
daemon runs and when it does not, also for a user who may only read.`,
		Args: cobra.NoArgs,
	}
	path := configFlag(c)
	dir := c.Flags().String("state", "", "folder of the state (default: the configuration's)")
	output := c.Flags().StringP("output", "o", "table", "output format: table, json")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if *output != "table" && *output != "json" {
			return usage(fmt.Errorf("unknown output format %q", *output), "known are table, json")
		}
		folder, err := stateDir(w, v, *path, *dir)
		if err != nil {
			return err
		}
		r, err := app.ReadState(c.Context(), folder)
		if err != nil {
			return stateError(err)
		}
		if *output == "json" {
			e := json.NewEncoder(v.out)
			e.SetIndent("", "  ")
			return e.Encode(stateJSON(r))
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
		return failed(err, "has errwatch run here? name the folder: errwatch state --state DIR")
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
	fmt.Fprintf(&b, "%s  %s, integrity %s\n", safeLine(r.Path), size(r.Size), safeLine(r.Integrity))
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "note: %s\n", safeLine(n))
	}
	b.WriteString("\n")
	rows := [][]string{}
	for _, f := range r.Files {
		state := "followed"
		if f.Finished {
			state = "finished"
		}
		rows = append(rows, []string{f.Source, state, number(f.Offset), number(f.Lag), f.Updated.Local().Format("2006-01-02 15:04:05"), f.Path})
	}
	columns := []column{{head: "SOURCE", most: 20}, {head: "STATE"}, {head: "READ TO", right: true}, {head: "BEHIND", right: true}, {head: "WRITTEN"}, {head: "FILE"}}
	if err := writeTable(&b, columns, rows); err != nil {
		return err
	}
	for _, a := range r.Alerts {
		fmt.Fprintf(&b, "%s %s %s\n", a.State, safeLine(a.Rule), a.ID)
	}
	var sum int64
	for _, c := range r.Counters {
		sum += c.Value
	}
	fmt.Fprintf(&b, "\n%s in %s; %s\n", plural(int(sum), "error"), plural(len(r.Counters), "counter"), plural(int(r.Waiting), "message")+" to send")
	_, err := fmt.Fprint(v.out, b.String())
	return err
}
