package app

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/errwatch/errwatch/internal/config"
)

// LogrotateConfig is where logrotate's configuration begins on most systems.
const LogrotateConfig = "/etc/logrotate.conf"

// truncating is a section of logrotate's configuration that truncates logs behind their writers' back.
type truncating struct {
	place    string // file:line
	patterns []string
}

// matches says that the section is about a file, by the name under which it is followed or by its own.
func (t *truncating) matches(file string) bool {
	real, err := filepath.EvalSymlinks(file)
	if err != nil {
		real = file // it is not there yet
	}
	return slices.ContainsFunc(t.patterns, func(pattern string) bool {
		byName, _ := filepath.Match(pattern, file) // a pattern that cannot be read matches nothing
		itself, _ := filepath.Match(pattern, real)
		return byName || itself
	})
}

// checkTruncation warns where logrotate truncates one of the files, which are those of a path in the configuration.
func checkTruncation(cfg *config.Config, sections []truncating, name string, files []string, at ...any) []config.Problem {
	var problems []config.Problem
	for _, t := range sections {
		i := slices.IndexFunc(files, t.matches)
		if i < 0 {
			continue
		}
		message := fmt.Sprintf("source %s: logrotate uses copytruncate for %s (%s): what is written between its copy and its truncation is lost", name, files[i], t.place)
		const hint = "write create instead, and a postrotate that makes the server open its log anew"
		problems = append(problems, cfg.Problem(config.Warning, message, hint, -1, at...))
	}
	return problems
}

// logrotate reads its configuration. What cannot be read says nothing.
type logrotate struct {
	truncates bool // by default, from here on
	sections  []truncating
	seen      map[string]bool
}

// truncatingSections lists the sections that use copytruncate.
func truncatingSections(path string) []truncating {
	l := logrotate{seen: map[string]bool{}}
	l.include(path)
	return l.sections
}

// include reads a file, or those of a folder.
func (l *logrotate) include(path string) {
	if l.seen[path] {
		return // it includes itself
	}
	l.seen[path] = true
	if entries, err := os.ReadDir(path); err == nil {
		for _, e := range entries {
			l.include(filepath.Join(path, e.Name()))
		}
		return
	}
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() || info.Size() > maxLogrotate {
		return
	}
	if text, err := os.ReadFile(path); err == nil {
		l.read(path, text)
	}
}

// maxLogrotate is the size of the largest file that is taken for one of logrotate's, in bytes.
const maxLogrotate = 1 << 20

// logrotateScripts begin a script, which ends with endscript.
var logrotateScripts = []string{"prerotate", "postrotate", "firstaction", "lastaction", "preremove"}

func (l *logrotate) read(path string, text []byte) {
	var section *truncating // the patterns so far, or inside its braces
	inside, script, cuts := false, false, false
	n := 0
	for line := range bytes.Lines(text) {
		n++
		words := logrotateWords(string(line))
		switch {
		case script:
			script = len(words) == 0 || words[0] != "endscript"
			continue
		case len(words) == 0:
			continue
		case slices.Contains(logrotateScripts, words[0]):
			script = true
			continue
		case !inside && section == nil && words[0] == "include" && len(words) == 2:
			l.include(words[1])
			continue
		}
		for _, w := range words {
			switch {
			case w == "{":
				inside, cuts = true, l.truncates
			case w == "}":
				if cuts && section != nil {
					l.sections = append(l.sections, *section)
				}
				inside, section = false, nil
			case w == "copytruncate" || w == "nocopytruncate":
				if inside {
					cuts = w == "copytruncate"
				} else {
					l.truncates = w == "copytruncate"
				}
			case !inside && strings.HasPrefix(w, "/"):
				if section == nil {
					section = &truncating{place: fmt.Sprintf("%s:%d", path, n)}
				}
				section.patterns = append(section.patterns, w)
			}
		}
	}
}

// logrotateWords splits a line: at white space but for that in quotes, braces by themselves, without comments.
func logrotateWords(line string) []string {
	var out []string
	for line = strings.TrimSpace(line); line != "" && line[0] != '#'; line = strings.TrimSpace(line) {
		var word string
		switch line[0] {
		case '{', '}':
			word, line = line[:1], line[1:]
		case '"', '\'':
			word, line, _ = strings.Cut(line[1:], line[:1])
		default:
			i := strings.IndexAny(line, " \t{}")
			if i < 0 {
				i = len(line)
			}
			word, line = line[:i], line[i:]
		}
		out = append(out, word)
	}
	return out
}
