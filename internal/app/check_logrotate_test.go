package app

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/errwatch/errwatch/internal/config"
)

// truncationCases are configurations of logrotate, and the lines at which each copytruncate stands that is for app.log;
// DIR is the folder of the logs. What logrotate 3.21 itself makes of each is the same.
var truncationCases = []struct {
	name, text string
	line       int // 0: app.log is not truncated
}{
	{"by name", "DIR/app.log {\n  copytruncate\n}\n", 2},
	{"behind the brace", "DIR/app.log{copytruncate\n}\n", 1},
	{"by glob, beside others", "# one line\n/var/log/other \"DIR/*.log\"\n/var/log/third\n{\n daily\n copytruncate\n}\n", 6},
	{"by a set", "DIR/[!b-z]pp.log {\n copytruncate\n}\n", 2},
	{"by a set that leaves it out", "DIR/[!a]pp.log {\n copytruncate\n}\n", 0},
	{"in single quotes", "'DIR/app.log' {\n copytruncate\n}\n", 2},
	{"behind a backslash", "DIR/a\\pp.log {\n copytruncate\n}\n", 2},
	{"with a comment between the paths", "DIR/other.log\n# and {\nDIR/app.log\n{\n copytruncate # why\n}\n", 5},
	{"beside another keyword", "DIR/app.log { missingok copytruncate }\n", 1},
	{"as another's value", "DIR/app.log {\n mail copytruncate\n}\n", 0},
	{"by default", "copytruncate\nDIR/app.log {\n}\n", 1},
	{"by default, too late", "DIR/app.log {\n}\ncopytruncate\n", 0},
	{"by default, behind paths that are values", "olddir DIR\ncompresscmd /usr/bin/xz\ncopytruncate\nDIR/app.log {\n}\n", 3},
	{"taken back", "copytruncate\nDIR/app.log {\n nocopytruncate\n}\n", 0},
	{"taken back by default", "copytruncate\nnocopytruncate\nDIR/app.log {\n}\n", 0},
	{"taken back elsewhere", "copytruncate\nDIR/other.log {\n nocopytruncate\n}\nDIR/app.log {\n}\n", 1},
	{"with a copy too", "DIR/app.log {\n copytruncate\n copy\n}\n", 2},
	{"a copy", "DIR/app.log {\n copy\n}\n", 0},
	{"copied and renamed", "DIR/app.log {\n renamecopy\n}\n", 0},
	{"another file", "DIR/app.log.1 {\n copytruncate\n}\n", 0},
	{"the next section", "DIR/app.log {\n create\n}\n/var/log/x {\n copytruncate\n}\n", 0},
	{"twice, the first counts", "DIR/app.log {\n create\n}\nDIR/*.log {\n copytruncate\n}\n", 0},
	{"twice, this is the first", "DIR/app.log {\n copytruncate\n}\nDIR/*.log {\n create\n}\n", 2},
	{"in a comment and a script", "DIR/app.log {\n # copytruncate\n postrotate\n  echo copytruncate }\n  copytruncate\n endscript\n create\n}\n", 0},
	{"behind a script", "DIR/app.log {\n prerotate\n  nocopytruncate; endscript\n }\n endscript\n copytruncate\n}\n", 6},
	{"behind a script of its own", "firstaction\n /bin/true {\nendscript\nDIR/app.log {\n copytruncate\n}\n", 5},
	{"a script without end", "DIR/app.log {\n postrotate\n copytruncate\n}\n", 0},
	{"not closed", "DIR/app.log {\n copytruncate\n", 2},
	{"not opened", "DIR/app.log\n copytruncate\n", 0},
	{"with nonsense", "DIR/app.log {\n nonsense {\n copytruncate\n}\n", 3},
	{"written large", "DIR/app.log {\n COPYTRUNCATE\n}\n", 0},
	{"the target of a link", "DIR/real/app.log {\n copytruncate\n}\n", 0},
	{"no text", "\x00\x01\xff{{{}}}\n\"\n'", 0},
}

// A followed file that logrotate truncates is warned of, with the place and what to write instead, and no other is.
func TestCheckWarnsOfCopytruncate(t *testing.T) {
	t.Parallel()
	for _, c := range truncationCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			logs := t.TempDir()
			writeIn(t, logs, "app.log", "a line\n")
			start := writeIn(t, t.TempDir(), "logrotate.conf", strings.ReplaceAll(c.text, "DIR", logs))
			wantWarning(t, filepath.Join(logs, "app*.log"), start, start, c.line)
		})
	}
}

// wantWarning wants one of a place, or none where line is 0.
func wantWarning(t *testing.T, path, start, place string, line int) {
	t.Helper()
	got := truncationWarnings(t, path, start)
	place = fmt.Sprintf("(%s:%d)", place, line)
	switch {
	case line == 0 && len(got) > 0:
		t.Errorf("warned: %v", got)
	case line > 0 && (len(got) != 1 || !strings.Contains(got[0].Message, place) || !strings.Contains(got[0].Hint, "postrotate") || got[0].Line == 0):
		t.Errorf("got %+v, want one of %s", got, place)
	}
}

