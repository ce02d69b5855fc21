package parse

import "github.com/errwatch/errwatch/internal/catalog"

// Problem is one mistake in a pattern.
type Problem struct {
	Pattern       int    // index
	Key           string // "regex", "unless", "fields.code", …
	Warning       bool   // the pattern works all the same
	Message, Hint string
	At            int // byte offset inside the value, -1 where it is about the whole
}

// CheckPatterns returns all mistakes at once.
func CheckPatterns(ps []Pattern, c *catalog.Catalog) []Problem {
	return nil
}
