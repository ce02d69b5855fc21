//go:build linux

package main

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// stormOptions are those of `torture storm`.
type stormOptions struct {
	binary string
	cases  string
	rate   float64
	round  time.Duration
	total  time.Duration
	every  time.Duration
	seed   uint64
	dir    string
}

// stormCase is what one round plays: logs, each with its rotation.
type stormCase struct {
	name  string
	kinds []*kind
}

func stormCases() []stormCase {
	var out []stormCase
	var many []*kind
	for _, k := range kinds() {
		out = append(out, stormCase{k.name, []*kind{&k}})
		if k.exact() && !k.unlinks && !k.cuts && !k.overwrites {
			many = append(many, &k, &k)
		}
	}
	return append(out, stormCase{"many", many})
}

// stormMain is `torture storm`: for each case a writer, and an errwatch that is killed every few hundred milliseconds
// while the logs are rotated, up or down; at the end of each round all counts must be exact.
func stormMain(args []string) error {
	o := stormOptions{}
	set := flag.NewFlagSet("storm", flag.ContinueOnError)
	set.StringVar(&o.binary, "errwatch", "", "the errwatch to torture (default: built from this tree)")
	set.StringVar(&o.cases, "case", "", "cases to play, separated by commas (default: all)")
	set.Float64Var(&o.rate, "rate", 20_000, "lines a second")
	set.DurationVar(&o.round, "round", 10*time.Second, "how long a round writes")
	set.DurationVar(&o.total, "for", 0, "play all cases again and again for so long (default: once)")
	set.DurationVar(&o.every, "kills", 400*time.Millisecond, "mean time between two kills")
	set.Uint64Var(&o.seed, "seed", uint64(time.Now().UnixNano()), "seed of the times of kills and rotations")
	set.StringVar(&o.dir, "dir", "", "folder to work in; that of a round that fails is kept")
	if err := set.Parse(args); err != nil {
		return err
	}
	return o.run()
}

func (o *stormOptions) run() error {
	dir, err := workplace(o.dir, "storm", &o.binary)
	if err != nil {
		return err
	}
	cases, err := o.chosen()
	if err != nil {
		return err
	}
	fmt.Println("seed", o.seed)
	failed := 0
	for begin, n := time.Now(), 0; ; {
		for _, c := range cases {
			room := filepath.Join(dir, fmt.Sprintf("%03d-%s", n, c.name))
			if err := o.play(room, c, o.seed+uint64(n)); err != nil {
				failed++
				fmt.Printf("%s: FAILED: %v\nkept: %s\n", c.name, err, room)
			}
			n++
		}
		switch {
		case time.Since(begin) < o.total:
		case failed > 0:
			return fmt.Errorf("%d of %d rounds failed", failed, n)
		default:
			return os.RemoveAll(dir)
		}
	}
}

