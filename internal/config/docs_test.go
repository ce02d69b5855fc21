package config

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// documented is what the reference says about a key.
type documented struct{ fallback, values string }

// schema lists all keys with their defaults and bounds, as the reference writes them. Where the code has no default,
// fallback is empty: the reference says in words what happens then.
func schema(v reflect.Value, prefix string, out map[string]documented) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name := f.Tag.Get("yaml")
		if !f.IsExported() || name == "-" {
			continue
		}
		path, value := join(prefix, name), v.Field(i)
		switch {
		case name == "http":
			out[path] = documented{}
		case f.Type.Kind() == reflect.Struct:
			schema(value, path, out)
		case f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.Struct:
			out[path] = documented{}
			schema(fresh(f.Type.Elem()), path+"[]", out)
		case f.Type.Kind() == reflect.Pointer && f.Type.Elem().Kind() == reflect.Struct && f.Type.Elem().NumField() > 0:
			schema(fresh(f.Type.Elem()), path, out)
		default:
			out[path] = documented{fallbackOf(value), valuesOf(f.Tag)}
		}
	}
}

// fresh is a part of a list as it is before anything of it is read.
func fresh(t reflect.Type) reflect.Value {
	p := reflect.New(t)
	if d, ok := p.Interface().(defaulter); ok {
		d.setDefaults()
	}
	return p.Elem()
}

func fallbackOf(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Pointer, reflect.Map:
		return ""
	case reflect.Slice:
		if v.Len() == 0 {
			return ""
		}
		return "[" + strings.Join(v.Interface().([]string), ", ") + "]"
	case reflect.Float64:
		return fmt.Sprint(v.Float())
	}
	return textOf(v)
}

func valuesOf(tag reflect.StructTag) string {
	least, most := tag.Get("min"), tag.Get("max")
	switch {
	case tag.Get("oneof") != "":
		return "`" + strings.ReplaceAll(tag.Get("oneof"), "|", "`, `") + "`"
	case least != "" && most != "":
		return "`" + least + "` to `" + most + "`"
	case least != "":
		return "at least `" + least + "`"
	case most != "":
		return "at most `" + most + "`"
	}
	return ""
}

