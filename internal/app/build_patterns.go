package app

import (
	"slices"

	"github.com/errwatch/errwatch/internal/config"
	"github.com/errwatch/errwatch/internal/parse"
)

// pattern is a parser's pattern and where it stands in the configuration, -1 for a built-in one.
type pattern struct {
	parse.Pattern
	index int
}

// buildPatterns expands `use: builtin` in place and checks the patterns that a person wrote.
func (b *builder) buildPatterns() {
	var own []parse.Pattern
	var indices []int
	for i, p := range b.cfg.Patterns {
		if p.Use == config.Builtin {
			for _, built := range parse.Builtin() {
				b.patterns = append(b.patterns, pattern{built, -1})
			}
			continue
		}
		x := translatePattern(p)
		b.patterns = append(b.patterns, pattern{x, i})
		own, indices = append(own, x), append(indices, i)
	}
	for _, pr := range parse.CheckPatterns(own, b.plan.catalogs[DefaultSource]) {
		path := append([]any{"patterns", indices[pr.Pattern]}, keyPath(pr.Key)...)
		if pr.Warning {
			b.warn(pr.Message, pr.Hint, pr.At, path...)
		} else {
			b.fail(pr.Message, pr.Hint, pr.At, path...)
		}
	}
}

func translatePattern(p config.Pattern) parse.Pattern {
	return parse.Pattern{
		Name: p.Name, Regex: p.Regex, Unless: p.Unless, Code: p.Code, Category: p.Category, Reference: p.Reference,
		Fields: p.Fields, Sources: p.Sources, KnownCodes: p.KnownCodes, ErrorLines: p.ErrorLines,
	}
}

// patternsOf returns the patterns that a source's lines are held against, in the order of the configuration.
func (b *builder) patternsOf(source string) []parse.Pattern {
	var out []parse.Pattern
	for _, p := range b.patterns {
		if len(p.Sources) == 0 || slices.Contains(p.Sources, source) {
			out = append(out, p.Pattern)
		}
	}
	return out
}
