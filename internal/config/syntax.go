package config

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// read makes the nodes of a file, nil where it is sound YAML of at most one document.
func (d *document) read(content []byte) *Problem {
	text := string(content)
	d.lines = splitLines(text)
	for _, line := range d.lines {
		d.ascii = append(d.ascii, !strings.ContainsFunc(line, func(r rune) bool { return r >= utf8.RuneSelf }))
	}
	if p := d.badBytes(); p != nil {
		return p
	}
	l, err := yaml.NewLoader(strings.NewReader(text))
	if err != nil {
		return d.syntax(err)
	}
	var first, second yaml.Node
	err = l.Load(&first)
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return d.syntax(err)
	}
	switch err := l.Load(&second); {
	case err == nil:
		return d.point(second.Line, second.Column, "a second YAML document begins here", "the file is one document: remove the line ---")
	case !errors.Is(err, io.EOF):
		return d.syntax(err)
	}
	if len(first.Content) == 1 && !isNull(first.Content[0]) {
		d.root = first.Content[0]
	}
	return nil
}

// badBytes finds the first byte that no YAML may hold. YAML's reader finds it too but does not say where.
func (d *document) badBytes() *Problem {
	for i, line := range d.lines {
		col := 0
		for j, r := range line {
			col++
			if r == utf8.RuneError && !strings.HasPrefix(line[j:], "\ufffd") {
				return d.point(i+1, col, fmt.Sprintf("not UTF-8: byte 0x%02x", line[j]), "save the file as UTF-8")
			}
			if r != '\t' && unicode.IsControl(r) || r == '\ufffe' || r == '\uffff' {
				return d.point(i+1, col, fmt.Sprintf("control character U+%04X: not a YAML file", r), "")
			}
		}
	}
	return nil
}

func (d *document) point(line, col int, message, hint string) *Problem {
	p := d.at(Problem{File: d.file, Severity: Error, Message: message, Hint: hint}, place{line, col, 1})
	return &p
}

// syntax says where and why a file is no YAML.
func (d *document) syntax(err error) *Problem {
	var e *yaml.LoadError
	if !errors.As(err, &e) {
		return d.point(1, 1, "not valid YAML: "+err.Error(), "")
	}
	what := construct(e.ContextMsg)
	if what != "" && strings.Contains(e.Message, "end of stream") {
		// It was noticed at the end of the file, where nobody looks for it.
		return d.point(e.ContextMark.Line, e.ContextMark.Column, "not valid YAML: "+what+" has no end", "")
	}
	line := min(max(e.Mark.Line, 1), len(d.lines))
	col := max(e.Mark.Column, 1)
	if line != e.Mark.Line || line == len(d.lines) && d.line(line) == "" && line > 1 {
		// An error at the end of the text belongs behind its last line.
		for line > 1 && strings.TrimSpace(d.line(line)) == "" {
			line--
		}
		col = utf8.RuneCountInString(d.line(line)) + 1
	}
	hint := d.syntaxHint(e, line, col)
	if hint == "" && what != "" && e.ContextMark.Line != line {
		hint = fmt.Sprintf("in %s that begins in line %d", what, e.ContextMark.Line)
	}
	return d.point(line, col, "not valid YAML: "+e.Message, hint)
}

// construct names for people what YAML's reader was in.
func construct(context string) string {
	switch {
	case strings.Contains(context, "flow sequence"):
		return "the list [ ]"
	case strings.Contains(context, "flow mapping"):
		return "the mapping { }"
	case strings.Contains(context, "block collection"), strings.Contains(context, "block sequence"):
		return "the list"
	case strings.Contains(context, "block mapping"):
		return "the mapping"
	case strings.Contains(context, "quoted scalar"):
		return "the quoted text"
	}
	return ""
}

// syntaxHint knows the mistakes that people make most.
func (d *document) syntaxHint(e *yaml.LoadError, line, col int) string {
	text := d.line(line)
	rest := text[d.byteOf(line, col):]
	switch {
	case strings.HasPrefix(rest, "\t"):
		return "YAML is indented with spaces, not with tabs"
	case strings.Contains(e.Message, "cannot start any token"):
		return "put the value in single quotes"
	case strings.Contains(e.Message, "mapping values are not allowed"):
		return "a value that holds a colon and a space needs quotes; a key must stand below the others of its mapping"
	case strings.Contains(e.Message, "unknown escape"), strings.Contains(e.Message, "hexadecimal"):
		return "in double quotes \\ begins an escape; write regexes in single quotes"
	case strings.Contains(e.Message, "did not find expected key"):
		return fmt.Sprintf("in the mapping that begins in line %d: is this line indented as the others?", e.ContextMark.Line)
	}
	return ""
}
