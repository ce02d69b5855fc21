package notify

import (
	"testing"
	"testing/synctest"
	"time"
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
