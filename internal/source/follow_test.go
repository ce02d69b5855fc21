package source

import (
	"slices"
	"testing"
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
	r.tick()
	got := r.sink.take()
	slices.Sort(got)
	if !slices.Equal(got, []string{"b", "c", "new"}) {
		t.Fatalf("got %q", got)
	}
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

func TestRestartGoesOn(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	old := numbered(0, 100)
	r.write("app.log", text(old))
	r.expect(old...)
	r.restart()
	r.expect()
	r.write("app.log", "more\n")
	r.expect("more")
	r.restart()
	r.write("app.log", "while down\n")
	r.rename("app.log", "app.log.1")
	r.write("app.log", "after rotation\n")
	r.expect("while down", "after rotation")
}

func TestCopytruncate(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	old := numbered(0, 200)
	r.write("app.log", text(old))
	r.expect(old...)
	r.write("app.log", "unread\n")
	r.copy("app.log", "app.log.1")
	r.truncate("app.log", 0)
	r.write("app.log", "new\n")
	r.tick()
	got := r.sink.take()
	slices.Sort(got)
	if !slices.Equal(got, []string{"new", "unread"}) {
		t.Fatalf("got %q", got)
	}
	if st := r.stats(); st.Truncations != 1 || st.LostBytes != 0 {
		t.Errorf("stats %+v", st)
	}
}
