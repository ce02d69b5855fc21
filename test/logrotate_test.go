//go:build e2e

package test

import (
	"bytes"
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// rotator is Debian's logrotate with a configuration for one log.
type rotator struct {
	t      *testing.T
	dir    string // of the logs
	config string
}

// newRotator configures logrotate for a pen's log. Where the pen is to open its log anew, it is hung up on, and the
// rotation goes on when it has done so.
func newRotator(t *testing.T, p *pen, dir, settings string, reopens bool) *rotator {
	t.Helper()
	script := ""
	if reopens {
		script = fmt.Sprintf(`
  postrotate
    kill -HUP %d
    while ls -l /proc/%[1]d/fd | grep app00 | grep -qv 'app00.log$'; do sleep 0.01; done
  endscript`, p.cmd.Process.Pid)
	}
	text := fmt.Sprintf("%q {\n  rotate 50\n  %s%s\n}\n", filepath.Join(dir, "app00.log"), settings, script)
	return &rotator{t, dir, write(t, filepath.Join(t.TempDir(), "logrotate.conf"), text)}
}

// rotate rotates. A dated name has seconds: within one there is no second rotation.
func (r *rotator) rotate() {
	r.t.Helper()
	before := r.rotated()
	await(r.t, "logrotate has made a file", 10*time.Second, func() bool {
		out, err := exec.Command("logrotate", "--force", "--state", r.config+".state", r.config).CombinedOutput()
		if err != nil && !bytes.Contains(out, []byte("already exists")) {
			r.t.Fatalf("logrotate: %v\n%s", err, out)
		}
		return r.rotated() > before
	})
}

func (r *rotator) rotated() int {
	files, err := filepath.Glob(filepath.Join(r.dir, "app00*"))
	if err != nil {
		r.t.Fatal(err)
	}
	return len(files)
}

// logrotate itself, in its common configurations: with errwatch up, with errwatch down (twice), and while it catches up.
func TestLogrotate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, settings string
		reopens        bool
	}{
		{"create", "create 0644", true},
		{"nocreate", "nocreate", true},
		{"delaycompress", "create 0644\n  compress\n  delaycompress", true},
		{"compress", "create 0644\n  compress", true},
		{"dateext", "create 0644\n  dateext\n  dateformat -%Y%m%d-%s", true},
		{"dateext-extension", "create 0644\n  dateext\n  dateformat -%Y%m%d-%s\n  extension .log\n  compress\n  delaycompress", true},
		{"copytruncate", "copytruncate", false},
		{"copytruncate-compress", "copytruncate\n  compress", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir, state, port := t.TempDir(), t.TempDir(), freePort(t)
			p := newPen(t, dir, "rename", 3000)
			config := tortured(t, dir, "")
			d := errwatch(t, port, state, "-c", config)
			r := newRotator(t, p, dir, c.settings, c.reopens)
			p.do("go on")
			d.awaitMore()
			for range 2 {
				r.rotate()
				d.awaitMore()
			}
			d.kill()
			for range 2 {
				p.awaitMore()
				r.rotate()
			}
			p.awaitMore()
			d = errwatch(t, port, state, "-c", config)
			r.rotate()
			p.awaitMore()
			written := p.do("hold")
			floor := written.Counts
			if !c.reopens { // what was written between copy and truncation is nowhere, unless it was read in time
				floor = onDisk(t, dir).Counts
			}
			d.awaitClasses(floor, written.Counts)
			t.Logf("%d lines written, %d counted", written.Lines, sum(d.classes()))
			d.term()
			d = errwatch(t, port, state, "-c", config)
			d.awaitCaughtUp()
			d.awaitClasses(floor, written.Counts)
			d.term()
		})
	}
}

// awaitMore waits until some more lines are written.
func (p *pen) awaitMore() {
	p.t.Helper()
	before := p.do("ask").Lines
	await(p.t, "more is written", 20*time.Second, func() bool { return p.do("ask").Lines > before+500 })
}

// awaitMore waits until some more lines are counted.
func (d *daemon) awaitMore() {
	d.t.Helper()
	before := sum(d.classes())
	await(d.t, "more is counted", 20*time.Second, func() bool { return sum(d.classes()) > before+500 })
}

func sum(counts []int64) (n int64) {
	for _, c := range counts {
		n += c
	}
	return n
}
