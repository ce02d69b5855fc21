package source

import (
	"slices"
	"testing"
)

// ledOn is a link that led to one file until nobody looked, and leads to the next one when somebody does again. down is
// what happens to the first file before the link is led on.
func ledOn(t *testing.T, down func(r *rig)) *rig {
	t.Helper()
	r := newRig(t, Options{Name: "s", Paths: []string{"app.log"}})
	r.mkdir("data")
	r.write("data/a.log", text(numbered(0, 50)))
	r.link("data/a.log", "app.log")
	r.expect(numbered(0, 50)...)
	r.restart()
	down(r)
	r.write("data/b.log", text(numbered(900, 920)))
	r.relink("data/b.log", "app.log")
	return r
}

// TestTruncatedBeforeLinkLedOn: the file that a link led to was truncated and written anew while nobody looked, and then
// the link was led on. What stands in it was never read, though its name is not one of those that the link has now.
func TestTruncatedBeforeLinkLedOn(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int{"smaller": 10, "same": 50, "larger": 200} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := ledOn(t, func(r *rig) {
				r.truncate("data/a.log", 0)
				r.write("data/a.log", text(numbered(100, 100+size)))
			})
			w := r.open("data/a.log") // its writer has not reopened yet
			r.expectSorted(append(numbered(100, 100+size), numbered(900, 920)...)...)

			// The position in it is its own, through a kill and a further truncation.
			r.commit()
			w.write(text(numbered(400, 420)))
			r.tick()
			r.sink.take()
			r.crash()
			r.start()
			r.expect(numbered(400, 420)...)
			r.restart()
			r.truncate("data/a.log", 0)
			w.write(text(numbered(500, 530)))
			r.expect(numbered(500, 530)...)
			r.truncate("data/a.log", 0)
			w.write(text(numbered(600, 610)))
			r.tick()
			if got := r.sink.take(); !slices.Equal(got, numbered(600, 610)) {
				t.Fatalf("got %q", got)
			}
			r.commit()
			r.crash()
			w.write(text(numbered(610, 620)) + "its last line")
			w.close()
			r.start()
			r.expect(append(numbered(610, 620), "its last line")...)
			r.restart()
			r.expect()
		})
	}
}

// TestOldTargetGrowsAgain: a file that a link no longer leads to was read to its end, and is written on after all.
func TestOldTargetGrowsAgain(t *testing.T) {
	t.Parallel()
	for _, down := range []bool{false, true} {
		r := ledOn(t, func(*rig) {})
		r.expectSorted(numbered(900, 920)...)
		r.pass(regrowEvery)
		r.expect()
		if down {
			r.restart()
		}
		r.write("data/a.log", text(numbered(50, 60)))
		r.pass(regrowEvery)
		r.expect(numbered(50, 60)...)
	}
}
