//go:build unix

package notify_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"modernc.org/sqlite"

	"github.com/errwatch/errwatch/internal/app"
	"github.com/errwatch/errwatch/internal/config"
	"github.com/errwatch/errwatch/internal/notify"
)

// An alert goes through these steps: it is evaluated; its state and its message are committed, with the position of the
// line; the message is sent; that it was sent is committed. The tests below kill the daemon with SIGKILL between each
// two of them, and start it again. Each point is named for the step that was the last.
const (
	evaluated = "evaluated" // all is written, only the end of the transaction is missing
	committed = "committed" // a connection is open, nothing was sent
	sent      = "sent"      // the webhook has all of the message, and has not answered
	told      = "told"      // Alertmanager has the alert, and has not answered
	answered  = "answered"  // the webhook has answered; only the end of the transaction that marks it is missing
	marked    = "marked"    // that transaction is done
)

// killsVariable is how often each point is tried; without it a few times, so that everybody's tests stay short. With it
// a real Alertmanager (Debian's package prometheus-alertmanager) stands behind the one of the test.
const killsVariable = "ERRWATCH_KILLS"

const fewKills = 2

func kills(t *testing.T) (n int, long bool) {
	t.Helper()
	text := os.Getenv(killsVariable)
	if text == "" {
		return fewKills, false
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s=%q is no number of tries", killsVariable, text)
	}
	return n, true
}

func TestKillPoints(t *testing.T) {
	t.Parallel()
	n, long := kills(t)
	var am *realAlertmanager
	if long {
		am = startAlertmanager(t)
	}
	duplicates := map[string]*atomic.Int64{}
	t.Run("points", func(t *testing.T) {
		for _, point := range []string{evaluated, committed, sent, told, answered, marked} {
			duplicates[point] = &atomic.Int64{}
			for i := range n {
				t.Run(fmt.Sprintf("%s/%d", point, i), func(t *testing.T) {
					t.Parallel()
					k := newKill(t, point, fmt.Sprintf("%s-%d", point, i), am)
					k.run()
					duplicates[point].Add(int64(k.check()))
				})
			}
		}
	})
	for point, d := range duplicates {
		t.Logf("%s: %d kills, %d messages twice, none lost", point, n, d.Load())
		// What was acknowledged and marked is never sent again; what was never sent is sent once.
		if (point == evaluated || point == committed || point == marked) && d.Load() > 0 {
			t.Errorf("%s: %d messages came twice", point, d.Load())
		}
	}
	if am != nil {
		am.check(6 * n)
	}
}

// kill is one try: a daemon on a folder of its own, and the receivers that it sends to.
type kill struct {
	t     *testing.T
	point string
	name  string // the external label that tells the alert of this try from those of the others
	dir   string
	real  *realAlertmanager

	mu     sync.Mutex
	child  *daemon
	armed  bool // the next thing that the point is about kills
	posts  []post
	alerts []amPost
	acked  int
}

type post struct {
	key  string
	body string
}

// amPost is what an Alertmanager identifies an alert by, and what it shows of it.
type amPost struct{ Labels, StartsAt, GeneratorURL string }

func newKill(t *testing.T, point, name string, real *realAlertmanager) *kill {
	k := &kill{t: t, point: point, name: name, dir: t.TempDir(), real: real}
	hook := httptest.NewUnstartedServer(http.HandlerFunc(k.hook))
	hook.Listener = listener{hook.Listener, k}
	hook.Start()
	t.Cleanup(hook.Close)
	am := httptest.NewServer(http.HandlerFunc(k.alertmanager))
	t.Cleanup(am.Close)
	k.write("config.yaml", fmt.Sprintf(`
server: {listen: "127.0.0.1:0", external_url: "https://errwatch.example.com"}
state: {dir: %q}
sources: [{name: meeting, paths: [%q], time: {zone: UTC}}]
rules: [{name: Spike, match: {codes: ["3014"]}, count: {above: 20}, window: 1h, severity: critical}]
alerts: {watchdog: false, external_labels: {try: %q}}
receivers:
  - {name: hook, webhook: {url: %q}, interval: 1s}
  - {name: am, alertmanager: {urls: [%q]}}
`, filepath.Join(k.dir, "state"), filepath.Join(k.dir, "*.log"), name, hook.URL, am.URL))
	k.write("meeting.log", "")
	return k
}

