//go:build linux

package main

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// figures measures how fresh and how light errwatch is. It prints times, and judges counts and memory.
type figures struct {
	binary  string
	dir     string
	watch   time.Duration
	samples int
	backlog int64
}

// figuresMain is `torture figures`.
func figuresMain(args []string) error {
	var f figures
	var only string
	set := flag.NewFlagSet("figures", flag.ContinueOnError)
	set.StringVar(&f.binary, "errwatch", "", "the errwatch to measure (default: built from this tree)")
	set.StringVar(&f.dir, "dir", "", "folder to work in")
	set.DurationVar(&f.watch, "for", 30*time.Second, "how long each share of a core is measured")
	set.IntVar(&f.samples, "samples", 300, "lines whose way is timed")
	set.Int64Var(&f.backlog, "backlog", 1500, "size of the backlog, MiB")
	set.StringVar(&only, "only", "", "regular expression: figures")
	if err := set.Parse(args); err != nil {
		return err
	}
	chosen, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	dir, err := workplace(f.dir, "figures", &f.binary)
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var failed []error
	for _, x := range []struct {
		name string
		run  func(*figures) error
	}{
		{"quiet", func(f *figures) error { return f.quiet() }},
		{"steady", func(f *figures) error { return f.steady(1000) }},
		{"busy", func(f *figures) error { return f.steady(20_000) }},
		{"idle", func(f *figures) error { return errors.Join(f.idle(100), f.idle(1000)) }},
		{"behind", (*figures).behind},
		{"open", (*figures).opening},
	} {
		if !chosen.MatchString(x.name) {
			continue
		}
		f.dir = filepath.Join(dir, x.name)
		if err := x.run(&f); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", x.name, err))
		}
		os.RemoveAll(f.dir)
	}
	return errors.Join(failed...)
}

// scene is an errwatch that follows the logs of a folder, and a writer inside this process.
type scene struct {
	*daemon
	logs  string
	files []*os.File
	lines int
}

