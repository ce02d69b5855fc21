package parse

import (
	"maps"
	"regexp/syntax"
	"slices"
	"time"

	"github.com/errwatch/errwatch/internal/catalog"
	"github.com/errwatch/errwatch/internal/event"
	"github.com/errwatch/errwatch/internal/parse/literal"
)

// Pattern recognises one shape of event. Either Regex or Fields says what matches.
//
// A regex is tried on the record as it is written; where the record is JSON or logfmt, then on each decoded string
// value. Its named groups code, name, message and time are known, all others are fields.
type Pattern struct {
	Name      string
	Regex     string
	Unless    string            // a regex that takes the match back, wherever it stands in the record
	Fields    map[string]string // event field -> dotted path, several alternatives separated by '|'
	Code      string            // the code of a pattern that captures none
	Category  string            // the category of its events, whatever the catalogue says
	Reference bool              // a denominator, not an error: the event has no code
	Sources   []string          // empty: all

	// KnownCodes accepts only what the catalogue knows: of several matches in a record the first that has a known code or name.
	KnownCodes bool
	// ErrorLines accepts only records that say that they are an error: by their level (warn or above), by a word such as
	// failed or denied, or by a name or message of the catalogue.
	ErrorLines bool

	built builtin
}

// FieldNames returns the names of the fields that the pattern can capture, sorted: for a check whether rules and reports
// will find what they ask for. A regex that does not compile has none.
func (p *Pattern) FieldNames() []string {
	names := map[string]bool{}
	if tree, err := syntax.Parse(p.Regex, syntax.Perl); err == nil {
		for _, name := range tree.CapNames() {
			names[name] = true
		}
	}
	for name := range p.Fields {
		names[name] = true
	}
	if p.built.complete {
		names[event.Meeting], names[event.Participant] = true, true
	}
	for _, name := range append(known(), "") {
		delete(names, name)
	}
	return slices.Sorted(maps.Keys(names))
}

// builtin is what only the built-in patterns can ask for.
type builtin struct {
	literals []literal.Term // used in place of those that can be derived from the regex
	complete bool           // look for name, message, meeting and participant in the rest of the record
	names    bool           // the literals are the names of the catalogue
	beside   bool           // a code may stand beside the name
	texts    bool           // no regex: matches a documented message of the catalogue
}

// Multiline joins lines to records: a line that matches Start begins one. Empty: off.
type Multiline struct{ Start string }

// TimeOptions say where a line's time stands and how it is written.
type TimeOptions struct {
	Field  string         // of JSON and logfmt lines, a dotted path; empty: ts, time, timestamp, @timestamp, date
	Layout string         // as for timestamp.Compile; empty: auto
	Zone   *time.Location // of stamps without one; nil: UTC
}

// Options are the settings of one source.
type Options struct {
	Source    string
	Catalog   *catalog.Catalog // nil: videosdk-react
	Patterns  []Pattern        // in order: the first that matches wins
	Envelope  string           // "auto" (or empty), "none", "docker", "cri"
	Format    string           // "auto" (or empty), "text", "json", "logfmt"
	Multiline Multiline
	Time      TimeOptions

	// MaxLine bounds a joined record in bytes; a longer one is skipped and counted as too_long. 0: DefaultMaxLine.
	MaxLine int
	// NoPrefilter runs every pattern on every line. It changes nothing but the time that takes; it is for tests.
	NoPrefilter bool
}

// Limits of what a record may make the parser keep.
const (
	DefaultMaxLine = 1 << 20 // 1 MiB, the default of limits.line
	MaxCode        = 16      // bytes of a code; what is longer is cut
	MaxValue       = 256     // bytes of a built-in field's value; what is longer is cut
	MaxStrings     = 4096    // string values of one record on which regexes are tried
	MaxNesting     = 3       // how deep JSON inside strings inside JSON is looked into
	HoldFactor     = 8       // a record may wait for its end over so many times MaxLine of its file

	keepBuffer = 64 << 10 // buffers that grew beyond this are given back after use
	keepEvents = 1024
	keepHits   = 4096 // occurrences of literals
	keepLarge  = 8    // buffers for batches that are kept while nobody uses them
	maxUnknown = 256  // distinct unknown codes that a stream remembers the text of
)
