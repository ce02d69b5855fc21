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
	Hint     string `json:"hint,omitempty"`
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

// Merge joins what several checks found, those first that know most about the form of the file, and puts it in order. Of
// several problems at one place only the first is kept, an error before a warning: the others follow from it.
func Merge(found ...[]Problem) []Problem {
	ps := slices.Concat(found...)
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
	p := Problem{Severity: severity, Message: message, Hint: hint}
	if c.doc == nil {
		return p
	}
	p.File = c.doc.file
	if from, ok := c.doc.outside[settingOf(path)]; ok {
		p.File = from.file
		return p
	}
	n, whole := c.doc.find(path)
	if n == nil || len(path) > 0 && n == c.doc.root {
		return p
	}
	if whole && at >= 0 {
		if pl, ok := c.doc.inside(real(n), at); ok {
			return c.doc.at(p, pl)
		}
	}
	return c.doc.at(p, c.doc.where(n))
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
