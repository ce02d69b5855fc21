//go:build linux

package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// match is one row of the table: a rotation, and what happens to the reader meanwhile.
type match struct {
	text string
	kind *kind
	down int // so many rotations while the reader is down, after a kill -9
}

func matches() []match {
	var out []match
	for _, k := range kinds() {
		if len(k.extra) == 0 { // a peer that is given three globs counts three times, if at all
			out = append(out, match{text: k.text, kind: &k})
		}
	}
	rename, _ := kindNamed("nocreate")
	packed, _ := kindNamed("compress")
	truncate, _ := kindNamed("copytruncate")
	return append(out,
		match{text: "kill -9, one rename while down", kind: rename, down: 1},
		match{text: "kill -9, two renames while down", kind: rename, down: 2},
		match{text: "kill -9, rename and gzip while down", kind: packed, down: 1},
		match{text: "kill -9, copytruncate while down", kind: truncate, down: 1},
	)
}

// compareOptions are those of `torture compare`.
type compareOptions struct {
	binary string
	peers  string
	rate   float64
	last   time.Duration
	runs   int
	only   string // rows
	among  string // columns
	dir    string
}

// result is what one reader made of one match.
type result struct{ written, lost, gone, twice int64 } // gone: of those lost, on no disk at the end

// compareMain is `torture compare`: the same writer for errwatch and its peers, each in its turn, and the table of what
// they lost and counted twice.
func compareMain(args []string) error {
	o := compareOptions{}
	set := flag.NewFlagSet("compare", flag.ContinueOnError)
	set.StringVar(&o.binary, "errwatch", "", "the errwatch to compare (default: built from this tree)")
	set.Float64Var(&o.rate, "rate", 20_000, "lines a second")
	set.DurationVar(&o.last, "for", 6*time.Second, "how long each run writes; there are four rotations in it")
	set.IntVar(&o.runs, "runs", 1, "runs of each; the table shows the least and the most")
	set.StringVar(&o.only, "only", "", "regular expression: rows")
	set.StringVar(&o.among, "among", "", "regular expression: columns, the readers")
	set.StringVar(&o.dir, "dir", "", "folder to work in")
	if err := set.Parse(args); err != nil {
		return err
	}
	rows, err := regexp.Compile(o.only)
	if err != nil {
		return err
	}
	columns, err := regexp.Compile(o.among)
	if err != nil {
		return err
	}
	dir, err := workplace(o.dir, "compare", &o.binary)
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	o.dir, o.peers = dir, buildPeers(dir)
	return o.table(rows, columns)
}

func (o *compareOptions) table(rows, columns *regexp.Regexp) error {
	names := []string{"case", "lines"}
	var chosen []int
	for i, r := range readers(o.binary, o.peers) {
		if columns.MatchString(r.name) {
			names, chosen = append(names, r.name), append(chosen, i)
		}
	}
	fmt.Printf("| %s |\n|%s\n", strings.Join(names, " | "), strings.Repeat("---|", len(names)))
	for _, m := range matches() {
		if !rows.MatchString(m.text) {
			continue
		}
		cells := make([]string, 0, 8)
		written := int64(0)
		for _, i := range chosen {
			all, err := o.repeat(m, i)
			if err != nil {
				return fmt.Errorf("%s: %w", m.text, err)
			}
			cells = append(cells, cell(all))
			for _, r := range all {
				written = max(written, r.written)
			}
		}
		fmt.Printf("| %s | %s | %s |\n", m.text, grouped(written), strings.Join(cells, " | "))
	}
	return nil
}

func (o *compareOptions) repeat(m match, i int) ([]result, error) {
	var all []result
	for range o.runs {
		r := readers(o.binary, o.peers)[i]
		if !r.installed() {
			return nil, nil
		}
		one, err := o.play(m, r)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.name, err)
		}
		all = append(all, one)
	}
	return all, nil
}

