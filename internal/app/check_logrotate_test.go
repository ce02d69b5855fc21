package app

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/errwatch/errwatch/internal/config"
)

// A followed file that logrotate truncates is warned of, with the place and what to write instead, and no other is.
func TestCheckWarnsOfCopytruncate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, rotation string
		line           int // of the section; 0: no warning
	}{
		{"by name", "%s/app.log {\n  copytruncate\n}\n", 1},
		{"by glob, beside others", "# one line\n/var/log/other \"%s/*.log\"\n/var/log/third\n{\n daily\n copytruncate\n}\n", 2},
		{"in one line", "%s/app.log { weekly copytruncate }", 1},
		{"by default", "copytruncate\n%s/app.log {\n}\n", 2},
		{"taken back", "copytruncate\n%s/app.log {\n nocopytruncate\n}\n", 0},
		{"another file", "%s/app.log.1 {\n copytruncate\n}\n", 0},
		{"the next section", "%s/app.log {\n create\n}\n/var/log/x {\n copytruncate\n}\n", 0},
		{"in a comment and a script", "%s/app.log {\n # copytruncate\n postrotate\n  echo copytruncate }\n endscript\n create\n}\n", 0},
		{"half a section", "%s/app.log {\n copytruncate\n", 0},
		{"the target of a link", "%s/real/app.log {\n copytruncate\n}\n", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			logs := t.TempDir()
			writeIn(t, logs, "app.log", "a line\n")
			etc := t.TempDir()
			writeIn(t, etc, "sections/app", fmt.Sprintf(c.rotation, logs))
			start := writeIn(t, etc, "logrotate.conf", "weekly\ninclude "+filepath.Join(etc, "sections")+"\ninclude /nowhere\n")
			got := truncationWarnings(t, filepath.Join(logs, "*.log"), start)
			place := fmt.Sprintf("%s:%d", filepath.Join(etc, "sections", "app"), c.line)
			switch {
			case c.line == 0 && len(got) > 0:
				t.Errorf("warned: %v", got)
			case c.line > 0 && (len(got) != 1 || !strings.Contains(got[0].Message, place) || !strings.Contains(got[0].Hint, "postrotate") || got[0].Line == 0):
				t.Errorf("got %+v, want one of %s", got, place)
			}
		})
	}
}

// A link that is followed is one name of the file that logrotate truncates.
func TestCheckWarnsOfCopytruncateBehindALink(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := writeIn(t, dir, "real/app.log", "a line\n")
	link := filepath.Join(dir, "app.log")
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	start := writeIn(t, t.TempDir(), "logrotate.conf", file+" {\n copytruncate\n}\n")
	if got := truncationWarnings(t, link, start); len(got) != 1 {
		t.Errorf("got %+v", got)
	}
}

func writeIn(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func truncationWarnings(t *testing.T, path, rotation string) (out []config.Problem) {
	t.Helper()
	cfg, problems := config.Load(config.LoadOptions{Path: writeFile(t, "config.yaml", fmt.Sprintf("sources: [{name: app, paths: [%q]}]\n", path))})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	_, problems = CheckSources(cfg, rotation)
	for _, p := range problems {
		if strings.Contains(p.Message, "copytruncate") {
			out = append(out, p)
		}
	}
	return out
}
