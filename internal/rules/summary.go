package rules

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"text/template"
	"text/template/parse"
	"time"
	"unicode/utf8"

	"github.com/prometheus/common/model"

	"github.com/errwatch/errwatch/internal/alert"
)

// maxSummary bounds, in bytes, what a summary becomes.
const maxSummary = 1024

// prelude defines the variables that Prometheus defines for its alert templates, and errwatch's own two.
const prelude = `{{$labels := .Labels}}{{$value := .Value}}{{$threshold := .Threshold}}{{$window := .Window}}`

// summary is a template in Prometheus's form: text/template with $labels, $value, .Labels and .Value, and those of its
// functions that need no query. What could run without end or print without bound (range, define, template, block) is
// left out. Values of labels come from logs; they are only ever data, as everywhere in text/template.
type summary struct{ t *template.Template }

// summaryData is what a template sees.
type summaryData struct {
	Labels    map[string]string
	Value     number
	Threshold number
	Window    string
}

// number prints as an integer where it is one: counts of a million are not 1e+06.
type number float64

func (n number) String() string {
	if f := float64(n); f == float64(int64(f)) {
		return strconv.FormatInt(int64(f), 10)
	}
	return strconv.FormatFloat(float64(n), 'g', -1, 64)
}

// newSummary compiles a rule's template and tries it once, so that no mistake waits for the alert.
func newSummary(r *Rule) (*summary, error) {
	t, err := template.New("summary").Option("missingkey=zero").Funcs(summaryFuncs()).Parse(prelude + r.Summary)
	if err != nil {
		return nil, plainError(err)
	}
	for _, other := range t.Templates() {
		if other != t {
			return nil, errors.New("define and block cannot be used here")
		}
	}
	if err := checkNodes(t.Root); err != nil {
		return nil, err
	}
	s := &summary{t}
	trial := summaryData{Labels: map[string]string{}, Value: 1, Threshold: 1, Window: "5m"}
	for _, name := range r.By {
		trial.Labels[name] = "1" // text or number, whatever the template takes it for
	}
	if _, err := s.run(trial); err != nil {
		return nil, plainError(err)
	}
	return s, nil
}

// plainError takes off what text/template says about the place: the prelude is not the user's.
func plainError(err error) error {
	text := err.Error()
	if i := strings.LastIndex(text, ">: "); i >= 0 {
		return errors.New(text[i+3:])
	}
	if rest, ok := strings.CutPrefix(text, "template: summary:"); ok {
		if _, msg, ok := strings.Cut(rest, ": "); ok {
			return errors.New(msg)
		}
	}
	return err
}

// checkNodes refuses the parts of the language that a summary has no use for.
func checkNodes(n parse.Node) error {
	switch n := n.(type) {
	case *parse.ListNode:
		if n == nil {
			return nil
		}
		for _, c := range n.Nodes {
			if err := checkNodes(c); err != nil {
				return err
			}
		}
		return nil
	case *parse.IfNode:
		return errors.Join(checkNodes(n.List), checkNodes(n.ElseList))
	case *parse.WithNode:
		return errors.Join(checkNodes(n.List), checkNodes(n.ElseList))
	case *parse.TextNode, *parse.ActionNode, *parse.CommentNode:
		return nil
	}
	word, _, _ := strings.Cut(strings.TrimLeft(n.String(), "{-% "), " ")
	return fmt.Errorf("%s cannot be used here", strings.TrimRight(word, "}"))
}

// expand makes the text for an alert. If the template fails on these labels, the text says what is known.
func (s *summary) expand(a alert.Alert) string {
	text, err := s.run(summaryData{
		Labels: a.Labels.Map(), Value: number(a.Value), Threshold: number(a.Threshold),
		Window: model.Duration(a.Window).String(),
	})
	if err != nil {
		return fmt.Sprintf("%s: value %s (the summary failed: %v)", a.Rule, number(a.Value), plainError(err))
	}
	return text
}

func (s *summary) run(d summaryData) (string, error) {
	var w boundedText
	if err := s.t.Execute(&w, d); err != nil && !w.full {
		return "", err
	}
	return w.String(), nil
}

// boundedText takes at most maxSummary bytes and then ends the execution.
type boundedText struct {
	strings.Builder
	full bool
}

var errFull = errors.New("the text is long enough")

func (w *boundedText) Write(p []byte) (int, error) {
	if room := maxSummary - w.Len(); len(p) > room {
		w.full = true
		w.Builder.Write(clip(p, room))
		w.WriteString("…")
		return 0, errFull
	}
	return w.Builder.Write(p)
}

