package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/errwatch/errwatch/internal/app"
	"github.com/errwatch/errwatch/internal/config"
)

func newCheck(w World, v *voice) *cobra.Command {
	var path, output string
	c := &cobra.Command{
		Use:   "check [PATH…]",
		Short: "check a configuration as a start would, and say what each source matches now",
		Long: `Checks everything that a start would check and tells all mistakes in one run. Where all is well it says what each
source matches now. Exit code 2 where there is an error; warnings alone do not count.

PATHs replace the configured sources, as they do for run. -o json writes each problem as one line.`,
		Args: cobra.ArbitraryArgs,
	}
	configFlag(c, &path)
	addSettingFlags(c)
	outputFlag(c, &output, "text", "json")
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := checkOutput(output, "text", "json"); err != nil {
			return err
		}
		if slices.Contains(args, "") {
			return usage(errEmptyPath, emptyPathHint)
		}
		cfg, problems := load(w, path, givenFlags(c), args)
		plan, built := app.Build(cfg)
		sources, matched := app.CheckSources(cfg, app.LogrotateConfig)
		if len(args) > 0 {
			onCommandLine(matched)
		}
		problems = config.Merge(problems, built, matched)
		if output == "json" {
			return v.checkJSON(problems)
		}
		return v.checkText(cfg, plan, problems, sources)
	}
	return c
}

// onCommandLine moves problems of paths to where these stand.
func onCommandLine(problems []config.Problem) {
	for i := range problems {
		p := &problems[i]
		*p = config.Problem{File: "command line", Severity: p.Severity, Message: p.Message, Hint: p.Hint}
	}
}

// checkText writes problems and sources. A check's findings are its data: they go to standard output.
func (v *voice) checkText(cfg *config.Config, plan *app.Plan, problems []config.Problem, sources []app.SourceMatch) error {
	var b strings.Builder
	b.WriteString(config.Format(problems))
	name, summary := safeLine(orElse(cfg.File(), "built-in configuration")), config.Summary(problems)
	if config.HasErrors(problems) {
		fmt.Fprintf(&b, "%s: %s; a running errwatch keeps its old configuration\n", name, summary)
		if _, err := io.WriteString(v.out, b.String()); err != nil {
			return err
		}
		return told(exitUsage)
	}
	b.WriteString(formatRows(0, v.outWidth, sourceRows(sources)))
	if summary != "" {
		summary = "; " + summary
	}
	fmt.Fprintf(&b, "%s: fine, %s%s\n", name, plan.Summary(), summary)
	if len(sources) == 0 {
		b.WriteString("it follows nothing by itself: give paths to run, or sources in a configuration file\n")
	}
	_, err := io.WriteString(v.out, b.String())
	return err
}

// sourceRows says what each source matches now.
func sourceRows(sources []app.SourceMatch) []row {
	var rows []row
	for _, s := range sources {
		text := "no file now; files that appear later are followed"
		switch n := len(s.Files); {
		case n == 1:
			text = fmt.Sprintf("1 file, %s: %s", size(s.Bytes), s.Files[0])
		case n > 1:
			text = fmt.Sprintf("%s, %s: %s … %s", plural(int64(n), "file"), size(s.Bytes), s.Files[0], s.Files[n-1])
		}
		rows = append(rows, row{"source " + s.Name, text})
	}
	return rows
}

// checkJSON writes each problem as one line.
func (v *voice) checkJSON(problems []config.Problem) error {
	for _, p := range problems {
		if err := writeJSONLine(v.out, p); err != nil {
			return err
		}
	}
	if config.HasErrors(problems) {
		return told(exitUsage)
	}
	return nil
}
