package app

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/errwatch/errwatch/internal/alert"
	"github.com/errwatch/errwatch/internal/config"
	"github.com/errwatch/errwatch/internal/event"
	"github.com/errwatch/errwatch/internal/line"
	"github.com/errwatch/errwatch/internal/parse"
	"github.com/errwatch/errwatch/internal/rules"
)

// TestReport is what came of tests.
type TestReport struct {
	Tests   []TestResult
	Skipped int // tests that were not asked for
	// Names of what no test has hit: patterns that matched no line, rules that never fired. Built-in ones apart, which have
	// tests of their own.
	Patterns, Rules               []string
	BuiltinPatterns, BuiltinRules []string
}

// TestResult is what came of one test.
type TestResult struct {
	File, Name    string
	Line          int // where the test stands in the file
	Lines, Events int // so many it had
	Failures      []TestFailure
}

// TestFailure is one expectation that did not hold.
type TestFailure struct {
	Line  int    // where it stands in the file
	What  string // what was looked at: "event of \"…\"", "alert Burst at 2m30s"
	Diffs []FieldDiff
}

// FieldDiff is one value that is not as it was to be. Want is "" where nothing was expected, Got where nothing is there.
type FieldDiff struct{ Field, Want, Got string }

// Run runs the tests whose names match, all where only is nil. The error is ctx's, or says that the rules cannot be run.
func (s *TestSuite) Run(ctx context.Context, only *regexp.Regexp) (*TestReport, error) {
	r := &TestReport{}
	hit := hits{patterns: map[string]bool{}, rules: map[string]bool{}}
	for i := range s.files {
		f := &s.files[i]
		for j := range f.Tests {
			if only != nil && !only.MatchString(f.Tests[j].Name) {
				r.Skipped++
				continue
			}
			if err := context.Cause(ctx); err != nil {
				return nil, err
			}
			x, err := s.plan.runTest(f, j, &hit)
			if err != nil {
				return nil, err
			}
			r.Tests = append(r.Tests, *x)
		}
	}
	r.unhit(s.plan.Config, &hit)
	return r, nil
}

// hits is what tests have come to: patterns that matched, rules that fired.
type hits struct{ patterns, rules map[string]bool }

// unhit names what no test has come to.
func (r *TestReport) unhit(cfg *config.Config, hit *hits) {
	names := func(hit map[string]bool, all []string) []string {
		return slices.DeleteFunc(all, func(name string) bool { return hit[name] })
	}
	for _, p := range cfg.Patterns {
		if p.Use != config.Builtin {
			r.Patterns = append(r.Patterns, p.Name)
			continue
		}
		for _, b := range parse.Builtin() {
			r.BuiltinPatterns = append(r.BuiltinPatterns, b.Name)
		}
	}
	for _, x := range cfg.Rules {
		switch {
		case x.Use == config.Builtin:
			for _, b := range rules.Builtin() {
				r.BuiltinRules = append(r.BuiltinRules, b.Name)
			}
		case slices.Contains(r.BuiltinRules, x.Name):
			r.BuiltinRules = slices.DeleteFunc(r.BuiltinRules, func(name string) bool { return name == x.Name })
			fallthrough
		default:
			if x.Enabled {
				r.Rules = append(r.Rules, x.Name)
			}
		}
	}
	r.Patterns, r.BuiltinPatterns = names(hit.patterns, r.Patterns), names(hit.patterns, r.BuiltinPatterns)
	r.Rules, r.BuiltinRules = names(hit.rules, r.Rules), names(hit.rules, r.BuiltinRules)
}

// testRun is one test under way.
type testRun struct {
	plan    *Plan
	test    *testCase
	lines   []madeLine
	start   time.Time
	trial   *trial
	streams map[string]*testStream
	events  []gotEvent
	asked   []int // the alerts that are asked for, by time
	shown   []map[string]alert.Alert
	hit     *hits
}

// testStream is a source's log: one file.
type testStream struct {
	stream
	end   int64
	lines []int // of the run, in the order in which they stand in the file
	ends  []int64
}

// gotEvent is an event that a test's lines yielded, copied.
type gotEvent struct {
	event.Event
	line int // of testRun.lines: where its record begins
}

