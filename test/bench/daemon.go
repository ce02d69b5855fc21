package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/errwatch/errwatch/internal/sim"
)

// daemon is a running errwatch.
type daemon struct {
	cmd    *exec.Cmd
	listen string
	talk   strings.Builder
}

// start runs the daemon on paths with an empty state.
func (b *bench) start(env []string, paths ...string) (*daemon, error) {
	state, err := os.MkdirTemp(b.dir, "state-")
	if err != nil {
		return nil, err
	}
	listen, err := freeAddress()
	if err != nil {
		return nil, err
	}
	d := &daemon{listen: listen}
	d.cmd = exec.Command(b.binary, append([]string{"run", "--listen", listen, "--state", state}, paths...)...)
	d.cmd.Env = append(append(os.Environ(), "ERRWATCH_CONFIG="+os.DevNull), env...)
	d.cmd.Stderr = &d.talk
	return d, d.cmd.Start()
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// until waits until the daemon has counted so many bytes.
func (d *daemon) until(bytes int64, limit time.Duration) error {
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if read, err := d.read(); err == nil && read >= bytes {
			return nil
		}
	}
	return fmt.Errorf("the daemon did not read %d bytes within %s: %s", bytes, limit, d.talk.String())
}

// read asks how many bytes were counted and committed.
func (d *daemon) read() (int64, error) {
	r, err := http.Get("http://" + d.listen + "/api/v1/status")
	if err != nil {
		return 0, err
	}
	defer r.Body.Close()
	var s struct {
		Data struct{ Sources []struct{ Bytes int64 } }
	}
	if err := json.NewDecoder(r.Body).Decode(&s); err != nil || len(s.Data.Sources) == 0 {
		return 0, err
	}
	return s.Data.Sources[0].Bytes, nil
}

// stop ends the daemon.
func (d *daemon) stop() {
	_ = d.cmd.Process.Signal(os.Interrupt)
	_ = d.cmd.Wait()
}

// cpu is the time that the daemon has computed so far. The kernel counts it in hundredths of a second.
func (d *daemon) cpu() time.Duration {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", d.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(raw[strings.LastIndexByte(string(raw), ')')+1:]))
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * (time.Second / 100)
}

// peak is the largest resident set so far.
func (d *daemon) peak() int64 { return peakOf(d.cmd.Process.Pid) }

// backlogged measures a daemon from its start until it has read the backlog.
func (b *bench) backlogged(c corpus, env ...string) sample {
	begin := time.Now()
	d, err := b.start(env, c.path)
	if err != nil {
		b.fail("%v", err)
		return sample{}
	}
	defer d.stop()
	if err := d.until(c.bytes, 10*time.Minute); err != nil {
		b.fail("%v", err)
		return sample{}
	}
	return sample{wall: time.Since(begin), cpu: d.cpu(), rss: d.peak()}
}

// catchUp holds run on a backlog against scan on the same file, and an incident on one core against its target.
func (b *bench) catchUp() {
	c := b.text("backlog.log", b.backlog, sim.TextOptions{})
	scan := b.errwatch("", nil, c.path)
	var scans, runs []sample
	for i := range min(b.runs, 3) + 1 {
		s, err := scan.once()
		if err != nil || s.count != c.events {
			b.fail("scan of the backlog: %d events of %d, %v", s.count, c.events, err)
		}
		r := b.backlogged(c)
		if i > 0 {
			scans, runs = append(scans, s), append(runs, r)
		}
	}
	s, r := medianOf(scans), medianOf(runs)
	b.table.add(row{
		what: fmt.Sprintf("run on a backlog of %d MiB, throughput against scan", b.backlog>>20), measured: rate(c.bytes, r), against: rate(c.bytes, s),
		ratio: over(s.wall, r.wall), unit: " x", target: 0.7,
	})
	b.memoryRow("run on the backlog", r.rss)
	os.Remove(c.path)

	c = b.text("incident.log", b.size, sim.TextOptions{Shapes: []string{"onError"}, Events: 1})
	runs = nil
	for range b.runs {
		runs = append(runs, b.backlogged(c, oneCore()...))
	}
	b.lines("every line an error (server's lines), run on one core", c, medianOf(runs))
	b.memoryRow("run on the incident", medianOf(runs).rss)
	os.Remove(c.path)
}

func (b *bench) memoryRow(what string, rss int64) {
	b.table.add(row{what: "peak memory: " + what, measured: fmt.Sprintf("%.1f MiB", mib(rss)), against: "", ratio: mib(rss), unit: " MiB", target: 40, most: true})
}

// follow measures the daemon on a file that grows at a steady rate.
func (b *bench) follow() {
	for _, x := range []struct {
		lines  int
		target float64
	}{{50_000, 5}, {1_000, 1}, {0, 0.5}} {
		used, rss, err := b.followAt(x.lines)
		if err != nil {
			b.fail("%v", err)
			continue
		}
		what := fmt.Sprintf("live at %d lines/s: share of a core", x.lines)
		if x.lines == 0 {
			what = "idle: share of a core"
		}
		b.table.add(row{what: what, measured: fmt.Sprintf("%.1f MiB", mib(rss)), against: "", ratio: max(100*used.Seconds()/b.live.Seconds(), 0.01), unit: " %", target: x.target, most: true})
		b.memoryRow(fmt.Sprintf("live at %d lines/s", x.lines), rss)
	}
}

// followAt writes so many lines a second, a hundred times a second, and says what the daemon spent on them.
func (b *bench) followAt(lines int) (used time.Duration, rss int64, err error) {
	dir, err := os.MkdirTemp(b.dir, "live-")
	if err != nil {
		return 0, 0, err
	}
	f, err := os.Create(filepath.Join(dir, "meeting.log"))
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	d, err := b.start(nil, dir)
	if err != nil {
		return 0, 0, err
	}
	defer d.stop()
	w := &counted{f: f}
	write := func(seed uint64) error {
		if lines == 0 {
			return nil
		}
		_, err := sim.Text(w, int64(lines)*190/100, sim.TextOptions{Seed: seed, Start: time.Now(), Step: 10 * time.Millisecond / time.Duration(max(lines/100, 1))})
		return err
	}
	if err := write(0); err != nil {
		return 0, 0, err
	}
	if err := d.until(w.n, 30*time.Second); err != nil {
		return 0, 0, err
	}
	time.Sleep(time.Second) // what a start costs is over
	before, begin := d.cpu(), time.Now()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for seed := uint64(1); time.Since(begin) < b.live; seed++ {
		if err := write(seed); err != nil {
			return 0, 0, err
		}
		<-tick.C
	}
	used = d.cpu() - before
	return used, d.peak(), d.until(w.n, 30*time.Second)
}

type counted struct {
	f *os.File
	n int64
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.f.Write(p)
	c.n += int64(n)
	return n, err
}

// memory is the peak of what is made to need much: very long lines and many files.
func (b *bench) memory() {
	long := b.repeated("long.log", "participant joined room with 12 others on node 7; ", 1<<20-100, int(b.size>>20))
	dir, many := b.shared("thousand", 1000, b.size)
	for _, x := range []struct {
		what, path string
		corpus
	}{{"lines of 1 MiB", long.path, long}, {"1,000 files", dir, many}} {
		s := b.compare(0, b.uncounted(b.errwatch("", nil, x.path)))
		b.memoryRow("scan, "+x.what, s[0].rss)
		x.corpus.path = x.path
		b.memoryRow("run, "+x.what, b.backlogged(x.corpus).rss)
	}
}
