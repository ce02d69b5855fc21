package app

import (
	"regexp/syntax"

	"github.com/errwatch/errwatch/internal/event"
)

// capturedFields are the fields that any pattern may capture: what a rule can separate by.
func (b *builder) capturedFields() map[string]struct{} {
	fields := map[string]struct{}{event.Meeting: {}, event.Participant: {}}
	for _, p := range b.patterns {
		for name := range p.Fields {
			fields[name] = struct{}{}
		}
		if re, err := syntax.Parse(p.Regex, syntax.Perl); err == nil { // a bad regex is told where patterns are checked
			for _, name := range re.CapNames() {
				fields[name] = struct{}{}
			}
		}
	}
	delete(fields, "")
	return fields
}
