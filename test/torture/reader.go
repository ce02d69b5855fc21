//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// reader is a program that follows a log and counts its lines by class.
type reader struct {
	name    string
	metric  string   // that it counts with
	command []string // in it {log}, {dir}, {address} and {port} are filled in

	address string
	dir     string
	run     *program // nil while it is down
	tally   tally
}

// readers are errwatch and its peers, in the order of the table. peers is the program of the folder peers.
func readers(errwatch, peers string) []*reader {
	common := []string{"-log", "{log}", "-listen", "{address}", "-state", "{dir}/tail.json"}
	tailer := append([]string{self(), "tailer"}, common...)
	return []*reader{
		{name: "errwatch", metric: eventsTotal, command: []string{errwatch, "run", "-c", "{dir}/errwatch.yaml"}},
		{name: "mtail", metric: "lines_total", command: []string{
			"mtail", "-address", "127.0.0.1", "-port", "{port}", "-progs", "{dir}/progs", "-logs", "{log}", "-log_dir", "{dir}",
		}},
		{name: "nxadm/tail", metric: "lines_total", command: tailer},
		{name: "nxadm/tail, polling", metric: "lines_total", command: append(slices.Clip(tailer), "-poll")},
		{name: "hpcloud/tail", metric: "lines_total", command: append([]string{peers, "hpcloud"}, common...)},
		{name: "OpenTelemetry filelog", metric: "lines_total", command: append([]string{peers, "otel"}, common...)},
		{name: "tail -F", metric: "lines_total", command: []string{self(), "pipe", "-log", "{log}", "-listen", "{address}", "-state", "{dir}/begun"}},
	}
}

// buildPeers compiles the peers that are modules. Where they cannot be had, the table goes without them.
func buildPeers(dir string) string {
	out := filepath.Join(dir, "peers")
	root, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/errwatch/errwatch").Output()
	if err == nil {
		c := exec.Command("go", "build", "-C", filepath.Join(strings.TrimSpace(string(root)), "test", "torture", "peers"), "-o", out, ".")
		c.Stderr = os.Stderr
		err = c.Run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "torture: some peers cannot be built and are left out:", err)
	}
	return out
}

// installed says that the program can be had here.
func (r *reader) installed() bool {
	_, err := exec.LookPath(r.command[0])
	return err == nil
}

const mtailProgram = "counter lines_total by code\n/onError code=(?P<code>\\d{4}) / {\n  lines_total[$code]++\n}\n"

// prepare gives it a folder of its own. errwatch's configuration is written by newDaemon.
func (r *reader) prepare(dir, log string) error {
	r.dir, r.tally = dir, tally{}
	var err error
	if r.address, err = freeAddress(); err != nil {
		return err
	}
	_, port, _ := strings.Cut(r.address, ":")
	fill := strings.NewReplacer("{dir}", dir, "{log}", log, "{address}", r.address, "{port}", port)
	filled := make([]string, len(r.command))
	for i, s := range r.command {
		filled[i] = fill.Replace(s)
	}
	r.command = filled
	if r.name == "errwatch" {
		d, err := newDaemon(r.command[0], dir, filepath.Join(dir, "state"), maxClasses, log)
		if err == nil {
			r.address = d.address
		}
		return err
	}
	if err := os.Mkdir(filepath.Join(dir, "progs"), 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "progs", "lines.mtail"), []byte(mtailProgram), 0o600)
}

func (r *reader) start() (err error) {
	r.run, err = launch(filepath.Join(r.dir, "talk"), r.command...)
	return err
}

func (r *reader) kill() {
	if r.run != nil {
		_ = r.run.end(syscall.SIGKILL)
	}
	r.run = nil
}

// look scrapes it once.
func (r *reader) look() error {
	e, err := scrape("http://" + r.address + "/metrics")
	if err != nil {
		return err
	}
	r.tally.add(e.byClass(r.metric, maxClasses))
	return nil
}

// tally adds up counters as Prometheus does: one that went down was begun anew.
type tally struct {
	before []int64 // of processes that have ended
	now    []int64
}

func (t *tally) add(counts []int64) {
	if t.now == nil {
		t.before, t.now = make([]int64, len(counts)), make([]int64, len(counts))
	}
	for i, n := range counts {
		if n < t.now[i] {
			t.before[i] += t.now[i]
		}
		t.now[i] = n
	}
}

func (t *tally) counts() []int64 {
	out := make([]int64, maxClasses)
	for i := range t.now {
		out[i] = t.before[i] + t.now[i]
	}
	return out
}
