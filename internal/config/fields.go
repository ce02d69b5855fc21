package config

import (
	"maps"
	"reflect"
	"strings"
)

// field is one key of a structure.
type field struct {
	value reflect.Value
	tag   reflect.StructTag
}

// fieldsOf lists the keys of a structure, those of inlined ones too. rest is the map that takes all other keys, where
// there is one.
func fieldsOf(v reflect.Value) (fields map[string]field, rest reflect.Value) {
	fields = map[string]field{}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case options == "inline" && f.Type.Kind() == reflect.Map:
			rest = v.Field(i)
		case options == "inline":
			more, _ := fieldsOf(v.Field(i))
			maps.Copy(fields, more)
		case name != "" && name != "-":
			fields[name] = field{v.Field(i), f.Tag}
		}
	}
	return fields, rest
}

// keysOf lists the keys of a structure in their order.
func keysOf(t reflect.Type) []string {
	var keys []string
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case options == "inline" && f.Type.Kind() == reflect.Struct:
			keys = append(keys, keysOf(f.Type)...)
		case name != "" && name != "-":
			keys = append(keys, name)
		}
	}
	return keys
}
