package config

import (
	"reflect"
	"strings"

	"github.com/spf13/viper"
	"go.yaml.in/yaml/v4"
)

// Who gave a setting that the file did not; they stand in Problem.File.
const (
	fromEnvironment = "environment"
	fromFlags       = "command line"
)

// origin says who gave a setting instead of the file.
type origin struct {
	file string // for Problem.File
	name string // of the variable or flag
}

// setting is a single value outside lists and maps: those that the environment and flags may give.
type setting struct {
	name  string // server.listen
	value reflect.Value
	tag   reflect.StructTag
}

// settingsOf lists the settings of a configuration in the order of the schema.
func settingsOf(c *Config) []setting { return settingsIn(reflect.ValueOf(c).Elem(), "") }

func settingsIn(v reflect.Value, label string) []setting {
	var all []setting
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name := join(label, f.Tag.Get("yaml"))
		switch {
		case !f.IsExported():
		case f.Type.Kind() == reflect.Struct:
			all = append(all, settingsIn(v.Field(i), name)...)
		case isScalar(f.Type):
			all = append(all, setting{name, v.Field(i), f.Tag})
		}
	}
	return all
}

// Settings lists the names of all settings that ERRWATCH_* variables and flags may give: server.listen.
func Settings() []string {
	var names []string
	for _, s := range settingsOf(Default()) {
		names = append(names, s.name)
	}
	return names
}

// layer puts the settings of the environment and of the flags over those of the file, which lie over the defaults.
func (c *Config) layer(o LoadOptions) []Problem {
	settings := settingsOf(c)
	v := viper.New() // a fresh one: viper is not safe for concurrent use, and a reload must not see what was set before
	defaults := settingsOf(Default())
	for i, s := range settings {
		v.SetDefault(s.name, textOf(defaults[i].value))
	}
	env := envSettings(o.Env, settings)
	problems := unknownVariables(o.Env, settings)
	for _, layer := range []map[string]any{c.doc.settings(settings), env} {
		if err := v.MergeConfigMap(layer); err != nil {
			problems = append(problems, Problem{File: c.doc.file, Severity: Error, Message: err.Error()})
		}
	}
	flags := map[string]Flag{}
	for _, f := range o.Flags {
		flags[f.Setting] = f
		if err := v.BindFlagValue(f.Setting, flagValue{f}); err != nil {
			problems = append(problems, Problem{File: fromFlags, Severity: Error, Message: err.Error()})
		}
	}
	for _, s := range settings {
		f, given := flags[s.name]
		from := origin{fromFlags, f.Name}
		if !given {
			from = origin{fromEnvironment, Variable(s.name)}
			given = hasSetting(env, s.name)
		}
		if !given {
			continue // of the file or the defaults: already in place, with its mistakes reported
		}
		c.doc.outside[s.name] = from
		if m := setText(s.value, s.tag, from.name, v.GetString(s.name)); m != nil {
			problems = append(problems, Problem{File: from.file, Severity: Error, Message: m.message, Hint: m.hint})
		}
	}
	return problems
}

// settings is what the file says about single settings, as viper takes it.
func (d *document) settings(all []setting) map[string]any {
	m := map[string]any{}
	for _, s := range all {
		steps := strings.Split(s.name, ".")
		path := make([]any, len(steps))
		for i, step := range steps {
			path[i] = step
		}
		n, whole := d.find(path)
		if n = real(n); whole && n != nil && n.Kind == yaml.ScalarNode && !isNull(n) {
			putSetting(m, s.name, n.Value)
		}
	}
	return m
}

// putSetting sets server.listen in a map of maps.
func putSetting(m map[string]any, name, value string) {
	group, rest, nested := strings.Cut(name, ".")
	if !nested {
		m[name] = value
		return
	}
	inner, ok := m[group].(map[string]any)
	if !ok {
		inner = map[string]any{}
		m[group] = inner
	}
	putSetting(inner, rest, value)
}

func hasSetting(m map[string]any, name string) bool {
	group, rest, nested := strings.Cut(name, ".")
	if !nested {
		_, ok := m[name]
		return ok
	}
	inner, ok := m[group].(map[string]any)
	return ok && hasSetting(inner, rest)
}

// flagValue shows viper a flag that was given.
type flagValue struct{ f Flag }

func (v flagValue) HasChanged() bool    { return true }
func (v flagValue) Name() string        { return v.f.Name }
func (v flagValue) ValueString() string { return v.f.Value }
func (v flagValue) ValueType() string   { return "string" }
