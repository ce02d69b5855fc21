package rules

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// rulesDocument is docs/rules.md.
func rulesDocument(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("../../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// allTests is the text of all tests below internal.
func allTests(t *testing.T) string {
	t.Helper()
	files, err := filepath.Glob("../*/*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, f := range files {
		if filepath.Base(f) == "docs_test.go" {
			continue
		}
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(b)
	}
	return all.String()
}

// TestTestsThatTheDocumentNamesExist holds that each test that docs/rules.md names is there, and the case of it that stands
// behind a slash.
func TestTestsThatTheDocumentNamesExist(t *testing.T) {
	t.Parallel()
	all := allTests(t)
	wrapped := regexp.MustCompile(`\n +`)
	named := regexp.MustCompile("`(Test[A-Za-z]+)(/[^`]+)?`").FindAllStringSubmatch(wrapped.ReplaceAllString(rulesDocument(t), " "), -1)
	if len(named) < 40 {
		t.Errorf("docs/rules.md names %d tests: are they written as `TestX` or `TestX/case`?", len(named))
	}
	for _, m := range named {
		if !strings.Contains(all, "func "+m[1]+"(t *testing.T) {") {
			t.Errorf("docs/rules.md names %s, which is no test", m[1])
		}
		if m[2] != "" && !strings.Contains(all, `{"`+m[2][1:]+`", `) {
			t.Errorf("docs/rules.md names %s, but no test has a case of that name", m[0])
		}
	}
}

// TestEachEdgeNamesItsTest holds that what docs/rules.md says about edges has a test beside it.
func TestEachEdgeNamesItsTest(t *testing.T) {
	t.Parallel()
	doc := rulesDocument(t)
	for _, title := range []string{"Which events count", "The window", "When an event counts", "Clock jumps, wrong zones, sources that are behind", "Groups", "States", "`below`",
		"`absent`", "What an alert carries", "Summary", "Restart, crash and reload", "Catching up", "Live and replay"} {
		_, section, ok := strings.Cut(doc, "# "+title+"\n")
		if !ok {
			t.Errorf("docs/rules.md has no section %q", title)
			continue
		}
		section, _, _ = strings.Cut(section, "\n#")
		for _, edge := range edgesOf(section) {
			if !strings.Contains(edge, "`Test") {
				t.Errorf("%s: no test is named beside %.60q", title, edge)
			}
		}
	}
}

// edgesOf returns the list items and the rows of tables of a section; the section itself where it has neither.
func edgesOf(section string) []string {
	var out []string
	head := false // the next rows of a table are its head
	for line := range strings.SplitSeq(section, "\n") {
		switch {
		case strings.HasPrefix(line, "|"):
			if head = head || len(out) == 0 || !strings.HasPrefix(out[len(out)-1], "|"); !head {
				out = append(out, line)
			} else if strings.HasPrefix(line, "|---") {
				head = false
				out = append(out, "| `Test` behind the head |")
			}
		case strings.HasPrefix(line, "- "):
			out = append(out, line)
		case strings.HasPrefix(line, "  ") && len(out) > 0:
			out[len(out)-1] += " " + line
		}
	}
	if len(out) == 0 {
		return []string{section}
	}
	return out
}
