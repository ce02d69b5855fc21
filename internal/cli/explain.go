package cli

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/errwatch/errwatch/internal/app"
)

const (
	maxExplainLine = 16 << 20 // bytes of a line that is read from standard input
	explainShown   = 400      // columns of a line that are shown
)

type explainFlags struct {
	config string
	source string
	follow string
	all    bool
}

func newExplain(w World, v *voice) *cobra.Command {
	var f explainFlags
	c := &cobra.Command{
		Use:   "explain [LINE…|-]",
		Short: "show how a line is understood, or why it yields nothing",
		Long: `Shows for each line how errwatch understands it: envelope, format, pattern, code, name, category, fields, time. For a
line that yields nothing it shows, pattern by pattern, which literals are in it, the first one missing, and which step
refused. Without arguments, or with -, lines come from standard input.

With --follow it follows a source of the configuration from its end, until Ctrl-C, and explains each new line that yields
something, or is at error level and does not. It counts nothing, and works beside a running daemon.`,
		Example: "  errwatch explain 'ERROR [room] onError code=3014'\n  grep 4009 meeting.log | errwatch explain\n  errwatch explain -f meeting",
		Args:    cobra.ArbitraryArgs,
	}
	configFlag(c, &f.config)
	c.Flags().StringVar(&f.source, "source", app.DefaultSource, "explain as in this `SOURCE` of the configuration")
	c.Flags().StringVarP(&f.follow, "follow", "f", "", "explain the new lines of this `SOURCE` of the configuration")
	c.Flags().BoolVar(&f.all, "all", false, "show the patterns before the one that matched, too")
	completeFlag(c, "source", completeSources(w))
	completeFlag(c, "follow", completeSources(w))
	c.ValidArgsFunction = nothingToComplete
	c.RunE = func(c *cobra.Command, args []string) error {
		following := c.Flags().Changed("follow")
		if following && (len(args) > 0 || c.Flags().Changed("source")) {
			return usage(errors.New("--follow takes its lines from a source: no others can be given"), "")
		}
		plan, err := loadPlan(w, v, f.config, nil, nil)
		if err != nil {
			return err
		}
		e := &explainer{v: v, plan: plan, source: f.source, all: f.all}
		switch {
		case following:
			return e.follow(c, w, f.follow)
		case len(args) == 0 || len(args) == 1 && args[0] == "-":
			return e.read(w.Stdin)
		}
		for _, line := range args {
			if err := e.line([]byte(line)); err != nil {
				return err
			}
		}
		return nil
	}
	return c
}

type explainer struct {
	v      *voice
	plan   *app.Plan
	source string
	all    bool
	told   int
}

func (e *explainer) read(r io.Reader) error {
	if e.v.stdinTyped {
		e.v.sayf("type or paste lines; Ctrl-D ends")
	}
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 64<<10), maxExplainLine)
	for s.Scan() {
		if err := e.line(s.Bytes()); err != nil {
			return err
		}
	}
	if errors.Is(s.Err(), bufio.ErrTooLong) {
		return failed(fmt.Errorf("line %d is longer than %s", e.told+1, size(maxExplainLine)), "")
	}
	return s.Err()
}

// line explains one line, or several that stand in one argument, one by one; blank ones have nothing to explain.
func (e *explainer) line(text []byte) error {
	for one := range bytes.SplitSeq(text, []byte("\n")) {
		if len(bytes.TrimSpace(one)) == 0 {
			continue
		}
		x, err := e.plan.Explain(e.source, one)
		if err != nil {
			return e.noSource(err, e.source)
		}
		if err := e.show("", x); err != nil {
			return err
		}
	}
	return nil
}

func (e *explainer) noSource(err error, name string) error {
	known := e.plan.SourceNames()
	return usage(err, didYouMean(name, known, "known are "+strings.Join(known, ", ")))
}