func (o *stormOptions) chosen() (out []stormCase, err error) {
	for _, c := range stormCases() {
		if o.cases == "" || strings.Contains(","+o.cases+",", ","+c.name+",") {
			out = append(out, c)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no case is called %q", o.cases)
	}
	return out, nil
}

// storm is one round.
type storm struct {
	*stormOptions
	c      stormCase
	rnd    *rand.Rand // of the rotations
	logs   string
	w      *writer
	d      *daemon
	s      *scraper
	living sync.Mutex // held while errwatch must not be killed, or is down
	kills  int
	turns  int
	down   int // rotations while it was down
	fail   chan error
}

const stormClasses = 200

func (o *stormOptions) play(dir string, c stormCase, seed uint64) (err error) {
	p := &storm{stormOptions: o, c: c, rnd: rand.New(rand.NewPCG(seed, 1)), logs: filepath.Join(dir, "logs"), fail: make(chan error, 2)}
	if err := os.MkdirAll(p.logs, 0o755); err != nil {
		return err
	}
	if err := p.begin(dir, filepath.Join(dir, "state")); err != nil {
		return err
	}
	defer func() { err = p.over(err) }()
	if err := p.rage(rand.New(rand.NewPCG(seed, 2))); err != nil {
		return err
	}
	a, err := p.settle()
	scrapes, broken := p.s.end()
	err = errors.Join(err, broken)
	if err != nil {
		return err
	}
	fmt.Printf("%-13s %7d lines in %2d logs, %2d rotations (%d while down), %2d kills, %3d scrapes: exact\n",
		c.name, a.Lines, a.Files, p.turns, p.down, p.kills, scrapes)
	return os.RemoveAll(dir)
}

// over ends the processes of a round and, where it failed, says what errwatch said.
func (p *storm) over(err error) error {
	if err != nil {
		err = fmt.Errorf("%w\nerrwatch said:\n%s", err, p.d.talk())
	}
	if p.d.run != nil {
		p.d.kill()
	}
	return errors.Join(err, p.w.end())
}

func (p *storm) begin(dir, state string) error {
	var names []string
	globs := []string{filepath.Join(p.logs, "*.log")}
	for _, k := range p.c.kinds {
		names = append(names, k.name)
		for _, g := range k.extra {
			globs = append(globs, filepath.Join(p.logs, g))
		}
	}
	var err error
	if p.w, err = startWriter(p.logs, p.rate, stormClasses, names...); err != nil {
		return err
	}
	if p.d, err = newDaemon(p.binary, dir, state, stormClasses, globs...); err != nil {
		return err
	}
	p.s = startScraper(p.d.url(), 50*time.Millisecond)
	if err := p.d.start(); err != nil {
		return err
	}
	if _, err := p.w.order(order{Do: "go on"}); err != nil {
		return err
	}
	// To a state that knows nothing, what was rotated before is history that nobody asked for. So let it know something.
	return eventually("errwatch has counted something", time.Minute, func() (bool, error) { return p.counted() > 0, nil })
}

// rage kills and rotates until the round is over. Errwatch is up then.
func (p *storm) rage(rnd *rand.Rand) error {
	stop := make(chan struct{})
	var both sync.WaitGroup
	for _, f := range []func(chan struct{}) error{
		func(stop chan struct{}) error { return p.killing(rnd, stop) }, p.rotating,
	} {
		both.Go(func() {
			if err := f(stop); err != nil {
				p.fail <- err
			}
		})
	}
	var err error
	select {
	case err = <-p.fail:
	case <-time.After(p.round):
	}
	close(stop)
	both.Wait()
	select {
	case late := <-p.fail:
		err = errors.Join(err, late)
	default:
	}
	return err
}

// pass lets time go by; false: the round is over.
func pass(stop chan struct{}, d time.Duration) bool {
	select {
	case <-stop:
		return false
	case <-time.After(d):
		return true
	}
}

// killing kills errwatch again and again, and starts it at once or a while later. At some times the logs are rotated
// meanwhile, up to three times.
func (p *storm) killing(rnd *rand.Rand, stop chan struct{}) error {
	for pass(stop, time.Duration(rnd.Float64()*2*float64(p.every))) {
		p.living.Lock()
		err := p.killOnce(rnd, stop)
		p.living.Unlock()
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *storm) killOnce(rnd *rand.Rand, stop chan struct{}) error {
	p.d.kill()
	p.kills++
	if rnd.IntN(3) == 0 {
		pass(stop, time.Duration(rnd.Float64()*float64(p.every)))
	}
	if rnd.IntN(3) == 0 {
		for range min(1+rnd.IntN(3), p.mostDown()) {
			if err := p.rotate(50 * time.Millisecond); err != nil {
				return err
			}
			p.down++
		}
	}
	return p.d.start()
}

// mostDown is how many rotations while errwatch is down take nothing away that it is owed.
func (p *storm) mostDown() int {
	most := 3
	for _, k := range p.c.kinds {
		switch {
		case k.unlinks || k.cuts || k.torn:
			return 0
		case k.oneDown:
			most = 0
		}
	}
	return most
}

// rotating rotates the logs again and again, while errwatch lives, dies and comes back.
func (p *storm) rotating(stop chan struct{}) error {
	for pass(stop, time.Duration((0.5+p.rnd.Float64())*float64(time.Second))) {
		err := p.rotateWithCare(time.Duration(p.rnd.IntN(500))*time.Millisecond, stop)
		if errors.Is(err, errOver) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// rotateWithCare sees to it that what a rotation takes off the disk has been read: that is all that a reader is owed.
func (p *storm) rotateWithCare(late time.Duration, stop chan struct{}) error {
	k := p.c.kinds[0] // where there are several, none of them needs care
	switch {
	case k.cuts:
		return p.whileIdle(stop, func() error { return p.rotate(late) })
	case k.unlinks:
		p.living.Lock()
		defer p.living.Unlock()
		return p.whileFollowed(func() error { return p.rotate(late) })
	case k.oneDown && len(p.c.kinds) == 1:
		if err := p.followed(stop); err != nil {
			return err
		}
	}
	return p.rotate(late)
}

// followed waits until errwatch surely knows the newest file: a line of it is counted.
func (p *storm) followed(stop chan struct{}) error {
	a, err := p.w.order(order{Do: "ask"})
	if err != nil {
		return err
	}
	return p.eventually("the newest file is followed", stop, func() bool { return p.counted() > a.Older })
}

// errOver says that the round is over.
var errOver = errors.New("the round is over")

// eventually waits, but not beyond the end of the round.
func (p *storm) eventually(what string, stop chan struct{}, ok func() bool) error {
	return eventually(what, time.Minute, func() (bool, error) {
		select {
		case <-stop:
			return false, errOver
		default:
			return ok(), nil
		}
	})
}

// whileIdle does something when all that was written is counted, and the writer rests.
func (p *storm) whileIdle(stop chan struct{}, f func() error) error {
	a, err := p.w.order(order{Do: "hold"})
	if err != nil {
		return err
	}
	err = p.eventually("all that was written is counted", stop, func() bool { return p.counted() >= a.Lines })
	if err != nil {
		return err // the writer stays on hold
	}
	if err := f(); err != nil {
		return err
	}
	_, err = p.w.order(order{Do: "go on"})
	return err
}

// whileFollowed does something when the newest file is surely held open by errwatch, and waits until what came before is
// counted. The lock that keeps errwatch alive is held.
func (p *storm) whileFollowed(f func() error) error {
	never := make(chan struct{})
	if err := p.followed(never); err != nil {
		return err
	}
	if err := f(); err != nil {
		return err
	}
	// What is written meanwhile must not be taken for what is still to be read of the old file.
	return p.whileIdle(never, func() error { return nil })
}

func (p *storm) rotate(late time.Duration) error {
	p.turns++
	_, err := p.w.order(order{Do: "rotate", Late: late})
	return err
}
