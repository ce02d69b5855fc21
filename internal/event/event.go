// Package event holds the value that the parser hands on: one recognised error event, or one event of a reference
// pattern.
package event

import "time"

// Field is one captured field. Name is interned by the parser and may be kept; Value stays valid only as long as the
// event it came with.
type Field struct {
	Name  string
	Value []byte
}

// Well-known field names, to which the built-in patterns map the many spellings found in logs.
const (
	Meeting     = "meeting"
	Participant = "participant"
)

// Event is one event of one record.
//
// Source, Pattern, Code, Name, Category and the names of fields are interned: they may be kept. Fields' values, Message
// and Text point into buffers of the parser and stay valid only until the next call of the stream that made them;
// whoever keeps them copies them.
type Event struct {
	Source    string
	Pattern   string // the name of the pattern that matched
	Reference bool   // from a pattern with `reference: true`: a denominator, not an error; Code is empty

	Code     string // as written in the line: "4009"; of the catalogue where a name overruled it
	Name     string // canonical name; "" for a code that no catalogue knows
	Category string // "unknown" where the catalogue does not know the code
	Conflict bool   // the line held a code and a name that belongs to another code; the name won

	Fields  []Field
	Message []byte
	Text    []byte // the record, without its envelope and its line end; redacted once privacy has seen it
	Hidden  Hidden `json:"-"` // in place of Text, the record of which it was put off what to hide; see Shown

	Time    time.Time // from the line; zero where it has none that could be read
	HasZone bool      // the line's time stamp named its zone (or was an epoch)
	Read    time.Time // when the bytes were read

	Offset int64 // where the record starts in its file
	End    int64 // where it ends
}

// When is the event's time: its own where the line has one, else the time of reading.
func (e *Event) When() time.Time {
	if e.Time.IsZero() {
		return e.Read
	}
	return e.Time
}

// Field returns the value of the named field, nil where the event has none. The value stays valid as long as the event.
func (e *Event) Field(name string) []byte {
	for i := range e.Fields {
		if e.Fields[i].Name == name {
			return e.Fields[i].Value
		}
	}
	return nil
}