// follow explains what comes until ctx ends, which is the way to end it.
func (e *explainer) follow(c *cobra.Command, w World, source string) error {
	if !slices.Contains(e.plan.SourceNames(), source) {
		return e.noSource(fmt.Errorf("no source is named %q", source), source)
	}
	o := app.FollowOptions{
		Source: source, Stdin: w.Stdin, Now: time.Now,
		Logger: slog.New(slog.NewTextHandler(e.v.err, &slog.HandlerOptions{Level: slog.LevelWarn})),
		Ready: func(files int) {
			e.v.sayf("following %s of source %s; Ctrl-C ends", plural(int64(files), "file"), source)
		},
	}
	err := e.plan.FollowExplained(c.Context(), o, e.show)
	if errors.Is(err, app.ErrNoPaths) {
		return usage(err, "give the source paths in the configuration: -c FILE")
	}
	return err
}

// show writes one explanation; path is empty for a line that comes from no file.
func (e *explainer) show(path string, x app.Explained) error {
	var b strings.Builder
	if e.told > 0 {
		b.WriteString("\n")
	}
	e.told++
	head := shorten(safeLine(x.Line), explainShown)
	b.WriteString(paint(e.v.colourOut, bold, head) + "\n")
	rows := []row{{"file", path}, {"envelope", envelopeText(x)}, {"format", formatText(x)}}
	if x.Matched {
		rows = append(rows, matchedRows(x)...)
	} else {
		rows = append(rows, row{"event", unmatchedEvent(x)})
	}
	if !x.Matched || e.all {
		rows = append(rows, triedRows(x.Tried)...)
	}
	b.WriteString(formatRows(2, e.v.outWidth, rows))
	_, err := io.WriteString(e.v.out, b.String())
	return err
}

func envelopeText(x app.Explained) string {
	text := x.Envelope
	if x.Stream != "" {
		text += ", " + x.Stream
	}
	if x.Partial {
		text += ", partial: the record goes on in the next line of this stream"
	}
	return text
}

func formatText(x app.Explained) string {
	if x.Level == "" {
		return x.Format + ", no level"
	}
	return x.Format + ", level " + x.Level
}

func matchedRows(x app.Explained) []row {
	rows := []row{{"pattern", x.Pattern}}
	if x.Reference {
		rows = append(rows, row{"event", "a reference event: a denominator, not an error"})
	} else {
		rows = append(rows, row{"code", x.Code}, row{"name", orElse(x.Name, unknownName)}, row{"category", x.Category})
	}
	if x.Conflict {
		rows = append(rows, row{"conflict", "the line's code belongs to another name; the name counts"})
	}
	rows = append(rows, row{"hint", x.Hint})
	for _, f := range x.Fields {
		rows = append(rows, row{f[0], orElse(f[1], "(empty)")})
	}
	if x.Time.IsZero() {
		return append(rows, row{"time", "none in the line: the time of reading counts"})
	}
	return append(rows, row{"time", x.Time.Format(time.RFC3339Nano) + ", from the " + x.TimeFrom})
}

func unmatchedEvent(x app.Explained) string {
	switch {
	case x.Partial:
		return "none in this piece alone"
	case x.Unmatched:
		return "none; it is at error level, and counts as unmatched"
	}
	return "none"
}

// triedRows says of each pattern that yields nothing why: the literals of it that are in the line, the first one that is
// not, and where none is missing the step that refused.
func triedRows(tried []app.Tried) []row {
	var rows []row
	for _, t := range tried {
		if t.Matched {
			continue
		}
		var parts []string
		if len(t.Present) > 0 {
			parts = append(parts, "has "+quoted(t.Present))
		}
		if t.Missing != "" {
			parts = append(parts, "lacks "+quoted([]string{t.Missing}))
		} else {
			parts = append(parts, t.Reason)
		}
		rows = append(rows, row{"not " + t.Pattern, strings.Join(parts, "; ")})
	}
	return rows
}

func quoted(list []string) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = "`" + s + "`"
	}
	return strings.Join(out, " ")
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
