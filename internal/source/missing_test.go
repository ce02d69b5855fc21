package source

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"slices"
	"testing"
)

// giveUp lets so much time pass that a missing file is written off.
func (r *rig) giveUp() {
	r.t.Helper()
	for range int(goneWait/searchEvery) + 2 {
		r.pass(searchEvery)
		r.tick()
	}
}

// gzip packs a file and leaves it there.
func (r *rig) gzip(name string) []byte {
	r.t.Helper()
	data, err := os.ReadFile(r.path(name))
	must(r.t, err)
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(data)
	z.Close()
	return b.Bytes()
}

func (r *rig) put(name string, data []byte) {
	r.t.Helper()
	must(r.t, os.WriteFile(r.path(name), data, 0o644))
}

// TestLinkLeadsNowhereAtStart: as Kubernetes has it, between the renaming of a file behind a link and its making anew.
func TestLinkLeadsNowhereAtStart(t *testing.T) {
	t.Parallel()
	for _, late := range []bool{false, true} {
		t.Run(fmt.Sprintf("late %v", late), func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.mkdir("pods")
			r.write("pods/0.log", text(numbered(0, 300)))
			r.link("pods/0.log", "app.log")
			r.expect(numbered(0, 300)...)
			r.restart()
			for i := range 3 {
				r.write("pods/0.log", text(numbered(300+i*100, 400+i*100)))
				r.age("pods/0.log", i)
				r.rename("pods/0.log", fmt.Sprintf("pods/0.log.20261120-10000%d", i))
			}
			if late { // even what was hidden for so long that it was written off is read when it turns up
				r.rename("pods", "elsewhere")
				r.mkdir("pods")
				r.tick()
				r.giveUp()
				r.remove("pods")
				r.rename("elsewhere", "pods")
				r.restart()
			}
			r.tick()
			r.write("pods/0.log", text(numbered(600, 700)))
			r.expectSorted(numbered(300, 700)...)
			r.giveUp()
			if st := r.stats(); st.LostBytes != 0 {
				t.Errorf("lost %d", st.LostBytes)
			}
		})
	}
}

// TestWrittenOffComesBack: what was written off is read on when its file turns up.
func TestWrittenOffComesBack(t *testing.T) {
	t.Parallel()
	for _, packed := range []bool{false, true} {
		t.Run(fmt.Sprintf("packed %v", packed), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, Options{Name: "s", Paths: []string{"app.log"}})
			r.write("app.log", text(numbered(0, 100)))
			r.expect(numbered(0, 100)...)
			r.write("app.log", text(numbered(100, 200)))
			r.m.tick() // its size is seen, and nothing of it read
			for g := range r.m.open {
				g.rec.size = g.size
				r.m.touch(g.rec)
			}
			r.restart()
			r.mkdir("away")
			r.rename("app.log", "away/app.log")
			r.write("app.log", "new\n")
			r.expect("new")
			r.giveUp()
			if st := r.stats(); st.LostBytes == 0 {
				t.Error("it was not written off")
			}
			r.restart()
			r.rename("away/app.log", "app.log.1")
			if packed {
				r.pack("app.log.1", ".gz")
			}
			r.expect(numbered(100, 200)...)
			r.restart()
			r.expect()
		})
	}
}

// TestPackedWhileRead: a rotated file is packed and deleted while the rest of it is still to be read, through the
// descriptor; then the process is killed. The copy must not have been taken as read.
func TestPackedWhileRead(t *testing.T) {
	t.Parallel()
	for _, read := range []int{0, 100} {
		t.Run(fmt.Sprint(read), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, Options{Name: "s", Paths: []string{"app.log"}})
			if read > 0 {
				r.write("app.log", text(numbered(0, read)))
				r.expect(numbered(0, read)...)
			} else {
				r.write("app.log", "")
				r.expect()
			}
			r.commit()
			w := r.open("app.log")
			w.write(text(numbered(read, read+200)))
			r.m.tick()
			r.rename("app.log", "app.log.1")
			w.close()
			r.write("app.log", "")
			r.m.tick()
			r.pack("app.log.1", ".gz")
			for range 10 {
				r.m.tick()
				r.packed.step(t.Context())
				r.m.settle()
			}
			r.commit()
			r.crash()
			r.start()
			r.expect(numbered(read, read+200)...)
			r.giveUp()
			if st := r.stats(); st.LostBytes != 0 {
				t.Errorf("lost %d", st.LostBytes)
			}
			r.restart()
			r.expect()
		})
	}
}

// TestNotCompleteAtStart: what is being packed when the process starts is not lost.
func TestNotCompleteAtStart(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Name: "s", Paths: []string{"app.log"}})
	r.write("app.log", text(numbered(0, 100)))
	r.expect(numbered(0, 100)...)
	r.restart()
	r.write("app.log", text(numbered(100, 200)))
	r.m.tick()
	for g := range r.m.open {
		g.rec.size = g.size
		r.m.touch(g.rec)
	}
	r.restart()
	z := r.gzip("app.log")
	r.remove("app.log")
	r.put("app.log.1.gz", z[:len(z)/2])
	r.write("app.log", "new\n")
	r.expect("new")
	r.giveUp()
	r.put("app.log.1.gz", z)
	r.expect(numbered(100, 200)...)
	r.giveUp()
	if st := r.stats(); st.LostBytes != 0 {
		t.Errorf("lost %d", st.LostBytes)
	}
}

