package app

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/errwatch/errwatch/internal/config"
)

// maxTestLines bounds the lines of one test.
const maxTestLines = 1_000_000

// testFile is a file of tests, as it is written. docs/testing-rules.md explains each key.
type testFile struct {
	Tests []testCase `yaml:"tests"`
}

type testCase struct {
	Name   string           `yaml:"name"`
	Source string           `yaml:"source"` // of all lines that name none
	Start  string           `yaml:"start" text:"literal"`
	Lines  []testLine       `yaml:"lines"`
	Events []wantEvent      `yaml:"events"` // nil: not looked at
	Counts map[string]int64 `yaml:"counts" min:"0"`
	Alerts []wantAlert      `yaml:"alerts"`
	Fired  map[string]int64 `yaml:"fired" min:"0"` // nil: not looked at
}

// testLine is one line, or several of a kind. As a single string it is text as it stands in a log.
type testLine struct {
	Line         string         `yaml:"line"`
	Source       string         `yaml:"source"`
	At           *time.Duration `yaml:"at"`
	Count        *int64         `yaml:"count" min:"1"`
	Over         time.Duration  `yaml:"over"`
	Code         string         `yaml:"code" text:"literal"`
	Participants *int64         `yaml:"participants" min:"1"`
	Meetings     *int64         `yaml:"meetings" min:"1"`
	Event        *wantEvent     `yaml:"event"`

	raw bool // written as a single string: no ${…} in it means anything
}

// UnmarshalText takes the short form.
func (l *testLine) UnmarshalText(text []byte) error {
	l.Line, l.raw = string(text), true
	return nil
}

// wantEvent is what is expected of an event; what is not given is not looked at.
type wantEvent struct {
	Code      *string           `yaml:"code" text:"literal"`
	Name      *string           `yaml:"name"`
	Category  *string           `yaml:"category"`
	Pattern   *string           `yaml:"pattern"`
	Source    *string           `yaml:"source"`
	Message   *string           `yaml:"message" text:"literal"`
	Time      *string           `yaml:"time" text:"literal"`
	Conflict  *bool             `yaml:"conflict"`
	Reference *bool             `yaml:"reference"`
	Fields    map[string]string `yaml:"fields" text:"literal"`

	none bool
}

// UnmarshalText takes the word none.
func (w *wantEvent) UnmarshalText(text []byte) error {
	if string(text) != "none" {
		return errors.New("expected none, or what the event is to be, as in {code: 3014}")
	}
	w.none = true
	return nil
}

// wantAlert is what is expected of a rule's alert at a time.
type wantAlert struct {
	At         string            `yaml:"at" text:"literal"`
	Rule       string            `yaml:"rule"`
	Labels     map[string]string `yaml:"labels" text:"literal"` // those that tell it from others
	State      *string           `yaml:"state" oneof:"inactive|pending|firing|resolved"`
	Value      *float64          `yaml:"value"`
	Peak       *float64          `yaml:"peak"`
	Threshold  *float64          `yaml:"threshold"`
	StartsAt   *string           `yaml:"starts_at" text:"literal"`
	EndsAt     *string           `yaml:"ends_at" text:"literal"`
	Summary    *string           `yaml:"summary"`
	RunbookURL *string           `yaml:"runbook_url"`
	FirstCheck *string           `yaml:"first_check"`
	Codes      map[string]int64  `yaml:"codes"`
	People     *int64            `yaml:"people"`
	Meetings   *int64            `yaml:"meetings"`
	// Annotations are those that an Alertmanager gets; "" is none.
	Annotations map[string]string `yaml:"annotations" text:"literal"`
}

// TestSuite is the tests of some files, found right.
type TestSuite struct {
	plan  *Plan
	files []loadedTests
}

type loadedTests struct {
	path string
	doc  *config.Document
	testFile
}

