package main

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
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
	if err := c.Start(); err != nil {
		return sample{}, fmt.Errorf("%s: %w", p.args[0], err)
	}
	peak := watchPeak(c.Process.Pid)
	err := c.Wait()
	s := sample{wall: time.Since(start), out: out.Bytes(), rss: peak()}
	if err != nil {
		return s, fmt.Errorf("%s: %w: %s", strings.Join(p.args, " "), err, strings.TrimSpace(talk.String()))
	}
	s.cpu = c.ProcessState.UserTime() + c.ProcessState.SystemTime()
	if p.count != nil {
		s.count, err = p.count(s.out)
	}
	return s, err
}

// watchPeak asks every few milliseconds for the peak of a process until the function that it returns is called, which says
// the last answer. What the system tells of a process that has ended is no use: that begins with the size of the one that
// started it.
func watchPeak(pid int) func() int64 {
	stop, last := make(chan struct{}), make(chan int64)
	go func() {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		var peak int64
		for {
			select {
			case <-tick.C:
				peak = max(peak, peakOf(pid))
			case <-stop:
				last <- peak
				return
			}
		}
	}()
	return func() int64 {
		close(stop)
		return <-last
	}
}

// peakOf is the largest resident set of a process so far, in bytes; 0 where it has ended.
func peakOf(pid int) int64 {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(raw), "VmHWM:")
	var kib int64
	fmt.Sscan(rest, &kib)
	return kib << 10
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
