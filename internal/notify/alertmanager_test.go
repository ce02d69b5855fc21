package notify

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	commoncfg "github.com/prometheus/common/config"

	"github.com/errwatch/errwatch/internal/alert"
)

func am(urls ...string) Receiver {
	return Receiver{Name: "am", Alertmanager: &Alertmanager{URLs: urls}}
}

func TestFiringIsToldEachMinuteAndThenResolved(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var r receiver
		g := newRig(t, Options{
			Do: r.do, ExternalURL: "https://errwatch.example.com/", Instance: "media-1",
			ExternalLabels: map[string]string{"cluster": "eu", "severity": "page"},
		}, am("http://a.example.com:9093/prefix/")).start()
		defer g.stop()
		begun := time.Now()
		a := firing("a1", "source", "meeting")
		g.commit(a)
		synctest.Wait()
		got := r.take()
		if len(got) != 1 || got[0].url != "http://a.example.com:9093/prefix/api/v2/alerts" {
			t.Fatalf("at once: %+v", got)
		}
		p := decode[[]postableAlert](t, got[0])[0]
		for name, want := range map[string]string{
			"alertname": "Spike", "source": "meeting", "cluster": "eu", "instance": "media-1", "origin": "sidecar", "severity": "critical",
		} {
			if p.Labels[name] != want {
				t.Errorf("label %s is %q, want %q", name, p.Labels[name], want)
			}
		}
		if p.GeneratorURL != "https://errwatch.example.com/alerts/a1" || p.StartsAt != stamp(begun) || p.EndsAt != stamp(begun.Add(4*time.Minute)) {
			t.Errorf("%+v", p)
		}

		pass(3 * time.Minute)
		got = r.take()
		if len(got) != 3 {
			t.Fatalf("%d requests in 3 minutes, want 3", len(got))
		}
		last := decode[[]postableAlert](t, got[2])[0]
		if last.StartsAt != p.StartsAt || last.EndsAt != stamp(begun.Add(7*time.Minute)) {
			t.Errorf("the last one: %+v", last)
		}

		ended := time.Now()
		g.commit(resolved(a))
		synctest.Wait()
		if got = r.take(); len(got) != 1 || decode[[]postableAlert](t, got[0])[0].EndsAt != stamp(ended) {
			t.Fatalf("resolved: %+v", got)
		}
		pass(time.Hour)
		if got = r.take(); len(got) != 15 {
			t.Errorf("resolved was told %d more times, want 15", len(got))
		}
	})
}

func TestEveryInstanceIsToldAndNoneDelaysAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var r receiver
		r.answer = func(req *http.Request, n int) (*http.Response, error) {
			switch req.URL.Hostname() {
			case "down.example.com":
				return nil, errDown
			case "hangs.example.com":
				return hang(req, n)
			}
			return status(200), nil
		}
		g := newRig(t, Options{Do: r.do}, am("http://down.example.com", "http://hangs.example.com", "http://a.example.com", "http://b.example.com")).start()
		defer g.stop()
		for i := range 5 {
			g.commit(firing(fmt.Sprint("a", i), "source", fmt.Sprint(i)))
			synctest.Wait()
			if got := r.take(); len(got) != 2 {
				t.Fatalf("alert %d: %d instances heard of it at once, want 2", i, len(got))
			}
		}
		if s := g.Stats()[0]; s.Queue != 5 || s.Sent != 10 || s.Failed == 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestWhatFailedIsSentAgainInItsNewestState(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var r receiver
		r.answer = down
		g := newRig(t, Options{Do: r.do}, am("http://a.example.com")).start()
		defer g.stop()
		a, b := firing("a", "source", "a"), firing("b", "source", "b")
		g.commit(a, b)
		pass(10 * time.Second)
		if s := g.Stats()[0]; s.Sent != 0 || s.Queue != 2 || s.Failed < 4 || s.Failed > 20 {
			t.Errorf("while it is down: %+v", s)
		}
		g.commit(resolved(a))
		r.mu.Lock()
		r.answer = nil
		r.mu.Unlock()
		pass(45 * time.Second)
		got := r.take()
		if len(got) != 1 {
			t.Fatalf("%d requests, want one with both", len(got))
		}
		alerts := decode[[]postableAlert](t, got[0])
		if len(alerts) != 2 || alerts[0].Labels["source"] != "a" || alerts[0].EndsAt == alerts[1].EndsAt {
			t.Errorf("%+v", alerts)
		}
		if s := g.Stats()[0]; s.Sent != 2 || s.Queue != 0 {
			t.Errorf("after it: %+v", s)
		}
	})
}

func TestBatchesAndBoundedQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var r receiver
		g := newRig(t, Options{Do: r.do, QueueSize: 600}, am("http://a.example.com")).start()
		defer g.stop()
		var all []alert.Alert
		for i := range 700 {
			all = append(all, firing(fmt.Sprintf("a%03d", i), "source", fmt.Sprintf("s%03d", i)))
		}
		g.commit(all...)
		pass(time.Second)
		var sizes []int
		first := ""
		for _, q := range r.take() {
			batch := decode[[]postableAlert](t, q)
			if sizes = append(sizes, len(batch)); first == "" {
				first = batch[0].Labels["source"]
			}
		}
		if !slices.Equal(sizes, []int{256, 256, 88}) || first != "s100" {
			t.Errorf("batches of %v, first %s", sizes, first)
		}
		if s := g.Stats()[0]; s.Dropped != 100 || s.Sent != 600 {
			t.Errorf("%+v", s)
		}
	})
}

func TestRefusedBatchIsNotRepeatedAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := receiver{answer: func(_ *http.Request, n int) (*http.Response, error) {
			if n == 1 {
				return status(400), nil
			}
			return status(200), nil
		}}
		g := newRig(t, Options{Do: r.do}, am("http://a.example.com")).start()
		defer g.stop()
		g.commit(firing("a"))
		pass(59 * time.Second)
		if s := g.Stats()[0]; s.Dropped != 1 || s.Failed != 1 || s.Sent != 0 {
			t.Errorf("%+v", s)
		}
		pass(time.Second)
		if len(r.take()) != 1 {
			t.Error("the next minute did not tell it")
		}
	})
}

func TestRetryAfterIsObeyed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := receiver{answer: func(_ *http.Request, n int) (*http.Response, error) {
			if n > 1 {
				return status(200), nil
			}
			resp := status(429)
			resp.Header.Set("Retry-After", "40")
			return resp, nil
		}}
		g := newRig(t, Options{Do: r.do}, am("http://a.example.com")).start()
		defer g.stop()
		g.commit(firing("a"))
		pass(39 * time.Second)
		if len(r.take()) != 0 {
			t.Error("sent before Retry-After")
		}
		pass(2 * time.Second)
		if len(r.take()) != 1 {
			t.Error("not sent after Retry-After")
		}
	})
}

func TestOlderEndDoesNotEndTheNewerAlert(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var r receiver
		g := newRig(t, Options{Do: r.do}, am("http://a.example.com")).start()
		defer g.stop()
		old := firing("old")
		g.commit(old)
		pass(time.Second)
		old = resolved(old)
		g.commit(old)
		pass(time.Second)
		r.take()
		g.commit(firing("new")) // the same labels; the old one is still among the active ones
		pass(3*time.Minute + time.Second)
		for _, q := range r.take() {
			for _, p := range decode[[]postableAlert](t, q) {
				if p.EndsAt == stamp(old.EndsAt) {
					t.Fatalf("the old end was told again: %+v", p)
				}
			}
		}
	})
}

