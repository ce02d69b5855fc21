//go:build e2e

package test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// binary is the errwatch under test, built once.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "errwatch-e2e-")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "errwatch")
	build := exec.Command("go", "build", "-o", binary, "../cmd/errwatch")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		panic(fmt.Sprintf("%v\n%s", err, out))
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// process is a program that runs for a test.
type process struct {
	t    *testing.T
	cmd  *exec.Cmd
	done chan struct{}
	err  error

	mu  sync.Mutex
	log bytes.Buffer
}

// start runs a program until the test ends. What it says is shown where the test fails.
func start(t *testing.T, name string, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(name, args...), done: make(chan struct{})}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p.cmd.Stdout, p.cmd.Stderr = w, w
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("starting %s: %v", name, err)
	}
	w.Close()
	go p.collect(r)
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(name), p.said())
		}
	})
	return p
}

func (p *process) collect(r io.Reader) {
	s := bufio.NewScanner(r)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		p.mu.Lock()
		p.log.WriteString(s.Text() + "\n")
		p.mu.Unlock()
	}
}

func (p *process) said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// kill is kill -9.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.done
}

// term asks for an orderly end and waits for it.
func (p *process) term() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	select {
	case <-p.done:
		if p.err != nil {
			p.t.Errorf("the end was not orderly: %v", p.err)
		}
	case <-time.After(30 * time.Second):
		p.t.Fatal("no end within 30 s")
	}
}

// await polls until ok, or fails the test.
func await(t *testing.T, what string, within time.Duration, ok func() bool) time.Duration {
	t.Helper()
	started := time.Now()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for time.Since(started) < within {
		if ok() {
			return time.Since(started)
		}
		<-tick.C
	}
	t.Fatalf("waited %s in vain: %s", within, what)
	return 0
}

// freePort returns a port that was free a moment ago.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// daemon is a running errwatch.
type daemon struct {
	*process
	url string
}

// errwatch starts the daemon on a fixed port, so that a restart is scraped as the same target.
func errwatch(t *testing.T, port int, state string, args ...string) *daemon {
	t.Helper()
	address := fmt.Sprintf("127.0.0.1:%d", port)
	d := &daemon{process: start(t, binary, append([]string{"run", "--listen", address, "--state", state}, args...)...), url: "http://" + address}
	await(t, "errwatch is ready", 20*time.Second, func() bool { return status(d.url+"/-/ready") == 200 })
	return d
}

// metric returns the value of the one series whose line starts with name, -1 where there is none.
func (d *daemon) metric(series string) float64 {
	for line := range strings.Lines(body(d.url + "/metrics")) {
		if rest, ok := strings.CutPrefix(line, series+" "); ok {
			var v float64
			fmt.Sscan(rest, &v)
			return v
		}
	}
	return -1
}

func status(url string) int {
	resp, err := http.Get(url)
	if err != nil {
		return 0
	}
	resp.Body.Close()
	return resp.StatusCode
}

func body(url string) string {
	resp, err := http.Get(url)
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	return string(b)
}

// prometheus starts a Prometheus that scrapes one target four times a second.
func prometheus(t *testing.T, target int) (baseURL string) {
	t.Helper()
	dir, port := t.TempDir(), freePort(t)
	config := write(t, filepath.Join(dir, "prometheus.yml"), fmt.Sprintf(`
scrape_configs:
  - job_name: errwatch
    scrape_interval: 250ms
    scrape_timeout: 250ms
    static_configs: [{targets: ["127.0.0.1:%d"]}]
`, target))
	url := fmt.Sprintf("http://127.0.0.1:%d", port)
	start(t, "prometheus", "--config.file="+config, "--storage.tsdb.path="+filepath.Join(dir, "data"),
		fmt.Sprintf("--web.listen-address=127.0.0.1:%d", port), "--log.level=warn")
	await(t, "Prometheus is ready", 30*time.Second, func() bool { return status(url+"/-/ready") == 200 })
	return url
}

// query returns the value of an instant query, NaN as an error; ok is false where the result is empty.
func query(t *testing.T, prom, q string) (value float64, ok bool) {
	t.Helper()
	var r struct {
		Status string
		Error  string
		Data   struct {
			Result []struct{ Value [2]any }
		}
	}
	text := body(prom + "/api/v1/query?query=" + url.QueryEscape(q))
	if err := json.Unmarshal([]byte(text), &r); err != nil || r.Status != "success" {
		t.Fatalf("query %s: %v %s", q, err, text)
	}
	switch len(r.Data.Result) {
	case 0:
		return 0, false
	case 1:
		if _, err := fmt.Sscan(r.Data.Result[0].Value[1].(string), &value); err != nil {
			t.Fatal(err)
		}
		return value, true
	}
	t.Fatalf("query %s: %d results", q, len(r.Data.Result))
	return 0, false
}

// alertmanager starts an Alertmanager without a cluster.
func alertmanager(t *testing.T) (baseURL string) {
	t.Helper()
	dir, port := t.TempDir(), freePort(t)
	config := write(t, filepath.Join(dir, "alertmanager.yml"), "route: {receiver: none}\nreceivers: [{name: none}]\n")
	url := fmt.Sprintf("http://127.0.0.1:%d", port)
	start(t, "prometheus-alertmanager", "--config.file="+config, "--storage.path="+filepath.Join(dir, "data"),
		fmt.Sprintf("--web.listen-address=127.0.0.1:%d", port), "--cluster.listen-address=", "--log.level=warn")
	await(t, "Alertmanager is ready", 30*time.Second, func() bool { return status(url+"/-/ready") == 200 })
	return url
}

// amAlert is an alert as Alertmanager's API shows it.
type amAlert struct {
	Labels       map[string]string
	Annotations  map[string]string
	StartsAt     time.Time
	EndsAt       time.Time
	GeneratorURL string
	Status       struct{ State string }
}

// alerts lists what an Alertmanager holds as active.
func alerts(t *testing.T, am, matcher string) []amAlert {
	t.Helper()
	var out []amAlert
	text := body(am + "/api/v2/alerts?active=true&filter=" + url.QueryEscape(matcher))
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return out
}

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// logFile is a log that a test writes.
type logFile struct {
	t *testing.T
	f *os.File
}

func newLog(t *testing.T, path string) *logFile {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return &logFile{t, f}
}

// denials appends n camera denials at a time.
func (l *logFile) denials(n int, at time.Time) {
	l.t.Helper()
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, "%s ERROR [room] onError code=3014 name=ERROR_GET_VIDEO_MEDIA_PERMISSION_DENIED meetingId=ab12-cd34-ef56 participantId=p_%04d\n",
			at.UTC().Format("2006-01-02T15:04:05.000Z"), i)
	}
	if _, err := l.f.Write(b.Bytes()); err != nil {
		l.t.Fatal(err)
	}
}
