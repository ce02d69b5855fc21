package notify

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/errwatch/errwatch/internal/alert"
	"github.com/errwatch/errwatch/internal/store"
)

// request is what a fake receiver got.
type request struct {
	at     time.Time
	url    string
	header http.Header
	body   []byte
}

// receiver is the other side: it answers what answer says, and keeps what it accepted.
type receiver struct {
	mu     sync.Mutex
	got    []request
	answer func(r *http.Request, n int) (*http.Response, error) // nil: 200; n counts the tries
	tries  int
}

func (r *receiver) do(req *http.Request) (*http.Response, error) {
	body, _ := io.ReadAll(req.Body)
	r.mu.Lock()
	r.tries++
	n, answer := r.tries, r.answer
	r.mu.Unlock()
	if answer != nil {
		resp, err := answer(req, n)
		if err != nil || resp.StatusCode/100 != 2 {
			return resp, err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got = append(r.got, request{at: time.Now(), url: req.URL.String(), header: req.Header, body: body})
	return status(200), nil
}

func status(code int) *http.Response {
	return &http.Response{StatusCode: code, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(""))}
}

// take returns what was accepted since the last call.
func (r *receiver) take() []request {
	r.mu.Lock()
	defer r.mu.Unlock()
	got := r.got
	r.got = nil
	return got
}

var errDown = errors.New("connection refused")

func down(*http.Request, int) (*http.Response, error) { return nil, errDown }

// hang answers when the request is given up.
func hang(r *http.Request, _ int) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// firing makes an alert that has begun to fire now.
func firing(id string, labels ...string) alert.Alert {
	m := map[string]string{"alertname": "Spike", "severity": "critical"}
	for i := 0; i < len(labels); i += 2 {
		m[labels[i]] = labels[i+1]
	}
	return alert.Alert{
		ID: id, Rule: m["alertname"], Labels: alert.FromMap(m), State: alert.Firing,
		ActiveAt: time.Now(), StartsAt: time.Now(), Value: 21, Peak: 21, Threshold: 20, Above: true, Window: 5 * time.Minute,
		Summary: "21 camera denials in 5 min on " + id + " (limit 20)",
	}
}

func resolved(a alert.Alert) alert.Alert {
	a.State, a.EndsAt = alert.Resolved, time.Now()
	return a
}

// rig is a notifier with the pipeline's side of it: commits, and the alerts that are active.
type rig struct {
	*Notifier
	t      *testing.T
	db     *store.DB // nil: commits go nowhere
	active []alert.Alert
	stop   func()
}

func newRig(t *testing.T, o Options, receivers ...Receiver) *rig {
	t.Helper()
	n, err := New(receivers, o)
	if err != nil {
		t.Fatal(err)
	}
	return &rig{Notifier: n, t: t}
}

// start runs the notifier until the test ends, or stop.
func (g *rig) start() *rig {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { g.Run(ctx); close(done) }()
	g.stop = func() { cancel(); <-done }
	return g
}

// commit does what the pipeline does with transitions.
func (g *rig) commit(transitions ...alert.Alert) {
	g.t.Helper()
	for _, a := range transitions {
		g.set(a)
	}
	p := g.Pending(transitions)
	if g.db != nil {
		if err := g.db.Commit(context.Background(), []store.Pending{p}); err != nil {
			g.t.Fatal(err)
		}
	}
	if p.Done != nil {
		p.Done(true)
	}
	g.Committed(append([]alert.Alert(nil), g.active...), transitions)
}

func (g *rig) set(a alert.Alert) {
	for i := range g.active {
		if g.active[i].ID == a.ID {
			g.active[i] = a
			return
		}
	}
	g.active = append(g.active, a)
}

func decode[T any](t *testing.T, r request) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(r.body, &v); err != nil {
		t.Fatalf("%s: %v", r.body, err)
	}
	return v
}

// logText is where a log goes.
type logText struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *logText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// pass lets time go by, and everything settle.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}
