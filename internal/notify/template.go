package notify

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"text/template"
	"text/template/parse"
	"time"
	"unicode/utf8"

	"github.com/errwatch/errwatch/internal/alert"
)

const (
	maxTemplate = 64 << 10  // bytes of a template's file
	maxBody     = 256 << 10 // bytes of what it makes
	plainType   = "text/plain; charset=utf-8"
)

// The functions that keep count of what a template does.
const stepName, enterName, leaveName = "_step", "_enter", "_leave"

// ownTemplate makes bodies by a user's template. It can read its data and nothing else: no file, no variable of the
// environment, no clock, no network; and it can neither run without end nor make a body without bound.
type ownTemplate struct {
	file string

	mu     sync.Mutex // guards the budget, which the functions share
	budget budget
	tmpl   *template.Template
	failed string // the error told last
}

// ownTemplate reads a template and tries it on examples of all that can come.
func (w *webhook) ownTemplate(file string) (renderer, error) {
	text, err := readTemplate(file)
	if err != nil {
		return nil, fmt.Errorf("template_file: %w", err)
	}
	o := &ownTemplate{file: file}
	if err := o.parse(text, w.n.opts.ExternalURL); err != nil {
		return nil, fmt.Errorf("template_file %s: %w", file, err)
	}
	if err := o.try(w.n, w.name); err != nil {
		return nil, fmt.Errorf("template_file %s: %w", file, err)
	}
	return func(n *Notifier, receiver string, m *message) (body, error) {
		p := n.payload(receiver, m)
		b, err := o.render(p)
		if err == nil {
			return b, nil
		}
		o.complain(n, receiver, err)
		return asJSON(p) // a message in the wrong form is worth more than none
	}, nil
}

func readTemplate(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxTemplate+1))
	switch {
	case err != nil:
		return "", err
	case len(text) > maxTemplate:
		return "", fmt.Errorf("%s is longer than %d KiB", file, maxTemplate>>10)
	case !utf8.Valid(text):
		return "", fmt.Errorf("%s is not UTF-8", file)
	}
	return string(text), nil
}

func (o *ownTemplate) parse(text, externalURL string) error {
	t, err := template.New("template").Option("missingkey=zero").Funcs(o.budget.funcs(externalURL)).Parse(text)
	if err != nil {
		return templateError(err)
	}
	calls, err := parse.Parse("calls", "{{"+stepName+"}}{{"+enterName+"}}{{"+leaveName+"}}", "", "", o.budget.funcs(""))
	if err != nil {
		return err
	}
	step, enter, leave := calls["calls"].Root.Nodes[0], calls["calls"].Root.Nodes[1], calls["calls"].Root.Nodes[2]
	for _, x := range t.Templates() {
		if x.Tree != nil && x.Root != nil {
			meter(x.Root, step)
			x.Root.Nodes = slices.Concat([]parse.Node{enter.Copy()}, x.Root.Nodes, []parse.Node{leave.Copy()})
		}
	}
	o.tmpl = t
	return nil
}

// meter puts a step at the head of each loop.
func meter(n parse.Node, step parse.Node) {
	branch := func(b *parse.BranchNode) {
		meter(b.List, step)
		if b.ElseList != nil {
			meter(b.ElseList, step)
		}
	}
	switch n := n.(type) {
	case *parse.ListNode:
		for _, c := range n.Nodes {
			meter(c, step)
		}
	case *parse.IfNode:
		branch(&n.BranchNode)
	case *parse.WithNode:
		branch(&n.BranchNode)
	case *parse.RangeNode:
		branch(&n.BranchNode)
		n.List.Nodes = slices.Concat([]parse.Node{step.Copy()}, n.List.Nodes)
	}
}

// render makes a body: JSON where it is, or else text.
func (o *ownTemplate) render(p *Payload) (body, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.budget = newBudget()
	var out boundedBuffer
	if err := o.tmpl.Execute(&out, p); err != nil {
		return body{}, templateError(err)
	}
	text := bytes.TrimSpace(out.Bytes())
	switch {
	case len(text) == 0:
		return body{}, errors.New("it makes an empty body")
	case json.Valid(text):
		return body{text, jsonType}, nil
	case text[0] == '{' || text[0] == '[':
		return body{}, fmt.Errorf("what it makes begins like JSON and is none%s: write texts as {{ .Summary | json }}, which adds the quotes", jsonPlace(text))
	}
	return body{bytes.ToValidUTF8(text, []byte("\uFFFD")), plainType}, nil
}

// jsonPlace shows where JSON ends to be such.
func jsonPlace(text []byte) string {
	var v any
	var at *json.SyntaxError
	if !errors.As(json.Unmarshal(text, &v), &at) {
		return ""
	}
	end := min(int(at.Offset), len(text))
	return fmt.Sprintf(" behind %q", clean(string(text[max(0, end-40):end]), 60))
}

