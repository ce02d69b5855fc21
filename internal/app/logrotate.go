package app

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// rotation is a section of logrotate's configuration: what is between braces, and the paths before them.
type rotation struct {
	place     string          // file:line of its first path
	patterns  []string        // as they stand there
	files     map[string]bool // to which they lead now, by their own names: logrotate rotates no symbolic link
	truncates string          // file:line of the copytruncate that applies; "" where none does
}

// covers says that the section is about a file, under whatever name that is followed.
func (r *rotation) covers(file string) bool {
	if real, err := filepath.EvalSymlinks(file); err == nil {
		return r.files[real]
	}
	return slices.ContainsFunc(r.patterns, func(p string) bool { // it is not there yet
		ok, _ := filepath.Match(p, file) // a pattern that cannot be read matches nothing
		return ok
	})
}

// expand finds the files.
func (r *rotation) expand() {
	r.files = map[string]bool{}
	for _, p := range r.patterns {
		names, _ := filepath.Glob(p) // as above
		for _, name := range names {
			info, err := os.Lstat(name)
			if err != nil || !info.Mode().IsRegular() {
				continue
			}
			if real, err := filepath.EvalSymlinks(name); err == nil {
				r.files[real] = true
			}
		}
	}
}

// rotationOf returns the section that applies to a file, or nil. Of several it is the first: logrotate calls the others
// duplicates and leaves them out.
func rotationOf(rotations []*rotation, file string) *rotation {
	i := slices.IndexFunc(rotations, func(r *rotation) bool { return r.covers(file) })
	if i < 0 {
		return nil
	}
	return rotations[i]
}

// logrotate reads its configuration as logrotate 3.21 does, as far as that says which files are truncated. What cannot
// be read says nothing, and what logrotate would call an error is passed over.
type logrotate struct {
	truncates string // by default, from here on
	taboo     []string
	rotations []*rotation
	depth     int
}

// readLogrotate lists the sections of a configuration, in their order.
func readLogrotate(path string) []*rotation {
	l := logrotate{taboo: tabooFiles()}
	l.include(path, &l.truncates)
	for _, r := range l.rotations {
		r.expand()
	}
	return l.rotations
}

const (
	maxLogrotate      = 1 << 20 // bytes of the largest file that is taken for one of logrotate's
	maxLogrotateDepth = 16      // files that include each other, as in logrotate
)

// tabooFiles are the patterns of names that an included folder may hold and that are left out.
func tabooFiles() []string {
	var out []string
	for _, end := range []string{
		"~", ",v", ".bak", ".cfsaved", ".disabled", ".dpkg-bak", ".dpkg-del", ".dpkg-dist", ".dpkg-new", ".dpkg-old", ".dpkg-tmp",
		".rhn-cfg-tmp-*", ".rpmnew", ".rpmorig", ".rpmsave", ".swp", ".ucf-dist", ".ucf-new", ".ucf-old",
	} {
		out = append(out, "*"+end)
	}
	return out
}

// include reads a file, or those that are in a folder. truncates is what a copytruncate outside of braces sets.
func (l *logrotate) include(path string, truncates *string) {
	if l.depth == maxLogrotateDepth {
		return
	}
	l.depth++
	defer func() { l.depth-- }()
	info, err := os.Stat(path)
	if err != nil {
		return
	}
	if !info.IsDir() {
		l.readFile(path, truncates)
		return
	}
	entries, _ := os.ReadDir(path) // what can be listed, sorted
	for _, e := range entries {
		if !l.isTaboo(e.Name()) {
			l.readFile(filepath.Join(path, e.Name()), truncates)
		}
	}
}

func (l *logrotate) isTaboo(name string) bool {
	return slices.ContainsFunc(l.taboo, func(p string) bool {
		ok, _ := filepath.Match(p, name)
		return ok
	})
}

func (l *logrotate) readFile(path string, truncates *string) {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxLogrotate {
		return
	}
	if text, err := os.ReadFile(path); err == nil {
		f := logrotateFile{logrotate: l, path: path, rest: text, line: 1, truncates: truncates}
		f.read()
	}
}

// logrotateFile is one file while it is read.
type logrotateFile struct {
	*logrotate
	path      string
	rest      []byte
	line      int       // at which rest begins
	section   *rotation // inside its braces
	truncates *string   // outside of them
}

func (f *logrotateFile) read() {
	for len(f.rest) > 0 {
		switch c := f.rest[0]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '{':
			f.skip(1)
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			f.directive()
		case f.section == nil && (c == '/' || c == '"' || c == '\''):
			f.open()
		case c == '}':
			f.section = nil
			f.skip(1)
		default:
			f.skipLine() // a comment, or what makes no sense
		}
	}
}

