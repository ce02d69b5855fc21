package source

import (
	"os"
	"testing"
	"time"

	"github.com/errwatch/errwatch/internal/line"
	"github.com/errwatch/errwatch/internal/store"
)

// TestRotateWait: where the system does not say whether a writer has let go, a rotated file is kept for a while after
// it last grew, and is taken up again when it grows after that.
func TestRotateWait(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Name: "s", Paths: []string{"app.log"}, RotateWait: time.Minute})
	r.m.lease = func(*os.File) leaseState { return leaseUnknown }
	w := r.open("app.log")
	w.write("a\n")
	r.expect("a")
	r.rename("app.log", "app.log.1")
	r.write("app.log", "new\n")
	r.expect("new")
	for range 3 {
		r.pass(40 * time.Second)
		w.write("late\n")
		r.expect("late")
	}
	w.write("torn")
	r.pass(40 * time.Second)
	r.expect()
	r.pass(70 * time.Second)
	r.expect("torn")
	if st := r.stats(); st.Files != 1 {
		t.Errorf("stats %+v", st)
	}
	w.write(" off\nvery late\n")
	r.pass(regrowEvery)
	r.expect(" off", "very late")
	// Rotated on, and it grows once more.
	r.pass(70 * time.Second)
	r.expect()
	r.rename("app.log.1", "app.log.2")
	r.pass(regrowEvery)
	r.expect()
	w.write("even later\n")
	r.pass(regrowEvery)
	r.expect("even later")
}

// TestLease: the lease is taken and given back: a writer's open does not wait.
func TestLease(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.write("app.log", "a\n")
	f, _, err := openPinned(r.path("app.log"))
	must(t, err)
	defer f.Close()
	if got := askLease(f); got == leaseUnknown {
		return // no leases on this file system: TestRotateWait is what happens here
	} else if got != leaseFree {
		t.Errorf("without a writer: %v", got)
	}
	w := r.open("app.log")
	if got := askLease(f); got != leaseHeld {
		t.Errorf("with a writer: %v", got)
	}
	w.close()
	if got := askLease(f); got != leaseFree {
		t.Errorf("after the writer: %v", got)
	}
}

// TestForget: records of files that are gone are dropped after a week, and those of files that are there are not.
func TestForget(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Name: "s", Paths: []string{"app.log"}})
	for _, n := range []string{"3", "2", "1"} {
		r.write("app.log", "part "+n+"\n")
		r.tick()
		r.rename("app.log", "app.log."+n)
		r.pass(time.Second)
		r.tick()
	}
	r.write("app.log", "live\n")
	r.tick()
	r.commit()
	if len(r.saved) != 4 {
		t.Fatalf("%d rows", len(r.saved))
	}
	r.remove("app.log.3")
	r.later(forgetAfter + time.Hour)
	r.pass(forgetEvery)
	r.tick()
	r.pass(forgetEvery)
	r.tick()
	r.commit()
	if len(r.saved) != 3 {
		t.Errorf("%d rows, want 3", len(r.saved))
	}
	r.restart()
	r.sink.take()
	r.expect()
}

// later lets the clock that stamps files run ahead.
func (r *rig) later(d time.Duration) {
	r.m.wall = func() time.Time { return time.Now().Add(d) }
}

// TestStore commits to a real state file, takes a commit back, and goes on from it.
func TestStore(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := newRig(t)
	open := func() *store.DB {
		db, err := store.Open(t.Context(), store.Options{Dir: dir})
		must(t, err)
		return db
	}
	restore := func(db *store.DB) {
		r.crash()
		m, err := New(r.opts, r.sink, Deps{NoTail: true})
		must(t, err)
		must(t, db.Read(t.Context(), m.Restore))
		r.m, r.w, r.packed = m, &worker{m: m}, &worker{m: m, packed: true}
	}
	commit := func(db *store.DB, ok bool) {
		t.Helper()
		p := r.m.Pending()
		if p.Write == nil {
			t.Fatal("nothing is pending")
		}
		if ok {
			must(t, db.Commit(t.Context(), []store.Pending{p}))
		}
		p.Done(ok)
	}
	db := open()
	lines := numbered(0, 5000)
	r.write("app.log", text(lines))
	r.expect(lines...)
	commit(db, false)
	commit(db, true)
	if p := r.m.Pending(); p.Write != nil {
		t.Error("something is pending after a commit")
	}
	r.write("app.log", "again\n")
	r.expect("again")
	must(t, db.Close())
	db = open()
	restore(db)
	r.expect("again")
	r.rename("app.log", "app.log.1")
	r.write("app.log", "new\n")
	r.expect("new")
	commit(db, true)
	must(t, db.Close())
	db = open()
	defer db.Close()
	restore(db)
	r.expect()
	if st := r.stats(); !st.CaughtUp || st.Files != 1 {
		t.Errorf("stats %+v", st)
	}
}

// TestFiles says what is open.
func TestFiles(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Name: "s", Paths: []string{"*.log"}})
	w := r.open("b.log")
	w.write("bb\n")
	r.write("a.log", "a\npart")
	r.tick()
	r.rename("b.log", "b.log.1")
	r.write("b.log", "")
	r.tick()
	type row struct {
		path         string
		offset, size int64
		state        string
	}
	want := []row{{"a.log", 2, 6, StateLive}, {"b.log", 3, 3, StateRetiring}, {"b.log", 0, 0, StateLive}}
	files := r.m.Files()
	if len(files) != len(want) {
		t.Fatalf("files %+v", files)
	}
	ids := map[line.FileID]bool{}
	for i, f := range files {
		got := row{f.Path[len(r.dir)+1:], f.Offset, f.Size, f.State}
		if got != want[i] || f.Source != "s" || ids[f.File] {
			t.Errorf("got %+v, want %+v", f, want[i])
		}
		ids[f.File] = true
	}
}
