package literal

import (
	"fmt"
	"regexp/syntax"
)

// MinLen is the length in bytes of the shortest literal that Required returns. Shorter ones stand in nearly every line.
const MinLen = 3

// MaxLen is the length in bytes of the longest literal that Required returns: it bounds the work of verifying a candidate.
const MaxLen = 48

// Literal is one string to search for.
type Literal struct {
	Text string // never empty; lower case if Fold
	Fold bool   // ASCII letters match in either case
}

// Required returns literals of which every match of the regular expression re (Go's syntax, Perl flags) contains at least
// one: a line with none of them cannot match. Each is MinLen to MaxLen bytes of printable ASCII without the characters
// that JSON writers escape (" \ / < > & '), so the literal also stands in the escaped form of the text. A case-folded
// part, (?i), makes the literal Fold; its k and s end the literal there, because they also match the Kelvin sign and the
// long s. Where a choice exists, it returns the set whose shortest member is longest, and few members.
//
// ok is false when there is no such set: the pattern then has to run on every line. err says that re does not compile.
func Required(re string) (set []Literal, ok bool, err error) {
	tree, err := syntax.Parse(re, syntax.Perl)
	if err != nil {
		return nil, false, fmt.Errorf("regex does not compile: %w", err)
	}
	i := analyse(tree.Simplify())
	set = i.best.literals
	return set, len(set) > 0, nil
}

// safe reports whether b is the same byte in a plain line and in every JSON writer's output. DEL and the characters that
// HTML-safe writers escape are not.
func safe(b byte) bool {
	switch b {
	case '"', '\\', '/', '<', '>', '&', '\'':
		return false
	}
	return b >= ' ' && b < 0x7f
}