// What is included is read where logrotate reads it, in its order, and nothing else.
func TestCheckReadsIncludes(t *testing.T) {
	t.Parallel()
	const cuts = "DIR/app.log {\n copytruncate\n}\n"
	for _, c := range []struct {
		name  string
		start string // ETC is the folder of the configuration
		files map[string]string
		place string // below ETC; "": no warning
		line  int
	}{
		{"a file", "include ETC/one", map[string]string{"one": cuts}, "one", 2},
		{"with an equals sign", "include = ETC/one\n", map[string]string{"one": cuts}, "one", 2},
		{"a folder", "weekly\ninclude ETC/d\ninclude /nowhere\n", map[string]string{"d/app": cuts}, "d/app", 2},
		{"a glob is none", "include ETC/d/*\n", map[string]string{"d/app": cuts}, "", 0},
		{"no folder below", "include ETC/d\n", map[string]string{"d/below/app": cuts}, "", 0},
		{"no leftovers", "include ETC/d\n", map[string]string{"d/app.dpkg-old": cuts, "d/app~": cuts, "d/app.rpmsave": cuts, "d/app.disabled": cuts}, "", 0},
		{"other leftovers", "tabooext + .old, .x\ninclude ETC/d\n", map[string]string{"d/app.old": cuts, "d/app~": cuts}, "", 0},
		{"leftovers that are none", "tabooext .old\ninclude ETC/d\n", map[string]string{"d/app~": cuts}, "d/app~", 2},
		{"patterns of names", "taboopat + app*\ninclude ETC/d\n", map[string]string{"d/app-1": cuts}, "", 0},
		{"a default for what follows", "include ETC/d\nDIR/app.log {\n}\n", map[string]string{"d/a": "copytruncate\n"}, "d/a", 1},
		{"a default for the next file", "include ETC/d\n", map[string]string{"d/a": "copytruncate\n", "d/b": "DIR/app.log {\n}\n"}, "d/a", 1},
		{"the first of two", "include ETC/d\n", map[string]string{"d/a": "DIR/app.log {\n}\n", "d/b": cuts}, "", 0},
		{"between braces", "DIR/app.log {\n include ETC/one\n}\n", map[string]string{"one": "copytruncate\n"}, "one", 1},
		{"itself", "include ETC/logrotate.conf\n" + cuts, nil, "logrotate.conf", 3},
		{"too large", "include ETC/one\n", map[string]string{"one": cuts + strings.Repeat("#", maxLogrotate)}, "", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			logs, etc := t.TempDir(), t.TempDir()
			writeIn(t, logs, "app.log", "a line\n")
			put := func(name, text string) string {
				return writeIn(t, etc, name, strings.NewReplacer("DIR", logs, "ETC", etc).Replace(text))
			}
			for name, text := range c.files {
				put(name, text)
			}
			wantWarning(t, filepath.Join(logs, "app.log"), put("logrotate.conf", c.start), filepath.Join(etc, c.place), c.line)
		})
	}
}

// Configurations that cannot be read say nothing, and do not keep others from being read.
func TestCheckReadsWhatItMay(t *testing.T) {
	t.Parallel()
	logs, etc := t.TempDir(), t.TempDir()
	writeIn(t, logs, "app.log", "a line\n")
	if err := os.MkdirAll(filepath.Join(etc, "d"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(etc, "nowhere"), filepath.Join(etc, "d", "a")); err != nil {
		t.Fatal(err)
	}
	writeIn(t, etc, "d/b", "DIR")
	if err := os.Chmod(filepath.Join(etc, "d", "b"), 0); err != nil {
		t.Fatal(err)
	}
	place := writeIn(t, etc, "d/c", logs+"/app.log {\n copytruncate\n}\n")
	wantWarning(t, filepath.Join(logs, "app.log"), writeIn(t, etc, "start", "include "+filepath.Join(etc, "d")+"\n"), place, 2)
	wantWarning(t, filepath.Join(logs, "app.log"), filepath.Join(etc, "nowhere"), "", 0)
}

// Where copytruncate is the default, the hint says where to take it back.
func TestCheckSaysWhereToTakeCopytruncateBack(t *testing.T) {
	t.Parallel()
	logs, etc := t.TempDir(), t.TempDir()
	path := filepath.Join(logs, "later.log") // it is not there yet
	section := writeIn(t, etc, "app", "\n"+logs+"/*.log {\n}\n")
	got := truncationWarnings(t, path, writeIn(t, etc, "start", "copytruncate\ninclude "+section+"\n"))
	want := "write nocopytruncate and create between the braces of " + section + ":2"
	if len(got) != 1 || !strings.Contains(got[0].Hint, want) {
		t.Errorf("got %+v, want a hint with %q", got, want)
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
	// Its own name is none that logrotate would rotate: it leaves links alone.
	start = writeIn(t, t.TempDir(), "logrotate.conf", link+" {\n copytruncate\n}\n")
	if got := truncationWarnings(t, link, start); len(got) != 0 {
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
