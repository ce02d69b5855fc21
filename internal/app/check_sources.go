package app

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/errwatch/errwatch/internal/config"
	"github.com/errwatch/errwatch/internal/source"
)

// SourceMatch is what one source matches now.
type SourceMatch struct {
	Name  string
	Files []string
	Bytes int64
}

// CheckSources looks at what the sources match now. That a file is missing or unreadable is a warning: it may come. So is
// that logrotate, whose configuration begins at rotation, truncates a file that is followed.
func CheckSources(cfg *config.Config, rotation string) ([]SourceMatch, []config.Problem) {
	rotations := readLogrotate(rotation)
	var matches []SourceMatch
	var problems []config.Problem
	for i, s := range cfg.Sources {
		m := SourceMatch{Name: s.Name}
		for j, path := range s.Paths {
			if path == "-" {
				continue
			}
			files, errs := source.Match(source.Options{Name: s.Name, Paths: []string{path}, Exclude: s.Exclude, MaxFiles: cfg.Limits.Files})
			for _, err := range errs {
				problems = append(problems, cfg.Problem(config.Warning, fmt.Sprintf("source %s: %v", s.Name, err), "", -1, "sources", i, "paths", j))
			}
			problems = append(problems, checkTruncation(cfg, rotations, s.Name, files, "sources", i, "paths", j)...)
			if !m.add(files) && len(errs) == 0 {
				message := fmt.Sprintf("source %s: no file matches %s now", s.Name, path)
				problems = append(problems, cfg.Problem(config.Warning, message, wouldMatch(path), -1, "sources", i, "paths", j))
			}
		}
		matches = append(matches, m)
	}
	return matches, problems
}

// add takes in the files that are there; false where none is. A path without wildcards is matched in any case.
func (m *SourceMatch) add(files []string) bool {
	some := false
	for _, f := range files {
		if info, err := os.Stat(f); err == nil {
			m.Bytes += info.Size()
			m.Files = append(m.Files, f)
			some = true
		}
	}
	return some
}

// wouldMatch looks for a folder that was probably meant, and says how many files the same glob finds there.
func wouldMatch(glob string) string {
	dir, pattern := filepath.Split(glob)
	dir = filepath.Clean(dir)
	if strings.ContainsAny(dir, "*?[{") {
		return ""
	}
	if _, err := os.Stat(dir); err == nil {
		return otherNames(dir)
	}
	parent := filepath.Dir(dir)
	entries, _ := os.ReadDir(parent) // unreadable: no hint
	for _, e := range entries {
		if !e.IsDir() || !near(e.Name(), filepath.Base(dir)) {
			continue
		}
		other := filepath.Join(parent, e.Name(), pattern)
		if files, _ := source.Match(source.Options{Paths: []string{other}}); len(files) > 0 {
			return fmt.Sprintf("%s matches %s", other, count(len(files), "file"))
		}
	}
	return dir + " does not exist"
}

// otherNames says what else lies in a folder.
func otherNames(dir string) string {
	files, _ := source.Match(source.Options{Paths: []string{filepath.Join(dir, "*")}}) // unreadable: no hint
	if len(files) == 0 {
		return dir + " holds no file"
	}
	return fmt.Sprintf("%s holds %s, for example %s", dir, count(len(files), "file"), filepath.Base(files[0]))
}

// near says whether two names differ by little: one letter missing, added, or changed.
func near(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) == len(b) {
		return i == len(a) || a[i+1:] == b[i+1:] || i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
	}
	return a[i:] == b[i+1:]
}
