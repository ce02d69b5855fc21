package parse

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/errwatch/errwatch/internal/catalog"
	"github.com/errwatch/errwatch/internal/parse/capture"
	"github.com/errwatch/errwatch/internal/parse/literal"
)

// Set is the compiled form of Options: immutable, but for memory that its streams share, and safe for concurrent use.
type Set struct {
	source     string
	cat        *catalog.Catalog
	patterns   []compiled
	guards     guards
	texts      []docText        // documented messages
	textSearch *literal.Matcher // for the runs of texts
	names      nameFilter
	anyCode    *capture.Regexp // a code in any unmistakable shape, for hints
	notCode    *capture.Regexp

	notCodeSearch *literal.Matcher // for literals of which each match of notCode holds one; nil where there are none

	uses        []use            // by index of literal
	search      *literal.Matcher // the literals of patterns, of levels, and those that end the skimming
	all, always mask
	walks       bool    // each line must be looked at
	quick       []quick // of the first patterns, as far as each has one
	noPrefilter bool

	envelope envelope
	format   format
	start    *capture.Regexp // of multi-line records; nil: off
	clock    clock
	maxLine  int
	hold     int64

	large chan *buffers // free ones
}

// use is what a literal in a record means.
type use struct {
	patterns mask
	level    bool
}

// compiled is a pattern made ready.
type compiled struct {
	Pattern
	re     *capture.Regexp
	byHand finder // does the same; nil for most

	guardFrom, guardTo int // the guards of unless

	// Borders of the groups in a match. A name may stand in several branches of an alternation: the first that took part counts.
	code, name, message, time []int
	groups                    []group // that are fields

	fixed    []byte // Pattern.Code
	paths    *paths
	literals []literal.Term // one of these is in every record that matches
}

// group is a named group that is a field.
type group struct {
	name string
	at   int
}

// Compile makes a set for one source. Patterns for other sources are left out. The error joins all mistakes; those of
// patterns are the ones that CheckPatterns returns as errors.
func Compile(o Options) (*Set, error) {
	s := &Set{source: o.Source, cat: o.Catalog, noPrefilter: o.NoPrefilter, maxLine: o.MaxLine, large: make(chan *buffers, keepLarge)}
	if s.cat == nil {
		s.cat, _ = catalog.Builtin("videosdk-react")
	}
	if s.maxLine <= 0 {
		s.maxLine = DefaultMaxLine
	}
	s.hold = int64(HoldFactor * s.maxLine)
	s.texts = documentedTexts(s.cat)
	s.textSearch = literal.NewMatcher(textLiterals(s.texts))
	var own [2]error
	s.notCode, own[0] = capture.Compile(notCodeExpr)
	s.anyCode, own[1] = capture.Compile(`(?:::|\b(?i:code)\W{1,6})\s*(\d{4})\b`)
	if lits, ok, err := literal.Required(notCodeExpr); err == nil && ok {
		s.notCodeSearch = literal.NewMatcher(lits)
	}
	err := errors.Join(errors.Join(own[:]...), s.readForm(&o), s.readPatterns(o.Patterns))
	if err != nil {
		return nil, err
	}
	s.index()
	s.quick = s.quicklyFound()
	s.guards.ready()
	s.walks = s.start != nil || s.envelope == envelopeDocker || !s.always.empty() || s.noPrefilter
	return s, nil
}

// readForm reads what concerns whole lines.
func (s *Set) readForm(o *Options) error {
	var errs []error
	var ok bool
	if s.envelope, ok = parseEnvelope(o.Envelope); !ok {
		errs = append(errs, fmt.Errorf("envelope %q is unknown: use auto, none, docker or cri", o.Envelope))
	}
	if s.format, ok = parseFormat(o.Format); !ok {
		errs = append(errs, fmt.Errorf("format %q is unknown: use auto, text, json or logfmt", o.Format))
	}
	var err error
	if o.Multiline.Start != "" {
		if s.start, err = capture.Compile(o.Multiline.Start); err != nil {
			errs = append(errs, fmt.Errorf("multiline.start does not compile: %w", err))
		}
	}
	if s.clock, err = newClock(o.Time); err != nil {
		errs = append(errs, fmt.Errorf("time.layout: %w", err))
	}
	return errors.Join(errs...)
}

