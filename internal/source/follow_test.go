package source

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/errwatch/errwatch/internal/line"
)

func TestFollowsAFile(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.write("app.log", "a\nb\n")
	r.expect("a", "b")
	r.write("app.log", "c\nhal")
	r.expect("c")
	r.expect()
	r.write("app.log", "f\nd\n")
	r.expect("half", "d")
	if st := r.stats(); !st.CaughtUp || st.Files != 1 || st.LagBytes != 0 || st.LastLine.IsZero() {
		t.Errorf("stats %+v", st)
	}
}

func TestStartAtEnd(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Name: "s", Paths: []string{"*.log"}, Start: StartEnd})
	r.write("app.log", text(numbered(0, 50)))
	r.expect()
	r.write("app.log", "new\n")
	r.write("later.log", "all of it\n")
	r.expectSorted("all of it", "new")
	r.restart()
	r.write("app.log", "newer\n")
	r.write("while-down.log", "too\n")
	r.expectSorted("newer", "too")
}

func TestStartAtEndCountsAPathThatWasNotThere(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Name: "s", Paths: []string{"app.log"}, Start: StartEnd})
	r.expect()
	r.restart()
	r.expect()
	r.write("app.log", "first\n")
	r.expect("first")
}

// TestPartialLine writes a line cut at each of its bytes, and looks between the two halves.
func TestPartialLine(t *testing.T) {
	t.Parallel()
	const l = "2026-11-20 ERROR code=3014 \xff\xc3(\r\n"
	r := newRig(t)
	r.write("app.log", "first\n")
	r.expect("first")
	for i := 1; i < len(l); i++ {
		r.write("app.log", l[:i])
		r.expect()
		r.write("app.log", l[i:])
		r.expect(strings.TrimSuffix(l, "\n"))
	}
}

func TestRenameWithLateWrites(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	w := r.open("app.log")
	w.write("a\n")
	r.expect("a")
	w.write("b\n")
	r.rename("app.log", "app.log.1")
	w.write("c\n")
	r.write("app.log", "new\n")
	r.expectSorted("b", "c", "new")
	for range 5 {
		w.write("late\n")
		r.pass(DefaultTick)
		r.expect("late")
	}
	w.write("rest without end")
	r.pass(DefaultTick)
	r.expect()
	w.close()
	r.pass(DefaultTick)
	r.expect("rest without end")
	if len(r.done) != 1 || r.stats().Files != 1 || r.stats().Rotations != 1 {
		t.Errorf("closed %v, stats %+v", r.done, r.stats())
	}
}

func TestRenameThenLateCreate(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Name: "s", Paths: []string{"app.log"}})
	w := r.open("app.log")
	w.write("a\n")
	r.expect("a")
	r.rename("app.log", "app.log.1")
	r.expect()
	w.write("b\n")
	r.expect("b")
	w.close()
	r.pass(time.Second)
	r.expect()
	r.write("app.log", "c\n")
	r.expect("c")
	if st := r.stats(); st.Files != 1 || st.Rotations != 1 || st.LostBytes != 0 {
		t.Errorf("stats %+v", st)
	}
}

func TestSeveralRotationsWithinOneTick(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Name: "s", Paths: []string{"app.log"}})
	r.write("app.log", "0\n")
	r.expect("0")
	r.write("app.log", "1\n")
	for i := range 3 {
		for n := i; n > 0; n-- {
			r.rename(fmt.Sprintf("app.log.%d", n), fmt.Sprintf("app.log.%d", n+1))
		}
		r.rename("app.log", "app.log.1")
		r.write("app.log", fmt.Sprintf("generation %d, %s\n", i, strings.Repeat("x", 2000)))
	}
	r.tick()
	got := r.sink.take()
	if len(got) != 4 || got[0] != "1" {
		t.Fatalf("got %q", abbreviate(got))
	}
}

