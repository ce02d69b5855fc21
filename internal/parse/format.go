package parse

import (
	"bytes"

	"github.com/errwatch/errwatch/internal/parse/jsonscan"
	"github.com/errwatch/errwatch/internal/parse/logfmt"
)

// format is how the text of a record is written.
type format uint8

const (
	formatAuto format = iota
	formatText
	formatJSON
	formatLogfmt
)

func (f format) String() string { return [...]string{"auto", "text", "json", "logfmt"}[f] }

// FormatNames and EnvelopeNames return the names by index of Result.Formats and Result.Envelopes.
func FormatNames() [3]string { return [3]string{"text", "json", "logfmt"} }

// EnvelopeNames returns the names by index of Result.Envelopes.
func EnvelopeNames() [3]string { return [3]string{"none", "docker", "cri"} }

func parseFormat(s string) (format, bool) {
	switch s {
	case "", "auto":
		return formatAuto, true
	case "text":
		return formatText, true
	case "json":
		return formatJSON, true
	case "logfmt":
		return formatLogfmt, true
	}
	return 0, false
}

// detect decides the format of one record. What is not of the configured format is text.
func detect(text []byte, want format) format {
	if (want == formatAuto || want == formatJSON) && jsonscan.LooksLikeObject(text) && jsonscan.Valid(text) {
		return formatJSON
	}
	if (want == formatAuto || want == formatLogfmt) && logfmt.Looks(text) {
		return formatLogfmt
	}
	return formatText
}

// view is one record as the patterns see it: its text, and the string values in it. Values are only decoded when a
// pattern did not match the text itself.
type view struct {
	st     *Stream
	text   []byte
	format format

	decoded bool
	values  [][]byte
	walker  jsonscan.Walker
	visit   func(*jsonscan.Path, jsonscan.Value) bool // made once, since a closure for each record would be an allocation
	pair    func(key, value []byte, escaped bool) bool
}

func (v *view) init(st *Stream) {
	v.st = st
	v.visit = func(_ *jsonscan.Path, value jsonscan.Value) bool {
		if value.Kind == jsonscan.String {
			v.add(value.Raw, value.Escaped)
		}
		return len(v.values) < MaxStrings
	}
	v.pair = func(_, value []byte, escaped bool) bool {
		if escaped {
			// As JSON, without logfmt's \xHH: writers use that for what is no text only, and the filter need not know it.
			v.add(value, true)
		}
		return len(v.values) < MaxStrings
	}
}

// reset turns to the next record.
func (v *view) reset(text []byte) {
	v.text, v.format, v.decoded, v.values = text, detect(text, v.st.set.format), false, v.values[:0]
	if cap(v.values) > MaxStrings/4 {
		v.values = nil
	}
}

func (v *view) add(raw []byte, escaped bool) {
	if !escaped {
		v.values = append(v.values, raw)
		return
	}
	st := v.st
	from := len(st.arena)
	st.arena = jsonscan.AppendUnescaped(st.arena, raw)
	v.values = append(v.values, st.plain(st.arena[from:len(st.arena):len(st.arena)]))
}

// strings returns the decoded string values of a JSON record, and of JSON objects inside these, in order; of a logfmt
// record only those with escapes, since the others stand in its text as they are.
func (v *view) strings() [][]byte {
	if v.decoded {
		return v.values
	}
	v.decoded = true
	switch v.format {
	case formatJSON:
		v.walk(v.text)
		for depth, from := 1, 0; depth < MaxNesting && from < len(v.values); depth++ {
			from = v.descend(from)
		}
	case formatLogfmt:
		logfmt.Each(v.text, v.pair)
	}
	return v.values
}

// descend adds the strings of all objects among the values behind from, and returns where the added ones start.
func (v *view) descend(from int) int {
	known := len(v.values)
	for _, value := range v.values[from:known] {
		if len(v.values) < MaxStrings && bytes.IndexByte(value, '{') >= 0 && jsonscan.LooksLikeObject(value) && jsonscan.Valid(value) {
			v.walk(value)
		}
	}
	return known
}

func (v *view) walk(object []byte) { _ = v.walker.Walk(object, v.visit) } // it was validated
