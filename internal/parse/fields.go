package parse

import (
	"slices"
	"strings"

	"github.com/errwatch/errwatch/internal/event"
	"github.com/errwatch/errwatch/internal/parse/jsonscan"
	"github.com/errwatch/errwatch/internal/parse/literal"
	"github.com/errwatch/errwatch/internal/parse/logfmt"
)

// paths is the compiled form of Pattern.Fields.
type paths struct {
	getter *jsonscan.Getter
	keys   []string // every alternative of every field
	fields []pathField
}

// pathField is one event field and its alternatives, in order of preference: keys[from:to].
type pathField struct {
	name     string
	from, to int
}

func newPaths(fields map[string]string) *paths {
	p := &paths{}
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		from := len(p.keys)
		p.keys = append(p.keys, alternatives(fields[name])...)
		p.fields = append(p.fields, pathField{name, from, len(p.keys)})
	}
	p.getter = jsonscan.NewGetter(p.keys)
	return p
}

func alternatives(s string) []string {
	var out []string
	for alt := range strings.SplitSeq(s, "|") {
		if alt = strings.TrimSpace(alt); alt != "" {
			out = append(out, alt)
		}
	}
	return out
}

// literals returns literals of which each matching record holds one: a key of the path, for each path that alone can
// make a record match. A record whose code, name or message is mapped needs one of these; any other needs all fields.
func (p *paths) literals() []literal.Literal {
	var out []literal.Literal
	deciding := false
	for _, f := range p.fields {
		if f.name != "code" && f.name != "name" && f.name != "message" {
			continue
		}
		deciding = true
		own, ok := p.keysOf(f)
		if !ok {
			return nil
		}
		out = append(out, own...)
	}
	if deciding {
		return out
	}
	for _, f := range p.fields {
		if own, ok := p.keysOf(f); ok {
			return own
		}
	}
	return nil
}

func (p *paths) keysOf(f pathField) ([]literal.Literal, bool) {
	var out []literal.Literal
	for _, path := range p.keys[f.from:f.to] {
		key := bestKey(path)
		if key == "" {
			return nil, false
		}
		out = append(out, literal.Literal{Text: key})
	}
	return out, true
}

// bestKey is the longest part of a path that must stand in the record as it is written; "" where none is long enough.
// Numbers may be indices, which do not stand in the record at all.
func bestKey(path string) string {
	best := ""
	for key := range strings.SplitSeq(path, ".") {
		if strings.Trim(key, "0123456789") == "" {
			continue
		}
		if run := safeRun(key, nil); len(run) > len(best) {
			best = run
		}
	}
	if len(best) < literal.MinLen {
		return ""
	}
	return best
}

// matchPaths takes the values of the paths out of a structured record.
func (st *Stream) matchPaths(c *compiled, f *found) refusal {
	p := c.paths
	switch st.view.format {
	case formatJSON:
		st.pathsOfJSON(p)
	case formatLogfmt:
		st.pathsOfLogfmt(p)
	default:
		return notStructure
	}
	missing := false
	for _, field := range p.fields {
		value := st.firstValue(field)
		missing = missing || value == nil
		switch field.name {
		case "code":
			f.code = value
		case "name":
			f.name = value
		case "message":
			f.message = value
		case "time":
			f.time = value
		default:
			if len(value) > 0 {
				st.fields = append(st.fields, event.Field{Name: field.name, Value: value})
			}
		}
	}
	f.text = st.view.text
	if (c.Reference || c.Code != "") && missing {
		return noValue
	}
	if why := st.acceptable(c, f); why != noCode {
		return why
	}
	return noValue
}

// pathsOfJSON fills st.values with the values of all keys, nil where there is none.
func (st *Stream) pathsOfJSON(p *paths) {
	if cap(st.raw) < len(p.keys) {
		st.raw = make([]jsonscan.Value, len(p.keys))
	}
	raw := st.raw[:len(p.keys)]
	st.arena, _ = p.getter.Get(st.view.text, raw, st.arena) // the record was validated
	st.values = st.values[:0]
	for i := range raw {
		var text []byte
		text, st.arena, _ = raw[i].Text(st.arena)
		st.values = append(st.values, text)
	}
}

func (st *Stream) pathsOfLogfmt(p *paths) {
	st.values = st.values[:0]
	for _, key := range p.keys {
		value, escaped, _ := logfmt.Get(st.view.text, key)
		if escaped {
			from := len(st.arena)
			st.arena = logfmt.AppendUnescaped(st.arena, value)
			value = st.arena[from:len(st.arena):len(st.arena)]
		}
		st.values = append(st.values, value)
	}
}

func (st *Stream) firstValue(f pathField) []byte {
	for _, value := range st.values[f.from:f.to] {
		if len(value) > 0 {
			return value
		}
	}
	return nil
}
