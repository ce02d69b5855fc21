package config

import (
	"encoding"
	"reflect"

	"go.yaml.in/yaml/v4"
)

// Document is a YAML file other than a configuration, decoded as strictly, and where everything in it stands.
type Document struct{ doc *document }

// DecodeFile reads a file of at most 4 MiB into v, a pointer to a struct. The tags of the struct are the schema, as those
// of Config; a struct that is an encoding.TextUnmarshaler may be written as a single word or string, too. All mistakes
// are found in one run, in the order of the file; what is wrong leaves its part of v as it was. The document is never
// nil.
func DecodeFile(path string, v any) (*Document, []Problem) {
	content, err := readFile(path)
	if err != nil {
		return &Document{&document{file: path}}, []Problem{{File: path, Severity: Error, Message: plainError(err)}}
	}
	return Decode(path, content, v)
}

// Decode is DecodeFile for the content of a file that has been read; file is its name, for messages.
func Decode(file string, content []byte, v any) (*Document, []Problem) {
	doc := &document{file: file}
	d := newDecoder(doc)
	if p := doc.read(content); p != nil {
		return &Document{doc}, []Problem{*p}
	}
	if doc.root != nil {
		d.value(doc.root, reflect.ValueOf(v).Elem(), "", "")
	}
	if d.tooMany != nil {
		return &Document{doc}, []Problem{*d.tooMany}
	}
	return &Document{doc}, bound(Merge(d.problems), d.failed > maxProblems)
}

// Problem makes a problem of the value at a path, as Config.Problem does; it has no place where the file holds nothing of
// the path.
func (d *Document) Problem(severity, message, hint string, at int, path ...any) Problem {
	return d.doc.problem(severity, message, hint, at, path)
}

// Line returns the line, from 1, in which the value at a path stands, or its nearest part that the file holds; 0 where
// it holds nothing of it.
func (d *Document) Line(path ...any) int {
	return d.doc.problem(Error, "", "", -1, path).Line
}

// asText sets a struct that may also be written as a single value from one; it says whether this is such a case.
func (d *decoder) asText(n *yaml.Node, v reflect.Value, label string) bool {
	if v.Kind() != reflect.Struct || n.Kind != yaml.ScalarNode || isNull(n) || !v.CanAddr() {
		return false
	}
	u, ok := v.Addr().Interface().(encoding.TextUnmarshaler)
	if !ok {
		return false
	}
	if err := u.UnmarshalText([]byte(n.Value)); err != nil {
		d.fail(n, &mistake{label + ": " + err.Error(), ""})
	}
	return true
}

// Meant is a hint for a word that is not known: the nearest known one, else all of them after lead; "" where none is
// known.
func Meant(word string, known []string, lead string) string { return meant(word, known, lead) }