func (k *kill) write(name, text string) {
	k.t.Helper()
	f, err := os.OpenFile(filepath.Join(k.dir, name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		k.t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		k.t.Fatal(err)
	}
}

// run fires an alert, lets the daemon be killed, and starts it again until everything has arrived.
func (k *kill) run() {
	k.t.Helper()
	k.start(k.point)
	k.mu.Lock()
	k.armed = true
	k.mu.Unlock()
	line := time.Now().UTC().Format("2006-01-02T15:04:05.000Z") + " ERROR [room] onError code=3014 meetingId=ab12 participantId=p_1\n"
	k.write("meeting.log", strings.Repeat(line, 21))
	if err := k.child.wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		k.t.Fatalf("the daemon was not killed: %v\n%s", err, k.child.log())
	}
	k.start("")
	k.until("everything has arrived", func(s status) bool {
		k.mu.Lock()
		defer k.mu.Unlock()
		return k.acked > 0 && len(k.alerts) > 0 && s.waiting() == 0
	})
	if err := k.child.stop(); err != nil {
		k.t.Fatalf("%v\n%s", err, k.child.log())
	}
}

// check returns how many messages came once more than they should.
func (k *kill) check() (twice int) {
	k.t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.posts) < 1 || len(k.posts) > 2 {
		k.t.Fatalf("%d posts, want one, and at most one more", len(k.posts))
	}
	var p notify.Payload
	if err := json.Unmarshal([]byte(k.posts[0].body), &p); err != nil || len(p.Alerts) != 1 || p.Alerts[0].Status != "firing" {
		k.t.Fatalf("%v: %s", err, k.posts[0].body)
	}
	for _, x := range k.posts {
		if x != k.posts[0] || x.key != p.Key || x.key == "" {
			k.t.Errorf("two different posts:\n%+v\n%+v", k.posts[0], x)
		}
	}
	labels, _ := json.Marshal(p.Alerts[0].Labels)
	want := amPost{string(labels), p.Alerts[0].StartsAt, p.Alerts[0].URL}
	for _, a := range k.alerts {
		if a != want {
			k.t.Errorf("Alertmanager was told %+v, the webhook %+v", a, want)
		}
	}
	return len(k.posts) - 1
}

// reached kills the daemon if this is the point where it is to die.
func (k *kill) reached(point string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.armed || k.point != point {
		return false
	}
	k.armed = false
	_ = k.child.cmd.Process.Kill() // it cannot have ended
	<-k.child.done
	return true
}

// listener is the webhook's: a connection from a daemon that is to die before it sends is closed unread.
type listener struct {
	net.Listener
	k *kill
}

func (l listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil || !l.k.reached(committed) {
			return c, err
		}
		c.Close()
	}
}

func (k *kill) hook(_ http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	k.mu.Lock()
	k.posts = append(k.posts, post{r.Header.Get("Idempotency-Key"), string(body)})
	k.mu.Unlock()
	if k.reached(sent) {
		return
	}
	k.mu.Lock()
	k.acked++
	k.mu.Unlock()
}

// alertmanager keeps what it is told, and passes it on to the real one.
func (k *kill) alertmanager(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	var alerts []struct {
		Labels                 json.RawMessage
		StartsAt, GeneratorURL string
	}
	if err := json.Unmarshal(body, &alerts); err != nil {
		k.t.Errorf("%v: %s", err, body)
	}
	k.mu.Lock()
	for _, a := range alerts {
		k.alerts = append(k.alerts, amPost{string(a.Labels), a.StartsAt, a.GeneratorURL})
	}
	k.mu.Unlock()
	code := http.StatusOK
	if k.real != nil {
		code = k.real.forward(r.URL.Path, body)
	}
	if !k.reached(told) {
		w.WriteHeader(code)
	}
}

// status is what the daemon says of itself.
type status struct {
	Data struct {
		Sources []struct {
			CaughtUp bool `json:"caught_up"`
		}
		Receivers []struct {
			Queue int `json:"queue_length"`
		}
	}
}