func (s *Set) readPatterns(all []Pattern) error {
	var own []Pattern
	for _, p := range all {
		if len(p.Sources) == 0 || slices.Contains(p.Sources, s.source) {
			own = append(own, p)
		}
	}
	var errs []error
	for _, pr := range CheckPatterns(own, s.cat) {
		if !pr.Warning {
			errs = append(errs, fmt.Errorf("pattern %s: %s: %s", own[pr.Pattern].Name, pr.Key, pr.Message))
		}
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	for _, p := range own {
		c, err := s.compile(p)
		if err != nil {
			errs = append(errs, fmt.Errorf("pattern %s: %w", p.Name, err))
		}
		s.patterns = append(s.patterns, c)
	}
	return errors.Join(errs...)
}

func (s *Set) compile(p Pattern) (c compiled, err error) {
	c = compiled{Pattern: p, fixed: []byte(p.Code)}
	if p.Unless != "" {
		if c.guardFrom, c.guardTo, err = s.guards.add(p.Unless); err != nil {
			return c, err
		}
	}
	if p.Regex != "" {
		if c.re, err = capture.Compile(p.Regex); err != nil {
			return c, err
		}
		c.byHand = handWritten(p.Regex)
		c.readGroups()
	}
	if len(p.Fields) > 0 {
		c.paths = newPaths(p.Fields)
	}
	c.literals = s.literalsOf(&c)
	return c, nil
}

func (c *compiled) readGroups() {
	for i, name := range c.re.Names() {
		switch name {
		case "":
		case "code":
			c.code = append(c.code, 2*i)
		case "name":
			c.name = append(c.name, 2*i)
		case "message":
			c.message = append(c.message, 2*i)
		case "time":
			c.time = append(c.time, 2*i)
		default:
			c.groups = append(c.groups, group{name, 2 * i})
		}
	}
}

// literalsOf returns literals of which every record that the pattern matches holds at least one; none where there are no
// such literals, so that the pattern runs on every line.
func (s *Set) literalsOf(c *compiled) []literal.Term {
	switch b := &c.built; {
	case b.names:
		return termsOf(s.nameLiterals())
	case b.texts:
		return termsOf(textLiterals(s.texts))
	case len(b.literals) > 0:
		return b.literals
	case c.paths != nil:
		return termsOf(c.paths.literals())
	}
	set, _, _ := literal.Required(c.Regex)
	return termsOf(set)
}

func termsOf(lits []literal.Literal) []literal.Term {
	out := make([]literal.Term, len(lits))
	for i, l := range lits {
		out[i].Literal = l
	}
	return out
}

// nameLiterals are all names that the built-in patterns can find: those of the catalogue, and those by which lines of
// another built-in catalogue are told.
func (s *Set) nameLiterals() []literal.Literal {
	var out []literal.Literal
	for _, name := range slices.Concat(s.cat.Names(), s.cat.ForeignNames()) {
		if isName(name) {
			out = append(out, literal.Literal{Text: name})
		}
	}
	return out
}

// escapedASCII starts the escape of a character that JSON writers may leave as it is.
const escapedASCII = `\u00`

// escapeLiterals are in every line that escapes the reasoning of the filter. A JSON string may hold any ASCII character as
// \u00XX; what matters is that of printable ones, since literals hold no others, of those that end a word, and of the
// escape that starts a colour, which may stand in the middle of one. Docker's driver writes \u003c, \u003e and \u0026,
// which literals never hold either, but a line of HTML is rare enough to be looked at for nothing.
func escapeLiterals() []literal.Term {
	return []literal.Term{
		{Literal: literal.Literal{Text: escape}},
		{Literal: literal.Literal{Text: escapedASCII}, Next: literal.BytesOf("01234567")},
	}
}

// levelLiterals are the words and numbers by which a record may be at level error, in any case. Before a word stands no
// letter, but for the t and n of escapes, and behind it no letter, digit or '_': longer words are no levels, and
// with these signs they are found faster.
func levelLiterals() []literal.Term {
	behind := literal.BytesOf(control + " " + punctuation).Above(0x80)
	before := literal.BytesOf("tn0123456789_" + control + " " + punctuation).Above(0x80)
	var out []literal.Term
	for _, word := range []string{"error", "fatal", "critical", "panic", "emerg", "alert", "severe"} {
		out = append(out, literal.Term{Literal: literal.Literal{Text: word, Fold: true}, Prev: before, Next: behind})
	}
	for _, text := range []string{`level":50`, `level":60`, `level": 50`, `level": 60`, `level\":50`, `level\":60`} {
		out = append(out, literal.Term{Literal: literal.Literal{Text: text, Fold: true}})
	}
	return out
}

// What ASCII has of signs that belong to no name.
const (
	punctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^`{|}~"
	control     = "\x00\x01\x02\x03\x04\x05\x06\x07\b\t\n\v\f\r\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f\x7f"
)

// joinLiterals end the skimming: from there on lines may belong together.
func joinLiterals() []literal.Term {
	return termsOf([]literal.Literal{{Text: "stdout P"}, {Text: "stderr P"}, {Text: dockerStart}})
}

// index gathers the literals of all patterns.
func (s *Set) index() {
	words := (len(s.patterns) + 63) / 64
	s.all, s.always = make(mask, words), make(mask, words)
	var terms []literal.Term
	at := map[literal.Term]int{}
	enter := func(t literal.Term) *use {
		if t.Fold {
			t.Text = strings.ToLower(t.Text)
		}
		i, ok := at[t]
		if !ok {
			i = len(terms)
			at[t] = i
			terms = append(terms, t)
			s.uses = append(s.uses, use{patterns: make(mask, words)})
		}
		return &s.uses[i]
	}
	s.names = newNameFilter(slices.Concat(s.cat.Names(), s.cat.ForeignNames()))
	for i := range s.patterns {
		s.all.set(i)
		if len(s.patterns[i].literals) == 0 {
			s.always.set(i)
		}
		for _, t := range s.patterns[i].literals {
			enter(t).patterns.set(i)
		}
	}
	for _, t := range escapeLiterals() {
		u := enter(t)
		u.patterns, u.level = s.all, true
	}
	for _, t := range levelLiterals() {
		enter(t).level = true
	}
	for _, t := range joinLiterals() {
		if t.Text != dockerStart || s.seesDocker() {
			enter(t)
		}
	}
	s.search = literal.NewTerms(terms)
}

func (s *Set) seesDocker() bool { return s.envelope == envelopeAuto || s.envelope == envelopeDocker }

// NewStream returns a parser for one generation of one file.
func (s *Set) NewStream() *Stream {
	st := &Stream{set: s, cand: make(mask, len(s.all)), guards: make(mask, s.guards.words), unknown: map[string]string{}}
	st.view.init(st)
	return st
}

// Catalog returns the catalogue by which the set resolves codes and names.
func (s *Set) Catalog() *catalog.Catalog { return s.cat }

// mask is a set of patterns.
type mask []uint64

func (m mask) set(i int)      { m[i>>6] |= 1 << (i & 63) }
func (m mask) has(i int) bool { return m[i>>6]&(1<<(i&63)) != 0 }
func (m mask) fill(o mask)    { copy(m, o) }

func (m mask) or(o mask) {
	for i := range m {
		m[i] |= o[i]
	}
}

func (m mask) empty() bool {
	for _, w := range m {
		if w != 0 {
			return false
		}
	}
	return true
}
