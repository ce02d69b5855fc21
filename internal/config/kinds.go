package config

import (
	"reflect"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// wrongType is the mistake of a value that has another form than its key.
func wrongType(label, want string, n *yaml.Node) *mistake {
	if label == "" {
		label = "the file"
	}
	return &mistake{label + ": expected " + want + ", found " + found(n), ""}
}

// expected names the form of a type for people.
func expected(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[time.Duration]():
		return "a duration such as 5m"
	case reflect.TypeFor[Size]():
		return "a size such as 1MiB"
	}
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	case reflect.Slice:
		return "a list of " + plural(t.Elem())
	case reflect.Map:
		return "a mapping of names to " + plural(t.Elem())
	case reflect.Struct, reflect.Pointer:
		return "a mapping"
	}
	return "a string"
}

func plural(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Int, reflect.Int64:
		return "whole numbers"
	case reflect.Struct:
		return "mappings"
	case reflect.Slice:
		return "lists"
	case reflect.Interface:
		return "values"
	}
	return "strings"
}

// found names what stands in the file instead.
func found(n *yaml.Node) string {
	switch {
	case n == nil:
		return "nothing"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	}
	switch n.ShortTag() {
	case "!!null":
		return "nothing"
	case "!!bool":
		return n.Value
	case "!!int", "!!float":
		return "the number " + shorten(n.Value)
	case "!!timestamp":
		return "the date " + shorten(n.Value)
	}
	return "the string " + strconv.Quote(shorten(n.Value))
}

func isScalar(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Struct, reflect.Slice, reflect.Map, reflect.Pointer, reflect.Interface:
		return false
	}
	return true
}

// shorten keeps a value short enough for a message.
func shorten(s string) string {
	const most = 60
	n, cut := 0, 0
	for i := range s {
		if n++; n == most {
			cut = i
		} else if n > most {
			return s[:cut] + "…"
		}
	}
	return s
}

// ownTag is the mistake of a tag that is none of YAML's own. Those of its own that change nothing are let pass.
func ownTag(n *yaml.Node, label string) *mistake {
	if n.Style&yaml.TaggedStyle == 0 {
		return nil
	}
	switch n.ShortTag() {
	case "!!str", "!!int", "!!float", "!!bool", "!!null", "!!map", "!!seq", "!!timestamp":
		return nil
	}
	return &mistake{strings.TrimPrefix(label+": tag "+shorten(n.Tag)+" means nothing here", ": "), "write the value without it"}
}
