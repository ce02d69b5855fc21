//go:build e2e

package test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// awaitDenials waits until errwatch shows exactly so many camera denials.
func (d *daemon) awaitDenials(n int) {
	d.t.Helper()
	await(d.t, fmt.Sprintf("%d denials are counted", n), 30*time.Second, func() bool { return d.metric(denialSeries) == float64(n) })
}

// refused runs an errwatch that must not start, and returns what it says.
func refused(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if exit, ok := err.(*exec.ExitError); !ok || exit.ExitCode() != 1 {
		t.Fatalf("%v, want exit code 1; it said:\n%s", err, out)
	}
	return string(out)
}

// Two daemons on one state folder: the second refuses and names the first, which goes on.
func TestTwoDaemonsOneState(t *testing.T) {
	t.Parallel()
	dir, state := t.TempDir(), t.TempDir()
	log := newLog(t, filepath.Join(dir, "meeting.log"))
	d := errwatch(t, freePort(t), state, dir)
	log.denials(3, time.Now())
	d.awaitDenials(3)
	said := refused(t, binary, "run", "--listen", "127.0.0.1:0", "--state", state, dir)
	if pid := strconv.Itoa(d.cmd.Process.Pid); !strings.Contains(said, pid) || !strings.Contains(said, state) {
		t.Errorf("the second says %q, want the folder and pid %s", said, pid)
	}
	log.denials(2, time.Now())
	d.awaitDenials(5)
	d.term()
}

// A state file that is damaged, or none of errwatch's, is set aside as it is, and told; a new one is begun.
func TestBadStateIsSetAside(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(t *testing.T, file string){
		"damaged": func(t *testing.T, file string) {
			f, err := os.OpenFile(file, os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			st, err := f.Stat()
			if err != nil {
				t.Fatal(err)
			}
			for at := int64(4096); at < st.Size(); at += 4096 {
				if _, err := f.WriteAt(bytes.Repeat([]byte{0xa5}, 200), at); err != nil {
					t.Fatal(err)
				}
			}
		},
		"cut": func(t *testing.T, file string) {
			if err := os.Truncate(file, 5000); err != nil {
				t.Fatal(err)
			}
		},
		"foreign": func(t *testing.T, file string) { write(t, file, "this is somebody's shopping list\n") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, state, port := t.TempDir(), t.TempDir(), freePort(t)
			log := newLog(t, filepath.Join(dir, "meeting.log"))
			log.denials(4, time.Now())
			d := errwatch(t, port, state, dir)
			d.awaitDenials(4)
			d.term()
			file := filepath.Join(state, "errwatch.db")
			spoil(t, file)
			before, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}

			d = errwatch(t, port, state, dir)
			aside, err := filepath.Glob(file + ".corrupt-*")
			if err != nil || len(aside) == 0 {
				t.Fatalf("nothing was set aside: %v", err)
			}
			after, err := os.ReadFile(aside[0])
			if err != nil || !bytes.Equal(before, after) {
				t.Errorf("what was set aside is not what was there: %v", err)
			}
			if !strings.Contains(d.said(), aside[0]) {
				t.Errorf("nothing is said of %s", aside[0])
			}
			d.awaitDenials(4) // the log is read from its beginning, as without a state
			d.term()
		})
	}
}

// room is a small disk of its own, which the processes that are started in it see.
type room struct {
	t    *testing.T
	dir  string
	pid  int
	user bool // in a user namespace
}

// newRoom mounts a disk of a megabyte on a folder, in a mount namespace that lives as long as the test.
func newRoom(t *testing.T) *room {
	t.Helper()
	r := &room{t: t, dir: t.TempDir(), user: os.Getuid() != 0}
	args := []string{"-m"}
	if r.user {
		args = []string{"-Urm"}
	}
	p := start(t, "unshare", append(args, "sh", "-c", fmt.Sprintf("mount -t tmpfs -o size=1m,mode=0700 small %q && echo mounted && exec sleep infinity", r.dir))...)
	await(t, "a small disk is mounted (that needs root or user namespaces)", 20*time.Second, func() bool { return strings.Contains(p.said(), "mounted") })
	r.pid = p.cmd.Process.Pid
	return r
}

// in returns the command that runs another one in the room.
func (r *room) in(args ...string) []string {
	enter := []string{"nsenter", "-t", strconv.Itoa(r.pid), "-m"}
	if r.user {
		enter = append(enter, "-U", "--preserve-credentials")
	}
	return append(enter, args...)
}

// path is where this process sees a file of the room.
func (r *room) path(name string) string {
	return filepath.Join("/proc", strconv.Itoa(r.pid), "root", r.dir, name)
}

func (r *room) run(args ...string) {
	r.t.Helper()
	args = r.in(args...)
	if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
		r.t.Fatalf("%v: %v\n%s", args, err, out)
	}
}

