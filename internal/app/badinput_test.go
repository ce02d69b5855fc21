package app

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/errwatch/errwatch/internal/source"
	"github.com/errwatch/errwatch/internal/web"
)

// hostileInput is one bad thing, and what comes of it.
type hostileInput struct {
	name   string
	make   func(t *testing.T, path string)
	lines  int
	events int
	reason string
}

func put(text string) func(*testing.T, string) {
	return func(t *testing.T, path string) {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func linkTo(target string) func(*testing.T, string) {
	return func(t *testing.T, path string) {
		if err := os.Symlink(target, path); err != nil {
			t.Fatal(err)
		}
	}
}

func hostileInputs() []hostileInput {
	noise := make([]byte, 100_000)
	rng := rand.NewChaCha8([32]byte{1})
	_, _ = rng.Read(noise) // never fails
	noise = append(noise, "\n"+denials(1)...)
	return []hostileInput{
		{name: "good", make: put(denials(1)), lines: 1, events: 1},
		{name: "fifo", reason: "not_regular", make: func(t *testing.T, path string) {
			if err := syscall.Mkfifo(path, 0o644); err != nil {
				t.Fatal(err)
			}
		}},
		{name: "device", reason: "not_regular", make: linkTo("/dev/zero")},
		{name: "broken", reason: "broken_symlink", make: linkTo("nowhere")},
		{name: "loop", reason: "broken_symlink", make: linkTo("loop.log")},
		{name: "folder", lines: 2, events: 2, make: func(t *testing.T, path string) {
			// A folder stands for its *.log, and a folder in it of such a name is none of these.
			if err := os.MkdirAll(filepath.Join(path, "deep.log"), 0o755); err != nil {
				t.Fatal(err)
			}
			put(denials(2))(t, filepath.Join(path, "a.log"))
			put(denials(4))(t, filepath.Join(path, "a.txt"))
		}},
		{name: "binary", lines: bytes.Count(noise, []byte("\n")), events: 1, make: put(string(noise))},
		{name: "empty", make: put("")},
		{name: "missing", make: func(*testing.T, string) {}},
		{name: "nul", lines: 3, events: 2, make: put("\x00\x00ERROR\x00\n" + denials(1) + strings.Replace(denials(1), "meeting", "\x00\x00", 1))},
		{name: "crlf", lines: 3, events: 3, make: put(strings.ReplaceAll(denials(3), "\n", "\r\n"))},
		{name: "latin", lines: 2, events: 2, make: put(strings.ReplaceAll(denials(2), "ab12", "\xff\xfe\xe4b"))},
		{name: "unended", make: put(strings.TrimSuffix(denials(1), "\n"))},
		{name: "long", lines: 1, events: 1, make: put(strings.Repeat("3014 ", 300_000) + "\n" + denials(1))},
	}
}

// Whatever a path leads to has a defined answer: it is counted, said in the log once, and stops nothing else.
func TestHostileInput(t *testing.T) {
	t.Parallel()
	r := newBareRig(t)
	inputs := hostileInputs()
	var text strings.Builder
	text.WriteString("server: {listen: \"127.0.0.1:0\"}\nsources:\n")
	for _, in := range inputs {
		in.make(t, filepath.Join(r.dir, in.name+".log"))
		fmt.Fprintf(&text, "  - {name: %s, paths: [\"DIR/%s.log\"], time: {zone: UTC}}\n", in.name, in.name)
	}
	r.configureAll(text.String())
	r.start()
	for i := range 3 { // so that each was looked at more than once
		r.until("the good source counts on", func() bool { return r.countIn("good", "3014") == int64(i+1) })
		r.write("good.log", denials(1))
	}
	got := r.metrics()
	for _, in := range inputs[1:] {
		in.check(t, r, got)
	}
	r.mend()
}

// check looks at what became of an input: its lines and events, one error in the metric and one line in the log.
func (in *hostileInput) check(t *testing.T, r *rig, got map[string]string) {
	t.Helper()
	for series, want := range map[string]int{
		`errwatch_lines_total{source="%s"}`: in.lines,
		`errwatch_events_total{category="permission",code="3014",name="ERROR_GET_VIDEO_MEDIA_PERMISSION_DENIED",source="%s"}`: in.events,
	} {
		if series = fmt.Sprintf(series, in.name); got[series] != strconv.Itoa(want) {
			t.Errorf("%s is %q, want %d", series, got[series], want)
		}
	}
	for _, reason := range source.Reasons() {
		want := "0"
		if reason == in.reason {
			want = "1"
		}
		if series := fmt.Sprintf(`errwatch_source_errors_total{reason="%s",source="%s"}`, reason, in.name); got[series] != want {
			t.Errorf("%s is %q, want %s", series, got[series], want)
		}
	}
	warned := r.log.lines("level=WARN", "source="+in.name+" ")
	if in.reason == "" && len(warned) > 0 || in.reason != "" && (len(warned) != 1 || !strings.Contains(warned[0], "reason="+in.reason)) {
		t.Errorf("%s: the log says %q, want one warning with the reason %q", in.name, warned, in.reason)
	}
}

// mend puts good files in the place of bad ones: from then on they are read.
func (r *rig) mend() {
	r.t.Helper()
	r.write("unended.log", "\n")
	r.write("missing.log", denials(1))
	r.write("nowhere", denials(1)) // where the broken link leads
	for _, name := range []string{"fifo", "device", "loop"} {
		if err := os.Remove(filepath.Join(r.dir, name+".log")); err != nil {
			r.t.Fatal(err)
		}
		r.write(name+".log", denials(1))
	}
	for _, name := range []string{"unended", "missing", "broken", "fifo", "device", "loop"} {
		r.until(name+" is read", func() bool { return r.countIn(name, "3014") == 1 })
	}
	for _, name := range []string{"broken", "fifo", "device", "loop"} {
		if said := r.log.lines("level=INFO", "source="+name+" ", "can be followed again"); len(said) != 1 {
			r.t.Errorf("%s: the log says %q, want once that it is well", name, said)
		}
	}
	// A file that goes, and does not come back within a minute, is trouble.
	if err := os.Remove(filepath.Join(r.dir, "crlf.log")); err != nil {
		r.t.Fatal(err)
	}
	r.until("it is seen to be gone", func() bool { r.write("good.log", "x\n"); return r.status("crlf").Files == 0 })
	r.pass(2 * time.Minute)
	r.until("it is said to be gone", func() bool {
		r.write("good.log", "x\n")
		return r.metrics()[`errwatch_source_errors_total{reason="vanished",source="crlf"}`] == "1"
	})
}

// status is what the daemon says of a source.
func (r *rig) status(source string) web.Source {
	for _, s := range (view{r.d}).Status().Sources {
		if s.Name == source {
			return s
		}
	}
	return web.Source{}
}

// Permissions do not bind root, so root runs this test as nobody, in a child.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		asNobody(t)
		return
	}
	r := newBareRig(t)
	r.configureAll(`
server: {listen: "127.0.0.1:0"}
sources:
  - {name: good, paths: ["DIR/good.log"]}
  - {name: file, paths: ["DIR/secret.log"]}
  - {name: folder, paths: ["DIR/secret/*.log"]}
  - {name: inside, paths: ["DIR/secret/a.log"]}
`)
	r.write("good.log", denials(1))
	r.write("secret.log", denials(1))
	if err := os.Mkdir(filepath.Join(r.dir, "secret"), 0o755); err != nil {
		t.Fatal(err)
	}
	r.write("secret/a.log", denials(1))
	r.lock("secret.log", 0)
	r.lock("secret", 0)
	t.Cleanup(func() { r.lock("secret", 0o755) }) // so that the folder of the test can be removed
	r.start()
	r.until("the good source counts", func() bool { return r.countIn("good", "3014") == 1 })
	got := r.metrics()
	for _, name := range []string{"file", "folder", "inside"} {
		in := hostileInput{name: name, reason: "permission"}
		in.check(t, r, got)
	}
	r.lock("secret.log", 0o644)
	r.until("what may be read now is read", func() bool { return r.countIn("file", "3014") == 1 })
}

func (r *rig) lock(name string, mode os.FileMode) {
	r.t.Helper()
	if err := os.Chmod(filepath.Join(r.dir, name), mode); err != nil {
		r.t.Fatal(err)
	}
}
