package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// reservedOnSeries lists the labels that errwatch or Prometheus itself sets on the series of a source.
func reservedOnSeries() []string {
	return []string{"source", "code", "name", "category", "reason", "rule", "receiver", "result", "state", "severity", "alertname", "instance", "job", "le", "quantile"}
}

// reservedOnAlerts lists the labels of an alert that rules cannot set.
func reservedOnAlerts() []string {
	return []string{"alertname", "severity", "instance", "source", "le"}
}

func wordRune(r rune) bool {
	return r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

// validLabel says whether a name is one of a label, or of a captured group of a regex: letters, digits and _, not
// beginning with a digit.
func validLabel(name string) bool {
	return name != "" && (name[0] < '0' || name[0] > '9') && !strings.ContainsFunc(name, func(r rune) bool { return !wordRune(r) })
}

func (k *checker) labelName(label, name string, reserved []string, path ...any) {
	switch {
	case !validLabel(name):
		k.fail(fmt.Sprintf("%s: %q is no label name", label, shorten(name)), "a label name is letters, digits and _, and does not begin with a digit", path...)
	case strings.HasPrefix(name, "__"):
		k.fail(fmt.Sprintf("%s: label %q is reserved", label, name), "names that begin with __ are Prometheus's own", path...)
	case slices.Contains(reserved, name):
		k.fail(fmt.Sprintf("%s: label %q is reserved", label, name), "set by errwatch or Prometheus: "+strings.Join(reserved, ", "), path...)
	}
}

// fieldName checks the name of a captured field.
func (k *checker) fieldName(label, name string, path ...any) {
	if !validLabel(name) && name != "" {
		k.fail(fmt.Sprintf("%s: %q is no field name", label, shorten(name)), "a field is the name of a group in a regex: letters, digits and _", path...)
	}
}

// maxName bounds names in characters: they stand in labels, paths and every line of tables.
const maxName = 64

// name checks the name of a part of a list, and that no other part has it. at is the part's own path.
func (k *checker) name(kind, name string, seen map[string]bool, at ...any) bool {
	path := append(slices.Clone(at), "name")
	list, i := at[0], at[1]
	bad := func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) && !strings.ContainsRune("._-:", r)
	}
	switch {
	case k.c.Has(at[0], at[1], "use"):
		return false // a misspelt use: builtin, which is said already
	case !k.c.Has(path...):
		k.fail(fmt.Sprintf("%s[%d] has no name", list, i), "", at...)
		return false
	case name == "":
		k.fail(fmt.Sprintf("%s[%d]: the name is empty", list, i), "", path...)
		return false
	case strings.ContainsFunc(name, bad) || utf8.RuneCountInString(name) > maxName:
		k.fail(fmt.Sprintf("%s[%d]: %q is no name", list, i, shorten(name)), fmt.Sprintf("a name is at most %d letters, digits, and . _ - :", maxName), path...)
	case seen[name]:
		k.fail(fmt.Sprintf("two %ss are named %q", kind, name), "", path...)
	}
	seen[name] = true
	return true
}

// sourceNames warns of names that no source has.
func (k *checker) sourceNames(label string, names []string, path ...any) {
	for i, n := range names {
		if n != "" && n != "default" && !slices.Contains(k.sourcesKnown, n) { // the one of paths on the command line
			k.warn(fmt.Sprintf("%s: no source is named %q", label, shorten(n)), meant(n, k.sourcesKnown, "sources:"), append(slices.Clone(path), i)...)
		}
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
