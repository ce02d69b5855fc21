package config

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// maxNodes bounds how many values one file may hold, aliases counted each time they are used: a file of a few hundred
// bytes of nested aliases would otherwise unfold to gigabytes.
const maxNodes = 500_000

// decoder sets values from nodes and collects what is wrong with them. What is wrong keeps its default.
type decoder struct {
	doc      *document
	problems []Problem
	failed   int                       // mistakes found; only the first maxProblems are among the problems
	nodes    int                       // visited so far
	tooMany  *Problem                  // once they were more than maxNodes
	aliases  map[*yaml.Node]*yaml.Node // copies of nodes -> the aliases in whose place they stand
}

func newDecoder(doc *document) *decoder {
	return &decoder{doc: doc, aliases: map[*yaml.Node]*yaml.Node{}}
}

// errReported is what types with their own decoding get where the mistake is already among the problems.
var errReported = errors.New("already reported")

// legacy is how types of Prometheus's libraries decode themselves.
type legacy interface {
	UnmarshalYAML(unmarshal func(any) error) error
}

// keyed is a type that wants to know which of its keys the file gives.
type keyed interface{ setKeys(keys []string) }

func (r *Rule) setKeys(keys []string) { r.Keys = keys }

func (d *decoder) fail(n *yaml.Node, m *mistake) {
	if d.failed++; d.failed > maxProblems {
		return
	}
	if alias, ok := d.aliases[n]; ok {
		n = alias
	}
	d.problems = append(d.problems, d.doc.problemAt(n, Error, m.message, m.hint))
}

// value sets v from a node. label is the path, for people; tag the schema of the key.
func (d *decoder) value(n *yaml.Node, v reflect.Value, tag reflect.StructTag, label string) {
	d.nodes++
	if d.nodes > maxNodes {
		if d.tooMany == nil {
			p := d.doc.problemAt(n, Error, fmt.Sprintf("more than %d values", maxNodes), "aliases count each time they are used")
			d.tooMany = &p
		}
		return
	}
	to := real(n)
	if to == nil || to.Kind == yaml.AliasNode {
		d.fail(n, &mistake{label + ": an alias that leads to itself", ""})
		return
	}
	if to != n && (to.Kind == yaml.ScalarNode || !fitsKind(to, v)) {
		to = d.standIn(n, to) // the mistake is to use it here, not what it says
	}
	if m := ownTag(to, label); m != nil {
		d.fail(to, m)
		return
	}
	if v.CanAddr() {
		if u, ok := v.Addr().Interface().(legacy); ok {
			d.legacy(to, u, tag, label)
			return
		}
	}
	if d.asText(to, v, label) {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		d.pointer(to, v, tag, label)
	case reflect.Struct:
		d.structure(to, v, tag, label)
	case reflect.Slice:
		d.list(to, v, tag, label)
	case reflect.Map:
		d.dict(to, v, tag, label)
	case reflect.Interface:
		d.free(to, v, label)
	default:
		d.scalar(to, v, tag, label)
	}
}

// standIn is a copy of a node whose mistakes belong to the place of an alias of it.
func (d *decoder) standIn(alias, to *yaml.Node) *yaml.Node {
	n := *to
	d.aliases[&n] = alias
	return &n
}

func (d *decoder) pointer(n *yaml.Node, v reflect.Value, tag reflect.StructTag, label string) {
	fresh := reflect.New(v.Type().Elem())
	if def, ok := fresh.Interface().(defaulter); ok {
		def.setDefaults()
	}
	if isNull(n) && emptyStruct(v) {
		v.Set(fresh) // `absent:` says all that `absent: {}` does
		return
	}
	d.value(n, fresh.Elem(), tag, label)
	v.Set(fresh)
}

func (d *decoder) legacy(n *yaml.Node, u legacy, tag reflect.StructTag, label string) {
	err := u.UnmarshalYAML(func(to any) error {
		before := d.failed
		d.value(n, reflect.ValueOf(to).Elem(), tag, label)
		if d.failed > before {
			return errReported
		}
		return nil
	})
	if err != nil && !errors.Is(err, errReported) {
		d.fail(n, &mistake{label + ": " + plainURLError(err), ""})
	}
}

