package source

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestMatch(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{
		"a.log", "b.log", "b.log.1", "b.log.2.gz", "c.txt", "[odd].log", "sub/a.log", "sub/deep/er/a.log", "sub/deep/x.log",
	} {
		must(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755))
		must(t, os.WriteFile(filepath.Join(dir, name), nil, 0o644))
	}
	must(t, os.Symlink("..", filepath.Join(dir, "sub", "deep", "up"))) // a circle
	for _, test := range []struct {
		paths, exclude, want []string
	}{
		{[]string{"*.log"}, nil, []string{"[odd].log", "a.log", "b.log"}},
		{[]string{"."}, nil, []string{"[odd].log", "a.log", "b.log"}},
		{[]string{"a.log", "a.log", "*.log"}, []string{"b*"}, []string{"[odd].log", "a.log"}},
		{[]string{"[odd].log"}, nil, []string{"[odd].log"}},
		{[]string{"b.log*"}, []string{"*.gz"}, []string{"b.log", "b.log.1"}},
		{[]string{"**/a.log"}, nil, []string{"a.log", "sub/a.log", "sub/deep/er/a.log"}},
		{[]string{"sub/**"}, []string{"/**/er/**"}, []string{"sub/a.log", "sub/deep/x.log"}},
		{[]string{"{a,c}.*"}, nil, []string{"a.log", "c.txt"}},
		{[]string{"absent.log", "absent/*.log", "none*"}, nil, []string{"absent.log"}},
		{[]string{"sub/deep"}, nil, []string{"sub/deep/x.log"}},
		{[]string{"-"}, nil, nil},
	} {
		o := Options{Name: "s", Exclude: test.exclude}
		for _, p := range test.paths {
			if p != "-" {
				p = filepath.Join(dir, p)
			}
			o.Paths = append(o.Paths, p)
		}
		files, problems := Match(o)
		for i, f := range files {
			files[i] = strings.TrimPrefix(f, dir+"/")
		}
		if !slices.Equal(files, test.want) || len(problems) > 0 {
			t.Errorf("%q but %q: %q %v, want %q", test.paths, test.exclude, files, problems, test.want)
		}
	}
}

func TestMatchBounds(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for i := range 10 {
		must(t, os.MkdirAll(filepath.Join(dir, fmt.Sprint(i)), 0o755))
		for j := range 3 {
			must(t, os.WriteFile(filepath.Join(dir, fmt.Sprint(i), fmt.Sprint(j, ".log")), nil, 0o644))
		}
	}
	files, problems := Match(Options{Paths: []string{dir + "/**/*.log"}, MaxFiles: 5})
	if len(files) != 5 || len(problems) != 1 || !errors.Is(problems[0], errTooMany) {
		t.Errorf("%q %v", files, problems)
	}
	files, problems = Match(Options{Paths: []string{dir + "/**/0.log"}, MaxFiles: 6})
	if len(files) != 5 || len(problems) != 1 || !errors.Is(problems[0], errDirs) { // the folder itself is one of the six
		t.Errorf("%q %v", files, problems)
	}
	if _, problems := Match(Options{Paths: []string{"[a"}}); len(problems) != 1 {
		t.Errorf("%v", problems)
	}
}

// TestFinderSeesChanges: a find is repeated exactly when a folder changed.
func TestFinderSeesChanges(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f := newFinder(&Options{Paths: []string{dir + "/*/*.log"}, MaxFiles: 100})
	find := func() int {
		files, _ := f.find()
		return len(files)
	}
	changed := func(what string, do func() error) {
		t.Helper()
		must(t, do())
		if f.unchanged() {
			t.Errorf("%s: not seen", what)
		}
	}
	if find() != 0 {
		t.Error("found something")
	}
	changed("a folder", func() error { return os.Mkdir(dir+"/a", 0o755) })
	find()
	changed("a file", func() error { return os.WriteFile(dir+"/a/x.log", nil, 0o644) })
	if find() != 1 {
		t.Error("the file was not found")
	}
	changed("a removal", func() error { return os.Remove(dir + "/a/x.log") })
	find()
	changed("a folder's removal", func() error { return os.Remove(dir + "/a") })
	find()
	for !f.unchanged() { // until what was seen last is old enough to be told from a change now
		find()
	}
}

func TestParents(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"app.log":                            "",
		"app.log.1":                          "app.log!",
		"app.log.10.gz":                      "app.log! gz",
		"app.log-20261120":                   "app.log!",
		"app.log-20261120.zst":               "app.log! zst",
		"app.log.2026-11-20":                 "app.log.2026-11! app.log.2026! app.log!",
		"app-2026-11-20T10-15-23.123.log.gz": "app-2026-11-20T10-15-23.log app-2026-11-20T10-15.log app-2026-11-20T10.log! app-2026-11.log! app-2026.log! app.log! gz",
		"app.log.old":                        "app.log",
		"app-1.log":                          "app.log",
		"app.1.log":                          "app.log",
		"0.log.20261120-101523":              "0.log.20261120! 0.log!",
		"worker-2":                           "worker!",
		"noise":                              "",
		".1":                                 "",
		"app.log.swp":                        "",
		"access_20261120.log":                "access.log!",
	} {
		ps, pack := parents(name)
		var got []string
		for _, p := range ps {
			s := p.name
			if p.credible {
				s += "!"
			}
			got = append(got, s)
		}
		switch pack {
		case gzipped:
			got = append(got, "gz")
		case zstandard:
			got = append(got, "zst")
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%s: %q, want %q", name, s, want)
		}
	}
}