// BuildForTests is Build for a configuration whose patterns and rules are tested: a time of a line that names no zone is
// UTC, unless the source has a zone of its own, so that a test means the same on every machine.
func BuildForTests(cfg *config.Config) (*Plan, []config.Problem) {
	if !slices.ContainsFunc(cfg.Sources, func(s config.Source) bool { return s.Name == DefaultSource }) {
		s := config.NewSource(DefaultSource)
		s.Catalog = cfg.Catalog
		cfg.Sources = append(slices.Clone(cfg.Sources), s)
	}
	for i := range cfg.Sources {
		if s := &cfg.Sources[i]; s.Time.Zone == "Local" {
			s.Time.Zone = "UTC"
		}
	}
	return Build(cfg)
}

// LoadTests reads files of tests and finds all mistakes in them. The suite is nil where there is one.
func (p *Plan) LoadTests(paths []string) (*TestSuite, []config.Problem) {
	s := &TestSuite{plan: p}
	var problems []config.Problem
	for _, path := range paths {
		f := loadedTests{path: path}
		var found []config.Problem
		f.doc, found = config.DecodeFile(path, &f.testFile)
		c := &testChecker{plan: p, doc: f.doc, names: map[string]int{}}
		c.file(&f.testFile, len(found) > 0)
		problems = append(problems, config.Merge(found, c.problems)...)
		s.files = append(s.files, f)
	}
	if config.HasErrors(problems) {
		return nil, problems
	}
	return s, problems
}

// testChecker finds what is wrong with tests beyond their form.
type testChecker struct {
	plan     *Plan
	doc      *config.Document
	names    map[string]int // test -> its line
	problems []config.Problem
}

func (c *testChecker) fail(message, hint string, at int, path ...any) {
	c.problems = append(c.problems, c.doc.Problem(config.Error, message, hint, at, path...))
}

func (c *testChecker) file(f *testFile, broken bool) {
	if len(f.Tests) == 0 && !broken {
		c.fail("no tests: the file tests nothing", "as in tests: [{name: …, lines: […]}]", -1, "tests")
	}
	for i := range f.Tests {
		c.test(&f.Tests[i], i)
	}
}

func (c *testChecker) test(t *testCase, i int) {
	line := c.doc.Line("tests", i)
	switch first, taken := c.names[t.Name]; {
	case t.Name == "":
		c.fail(fmt.Sprintf("tests[%d] has no name", i), "", -1, "tests", i)
	case taken:
		c.fail(fmt.Sprintf("two tests are named %q", t.Name), fmt.Sprintf("the first in line %d", first), -1, "tests", i, "name")
	default:
		c.names[t.Name] = line
	}
	if t.Start != "" {
		if _, err := time.Parse(time.RFC3339, t.Start); err != nil {
			c.fail(fmt.Sprintf("start: %q is no time", t.Start), "a time looks like 2026-11-20T10:15:00Z", -1, "tests", i, "start")
		}
	}
	c.source(t.Source, "tests", i, "source")
	lines := int64(0)
	for j := range t.Lines {
		lines += c.line(&t.Lines[j], "tests", i, "lines", j)
	}
	if lines > maxTestLines {
		c.fail(fmt.Sprintf("%d lines in one test: at most %d", lines, maxTestLines), "", -1, "tests", i, "lines")
	}
	for j := range t.Alerts {
		c.alert(&t.Alerts[j], "tests", i, "alerts", j)
	}
	for rule := range t.Fired {
		c.rule(rule, "tests", i, "fired", config.Key(rule))
	}
	for j := range t.Events {
		c.event(&t.Events[j], "tests", i, "events", j)
	}
}

func (c *testChecker) source(name string, path ...any) {
	if known := c.plan.SourceNames(); name != "" && !slices.Contains(known, name) {
		c.fail(fmt.Sprintf("no source is named %q", name), config.Meant(name, known, "sources:"), -1, path...)
	}
}

func (c *testChecker) rule(name string, path ...any) {
	var known []string
	for _, r := range c.plan.judging() {
		known = append(known, r.Name)
	}
	if !slices.Contains(known, name) {
		c.fail(fmt.Sprintf("no rule is named %q", name), config.Meant(name, known, "rules:"), -1, path...)
	}
}

