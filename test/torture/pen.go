//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// beat is how often a pen looks how many lines are due.
const beat = time.Millisecond

// pen writes one log, at a steady rate and each line with a write of its own, as loggers do, and plays its rotation.
type pen struct {
	id      int
	dir     string
	rate    float64 // lines a second
	halves  int     // of a hundred lines so many are written in two writes
	classes int
	append  bool // O_APPEND

	path     string // that readers follow
	target   string // where it leads to, if it is a link
	f        *os.File
	turns    int // rotations so far
	owed     float64
	last     time.Time
	held     bool
	rest     []byte // of a line that is half written
	buf      []byte
	counts   []int64 // complete lines by class
	lines    int
	older    int // lines before the newest file was opened
	fillers  int // lines that are no event
	bytes    int64
	commands chan func()
}

func newPen(id int, dir string, rate float64, halves, classes int, k *kind) (*pen, error) {
	p := &pen{
		id: id, dir: dir, rate: rate, halves: halves, classes: classes, append: !k.overwrites, last: time.Now(),
		path: filepath.Join(dir, fmt.Sprintf("app%02d.log", id)), counts: make([]int64, classes), commands: make(chan func()),
	}
	return p, k.begin(p)
}

// run writes until the channel of commands is closed. Commands come between two beats.
func (p *pen) run() {
	tick := time.NewTicker(beat)
	defer tick.Stop()
	p.last = time.Now()
	for {
		select {
		case c, ok := <-p.commands:
			if !ok {
				p.f.Close()
				return
			}
			c()
		case <-tick.C:
			p.write()
		}
	}
}

// writeFor goes on writing for a while, in the middle of a rotation.
func (p *pen) writeFor(d time.Duration) {
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for end := time.Now().Add(d); time.Now().Before(end); <-tick.C {
		p.write()
	}
}

// write writes the lines that are due.
func (p *pen) write() {
	now := time.Now()
	if !p.held {
		p.owed += now.Sub(p.last).Seconds() * p.rate
	}
	p.last = now
	for ; p.owed >= 1; p.owed-- {
		p.line(now)
	}
}

// line writes the next line, or the first half of it.
func (p *pen) line(now time.Time) {
	p.finish()
	p.buf = append(appendLine(p.buf[:0], now, p.id, p.lines, p.classes), '\n')
	if p.lines*37%100 < p.halves {
		half := len(p.buf) * (p.lines%7 + 1) / 9
		p.put(p.buf[:half])
		p.rest = append(p.rest[:0], p.buf[half:]...)
		return
	}
	p.put(p.buf)
	p.count()
}

// finish writes what is left of a line that was begun.
func (p *pen) finish() {
	if len(p.rest) > 0 {
		p.put(p.rest)
		p.rest = p.rest[:0]
		p.count()
	}
}

func (p *pen) put(b []byte) {
	n, err := p.f.Write(b)
	p.bytes += int64(n)
	if err != nil {
		panic(err) // a writer that cannot write is no use
	}
}

func (p *pen) count() {
	p.counts[classOf(p.id, p.lines, p.classes)]++
	p.lines++
}

// open opens the log that is written from now on. What was half written is finished in the old one.
func (p *pen) open(path string) error {
	if p.f != nil {
		p.finish()
		p.f.Close()
	}
	p.older = p.lines
	flags := os.O_WRONLY | os.O_CREATE
	if p.append {
		flags |= os.O_APPEND
	}
	f, err := os.OpenFile(path, flags, 0o644)
	p.f = f
	return err
}