func (f *logrotateFile) skip(n int) {
	f.line += bytes.Count(f.rest[:n], []byte("\n"))
	f.rest = f.rest[n:]
}

// skipLine skips what is left of a line, and returns it.
func (f *logrotateFile) skipLine() string {
	n := bytes.IndexByte(f.rest, '\n')
	if n < 0 {
		n = len(f.rest)
	}
	line := string(f.rest[:n])
	f.skip(n)
	return line
}

func (f *logrotateFile) place() string { return fmt.Sprintf("%s:%d", f.path, f.line) }

// directive reads a keyword and what belongs to it.
func (f *logrotateFile) directive() {
	n := 0
	for n < len(f.rest) && (f.rest[n]|0x20 >= 'a' && f.rest[n]|0x20 <= 'z') {
		n++
	}
	key, truncates := string(f.rest[:n]), f.truncates
	f.skip(n)
	if f.section != nil {
		truncates = &f.section.truncates
	}
	switch key {
	case "copytruncate":
		*truncates = f.place()
	case "nocopytruncate":
		*truncates = ""
	case "include":
		f.include(f.value(), truncates)
	case "tabooext", "taboopat":
		f.setTaboo(key, f.value())
	case "prerotate", "postrotate", "firstaction", "lastaction", "preremove":
		f.skipScript()
	default:
		if !slices.Contains(logrotateFlags(), key) {
			f.skipLine() // it is the value, whatever it is
		}
	}
}

// logrotateFlags are the keywords that have no value, so that another may stand in the same line.
func logrotateFlags() []string {
	return []string{
		"allowhardlink", "noallowhardlink", "compress", "nocompress", "copy", "nocopy", "dateext", "nodateext", "datehourago",
		"dateyesterday", "delaycompress", "nodelaycompress", "ifempty", "notifempty", "ignoreduplicates", "mailfirst", "maillast",
		"missingok", "nomissingok", "nocreate", "nocreateolddir", "nomail", "noolddir", "renamecopy", "norenamecopy",
		"sharedscripts", "nosharedscripts", "noshred",
	}
}

// value is what is left of a line, behind a keyword.
func (f *logrotateFile) value() string {
	return strings.TrimSpace(strings.TrimLeft(f.skipLine(), " \t="))
}

func (f *logrotateFile) setTaboo(key, value string) {
	list, more := strings.CutPrefix(value, "+")
	if !more {
		f.taboo = nil
	}
	before := map[string]string{"tabooext": "*"}[key]
	for _, x := range strings.FieldsFunc(list, func(r rune) bool { return r == ' ' || r == '\t' || r == ',' }) {
		f.taboo = append(f.taboo, before+x)
	}
}

func (f *logrotateFile) skipScript() {
	f.skipLine()
	for len(f.rest) > 0 {
		f.skip(1)
		if words := strings.Fields(f.skipLine()); len(words) > 0 && words[0] == "endscript" {
			return
		}
	}
}

// open reads the paths before a brace, over several lines, of which those with # at their beginning are comments.
func (f *logrotateFile) open() {
	r := &rotation{place: f.place(), truncates: *f.truncates}
	var list strings.Builder
	for len(f.rest) > 0 && f.rest[0] != '{' {
		line := bytes.TrimLeft(f.rest[:cmp.Or(bytes.IndexByte(f.rest, '\n')+1, len(f.rest))], " \t")
		if len(line) > 0 && line[0] == '#' {
			f.skipLine()
			continue
		}
		n := bytes.IndexAny(f.rest, "\n{")
		if n < 0 {
			n = len(f.rest) // logrotate finds no brace, and so no section
			f.skip(n)
			return
		}
		list.Write(f.rest[:n])
		list.WriteByte(' ')
		if f.rest[n] == '\n' {
			n++
		}
		f.skip(n)
	}
	for _, w := range logrotateWords(list.String()) {
		if strings.HasPrefix(w, "/") {
			r.patterns = append(r.patterns, strings.ReplaceAll(w, "[!", "[^"))
		}
	}
	f.section = r
	f.rotations = append(f.rotations, r)
}

// logrotateWords splits at white space, as a shell does: not in quotes, nor behind a backslash.
func logrotateWords(list string) []string {
	var out []string
	var word []byte
	quote, some := byte(0), false
	for i := 0; i < len(list); i++ {
		switch c := list[i]; {
		case c == '\\' && quote != '\'' && i+1 < len(list):
			i++
			word, some = append(word, list[i]), true
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote, some = c, true
		case quote == 0 && (c == ' ' || c == '\t' || c == '\r'):
			if some {
				out = append(out, string(word))
			}
			word, some = nil, false
		default:
			word, some = append(word, c), true
		}
	}
	if some {
		out = append(out, string(word))
	}
	return out
}
