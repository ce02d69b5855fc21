package source

import (
	"testing"
	"time"
)

// live is what a path leads to.
func (r *rig) live(name string) *generation {
	r.t.Helper()
	w := r.m.sources[0].watched[r.path(name)]
	if w == nil || w.gen == nil {
		r.t.Fatalf("%s is not followed", name)
	}
	return w.gen
}

func TestMayBeCopy(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, base string
		want       bool
	}{
		{"app.log.1", "app.log", true},
		{"app.log-20261120", "app.log", true},
		{"app-20261120.log", "app.log", true},
		{"app.log.1.gz", "app.log", true},
		{"app", "app", false},
		{"app.log", "app.log", false},
		{"web.log.1", "app.log", false},
		{".log.1", ".log", false}, // no name of which another could be the copy
	} {
		if got := mayBeCopy(c.name, c.base); got != c.want {
			t.Errorf("mayBeCopy(%q, %q) = %v", c.name, c.base, got)
		}
	}
}

// A busy file is looked at sharply from the moment in which a copy of it appears, and no other is.
func TestCopyMakesSharp(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, name := range []string{"a.log", "b.log"} {
		r.write(name, "one\n")
	}
	r.tick()
	a, b := r.live("a.log"), r.live("b.log")
	for _, g := range []*generation{a, b} {
		g.fast = true
		r.m.heat(g)
	}
	if r.m.pace != hotEvery {
		t.Fatalf("pace of busy files: %v", r.m.pace)
	}
	r.m.appeared(r.dir, "a.log.1")
	r.m.appeared(r.dir, "c.txt")
	r.m.takeNewNames()
	if r.m.pace != sharpEvery || a.every(r.now()) != sharpEvery || b.every(r.now()) != hotEvery {
		t.Errorf("pace %v, of the copied %v, of the other %v", r.m.pace, a.every(r.now()), b.every(r.now()))
	}
	r.pass(copyFor + time.Second)
	if a.every(r.now()) != hotEvery {
		t.Errorf("long after: %v", a.every(r.now()))
	}
}

// What was truncated is looked at more often, for it will be truncated again.
func TestTruncationMakesSharp(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.write("a.log", "one\ntwo\n")
	r.tick()
	r.truncate("a.log", 0)
	r.write("a.log", "three\n")
	r.tick()
	r.tick()
	if got := r.live("a.log").every(r.now()); got != againEvery {
		t.Errorf("looked at every %v", got)
	}
	r.pass(againFor)
	if got := r.live("a.log").every(r.now()); got != steadyEvery {
		t.Errorf("a day later: every %v", got)
	}
}

// The news of a new name reaches the scheduler, and a crowd of names is bounded.
func TestNewNames(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for range maxNewNames + 10 {
		r.m.appeared(r.dir, "a.log.1")
	}
	if n := len(r.m.newNames); n != maxNewNames {
		t.Errorf("%d names wait", n)
	}
	select {
	case <-r.m.wake:
	default:
		t.Error("the scheduler sleeps on")
	}
}
