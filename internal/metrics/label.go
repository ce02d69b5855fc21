package metrics

import (
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
	if len(v) <= MaxLabelValue && isPlain(v) {
		return append(dst, v...)
	}
	start := len(dst)
	cut := start // where "…" would still fit
	for len(v) > 0 {
		r, n := utf8.DecodeRune(v)
		v = v[n:]
		dst = appendRune(dst, r)
		if len(dst)-start > MaxLabelValue {
			return append(dst[:cut], "…"...)
		}
		if len(dst)-start <= MaxLabelValue-len("…") {
			cut = len(dst)
		}
	}
	return dst
}

// isPlain says whether v is printable ASCII alone, as almost all values are.
func isPlain[T string | []byte](v T) bool {
	for i := range len(v) {
		if v[i] < ' ' || v[i] > '~' {
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
		return appendHex(append(dst, `\x`...), r, 2)
	case r < 0x10000:
		return appendHex(append(dst, `\u`...), r, 4)
	}
	return appendHex(append(dst, `\U`...), r, 8)
}

func appendHex(dst []byte, r rune, digits int) []byte {
	for shift := 4 * (digits - 1); shift >= 0; shift -= 4 {
		dst = append(dst, hexDigits[r>>shift&15])
	}
	return dst
}

// cleanString returns s as AppendLabelValue would, without a copy where it is clean already.
func cleanString(s string) string {
	if len(s) <= MaxLabelValue && isPlain(s) {
		return s
	}
	return string(AppendLabelValue(nil, []byte(s)))
}

// reservedLabel says whether a label name is one that errwatch or Prometheus sets itself.
func reservedLabel(name string) bool {
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
		case reservedLabel(name):
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
	for i, src := range o.Sources {
		same := func(other Source) bool { return other.Name == src.Name }
		if src.Name == "" || slices.ContainsFunc(o.Sources[:i], same) {
			errs = append(errs, fmt.Errorf("source %d: the name %q is empty or taken", i+1, src.Name))
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
