package app

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/errwatch/errwatch/internal/notify"
)

// receiver is a webhook and an Alertmanager that keeps what it is sent.
type receiver struct {
	*httptest.Server
	got chan struct{} // holds one: something came

	mu       sync.Mutex
	down     bool
	messages []notify.Payload
	alerts   []amAlert
	bodies   []string
}

// amAlert is what an Alertmanager is told.
type amAlert struct {
	Labels   map[string]string
	StartsAt string
	EndsAt   string
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{got: make(chan struct{}, 1)}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

// ServeHTTP takes a message, or refuses it while the receiver is down.
func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.down || err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	r.bodies = append(r.bodies, string(body))
	if strings.HasSuffix(req.URL.Path, "/api/v2/alerts") {
		var alerts []amAlert
		err = json.Unmarshal(body, &alerts)
		r.alerts = append(r.alerts, alerts...)
	} else {
		var p notify.Payload
		err = json.Unmarshal(body, &p)
		r.messages = append(r.messages, p)
	}
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	select {
	case r.got <- struct{}{}:
	default:
	}
}

func (r *receiver) setDown(down bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.down = down
}

// told lists what the webhook was told, in order: "Spike firing", "Spike resolved".
func (r *receiver) told() (out []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range r.messages {
		for _, a := range m.Alerts {
			out = append(out, m.Rule+" "+a.Status)
		}
	}
	return out
}

// sent returns all that was sent, as it was sent.
func (r *receiver) sent() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.bodies, "\n")
}

// config is the configuration of the webhook, and of the Alertmanager too.
func (r *receiver) config() string {
	return fmt.Sprintf("receivers:\n  - {name: hook, webhook: {url: %q}}\n  - {name: am, alertmanager: {urls: [%q]}}\n", r.URL, r.URL)
}

// untilTold waits until ok, which is asked each time that something came, and after each commit.
func (r *rig) untilTold(h *receiver, what string, ok func() bool) {
	r.t.Helper()
	done := make(chan struct{})
	defer close(done)
	go func() {
		for {
			select {
			case <-h.got:
				select {
				case r.news <- struct{}{}:
				default:
				}
			case <-done:
				return
			}
		}
	}()
	r.until(what, ok)
}

// What a webhook's configuration says reaches the wire: a template of one's own, and PagerDuty's form with its key.
func TestWebhookTemplates(t *testing.T) {
	t.Parallel()
	h := newReceiver(t)
	r := newBareRig(t)
	r.configureAll(`
server: {listen: "127.0.0.1:0"}
sources: [{name: meeting, paths: ["DIR/*.log"], time: {zone: UTC}}]
rules: [{name: Spike, match: {codes: ["3014"]}, count: {above: 2}, window: 1h}]
receivers:
  - {name: own, webhook: {url: "` + h.URL + `", template_file: "DIR/own.tmpl"}}
  - {name: pager, webhook: {url: "` + h.URL + `", template: pagerduty, routing_key_file: "DIR/key"}}
`)
	r.write("own.tmpl", `{"rule": "mine of {{ .Rule }}"}`)
	r.write("key", strings.Repeat("a1", 16)+"\n")
	r.start()
	r.write("a.log", denials(3))
	r.untilTold(h, "both are told", func() bool {
		return strings.Contains(h.sent(), "mine of Spike") && strings.Contains(h.sent(), strings.Repeat("a1", 16))
	})
}
