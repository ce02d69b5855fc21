// Package jsonscan reads JSON in log lines: one pass, no allocation, no tree.
//
// It is exact where a log needs it (strings, escapes, numbers, nesting follow RFC 8259; a torn line is an error, not a
// guess) and lenient only about character encoding: bytes that are not UTF-8 pass through, since a line with one bad
// byte still holds its error code. Nesting is bounded by MaxDepth, so hostile input cannot exhaust the stack.
//
// Every []byte handed out points into the input (or into the caller's scratch) and stays valid as long as that does.
package jsonscan

import "errors"

// MaxDepth is how deep objects and arrays may nest, JSON inside strings included. Loggers stay below ten.
const MaxDepth = 64

// The two ways in which input is refused. They are plain values, so that a torn line costs no allocation either; Check
// tells where it is torn.
var (
	ErrSyntax = errors.New("not JSON")
	ErrDepth  = errors.New("JSON is nested too deeply")
)

// Kind is what a value is. The zero Kind is an absent value.
type Kind uint8

// The kinds of JSON values.
const (
	String Kind = iota + 1
	Number
	Bool
	Null
	Object
	Array
)

// String returns the kind's name in JSON's own words, "absent" for the zero Kind.
func (k Kind) String() string {
	switch k {
	case String:
		return "string"
	case Number:
		return "number"
	case Bool:
		return "bool"
	case Null:
		return "null"
	case Object:
		return "object"
	case Array:
		return "array"
	default:
		return "absent"
	}
}

// Value is one JSON value, uninterpreted.
type Value struct {
	Kind Kind
	// Raw is the value as it stands in the input: for a string what is between the quotes, still escaped; for an
	// object or array everything from bracket to bracket.
	Raw     []byte
	Escaped bool // a string that holds at least one backslash: AppendUnescaped gives its text
}

// Text returns the value as text for matching and capturing: a string's characters, a number or bool as written. ok is
// false for null, objects, arrays and absent values. Escaped strings are unescaped into scratch, which is returned
// longer; text then points into it.
func (v Value) Text(scratch []byte) (text, scratch2 []byte, ok bool) {
	switch v.Kind {
	case String:
		if !v.Escaped {
			return v.Raw, scratch, true
		}
		from := len(scratch)
		scratch = AppendUnescaped(scratch, v.Raw)
		return scratch[from:len(scratch):len(scratch)], scratch, true
	case Number, Bool:
		return v.Raw, scratch, true
	default:
		return nil, scratch, false
	}
}

// LooksLikeObject tells cheaply whether b can be one JSON object: its first byte that is not white space is '{', its
// last is '}'. It says nothing about what is between.
func LooksLikeObject(b []byte) bool {
	i, j := 0, len(b)
	for i < j && isSpace(b[i]) {
		i++
	}
	for j > i && isSpace(b[j-1]) {
		j--
	}
	return j-i >= 2 && b[i] == '{' && b[j-1] == '}'
}

// Valid tells whether b is exactly one JSON value, white space around it allowed, nested at most MaxDepth deep.
func Valid(b []byte) bool {
	_, err := Check(b)
	return err == nil
}

// Check is Valid with a reason: ErrSyntax or ErrDepth, and the offset in bytes at which b stops being acceptable.
func Check(b []byte) (at int, err error) {
	_, at, err = skipValue(b, skipSpace(b, 0), 0)
	if err == nil {
		at, err = rest(b, at)
	}
	return at, err
}

// rest refuses anything but white space behind the document, which ends at i.
func rest(b []byte, i int) (at int, err error) {
	if i = skipSpace(b, i); i != len(b) {
		return i, ErrSyntax
	}
	return i, nil
}
