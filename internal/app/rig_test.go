package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/errwatch/errwatch/internal/config"
	"github.com/errwatch/errwatch/internal/source"
)

// rig is a daemon under test on a folder of its own.
type rig struct {
	t      *testing.T
	dir    string
	config string
	news   chan struct{} // something was committed
	log    *logBuffer
	stdin  io.Reader
	reload <-chan os.Signal

	frozen time.Time    // where set, time passes for the daemon by pass alone
	blocks source.Ahead // how files are read ahead
	ahead  atomic.Int64 // how far the daemon's clock is ahead of the wall
	commit atomic.Pointer[func() error]

	d    *Daemon
	url  string
	stop func() error // ends the daemon in good order
}

// logBuffer is a log that may be read while it is written.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// lines returns the lines that hold all of these words.
func (l *logBuffer) lines(words ...string) (out []string) {
next:
	for line := range strings.Lines(l.String()) {
		for _, w := range words {
			if !strings.Contains(line, w) {
				continue next
			}
		}
		out = append(out, line)
	}
	return out
}

const rigConfig = `
server: {listen: "127.0.0.1:0"}
sources: [{name: meeting, paths: ["%s/*.log"], time: {zone: UTC}}]
`

// newRig makes a rig with one source, meeting, of all *.log in its folder, and more configuration.
func newRig(t *testing.T, more string) *rig {
	t.Helper()
	r := newBareRig(t)
	r.configure(more)
	return r
}

func newBareRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, dir: t.TempDir(), news: make(chan struct{}, 1), log: &logBuffer{}}
	r.config = filepath.Join(r.dir, "config.yaml")
	return r
}

// configure writes the configuration: the source and what is given.
func (r *rig) configure(more string) {
	r.t.Helper()
	if !strings.Contains(more, "alerts:") {
		more += "\nalerts: {watchdog: false}\n"
	}
	r.configureAll(fmt.Sprintf(rigConfig, r.dir) + more)
}

// configureAll writes a whole configuration, in which DIR is the folder of the rig.
func (r *rig) configureAll(text string) {
	r.t.Helper()
	if err := os.WriteFile(r.config, []byte(strings.ReplaceAll(text, "DIR", r.dir)), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) now() time.Time {
	base := r.frozen
	if base.IsZero() {
		base = time.Now()
	}
	return base.Add(time.Duration(r.ahead.Load()))
}

// pass lets time pass for the daemon.
func (r *rig) pass(d time.Duration) { r.ahead.Add(int64(d)) }

var errDisk = errors.New("no space left on device")

// breakCommits makes each commit end as f says; nil: commits work again.
func (r *rig) breakCommits(f func() error) {
	if f == nil {
		r.commit.Store(nil)
		return
	}
	r.commit.Store(&f)
}

func (r *rig) options() Options {
	return Options{
		Load: func() (*config.Config, []config.Problem) {
			return config.Load(config.LoadOptions{Path: r.config})
		},
		ahead: r.blocks, StateDir: filepath.Join(r.dir, "state"), Version: "test", Instance: "here", Now: r.now, Stdin: r.stdin, Reload: r.reload,
		Logger: slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Published: func(*Daemon) {
			select {
			case r.news <- struct{}{}:
			default:
			}
		},
		beforeCommit: func() error {
			if f := r.commit.Load(); f != nil {
				return (*f)()
			}
			return nil
		},
	}
}

func (r *rig) start() {
	r.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	listening, ended := make(chan net.Addr, 1), make(chan error, 1)
	o := r.options()
	o.Listening = func(a net.Addr) { listening <- a }
	r.d = New(o)
	go func() { ended <- r.d.Run(ctx) }()
	select {
	case a := <-listening:
		r.url = "http://" + a.String()
	case err := <-ended:
		cancel()
		r.t.Fatalf("the daemon did not start: %v\n%s", err, r.log)
	}
	once := sync.OnceValue(func() error { cancel(); return <-ended })
	r.stop = once
	r.t.Cleanup(func() { _ = once() })
}

// restart ends the daemon in good order and starts another on the same state.
func (r *rig) restart() {
	r.t.Helper()
	if err := r.stop(); err != nil {
		r.t.Fatal(err)
	}
	r.start()
}

// patience is how long a test waits for what must come. It is far more than anything takes.
const patience = 60 * time.Second

// until waits until ok, which is asked after each commit.
func (r *rig) until(what string, ok func() bool) {
	r.t.Helper()
	deadline := time.After(patience)
	for !ok() {
		select {
		case <-r.news:
		case <-deadline:
			r.t.Fatalf("waited in vain: %s\n%s\n%s", what, r.get("/api/v1/status"), r.log)
		}
	}
}

// fetch returns the status and body of a page.
func (r *rig) fetch(path string) (int, string) {
	r.t.Helper()
	req, err := http.NewRequest(http.MethodGet, r.url+path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	body, status := do(r.t, http.DefaultClient, req)
	return status, body
}

func do(t *testing.T, c *http.Client, req *http.Request) (body string, status int) {
	t.Helper()
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b), resp.StatusCode
}

func (r *rig) get(path string) string {
	r.t.Helper()
	_, body := r.fetch(path)
	return body
}

// count is what /metrics shows of a code, in all sources.
func (r *rig) count(code string) (n int64) {
	for _, s := range r.d.current.Load().counters.Snapshot() {
		n += r.countIn(s.Source, code)
	}
	return n
}

// countIn is what /metrics shows of a code in one source.
func (r *rig) countIn(source, code string) (n int64) {
	s := r.d.current.Load().counters.Snapshot().Source(source)
	if !s.Published {
		return 0 // it is still in its backlog: the page shows it, /metrics does not
	}
	for _, c := range s.Codes {
		if c.Code == code {
			n += c.Value
		}
	}
	return n
}

func (r *rig) write(name, text string) {
	r.t.Helper()
	f, err := os.OpenFile(filepath.Join(r.dir, name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		r.t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		r.t.Fatal(err)
	}
}

// denials are n lines of the present.
func denials(n int) string { return denialsAt(time.Now(), n) }

func denialsAt(at time.Time, n int) string {
	stamp := at.UTC().Format("2006-01-02T15:04:05.000Z")
	return strings.Repeat(stamp+" ERROR [room] onError code=3014 meetingId=ab12 participantId=p_1\n", n)
}

const spikeRule = `
rules:
  - {name: Spike, match: {codes: ["3014"]}, count: {above: %d}, window: 1h, severity: critical, summary: "{{ $value }} denials"}
`

// metrics are the values that /metrics shows, by series as they are written there.
func (r *rig) metrics() map[string]string {
	r.t.Helper()
	return seriesOf(r.get("/metrics"))
}

func seriesOf(text string) map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(text) {
		if i := strings.LastIndexByte(line, ' '); i >= 0 && line[0] != '#' {
			out[line[:i]] = strings.TrimSpace(line[i:])
		}
	}
	return out
}

// wantMetrics compares values of /metrics; the value "" wants no such series.
func (r *rig) wantMetrics(when string, want map[string]string) {
	r.t.Helper()
	got := r.metrics()
	for _, series := range slices.Sorted(maps.Keys(want)) {
		if got[series] != want[series] {
			r.t.Errorf("%s: %s is %q, want %q", when, series, got[series], want[series])
		}
	}
}