// free decodes a value of any form.
func (d *decoder) free(n *yaml.Node, v reflect.Value, label string) {
	var x any
	if err := n.Load(&x); err != nil {
		d.fail(n, &mistake{label + ": not a plain value", ""})
		return
	}
	if x != nil {
		v.Set(reflect.ValueOf(x))
	}
}

func (d *decoder) structure(n *yaml.Node, v reflect.Value, tag reflect.StructTag, label string) {
	if n.Kind != yaml.MappingNode {
		d.fail(n, wrongType(label, "a mapping", n))
		return
	}
	d.checkKeys(n, label)
	fields, rest := fieldsOf(v)
	var given []string
	for _, p := range d.doc.pairs(n) {
		d.nodes++
		name := p.key.Value
		f, ok := fields[name]
		switch {
		case p.key.Kind != yaml.ScalarNode:
			continue // checkKeys has said it
		case ok && isNull(real(p.value)) && !emptyStruct(f.value):
			continue // a key with nothing behind it is as good as none
		case ok:
			given = append(given, name)
			d.value(p.value, f.value, f.tag+" "+literalOf(tag), join(label, name))
		case rest.IsValid():
			d.entry(p, rest, tag, label)
		default:
			d.fail(p.key, unknownKey(name, label, v))
		}
	}
	if k, ok := v.Addr().Interface().(keyed); ok {
		k.setKeys(given)
	}
}

// literalOf hands the permission to take numbers as text down to the parts of a value.
func literalOf(tag reflect.StructTag) reflect.StructTag {
	if tag.Get("text") == "literal" {
		return `text:"literal"`
	}
	return ""
}

// emptyStruct tells whether v points to a struct whose key says enough without a value.
func emptyStruct(v reflect.Value) bool {
	if v.Kind() != reflect.Pointer || v.Type().Elem().Kind() != reflect.Struct {
		return false
	}
	return v.Type().Elem().NumField() == 0 || v.Type() == reflect.TypeFor[*Absent]()
}

func unknownKey(name, label string, v reflect.Value) *mistake {
	where := ""
	if label != "" {
		where = " in " + label
	}
	return &mistake{"unknown key " + strconv.Quote(shorten(name)) + where, meant(name, keysOf(v.Type()), "keys here:")}
}

// checkKeys finds keys that are no single words, keys that stand twice, and a `<<` that cannot be merged.
func (d *decoder) checkKeys(n *yaml.Node, label string) {
	first := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		d.nodes++
		if k.Kind != yaml.ScalarNode {
			d.fail(k, &mistake{"a key must be a single word, found " + found(real(k)), ""})
			continue
		}
		if line, twice := first[k.Value]; twice {
			d.fail(k, &mistake{"key " + strconv.Quote(shorten(k.Value)) + " stands twice" + in(label), "first in line " + strconv.Itoa(line)})
			continue
		}
		first[k.Value] = k.Line
		if isMerge(k) && !mergeable(n.Content[i+1]) {
			d.fail(n.Content[i+1], &mistake{"<<: expected an alias of a mapping, found " + found(real(n.Content[i+1])), ""})
		}
	}
}

func mergeable(v *yaml.Node) bool {
	v = real(v)
	if v != nil && v.Kind == yaml.SequenceNode {
		for _, c := range v.Content {
			if c = real(c); c == nil || c.Kind != yaml.MappingNode {
				return false
			}
		}
		return true
	}
	return v != nil && v.Kind == yaml.MappingNode
}

func in(label string) string {
	if label == "" {
		return ""
	}
	return " in " + label
}