// fill takes all the room there is, to the last byte.
func (r *room) fill() {
	r.t.Helper()
	f, err := os.OpenFile(r.path("filler"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		r.t.Fatal(err)
	}
	defer f.Close()
	for size := 64 << 10; size > 0; {
		if _, err := f.Write(make([]byte, size)); err != nil {
			size /= 2
		}
	}
}

func (r *room) clear() {
	r.t.Helper()
	if err := os.Remove(r.path("filler")); err != nil {
		r.t.Fatal(err)
	}
}

// daemon starts errwatch with its state in the room.
func (r *room) daemon(port int, logs string) *daemon {
	r.t.Helper()
	address := fmt.Sprintf("127.0.0.1:%d", port)
	args := r.in(binary, "run", "--listen", address, "--state", r.dir, logs)
	d := &daemon{process: start(r.t, args[0], args[1:]...), url: "http://" + address}
	await(r.t, "errwatch is ready", 20*time.Second, func() bool { return status(d.url+"/-/ready") == http.StatusOK })
	return d
}

// The disk of the state is full: reading goes on, what is shown is first the last safe value and then, with
// errwatch_state_durable at 0, the live one. With room again all is safe again. Nothing is lost by a kill meanwhile.
func TestFullStateDisk(t *testing.T) {
	t.Parallel()
	r, dir, port := newRoom(t), t.TempDir(), freePort(t)
	log := newLog(t, filepath.Join(dir, "meeting.log"))
	d := r.daemon(port, dir)
	log.denials(10, time.Now())
	d.awaitDenials(10)
	if v := d.metric("errwatch_state_durable"); v != 1 {
		t.Errorf("with room: durable %v", v)
	}

	r.fill()
	log.denials(5, time.Now())
	await(t, "live values are shown", 30*time.Second, func() bool {
		v, durable := d.metric(denialSeries), d.metric("errwatch_state_durable")
		if durable == 1 && v > 10 {
			r.fill() // a commit found room that was there after all
		}
		return durable == 0 && v == 15
	})
	if !strings.Contains(d.said(), "make room") {
		t.Errorf("nothing is said of what to do:\n%s", d.said())
	}
	r.clear()
	await(t, "the state can be written again", 30*time.Second, func() bool { return d.metric("errwatch_state_durable") == 1 })
	log.denials(1, time.Now())
	d.awaitDenials(16)

	r.fill()
	log.denials(7, time.Now())
	d.kill()
	r.clear()
	d = r.daemon(port, dir)
	d.awaitDenials(23)
	d.term()
}

// A start on a full or a read-only disk is refused with words, or works; either way nothing is lost.
func TestStartOnBadStateDisk(t *testing.T) {
	t.Parallel()
	r, dir, port := newRoom(t), t.TempDir(), freePort(t)
	log := newLog(t, filepath.Join(dir, "meeting.log"))
	d := r.daemon(port, dir)
	log.denials(10, time.Now())
	d.awaitDenials(10)
	d.kill()
	log.denials(5, time.Now())

	r.run("mount", "-o", "remount,ro", r.dir)
	args := r.in(binary, "run", "--listen", "127.0.0.1:0", "--state", r.dir, dir)
	if said := refused(t, args[0], args[1:]...); !strings.Contains(said, "read-only") || !strings.Contains(said, r.dir) {
		t.Errorf("on a read-only disk it says %q", said)
	}
	r.run("mount", "-o", "remount,rw", r.dir)
	d = r.daemon(port, dir)
	d.awaitDenials(15)
	d.term()
}

// asNobody runs a command as a user who owns nothing, where this one may choose.
func asNobody(c *exec.Cmd) *exec.Cmd {
	if os.Getuid() == 0 {
		const nobody = 65534
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	return c
}

// public returns a folder that everybody can look into.
func public(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "errwatch-public-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	for _, d := range []string{dir, filepath.Dir(binary)} {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// errwatch state shows everything beside a running daemon, to a user who may only read.
func TestStateBesideTheDaemon(t *testing.T) {
	t.Parallel()
	dir, state := t.TempDir(), filepath.Join(public(t), "state")
	path := filepath.Join(dir, "meeting.log")
	log := newLog(t, path)
	d := errwatch(t, freePort(t), state, dir)
	log.denials(50, time.Now())
	d.awaitDenials(50)

	show := func() ([]byte, error) {
		return asNobody(exec.Command(binary, "state", "--state", state, "-o", "json")).CombinedOutput()
	}
	if os.Getuid() == 0 {
		if out, err := show(); err == nil || !strings.Contains(string(out), "permission denied") {
			t.Errorf("without the right to read: %v\n%s", err, out)
		}
	}
	for name, mode := range map[string]os.FileMode{"": 0o755, "errwatch.db": 0o644, "errwatch.db-wal": 0o644, "errwatch.db-shm": 0o644} {
		if err := os.Chmod(filepath.Join(state, name), mode); err != nil {
			t.Fatal(err)
		}
	}
	out, err := show()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var got struct {
		Size      int64
		Integrity string
		Files     []struct {
			Path              string
			Offset, Size, Lag int64
		}
		Counters []struct{ Value int64 }
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	st, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got.Integrity != "ok" || got.Size == 0 || len(got.Files) != 1 || len(got.Counters) != 1 || got.Counters[0].Value != 50 {
		t.Fatalf("%s", out)
	}
	if f := got.Files[0]; f.Path != path || f.Offset != st.Size() || f.Size != st.Size() || f.Lag != 0 {
		t.Errorf("the log has %d bytes, the state says %+v", st.Size(), f)
	}
	log.denials(1, time.Now())
	d.awaitDenials(51) // the reader was in nobody's way
	d.term()
}
