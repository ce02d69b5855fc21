package app

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// defaultStart is when a test begins whose lines have no time and that says none.
var defaultStart = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// madeLine is a line of a test, written at a time.
type madeLine struct {
	at     time.Time
	source string
	text   string
	item   int // of lines, from 0
}

// lineOfCode is the line that stands for a code: one that the built-in patterns know, with all fields.
const lineOfCode = "${time} ERROR [room] onError code=${code} meetingId=${meeting} participantId=${participant}"

// placeholderNames are the words that may stand between ${ and }.
func placeholderNames() []string { return []string{"time", "n", "code", "participant", "meeting"} }

// makeLines returns the lines of a test in the order in which they are written, and when the test begins. A line is
// written at its own time, where none is given.
func (p *Plan) makeLines(t *testCase) ([]madeLine, time.Time) {
	start := p.startOf(t)
	var out []madeLine
	last := start
	for i := range t.Lines {
		for _, l := range p.makeItem(t, i, start, last) {
			out = append(out, l)
			last = l.at
		}
	}
	slices.SortStableFunc(out, func(a, b madeLine) int { return a.at.Compare(b.at) })
	return out, start
}

// startOf is when a test begins: when it says, else at the time of its first line that has one of its own.
func (p *Plan) startOf(t *testCase) time.Time {
	if start, err := time.Parse(time.RFC3339, t.Start); err == nil {
		return start.UTC()
	}
	for i := range t.Lines {
		l := &t.Lines[i]
		if l.At != nil || l.Line == "" {
			return defaultStart
		}
		for text := range strings.Lines(l.Line) {
			if own := lineTime(p.sets[t.sourceOf(l)], []byte(text), defaultStart); !own.IsZero() {
				return own.UTC()
			}
		}
	}
	return defaultStart
}

func (t *testCase) sourceOf(l *testLine) string { return cmp.Or(l.Source, t.Source, DefaultSource) }

// makeItem makes the lines of one item; last is when the line before it was written.
func (p *Plan) makeItem(t *testCase, item int, start, last time.Time) []madeLine {
	l := &t.Lines[item]
	source := t.sourceOf(l)
	if l.Count == nil && l.At == nil && l.Line != "" && (l.raw || !strings.Contains(l.Line, "${")) {
		return p.literalLines(l.Line, source, item, last)
	}
	from := last
	if l.At != nil {
		from = start.Add(*l.At)
	}
	count := int64(1)
	if l.Count != nil {
		count = *l.Count
	}
	template := l.Line
	if template == "" {
		template = lineOfCode
	}
	var out []madeLine
	for n := range count {
		at := from.Add(time.Duration(float64(l.Over) * float64(n) / float64(count)).Truncate(time.Millisecond)) // as exact as the stamp
		text := template
		if !l.raw {
			text = l.expand(template, at, n)
		}
		for one := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
			out = append(out, madeLine{at, source, one, item})
		}
	}
	return out
}

// literalLines are lines with times of their own. One without is written when the one before it was.
func (p *Plan) literalLines(text, source string, item int, last time.Time) []madeLine {
	var out []madeLine
	for one := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		if own := lineTime(p.sets[source], []byte(one), last); !own.IsZero() {
			last = own.UTC()
		}
		out = append(out, madeLine{last, source, one, item})
	}
	return out
}

// expand fills the n-th line of a template, n from 0.
func (l *testLine) expand(template string, at time.Time, n int64) string {
	nth := func(prefix string, of *int64) string {
		if of == nil {
			return prefix + "1"
		}
		return prefix + strconv.FormatInt(n%*of+1, 10)
	}
	return strings.NewReplacer(
		"${time}", at.Format("2006-01-02T15:04:05.000Z"), "${n}", fmt.Sprint(n+1), "${code}", l.Code,
		"${participant}", nth("p_", l.Participants), "${meeting}", nth("m_", l.Meetings),
	).Replace(template)
}