func (p *Plan) runTest(f *loadedTests, index int, hit *hits) (*TestResult, error) {
	t := &f.Tests[index]
	tr, err := p.newTrial(true)
	if err != nil {
		return nil, err
	}
	r := &testRun{plan: p, test: t, trial: tr, streams: map[string]*testStream{}, shown: make([]map[string]alert.Alert, len(t.Alerts)), hit: hit}
	r.lines, r.start = p.makeLines(t)
	r.askInOrder()
	r.trial.advance(r.start)
	r.trial.begin(r.start)
	for i := range r.lines {
		r.ask(r.lines[i].at, false)
		r.write(i)
	}
	r.close()
	r.ask(r.trial.now, true)
	for len(r.asked) > 0 { // what lies behind the last line
		r.ask(r.askedAt(r.asked[0]), true)
	}
	for rule := range r.trial.counts {
		hit.rules[rule] = true
	}
	c := &comparison{run: r, doc: f.doc, path: []any{"tests", index}}
	return &TestResult{
		File: f.path, Name: t.Name, Line: f.doc.Line("tests", index), Lines: len(r.lines), Events: len(r.events), Failures: c.all(),
	}, nil
}

func (r *testRun) askedAt(i int) time.Time {
	at, _ := testTime(r.test.Alerts[i].At, r.start) // checked when the file was read
	return at
}

func (r *testRun) askInOrder() {
	for i := range r.test.Alerts {
		r.asked = append(r.asked, i)
	}
	slices.SortStableFunc(r.asked, func(a, b int) int { return cmp.Or(r.askedAt(a).Compare(r.askedAt(b)), cmp.Compare(a, b)) })
}

// ask looks at the alerts that are asked for before now; at it, too, where everything of this time has happened.
func (r *testRun) ask(now time.Time, done bool) {
	for len(r.asked) > 0 {
		at := r.askedAt(r.asked[0])
		if at.After(now) || at.Equal(now) && !done {
			return
		}
		if at.After(r.trial.now) {
			r.trial.advance(at)
		}
		r.shown[r.asked[0]] = r.trial.latest()
		r.asked = r.asked[1:]
	}
}

// latest returns the last alert of each group that has or had one.
func (t *trial) latest() map[string]alert.Alert {
	out := map[string]alert.Alert{}
	put := func(a alert.Alert) {
		key := fmt.Sprint(a.Labels)
		if old, ok := out[key]; !ok || !a.ActiveAt.Before(old.ActiveAt) {
			out[key] = a
		}
	}
	for _, a := range t.fired() {
		put(a)
	}
	for _, a := range t.engine.Alerts() {
		put(a)
	}
	return out
}

func (r *testRun) stream(source string) *testStream {
	s := r.streams[source]
	if s == nil {
		s = &testStream{stream: stream{parse: r.plan.sets[source].NewStream()}}
		r.streams[source] = s
	}
	return s
}

// write writes a line, and judges what it completes.
func (r *testRun) write(i int) {
	l := &r.lines[i]
	s := r.stream(l.source)
	data := []byte(l.text + "\n")
	b := line.Batch{Source: l.source, File: 1, Data: data, Offset: s.end, End: s.end + int64(len(data)), Read: l.at}
	s.end = b.End
	s.lines, s.ends = append(s.lines, i), append(s.ends, b.End)
	r.judge(s, &b)
	r.trial.line(l.source, r.clock(l.at))
}

// clock is the time of the test, which never goes back.
func (r *testRun) clock(at time.Time) time.Time {
	if at.Before(r.trial.now) {
		return r.trial.now
	}
	return at
}

// close ends all files: a record that waits for its other lines is complete.
func (r *testRun) close() {
	for _, source := range sortedNames(r.streams) {
		s := r.streams[source]
		r.judge(s, &line.Batch{Source: source, File: 1, Offset: s.end, End: s.end, Read: r.trial.now, Last: true})
	}
}

func (r *testRun) judge(s *testStream, b *line.Batch) {
	res := s.parse.Feed(b)
	s.scratch = s.scratch[:0]
	for i := range res.Events {
		e := &res.Events[i]
		s.scratch = r.plan.redactor.Apply(e, s.scratch)
		at, _ := slices.BinarySearch(s.ends, e.Offset+1)
		r.events = append(r.events, gotEvent{copyOf(e), s.lines[at]})
		r.hit.patterns[e.Pattern] = true
		r.trial.observe(e, r.clock(b.Read))
	}
}

// copyOf keeps an event for longer than the parser's memory.
func copyOf(e *event.Event) event.Event {
	x := *e
	x.Text, x.Message, x.Fields = bytes.Clone(e.Text), bytes.Clone(e.Message), slices.Clone(e.Fields)
	for i := range x.Fields {
		x.Fields[i].Value = bytes.Clone(x.Fields[i].Value)
	}
	return x
}
