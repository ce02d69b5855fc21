package app

import (
	"fmt"
	"time"

	"github.com/errwatch/errwatch/internal/event"
)

// Explained is how one line is understood, redacted where privacy asks for it.
type Explained struct {
	Source   string
	Line     string
	Envelope string
	Stream   string
	Partial  bool
	Format   string
	Level    string

	Matched   bool
	Pattern   string
	Reference bool
	Code      string
	Name      string
	Category  string
	Conflict  bool
	Hint      string
	Fields    [][2]string
	Time      time.Time
	TimeFrom  string

	Unmatched bool
	Tried     []Tried
}

// Tried is what became of one pattern that was held against a line.
type Tried struct {
	Pattern string
	Matched bool
	Present []string // literals of the pattern that are in the line
	Missing string   // the first one that is not
	Filter  []string // one of these must be in a line; empty: the pattern is tried on every line
	Reason  string   // why it yields nothing
}

// SourceNames lists the configured sources, and DefaultSource.
func (p *Plan) SourceNames() []string {
	names := []string{DefaultSource}
	for _, s := range p.sources {
		if s.Name != DefaultSource {
			names = append(names, s.Name)
		}
	}
	return names
}

// Explain takes one line apart as the daemon would in a source.
func (p *Plan) Explain(source string, text []byte) (Explained, error) {
	set := p.sets[source]
	if set == nil {
		return Explained{}, fmt.Errorf("no source is named %q", source)
	}
	x := set.Explain(text)
	out := Explained{
		Source: source, Envelope: x.Envelope, Stream: x.Stream, Partial: x.Partial, Format: x.Format, Level: x.Level,
		Hint: x.Hint, TimeFrom: x.TimeFrom, Unmatched: x.Unmatched,
		Line: string(p.redactor.Text(nil, x.Text)),
	}
	for _, t := range x.Tried {
		out.Tried = append(out.Tried, Tried{t.Pattern, t.Matched, t.Present, t.Missing, t.Filter, t.Reason})
	}
	if x.Event != nil {
		p.redactor.Apply(x.Event, nil)
		out.take(x.Event)
	}
	return out, nil
}

func (x *Explained) take(e *event.Event) {
	x.Matched, x.Pattern, x.Reference = true, e.Pattern, e.Reference
	x.Code, x.Name, x.Category, x.Conflict, x.Time = e.Code, e.Name, e.Category, e.Conflict, e.Time
	for _, f := range e.Fields {
		x.Fields = append(x.Fields, [2]string{f.Name, string(f.Value)})
	}
}