var errBody = fmt.Errorf("the body is longer than %d KiB", maxBody>>10)

// boundedBuffer takes at most maxBody bytes and then ends the execution.
type boundedBuffer struct{ bytes.Buffer }

func (b *boundedBuffer) Write(p []byte) (int, error) {
	if b.Len()+len(p) > maxBody {
		return 0, errBody
	}
	return b.Buffer.Write(p)
}

// templateError says where and what, without the words of text/template around it.
func templateError(err error) error {
	if errors.Is(err, errSteps) {
		return errSteps // where it is noticed is not where it is wrong
	}
	text := strings.TrimPrefix(err.Error(), "template: template:")
	place, rest, ok := strings.Cut(text, ": ")
	if !ok {
		return err
	}
	if i := strings.LastIndex(rest, ">: "); i >= 0 {
		rest = rest[i+3:] // executing "template" at <.X>: …
	}
	line, column, _ := strings.Cut(place, ":")
	if column != "" {
		column = ", column " + column
	}
	return fmt.Errorf("line %s%s: %s", line, column, clean(rest, maxQuoted))
}

// complain logs an error when it is new.
func (o *ownTemplate) complain(n *Notifier, receiver string, err error) {
	o.mu.Lock()
	told := o.failed == err.Error()
	o.failed = err.Error()
	o.mu.Unlock()
	if !told {
		n.opts.Logger.Error("the template of a receiver failed: its message goes out as the template json", "receiver", receiver, "file", o.file, "err", err)
	}
}

// try makes the body of each example, so that no mistake waits for the night.
func (o *ownTemplate) try(n *Notifier, receiver string) error {
	for _, e := range examples() {
		if _, err := o.render(n.payload(receiver, e.message())); err != nil {
			return fmt.Errorf("%w (tried with %s)", err, e.name)
		}
	}
	return nil
}

type example struct {
	name    string
	content content
}

func (e *example) message() *message {
	return &message{key: strings.Repeat("0", 32), created: exampleTime.Add(34 * time.Minute), content: e.content}
}

var exampleTime = time.Date(2026, time.November, 20, 10, 15, 0, 0, time.UTC)

// examples are a message of each kind, with texts that break what is not escaped, and with as little as can be.
func examples() []example {
	const hostile = "quotes \" ' `, a backslash \\, <b>&amp;</b>, {{ braces }},\ta tab and \U0001F600"
	rich := alert.Alert{
		ID: "7k2m9q4x5w3v2u1t", Rule: "Example", State: alert.Firing, StartsAt: exampleTime, Condition: alert.OnCount,
		Labels: alert.FromMap(map[string]string{"alertname": "Example", "severity": "critical", "source": "meeting"}),
		Value:  63, Peak: 71, Threshold: 20, Above: true, Window: 5 * time.Minute,
		Summary: "63 camera denials in 5 min: " + hostile, RunbookURL: "https://runbooks.example.com/x?a=1&b=2", FirstCheck: hostile,
		Evidence: alert.Evidence{
			Codes: []alert.Count{{Value: "3014", N: 51}, {Value: "3015", N: 12}}, Top: map[string][]alert.Count{"meeting": {{Value: hostile, N: 22}}},
			Samples: []string{hostile, hostile}, First: exampleTime.Add(-time.Minute), Last: exampleTime.Add(time.Minute),
			People: alert.Distinct{N: 41}, Meetings: alert.Distinct{N: 9, AtLeast: true}, Before: alert.Before{Times: 3, Since: exampleTime.Add(-30 * 24 * time.Hour)},
		},
	}
	over := rich
	over.ID, over.State, over.EndsAt = "another", alert.Resolved, exampleTime.Add(30*time.Minute)
	bare := alert.Alert{ID: "bare", Rule: "Example", State: alert.Firing, StartsAt: exampleTime, Window: time.Minute}
	many := content{Rule: "Example", More: more{Firing: 2, Resolved: 1}, Still: 3}
	for range maxListed {
		many.Alerts = append(many.Alerts, rich)
	}
	return []example{
		{"an alert that fires", content{Rule: "Example", Alerts: []alert.Alert{rich}}},
		{"an alert that has resolved", content{Rule: "Example", Alerts: []alert.Alert{over}}},
		{"an alert of which little is known", content{Rule: "Example", Alerts: []alert.Alert{bare}}},
		{"a repetition", content{Rule: "Example", Alerts: []alert.Alert{rich}, Repeat: true}},
		{"several alerts", content{Rule: "Example", Alerts: []alert.Alert{over, rich}, Still: 1}},
		{"more alerts than a message holds", many},
	}
}
