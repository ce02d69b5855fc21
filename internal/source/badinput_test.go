package source

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/errwatch/errwatch/internal/line"
)

// TestBadInputs: whatever a path leads to has a defined answer, is counted once, and stops nothing else.
func TestBadInputs(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		make   func(r *rig, path string)
		reason string // "" for none
		lines  []string
	}{
		"folder":       {func(r *rig, p string) { must(r.t, os.Mkdir(p, 0o755)) }, "", nil}, // taken as its *.log
		"fifo":         {func(r *rig, p string) { must(r.t, unix.Mkfifo(p, 0o644)) }, ReasonNotRegular, nil},
		"socket":       {listenUnix, ReasonNotRegular, nil},
		"device":       {func(r *rig, p string) { must(r.t, os.Symlink(os.DevNull, p)) }, ReasonNotRegular, nil},
		"broken link":  {func(r *rig, p string) { must(r.t, os.Symlink(r.path("nowhere"), p)) }, ReasonBrokenLink, nil},
		"link to self": {func(r *rig, p string) { must(r.t, os.Symlink(p, p)) }, ReasonBrokenLink, nil},
		"under a file": {func(r *rig, p string) {}, "", nil},
		"empty":        {func(r *rig, p string) { must(r.t, os.WriteFile(p, nil, 0o644)) }, "", nil},
		"binary":       {func(r *rig, p string) { must(r.t, os.WriteFile(p, []byte("\x7fELF\x00\x01\n\xff\xfe\n"), 0o644)) }, "", []string{"\x7fELF\x00\x01", "\xff\xfe"}},
		"absent":       {func(r *rig, p string) {}, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, Options{Name: "s", Paths: []string{"bad", "good.log"}})
			if name == "under a file" {
				r.opts[0].Paths[0] = r.path("good.log/bad")
				r.start()
			}
			test.make(r, r.path("bad"))
			r.write("good.log", "good\n")
			r.expectSorted(append([]string{"good"}, test.lines...)...)
			for range 3 {
				r.write("good.log", "and on\n")
				r.expect("and on")
			}
			st := r.stats()
			want := map[string]int64{}
			if test.reason != "" {
				want[test.reason] = 1
			}
			if fmt.Sprint(st.Errors) != fmt.Sprint(want) || !st.CaughtUp {
				t.Errorf("errors %v, want %v; caught up %v", st.Errors, want, st.CaughtUp)
			}
			// It becomes a file.
			if test.reason == "" {
				return
			}
			must(t, os.Remove(r.path("bad")))
			r.write("bad", "a file now\n")
			r.expect("a file now")
		})
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func listenUnix(r *rig, path string) {
	// A socket's name has a short limit: bind it in the folder itself.
	dir, err := os.MkdirTemp("", "s")
	must(r.t, err)
	r.t.Cleanup(func() { os.RemoveAll(dir) })
	l, err := net.Listen("unix", filepath.Join(dir, "s"))
	must(r.t, err)
	r.t.Cleanup(func() { l.Close() })
	must(r.t, os.Symlink(filepath.Join(dir, "s"), path))
}

// TestUnreadable runs without root's right to read everything.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	unprivileged(t)
	r := newRig(t, Options{Name: "s", Paths: []string{"*.log", "closed/*.log"}})
	must(t, os.Chmod(r.dir, 0o777))
	r.write("good.log", "good\n")
	r.write("secret.log", "secret\n")
	r.mkdir("closed")
	r.write("closed/x.log", "x\n")
	must(t, os.Chmod(r.path("secret.log"), 0))
	must(t, os.Chmod(r.path("closed"), 0))
	t.Cleanup(func() { os.Chmod(r.path("closed"), 0o755) })
	r.expect("good")
	r.expect()
	if st := r.stats(); st.Errors[ReasonPermission] != 2 || !st.CaughtUp {
		t.Errorf("stats %+v", st)
	}
	must(t, os.Chmod(r.path("secret.log"), 0o644))
	must(t, os.Chmod(r.path("closed"), 0o755))
	r.tick()
	r.tick()
	got := r.sink.take()
	slices.Sort(got)
	if !slices.Equal(got, []string{"secret", "x"}) {
		t.Errorf("got %q", got)
	}
	// Taken away while it is followed: what is open goes on.
	must(t, os.Chmod(r.path("secret.log"), 0o200))
	r.write("secret.log", "more\n")
	r.expect("more")
	must(t, os.Chmod(r.path("closed"), 0))
	w := r.stats().Errors[ReasonPermission]
	r.expect()
	if st := r.stats(); st.Errors[ReasonPermission] <= w {
		t.Errorf("stats %+v", st)
	}
}

// unprivileged gives up the right to read what permissions forbid, for the goroutine of the test.
func unprivileged(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
	if err := setFileUser(65534); err != nil {
		t.Fatal(err)
	}
}