func (d *decoder) list(n *yaml.Node, v reflect.Value, tag reflect.StructTag, label string) {
	if n.Kind != yaml.SequenceNode {
		m := wrongType(label, expected(v.Type()), n)
		if n.Kind == yaml.ScalarNode && isScalar(v.Type().Elem()) && !isNull(n) {
			m.hint = "write a list: [" + shorten(n.Value) + "]"
		}
		d.fail(n, m)
		return
	}
	list := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
	for i, c := range n.Content {
		e := list.Index(i)
		if def, ok := e.Addr().Interface().(defaulter); ok {
			def.setDefaults()
		}
		at := label + "[" + strconv.Itoa(i) + "]"
		d.value(c, e, tag, at)
		if to := real(c); e.Kind() == reflect.String && to != nil && to.Kind == yaml.ScalarNode && !isNull(to) && to.Value == "" {
			d.fail(c, &mistake{at + " is empty", ""})
		}
	}
	v.Set(list)
}

func (d *decoder) dict(n *yaml.Node, v reflect.Value, tag reflect.StructTag, label string) {
	if n.Kind != yaml.MappingNode {
		d.fail(n, wrongType(label, expected(v.Type()), n))
		return
	}
	d.checkKeys(n, label)
	v.Set(reflect.MakeMap(v.Type()))
	for _, p := range d.doc.pairs(n) {
		if p.key.Kind == yaml.ScalarNode {
			d.entry(p, v, tag, label)
		}
	}
}

func (d *decoder) entry(p pair, m reflect.Value, tag reflect.StructTag, label string) {
	if m.IsNil() {
		m.Set(reflect.MakeMap(m.Type()))
	}
	e := reflect.New(m.Type().Elem()).Elem()
	d.value(p.value, e, tag, join(label, shorten(p.key.Value)))
	m.SetMapIndex(reflect.ValueOf(p.key.Value), e)
}

// scalar sets a single value. The tag that YAML gives a plain word decides whether it has the right type: nothing is
// converted, except that literal keys take a number as the text that it is.
func (d *decoder) scalar(n *yaml.Node, v reflect.Value, tag reflect.StructTag, label string) {
	want := expected(v.Type())
	if n.Kind != yaml.ScalarNode || !fits(n, v, tag) {
		m := wrongType(label, want, n)
		if n.Kind == yaml.ScalarNode && !isNull(n) {
			m.hint = quoteHint(n, v, tag)
		}
		d.fail(n, m)
		return
	}
	if m := setText(v, tag, label, n.Value); m != nil {
		d.fail(n, m)
	}
}

// quoteHint says how a scalar of the wrong type would have the right one.
func quoteHint(n *yaml.Node, v reflect.Value, tag reflect.StructTag) string {
	switch {
	case v.Kind() == reflect.String:
		return "put it in quotes: " + strconv.Quote(shorten(n.Value))
	case v.Kind() == reflect.Bool && slices.Contains([]string{"yes", "on"}, strings.ToLower(n.Value)):
		return "write true"
	case v.Kind() == reflect.Bool && slices.Contains([]string{"no", "off"}, strings.ToLower(n.Value)):
		return "write false"
	case quoted(n.Style) && setText(reflect.New(v.Type()).Elem(), tag, "", n.Value) == nil:
		return "write it without quotes"
	}
	return ""
}

// fitsKind says whether a list or mapping may stand where v is.
func fitsKind(n *yaml.Node, v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice:
		return n.Kind == yaml.SequenceNode
	case reflect.Map, reflect.Struct, reflect.Pointer:
		return n.Kind == yaml.MappingNode
	}
	return v.Kind() == reflect.Interface
}

// fits says whether a scalar has the type of v.
func fits(n *yaml.Node, v reflect.Value, tag reflect.StructTag) bool {
	t := n.ShortTag()
	switch v.Interface().(type) {
	case time.Duration, Size:
		return t == "!!str" || t == "!!int"
	}
	switch v.Kind() {
	case reflect.String:
		return t == "!!str" || tag.Get("text") == "literal" && (t == "!!int" || t == "!!float" || t == "!!bool" || t == "!!timestamp")
	case reflect.Bool:
		return t == "!!bool"
	case reflect.Int, reflect.Int64:
		return t == "!!int"
	case reflect.Float64:
		return t == "!!int" || t == "!!float"
	}
	return false
}

func isNull(n *yaml.Node) bool {
	return n != nil && n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null"
}

func join(label, name string) string {
	if label == "" {
		return name
	}
	return label + "." + name
}