func (s *status) waiting() (n int) {
	for _, r := range s.Data.Receivers {
		n += r.Queue
	}
	return n
}

// patience is far more than anything takes, also on a machine that does much else.
const patience = 3 * time.Minute

// until asks the daemon for its status until it is as it should be.
func (k *kill) until(what string, ok func(status) bool) {
	k.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for {
		var s status
		if resp, err := http.Get(k.child.url + "/api/v1/status"); err == nil {
			err = json.NewDecoder(resp.Body).Decode(&s)
			resp.Body.Close()
			if err == nil && ok(s) {
				return
			}
		}
		select {
		case <-tick.C:
		case <-k.child.done:
			k.t.Fatalf("the daemon ended: %v\n%s", k.child.err, k.child.log())
		case <-deadline:
			k.t.Fatalf("waited in vain: %s\n%s", what, k.child.log())
		}
	}
}

// start starts the daemon, and waits until it has read what there is.
func (k *kill) start(point string) {
	k.t.Helper()
	child, err := startDaemon(k.dir, point)
	if err != nil {
		k.t.Fatal(err)
	}
	k.t.Cleanup(child.kill)
	k.mu.Lock()
	k.child = child
	k.mu.Unlock()
	if point != "" {
		k.until("the source is read to its end", func(s status) bool { return len(s.Data.Sources) == 1 && s.Data.Sources[0].CaughtUp })
	}
}

// daemon is errwatch in a process of its own: this test's binary in another role.
type daemon struct {
	cmd  *exec.Cmd
	url  string
	done chan struct{}
	err  error

	mu   sync.Mutex
	text bytes.Buffer
}

// What tells the test's binary that it is a daemon: the folder, and where it is to die.
const dirVariable, pointVariable = "ERRWATCH_TEST_DIR", "ERRWATCH_TEST_POINT"

func startDaemon(dir, point string) (*daemon, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	d := &daemon{cmd: exec.Command(self), done: make(chan struct{})}
	d.cmd.Env = append(os.Environ(), dirVariable+"="+dir, pointVariable+"="+point)
	d.cmd.Stderr = d
	out, err := d.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := d.cmd.Start(); err != nil {
		return nil, err
	}
	address, err := bufio.NewReader(out).ReadString('\n')
	go func() {
		_, _ = io.Copy(io.Discard, out) // it says nothing more
		d.err = d.cmd.Wait()
		close(d.done)
	}()
	if err != nil {
		d.kill()
		return nil, fmt.Errorf("the daemon did not start: %w\n%s", err, d.log())
	}
	d.url = "http://" + strings.TrimSpace(address)
	return d, nil
}

func (d *daemon) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.text.Write(p)
}

func (d *daemon) log() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.text.String()
}

func (d *daemon) kill() {
	_ = d.cmd.Process.Kill() // it may have ended
	<-d.done
}

// wait waits for the end of a daemon. One that does not end says what it does, in its log.
func (d *daemon) wait() error {
	select {
	case <-d.done:
		return d.err
	case <-time.After(patience):
	}
	_ = d.cmd.Process.Signal(syscall.SIGQUIT) // it may end at this moment
	<-d.done
	return errors.New("it still ran")
}

func (d *daemon) stop() error {
	if err := d.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return d.wait()
}

