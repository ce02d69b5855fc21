package event

import "fmt"

// A Hider takes out of a text what nobody may see. It appends the rest to dst, which does not overlap text. Several
// goroutines may use it at once.
type Hider interface {
	Text(dst, text []byte) []byte
}

// Hidden is the text of an event that nobody has asked for yet. In an incident a line is an event, and of a thousand lines
// a few are ever shown: only in these what is to be hidden is looked for. The text as it stands in the log cannot be read
// from outside this package, whatever prints or encodes the event. The zero Hidden has no text.
type Hidden struct {
	text  []byte
	hider Hider
}

// Hide makes the event's text one that Shown hides by h. It takes the message, which is a part of the text, off the event.
func (e *Event) Hide(h Hider) {
	e.Hidden = Hidden{e.Text, h}
	e.Text, e.Message = nil, nil
}

// HasText tells whether the event has a text, hidden or not.
func (e *Event) HasText() bool { return len(e.Text) > 0 || len(e.Hidden.text) > 0 }

// Shown appends the event's text to dst with all hidden that is to be hidden.
func (e *Event) Shown(dst []byte) []byte {
	if e.Hidden.IsZero() {
		return append(dst, e.Text...)
	}
	return e.Hidden.hider.Text(dst, e.Hidden.text)
}

// IsZero tells whether there is nothing to be hidden: the event's text is what it shows.
func (h Hidden) IsZero() bool { return h.hider == nil }

// Append appends the text as it is to dst, for who keeps the event for longer than its memory; In brings it back.
func (h Hidden) Append(dst []byte) []byte { return append(dst, h.text...) }

// In is the same text in other memory, that to which Append has copied it.
func (h Hidden) In(text []byte) Hidden { return Hidden{text, h.hider} }

// Format prints that there is a text, and none of it.
func (h Hidden) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "hidden text of %d bytes", len(h.text)) }

// MarshalJSON writes nothing of it.
func (h Hidden) MarshalJSON() ([]byte, error) { return []byte("null"), nil }
