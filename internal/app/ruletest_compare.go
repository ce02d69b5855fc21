package app

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/errwatch/errwatch/internal/alert"
	"github.com/errwatch/errwatch/internal/config"
	"github.com/errwatch/errwatch/internal/notify"
)

// comparison holds what happened in a test against what was expected.
type comparison struct {
	run      *testRun
	doc      *config.Document
	path     []any // of the test
	failures []TestFailure
}

// all returns the expectations that did not hold, in the order of the file.
func (c *comparison) all() []TestFailure {
	c.lineEvents()
	if c.run.test.Events != nil {
		c.allEvents()
	}
	c.counts()
	for i := range c.run.test.Alerts {
		c.alert(i)
	}
	if c.run.test.Fired != nil {
		c.fired()
	}
	slices.SortStableFunc(c.failures, func(a, b TestFailure) int { return cmp.Compare(a.Line, b.Line) })
	return c.failures
}

func (c *comparison) fail(what string, diffs []FieldDiff, path ...any) {
	if len(diffs) > 0 {
		c.failures = append(c.failures, TestFailure{c.doc.Line(append(slices.Clone(c.path), path...)...), what, diffs})
	}
}

// lineEvents holds each line against the event that stands with it. Of many lines of one item one is told.
func (c *comparison) lineEvents() {
	byLine := map[int]*gotEvent{}
	for i := range c.run.events {
		byLine[c.run.events[i].line] = &c.run.events[i]
	}
	told := map[int]bool{}
	for i := range c.run.lines {
		l := &c.run.lines[i]
		want := c.run.test.Lines[l.item].Event
		if want == nil || told[l.item] {
			continue
		}
		if diffs := want.diff(byLine[i]); len(diffs) > 0 {
			told[l.item] = true
			c.fail("event of "+strconv.Quote(l.text), diffs, "lines", l.item, "event")
		}
	}
}

// allEvents holds the events of the test, in order, against all that are expected. So that one that is missing does not
// shift the others, they are aligned by what fits as a whole.
func (c *comparison) allEvents() {
	want, got := c.run.test.Events, c.run.events
	pairs := align(len(want), len(got), func(i, j int) bool { return len(want[i].diff(&got[j])) == 0 })
	extra := map[int][]*gotEvent{} // of an item of lines: those that are not expected
	for _, p := range pairs {
		switch {
		case p.want < 0:
			g := &got[p.got]
			item := c.run.lines[g.line].item
			extra[item] = append(extra[item], g)
		case p.got < 0:
			c.fail(fmt.Sprintf("events[%d]", p.want), want[p.want].diff(nil), "events", p.want)
		default:
			g := &got[p.got]
			c.fail(fmt.Sprintf("events[%d], of %s", p.want, strconv.Quote(c.run.lines[g.line].text)), want[p.want].diff(g), "events", p.want)
		}
	}
	for _, item := range slices.Sorted(maps.Keys(extra)) {
		c.unexpected(item, extra[item])
	}
}

// unexpected tells of events of one item of lines that nobody expects: of the first, and how many there are.
func (c *comparison) unexpected(item int, list []*gotEvent) {
	what := "event that is not expected, of "
	if len(list) > 1 {
		what = fmt.Sprintf("%d events that are not expected, the first of ", len(list))
	}
	first := list[0]
	c.fail(what+strconv.Quote(c.run.lines[first.line].text), []FieldDiff{{"event", "none", first.brief()}}, "lines", item)
}

// counts holds the number of events against what is expected, by code, name or category, or by the name of a reference
// event or its pattern.
func (c *comparison) counts() {
	for _, word := range sortedNames(c.run.test.Counts) {
		want, got := c.run.test.Counts[word], int64(0)
		for i := range c.run.events {
			e := &c.run.events[i]
			if e.Code == word || e.Name == word || e.Category == word || e.Reference && e.Pattern == word {
				got++
			}
		}
		c.fail("number of events", diffNumber(nil, word, float64(want), float64(got)), "counts", config.Key(word))
	}
}

// fired holds how often each rule fired against what is expected; rules that are not named must not fire.
func (c *comparison) fired() {
	want, got := c.run.test.Fired, c.run.trial.counts
	all := map[string]bool{}
	for rule := range want {
		all[rule] = true
	}
	for rule := range got {
		all[rule] = true
	}
	for _, rule := range sortedNames(all) {
		path := []any{"fired"}
		if _, named := want[rule]; named {
			path = append(path, config.Key(rule))
		}
		c.fail("how often rules fired", diffNumber(nil, rule, float64(want[rule]), float64(got[rule])), path...)
	}
}