func TestMain(m *testing.M) {
	if dir := os.Getenv(dirVariable); dir != "" {
		if err := beDaemon(dir, os.Getenv(pointVariable)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// beDaemon is the child: the whole daemon, and a hook on its database by which it kills itself.
func beDaemon(dir, point string) error {
	s := &seam{point: point}
	sqlite.RegisterConnectionHook(s.connect)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	return app.New(app.Options{
		Load: func() (*config.Config, []config.Problem) {
			return config.Load(config.LoadOptions{Path: filepath.Join(dir, "config.yaml")})
		},
		Report:    func(ps []config.Problem) { fmt.Fprintln(os.Stderr, config.Format(ps)) },
		Version:   "test",
		Instance:  "here",
		Now:       time.Now,
		Logger:    slog.New(slog.NewTextHandler(os.Stderr, nil)),
		Listening: func(a net.Addr) { fmt.Println(a) },
		Published: func(*app.Daemon) { s.published() },
	}).Run(ctx)
}

// seam looks at what goes into the outbox and out of it.
type seam struct {
	point             string
	inserted, deleted atomic.Bool
}

func (s *seam) connect(conn sqlite.ExecQuerierContext, _ string) error {
	hooks, ok := conn.(sqlite.HookRegisterer)
	if !ok {
		return errors.New("a connection without hooks")
	}
	hooks.RegisterPreUpdateHook(func(d sqlite.SQLitePreUpdateData) {
		if d.TableName != "outbox" {
			return
		}
		switch d.Op {
		case opInsert:
			s.inserted.Store(true)
		case opDelete:
			s.deleted.Store(true)
		}
	})
	hooks.RegisterCommitHook(func() int32 {
		if s.point == evaluated && s.inserted.Load() || s.point == answered && s.deleted.Load() {
			die()
		}
		return 0
	})
	return nil
}

// SQLite's numbers for what a statement does.
const opDelete, opInsert = 9, 18

func (s *seam) published() {
	if s.point == marked && s.deleted.Load() {
		die()
	}
}

// die is kill -9, from inside.
func die() {
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL) // what could fail here
	select {}
}

// realAlertmanager is Debian's, with a receiver that counts its notifications.
type realAlertmanager struct {
	t   *testing.T
	url string

	mu       sync.Mutex
	notified map[string]int // by the label try
}

func startAlertmanager(t *testing.T) *realAlertmanager {
	t.Helper()
	a := &realAlertmanager{t: t, notified: map[string]int{}}
	receiver := httptest.NewServer(http.HandlerFunc(a.receive))
	t.Cleanup(receiver.Close)
	dir := t.TempDir()
	file := filepath.Join(dir, "alertmanager.yml")
	if err := os.WriteFile(file, fmt.Appendf(nil, `
route: {receiver: count, group_by: ["..."], group_wait: 100ms, group_interval: 1s, repeat_interval: 24h}
receivers: [{name: count, webhook_configs: [{url: %q, send_resolved: false}]}]
`, receiver.URL), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	var said bytes.Buffer
	cmd := exec.Command("prometheus-alertmanager", "--config.file="+file, "--storage.path="+filepath.Join(dir, "data"),
		"--web.listen-address="+address, "--cluster.listen-address=", "--log.level=warn")
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatalf("%s wants a real Alertmanager: %v", killsVariable, err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("Alertmanager said:\n%s", said.String())
		}
	})
	a.url = "http://" + address
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); ; <-tick.C {
		if resp, err := http.Get(a.url + "/-/ready"); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return a
			}
		}
		if time.Now().After(deadline) {
			t.Fatal("Alertmanager does not become ready")
		}
	}
}

func (a *realAlertmanager) receive(_ http.ResponseWriter, r *http.Request) {
	var n struct {
		Alerts []struct{ Labels map[string]string }
	}
	if err := json.NewDecoder(r.Body).Decode(&n); err != nil {
		a.t.Error(err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, x := range n.Alerts {
		a.notified[x.Labels["try"]]++
	}
}

func (a *realAlertmanager) forward(path string, body []byte) int {
	resp, err := http.Post(a.url+path, "application/json", bytes.NewReader(body))
	if err != nil {
		a.t.Error(err)
		return http.StatusBadGateway
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(resp.Body)
		a.t.Errorf("Alertmanager answers %s: %s", resp.Status, text)
	}
	return resp.StatusCode
}

// check waits until every try was notified, and then for as long as a second notification would take.
func (a *realAlertmanager) check(tries int) {
	a.t.Helper()
	count := func() int {
		a.mu.Lock()
		defer a.mu.Unlock()
		return len(a.notified)
	}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); count() < tries && time.Now().Before(deadline); {
		<-tick.C
	}
	<-time.After(5 * time.Second)
	a.mu.Lock()
	defer a.mu.Unlock()
	for name, n := range a.notified {
		if n != 1 {
			a.t.Errorf("Alertmanager notified %d times of %s, want once", n, name)
		}
	}
	if len(a.notified) != tries {
		a.t.Errorf("Alertmanager notified of %d alerts, want %d", len(a.notified), tries)
	}
	a.t.Logf("Alertmanager notified of %d alerts, each once", len(a.notified))
}
