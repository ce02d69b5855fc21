package source

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/errwatch/errwatch/internal/line"
)

func TestCopytruncate(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]int{"small": 3, "large": 5000} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			old := numbered(0, before)
			r.write("app.log", text(old))
			r.expect(old...)
			r.write("app.log", "unread\ntorn fragm")
			r.copy("app.log", "app.log.1")
			r.truncate("app.log", 0)
			r.write("app.log", "new\n")
			r.expectSorted("new", "unread")
			if st := r.stats(); st.Truncations != 1 || st.LostBytes != 0 || st.Rotations != 0 {
				t.Errorf("stats %+v", st)
			}
			if got := r.sink.takeSkips(); len(got) != 1 || !strings.HasPrefix(got[0], string(line.Fragment)) {
				t.Errorf("skips %q", got)
			}
			r.restart()
			r.expect()
		})
	}
}

// TestCopytruncateWhatTheCopyLacks reads lines between the copy and the truncation: the copy is shorter than what was
// read, and nothing of it comes twice.
func TestCopytruncateWhatTheCopyLacks(t *testing.T) {
	t.Parallel()
	for _, lines := range []int{2, 30, 4000} {
		r := newRig(t)
		old := numbered(0, lines)
		r.write("app.log", text(old))
		r.expect(old...)
		r.copy("app.log", "app.log.1")
		between := numbered(lines, lines+50)
		r.write("app.log", text(between))
		r.expect(between...)
		r.truncate("app.log", 0)
		r.write("app.log", "new\n")
		r.expect("new")
		r.restart()
		r.expect()
		if st := r.stats(); st.LostBytes != 0 {
			t.Errorf("%d lines: stats %+v", lines, st)
		}
	}
}

func TestCopytruncateWhileDown(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	old := numbered(0, 300)
	r.write("app.log", text(old))
	r.expect(old...)
	r.restart()
	for i := range 3 {
		r.write("app.log", fmt.Sprintf("unread %d %s\n", i, strings.Repeat("x", 50)))
		for n := i; n > 0; n-- {
			r.rename(fmt.Sprintf("app.log.%d", n), fmt.Sprintf("app.log.%d", n+1))
		}
		r.copy("app.log", "app.log.1")
		r.truncate("app.log", 0)
	}
	r.write("app.log", "new\n")
	r.tick()
	got := r.sink.take()
	if len(got) != 4 || !strings.HasPrefix(got[0], "unread 0") || got[3] != "new" {
		t.Fatalf("got %q", abbreviate(got))
	}
}

// TestCopytruncateSeenByAGlob: the copy is found before the original is truncated, and must not be read as a new file.
func TestCopytruncateSeenByAGlob(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Name: "s", Paths: []string{"app.log*"}})
	old := numbered(0, 40)
	r.write("app.log", text(old))
	r.expect(old...)
	r.write("app.log", "unread\n")
	r.copy("app.log", "app.log.1")
	r.expect("unread")
	r.write("app.log", "between\n")
	r.truncate("app.log", 0)
	r.write("app.log", "new\n")
	r.expect("new")
	for range 3 {
		r.expect()
	}
	r.restart()
	r.expect()
}

func TestTruncations(t *testing.T) {
	t.Parallel()
	old := numbered(0, 100)
	size := len(text(old))
	for name, now := range map[string][]string{
		"smaller": numbered(1000, 1003),
		"same":    numbered(1000, 1100),
		"larger":  numbered(1000, 1500),
		"empty":   nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.write("app.log", text(old))
			r.expect(old...)
			r.write("app.log", "unread\n")
			// In place, as a writer does that opens with O_TRUNC.
			if err := os.WriteFile(r.path("app.log"), []byte(text(now)), 0o644); err != nil {
				t.Fatal(err)
			}
			r.expect(now...)
			r.pass(copyWait)
			r.expect()
			st := r.stats()
			if st.Truncations != 1 {
				t.Errorf("%d truncations", st.Truncations)
			}
			// What was written after the last look was never seen; nobody can say that it was lost.
			if st.LostBytes != 0 {
				t.Errorf("%d bytes lost, of a file of %d", st.LostBytes, size)
			}
			r.write("app.log", "more\n")
			r.expect("more")
		})
	}
}

// TestLostBytes: bytes that were surely there and not read before a truncation are counted.
func TestLostBytes(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	lines := numbered(0, 20_000)
	size := len(text(lines))
	r.write("app.log", text(lines))
	r.m.tick()
	r.w.step(t.Context()) // one block is read
	read := len(text(r.sink.take()))
	if read == 0 || read >= size {
		t.Fatalf("%d of %d bytes read", read, size)
	}
	r.truncate("app.log", 0)
	r.write("app.log", "x\n")
	r.expect("x")
	r.pass(copyWait)
	r.expect()
	if st := r.stats(); st.LostBytes != int64(size-read) {
		t.Errorf("lost %d bytes, want %d", st.LostBytes, size-read)
	}
}

// TestCutOff: only the end of the file was cut off; what is left was read.
func TestCutOff(t *testing.T) {
	t.Parallel()
	old := numbered(0, 3000)
	cut := int64(len(text(old[:2000])))
	r := newRig(t)
	r.write("app.log", text(old))
	r.expect(old...)
	r.truncate("app.log", cut)
	r.expect()
	r.write("app.log", "next\n")
	r.expect("next")
	r.restart()
	r.truncate("app.log", cut-1000)
	r.expect()
	r.write("app.log", "rest of a line\nand on\n")
	r.tick()
	if got := r.sink.take(); len(got) != 2 || got[1] != "and on" {
		t.Errorf("got %q", abbreviate(got))
	}
}

// TestHole: a writer without O_APPEND goes on where it was, and leaves a hole where the truncated content stood.
func TestHole(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1, 700, 5000, 3 * blockSize, 3*blockSize + 1} {
		r := newRig(t)
		f, err := os.Create(r.path("app.log"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := f.WriteString(strings.Repeat("x", size-1) + "\n"); err != nil {
			t.Fatal(err)
		}
		r.tick()
		r.sink.take()
		for range 3 {
			r.truncate("app.log", 0)
			r.expect()
			if _, err := f.WriteString("after the hole\nand more\n"); err != nil {
				t.Fatal(err)
			}
			r.expect("after the hole", "and more")
			if got := r.sink.takeSkips(); len(got) != 1 || !strings.HasPrefix(got[0], string(line.NulRun)+" 0-") {
				t.Errorf("size %d: skips %q", size, got)
			}
		}
		r.restart()
		r.expect()
	}
}

// TestReservedRoom: NULs at the end may be room that a writer has reserved, and fills later.
func TestReservedRoom(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	f, err := os.Create(r.path("app.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r.truncate("app.log", 2*blockSize)
	r.expect()
	want := numbered(0, 5)
	for _, l := range want {
		if _, err := f.WriteString(l[:10]); err != nil {
			t.Fatal(err)
		}
		r.expect()
		if _, err := f.WriteString(l[10:] + "\n"); err != nil {
			t.Fatal(err)
		}
		r.expect(l)
	}
}
