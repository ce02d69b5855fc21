package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// The severities of a problem.
const (
	Error   = "error"   // errwatch does not start with it, a running one keeps its old configuration
	Warning = "warning" // it starts, but probably not as meant
)

// Problem is one thing that is wrong with a configuration, and where.
type Problem struct {
	File     string `json:"file"` // or "environment", "command line"
	Line     int    `json:"line,omitempty"`
	Col      int    `json:"col,omitempty"`   // in characters, both from 1; 0: the problem has no place in the file
	Width    int    `json:"width,omitempty"` // in characters, at least 1 where Line is set
	Severity string `json:"severity"`
	Message  string `json:"message"`
	Excerpt  string `json:"excerpt,omitempty"` // the line as it stands in the file: hostile to terminals
	Start    int    `json:"start,omitempty"`   // of a long line the column with which Excerpt begins; 0: it is the whole line

	path string // of the value, see pathText
	Hint string `json:"hint,omitempty"`
}

// HasErrors says whether any of the problems is an error.
func HasErrors(ps []Problem) bool {
	return slices.ContainsFunc(ps, func(p Problem) bool { return p.Severity == Error })
}

// Summary counts problems for people: "2 errors, 1 warning"; "" where there are none.
func Summary(ps []Problem) string {
	n := map[string]int{}
	for _, p := range ps {
		n[p.Severity]++
	}
	var parts []string
	for _, s := range []string{Error, Warning} {
		switch {
		case n[s] == 1:
			parts = append(parts, "1 "+s)
		case n[s] > 1:
			parts = append(parts, fmt.Sprintf("%d %ss", n[s], s))
		}
	}
	return strings.Join(parts, ", ")
}

// Sort orders problems as people read: by their place in the file, those without one last.
func Sort(ps []Problem) {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		if (a.Line == 0) != (b.Line == 0) {
			return cmp.Compare(b.Line, a.Line)
		}
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
	})
}

// Merge joins what several checks found and puts it in order. The lists are given with the check first that knows most
// about the form of the file: what a later one says of the same value, or of the whole of which that value is a part,
// follows from it and is left out. So is everything but the first of what stands at one place; an error goes before a
// warning.
func Merge(found ...[]Problem) []Problem {
	var ps []Problem
	for _, list := range found {
		known := ps
		for _, p := range list {
			if !slices.ContainsFunc(known, func(q Problem) bool { return p.follows(q) }) {
				ps = append(ps, p)
			}
		}
	}
	Sort(ps)
	var out []Problem
	for _, p := range ps {
		last := len(out) - 1
		switch {
		case last < 0 || p.Line == 0 || out[last].Line != p.Line || out[last].Col != p.Col || out[last].File != p.File:
			out = append(out, p)
		case out[last].Severity == Warning && p.Severity == Error:
			out[last] = p
		}
	}
	return out
}

// follows says whether a problem is about the same key as one that is known already and no less serious: about the key
// itself, about what stands below it, or about the part of a list to which it belongs.
func (p Problem) follows(known Problem) bool {
	if p.path == "" || known.path == "" || p.Severity == Error && known.Severity == Warning {
		return false
	}
	const part, key = 2, 3 // steps of the path of a part of a list (rules, 0) and of a key in it (rules, 0, by)
	switch deep, deepKnown := strings.Count(p.path, "/"), strings.Count(known.path, "/"); {
	case deep >= part && deep <= deepKnown:
		return strings.HasPrefix(known.path, p.path)
	case deepKnown >= key && deepKnown < deep:
		return strings.HasPrefix(p.path, known.path)
	}
	return false
}

// pathText writes a path with a / behind each step; that of a key is that of its value.
func pathText(path []any) string {
	var b strings.Builder
	for _, step := range path {
		fmt.Fprintf(&b, "%v/", step)
	}
	return b.String()
}

// Locate returns the line and column (in characters, from 1) of a value, or of a key where the last step is Key(name).
// Steps are keys and indices: Locate("rules", 0, "count", "above"). Where the file does not hold the whole path, the
// place is that of its nearest part; 0, 0 where it holds none of it, or where the environment or a flag overruled it.
func (c *Config) Locate(path ...any) (line, col int) {
	p := c.Problem(Error, "", "", -1, path...)
	return p.Line, p.Col
}

// Has says whether the file holds a value at a path.
func (c *Config) Has(path ...any) bool {
	_, whole := c.doc.find(path)
	return whole
}

// Problem makes a problem of the value at a path; see Locate for the path. at is a byte offset inside the value (a
// string), -1 for the value as a whole.
func (c *Config) Problem(severity, message, hint string, at int, path ...any) Problem {
	if c.doc == nil {
		return Problem{Severity: severity, Message: message, Hint: hint, path: pathText(path)}
	}
	return c.doc.problem(severity, message, hint, at, path)
}

// problem makes a problem of the value at a path; see Config.Problem.
func (d *document) problem(severity, message, hint string, at int, path []any) Problem {
	p := Problem{File: d.file, Severity: severity, Message: message, Hint: hint, path: pathText(path)}
	if from, ok := d.outside[settingOf(path)]; ok {
		p.File = from.file
		return p
	}
	n, whole := d.find(path)
	if n == nil || len(path) > 0 && n == d.root {
		return p
	}
	if whole && at >= 0 {
		if pl, ok := d.inside(real(n), at); ok {
			return d.at(p, pl)
		}
	}
	return d.at(p, d.where(n))
}

// settingOf is the name of a path of keys alone: server.listen.
func settingOf(path []any) string {
	parts := make([]string, 0, len(path))
	for _, step := range path {
		s, ok := step.(string)
		if !ok {
			return ""
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, ".")
}

// maxExcerpt bounds an excerpt in characters: much more than is shown, and much less than a file may have in one line.
const maxExcerpt = 500

// at gives a problem its place and the line.
func (d *document) at(p Problem, pl place) Problem {
	p.Line, p.Col, p.Width, p.Excerpt = pl.line, pl.col, max(1, pl.width), d.line(pl.line)
	if len(p.Excerpt) > maxExcerpt {
		first := max(1, pl.col-maxExcerpt/2)
		rest := p.Excerpt[d.byteOf(p.Line, first):]
		p.Start, p.Excerpt = first, rest[:byteOf(rest, maxExcerpt+1)]
	}
	return p
}

// problemAt makes a problem of a node.
func (d *document) problemAt(n *yaml.Node, severity, message, hint string) Problem {
	return d.at(Problem{File: d.file, Severity: severity, Message: message, Hint: hint}, d.where(n))
}
