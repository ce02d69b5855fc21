package catalog

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Bounds of what a user may add, in bytes: codes and names become Prometheus labels and literals of the parser.
const (
	MaxCodeLen = 32
	MaxNameLen = 128
)

// CodeError is one mistake in what With is to add.
type CodeError struct {
	Index int // which of the added codes
	Err   error
}

func (e *CodeError) Error() string { return e.Err.Error() }

func (e *CodeError) Unwrap() error { return e.Err }

// With returns a catalogue called name that holds c's codes and those of add. A code that c lacks needs a code, a name
// and a category. One that c has is changed: what is not empty in add replaces what stands there, aliases are added,
// and a replaced name stays as an alias, since logs go on using it. c is not changed.
//
// The error joins a *CodeError for each mistake, in the order of add (see errors.Join).
func (c *Catalog) With(name string, add []Code) (*Catalog, error) {
	merged := make(map[string]*Code, len(c.codes)+len(add))
	for _, k := range c.codes {
		merged[k.Code] = k
	}
	index := map[string]int{} // of the added codes
	var errs []error
	for i := range add {
		k := override(merged[add[i].Code], &add[i])
		err := checkCode(k)
		if _, twice := index[k.Code]; twice && err == nil {
			err = fmt.Errorf("code %s is added twice", k.Code)
		}
		if err != nil {
			errs = append(errs, &CodeError{i, err})
			continue
		}
		index[k.Code], merged[k.Code] = i, k
	}
	out, err := newCatalog(name, slices.Collect(maps.Values(merged)))
	errs = append(errs, blame(err, index)...)
	if len(errs) > 0 {
		slices.SortStableFunc(errs, func(a, b error) int { return a.(*CodeError).Index - b.(*CodeError).Index })
		return nil, errors.Join(errs...)
	}
	out.foreign = c.foreign
	return out, nil
}

// blame says which of the added codes brought each clash: the base has none of its own.
func blame(err error, index map[string]int) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return nil
	}
	var out []error
	for _, e := range joined.Unwrap() {
		clash := e.(*nameClash)
		i, ok := index[clash.other]
		if j, added := index[clash.code]; added && (!ok || j > i) {
			i = j
		}
		out = append(out, &CodeError{i, clash})
	}
	return out
}

// override lays k over base, which may be nil, and returns a new code.
func override(base, k *Code) *Code {
	out := Code{Code: k.Code, Origin: Configured}
	if base != nil {
		out = *base
	}
	out.Aliases = slices.Clone(out.Aliases)
	if k.Name != "" && k.Name != out.Name {
		if out.Name != "" {
			out.Aliases = append(out.Aliases, out.Name)
		}
		out.Name = k.Name
	}
	out.Aliases = append(out.Aliases, k.Aliases...)
	slices.Sort(out.Aliases)
	out.Aliases = slices.Compact(out.Aliases)
	out.Aliases = slices.DeleteFunc(out.Aliases, func(a string) bool { return a == out.Name })
	for _, f := range []struct {
		to   *string
		from string
	}{
		{&out.Category, k.Category}, {&out.Origin, k.Origin}, {&out.Message, k.Message},
		{&out.Meaning, k.Meaning}, {&out.FirstCheck, k.FirstCheck},
	} {
		if f.from != "" {
			*f.to = f.from
		}
	}
	return &out
}

// checkCode says what is wrong with a code by itself.
func checkCode(k *Code) error {
	switch {
	case k.Code == "":
		return errors.New("a code is empty")
	case len(k.Code) > MaxCodeLen:
		return fmt.Errorf("code %.40q is longer than %d bytes", k.Code, MaxCodeLen)
	case !allOf(k.Code, isNameByte):
		return fmt.Errorf("code %q: use letters, digits, '_', '-', '.' and ':' only", k.Code)
	case k.Category == "":
		return fmt.Errorf("code %s has no category", k.Code)
	case !allOf(k.Category, isCategoryByte):
		return fmt.Errorf("category %q of code %s: use lower-case letters, digits and '_' only", k.Category, k.Code)
	case len(k.Category) > MaxNameLen:
		return fmt.Errorf("category %.40q of code %s is longer than %d bytes", k.Category, k.Code, MaxNameLen)
	}
	for _, name := range names(k) {
		if err := checkName(name); err != nil {
			return fmt.Errorf("code %s: %w", k.Code, err)
		}
	}
	return nil
}

func checkName(name string) error {
	switch {
	case name == "":
		return errors.New("a name or alias is empty")
	case len(name) > MaxNameLen:
		return fmt.Errorf("name %.40q is longer than %d bytes", name, MaxNameLen)
	case !allOf(name, isNameByte):
		return fmt.Errorf("name %q: use letters, digits, '_', '-', '.' and ':' only", name)
	}
	return nil
}

func allOf(s string, ok func(byte) bool) bool {
	for i := range len(s) {
		if !ok(s[i]) {
			return false
		}
	}
	return true
}

func isNameByte(b byte) bool {
	return isCategoryByte(b) || b >= 'A' && b <= 'Z' || b == '-' || b == '.' || b == ':'
}

func isCategoryByte(b byte) bool { return b >= 'a' && b <= 'z' || b >= '0' && b <= '9' || b == '_' }
