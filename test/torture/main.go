//go:build linux

// Command torture plays writers against errwatch: it rotates logs in every way that is known, kills the reader at any
// moment, and counts. Its subcommands are
//
//	storm      kill -9 every few hundred milliseconds while logs rotate; all counts must be exact
//	power      the disk of the state loses at random moments what was not synced; all counts must be exact
//	compare    errwatch and its peers on the same writer: what each loses and counts twice
//	soak       logs rotate for a long time; memory, descriptors and the state must not grow
//	figures    how fresh and how light errwatch is, and what it does to a writer's open()
//
// and, for itself and for the tests, cases (those of the storm), count (what stands in files), writer (the process that
// writes), and the peers tailer and pipe. It needs Linux: much is read in /proc.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
)

func main() {
	commands := map[string]func([]string) error{
		"storm": stormMain, "power": powerMain, "compare": compareMain, "soak": soakMain, "figures": figuresMain,
		"cases": casesMain, "count": countMain, "writer": writerMain, "tailer": tailerMain, "pipe": pipeMain,
	}
	var run func([]string) error
	if len(os.Args) > 1 {
		run = commands[os.Args[1]]
	}
	if run == nil {
		fmt.Fprintln(os.Stderr, "usage: torture storm|power|compare|soak|figures [flags]")
		os.Exit(2)
	}
	if err := run(os.Args[2:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "torture:", err)
		os.Exit(1)
	}
}