// summaryFuncs are Prometheus's functions that make sense without a database, under its names and with its results.
func summaryFuncs() template.FuncMap {
	unavailable := func(name string) any {
		return func(...any) (string, error) {
			return "", fmt.Errorf("%s cannot be used here", name)
		}
	}
	return template.FuncMap{
		"humanize":           scaled(humanize),
		"humanize1024":       scaled(humanize1024),
		"humanizeDuration":   scaled(humanizeDuration),
		"humanizePercentage": scaled(func(v float64) string { return fmt.Sprintf("%.4g%%", v*100) }),
		"humanizeTimestamp": scaled(func(v float64) string {
			return time.UnixMilli(int64(v * 1000)).UTC().Format("2006-01-02 15:04:05.999 -0700 MST")
		}),
		"toUpper": strings.ToUpper, "toLower": strings.ToLower, "title": title,
		"printf": boundedPrintf, "print": bounded(fmt.Sprint), "println": bounded(fmt.Sprintln),
		"query": unavailable("query"), "first": unavailable("first"), "value": unavailable("value"),
		"label": unavailable("label"), "call": unavailable("call"),
		"html": unavailable("html"), "js": unavailable("js"), "urlquery": unavailable("urlquery"),
	}
}

// bounded keeps what a function makes below the length of a summary: a variable that is printed twice into itself, ten
// times, is a thousand times as long.
func bounded(f func(...any) string) func(...any) string {
	return func(args ...any) string {
		s := f(args...)
		return s[:len(clip([]byte(s), maxSummary))]
	}
}

// scaled lets a function of a number take what templates hand over: the value, a literal, a label's text.
func scaled(f func(float64) string) func(any) (string, error) {
	return func(v any) (string, error) {
		switch v := v.(type) {
		case number:
			return f(float64(v)), nil
		case float64:
			return f(v), nil
		case int:
			return f(float64(v)), nil
		case string:
			n, err := strconv.ParseFloat(v, 64)
			if err != nil {
				return "", fmt.Errorf("%q is not a number", v)
			}
			return f(n), nil
		}
		return "", fmt.Errorf("a %T is not a number", v)
	}
}

// boundedPrintf is printf without the widths that turn a few bytes into gigabytes.
func boundedPrintf(format string, args ...any) (string, error) {
	digits := 0
	for _, c := range format {
		switch {
		case c >= '0' && c <= '9':
			digits++
		default:
			digits = 0
		}
		if c == '*' || digits > 2 {
			return "", errors.New("printf: widths of more than two digits, and *, cannot be used here")
		}
	}
	return bounded(func(args ...any) string { return fmt.Sprintf(format, args...) })(args...), nil
}

func title(s string) string {
	return strings.Join(mapEach(strings.SplitAfter(s, " "), func(w string) string {
		r, n := utf8.DecodeRuneInString(w)
		if n == 0 {
			return w
		}
		return strings.ToUpper(string(r)) + w[n:]
	}), "")
}

func mapEach(in []string, f func(string) string) []string {
	out := make([]string, len(in))
	for i, s := range in {
		out[i] = f(s)
	}
	return out
}

// labels returns the names of the labels that the template asks for as $labels.x or .Labels.x.
func (s *summary) labels() []string {
	var names []string
	var walk func(n parse.Node)
	branch := func(b *parse.BranchNode) {
		walk(b.Pipe)
		walk(b.List)
		if b.ElseList != nil {
			walk(b.ElseList)
		}
	}
	walk = func(n parse.Node) {
		switch n := n.(type) {
		case *parse.ListNode:
			for _, c := range n.Nodes {
				walk(c)
			}
		case *parse.ActionNode:
			walk(n.Pipe)
		case *parse.PipeNode:
			for _, c := range n.Cmds {
				walk(c)
			}
		case *parse.CommandNode:
			for _, a := range n.Args {
				walk(a)
			}
		case *parse.IfNode:
			branch(&n.BranchNode)
		case *parse.WithNode:
			branch(&n.BranchNode)
		case *parse.VariableNode:
			if len(n.Ident) > 1 && n.Ident[0] == "$labels" {
				names = append(names, n.Ident[1])
			}
		case *parse.FieldNode:
			if len(n.Ident) > 1 && n.Ident[0] == "Labels" {
				names = append(names, n.Ident[1])
			}
		}
	}
	walk(s.t.Root)
	return names
}