func (c *comparison) alert(i int) {
	w := &c.run.test.Alerts[i]
	what := "alert " + w.Rule + labelsText(w.Labels) + " at " + w.At
	a, several := w.choose(c.run.shown[i])
	if len(several) > 0 {
		c.fail(what, []FieldDiff{{"labels", "those of one alert", strings.Join(several, " and ")}}, "alerts", i)
		return
	}
	if diffs := w.otherLabels(c.run.shown[i]); a == nil && len(diffs) > 0 {
		c.fail(what, diffs, "alerts", i)
		return
	}
	diffs := w.diff(a, c.run.start)
	if a != nil {
		diffs = w.diffAnnotations(diffs, notify.Annotations(a, c.run.plan.Config.Server.ExternalURL, c.run.askedAt(i)))
	}
	c.fail(what, diffs, "alerts", i)
}

func (w *wantAlert) diffAnnotations(d []FieldDiff, got map[string]string) []FieldDiff {
	for _, name := range sortedNames(w.Annotations) {
		d = diffText(d, "annotations."+name, w.Annotations[name], got[name])
	}
	return d
}

// otherLabels tells in what the labels of an alert of the rule differ from those that no alert has; nil where there is no
// alert of the rule, or none is expected.
func (w *wantAlert) otherLabels(shown map[string]alert.Alert) (d []FieldDiff) {
	if w.State != nil && *w.State == stateInactive {
		return nil
	}
	var all []alert.Labels
	for _, key := range sortedNames(shown) {
		if a := shown[key]; a.Rule == w.Rule && (w.State == nil || string(a.State) == *w.State) {
			all = append(all, a.Labels)
		}
	}
	if len(all) == 1 {
		for _, name := range sortedNames(w.Labels) {
			d = diffText(d, "labels."+name, w.Labels[name], all[0].Get(name))
		}
		return d
	}
	var texts []string
	for _, labels := range all[:min(len(all), maxOthers)] {
		texts = append(texts, strings.TrimSpace(labelsText(ownLabels(labels))))
	}
	if len(all) > maxOthers {
		texts = append(texts, fmt.Sprintf("%d more", len(all)-maxOthers))
	}
	if len(texts) == 0 {
		return nil
	}
	return []FieldDiff{{"labels", strings.TrimSpace(labelsText(w.Labels)), strings.Join(texts, " and ")}}
}

// maxOthers is how many alerts are named where none is the expected one.
const maxOthers = 5

// choose picks the alert that an expectation is about: the one that is active, else the last one that was. Where several
// are active their labels are returned instead.
func (w *wantAlert) choose(shown map[string]alert.Alert) (chosen *alert.Alert, several []string) {
	active := 0
	for _, key := range sortedNames(shown) {
		a := shown[key]
		if a.Rule != w.Rule || !w.fits(a.Labels) {
			continue
		}
		if a.State != alert.Resolved {
			active++
			several = append(several, strings.TrimSpace(labelsText(ownLabels(a.Labels))))
		}
		newer := chosen == nil || a.State != alert.Resolved || chosen.State == alert.Resolved && a.StartsAt.After(chosen.StartsAt)
		if newer {
			chosen = &a
		}
	}
	if active > 1 && (w.State == nil || *w.State != stateInactive) {
		return nil, several
	}
	return chosen, nil
}

func (w *wantAlert) fits(labels alert.Labels) bool {
	for name, value := range w.Labels {
		if labels.Get(name) != value {
			return false
		}
	}
	return true
}

// ownLabels are the labels that tell alerts of one rule apart.
func ownLabels(labels alert.Labels) map[string]string {
	m := labels.Map()
	delete(m, "alertname")
	delete(m, "severity")
	return m
}

func labelsText(labels map[string]string) string {
	if len(labels) == 0 {
		return ""
	}
	parts := make([]string, 0, len(labels))
	for _, name := range sortedNames(labels) {
		parts = append(parts, name+"="+strconv.Quote(labels[name]))
	}
	return " {" + strings.Join(parts, ", ") + "}"
}

// stateInactive is the state of a rule that has no alert, or one that is over.
const stateInactive = "inactive"

// diff compares an alert, nil where there is none.
func (w *wantAlert) diff(a *alert.Alert, start time.Time) []FieldDiff {
	state := stateInactive
	if a != nil {
		state = string(a.State)
	}
	over := w.State != nil && *w.State == stateInactive && state == string(alert.Resolved)
	var d []FieldDiff
	if w.State != nil && !over {
		d = diffText(d, "state", *w.State, state)
	}
	switch {
	case a == nil && w.State == nil:
		return append(d, FieldDiff{"alert", "one", "none"})
	case a == nil:
		return d
	}
	for _, x := range []struct {
		field string
		want  *float64
		got   float64
	}{{"value", w.Value, a.Value}, {"peak", w.Peak, a.Peak}, {"threshold", w.Threshold, a.Threshold}} {
		if x.want != nil {
			d = diffNumber(d, x.field, *x.want, x.got)
		}
	}
	d = diffTime(d, "starts_at", w.StartsAt, a.StartsAt, start)
	d = diffTime(d, "ends_at", w.EndsAt, a.EndsAt, start)
	for _, x := range []struct {
		field string
		want  *string
		got   string
	}{{"summary", w.Summary, a.Summary}, {"runbook_url", w.RunbookURL, a.RunbookURL}, {"first_check", w.FirstCheck, a.FirstCheck}} {
		if x.want != nil {
			d = diffText(d, x.field, *x.want, x.got)
		}
	}
	return w.diffEvidence(d, &a.Evidence)
}