func TestAlertmanagerGetsWhatMatches(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var r receiver
		to := am("http://a.example.com")
		to.Match = []string{`source=~"a|b"`, `origin="sidecar"`}
		g := newRig(t, Options{Do: r.do}, to).start()
		defer g.stop()
		waits := firing("p", "source", "a", "x", "y")
		waits.State = alert.Pending
		g.commit(firing("a", "source", "a"), firing("c", "source", "ab"), waits)
		pass(time.Second)
		got := r.take()
		if len(got) != 1 || len(decode[[]postableAlert](t, got[0])) != 1 {
			t.Errorf("%+v", got)
		}
	})
}

// TestStopTellsNothing: a restart is no end of an alert, and after it the alert goes on with the same start.
func TestStopTellsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var r receiver
		a := firing("a")
		g := newRig(t, Options{Do: r.do}, am("http://a.example.com")).start()
		g.commit(a)
		synctest.Wait()
		r.take()
		g.Drain(t.Context())
		g.stop()
		if got := r.take(); len(got) != 0 {
			t.Fatalf("stopping told %s", got[0].body)
		}
		pass(30 * time.Second)
		g = newRig(t, Options{Do: r.do}, am("http://a.example.com")).start()
		defer g.stop()
		g.set(a)
		g.commit()
		synctest.Wait()
		got := r.take()
		if len(got) != 1 || decode[[]postableAlert](t, got[0])[0].StartsAt != stamp(a.StartsAt) {
			t.Errorf("after the restart: %+v", got)
		}
	})
}

// names is a DNS server.
type names struct {
	mu    sync.Mutex
	hosts []string
	err   error
}

func (n *names) LookupHost(context.Context, string) ([]string, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.hosts, n.err
}

func (n *names) set(hosts []string, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.hosts, n.err = hosts, err
}

func (n *names) LookupSRV(_ context.Context, service, proto, name string) (string, []*net.SRV, error) {
	return "", []*net.SRV{{Target: name + ".", Port: 1234}, {Target: "other.example.com.", Port: 9093}}, nil
}

func TestInstancesByDNS(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var r receiver
		dns := &names{hosts: []string{"10.0.0.1", "2001:db8::1", "10.0.0.1"}}
		g := newRig(t, Options{Do: r.do, Resolver: dns}, Receiver{Name: "am", Alertmanager: &Alertmanager{DNS: "am.example.com:9093"}}).start()
		defer g.stop()
		urls := func() (all []string) {
			for _, q := range r.take() {
				all = append(all, q.url)
			}
			slices.Sort(all)
			return all
		}
		g.commit(firing("a"))
		pass(time.Second)
		if got := urls(); !slices.Equal(got, []string{"http://10.0.0.1:9093/api/v2/alerts", "http://[2001:db8::1]:9093/api/v2/alerts"}) {
			t.Errorf("first: %v", got)
		}
		dns.set([]string{"10.0.0.2"}, nil)
		pass(time.Minute)
		if got := urls(); !slices.Equal(got, []string{"http://10.0.0.2:9093/api/v2/alerts"}) {
			t.Errorf("after a change: %v", got)
		}
		dns.set(nil, errors.New("no such host"))
		pass(time.Minute)
		if got := urls(); !slices.Equal(got, []string{"http://10.0.0.2:9093/api/v2/alerts"}) {
			t.Errorf("without an answer: %v", got)
		}
	})
}

func TestInstancesBySRV(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var r receiver
		g := newRig(t, Options{Do: r.do, Resolver: &names{}}, Receiver{Name: "am", Alertmanager: &Alertmanager{DNS: "_web._tcp.am.example.com"}}).start()
		defer g.stop()
		g.commit(firing("a"))
		pass(time.Second)
		var all []string
		for _, q := range r.take() {
			all = append(all, q.url)
		}
		slices.Sort(all)
		if !slices.Equal(all, []string{"http://_web._tcp.am.example.com:1234/api/v2/alerts", "http://other.example.com:9093/api/v2/alerts"}) {
			t.Errorf("%v", all)
		}
	})
}

