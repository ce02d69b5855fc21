//go:build e2e

package test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const denialSeries = `errwatch_events_total{category="permission",code="3014",name="ERROR_GET_VIDEO_MEDIA_PERMISSION_DENIED",source="default"}`

// A Prometheus scrapes while errwatch is killed with -9 again and again and the log rotates: no series ever goes down,
// and what it saw in all is what was written.
func TestPrometheusOverKills(t *testing.T) {
	t.Parallel()
	dir, state, port := t.TempDir(), t.TempDir(), freePort(t)
	path := filepath.Join(dir, "meeting.log")
	log := newLog(t, path)
	log.denials(1, time.Now())
	d := errwatch(t, port, state, dir)
	prom := prometheus(t, port)
	await(t, "the first value is scraped", 20*time.Second, func() bool {
		v, ok := query(t, prom, denialSeries)
		return ok && v == 1
	})

	written := 1
	for kill := range 6 {
		for range 40 {
			log.denials(25, time.Now())
			written += 25
			pause(5 * time.Millisecond)
		}
		d.kill()
		if kill%2 == 1 { // the log rotates while errwatch is down, and its writer writes on to the old file for a while
			if err := os.Rename(path, fmt.Sprintf("%s.%d", path, kill)); err != nil {
				t.Fatal(err)
			}
			log.denials(25, time.Now())
			written += 25
			log = newLog(t, path)
		}
		log.denials(25, time.Now())
		written += 25
		d = errwatch(t, port, state, dir)
	}
	await(t, "the last value is scraped", 20*time.Second, func() bool {
		v, _ := query(t, prom, denialSeries)
		return v == float64(written)
	})
	if v, ok := query(t, prom, "sum(resets("+denialSeries+"[10m]))"); !ok || v != 0 {
		t.Errorf("resets() = %v, want 0", v)
	}
	for _, name := range counters(t, prom) {
		if v, ok := query(t, prom, "sum(resets("+name+"[10m]))"); !ok || v != 0 {
			t.Errorf("resets() of %s = %v, want 0", name, v)
		}
	}
	last, _ := query(t, prom, "max_over_time("+denialSeries+"[10m])")
	first, _ := query(t, prom, "min_over_time("+denialSeries+"[10m])")
	if got := last - first; got != float64(written-1) {
		t.Errorf("last − first = %v, want %d", got, written-1)
	}
	d.term()
}

// A million old lines at the first start are no increase; three new lines are three.
func TestBacklogIsNoIncrease(t *testing.T) {
	t.Parallel()
	dir, state, port := t.TempDir(), t.TempDir(), freePort(t)
	path := filepath.Join(dir, "meeting.log")
	writeOldLines(t, path, 1_000_000)
	prom := prometheus(t, port) // it scrapes from before the first moment
	d := errwatch(t, port, state, dir)
	await(t, "the backlog is scraped", 60*time.Second, func() bool {
		v, ok := query(t, prom, denialSeries)
		return ok && v == 1_000_000
	})
	const increase = "sum(increase(" + denialSeries + "[10m]))"
	pause(2 * time.Second) // a few more scrapes, so that an increase would show
	if v, ok := query(t, prom, increase); !ok || v != 0 {
		t.Errorf("increase() over the backlog = %v (there: %t), want 0", v, ok)
	}

	newLog(t, path).denials(3, time.Now())
	await(t, "the new lines are scraped", 10*time.Second, func() bool {
		v, _ := query(t, prom, denialSeries)
		return v == 1_000_003
	})
	pause(2 * time.Second)
	if v, _ := query(t, prom, increase); math.Round(v) != 3 { // increase() extrapolates to the window's edges
		t.Errorf("increase() over three new lines = %v, want 3", v)
	}
	d.term()
}

// counters lists errwatch's own counters that must never go down. What the process counts about itself, and what it has
// sent, begins anew with each process, as in every program.
func counters(t *testing.T, prom string) []string {
	t.Helper()
	var r struct{ Data []string }
	if err := json.Unmarshal([]byte(body(prom+"/api/v1/label/__name__/values")), &r); err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, name := range r.Data {
		if strings.HasPrefix(name, "errwatch_") && strings.HasSuffix(name, "_total") && !strings.HasPrefix(name, "errwatch_notifications") {
			out = append(out, name)
		}
	}
	if len(out) < 5 {
		t.Fatalf("only %d counters: %v", len(out), out)
	}
	return out
}

// pause lets real programs run for a while; there is no event to wait for.
func pause(d time.Duration) { <-time.After(d) }

func writeOldLines(t *testing.T, path string, n int) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	at := time.Now().Add(-24 * time.Hour).UTC().Format("2006-01-02T15:04:05.000Z")
	for i := range n {
		fmt.Fprintf(w, "%s ERROR [room] onError code=3014 name=ERROR_GET_VIDEO_MEDIA_PERMISSION_DENIED meetingId=ab12-cd34-ef56 participantId=p_%d\n", at, i%500)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
