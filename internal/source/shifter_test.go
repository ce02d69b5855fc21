package source

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// shifter plays a log whose rotated and packed parts its own globs match, rotation and kills in any order.
type shifter struct {
	*rig
	rnd     *rand.Rand
	did     []string
	n       int
	up      bool
	live    bool
	packing string // what is being packed
	w       *writer
	counted map[string]int
}

func (s *shifter) name(i int, ending string) string { return fmt.Sprintf("app.log.%d%s", i, ending) }

func (s *shifter) shift() {
	for i := 30; i > 0; i-- {
		for _, ending := range []string{"", ".gz"} {
			if _, err := os.Stat(s.path(s.name(i, ending))); err == nil && s.name(i, ending) != s.packing {
				s.rename(s.name(i, ending), s.name(i+1, ending))
				s.maybeTick()
			}
		}
	}
}

// maybeTick lets the follower look in the middle of something.
func (s *shifter) maybeTick() {
	if !s.up || s.rnd.IntN(4) > 0 {
		return
	}
	s.pass(DefaultTick)
	s.m.tick()
	for range s.rnd.IntN(3) {
		s.rig.w.step(s.t.Context())
		s.rig.packed.step(s.t.Context())
		s.m.settle()
	}
	s.did = append(s.did, "(tick)")
}

func (s *shifter) step() {
	op := s.rnd.IntN(10)
	switch op {
	case 0, 1, 2:
		var lines []string
		for range 1 + s.rnd.IntN(60) {
			lines = append(lines, numbered(s.n, s.n+1)...)
			s.n++
		}
		s.w.write(text(lines))
	case 3:
		if !s.live || s.packing != "" {
			return
		}
		s.shift()
		s.rename("app.log", "app.log.1")
		s.live = false
		s.maybeTick()
	case 4:
		if s.live {
			return
		}
		s.w.close()
		s.w, s.live = s.open("app.log"), true
	case 5: // half a packed file
		if s.packing != "" || !s.live {
			return
		}
		for i := 1; i < 5; i++ {
			if _, err := os.Stat(s.path(s.name(i, ""))); err == nil {
				s.packing = s.name(i, "")
				z := s.gzip(s.packing)
				s.put(s.packing+".gz", z[:len(z)/2])
				break
			}
		}
	case 6:
		if s.packing == "" {
			return
		}
		z := s.gzip(s.packing)
		s.put(s.packing+".gz", z)
		s.maybeTick()
		s.remove(s.packing)
		s.packing = ""
	case 7:
		if s.up {
			s.pass(DefaultTick)
			s.tick()
		}
	case 8:
		if s.up {
			s.save()
		}
	case 9:
		if s.up && s.rnd.IntN(2) == 0 {
			s.sink.take()
			s.crash()
			s.up = false
		} else if !s.up {
			s.start()
			s.up = true
		}
	}
	s.did = append(s.did, []string{"write", "write", "write", "rotate", "reopen", "pack", "packed", "tick", "commit", "crash/start"}[op])
}

func (s *shifter) save() {
	s.commit()
	for _, l := range s.sink.take() {
		s.counted[l]++
	}
}

// TestGlobMatchesRotated: globs that match rotated and packed files too, and a link to the log.
func TestGlobMatchesRotated(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	for i := range uint64(40) {
		s := &shifter{counted: map[string]int{}, rnd: rand.New(rand.NewPCG(seed+i, 1))}
		s.rig = newRig(t, Options{Name: "s", Paths: []string{"app*", "*.log", "alias/*"}})
		s.mkdir("alias")
		s.link("app.log", "alias/app.log")
		s.w, s.live, s.up = s.open("app.log"), true, true
		s.tick()
		s.save()
		for range 120 {
			s.step()
		}
		s.finish()
		if t.Failed() {
			t.Fatalf("seed %d", seed+i)
		}
	}
}

func (s *shifter) finish() {
	if s.packing != "" {
		s.put(s.packing+".gz", s.gzip(s.packing))
		s.remove(s.packing)
	}
	if !s.live {
		s.w.close()
		s.w = s.open("app.log")
	}
	if !s.up {
		s.start()
	}
	s.w.close()
	for range 8 {
		s.pass(2 * time.Second)
		s.tick()
	}
	s.giveUp()
	s.save()
	s.restart()
	s.tick()
	s.save()
	var bad []string
	for i, l := range numbered(0, s.n) {
		if s.counted[l] != 1 {
			bad = append(bad, fmt.Sprintf("line %d: %d times", i, s.counted[l]))
		}
	}
	if lost := s.stats().LostBytes; len(bad) > 0 || lost > 0 {
		s.t.Errorf("%d of %d lines wrong: %q, %d bytes lost, after %s\n%s", len(bad), s.n, abbreviate(bad), lost, strings.Join(s.did, " "), s.list())
	}
}

func (s *shifter) list() string {
	names, _ := filepath.Glob(s.path("*"))
	return strings.Join(names, " ")
}