func readProject(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile("../../" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestReference holds the tables of docs/configuration.md against the code: every key, its default, its bounds.
func TestReference(t *testing.T) {
	t.Parallel()
	want := map[string]documented{}
	schema(reflect.ValueOf(Default()).Elem(), "", want)
	seen := map[string]bool{}
	row := regexp.MustCompile("(?m)^\\| `([a-z_.\\[\\]]+)` \\| ([^|]*) \\| ([^|]*)\\|.*\\|$")
	for _, m := range row.FindAllStringSubmatch(readProject(t, "docs/configuration.md"), -1) {
		key, fallback, values := m[1], m[2], strings.TrimSpace(m[3])
		w, ok := want[key]
		switch {
		case !ok:
			t.Errorf("%s is documented and does not exist", key)
		case seen[key]:
			t.Errorf("%s is documented twice", key)
		}
		seen[key] = true
		if values != w.values {
			t.Errorf("%s takes %q, documented %q", key, w.values, values)
		}
		// A default in words is about something else than the value; a value must be the real one.
		if w.fallback != "" && !strings.HasPrefix(fallback, "`"+w.fallback+"`") || w.fallback == "" && (fallback == "" || fallback[0] == '`') {
			t.Errorf("%s has the default %q, documented %q", key, w.fallback, fallback)
		}
	}
	for key := range want {
		if !seen[key] {
			t.Errorf("%s is not documented", key)
		}
	}
	if len(seen) < 90 {
		t.Errorf("only %d rows were understood", len(seen))
	}
}

func TestDocumentedVariables(t *testing.T) {
	t.Parallel()
	want := []string{"| `ERRWATCH_CONFIG` | the path of the file |"}
	for _, s := range Settings() {
		want = append(want, fmt.Sprintf("| `%s` | `%s` |", Variable(s), s))
	}
	got := regexp.MustCompile("(?m)^\\| `ERRWATCH_.*$").FindAllString(readProject(t, "docs/configuration.md"), -1)
	if !slices.Equal(got, want) {
		t.Errorf("documented\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestExample loads the example as it is, and with everything that it comments out: a line whose # is followed by a key
// or a list's dash, directly or after the indent of its block; prose has one space there.
func TestExample(t *testing.T) {
	t.Parallel()
	text := readProject(t, "config.example.yaml")
	c, ps := loadText(t, text, LoadOptions{Known: known()})
	if len(ps) > 0 {
		t.Fatal(Format(ps))
	}
	defaults := settingsOf(Default())
	for i, s := range settingsOf(c) {
		if got, want := textOf(s.value), textOf(defaults[i].value); got != want {
			t.Errorf("%s is %q in the example, the default is %q", s.name, got, want)
		}
	}
	d := Default()
	d.finish()
	d.Sources, d.doc, c.doc = c.Sources, nil, nil
	c.Rules[0].Keys = nil
	d.Alerts.ExternalLabels, d.Capacity.Limits, d.Metrics.Labels, d.Privacy.Patterns, d.Privacy.Hash = map[string]string{}, map[string]int64{}, []string{}, []string{}, []string{}
	if !reflect.DeepEqual(c, d) {
		t.Errorf("the example says\n%+v\nthe defaults are\n%+v", c, d)
	}
	src := NewSource("meeting", "/var/log/meeting/*.log")
	src.Exclude, src.Catalog = []string{"*.gz"}, c.Catalog
	if !reflect.DeepEqual(c.Sources, []Source{src}) {
		t.Errorf("source: %+v", c.Sources)
	}
	testWholeExample(t, uncomment(text))
}

func uncomment(text string) string {
	return regexp.MustCompile(`(?m)^( *)#(|  +)(- |[a-z_]+:)`).ReplaceAllString(text, "$1$2$3")
}

func testWholeExample(t *testing.T, text string) {
	c, ps := loadText(t, text, LoadOptions{Known: known()})
	if len(ps) > 0 {
		t.Fatal(Format(ps))
	}
	want, got := map[string]documented{}, map[string]bool{}
	schema(reflect.ValueOf(Default()).Elem(), "", want)
	pathsIn(c.doc.root, "", got)
	for key := range want {
		if !got[key] {
			t.Errorf("the example does not show %s", key)
		}
	}
}

// pathsIn collects the paths of all keys below a node, as the schema writes them.
func pathsIn(n *yaml.Node, prefix string, out map[string]bool) {
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			p := pair{n.Content[i], n.Content[i+1]}
			path := join(prefix, p.key.Value)
			out[path] = true
			pathsIn(p.value, path, out)
		}
	case yaml.SequenceNode:
		for _, c := range n.Content {
			pathsIn(c, prefix+"[]", out)
		}
	}
}

// TestConfigurationsInDocs loads every configuration of the documents: each YAML block all of whose keys are ours.
func TestConfigurationsInDocs(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?ms)^```ya?ml\n(.*?)^```")
	loaded := 0
	for _, file := range append(files, "../../README.md") {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range blocks.FindAllStringSubmatch(string(b), -1) {
			if !isConfiguration(m[1]) {
				continue
			}
			loaded++
			if _, ps := loadText(t, m[1], LoadOptions{Known: Known{Catalogs: known().Catalogs}}); len(ps) > 0 {
				t.Errorf("%s:\n%s\n%s", file, m[1], Format(ps))
			}
		}
	}
	if loaded < 2 {
		t.Errorf("only %d configurations were found", loaded)
	}
}

func isConfiguration(text string) bool {
	d := &document{}
	if d.read([]byte(text)) != nil || d.root == nil || d.root.Kind != yaml.MappingNode {
		return false
	}
	ours := keysOf(reflect.TypeFor[Config]())
	return !slices.ContainsFunc(d.pairs(d.root), func(p pair) bool { return !slices.Contains(ours, p.key.Value) })
}
