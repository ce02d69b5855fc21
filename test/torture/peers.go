//go:build linux

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/nxadm/tail"
)

// counter counts lines by class and shows that as metrics.
type counter struct {
	mu     sync.Mutex
	counts []int64
}

func (c *counter) line(text string) {
	_, rest, ok := strings.Cut(text, "onError code=")
	code, n := 0, 0
	if ok {
		n, _ = fmt.Sscanf(rest, "%4d ", &code)
	}
	if i := code - firstCode; n == 1 && i >= 0 && i < maxClasses {
		c.mu.Lock()
		c.counts[i]++
		c.mu.Unlock()
	}
}

// serve shows counts, those of a moment.
func serve(address string, counts func() []int64) {
	http.HandleFunc("/metrics", func(w http.ResponseWriter, _ *http.Request) {
		for i, n := range counts() {
			fmt.Fprintf(w, "lines_total{code=\"%d\"} %d\n", firstCode+i, n)
		}
	})
	if err := http.ListenAndServe(address, nil); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// tailState is what the tailer saves: position and counts together, so that one never goes without the other.
type tailState struct {
	Offset int64
	Counts []int64
}

// tailerMain is nxadm/tail by itself, as its documentation shows it, and with as much care as a program can take that
// uses it: complete lines, its position and its counts saved together four times a second, what is saved is shown.
func tailerMain(args []string) error {
	var log, listen, state string
	var poll bool
	set := flag.NewFlagSet("tailer", flag.ContinueOnError)
	set.StringVar(&log, "log", "", "the log")
	set.StringVar(&listen, "listen", "", "address of the metrics")
	set.StringVar(&state, "state", "", "file of position and counts")
	set.BoolVar(&poll, "poll", false, "poll instead of inotify")
	if err := set.Parse(args); err != nil {
		return err
	}
	saved := tailState{Counts: make([]int64, maxClasses)}
	if b, err := os.ReadFile(state); err == nil {
		if err := json.Unmarshal(b, &saved); err != nil {
			return err
		}
	}
	shown := saved
	var mu sync.Mutex
	go serve(listen, func() []int64 {
		mu.Lock()
		defer mu.Unlock()
		return shown.Counts
	})
	t, err := tail.TailFile(log, tail.Config{
		Follow: true, ReOpen: true, Poll: poll, CompleteLines: true, Location: &tail.SeekInfo{Offset: saved.Offset}, Logger: tail.DiscardingLogger,
	})
	if err != nil {
		return err
	}
	c := counter{counts: append([]int64{}, saved.Counts...)}
	tick := time.NewTicker(250 * time.Millisecond)
	for {
		select {
		case l, ok := <-t.Lines:
			if !ok {
				return t.Err()
			}
			c.line(l.Text)
			saved.Offset = l.SeekInfo.Offset
		case <-tick.C:
			next := tailState{saved.Offset, append([]int64{}, c.counts...)}
			if err := save(state, next); err != nil {
				return err
			}
			mu.Lock()
			shown = next
			mu.Unlock()
		}
	}
}

func save(path string, s tailState) error {
	b, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", b, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// pipeMain counts what `tail -F` prints. That keeps no position: the first time it is asked for all of the file, later,
// as everybody does, for what comes.
func pipeMain(args []string) error {
	var log, listen, state string
	set := flag.NewFlagSet("pipe", flag.ContinueOnError)
	set.StringVar(&log, "log", "", "the log")
	set.StringVar(&listen, "listen", "", "address of the metrics")
	set.StringVar(&state, "state", "", "file that says that it has run before")
	if err := set.Parse(args); err != nil {
		return err
	}
	from := "0"
	if _, err := os.Stat(state); errors.Is(err, fs.ErrNotExist) {
		from = "+1"
		if err := os.WriteFile(state, nil, 0o600); err != nil {
			return err
		}
	}
	cmd := exec.Command("tail", "-n", from, "-F", log)
	cmd.SysProcAttr = withParent()
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	c := counter{counts: make([]int64, maxClasses)}
	go serve(listen, func() []int64 {
		c.mu.Lock()
		defer c.mu.Unlock()
		return append([]int64{}, c.counts...)
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		c.line(lines.Text())
	}
	return errors.Join(lines.Err(), cmd.Wait())
}
