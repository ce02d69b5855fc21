package source

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/errwatch/errwatch/internal/line"
)

// pack compresses a file and removes the original, as logrotate does.
func (r *rig) pack(name, ending string) {
	r.t.Helper()
	data, err := os.ReadFile(r.path(name))
	if err != nil {
		r.t.Fatal(err)
	}
	var b bytes.Buffer
	switch ending {
	case ".gz":
		z := gzip.NewWriter(&b)
		z.Write(data)
		z.Close()
	case ".zst":
		z, err := zstd.NewWriter(&b)
		if err != nil {
			r.t.Fatal(err)
		}
		z.Write(data)
		z.Close()
	}
	if err := os.WriteFile(r.path(name+ending), b.Bytes(), 0o644); err != nil {
		r.t.Fatal(err)
	}
	r.remove(name)
}

func TestRestartGoesOn(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	old := numbered(0, 100)
	r.write("app.log", text(old))
	r.expect(old...)
	r.restart()
	r.expect()
	r.write("app.log", "more\npart")
	r.expect("more")
	r.restart()
	r.write("app.log", "ial\n")
	r.expect("partial")
	if st := r.stats(); !st.CaughtUp || st.Truncations != 0 || st.Rotations != 0 {
		t.Errorf("stats %+v", st)
	}
}

// TestCrashTakesBack: what was read after the last commit is read again, and nothing else.
func TestCrashTakesBack(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.write("app.log", "a\n")
	r.expect("a")
	r.commit()
	r.write("app.log", "b\n")
	r.expect("b")
	r.crash()
	r.start()
	r.write("app.log", "c\n")
	r.expect("b", "c")
}

// TestRotatedWhileDown plays rotations that nobody saw, in every form in which the files may be found.
func TestRotatedWhileDown(t *testing.T) {
	t.Parallel()
	for _, read := range []int{0, 1, 50, 3000} {
		for _, ending := range []string{"", ".gz", ".zst"} {
			for name, rotated := range map[string]func(int) string{
				"number": func(n int) string { return fmt.Sprintf("app.log.%d", n) },
				"date":   func(n int) string { return fmt.Sprintf("app.log-202611%02d", 28-n) },
				"infix":  func(n int) string { return fmt.Sprintf("app-2026-11-%02dT10-15-23.log", 28-n) },
			} {
				t.Run(fmt.Sprintf("%d read, %s%s", read, name, ending), func(t *testing.T) {
					t.Parallel()
					playRotatedWhileDown(t, read, ending, rotated)
				})
			}
		}
	}
}

func playRotatedWhileDown(t *testing.T, read int, ending string, rotated func(int) string) {
	r := newRig(t, Options{Name: "s", Paths: []string{"app.log"}})
	old := numbered(0, read)
	if read == 0 {
		r.write("app.log", "")
	}
	r.write("app.log", text(old))
	r.expect(old...)
	r.restart()

	var want []string
	for i := range 3 {
		lines := numbered(10_000*(i+1), 10_000*(i+1)+200)
		want = append(want, lines...)
		r.write("app.log", text(lines))
		if i < 2 {
			r.age("app.log", i)
			r.rename("app.log", rotated(2-i))
		}
	}
	if ending != "" {
		// Only the older one: logrotate's delaycompress leaves the last.
		r.pack(rotated(2), ending)
		r.age(rotated(2)+ending, 0)
	}
	r.tick()
	if got := r.sink.take(); !slices.Equal(got, want) {
		t.Fatalf("got %d lines %q\nwant %d", len(got), abbreviate(got), len(want))
	}
	r.restart()
	r.expect()
	r.write("app.log", "on\n")
	r.expect("on")
	if st := r.stats(); st.LostBytes != 0 {
		t.Errorf("stats %+v", st)
	}
}

// age gives a file a time a few minutes ago, later ones for larger n: the order of rotation.
func (r *rig) age(name string, n int) {
	r.t.Helper()
	at := time.Now().Add(time.Duration(n-10) * time.Minute)
	if err := os.Chtimes(r.path(name), at, at); err != nil {
		r.t.Fatal(err)
	}
}

// TestPackedLater: a rotated file that was read is packed, while we run and while we do not.
func TestPackedLater(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Name: "s", Paths: []string{"app.log*"}})
	for i := range 4 {
		lines := numbered(i*100, i*100+100)
		r.write("app.log", text(lines))
		r.expect(lines...)
		r.rename("app.log", "app.log.1")
		r.write("app.log", fmt.Sprintf("new %d\n", i))
		r.expect(fmt.Sprintf("new %d", i))
		r.pass(time.Second)
		r.expect()
		if i%2 == 0 {
			r.restart()
		}
		r.pack("app.log.1", ".gz")
		r.rename("app.log.1.gz", fmt.Sprintf("app.log.%d.gz", 10-i))
		r.expect()
	}
}

