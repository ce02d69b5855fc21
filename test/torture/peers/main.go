// Command peers is other people's libraries for following logs, each as a program that counts the lines of a log by their
// class and shows that as metrics. `torture compare` runs them. They are in a module of their own, so that errwatch does
// not depend on them.
package main

import (
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
)

// job is what each of them is to do.
type job struct {
	log    string // to follow
	listen string // address of the metrics
	state  string // file to keep positions and counts in
}

func main() {
	peers := map[string]func(job) error{"hpcloud": hpcloud, "otel": otel}
	var run func(job) error
	if len(os.Args) > 1 {
		run = peers[os.Args[1]]
	}
	if run == nil {
		fmt.Fprintln(os.Stderr, "usage: peers hpcloud|otel -log FILE -listen ADDRESS -state FILE")
		os.Exit(2)
	}
	var j job
	set := flag.NewFlagSet(os.Args[1], flag.ContinueOnError)
	set.StringVar(&j.log, "log", "", "the log")
	set.StringVar(&j.listen, "listen", "", "address of the metrics")
	set.StringVar(&j.state, "state", "", "file of positions and counts")
	err := set.Parse(os.Args[2:])
	if err == nil {
		err = run(j)
	}
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

// counts are lines by code.
type counts struct {
	mu sync.Mutex
	by map[string]int64
}

// line counts one line.
func (c *counts) line(text string) {
	_, rest, ok := strings.Cut(text, "onError code=")
	code, _, whole := strings.Cut(rest, " ")
	if !ok || !whole {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.by[code]++
}

// copied returns the counts of this moment.
func (c *counts) copied() map[string]int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make(map[string]int64, len(c.by))
	for code, n := range c.by {
		out[code] = n
	}
	return out
}

// serve shows counts until the process ends.
func serve(address string, shown func() map[string]int64) {
	http.HandleFunc("/metrics", func(w http.ResponseWriter, _ *http.Request) {
		for code, n := range shown() {
			fmt.Fprintf(w, "lines_total{code=%q} %d\n", code, n)
		}
	})
	if err := http.ListenAndServe(address, nil); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}
