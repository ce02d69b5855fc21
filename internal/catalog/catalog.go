package catalog

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// Unknown is the category of a code that no catalogue knows.
const Unknown = "unknown"

// The origins of a code.
const (
	Documented = "documented" // on the vendor's reference page
	Extended   = "extended"   // sent by newer SDKs, without a documented message
	Configured = "configured" // added by the user
)

// Code is one error code of a catalogue.
type Code struct {
	Code       string   // as it is written: "4009"
	Name       string   // the canonical name: "MAX_PARTCIPANT_REACHED" (the vendor's own spelling)
	Category   string   // one of Categories, or a user's own
	Origin     string   // Documented, Extended or Configured
	Message    string   // the documented text, "" where there is none
	Meaning    string   // one line: what it says about a meeting; "" where nobody wrote one
	FirstCheck string   // one line: what to look at first; "" where nobody wrote one
	Aliases    []string // other spellings of Name
}

// Catalog is a set of codes, each with names of its own.
type Catalog struct {
	name     string
	codes    []*Code // sorted by code
	byCode   map[string]*Code
	byName   map[string]*Code // canonical names and aliases
	names    table            // byName
	numbers  table            // byCode
	messages messageIndex
	foreign  []*Catalog // the other built-in catalogues
}

// Categories returns the categories of the built-in catalogues, without Unknown.
func Categories() []string {
	return []string{
		"auth", "account", "meeting", "capacity", "duration_limit", "recording", "livestream", "hls", "transcription",
		"character", "media_support", "permission", "device", "custom_track", "lifecycle",
	}
}

// newCatalog builds the lookups over codes, which it sorts and keeps. Codes that stand twice
// and names of two codes are an error.
func newCatalog(name string, codes []*Code) (*Catalog, error) {
	c := &Catalog{
		name:   name,
		codes:  codes,
		byCode: make(map[string]*Code, len(codes)),
		byName: make(map[string]*Code, len(codes)),
	}
	slices.SortFunc(codes, func(a, b *Code) int { return cmp.Compare(a.Code, b.Code) })
	var errs []error
	for _, k := range codes {
		if c.byCode[k.Code] != nil {
			errs = append(errs, fmt.Errorf("code %s stands twice", k.Code))
		}
		c.byCode[k.Code] = k
		for _, name := range names(k) {
			if other := c.byName[name]; other != nil {
				errs = append(errs, &nameClash{name, other.Code, k.Code})
			}
			c.byName[name] = k
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	c.names, c.numbers = newTable(c.byName), newTable(c.byCode)
	c.messages = indexMessages(codes)
	return c, nil
}

// nameClash is one name of two codes.
type nameClash struct{ name, code, other string }

func (e *nameClash) Error() string {
	return fmt.Sprintf("code %s and code %s both have the name %s", e.code, e.other, e.name)
}

// names returns the canonical name and the aliases of k.
func names(k *Code) []string {
	return append([]string{k.Name}, k.Aliases...)
}

// Name returns the catalogue's name, as it stands in a configuration.
func (c *Catalog) Name() string { return c.name }

// Codes returns all codes, sorted by code as text. The slice is the caller's, the codes are not.
func (c *Catalog) Codes() []*Code { return slices.Clone(c.codes) }

// Names returns every name and alias, sorted.
func (c *Catalog) Names() []string {
	out := make([]string, 0, len(c.byName))
	for name := range c.byName {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// ForeignNames returns, sorted, every name and alias that only another built-in catalogue knows: those with which
// ForeignName finds something.
func (c *Catalog) ForeignNames() []string {
	var out []string
	for _, f := range c.foreign {
		for name := range f.byName {
			if c.byName[name] == nil {
				out = append(out, name)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// ByCode returns the code written exactly so, nil where the catalogue lacks it. It allocates nothing.
func (c *Catalog) ByCode(code []byte) *Code { return c.numbers.find(code) }

// ByName returns the code with this name or alias, nil where the catalogue lacks it. Case counts. It allocates nothing.
func (c *Catalog) ByName(name []byte) *Code { return c.names.find(name) }
