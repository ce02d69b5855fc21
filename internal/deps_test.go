// Package internal holds no code of its own, only the statement of what may import what.
package internal

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/errwatch/errwatch/"

// allowed is the house: each package and all that it may import inside the project. A package's subfolders belong to
// it: it may import them, nobody else may, and they import nothing of the project. Stages never import each other,
// only the small packages of the values that pass between them; the one place that knows all stages is app.
var allowed = map[string][]string{
	"cmd/errwatch": {"internal/cli"},

	"internal/line":    {},
	"internal/event":   {},
	"internal/alert":   {},
	"internal/catalog": {},
	"internal/config":  {},
	"internal/store":   {},
	"internal/sim":     {},

	"internal/source":  {"internal/line", "internal/store"},
	"internal/parse":   {"internal/line", "internal/event", "internal/catalog"},
	"internal/privacy": {"internal/event"},
	"internal/metrics": {"internal/event", "internal/store"},
	"internal/rules":   {"internal/event", "internal/alert", "internal/store"},
	"internal/notify":  {"internal/alert", "internal/store"},
	"internal/web":     {"internal/event", "internal/alert", "internal/catalog"},

	"internal/app": {
		"internal/line", "internal/event", "internal/alert", "internal/catalog", "internal/config", "internal/store",
		"internal/source", "internal/parse", "internal/privacy", "internal/metrics", "internal/rules", "internal/notify",
		"internal/web",
	},
	"internal/cli": {"internal/app", "internal/config", "internal/catalog", "internal/sim"},

	"test":            {},
	"test/bench":      {"internal/sim"},
	"test/rulesbench": {"internal/event", "internal/rules", "internal/store"},
}

func TestImports(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel("..", path)
		rel = filepath.ToSlash(rel)
		if d.IsDir() {
			if rel != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || rel == "tools") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(rel, ".go") || strings.HasSuffix(rel, "_test.go") {
			return nil
		}
		checkFile(t, path, filepath.ToSlash(filepath.Dir(rel)), seen)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for pkg := range allowed {
		if !seen[pkg] {
			t.Errorf("%s stands in the table but has no code", pkg)
		}
	}
}

func checkFile(t *testing.T, path, pkg string, seen map[string]bool) {
	t.Helper()
	home := homeOf(pkg)
	if home == "" {
		t.Errorf("%s: the package is not in the table", path)
		return
	}
	seen[pkg] = true
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		t.Error(err)
		return
	}
	for _, im := range f.Imports {
		imported, _ := strconv.Unquote(im.Path.Value)
		to, ours := strings.CutPrefix(imported, module)
		if !ours {
			continue
		}
		switch {
		case pkg == home && strings.HasPrefix(to, home+"/"):
			// Its own subfolder.
		case pkg == home && slices.Contains(allowed[home], to):
		default:
			t.Errorf("%s imports %s, which the table does not allow", path, to)
		}
	}
}

// homeOf returns the package of the table that pkg is or lies under, "" where there is none.
func homeOf(pkg string) string {
	for p := pkg; p != "."; p = filepath.ToSlash(filepath.Dir(p)) {
		if _, ok := allowed[p]; ok {
			return p
		}
	}
	return ""
}
