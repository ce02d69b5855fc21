package main

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"
)

// program is one way to do a job: what to start, and how to find the count in what it prints.
type program struct {
	name  string
	args  []string
	env   []string
	count func(stdout []byte) (int64, error) // nil: the output itself must be the same in every run
}

// sample is what one run of a program cost; or, for several runs, the median of each.
type sample struct {
	wall, cpu time.Duration
	rss       int64 // peak, bytes
	count     int64
	out       []byte
}

// once runs a program to its end.
func (p *program) once() (sample, error) {
	c := exec.Command(p.args[0], p.args[1:]...)
	c.Env = append(os.Environ(), p.env...)
	var out, talk bytes.Buffer
	c.Stdout, c.Stderr = &out, &talk
	start := time.Now()
	err := c.Run()
	s := sample{wall: time.Since(start), out: out.Bytes()}
	if err != nil {
		return s, fmt.Errorf("%s: %w: %s", strings.Join(p.args, " "), err, strings.TrimSpace(talk.String()))
	}
	u := c.ProcessState.SysUsage().(*syscall.Rusage)
	s.cpu = c.ProcessState.UserTime() + c.ProcessState.SystemTime()
	s.rss = u.Maxrss << 10 // Linux counts in KiB
	if p.count != nil {
		s.count, err = p.count(s.out)
	}
	return s, err
}

// compare is compareEach for programs that all count the same.
func (b *bench) compare(want int64, programs ...*program) []sample {
	return b.compareEach(slices.Repeat([]int64{want}, len(programs)), programs...)
}

// compareEach runs programs in turns, so that what else the machine does meets all of them, and returns the medians. want
// are the right counts. A program that is not installed has no sample.
func (b *bench) compareEach(want []int64, programs ...*program) []sample {
	all := make([][]sample, len(programs))
	for run := range b.runs + 1 {
		for i, p := range programs {
			if len(p.args) == 0 {
				continue
			}
			s, err := p.once()
			switch {
			case err != nil:
				b.fail("%v", err)
				p.args = nil
				continue
			case p.count != nil && s.count != want[i]:
				b.fail("%s counts %d, the truth is %d", strings.Join(p.args, " "), s.count, want[i])
			}
			if run > 0 { // the first fills the caches
				all[i] = append(all[i], s)
			}
		}
	}
	out := make([]sample, len(programs))
	for i, samples := range all {
		out[i] = medianOf(samples)
	}
	return out
}

func medianOf(all []sample) sample {
	if len(all) == 0 {
		return sample{}
	}
	s := all[len(all)-1]
	s.wall = median(all, func(s sample) time.Duration { return s.wall })
	s.cpu = median(all, func(s sample) time.Duration { return s.cpu })
	for _, x := range all {
		s.rss = max(s.rss, x.rss)
	}
	return s
}

func median[T cmp.Ordered](all []sample, of func(sample) T) T {
	values := make([]T, len(all))
	for i, s := range all {
		values[i] = of(s)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// perSecond is a throughput in MB/s.
func perSecond(bytes int64, d time.Duration) float64 {
	if d == 0 {
		return 0
	}
	return float64(bytes) / 1e6 / d.Seconds()
}

// over is a/b, 0 where there is no b.
func over(a, b time.Duration) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}
