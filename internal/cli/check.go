package cli

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/errwatch/errwatch/internal/app"
	"github.com/errwatch/errwatch/internal/config"
)

func newCheck(w World, v *voice) *cobra.Command {
	c := &cobra.Command{
		Use:   "check [PATH…]",
		Short: "check a configuration as a start would, and say what each source matches now",
		Long: `Checks everything that a start would check and tells all mistakes in one run. Where all is well it says what each
source matches now. Exit code 2 where there is an error; warnings alone do not count.`,
		Args: cobra.ArbitraryArgs,
	}
	path := configFlag(c)
	addSettingFlags(c)
	output := c.Flags().StringP("output", "o", "text", "output format: text, json (one problem a line)")
	c.RunE = func(c *cobra.Command, args []string) error {
		if *output != "text" && *output != "json" {
			return usage(fmt.Errorf("unknown output format %q", *output), "known are text, json")
		}
		cfg, problems := load(w, *path, givenFlags(c), args)
		plan, more := app.Build(cfg)
		problems = append(problems, more...)
		sources, more := app.CheckSources(cfg)
		problems = append(problems, more...)
		config.Sort(problems)
		if *output == "json" {
			return v.checkJSON(problems)
		}
		return v.checkText(cfg, plan, problems, sources)
	}
	return c
}

// checkText writes problems and sources. A check's findings are its data: they go to standard output.
func (v *voice) checkText(cfg *config.Config, plan *app.Plan, problems []config.Problem, sources []app.SourceMatch) error {
	var b strings.Builder
	b.WriteString(config.Format(problems))
	name := cfg.File()
	if name == "" {
		name = "built-in configuration"
	}
	if config.HasErrors(problems) {
		fmt.Fprintf(&b, "%s: %s; a running errwatch keeps its old configuration\n", safeLine(name), config.Summary(problems))
		fmt.Fprint(v.out, b.String())
		return told(exitUsage)
	}
	for _, s := range sources {
		fmt.Fprintf(&b, "source %s: %s\n", safeLine(s.Name), safeLine(s.Text()))
	}
	if summary := config.Summary(problems); summary != "" {
		fmt.Fprintf(&b, "%s: %s\n", safeLine(name), summary)
	} else {
		fmt.Fprintf(&b, "%s: fine, %s\n", safeLine(name), plan.Summary())
	}
	_, err := fmt.Fprint(v.out, b.String())
	return err
}

func (v *voice) checkJSON(problems []config.Problem) error {
	e := json.NewEncoder(v.out)
	for _, p := range problems {
		if err := e.Encode(p); err != nil {
			return err
		}
	}
	if config.HasErrors(problems) {
		return told(exitUsage)
	}
	return nil
}