func TestVanished(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Name: "s", Paths: []string{"app.log", "other/*.log"}})
	r.mkdir("other")
	r.write("app.log", "a\n")
	r.write("other/x.log", "x\n")
	r.expectSorted("a", "x")
	r.remove("app.log")
	r.remove("other/x.log")
	r.expect()
	r.pass(vanishWait / 2)
	r.expect()
	if st := r.stats(); st.Errors[ReasonVanished] != 0 {
		t.Errorf("too early: %+v", st)
	}
	r.pass(vanishWait)
	r.expect()
	r.expect()
	if st := r.stats(); st.Errors[ReasonVanished] != 1 || st.Files != 0 {
		t.Errorf("stats %+v", st)
	}
	r.write("app.log", "back\n")
	r.expect("back")
}

func TestTooManyFiles(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Name: "s", Paths: []string{"*.log"}, MaxFiles: 5})
	for i := range 8 {
		r.write(fmt.Sprintf("%d.log", i), fmt.Sprintln("line", i))
	}
	r.expect("line 0", "line 1", "line 2", "line 3", "line 4")
	r.expect()
	if st := r.stats(); st.Files != 5 || st.Errors[ReasonTooMany] != 1 {
		t.Errorf("stats %+v", st)
	}
	r.remove("2.log")
	r.tick()
	r.pass(time.Second)
	r.tick()
	r.pass(time.Second)
	r.expect("line 5")
}

// TestManyFiles follows as many as limits.files allows by default.
func TestManyFiles(t *testing.T) {
	t.Parallel()
	const n = 1000
	r := newRig(t)
	for i := range n {
		r.write(fmt.Sprintf("%04d.log", i), fmt.Sprintln("line", i))
	}
	r.tick()
	if got := r.sink.take(); len(got) != n {
		t.Fatalf("%d lines", len(got))
	}
	for i := range n {
		if i%3 == 0 {
			r.rename(fmt.Sprintf("%04d.log", i), fmt.Sprintf("%04d.log.1", i))
		}
		r.write(fmt.Sprintf("%04d.log", i), fmt.Sprintln("again", i))
	}
	r.tick()
	if got := r.sink.take(); len(got) != n {
		t.Fatalf("%d lines", len(got))
	}
	r.pass(time.Second)
	r.tick()
	if st := r.stats(); st.Files != n || !st.CaughtUp || len(st.Errors) != 0 {
		t.Errorf("stats %+v", st)
	}
	r.restart()
	r.expect()
}

// TestLongLines: a line over the limit is one skipped line, wherever blocks end.
func TestLongLines(t *testing.T) {
	t.Parallel()
	for _, max := range []int{1, 10, 1000, blockSize - 1, blockSize, blockSize + 1, 2*blockSize + 7} {
		for _, over := range []int{-1, 0, 1, 5000, blockSize} {
			t.Run(fmt.Sprint(max, "/", over), func(t *testing.T) {
				t.Parallel()
				r := newRig(t, Options{Name: "s", Paths: []string{"*.log"}, MaxLine: max})
				long := strings.Repeat("x", max+over)
				r.write("app.log", "a\n"+long+"\nb\n")
				if over <= 0 {
					r.expect("a", long, "b")
					return
				}
				r.expect("a", "b")
				want := fmt.Sprintf("%s 2-%d", line.TooLong, 2+len(long)+1)
				if got := r.sink.takeSkips(); !slices.Equal(got, []string{want}) {
					t.Errorf("skips %q, want %q", got, want)
				}
				// The same in pieces, and without an end.
				r.write("app.log", long)
				r.expect()
				r.write("app.log", long+"\n")
				r.expect()
				r.write("app.log", long)
				r.rename("app.log", "app.log.1")
				r.expect()
				if got := r.sink.takeSkips(); len(got) != 2 {
					t.Errorf("skips %q", got)
				}
			})
		}
	}
}

// TestEndlessLine: the memory does not depend on the length of a line.
func TestEndlessLine(t *testing.T) {
	const size = 128 << 20 // it does the same with 2 GiB, only longer
	r := newRig(t)
	r.write("app.log", "a\nx")
	r.truncate("app.log", size) // sparse: it costs no disk
	r.write("app.log", "x\nb\n")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r.expect("a", "b")
	runtime.ReadMemStats(&after)
	if got := r.sink.takeSkips(); !slices.Equal(got, []string{fmt.Sprintf("%s 2-%d", line.TooLong, size+2)}) {
		t.Errorf("skips %q", got)
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > 8<<20 {
		t.Errorf("%d bytes were allocated", n)
	}
}

func TestSinkThatRefuses(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.write("app.log", "a\nb\n")
	r.sink.refuse = errors.New("not now")
	r.expect()
	r.expect()
	if st := r.stats(); st.LagBytes != 4 || st.CaughtUp {
		t.Errorf("stats %+v", st)
	}
	r.sink.refuse = nil
	r.expect("a", "b")
}

func TestOptionsThatAreWrong(t *testing.T) {
	t.Parallel()
	_, err := New([]Options{
		{Name: "a", Paths: []string{"[x"}, Start: "middle"},
		{Name: "b", Paths: []string{"-"}},
		{Name: "c", Paths: []string{"x"}},
		{Name: "c", Paths: []string{"y"}},
	}, newRecorder(), Deps{})
	for _, part := range []string{`start is "middle"`, `"[x"`, "no standard input", "two of this name"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%v does not say %s", err, part)
		}
	}
}
