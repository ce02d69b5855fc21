package config

import (
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
)

// mistake is what is wrong with a value, without its place.
type mistake struct{ message, hint string }

// Size is a number of bytes.
type Size int64

// sizeUnits are the forms of a size, largest first; a bare number is bytes.
func sizeUnits() []sizeUnit {
	return []sizeUnit{
		{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10},
		{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"KB", 1e3}, {"kB", 1e3}, {"B", 1},
	}
}

type sizeUnit struct {
	name  string
	bytes int64
}

// String is the shortest exact form: 1MiB, 1500B.
func (s Size) String() string {
	for _, u := range sizeUnits() {
		if s != 0 && int64(s)%u.bytes == 0 {
			return strconv.FormatInt(int64(s)/u.bytes, 10) + u.name
		}
	}
	return "0B"
}

// ParseSize reads a whole number with or without a unit: 1MiB, 64KiB, 10MB, 4096.
func ParseSize(text string) (Size, error) {
	digits, factor := text, int64(1)
	for _, u := range sizeUnits() {
		if d, ok := strings.CutSuffix(text, u.name); ok {
			digits, factor = strings.TrimRight(d, " "), u.bytes
			break
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return 0, err
	}
	if n > math.MaxInt64/factor || n < math.MinInt64/factor {
		return 0, strconv.ErrRange
	}
	return Size(n * factor), nil
}

// FormatDuration writes a duration in the form that the file takes: 5m, 1h30m, 400d.
func FormatDuration(d time.Duration) string { return model.Duration(d).String() }

// ParseDuration reads Prometheus's form of a duration: whole numbers with the units y, w, d, h, m, s and ms, the largest
// first; 0 needs no unit. A year is 365 days.
func ParseDuration(text string) (time.Duration, error) {
	d, err := model.ParseDuration(text)
	return time.Duration(d), err
}

// setText reads text as the type of v and sets v to it. The tag gives the words or bounds; label is the key, for
// people. On a mistake v stays as it was.
func setText(v reflect.Value, tag reflect.StructTag, label, text string) *mistake {
	if words := tag.Get("oneof"); words != "" {
		return setWord(v, strings.Split(words, "|"), label, text)
	}
	switch v.Interface().(type) {
	case time.Duration:
		return setDuration(v, tag, label, text)
	case Size:
		return setSize(v, tag, label, text)
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return &mistake{label + ": expected true or false, found " + strconv.Quote(shorten(text)), ""}
		}
		v.SetBool(b)
	case reflect.Int, reflect.Int64:
		return setInt(v, tag, label, text)
	case reflect.Float64:
		return setFloat(v, tag, label, text)
	default:
		return &mistake{label + " cannot be given as text", ""}
	}
	return nil
}

func setWord(v reflect.Value, words []string, label, text string) *mistake {
	if !slices.Contains(words, text) {
		return unknownWord(label, text, words)
	}
	v.SetString(text)
	return nil
}

// unknownWord is the mistake of a word that is none of those that a key takes.
func unknownWord(label, text string, words []string) *mistake {
	hint, text := meant(text, words, "one of"), strconv.Quote(shorten(text))
	if strings.HasPrefix(label, envPrefix) || strings.HasPrefix(label, "-") {
		return &mistake{label + ": unknown word " + text, hint}
	}
	return &mistake{"unknown " + lastKey(label) + " " + text, hint}
}

// lastKey is the key's own name: "envelope" of sources[0].envelope, "redact" of privacy.redact[2].
func lastKey(label string) string {
	label = label[strings.LastIndexByte(label, '.')+1:]
	if i := strings.IndexByte(label, '['); i > 0 {
		label = label[:i]
	}
	return label
}

func setDuration(v reflect.Value, tag reflect.StructTag, label, text string) *mistake {
	d, err := ParseDuration(text)
	if err != nil {
		hint := "a duration looks like 30s, 5m, 1h30m or 30d"
		if _, err := strconv.ParseUint(text, 10, 64); err == nil {
			hint = "write its unit: " + text + "s, " + text + "m or " + text + "h"
		}
		return &mistake{label + ": bad duration " + strconv.Quote(shorten(text)), hint}
	}
	least, most := tag.Get("min"), tag.Get("max")
	if bound, err := ParseDuration(least); err == nil && d < bound {
		return tooSmall(label, least, text)
	}
	if bound, err := ParseDuration(most); err == nil && d > bound {
		return tooLarge(label, most, text)
	}
	v.SetInt(int64(d))
	return nil
}

func setSize(v reflect.Value, tag reflect.StructTag, label, text string) *mistake {
	s, err := ParseSize(text)
	if err != nil {
		return &mistake{label + ": bad size " + strconv.Quote(shorten(text)), "a size looks like 4096, 64KiB or 1MiB"}
	}
	least, most := tag.Get("min"), tag.Get("max")
	if bound, err := ParseSize(least); err == nil && s < bound {
		return tooSmall(label, least, text)
	}
	if bound, err := ParseSize(most); err == nil && s > bound {
		return tooLarge(label, most, text)
	}
	v.SetInt(int64(s))
	return nil
}

func setInt(v reflect.Value, tag reflect.StructTag, label, text string) *mistake {
	digits := strings.TrimLeft(text, "+-")
	if len(digits) > 1 && digits[0] == '0' {
		// YAML 1.1 reads it in octal, people and YAML 1.2 do not: no reading is the right one.
		return &mistake{label + ": " + text + " begins with a zero", "write " + strings.TrimLeft(digits, "0")}
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return &mistake{label + ": expected a whole number, found " + strconv.Quote(shorten(text)), ""}
	}
	least, most := tag.Get("min"), tag.Get("max")
	if bound, err := strconv.ParseInt(least, 10, 64); err == nil && n < bound {
		return tooSmall(label, least, text)
	}
	if bound, err := strconv.ParseInt(most, 10, 64); err == nil && n > bound {
		return tooLarge(label, most, text)
	}
	v.SetInt(n)
	return nil
}

func setFloat(v reflect.Value, tag reflect.StructTag, label, text string) *mistake {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return &mistake{label + ": expected a number, found " + strconv.Quote(shorten(text)), ""}
	}
	least := tag.Get("min")
	if bound, err := strconv.ParseFloat(least, 64); err == nil && f < bound {
		return tooSmall(label, least, text)
	}
	v.SetFloat(f)
	return nil
}

func tooSmall(label, bound, text string) *mistake {
	return &mistake{label + " must be at least " + bound + ", is " + text, ""}
}

func tooLarge(label, bound, text string) *mistake {
	return &mistake{label + " must be at most " + bound + ", is " + text, ""}
}

// textOf writes a single value in the form that setText reads.
func textOf(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case time.Duration:
		return FormatDuration(x)
	case Size:
		return x.String()
	case string:
		return x
	case bool:
		return strconv.FormatBool(x)
	default:
		return strconv.FormatInt(v.Int(), 10)
	}
}
