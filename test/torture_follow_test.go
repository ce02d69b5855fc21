//go:build e2e

package test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The right to read a log is taken away and given back: what is open is read on, what cannot be opened waits and is
// told, and nothing is lost or counted twice, over a kill too.
func TestPermissions(t *testing.T) {
	t.Parallel()
	dir := public(t)
	logs, state, port := filepath.Join(dir, "logs"), filepath.Join(dir, "state"), freePort(t)
	for _, d := range []string{logs, state} {
		if err := os.Mkdir(d, 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(d, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(logs, "meeting.log")
	forbid := func(name string, mode os.FileMode) {
		t.Helper()
		if err := os.Chmod(name, mode); err != nil {
			t.Fatal(err)
		}
	}
	log := newLog(t, path)
	d := errwatchAsNobody(t, port, state, logs)
	log.denials(10, time.Now())
	d.awaitDenials(10)
	forbid(path, 0)
	log.denials(5, time.Now())
	d.awaitDenials(15)

	// The new log stands there without the right to be read from its first moment on: errwatch would be quick enough.
	hidden := filepath.Join(logs, "hidden")
	next := newLog(t, hidden)
	forbid(hidden, 0)
	for _, move := range [][2]string{{path, path + ".1"}, {hidden, path}} {
		if err := os.Rename(move[0], move[1]); err != nil {
			t.Fatal(err)
		}
	}
	next.denials(20, time.Now())
	await(t, "the missing right is told", 20*time.Second, func() bool {
		return d.metric(`errwatch_source_errors_total{reason="permission",source="default"}`) > 0
	})
	d.kill()
	log.denials(3, time.Now()) // late, to the rotated file, which nobody may open
	d = errwatchAsNobody(t, port, state, logs)
	await(t, "the missing right is told again", 20*time.Second, func() bool { return strings.Contains(d.said(), "permission") })
	forbid(path, 0o644)
	forbid(path+".1", 0o644)
	d.awaitDenials(38)
	d.kill()
	d = errwatchAsNobody(t, port, state, logs)
	d.awaitCaughtUp()
	d.awaitDenials(38)
	d.term()
}

// errwatchAsNobody starts the daemon as a user who owns neither the logs nor anything else.
func errwatchAsNobody(t *testing.T, port int, state string, logs string) *daemon {
	t.Helper()
	address := fmt.Sprintf("127.0.0.1:%d", port)
	args := []string{binary, "run", "--listen", address, "--state", state, logs}
	if os.Getuid() == 0 {
		args = append([]string{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--"}, args...)
	}
	d := &daemon{process: start(t, args[0], args[1:]...), url: "http://" + address}
	await(t, "errwatch is ready", 20*time.Second, func() bool { return status(d.url+"/-/ready") == 200 })
	return d
}

// What was seen and goes before it can be read is told, to the byte: here half a line, and no copy.
func TestLostBytes(t *testing.T) {
	t.Parallel()
	dir, port := t.TempDir(), freePort(t)
	path := filepath.Join(dir, "meeting.log")
	log := newLog(t, path)
	d := errwatch(t, port, t.TempDir(), dir)
	log.denials(10, time.Now())
	const half = "2026-11-20T10:15:23.000Z ERROR [room] onError code=30"
	if _, err := log.f.WriteString(half); err != nil {
		t.Fatal(err)
	}
	await(t, "the half line is seen", 20*time.Second, func() bool {
		return d.metric(`errwatch_source_lag_bytes{source="default"}`) == float64(len(half))
	})
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	log.denials(3, time.Now())
	d.awaitDenials(13)
	await(t, "the loss is told", 30*time.Second, func() bool {
		return d.metric(`errwatch_lost_bytes_total{source="default"}`) == float64(len(half))
	})
	if v := d.metric(`errwatch_truncations_total{source="default"}`); v != 1 {
		t.Errorf("%v truncations, want 1", v)
	}
	d.term()
}

// The machine lost its power: the end of the log, which nobody had synced, is gone, and the state knows more. What is
// written then counts, and nothing of the rest again.
func TestLogLostItsEnd(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		keep func(one int64) int64 // bytes that are left, of 1,000 lines of so many bytes
	}{
		{"between lines", func(one int64) int64 { return 600 * one }},
		{"in a line", func(one int64) int64 { return 600*one - one/2 }},
		{"to nothing", func(int64) int64 { return 0 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir, state, port := t.TempDir(), t.TempDir(), freePort(t)
			path := filepath.Join(dir, "meeting.log")
			log := newLog(t, path)
			log.denials(1, time.Now())
			one, err := log.f.Stat()
			if err != nil {
				t.Fatal(err)
			}
			log.denials(999, time.Now())
			d := errwatch(t, port, state, dir)
			d.awaitDenials(1000)
			d.kill()
			if err := os.Truncate(path, c.keep(one.Size())); err != nil {
				t.Fatal(err)
			}
			d = errwatch(t, port, state, dir)
			d.awaitCaughtUp()
			log.denials(500, time.Now())
			await(t, "what is new is counted", 30*time.Second, func() bool { return d.metric(denialSeries) >= 1500 })
			d.term()
			d = errwatch(t, port, state, dir)
			d.awaitCaughtUp()
			d.awaitDenials(1500)
			d.term()
		})
	}
}

// A writer without O_APPEND leaves a hole as large as its log was: it costs neither memory nor lines.
func TestHole(t *testing.T) {
	t.Parallel()
	dir, port := t.TempDir(), freePort(t)
	path := filepath.Join(dir, "meeting.log")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	log := &logFile{t, f}
	d := errwatch(t, port, t.TempDir(), dir)
	log.denials(100, time.Now())
	d.awaitDenials(100)
	if _, err := f.Seek(8<<30, 0); err != nil { // as if it had written 8 GiB
		t.Fatal(err)
	}
	if err := f.Truncate(0); err != nil {
		t.Fatal(err)
	}
	log.denials(50, time.Now())
	d.awaitDenials(150)
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", d.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(raw), "VmHWM:")
	var kib int
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		t.Fatal(err)
	}
	if kib > 200<<10 {
		t.Errorf("%d MiB resident", kib>>10)
	}
	d.term()
}

// A rotated file's last line has no line end. It counts when its writer lets go of it, and not before; of a copy it never
// counts.
func TestLastLineWithoutEnd(t *testing.T) {
	t.Parallel()
	dir, port := t.TempDir(), freePort(t)
	path := filepath.Join(dir, "meeting.log")
	log := newLog(t, path)
	d := errwatch(t, port, t.TempDir(), dir)
	log.denials(5, time.Now())
	if _, err := log.f.WriteString("2026-11-20T10:15:23.000Z ERROR [room] onError code=3014 name=ERROR_GET_VIDEO_MEDIA_PERMISSION_DENIED"); err != nil {
		t.Fatal(err)
	}
	d.awaitDenials(5)
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	next := newLog(t, path)
	next.denials(2, time.Now())
	d.awaitDenials(7)
	if err := log.f.Close(); err != nil {
		t.Fatal(err)
	}
	d.awaitDenials(8)
	d.term()
}

// A FIFO among the logs is told and disturbs nobody; errwatch never opens it for reading, so its writer stays blocked.
func TestFIFOAmongTheLogs(t *testing.T) {
	t.Parallel()
	dir, port := t.TempDir(), freePort(t)
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe.log"), 0o644); err != nil {
		t.Fatal(err)
	}
	log := newLog(t, filepath.Join(dir, "meeting.log"))
	d := errwatch(t, port, t.TempDir(), dir)
	log.denials(5, time.Now())
	d.awaitDenials(5)
	if v := d.metric(`errwatch_source_errors_total{reason="not_regular",source="default"}`); v != 1 {
		t.Errorf("%v errors told, want 1", v)
	}
	d.term()
}