// TestCopyOfHoleInProgress: as long as nothing but a hole has been copied, a copy proves nothing, and is not read.
func TestCopyOfHoleInProgress(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Name: "s", Paths: []string{"app.log"}})
	r.write("app.log", "first\n")
	r.expect("first")
	lines := numbered(0, 3000)
	r.put("app.log", append(make([]byte, 100_000), text(lines)...))
	r.tick()
	r.tick()
	if got := r.sink.take(); !slices.Equal(got, lines) {
		t.Fatalf("got %d lines", len(got))
	}
	r.put("app.log.1", make([]byte, 50_000))
	r.expect()
	r.write("app.log", "more\n")
	r.expect("more")
	r.copy("app.log", "app.log.1")
	r.truncate("app.log", 0)
	r.expect()
	r.restart()
	r.expect()
	if st := r.stats(); st.LostBytes != 0 {
		t.Errorf("lost %d", st.LostBytes)
	}
}

// TestLinkLedOn: a link was led from one dated file to the next and the next while nobody looked.
func TestLinkLedOn(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Name: "s", Paths: []string{"app.log"}})
	r.mkdir("targets")
	r.write("targets/app-20261117.log", "history\n")
	r.pause()
	r.write("targets/app-20261118.log", text(numbered(0, 100)))
	r.write("targets/other-20261119.log", "another log\n")
	r.link("targets/app-20261118.log", "app.log")
	r.expect(numbered(0, 100)...)
	r.restart()
	r.write("targets/app-20261118.log", text(numbered(100, 150)))
	for i := range 3 {
		r.pause()
		r.write(fmt.Sprintf("targets/app-202611%d.log", 19+i), text(numbered(200+i*100, 300+i*100)))
	}
	r.relink("targets/app-20261121.log", "app.log")
	r.pause()
	r.write("targets/app-20261122.log", "not yet\n")
	r.expectSorted(append(numbered(100, 150), numbered(200, 500)...)...)
	r.restart()
	r.expect()
	r.pause()
	r.relink("targets/app-20261122.log", "app.log")
	r.expect("not yet")
}

// pause lets the kernel's clock tick, so that files have different times of birth.
func (r *rig) pause() {
	r.t.Helper()
	begin := birthAt(r.probe())
	for birthAt(r.probe()) == begin && begin != 0 {
	}
}

func (r *rig) probe() string {
	r.t.Helper()
	path := r.path("probe")
	os.Remove(path) // it is there from the second time on
	must(r.t, os.WriteFile(path, nil, 0o644))
	return path
}

// TestPermissionsLostWhileDown: a log and its rotated part must not be read for a while; nothing is written off, and
// both are read on when they may be.
func TestPermissionsLostWhileDown(t *testing.T) {
	t.Parallel()
	unprivileged(t)
	r := newRig(t, Options{Name: "s", Paths: []string{"app.log"}})
	must(t, os.Chmod(r.dir, 0o777))
	r.write("app.log", text(numbered(0, 100)))
	r.expect(numbered(0, 100)...)
	r.restart()
	r.write("app.log", text(numbered(100, 200)))
	r.rename("app.log", "app.log.1")
	r.write("app.log", text(numbered(200, 300)))
	must(t, os.Chmod(r.path("app.log"), 0))
	must(t, os.Chmod(r.path("app.log.1"), 0))
	r.expect()
	r.giveUp()
	must(t, os.Chmod(r.path("app.log.1"), 0o644))
	r.pass(searchEvery)
	r.expect(numbered(100, 200)...)
	must(t, os.Chmod(r.path("app.log"), 0o644))
	r.expect(numbered(200, 300)...)
	if st := r.stats(); st.LostBytes != 0 || st.Errors[ReasonPermission] != 2 {
		t.Errorf("stats %+v", st)
	}
}

// TestOlddir: logrotate's olddir, while nobody looks, with a glob that leads there too and without.
func TestOlddir(t *testing.T) {
	t.Parallel()
	for _, globs := range [][]string{{"app.log"}, {"*.log", "old/*"}, {"**/app*"}} {
		for _, packed := range []bool{false, true} {
			t.Run(fmt.Sprint(globs, packed), func(t *testing.T) {
				t.Parallel()
				playOlddir(t, globs, packed)
			})
		}
	}
}

func playOlddir(t *testing.T, globs []string, packed bool) {
	r := newRig(t, Options{Name: "s", Paths: globs})
	r.mkdir("old")
	rotate := func() {
		for i := 9; i > 0; i-- {
			for _, ending := range []string{"", ".gz"} {
				if name := fmt.Sprintf("old/app.log.%d%s", i, ending); exists(r.path(name)) {
					r.rename(name, fmt.Sprintf("old/app.log.%d%s", i+1, ending))
				}
			}
		}
		r.rename("app.log", "old/app.log.1")
		if packed {
			r.pack("old/app.log.1", ".gz")
		}
	}
	n := 0
	write := func(k int) []string {
		lines := numbered(n, n+k)
		r.write("app.log", text(lines))
		n += k
		return lines
	}
	r.expect(write(100)...)
	rotate()
	r.expectSorted(write(100)...) // while it is followed
	r.restart()
	r.expect()
	r.restart()
	want := write(50)
	for range 3 {
		r.pause()
		rotate()
		want = append(want, write(100)...)
	}
	r.expectSorted(want...)
	r.giveUp()
	r.restart()
	r.expect()
	rotate()
	r.expect(write(10)...)
	r.restart()
	r.expect()
	if st := r.stats(); st.LostBytes != 0 {
		t.Errorf("stats %+v", st)
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
