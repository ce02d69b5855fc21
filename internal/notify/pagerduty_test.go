package notify

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/errwatch/errwatch/internal/alert"
)

// pager is a receiver for PagerDuty, with the file of its key.
func pager(t *testing.T, key string) Receiver {
	t.Helper()
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(key), 0o600); err != nil {
		t.Fatal(err)
	}
	return Receiver{Name: "pager", Webhook: &Webhook{Template: "pagerduty", RoutingKeyFile: file}}
}

// TestPagerDutyIncident follows the incident of a rule with two groups: it is open while any of them fires, under one
// key, over a restart and a second time.
func TestPagerDutyIncident(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var r receiver
		dir, to := t.TempDir(), pager(t, "R0UTINGKEY\n")
		o := Options{Do: r.do, Instance: "media-1", ExternalURL: "https://errwatch.example.com"}
		g := withStore(t, newRig(t, o, to), dir).start()
		a, b := firing("a", "source", "a"), firing("b", "source", "b")
		g.commit(a)
		g.ticks(31 * time.Second)
		g.commit(b)
		g.ticks(31 * time.Second)
		g.commit(resolved(a)) // b still fires
		g.ticks(31 * time.Second)
		g.crash()
		active := g.active
		g = withStore(t, newRig(t, o, to), dir).start()
		defer func() { g.crash() }()
		g.active = active
		g.commit(resolved(b))
		g.ticks(31 * time.Second)
		g.commit(firing("c", "source", "a"))
		g.ticks(31 * time.Second)

		var actions []string
		key := "errwatch/instance=media-1/pager/Spike"
		for _, q := range r.take() {
			e := decode[pagerDutyEvent](t, q)
			actions = append(actions, e.EventAction)
			if q.url != "https://events.pagerduty.com/v2/enqueue" || e.RoutingKey != "R0UTINGKEY" || e.DedupKey != key {
				t.Errorf("%s: %+v", q.url, e)
			}
		}
		if got := strings.Join(actions, " "); got != "trigger trigger trigger resolve trigger" {
			t.Errorf("%s", got)
		}
	})
}

func TestPagerDutyEvent(t *testing.T) {
	t.Parallel()
	n, err := New([]Receiver{pager(t, "R0UTINGKEY")}, Options{Instance: "media-1", ExternalURL: "https://errwatch.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	w := n.outbox.webhooks[0]
	event := func(c content) (e pagerDutyEvent) {
		t.Helper()
		b, err := w.render(n, w.name, &message{created: tenFifteen.Add(14 * time.Minute), content: c})
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b.text, &e); err != nil {
			t.Fatal(err)
		}
		return e
	}
	e := event(content{Rule: "VideoPermissionDenialSpike", Alerts: []alert.Alert{denials()}})
	p := e.Payload
	if p.Summary != "FIRING critical: 63 camera denials in 5 min on meeting (limit 20)" || p.Source != "media-1" || p.Severity != "critical" ||
		p.Timestamp != "2026-11-20T10:15:00Z" || p.Class != "VideoPermissionDenialSpike" || p.Details["people"] != "41" || p.Details["label_severity"] != "critical" {
		t.Errorf("%+v", p)
	}
	if len(e.Links) != 2 || e.Links[0].Href != "https://errwatch.example.com/alerts/7k2m9q" || e.Links[1].Href != "https://runbooks.example.com/video" {
		t.Errorf("%+v", e.Links)
	}

	odd := denials()
	odd.Labels = alert.FromMap(map[string]string{"alertname": "X", "severity": "page", "source": "meeting", "service": "sfu"})
	odd.Summary = strings.Repeat("é", 3000)
	many := content{Rule: strings.Repeat("x", 300), More: more{Firing: 5}, Still: 2}
	for range maxListed {
		many.Alerts = append(many.Alerts, odd)
	}
	e = event(many)
	if e.Payload.Severity != "error" || e.Payload.Component != "meeting" || e.Payload.Group != "sfu" || e.Payload.Details["more"] != 45.0 || e.Payload.Details["still_firing"] != 2.0 {
		t.Errorf("%+v", e.Payload)
	}
	if len(e.DedupKey) > maxDedupKey || len(e.Links) > maxEventAlerts+1 {
		t.Errorf("key of %d bytes, %d links", len(e.DedupKey), len(e.Links))
	}
	e = event(content{Rule: "X", Alerts: []alert.Alert{odd}})
	if utf8.RuneCountInString(e.Payload.Summary) > maxEventText {
		t.Errorf("a summary of %d characters", utf8.RuneCountInString(e.Payload.Summary))
	}
}

// The routing key is a secret: it is read at each sending, and stands in no error.
func TestPagerDutyKeyFile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var r receiver
		to := pager(t, " ")
		g := newRig(t, Options{Do: r.do}, to).start()
		defer g.stop()
		g.commit(firing("a"))
		pass(10 * time.Second)
		if s := g.Stats()[0]; s.Failed == 0 || s.Dropped != 0 || s.Queue != 1 {
			t.Fatalf("with an empty file: %+v", s)
		}
		if err := os.WriteFile(to.Webhook.RoutingKeyFile, []byte("R0UTINGKEY"), 0o600); err != nil {
			t.Fatal(err)
		}
		pass(time.Minute)
		if got := r.take(); len(got) != 1 || decode[pagerDutyEvent](t, got[0]).RoutingKey != "R0UTINGKEY" {
			t.Errorf("%v", got)
		}
	})
}

// Two errwatches and two receivers have incidents of their own.
func TestDedupKey(t *testing.T) {
	t.Parallel()
	keys := map[string]bool{}
	for _, o := range []Options{{Instance: "a"}, {Instance: "b"}, {Instance: "a", ExternalLabels: map[string]string{"cluster": "eu"}}, {}} {
		n, err := New(nil, o)
		if err != nil {
			t.Fatal(err)
		}
		for _, receiver := range []string{"one", "two"} {
			for _, rule := range []string{"X", strings.Repeat("X", 300)} {
				keys[n.dedupKey(receiver, rule)] = true
			}
		}
	}
	if len(keys) != 16 {
		t.Errorf("%d keys, want 16: %v", len(keys), keys)
	}
}