func (f *figures) scene(name string, files int) (*scene, error) {
	dir := filepath.Join(f.dir, name)
	s := &scene{logs: filepath.Join(dir, "logs")}
	if err := os.MkdirAll(s.logs, 0o755); err != nil {
		return nil, err
	}
	for i := range files {
		file, err := os.OpenFile(filepath.Join(s.logs, fmt.Sprintf("app%05d.log", i)), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
		if err != nil {
			return nil, err
		}
		s.files = append(s.files, file)
		if err := s.write(i); err != nil {
			return nil, err
		}
	}
	var err error
	if s.daemon, err = newDaemon(f.binary, dir, filepath.Join(dir, "state"), stormClasses, filepath.Join(s.logs, "*.log")); err != nil {
		return nil, err
	}
	return s, s.begin()
}

// begin starts errwatch and waits until it shows everything that was written so far.
func (s *scene) begin() error {
	if err := s.start(); err != nil {
		return err
	}
	return s.awaitAll(5 * time.Minute)
}

func (s *scene) awaitAll(within time.Duration) error {
	return eventually("errwatch has counted all", within, func() (bool, error) { return s.counted() == int64(s.lines), nil })
}

func (s *scene) counted() int64 {
	e, err := scrape(s.url())
	if err != nil {
		return -1
	}
	return total(e.byClass(eventsTotal, stormClasses))
}

// write appends the next line to a file.
func (s *scene) write(file int) error {
	_, err := s.files[file].Write(append(appendLine(nil, time.Now(), 0, s.lines, stormClasses), '\n'))
	s.lines++
	return err
}

func (s *scene) end() {
	for _, f := range s.files {
		f.Close()
	}
	if s.run != nil {
		s.kill()
	}
}

// quiet times single lines of a log in which little happens: from before write() until a scrape has answered that shows
// the line.
func (f *figures) quiet() error {
	s, err := f.scene("quiet", 1)
	if err != nil {
		return err
	}
	defer s.end()
	var took []time.Duration
	for range f.samples {
		<-time.After(time.Duration(rand.IntN(300)) * time.Millisecond)
		begin := time.Now()
		if err := s.write(0); err != nil {
			return err
		}
		if err := s.awaitAll(time.Minute); err != nil {
			return err
		}
		took = append(took, time.Since(begin))
	}
	fmt.Println("from write() to /metrics, one line now and then:", spread(took))
	return nil
}

// steady scrapes while lines are written at a steady rate, and says how old the first line was that a scrape did not show
// yet when it was answered.
func (f *figures) steady(rate int) error {
	s, err := f.scene("steady", 1)
	if err != nil {
		return err
	}
	defer s.end()
	written := make([]time.Time, 1, rate*20)
	var mu sync.Mutex
	var stop atomic.Bool
	var writing sync.WaitGroup
	writing.Go(func() {
		tick := time.NewTicker(beat)
		defer tick.Stop()
		owed, last := 0.0, time.Now()
		for !stop.Load() {
			now := <-tick.C
			owed += now.Sub(last).Seconds() * float64(rate)
			last = now
			for ; owed >= 1; owed-- {
				mu.Lock()
				written = append(written, time.Now())
				mu.Unlock()
				_ = s.write(0) // a failure shows as a count that is too low
			}
		}
	})
	var old []time.Duration
	for range f.samples {
		<-time.After(time.Duration(rand.IntN(60)) * time.Millisecond)
		n := s.counted()
		now := time.Now()
		mu.Lock()
		if n >= 0 && n < int64(len(written)) {
			old = append(old, max(0, now.Sub(written[n])))
		} else {
			old = append(old, 0)
		}
		mu.Unlock()
	}
	stop.Store(true)
	writing.Wait()
	fmt.Printf("oldest line that a scrape does not show, at %d lines/s: %s\n", rate, spread(old))
	return s.awaitAll(time.Minute)
}

// spread describes measurements.
func spread(d []time.Duration) string {
	slices.Sort(d)
	at := func(q float64) time.Duration {
		return d[min(len(d)-1, int(q*float64(len(d))))].Round(100 * time.Microsecond)
	}
	return fmt.Sprintf("p50 %s, p99 %s, most %s (%d)", at(0.5), at(0.99), d[len(d)-1].Round(100*time.Microsecond), len(d))
}

// What errwatch may take: with up to 1,000 files, and while it reads a backlog.
const (
	idleMemory   = 60 << 20
	behindMemory = 150 << 20
)

// idle measures what following costs while nothing happens.
func (f *figures) idle(files int) error {
	s, err := f.scene(fmt.Sprint("idle", files), files)
	if err != nil {
		return err
	}
	defer s.end()
	<-time.After(3 * time.Second) // what a start costs is over
	before, err := cpu(s.run.pid())
	if err != nil {
		return err
	}
	begin := time.Now()
	<-time.After(f.watch)
	after, err := cpu(s.run.pid())
	if err != nil {
		return err
	}
	share := 100 * (after - before).Seconds() / time.Since(begin).Seconds()
	rss, err := memory(s.run.pid(), "VmRSS")
	if err != nil {
		return err
	}
	fds, err := descriptors(s.run.pid())
	if err == nil && fds < files {
		err = fmt.Errorf("%d descriptors: not all of %d files are followed", fds, files)
	}
	if rss > idleMemory {
		err = errors.Join(err, fmt.Errorf("%d MiB resident with %d files, want %d", rss>>20, files, idleMemory>>20))
	}
	fmt.Printf("%d idle files: %.2f %% of a core, %.1f MiB resident, %d descriptors\n", files, share, float64(rss)/(1<<20), fds)
	return errors.Join(err, s.awaitAll(time.Minute))
}

// behind lets a backlog come up while errwatch is down, and times the lines of a live log while it is read.
func (f *figures) behind() error {
	s, err := f.scene("behind", 2)
	if err != nil {
		return err
	}
	defer s.end()
	s.kill()
	bytes, err := s.pile(f.backlog << 20)
	if err != nil {
		return err
	}
	begin := time.Now()
	if err := s.start(); err != nil {
		return err
	}
	var took []time.Duration
	for {
		st, err := s.status()
		if err == nil && st.CaughtUp {
			break
		}
		if err != nil {
			continue // it is starting
		}
		t, err := s.timeLive()
		if err != nil {
			return err
		}
		took = append(took, t)
	}
	wall := time.Since(begin)
	if err := s.awaitAll(time.Minute); err != nil {
		return err
	}
	peak, err := memory(s.run.pid(), "VmHWM")
	fmt.Printf("a live log beside %d MiB of backlog, every line an event, read in %s: from write() to /metrics %s; at most %.1f MiB resident\n",
		bytes>>20, wall.Round(10*time.Millisecond), spread(took), float64(peak)/(1<<20))
	if peak > behindMemory {
		err = errors.Join(err, fmt.Errorf("%d MiB resident while it was behind, want %d", peak>>20, behindMemory>>20))
	}
	return err
}

// pile writes lines to the first file.
func (s *scene) pile(size int64) (written int64, err error) {
	var b []byte
	for written < size && err == nil {
		b = b[:0]
		for now := time.Now(); len(b) < 1<<20; s.lines++ {
			b = append(appendLine(b, now, 0, s.lines, stormClasses), '\n')
		}
		_, err = s.files[0].Write(b)
		written += int64(len(b))
	}
	return written, err
}

// liveCode is a code of the catalogue that no other line has.
const liveCode = "4006"

// timeLive writes one line to the second file, of a code of its own, and waits for it.
func (s *scene) timeLive() (time.Duration, error) {
	live := func() float64 {
		e, err := scrape(s.url())
		if err != nil {
			return -1
		}
		for series, v := range e {
			if isEvent(series, liveCode) {
				return v
			}
		}
		return -1
	}
	before := live()
	begin := time.Now()
	if _, err := fmt.Fprintf(s.files[1], "%s ERROR [room] onError code=%s live\n", begin.UTC().Format(stampLayout), liveCode); err != nil {
		return 0, err
	}
	err := eventually("the live line is counted", 2*time.Minute, func() (bool, error) { return live() == before+1, nil })
	return time.Since(begin), err
}
