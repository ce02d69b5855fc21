package metrics

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxLabelValue bounds a label value that comes from a log, in bytes.
const MaxLabelValue = 128

// AppendLabelValue appends v as a label value: valid UTF-8, without control characters, at most MaxLabelValue bytes.
// Bytes that are no UTF-8 become U+FFFD, control and format characters become escapes such as \n and \u202e, and what
// is too long ends in "…". It allocates only where dst must grow.
func AppendLabelValue(dst, v []byte) []byte {
	if len(v) <= MaxLabelValue && plainASCII(v) {
		return append(dst, v...)
	}
	start := len(dst)
	for len(v) > 0 {
		r, n := utf8.DecodeRune(v)
		before := len(dst)
		dst = appendRune(dst, r)
		v = v[n:]
		room := MaxLabelValue
		if len(v) > 0 {
			room -= len("…")
		}
		if len(dst)-start > room {
			return append(dst[:before], "…"...)
		}
	}
	return dst
}

func plainASCII(v []byte) bool {
	for _, b := range v {
		if b < ' ' || b > '~' {
			return false
		}
	}
	return true
}

const hexDigits = "0123456789abcdef"

func appendRune(dst []byte, r rune) []byte {
	switch {
	case r == '\n':
		return append(dst, `\n`...)
	case r == '\t':
		return append(dst, `\t`...)
	case r == '\r':
		return append(dst, `\r`...)
	case !unicode.Is(unicode.C, r) && r != '\u2028' && r != '\u2029':
		return utf8.AppendRune(dst, r)
	case r < 0x100:
		return append(dst, '\\', 'x', hexDigits[r>>4], hexDigits[r&15])
	}
	return fmt.Appendf(dst, `\u%04x`, r)
}

func cleanString(s string) string {
	b := AppendLabelValue(nil, []byte(s))
	if string(b) == s {
		return s
	}
	return string(b)
}

func splitNUL(key string) []string { return strings.Split(key, "\x00") }

func compareLabels(a, b label) int { return cmp.Compare(a.name, b.name) }

// ReservedLabel says whether a label name is one that errwatch or Prometheus sets itself.
func ReservedLabel(name string) bool {
	switch name {
	case "source", "code", "name", "category", "reason", "rule", "le", "quantile", "job", "instance":
		return true
	}
	return strings.HasPrefix(name, "__")
}

// validLabel says whether name is a label name in every version of Prometheus.
func validLabel(name string) bool {
	for i, r := range name {
		letter := r == '_' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		if !letter && (i == 0 || r < '0' || '9' < r) {
			return false
		}
	}
	return name != ""
}

// labelNames returns the names of all labels of sources, sorted, and every mistake in them and in the promoted ones.
func labelNames(o Options) ([]string, error) {
	var errs []error
	check := func(what, name string) {
		switch {
		case !validLabel(name):
			errs = append(errs, fmt.Errorf("%s: label name %q is not valid: use letters, digits and _, no digit first", what, name))
		case ReservedLabel(name):
			errs = append(errs, fmt.Errorf("%s: label name %q is reserved: choose another", what, name))
		}
	}
	names := map[string]bool{}
	for _, src := range o.Sources {
		for _, name := range slices.Sorted(maps.Keys(src.Labels)) {
			check(fmt.Sprintf("source %q", src.Name), name)
			names[name] = true
		}
	}
	for i, name := range o.Labels {
		check("metrics.labels", name)
		if names[name] {
			errs = append(errs, fmt.Errorf("metrics.labels: %q is already a label of a source: choose one of the two", name))
		}
		if slices.Contains(o.Labels[:i], name) {
			errs = append(errs, fmt.Errorf("metrics.labels: %q stands there twice", name))
		}
	}
	return slices.Sorted(maps.Keys(names)), errors.Join(errs...)
}
