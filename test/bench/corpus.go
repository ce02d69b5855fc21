package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/errwatch/errwatch/internal/sim"
)

// corpus is a generated file and what is in it.
type corpus struct {
	path   string
	bytes  int64
	lines  int64
	events int64
}

// text generates a file of simulated lines.
func (b *bench) text(name string, size int64, o sim.TextOptions) corpus {
	c := corpus{path: filepath.Join(b.dir, name)}
	b.create(c.path, func(w io.Writer) error {
		truth, err := sim.Text(w, size, o)
		c.bytes, c.lines, c.events = truth.Bytes, truth.Lines, total(truth.Events)
		return err
	})
	return c
}

// twentyText generates the file of the twenty counters.
func (b *bench) twentyText(name string, size int64) corpus {
	c := corpus{path: filepath.Join(b.dir, name)}
	b.create(c.path, func(w io.Writer) error {
		truth, err := sim.TwentyText(w, size, 1)
		c.events = total(truth)
		return err
	})
	c.bytes = sizeOf(c.path)
	return c
}

func (b *bench) create(path string, write func(io.Writer) error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		b.fail("%v", err)
	}
	f, err := os.Create(path)
	if err != nil {
		b.fail("%v", err)
		return
	}
	w := bufio.NewWriterSize(f, 1<<20)
	for _, step := range []func() error{func() error { return write(w) }, w.Flush, f.Close} {
		if err := step(); err != nil {
			b.fail("writing %s: %v", path, err)
		}
	}
}

func sizeOf(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

func total(counts map[string]int64) int64 {
	n := int64(0)
	for _, v := range counts {
		n += v
	}
	return n
}

// repeated writes a file of count lines, each a repetition of text to about size bytes.
func (b *bench) repeated(name, text string, size, count int) corpus {
	c := corpus{path: filepath.Join(b.dir, name), lines: int64(count)}
	line := strings.Repeat(text, size/len(text)) + "\n"
	b.create(c.path, func(w io.Writer) error {
		for range count {
			if _, err := io.WriteString(w, line); err != nil {
				return err
			}
		}
		return nil
	})
	c.bytes = int64(len(line)) * c.lines
	return c
}

// shared writes a folder of files with the same seed's lines each.
func (b *bench) shared(folder string, files int, size int64) (dir string, c corpus) {
	dir = filepath.Join(b.dir, folder)
	for i := range files {
		one := b.text(filepath.Join(folder, fmt.Sprintf("%04d.log", i)), size/int64(files), sim.TextOptions{Seed: uint64(i)})
		c.bytes, c.lines, c.events = c.bytes+one.bytes, c.lines+one.lines, c.events+one.events
	}
	return dir, c
}