func (w *wantAlert) diffEvidence(d []FieldDiff, e *alert.Evidence) []FieldDiff {
	if w.People != nil {
		d = diffNumber(d, "people", float64(*w.People), float64(e.People.N))
	}
	if w.Meetings != nil {
		d = diffNumber(d, "meetings", float64(*w.Meetings), float64(e.Meetings.N))
	}
	if w.Codes == nil {
		return d
	}
	got := map[string]int64{}
	for _, c := range e.Codes {
		got[c.Value] = c.N
	}
	all := maps.Clone(w.Codes)
	maps.Copy(all, got)
	for _, code := range sortedNames(all) {
		d = diffNumber(d, "codes."+code, float64(w.Codes[code]), float64(got[code]))
	}
	return d
}

// diff compares an event, nil where there is none.
func (w *wantEvent) diff(g *gotEvent) []FieldDiff {
	switch {
	case w.none && g == nil:
		return nil
	case w.none:
		return []FieldDiff{{"event", "none", g.brief()}}
	case g == nil:
		return []FieldDiff{{"event", w.brief(), "none"}}
	}
	var d []FieldDiff
	for _, x := range []struct {
		field string
		want  *string
		got   string
	}{
		{"code", w.Code, g.Code}, {"name", w.Name, g.Name}, {"category", w.Category, g.Category}, {"pattern", w.Pattern, g.Pattern},
		{"source", w.Source, g.Source}, {"message", w.Message, string(g.Message)},
	} {
		if x.want != nil {
			d = diffText(d, x.field, *x.want, x.got)
		}
	}
	if w.Conflict != nil {
		d = diffText(d, "conflict", strconv.FormatBool(*w.Conflict), strconv.FormatBool(g.Conflict))
	}
	if w.Reference != nil {
		d = diffText(d, "reference", strconv.FormatBool(*w.Reference), strconv.FormatBool(g.Reference))
	}
	if w.Time != nil {
		want := *w.Time
		if t, err := time.Parse(time.RFC3339, want); err == nil {
			want = stampOf(t)
		}
		d = diffText(d, "time", want, cmp.Or(stampOf(g.Time), "none"))
	}
	for _, name := range sortedNames(w.Fields) {
		d = diffText(d, "fields."+name, w.Fields[name], string(g.Field(name)))
	}
	return d
}

// brief writes what is expected of an event in one line.
func (w *wantEvent) brief() string {
	var parts []string
	add := func(key string, value *string) {
		if value != nil {
			parts = append(parts, key+": "+*value)
		}
	}
	add("code", w.Code)
	add("name", w.Name)
	add("category", w.Category)
	add("pattern", w.Pattern)
	for _, name := range sortedNames(w.Fields) {
		add(name, new(w.Fields[name]))
	}
	if len(parts) == 0 {
		return "one"
	}
	return strings.Join(parts, ", ")
}

// brief writes an event in one line.
func (g *gotEvent) brief() string {
	w := wantEvent{Code: &g.Code, Name: &g.Name, Category: &g.Category, Pattern: &g.Pattern}
	if g.Reference {
		w = wantEvent{Pattern: &g.Pattern}
	}
	return w.brief()
}

func diffText(d []FieldDiff, field, want, got string) []FieldDiff {
	if want == got {
		return d
	}
	return append(d, FieldDiff{field, want, got})
}

func diffNumber(d []FieldDiff, field string, want, got float64) []FieldDiff {
	number := func(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
	if want == got {
		return d
	}
	return append(d, FieldDiff{field, number(want), number(got)})
}

// diffTime compares a time. It is told in the form in which it was expected: as an offset, or as a time.
func diffTime(d []FieldDiff, field string, want *string, got, start time.Time) []FieldDiff {
	if want == nil {
		return d
	}
	t, _ := testTime(*want, start) // checked when the file was read
	if t.Equal(got) {
		return d
	}
	shown := cmp.Or(stampOf(got), "none")
	if _, err := config.ParseDuration(*want); err == nil && !got.IsZero() {
		shown = got.Sub(start).String()
	}
	return append(d, FieldDiff{field, *want, shown})
}

// stampOf writes a time; "" for none.
func stampOf(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func sortedNames[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
