// Command bench measures errwatch against the targets it is held to, and prints them as one table.
//
// Every row is a ratio of two programs, or of two ways to run errwatch, on the same files and the same cores, measured
// in turns in one run: machines differ and are never quiet, ratios of medians last. The files are made by internal/sim, so
// that the right counts are known, and a row whose count is wrong fails the run.
//
// The peers are what Debian packages: mtail (apt-get install mtail) and ripgrep. A row whose peer is not installed says
// so. See docs/benchmarks.md.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"time"
)

type options struct {
	size    int64 // of job A's file; the others are in proportion
	runs    int
	backlog int64
	live    time.Duration
	only    *regexp.Regexp
	binary  string
	dir     string
}

// bench is one run of the program.
type bench struct {
	options
	table  table
	failed []error
	seen   map[string]sample // medians that later rows compare with
}

func main() {
	var b bench
	var size, backlog int64
	var only, packed string
	flag.Int64Var(&size, "size", 256, "size of the largest scanned file, MiB")
	flag.Int64Var(&backlog, "backlog", 1024, "size of the backlog that run catches up on, MiB")
	flag.IntVar(&b.runs, "runs", 5, "measurements of each program")
	flag.DurationVar(&b.live, "live", 10*time.Second, "how long to follow a file that grows, for each rate")
	flag.StringVar(&only, "only", "", "regular expression: run only the groups it matches")
	flag.StringVar(&b.binary, "errwatch", "", "the errwatch to measure (default: built from this tree)")
	flag.StringVar(&b.dir, "dir", "", "folder for the generated files, kept (default: a temporary one)")
	flag.StringVar(&packed, "unpack", "", "decompress this file to nowhere and say how long its content is (the bench calls itself so)")
	flag.Parse()
	if packed != "" {
		if err := unpack(packed); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		return
	}
	b.size, b.backlog = size<<20, backlog<<20
	if err := b.main(only); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func (b *bench) main(only string) error {
	var err error
	if b.only, err = regexp.Compile(only); err != nil {
		return err
	}
	if b.dir == "" {
		if b.dir, err = os.MkdirTemp("", "errwatch-bench-"); err != nil {
			return err
		}
		defer os.RemoveAll(b.dir)
	}
	if b.binary == "" {
		if b.binary, err = build(b.dir); err != nil {
			return err
		}
	}
	b.seen = map[string]sample{}
	for _, g := range groups() {
		if b.only.MatchString(g.name) {
			fmt.Fprintln(os.Stderr, "==", g.name)
			g.run(b)
		}
	}
	b.table.print(os.Stdout)
	return errors.Join(b.failed...)
}

// group is some rows that belong together.
type group struct {
	name string
	run  func(*bench)
}

func groups() []group {
	return []group{
		{"one", (*bench).one},
		{"twenty", (*bench).twenty},
		{"default", (*bench).builtin},
		{"incident", (*bench).incident},
		{"cores", (*bench).cores},
		{"packed", (*bench).packed},
		{"run", (*bench).catchUp},
		{"live", (*bench).follow},
		{"memory", (*bench).memory},
		{"hostile", (*bench).hostile},
	}
}

// build compiles errwatch as it is released.
func build(dir string) (string, error) {
	out := filepath.Join(dir, "errwatch")
	c := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", out, "github.com/errwatch/errwatch/cmd/errwatch")
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	c.Stderr = os.Stderr
	return out, c.Run()
}

// fail notes what makes the run as a whole worthless.
func (b *bench) fail(format string, args ...any) {
	err := fmt.Errorf(format, args...)
	fmt.Fprintln(os.Stderr, "  ", err)
	b.failed = append(b.failed, err)
}