func TestRenamedBack(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Name: "s", Paths: []string{"app.log"}})
	w := r.open("app.log")
	w.write("a\n")
	r.expect("a")
	r.rename("app.log", "aside")
	r.expect()
	w.write("b\n")
	r.rename("aside", "app.log")
	r.expect("b")
	w.close()
	r.pass(time.Second)
	r.write("app.log", "c\n")
	r.expect("c")
	if len(r.done) != 0 {
		t.Error("its generation was closed")
	}
}

func TestDeleted(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	w := r.open("app.log")
	w.write("a\n")
	r.expect("a")
	w.write("unread\n")
	r.remove("app.log")
	w.write("after\nand a rest")
	r.expect("unread", "after")
	w.close()
	r.pass(time.Second)
	r.expect("and a rest")
	if st := r.stats(); st.Files != 0 || st.LostBytes != 0 {
		t.Errorf("stats %+v", st)
	}
}

func TestDeletedAndMadeAnew(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for i := range 5 {
		w := r.open("app.log")
		w.write(fmt.Sprintf("generation %d\nrest %d", i, i))
		want := []string{fmt.Sprintf("generation %d", i)}
		r.expectSorted(want...)
		r.remove("app.log")
		w.close()
		r.write("app.log", fmt.Sprintf("next %d\n", i))
		r.expectSorted(fmt.Sprintf("next %d", i), fmt.Sprintf("rest %d", i))
		r.remove("app.log")
		r.expect()
	}
}

func TestReplaced(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for i := range 4 {
		r.write("app.tmp", fmt.Sprintf("content %d %s\n", i, strings.Repeat("x", 100*i)))
		r.rename("app.tmp", "app.log")
		r.tick()
		if got := r.sink.take(); len(got) != 1 || !strings.HasPrefix(got[0], fmt.Sprintf("content %d", i)) {
			t.Fatalf("got %q", got)
		}
	}
}

// TestReplacedByAnEditor puts a file with the same content and more in the place of the one that was read.
func TestReplacedByAnEditor(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	old := numbered(0, 100)
	r.write("app.log", text(old))
	r.expect(old...)
	r.copy("app.log", "app.new")
	r.write("app.log", "in both\n")
	r.write("app.new", "in both\nonly in the new one\n")
	r.rename("app.new", "app.log")
	r.tick()
	r.pass(time.Second)
	r.tick()
	got := r.sink.take()
	if !slices.Equal(got, []string{"in both", "only in the new one"}) {
		t.Fatalf("got %q", abbreviate(got))
	}
}

func TestSymlinkSwapped(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Name: "s", Paths: []string{"current"}})
	a, b := r.open("one"), r.open("two")
	r.link("one", "current")
	a.write("a\n")
	r.expect("a")
	a.write("late in one\n")
	b.write("b\n")
	r.relink("two", "current")
	r.expectSorted("b", "late in one")
	a.write("later in one\n")
	r.expect("later in one")
	r.restart()
	// While nobody looks: more in both, and back to the first.
	a.write("while down 1\n")
	b.write("while down 2\n")
	r.relink("one", "current")
	r.expectSorted("while down 1", "while down 2")
}

// TestRenamedBehindALink is what container runtimes do: the link stays, its target is renamed and made anew.
func TestRenamedBehindALink(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Name: "s", Paths: []string{"containers/*.log"}})
	r.mkdir("containers")
	r.mkdir("pods")
	w := r.open("pods/0.log")
	r.link("pods/0.log", "containers/x.log")
	w.write("a\n")
	r.expect("a")
	r.rename("pods/0.log", "pods/0.log.20261120-101523")
	w.write("b\n")
	r.expect("b")
	r.write("pods/0.log", "c\n")
	r.expect("c")
	w.write("late\n")
	w.close()
	r.restart()
	r.expect("late")
	if st := r.stats(); st.Errors[ReasonBrokenLink] > 1 {
		t.Errorf("stats %+v", st)
	}
}

