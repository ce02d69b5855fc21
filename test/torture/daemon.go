//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const eventsTotal = "errwatch_events_total"

// daemon is an errwatch under test, which is killed and started again on the same port and state.
type daemon struct {
	binary  string
	address string
	dir     string // of configuration and talk
	state   string
	classes int
	run     *program // nil while it is down
	starts  int
}

// newDaemon writes the configuration of an errwatch that follows the globs. It is not started.
func newDaemon(binary, dir, state string, classes int, globs ...string) (*daemon, error) {
	d := &daemon{binary: binary, dir: dir, state: state, classes: classes}
	var err error
	if d.address, err = freeAddress(); err != nil {
		return nil, err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "server: {listen: %q}\nstate: {dir: %q}\nsources:\n  - {name: torture, paths: [%s]}\ncodes:\n",
		d.address, state, quoted(globs))
	for i := range classes {
		fmt.Fprintf(&b, "  - {code: %d, name: CLASS_%d, category: torture}\n", firstCode+i, i)
	}
	return d, os.WriteFile(d.config(), []byte(b.String()), 0o600)
}

func quoted(list []string) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = fmt.Sprintf("%q", s)
	}
	return strings.Join(out, ", ")
}

func (d *daemon) config() string { return filepath.Join(d.dir, "errwatch.yaml") }
func (d *daemon) url() string    { return "http://" + d.address + "/metrics" }

// start starts it and does not wait for anything.
func (d *daemon) start() (err error) {
	d.starts++
	d.run, err = launch(filepath.Join(d.dir, "errwatch.talk"), d.binary, "run", "-c", d.config())
	return err
}

// kill is kill -9.
func (d *daemon) kill() {
	_ = d.run.end(syscall.SIGKILL) // it was killed: that is its error
	d.run = nil
}

// term asks for an orderly end.
func (d *daemon) term() error {
	err := d.run.end(syscall.SIGTERM)
	d.run = nil
	return err
}

// sourceStatus is what the API says of the source.
type sourceStatus struct {
	Files       int   `json:"files"`
	LagBytes    int64 `json:"lag_bytes"`
	CaughtUp    bool  `json:"caught_up"`
	Truncations int64 `json:"truncations"`
	LostBytes   int64 `json:"lost_bytes"`
	Lines       int64 `json:"lines"`
}

func (d *daemon) status() (sourceStatus, error) {
	resp, err := client.Get("http://" + d.address + "/api/v1/status")
	if err != nil {
		return sourceStatus{}, err
	}
	defer resp.Body.Close()
	var s struct {
		Data struct {
			Sources []sourceStatus `json:"sources"`
		} `json:"data"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&s); err != nil || len(s.Data.Sources) != 1 || resp.StatusCode != http.StatusOK {
		return sourceStatus{}, fmt.Errorf("status: %s, %d sources: %w", resp.Status, len(s.Data.Sources), err)
	}
	return s.Data.Sources[0], nil
}

// caughtUp waits until everything was read once since the start.
func (d *daemon) caughtUp(within time.Duration) error {
	return eventually("errwatch has caught up", within, func() (bool, error) {
		s, err := d.status()
		return err == nil && s.CaughtUp, nil
	})
}

// talk is the end of what it said.
func (d *daemon) talk() string {
	b, _ := os.ReadFile(filepath.Join(d.dir, "errwatch.talk"))
	return string(b[max(0, len(b)-6000):])
}
