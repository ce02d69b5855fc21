//go:build linux

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"
)

// order is what a writer process is told, one JSON object a line.
type order struct {
	Do   string        // rotate, hold, go on, ask, reopen
	Late time.Duration // rotate: how long the old file is written on
	Pens []int         // rotate: which; none: all
	Keep int           // rotate: so many rotated files stay; 0: all
}

// account is what it answers: what has been written so far.
type account struct {
	Error  string
	Counts []int64 // complete lines by class
	Lines  int64   // complete lines that are events
	Other  int64   // complete lines that are not
	Bytes  int64
	Older  int64 // lines in files that are written no more
	Files  int
}

// writing is a writer process at work.
type writing struct {
	pens  []*pen
	kinds []*kind
	group sync.WaitGroup
}

// writerMain is the process that writes the logs: `torture writer`. It ends when its standard input does.
func writerMain(args []string) error {
	var dir, names string
	var held bool
	var rate float64
	var classes int
	set := flag.NewFlagSet("writer", flag.ContinueOnError)
	set.StringVar(&dir, "dir", "", "folder of the logs")
	set.StringVar(&names, "kinds", "", "the rotation of each log, separated by commas")
	set.Float64Var(&rate, "rate", 0, "lines a second, of all logs together")
	set.BoolVar(&held, "held", false, "write nothing until told to")
	set.IntVar(&classes, "classes", maxClasses, "into how many classes the lines fall")
	if err := set.Parse(args); err != nil {
		return err
	}
	w := &writing{}
	list := strings.Split(names, ",")
	for i, name := range list {
		k, err := kindNamed(name)
		if err != nil {
			return err
		}
		p, err := newPen(i, dir, rate/float64(len(list)), k.halves, classes, k)
		if err != nil {
			return err
		}
		p.held = held
		w.pens, w.kinds = append(w.pens, p), append(w.kinds, k)
		w.group.Go(p.run)
	}
	go w.reopenOnHangup()
	return w.serve(os.Stdin, os.Stdout)
}

// reopenOnHangup does what daemons do when logrotate tells them.
func (w *writing) reopenOnHangup() {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	for range hangups {
		w.carryOut(order{Do: "reopen"})
	}
}

func (w *writing) serve(in io.Reader, out io.Writer) error {
	orders, answers := json.NewDecoder(bufio.NewReader(in)), json.NewEncoder(out)
	for {
		var o order
		err := orders.Decode(&o)
		if errors.Is(err, io.EOF) {
			for _, p := range w.pens {
				close(p.commands)
			}
			w.group.Wait()
			return nil
		}
		if err != nil {
			return err
		}
		if err := answers.Encode(w.carryOut(o)); err != nil {
			return err
		}
	}
}

// carryOut has each pen do its part, and adds up what they have written.
func (w *writing) carryOut(o order) account {
	var a account
	var mu sync.Mutex
	var all sync.WaitGroup
	for i, p := range w.pens {
		mine := len(o.Pens) == 0
		for _, id := range o.Pens {
			mine = mine || id == i
		}
		do := o
		if !mine {
			do.Do = "ask"
		}
		all.Add(1)
		p.commands <- func() {
			defer all.Done()
			err := p.obey(do, w.kinds[i])
			mu.Lock()
			defer mu.Unlock()
			a.add(p)
			if err != nil {
				a.Error = fmt.Sprintf("%s of %s: %v", do.Do, p.path, err)
			}
		}
	}
	all.Wait()
	return a
}

func (a *account) add(p *pen) {
	if a.Counts == nil {
		a.Counts = make([]int64, len(p.counts))
	}
	for i, n := range p.counts {
		a.Counts[i] += n
	}
	a.Lines += int64(p.lines)
	a.Older += int64(p.older)
	a.Other += int64(p.fillers)
	a.Bytes += p.bytes
	a.Files++
}

func (p *pen) obey(o order, k *kind) error {
	switch o.Do {
	case "rotate":
		p.turns++
		return errors.Join(k.turn(p, o.Late), p.prune(o.Keep))
	case "hold":
		p.finish()
		p.held, p.owed = true, 0
	case "go on":
		p.held, p.last = false, time.Now()
	case "reopen":
		return p.open(p.path)
	}
	return nil
}

// writer is a writer process as its parent sees it. Its methods are safe for concurrent use; orders are carried out one
// after the other.
type writer struct {
	mu  sync.Mutex
	cmd *exec.Cmd
	in  io.WriteCloser
	out *json.Decoder
}

// startWriter starts a writer of as many logs as there are kinds. They exist when it returns, and it holds.
func startWriter(dir string, rate float64, classes int, kinds ...string) (*writer, error) {
	w := &writer{cmd: exec.Command(self(), "writer", "-held", "-dir", dir, "-rate", fmt.Sprint(rate), "-classes", fmt.Sprint(classes),
		"-kinds", strings.Join(kinds, ","))}
	w.cmd.Stderr = os.Stderr
	w.cmd.SysProcAttr = withParent()
	in, err := w.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	w.in, w.out = in, json.NewDecoder(out)
	if err := w.cmd.Start(); err != nil {
		return nil, err
	}
	_, err = w.order(order{Do: "ask"})
	return w, err
}

func (w *writer) order(o order) (account, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var a account
	if err := json.NewEncoder(w.in).Encode(o); err != nil {
		return a, fmt.Errorf("the writer is gone: %w", err)
	}
	if err := w.out.Decode(&a); err != nil {
		return a, fmt.Errorf("the writer is gone: %w", err)
	}
	if a.Error != "" {
		return a, errors.New(a.Error)
	}
	return a, nil
}

// end lets the writer close its files.
func (w *writer) end() error {
	w.in.Close()
	return w.cmd.Wait()
}