// TestPackedRest: the unterminated last line of a packed original counts.
func TestPackedRest(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	lines := numbered(0, 40)
	r.write("app.log", text(lines))
	r.expect(lines...)
	r.restart()
	r.write("app.log", "unread\nwithout end")
	r.rename("app.log", "app.log.1")
	r.pack("app.log.1", ".gz")
	r.write("app.log", "new\n")
	r.expectSorted("new", "unread", "without end")
}

func TestPackedAndDamaged(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	lines := numbered(0, 400)
	r.write("app.log", text(lines))
	r.expect(lines...)
	r.restart()
	r.write("app.log", "unread\n")
	r.rename("app.log", "app.log.1")
	r.pack("app.log.1", ".gz")
	whole, err := os.ReadFile(r.path("app.log.1.gz"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(r.path("app.log.1.gz"), whole[:len(whole)-10], 0o644); err != nil {
		t.Fatal(err)
	}
	r.write("app.log", "new\n")
	r.expect("new")
	if st := r.stats(); st.Errors[ReasonCorrupt] != 1 || !st.CaughtUp {
		t.Errorf("stats %+v", st)
	}
	// It was still being written.
	if err := os.WriteFile(r.path("app.log.1.gz"), whole, 0o644); err != nil {
		t.Fatal(err)
	}
	r.expect("unread")
}

func TestFirstStartLeavesHistoryAlone(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Name: "s", Paths: []string{"app.log"}})
	r.write("app.log.2", text(numbered(0, 10)))
	r.pack("app.log.2", ".gz")
	r.write("app.log.1", text(numbered(10, 20)))
	r.age("app.log.2.gz", 0)
	r.age("app.log.1", 1)
	r.write("app.log", text(numbered(20, 30)))
	r.expect(numbered(20, 30)...)
	r.restart()
	r.rename("app.log.2.gz", "app.log.3.gz")
	r.rename("app.log.1", "app.log.2")
	r.rename("app.log", "app.log.1")
	r.write("app.log", "new\n")
	r.expect("new")
	r.pack("app.log.2", ".gz")
	r.restart()
	r.expect()
}

func TestGoneWhileDown(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.write("app.log", "read\n")
	r.expect("read")
	r.write("app.log", "seen\n")
	r.m.tick()
	r.restart()
	r.remove("app.log")
	r.expect()
	if st := r.stats(); !st.CaughtUp {
		t.Errorf("stats %+v", st)
	}
	r.write("app.log", "new\n")
	r.expect("new")
}

// TestLostWhileDown: what was seen of a file that is gone is counted as lost.
func TestLostWhileDown(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Name: "s", Paths: []string{"app.log"}})
	r.write("app.log", "read\n")
	r.expect("read")
	r.write("app.log", "more\nseen only\n")
	r.sink.taking = func(b *line.Batch) { r.write("app.log", strings.Repeat("unread\n", 100)) }
	r.tick()
	r.sink.taking = nil
	r.sink.take()
	r.m.tick() // it sees the size, and no worker runs
	r.m.mu.Lock()
	for g := range r.m.open {
		g.rec.size = g.size
		r.m.touch(g.rec)
	}
	r.m.mu.Unlock()
	r.restart()
	r.remove("app.log")
	r.expect()
	if st := r.stats(); st.LostBytes != 0 {
		t.Errorf("written off at once: %d", st.LostBytes)
	}
	r.giveUp()
	if st := r.stats(); st.LostBytes != 700 {
		t.Errorf("lost %d", st.LostBytes)
	}
}

// TestResume: reading starts again where the records that wait to be joined begin, and says what was counted.
func TestResume(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.sink.hold = func(b *line.Batch) int64 { return max(0, b.End-6) }
	r.write("app.log", "one\ntwo\nthree\n")
	r.expect("one", "two", "three")
	r.restart()
	r.sink.batches = nil
	r.write("app.log", "four\n")
	r.expect("four")
	first := r.sink.batches[0]
	if first.Offset != 8 || first.Counted != 14 || string(first.Data) != "three\nfour\n" {
		t.Errorf("first batch %+v %q", first, first.Data)
	}
	// Rotated meanwhile: the same in the copy.
	r.restart()
	r.sink.batches = nil
	r.rename("app.log", "app.log.1")
	r.write("app.log", "five\n")
	r.expectSorted("five")
}

func TestMovedToAnotherInode(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	lines := numbered(0, 100)
	r.write("app.log", text(lines))
	r.expect(lines...)
	r.restart()
	r.copy("app.log", "moved")
	r.remove("app.log")
	r.rename("moved", "app.log") // as a restored backup, or a container that was made anew
	r.write("app.log", "more\n")
	r.expect("more")
}

// TestNewLogThatBeginsAlike: a new file whose first line is that of the old one is a new file.
func TestNewLogThatBeginsAlike(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.write("app.log", "server started\n")
	r.expect("server started")
	r.restart()
	r.rename("app.log", "app.log.1")
	r.write("app.log", "server started\nand on\n")
	r.expect("server started", "and on")
}