func TestDNSOverTLSKnowsTheName(t *testing.T) {
	t.Parallel()
	cfg := commoncfg.DefaultHTTPClientConfig
	cfg.TLSConfig.InsecureSkipVerify = true
	l, err := newLookup(&names{hosts: []string{"10.0.0.1"}}, "am.example.com:9093", &cfg)
	if err != nil {
		t.Fatal(err)
	}
	got, err := l.addresses(t.Context())
	if err != nil || !slices.Equal(got, []string{"https://10.0.0.1:9093/api/v2/alerts"}) || l.http(&cfg).TLSConfig.ServerName != "am.example.com" {
		t.Errorf("%v %v %+v", got, err, l.http(&cfg).TLSConfig)
	}
	if cfg.TLSConfig.ServerName != "" {
		t.Error("the settings of the receiver were changed")
	}
}

func TestAnnotations(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 20, 10, 15, 0, 0, time.UTC)
	a := alert.Alert{
		ID: "7k2m9q", Rule: "Spike", State: alert.Firing, StartsAt: at, Value: 63, Peak: 71, Threshold: 20, Window: 5 * time.Minute,
		Summary: "63 camera denials", RunbookURL: "https://example.com/r", FirstCheck: "a browser update?",
		Evidence: alert.Evidence{
			Codes:   []alert.Count{{Value: "3014", N: 51}, {Value: "3015", N: 12}},
			Top:     map[string][]alert.Count{"meeting": {{Value: "ab12-cd34", N: 22}, {Value: "b", N: 5}, {Value: "c", N: 4}, {Value: "d", N: 3}, {Value: "e", N: 2}}, "user.id": {{Value: "u1", N: 3}}},
			Samples: []string{"one", "two"}, First: at, Last: at.Add(time.Second),
			People: alert.Distinct{N: 41}, Meetings: alert.Distinct{N: 9, AtLeast: true}, Before: alert.Before{Times: 3, Since: at.Add(-30 * 24 * time.Hour)},
		},
	}
	n, err := New(nil, Options{ExternalURL: "https://errwatch.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"summary": "63 camera denials", "value": "63", "peak": "71", "threshold": "20", "window": "5m", "codes": "3014=51 3015=12",
		"description": "41 people in at least 9 meetings. 63 in 5 min, limit 20. Since 10:15 UTC. 3014 51 · 3015 12. Top: meeting ab12-cd34 22 · user.id u1 3. " +
			"First check: a browser update? Seen 3x in 30 d.",
		"people": "41", "meetings": "at least 9", "top_meeting": "ab12-cd34=22 b=5 c=4 d=3 e=2", "top_user_id": "u1=3", "sample_1": "one", "sample_2": "two",
		"runbook_url": "https://example.com/r", "dashboard_url": "https://errwatch.example.com/alerts/7k2m9q",
		"first_check": "a browser update?", "seen_before": "Seen 3x in 30 d",
		"first_seen": "2026-11-20T10:15:00Z", "last_seen": "2026-11-20T10:15:01Z",
	}
	if got := n.annotations(&a, at.Add(time.Minute)); !maps.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	n, _ = New(nil, Options{})
	bare := n.annotations(&alert.Alert{Rule: "Quiet", State: alert.Firing, StartsAt: at, Value: 0.5, Peak: 0.5, Threshold: 1, Window: time.Hour}, at.Add(48*time.Hour))
	want = map[string]string{"summary": "Quiet: 0.5 (limit 1)", "description": "Since 20 Nov 10:15 UTC.", "value": "0.5", "peak": "0.5", "threshold": "1", "window": "1h"}
	if !maps.Equal(bare, want) {
		t.Errorf("got  %v\nwant %v", bare, want)
	}
	watchdog := n.annotations(&alert.Alert{Rule: "Watchdog", Condition: alert.OnAlways, State: alert.Firing, StartsAt: at, Value: 1, Summary: "alive"}, at)
	if want := (map[string]string{"summary": "alive", "description": "Since 10:15 UTC."}); !maps.Equal(watchdog, want) {
		t.Errorf("got  %v\nwant %v", watchdog, want)
	}
}