func TestOneFileUnderManyNames(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Name: "s", Paths: []string{"*.log", "app*", "link", "sub/**/*"}}, Options{Name: "other", Paths: []string{"*.log"}})
	r.mkdir("sub")
	r.write("app.log", "once\n")
	r.link("app.log", "link")
	r.link("app.log", "sub/deep.log")
	if err := os.Link(r.path("app.log"), r.path("app.hard")); err != nil {
		t.Fatal(err)
	}
	r.expect("once")
	r.write("app.log", "and once\n")
	r.expect("and once")
	if st := r.stats(); st.Files != 1 {
		t.Errorf("stats %+v", st)
	}
	if st := r.m.Stats()[1]; st.Files != 0 || st.Errors[ReasonDuplicate] != 1 {
		t.Errorf("stats of the other source %+v", st)
	}
}

// TestGlobThatMatchesRotatedFiles follows app.log and all that it becomes.
func TestGlobThatMatchesRotatedFiles(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Name: "s", Paths: []string{"app.log*"}})
	want := 0
	for i := range 8 {
		w := r.open("app.log")
		lines := numbered(i*20, i*20+20)
		w.write(text(lines))
		want += len(lines)
		r.tick()
		w.write("late " + fmt.Sprint(i) + "\n")
		want++
		for n := i; n > 0; n-- {
			r.rename(fmt.Sprintf("app.log.%d", n), fmt.Sprintf("app.log.%d", n+1))
		}
		r.rename("app.log", "app.log.1")
		w.close()
		r.pass(time.Second)
		r.tick()
		r.pass(time.Second)
		r.tick()
		if i == 4 {
			r.restart()
		}
	}
	got := r.sink.take()
	if len(got) != want {
		t.Fatalf("%d lines, want %d", len(got), want)
	}
}

func TestFilesThatAppearLater(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Name: "s", Paths: []string{"logs", "deep/**/x.log"}})
	r.expect()
	r.mkdir("logs")
	r.write("logs/a.log", "a\n")
	r.write("logs/a.txt", "no\n")
	r.tick() // the folder is seen
	r.expect("a")
	r.mkdir("deep/1/2")
	r.write("deep/1/2/x.log", "deep\n")
	r.expect("deep")
	r.write("logs/b.log", "b\n")
	r.expect("b")
}

func TestBatchFields(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	w := r.open("app.log")
	w.write("one\ntwo\nthr")
	r.tick()
	w.write("ee\n")
	r.tick()
	r.rename("app.log", "app.log.1")
	w.write("rest")
	w.close()
	r.pass(time.Second)
	r.tick()
	type fields struct {
		data        string
		offset, end int64
		last        bool
	}
	want := []fields{{"one\ntwo\n", 0, 8, false}, {"three\n", 8, 14, false}, {"rest", 14, 18, true}}
	var got []fields
	for _, b := range r.sink.batches {
		got = append(got, fields{string(b.Data), b.Offset, b.End, b.Last})
		if b.Source != "s" || b.Path != r.path("app.log") || b.File != r.sink.batches[0].File || b.Read.IsZero() || b.Skipped != "" {
			t.Errorf("batch %+v", b)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

// TestPause says that a record which waits for its other lines is asked for once when nothing comes.
func TestPause(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	waits := true
	r.sink.hold = func(b *line.Batch) int64 {
		if waits && !b.Pause {
			return b.Offset
		}
		return b.End
	}
	r.write("app.log", "one\n")
	r.expect("one")
	r.expect()
	if n := r.pauses(); n != 0 {
		t.Fatalf("%d pauses at once", n)
	}
	for range 3 {
		r.pass(pauseAfter)
		r.expect()
	}
	if n := r.pauses(); n != 1 {
		t.Fatalf("%d pauses, want 1", n)
	}
	waits = false
	r.write("app.log", "two\n")
	r.expect("two")
	r.pass(pauseAfter)
	r.expect()
	if n := r.pauses(); n != 1 {
		t.Fatalf("%d pauses, want 1: nothing waits", n)
	}
}
