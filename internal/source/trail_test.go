package source

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestLostItsEnd: a machine lost power, and with it the end of a log that was read already. The log grows again, before
// errwatch starts or after that, to less than what was read or to more. Nothing is counted twice, and of what is new
// only a few lines next to the cut may be missing.
func TestLostItsEnd(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	for i := range uint64(60) {
		playLostItsEnd(t, rand.New(rand.NewPCG(seed+i, 1)))
		if t.Failed() {
			t.Fatalf("seed %d", seed+i)
		}
	}
}

func playLostItsEnd(t *testing.T, rnd *rand.Rand) {
	r := newRig(t)
	total := 100 + rnd.IntN(6000)
	for n := 0; n < total; {
		k := min(1+rnd.IntN(500), total-n)
		r.write("app.log", text(numbered(n, n+k)))
		r.tick()
		n += k
		if rnd.IntN(10) == 0 {
			r.restart()
		}
	}
	r.commit()
	r.sink.take()
	r.crash()
	whole := text(numbered(0, total))
	const least = windowLen + windowLen/4 // of less, nothing beyond the head is proven
	most := len(whole) - least
	if rnd.IntN(3) == 0 {
		most = min(most, 2*windowLen) // next to nothing is left
	}
	left := least + rnd.IntN(most)
	if rnd.IntN(2) == 0 {
		left = max(least, strings.LastIndexByte(whole[:left], '\n')+1)
	}
	r.truncate("app.log", int64(left))
	before, after := numbered(10_000, 10_000+rnd.IntN(3000)), numbered(20_000, 20_100)
	r.write("app.log", text(before))
	r.start()
	r.tick()
	r.write("app.log", text(after))
	r.tick()
	r.restart()
	r.tick()
	got := r.sink.take()
	want := slices.Concat(before, after)
	// The first new line may be joined with the torn end of an old one.
	missing := len(want) - len(got)
	if missing > 0 && missing < len(want) {
		want = want[missing:]
	}
	if !slices.Equal(got[min(1, len(got)):], want[1:]) {
		t.Fatalf("%d of %d bytes left, %d lines before: got %d lines %q", left, len(whole), len(before), len(got), abbreviate(got))
	}
	doubt := int(grainOf(0).step)
	if len(whole)-left > 100<<10 {
		doubt = int(grainOf(1).step)
	}
	one := len(after[0]) + 1
	if missing*one > doubt+2*one {
		t.Errorf("%d of %d bytes left: %d lines are missing", left, len(whole), missing)
	}
	if lost := r.stats().LostBytes; lost > int64(doubt+2*one) {
		t.Errorf("%d bytes are said to be lost", lost)
	}
}

// TestTruncatedWithCopyWhileDown: a file that was written anew, and begins like the old one beyond the head, is read to its end.
func TestTruncatedWithCopyWhileDown(t *testing.T) {
	t.Parallel()
	banner := strings.Repeat("a banner that is always the same\n", 200)
	r := newRig(t)
	r.write("app.log", banner+text(numbered(0, 300)))
	r.tick()
	r.restart()
	r.sink.take()
	r.write("app.log", "unread\n")
	r.copy("app.log", "app.log.1")
	r.truncate("app.log", 0)
	r.write("app.log", banner+text(numbered(300, 900)))
	r.tick()
	got := r.sink.take()
	if !slices.Contains(got, "unread") || !slices.Contains(got, numbered(899, 900)[0]) || len(got) != 801 {
		t.Errorf("got %d lines: %q", len(got), abbreviate(got))
	}
}

// TestTrails follows the sums of a position through blocks, cuts and the state.
func TestTrails(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/f"
	data := []byte(text(numbered(0, 30_000)))
	must(t, os.WriteFile(path, data, 0o644))
	f, err := os.Open(path)
	must(t, err)
	defer f.Close()
	rnd := rand.New(rand.NewPCG(1, 2))
	var p position
	for p.offset < int64(len(data)) {
		from := p.offset - int64(windowBefore(p.offset))
		to := min(p.offset+1+rnd.Int64N(1<<(1+rnd.IntN(18))), int64(len(data)))
		p = p.moved(to, data[from:to], from, false)
	}
	check := func(what string, p position) {
		t.Helper()
		for i, tr := range p.trails {
			if len(tr) < trailLen || i == 0 && what == "whole" && len(tr) > 3*trailLen {
				t.Errorf("%s: %d sums", what, len(tr))
			}
		}
		for _, w := range p.waypoints() {
			if !w.agrees(f) {
				t.Errorf("%s: the sum at %d does not agree", what, w.at)
			}
		}
	}
	check("whole", p)
	var back position
	back.offset, back.headLen, back.head, back.anchor = p.offset, p.headLen, p.head, p.anchor
	back.decodeMarks(p.encodeMarks())
	check("restored", back)
	for _, n := range []int64{1, 511, 512, 513, 100_000} {
		cut, err := p.cutAt(f, p.offset-n)
		must(t, err)
		for _, w := range cut.waypoints() {
			if !w.agrees(f) {
				t.Errorf("cut by %d: the sum at %d does not agree", n, w.at)
			}
		}
	}
	for n := range 200 { // damaged: it costs evidence, and nothing else
		b := p.encodeMarks()
		b = b[:rnd.IntN(len(b))]
		if n%2 == 0 && len(b) > 0 {
			b[rnd.IntN(len(b))] ^= byte(1 + rnd.IntN(255))
		}
		var d position
		d.offset, d.headLen, d.head, d.anchor = p.offset, p.headLen, p.head, p.anchor
		d.decodeMarks(b)
		_ = fmt.Sprint(len(d.waypoints()))
	}
}
