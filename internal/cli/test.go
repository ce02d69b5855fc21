package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/errwatch/errwatch/internal/app"
	"github.com/errwatch/errwatch/internal/config"
)

func newTest(w World, v *voice) *cobra.Command {
	var path, output, only string
	var verbose bool
	c := &cobra.Command{
		Use:   "test TESTFILE…",
		Short: "run unit tests of patterns and rules",
		Long: `Runs tests of patterns and rules on lines of a log: which events the lines are, how many, and the state of each alert at
given times. The lines stand in the test, or are made: 60 lines of 3014 from 50 participants over 2m. The clock of a test is
the time of its lines. What failed is told with its line in the file and the fields that differ: - as expected, + as it is.
Patterns and rules that no test has hit are named at the end.

Exit code 1 where a test failed, 2 where a test or the configuration is wrong. docs/testing-rules.md explains the files.`,
		Example: "  errwatch test rules_test.yaml\n  errwatch test -c errwatch.yaml --run denial tests/*.yaml\n  errwatch test -o junit rules_test.yaml >report.xml",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("test needs a file of tests")
			}
			return nil
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt
		},
	}
	configFlag(c, &path)
	outputFlag(c, &output, "text", "junit")
	c.Flags().StringVar(&only, "run", "", "only the tests whose names match this regex")
	c.Flags().BoolVarP(&verbose, "verbose", "v", false, "name the tests that passed, too")
	completeFlag(c, "run", nothingToComplete)
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := checkOutput(output, "text", "junit"); err != nil {
			return err
		}
		var names *regexp.Regexp
		if only != "" {
			var err error
			if names, err = regexp.Compile(only); err != nil {
				return usage(fmt.Errorf("--run %q is no regex: %w", only, errors.Unwrap(err)), "")
			}
		}
		suite, err := loadTests(w, v, path, args)
		if err != nil {
			return err
		}
		r, err := suite.Run(c.Context(), names)
		if err != nil {
			return err
		}
		if len(r.Tests) == 0 {
			return usage(fmt.Errorf("--run %q matches none of %s", only, plural(int64(r.Skipped), "test")), "")
		}
		return v.tested(r, output, verbose)
	}
	return c
}

// loadTests loads the configuration and the tests; all problems are told, and errors end the command.
func loadTests(w World, v *voice, path string, files []string) (*app.TestSuite, error) {
	cfg, problems := load(w, path, nil, nil)
	plan, more := app.BuildForTests(cfg)
	problems = config.Merge(problems, more)
	if config.HasErrors(problems) {
		v.problems(problems)
		return nil, told(exitUsage)
	}
	suite, wrong := plan.LoadTests(files)
	v.problems(problems)
	fmt.Fprint(v.err, config.Format(wrong)) // in the order of the files, and of what stands in them
	if suite == nil {
		return nil, told(exitUsage)
	}
	return suite, nil
}

// tested writes what came of tests. It is their data: all of it goes to standard output, so that nothing comes apart.
func (v *voice) tested(r *app.TestReport, output string, verbose bool) error {
	failed := 0
	for i := range r.Tests {
		if len(r.Tests[i].Failures) > 0 {
			failed++
		}
	}
	var err error
	if output == "junit" {
		err = writeJUnit(v.out, r)
	} else {
		_, err = io.WriteString(v.out, v.testText(r, failed, verbose))
	}
	if err == nil && failed > 0 {
		return told(exitFailed)
	}
	return err
}

func (v *voice) testText(r *app.TestReport, failed int, verbose bool) string {
	var b strings.Builder
	for i := range r.Tests {
		t := &r.Tests[i]
		switch {
		case len(t.Failures) > 0:
			v.failedTest(&b, t)
		case verbose:
			fmt.Fprintf(&b, "ok    %s: %s (%s)\n", testPlace(t.File, t.Line), safeLine(t.Name), testSize(t))
		}
	}
	all := plural(int64(len(r.Tests)), "test")
	if failed == 0 {
		fmt.Fprintf(&b, "%s passed", all)
	} else {
		fmt.Fprintf(&b, "%d of %s failed", failed, all)
	}
	if r.Skipped > 0 {
		fmt.Fprintf(&b, ", %d not run\n", r.Skipped)
		return b.String() // what these would have hit nobody knows
	}
	b.WriteString("\n")
	rows := []row{
		{"never matched", strings.Join(r.Patterns, ", ")},
		{"never fired", strings.Join(r.Rules, ", ")},
		{"never matched, built in", strings.Join(r.BuiltinPatterns, ", ")},
		{"never fired, built in", strings.Join(r.BuiltinRules, ", ")},
	}
	b.WriteString(formatRows(0, v.outWidth, rows))
	return b.String()
}

// failedTest writes a test that failed: each expectation with its place, and only what differs.
func (v *voice) failedTest(b *strings.Builder, t *app.TestResult) {
	fmt.Fprintf(b, "%s  %s: %s\n", paint(v.colourOut, red, "FAIL"), testPlace(t.File, t.Line), safeLine(t.Name))
	for _, f := range t.Failures {
		fmt.Fprintf(b, "  %s: %s\n", testPlace(t.File, f.Line), shorten(safeLine(f.What), v.outWidth))
		for _, d := range f.Diffs {
			for _, line := range diffLines(d) {
				b.WriteString("    " + shorten(line, max(0, v.outWidth-4)) + "\n")
			}
		}
	}
}

// diffLines are a difference in two lines.
func diffLines(d app.FieldDiff) []string {
	return []string{
		"- " + safeLine(d.Field) + ": " + safeLine(cmp.Or(d.Want, `""`)),
		"+ " + safeLine(d.Field) + ": " + safeLine(cmp.Or(d.Got, `""`)),
	}
}

func testPlace(file string, line int) string { return fmt.Sprintf("%s:%d", safeLine(file), line) }

func testSize(t *app.TestResult) string {
	return plural(int64(t.Lines), "line") + ", " + plural(int64(t.Events), "event")
}
