//go:build linux

package main

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// soakOptions are those of `torture soak`.
type soakOptions struct {
	binary string
	rate   float64
	total  time.Duration
	every  time.Duration
	rotate time.Duration
	dir    string
}

// reading is what errwatch takes at one moment.
type reading struct {
	at    time.Duration
	rss   int64
	fds   int
	state int64
	lines int64
}

// soakMain is `torture soak`: many logs that rotate for a long time, and an errwatch that must not grow.
func soakMain(args []string) error {
	var o soakOptions
	set := flag.NewFlagSet("soak", flag.ContinueOnError)
	set.StringVar(&o.binary, "errwatch", "", "the errwatch to soak (default: built from this tree)")
	set.Float64Var(&o.rate, "rate", 5000, "lines a second")
	set.DurationVar(&o.total, "for", time.Hour, "how long")
	set.DurationVar(&o.every, "every", 10*time.Second, "time between two readings")
	set.DurationVar(&o.rotate, "rotate", 5*time.Second, "time between two rotations of all logs")
	set.StringVar(&o.dir, "dir", "", "folder to work in")
	if err := set.Parse(args); err != nil {
		return err
	}
	dir, err := workplace(o.dir, "soak", &o.binary)
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	o.dir = dir
	return o.run()
}

func (o *soakOptions) run() (err error) {
	logs := filepath.Join(o.dir, "logs")
	if err := os.Mkdir(logs, 0o755); err != nil {
		return err
	}
	var names []string
	for _, k := range kinds() {
		if k.exact() && !k.cuts && !k.overwrites {
			names = append(names, k.name)
		}
	}
	w, err := startWriter(logs, o.rate, stormClasses, names...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.end()) }()
	d, err := newDaemon(o.binary, o.dir, filepath.Join(o.dir, "state"), stormClasses, filepath.Join(logs, "*.log"))
	if err != nil {
		return err
	}
	if err := d.start(); err != nil {
		return err
	}
	defer func() {
		if d.run != nil {
			d.kill()
		}
	}()
	s := startScraper(d.url(), time.Second)
	readings, err := o.soak(w, d)
	_, broken := s.end()
	if err := errors.Join(err, broken); err != nil {
		return err
	}
	return o.judge(w, d, readings)
}

// soak rotates, and reads what errwatch takes.
func (o *soakOptions) soak(w *writer, d *daemon) ([]reading, error) {
	if _, err := w.order(order{Do: "go on"}); err != nil {
		return nil, err
	}
	rotate, look := time.NewTicker(o.rotate), time.NewTicker(o.every)
	defer rotate.Stop()
	defer look.Stop()
	var out []reading
	begin := time.Now()
	fmt.Println("   time      lines   resident  descriptors      state")
	for end := time.After(o.total); ; {
		select {
		case <-end:
			return out, nil
		case <-rotate.C:
			if _, err := w.order(order{Do: "rotate", Late: 200 * time.Millisecond, Keep: 5}); err != nil {
				return nil, err
			}
		case <-look.C:
			r, err := d.reading()
			if err != nil {
				return nil, fmt.Errorf("%w\nerrwatch said:\n%s", err, d.talk())
			}
			r.at = time.Since(begin).Round(time.Second)
			fmt.Printf("%7s %10d %6.1f MiB %12d %6.1f MiB\n", r.at, r.lines, float64(r.rss)/(1<<20), r.fds, float64(r.state)/(1<<20))
			out = append(out, r)
		}
	}
}

func (d *daemon) reading() (r reading, err error) {
	var errs [3]error
	r.rss, errs[0] = memory(d.run.pid(), "VmRSS")
	r.fds, errs[1] = descriptors(d.run.pid())
	r.state, errs[2] = sizeOf(d.state)
	if e, err := scrape(d.url()); err == nil {
		r.lines = int64(e.sum("errwatch_lines_total"))
	}
	return r, errors.Join(errs[:]...)
}

func sizeOf(dir string) (n int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if info, err := e.Info(); err == nil {
			n += info.Size()
		}
		return nil
	})
	return n, err
}

// judge holds the last quarter against the second: the first is for warming up. And all must be counted, of course.
func (o *soakOptions) judge(w *writer, d *daemon, all []reading) error {
	a, err := w.order(order{Do: "hold"})
	if err != nil {
		return err
	}
	err = eventually("errwatch has counted all", time.Minute, func() (bool, error) {
		e, err := scrape(d.url())
		if err != nil {
			return false, nil
		}
		over, under := differences(a.Counts, e.byClass(eventsTotal, stormClasses))
		return over == 0 && under == 0, nil
	})
	if err != nil || len(all) < 8 {
		return err
	}
	early, late := all[len(all)/4:len(all)/2], all[len(all)-len(all)/4:]
	for _, x := range []struct {
		what  string
		of    func(reading) int64
		slack int64
	}{
		{"bytes resident", func(r reading) int64 { return r.rss }, 8 << 20},
		{"descriptors", func(r reading) int64 { return int64(r.fds) }, 5},
		{"bytes of state", func(r reading) int64 { return r.state }, 4 << 20},
	} {
		was, is := middle(early, x.of), middle(late, x.of)
		fmt.Printf("%s: %d, then %d\n", x.what, was, is)
		if is > was+was/10+x.slack {
			err = errors.Join(err, fmt.Errorf("%s grow: %d in the second quarter, %d in the last", x.what, was, is))
		}
	}
	return err
}

func middle(all []reading, of func(reading) int64) int64 {
	values := make([]int64, len(all))
	for i, r := range all {
		values[i] = of(r)
	}
	slices.Sort(values)
	return values[len(values)/2]
}
