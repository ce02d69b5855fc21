//go:build e2e

package test

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// torture builds the program of test/torture once and returns its path.
var torture = sync.OnceValue(func() string {
	path := filepath.Join(filepath.Dir(binary), "torture")
	if out, err := exec.Command("go", "build", "-o", path, "./torture").CombinedOutput(); err != nil {
		panic(fmt.Sprintf("%v\n%s", err, out))
	}
	return path
})

// penAccount is what a writer process says that it has written.
type penAccount struct {
	Error  string
	Counts []int64 // complete lines by class: class i has the code firstCode+i
	Lines  int64
}

// pen is a process that writes a log, a line at a time, and reopens it when it is hung up on.
type pen struct {
	t   *testing.T
	cmd *exec.Cmd
	in  *json.Encoder
	out *json.Decoder
}

const firstCode, tortureClasses = 9000, 200

// newPen starts a writer in a folder: app00.log there. It writes when it is told to go on.
func newPen(t *testing.T, dir, kind string, rate int) *pen {
	t.Helper()
	p := &pen{t: t, cmd: exec.Command(torture(), "writer", "-held", "-dir", dir, "-kinds", kind, "-rate", fmt.Sprint(rate),
		"-classes", fmt.Sprint(tortureClasses))}
	p.cmd.Stderr = os.Stderr
	in, err := p.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.in, p.out = json.NewEncoder(in), json.NewDecoder(out)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := p.cmd.Wait(); err != nil {
			t.Errorf("the writer: %v", err)
		}
	})
	p.do("ask") // the log is there when it answers
	return p
}

// do has it hold, go on, or say what it has written.
func (p *pen) do(what string) penAccount {
	p.t.Helper()
	var a penAccount
	if err := p.in.Encode(map[string]string{"Do": what}); err != nil {
		p.t.Fatal(err)
	}
	if err := p.out.Decode(&a); err != nil && err != io.EOF {
		p.t.Fatal(err)
	}
	if a.Error != "" {
		p.t.Fatal(a.Error)
	}
	return a
}

// onDisk counts the lines that stand whole in the files of a folder.
func onDisk(t *testing.T, dir string) penAccount {
	t.Helper()
	out, err := exec.Command(torture(), "count", dir).Output()
	if err != nil {
		t.Fatal(err)
	}
	var a penAccount
	if err := json.Unmarshal(out, &a); err != nil {
		t.Fatal(err)
	}
	return a
}

// classes reads the events that errwatch shows, by class.
func (d *daemon) classes() []int64 {
	out := make([]int64, tortureClasses)
	for line := range strings.Lines(body(d.url + "/metrics")) {
		series, value, _ := strings.Cut(strings.TrimSpace(line), "} ")
		if !strings.HasPrefix(series, "errwatch_events_total{") {
			continue
		}
		_, code, _ := strings.Cut(series, `code="`)
		var c int
		var v float64
		if n, _ := fmt.Sscanf(code, "%4d\"", &c); n == 1 && c >= firstCode && c < firstCode+tortureClasses {
			fmt.Sscan(value, &v)
			out[c-firstCode] += int64(v)
		}
	}
	return out
}

// awaitClasses waits until errwatch has counted at least floor of each class, and holds it to ceiling.
func (d *daemon) awaitClasses(floor, ceiling []int64) {
	d.t.Helper()
	var got []int64
	await(d.t, "errwatch has counted all", time.Minute, func() bool {
		got = d.classes()
		for i := range got {
			if got[i] < floor[i] {
				return false
			}
		}
		return true
	})
	for i := range got {
		if got[i] > ceiling[i] {
			d.t.Errorf("code %d: counted %d times, written %d times", firstCode+i, got[i], ceiling[i])
		}
	}
}

// tortured writes a configuration that knows the codes of a pen, and follows the logs of a folder.
func tortured(t *testing.T, dir string, extra string) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "sources: [{name: torture, paths: [%q]}]\n%scodes:\n", filepath.Join(dir, "*.log"), extra)
	for i := range tortureClasses {
		fmt.Fprintf(&b, "  - {code: %d, name: CLASS_%d, category: torture}\n", firstCode+i, i)
	}
	return write(t, filepath.Join(t.TempDir(), "errwatch.yaml"), b.String())
}

// sourceStatus is what the API says of a source.
type sourceStatus struct {
	Files     int   `json:"files"`
	LagBytes  int64 `json:"lag_bytes"`
	CaughtUp  bool  `json:"caught_up"`
	LostBytes int64 `json:"lost_bytes"`
}

// source returns the status of the one source.
func (d *daemon) source() sourceStatus {
	var s struct {
		Data struct{ Sources []sourceStatus }
	}
	if json.Unmarshal([]byte(body(d.url+"/api/v1/status")), &s) != nil || len(s.Data.Sources) != 1 {
		return sourceStatus{}
	}
	return s.Data.Sources[0]
}

func (d *daemon) awaitCaughtUp() {
	d.t.Helper()
	await(d.t, "errwatch has caught up", time.Minute, func() bool { return d.source().CaughtUp })
}