// play lets one reader follow one writer.
func (o *compareOptions) play(m match, r *reader) (_ result, err error) {
	dir, err := os.MkdirTemp(o.dir, "run-")
	if err != nil {
		return result{}, err
	}
	defer os.RemoveAll(dir)
	logs := filepath.Join(dir, "logs")
	if err := os.Mkdir(logs, 0o755); err != nil {
		return result{}, err
	}
	w, err := startWriter(logs, o.rate, maxClasses, m.kind.name)
	if err != nil {
		return result{}, err
	}
	defer func() { err = errors.Join(err, w.end()) }()
	if err := r.prepare(dir, filepath.Join(logs, "app00.log")); err != nil {
		return result{}, err
	}
	if err := r.start(); err != nil {
		return result{}, err
	}
	defer r.kill()
	if err := eventually(r.name+" answers", time.Minute, func() (bool, error) { return r.look() == nil, nil }); err != nil {
		return result{}, err
	}
	if _, err := w.order(order{Do: "go on"}); err != nil {
		return result{}, err
	}
	if err := o.act(m, w, r); err != nil {
		return result{}, err
	}
	return o.judge(m, w, r, logs)
}

// act rotates four times; where the reader is to be down, it is for the middle of that.
func (o *compareOptions) act(m match, w *writer, r *reader) error {
	rotate := func(late time.Duration) error {
		_, err := w.order(order{Do: "rotate", Late: late})
		return err
	}
	third := time.After(o.last / 3)
	end := time.After(o.last)
	if m.down > 0 {
		r.watch(third)
		r.kill()
		for range m.down {
			<-time.After(200 * time.Millisecond)
			if err := rotate(100 * time.Millisecond); err != nil {
				return err
			}
		}
		<-time.After(200 * time.Millisecond)
		if err := r.start(); err != nil {
			return err
		}
		r.watch(end)
		return nil
	}
	for range 4 {
		r.watch(time.After(o.last/4 - 500*time.Millisecond))
		if err := rotate(500 * time.Millisecond); err != nil {
			return err
		}
	}
	r.watch(end)
	return nil
}

// watch scrapes the reader, as Prometheus would, until there is something to do.
func (r *reader) watch(until <-chan time.Time) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-until:
			return
		case <-tick.C:
			_ = r.look() // it may be down
		}
	}
}

// judge waits until the reader has come to rest and compares.
func (o *compareOptions) judge(m match, w *writer, r *reader, logs string) (result, error) {
	a, err := w.order(order{Do: "hold"})
	if err != nil {
		return result{}, err
	}
	const rest = 3 * time.Second
	was, since := int64(-1), time.Now()
	err = eventually(r.name+" comes to rest", 2*time.Minute, func() (bool, error) {
		if r.look() != nil {
			return false, nil
		}
		if n := total(r.tally.counts()); n != was {
			was, since = n, time.Now()
		}
		return time.Since(since) > rest, nil
	})
	if err != nil {
		return result{}, err
	}
	there, err := survivors(logs, maxClasses)
	if err != nil {
		return result{}, err
	}
	got := r.tally.counts()
	twice, lost := differences(a.Counts, got)
	_, onDisk := differences(there, got)
	return result{written: a.Lines, lost: lost, gone: lost - onDisk, twice: twice}, nil
}

// cell shows lost / counted twice.
func cell(all []result) string {
	if len(all) == 0 {
		return "not installed"
	}
	lost := span(all, func(r result) int64 { return r.lost })
	if gone := span(all, func(r result) int64 { return r.gone }); gone != "0" {
		lost += " (" + gone + " on no disk)"
	}
	return lost + " / " + span(all, func(r result) int64 { return r.twice })
}

func span(all []result, of func(result) int64) string {
	least, most := of(all[0]), of(all[0])
	for _, r := range all {
		least, most = min(least, of(r)), max(most, of(r))
	}
	if least == most {
		return grouped(least)
	}
	return grouped(least) + "–" + grouped(most)
}

// grouped writes a number with commas.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return cmp.Or(s, "0")
}
