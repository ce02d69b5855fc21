package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/errwatch/errwatch/internal/app"
)

// maxExplainLine bounds a line that explain reads from standard input.
const maxExplainLine = 16 << 20

func newExplain(w World, v *voice) *cobra.Command {
	c := &cobra.Command{
		Use:   "explain [LINE…|-]",
		Short: "show how a line is understood, or why it yields nothing",
		Long: `Shows for each line how errwatch understands it: envelope, format, pattern, code, name, category, fields, time. For a
line that yields nothing it shows, pattern by pattern, which literals are in it, the first one missing, and which step
refused. Without arguments, or with -, lines come from standard input.`,
		Example: "  errwatch explain 'ERROR [room] onError code=3014'\n  grep 4009 meeting.log | errwatch explain",
		Args:    cobra.ArbitraryArgs,
	}
	path := configFlag(c)
	source := c.Flags().String("source", app.DefaultSource, "explain as in this configured source")
	all := c.Flags().Bool("all", false, "show the patterns before the one that matched, too")
	c.RunE = func(c *cobra.Command, args []string) error {
		plan, err := loadPlan(w, v, *path, nil, nil)
		if err != nil {
			return err
		}
		e := &explainer{v: v, plan: plan, source: *source, all: *all}
		if len(args) == 0 || len(args) == 1 && args[0] == "-" {
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
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 64<<10), maxExplainLine)
	for s.Scan() {
		if err := e.line(s.Bytes()); err != nil {
			return err
		}
	}
	if errors.Is(s.Err(), bufio.ErrTooLong) {
		return failed(errors.New("a line is longer than 16 MiB"), "")
	}
	return s.Err()
}

func (e *explainer) line(text []byte) error {
	x, err := e.plan.Explain(e.source, text)
	if err != nil {
		return usage(err, "known are "+strings.Join(e.plan.SourceNames(), ", "))
	}
	var b strings.Builder
	if e.told > 0 {
		b.WriteString("\n")
	}
	e.told++
	b.WriteString(shorten(safeLine(x.Line), 400) + "\n")
	row(&b, "envelope", envelopeText(x))
	row(&b, "format", formatText(x))
	if x.Matched {
		e.matched(&b, x)
	} else {
		e.unmatched(&b, x)
	}
	_, err = io.WriteString(e.v.out, b.String())
	return err
}

// row writes one property, nothing where it is empty.
func row(b *strings.Builder, name, value string) {
	if value != "" {
		fmt.Fprintf(b, "  %-9s %s\n", name, safeLine(value))
	}
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

func (e *explainer) matched(b *strings.Builder, x app.Explained) {
	row(b, "pattern", x.Pattern)
	if x.Reference {
		row(b, "event", "a reference event: a denominator, not an error")
	} else {
		row(b, "code", x.Code)
		row(b, "name", orElse(x.Name, "(not in the catalogue)"))
		row(b, "category", x.Category)
	}
	if x.Conflict {
		row(b, "conflict", "the line's code belongs to another name; the name won")
	}
	row(b, "hint", x.Hint)
	for _, f := range x.Fields {
		row(b, f[0], f[1])
	}
	if x.Time.IsZero() {
		row(b, "time", "none in the line: the time of reading counts")
	} else {
		row(b, "time", x.Time.Format(time.RFC3339Nano)+", from the "+x.TimeFrom)
	}
	if e.all {
		e.tried(b, x.Tried)
	}
}

func (e *explainer) unmatched(b *strings.Builder, x app.Explained) {
	text := "none"
	if x.Unmatched {
		text += "; it is at error level, and counts as unmatched"
	}
	row(b, "event", text)
	e.tried(b, x.Tried)
}

func (e *explainer) tried(b *strings.Builder, tried []app.Tried) {
	for _, t := range tried {
		if t.Matched {
			continue
		}
		fmt.Fprintf(b, "  not %s: %s\n", safeLine(t.Pattern), safeLine(t.Reason))
		if len(t.Present) > 0 {
			row(b, "  has", quoted(t.Present))
		}
		if t.Missing != "" {
			row(b, "  lacks", quoted([]string{t.Missing}))
		}
	}
}

func quoted(list []string) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = "`" + s + "`"
	}
	return strings.Join(out, ", ")
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