// line checks an item of lines and returns how many lines it stands for.
func (c *testChecker) line(l *testLine, path ...any) int64 {
	c.source(l.Source, append(slices.Clone(path), "source")...)
	switch {
	case l.Line == "" && l.Code == "" && !l.raw:
		c.fail("a line needs line, its text, or code, of which one is made", "as in {code: 3014, count: 60, over: 2m}", -1, path...)
	case l.Line != "" && !l.raw:
		c.placeholders(l.Line, append(slices.Clone(path), "line")...)
	}
	if l.Over > 0 && l.Count == nil {
		c.fail("over needs count: so many lines are spread over it", "", -1, append(slices.Clone(path), "over")...)
	}
	if l.Event != nil {
		c.event(l.Event, append(slices.Clone(path), "event")...)
	}
	if l.Count != nil {
		return *l.Count
	}
	return int64(strings.Count(l.Line, "\n")) + 1
}

// placeholders finds words between ${ and } that stand for nothing.
func (c *testChecker) placeholders(text string, path ...any) {
	for at := 0; ; {
		i := strings.Index(text[at:], "${")
		if i < 0 {
			return
		}
		word, _, closed := strings.Cut(text[at+i+2:], "}")
		switch known := placeholderNames(); {
		case !closed:
			c.fail("${ without }", "", at+i, path...)
			return
		case !slices.Contains(known, word):
			c.fail(fmt.Sprintf("${%s} stands for nothing", word), config.Meant(word, known, "known are"), at+i, path...)
			return
		}
		at += i + 2
	}
}

func (c *testChecker) event(w *wantEvent, path ...any) {
	if w.Time != nil {
		if _, err := time.Parse(time.RFC3339, *w.Time); err != nil && *w.Time != "none" {
			c.fail(fmt.Sprintf("time: %q is no time", *w.Time), "a time looks like 2026-11-20T10:15:00Z; none is none", -1, append(slices.Clone(path), "time")...)
		}
	}
}

func (c *testChecker) alert(w *wantAlert, path ...any) {
	at := func(key string) []any { return append(slices.Clone(path), key) }
	switch {
	case w.At == "":
		c.fail("when? at is missing", "as in at: 2m30s, from the start of the test, or at: 2026-11-20T10:15:00Z", -1, path...)
	default:
		c.when("at", w.At, at("at")...)
	}
	if w.Rule == "" {
		c.fail("which one? rule is missing", "", -1, path...)
	} else {
		c.rule(w.Rule, at("rule")...)
	}
	switch {
	case w.State == nil && w.looksAtNothing():
		c.fail("nothing is expected of the alert", "give its state: inactive, pending, firing or resolved", -1, path...)
	case w.State != nil && *w.State == stateInactive && !w.looksAtNothing():
		c.fail("an alert that is inactive has nothing else to look at", "of one that is over, expect resolved", -1, at("state")...)
	}
	if w.StartsAt != nil {
		c.when("starts_at", *w.StartsAt, at("starts_at")...)
	}
	if w.EndsAt != nil {
		c.when("ends_at", *w.EndsAt, at("ends_at")...)
	}
}

func (w *wantAlert) looksAtNothing() bool {
	return w.Value == nil && w.Peak == nil && w.Threshold == nil && w.StartsAt == nil && w.EndsAt == nil && w.Summary == nil &&
		w.RunbookURL == nil && w.FirstCheck == nil && w.Codes == nil && w.People == nil && w.Meetings == nil && w.Annotations == nil
}

func (c *testChecker) when(key, text string, path ...any) {
	if _, err := testTime(text, time.Time{}); err != nil {
		c.fail(fmt.Sprintf("%s: %q is no time", key, text), "an offset from the start of the test, as in 2m30s, or a time, as in 2026-11-20T10:15:00Z", -1, path...)
	}
}

// testTime reads an offset from start, or a time.
func testTime(text string, start time.Time) (time.Time, error) {
	if d, err := config.ParseDuration(text); err == nil {
		return start.Add(d), nil
	}
	return time.Parse(time.RFC3339, text)
}
