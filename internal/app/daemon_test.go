package app

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/errwatch/errwatch/internal/config"
	"github.com/errwatch/errwatch/internal/sim"
)

func TestDaemonCountsOverRestart(t *testing.T) {
	t.Parallel()
	r := newRig(t, "")
	r.write("a.log", denials(3)+"INFO nothing\n")
	r.start()
	r.until("three are counted", func() bool { return r.count("3014") == 3 })
	r.write("a.log", denials(2))
	r.write("late.log", denials(1))
	r.until("six are counted", func() bool { return r.count("3014") == 6 })
	const series = `errwatch_events_total{category="permission",code="3014",name="ERROR_GET_VIDEO_MEDIA_PERMISSION_DENIED",source="meeting"} 6`
	if m := r.get("/metrics"); !strings.Contains(m, series) || !strings.Contains(m, `code="4009",name="MAX_PARTCIPANT_REACHED",source="meeting"} 0`) {
		t.Errorf("/metrics lacks the count or the zeros:\n%s", m)
	}
	r.write("a.log", denials(4)) // and stop at once: what is written counts
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}

	r.start()
	if m := r.get("/metrics"); !strings.Contains(m, strings.TrimSuffix(series, "6")+"10") {
		t.Errorf("the first scrape after a restart lacks the count of 10")
	}
	r.write("a.log", denials(1))
	r.until("eleven are counted", func() bool { return r.count("3014") == 11 })
	if got := (view{r.d}).Status().Sources[0]; got.Lines != 12 || got.Name != "meeting" {
		t.Errorf("status: %+v, want 12 lines", got)
	}
}

func TestReload(t *testing.T) {
	t.Parallel()
	r := newRig(t, fmt.Sprintf(spikeRule, 2))
	r.start()
	r.write("a.log", denials(3))
	r.until("the alert fires", func() bool { return len(r.d.Totals().Alerts) == 1 })
	before := r.d.Totals().Alerts[0]
	if !before.Firing || before.Summary != "3 denials" {
		t.Errorf("the alert: %+v", before)
	}

	// A bad configuration changes nothing, and is said in log and metric.
	r.configure("rules: [{name: Spike}]\n")
	resp, err := http.Post(r.url+"/-/reload", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if m := r.get("/metrics"); resp.StatusCode != 500 || !strings.Contains(m, "errwatch_config_last_reload_successful 0") {
		t.Errorf("a bad reload: status %d, and the metric does not say so", resp.StatusCode)
	}
	r.write("a.log", denials(1))
	r.until("the old configuration counts on", func() bool { return r.count("3014") == 4 })

	// A good one keeps the alert of the unchanged rule.
	r.configure(fmt.Sprintf(spikeRule, 2) + "  - {name: Other, match: {codes: [\"4009\"]}, count: {above: 9}, window: 5m}\n")
	if err := r.d.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	after := r.d.Totals().Alerts
	if len(after) != 1 || after[0].ID != before.ID || !after[0].StartsAt.Equal(before.StartsAt) || len((view{r.d}).Rules()) != 2 {
		t.Errorf("after a reload: %+v, want still %+v", after, before)
	}
	r.write("a.log", denials(1))
	r.until("the new configuration counts on", func() bool { return r.count("3014") == 5 })
	if m := r.get("/metrics"); !strings.Contains(m, "errwatch_config_last_reload_successful 1") {
		t.Error("the metric does not say that the reload worked")
	}

	// A rule that goes resolves its alert.
	r.configure("rules: []\n")
	if err := r.d.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.until("the alert is resolved", func() bool {
		a := r.d.Totals().Alerts
		return len(a) == 0 || !a[0].Firing
	})
}

func TestRunCountsAsScan(t *testing.T) {
	t.Parallel()
	r := newRig(t, "")
	var written int64
	for i, form := range sim.Forms() {
		var b bytes.Buffer
		if _, err := sim.Text(&b, 1<<20, sim.TextOptions{Seed: uint64(i), Form: form}); err != nil {
			t.Fatal(err)
		}
		written += int64(b.Len())
		r.write(string(form)+".log", b.String())
	}
	r.start()
	r.until("all is counted and shown", func() bool {
		return (view{r.d}).Status().Sources[0].Bytes == written && r.count("3014") > 0
	})
	plan := planOf(t, fmt.Sprintf(rigConfig, r.dir))
	res, err := plan.Scan(t.Context(), ScanOptions{Paths: []string{r.dir}, Workers: 2, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	scanned := map[string]int64{}
	for _, e := range res.Events {
		scanned[e.Source+" "+e.Code] += e.Count
	}
	ran := map[string]int64{}
	for _, c := range (view{r.d}).Counts() {
		if c.Value > 0 {
			ran[c.Source+" "+c.Code] += c.Value
		}
	}
	if fmt.Sprint(scanned) != fmt.Sprint(ran) {
		t.Errorf("scan counts %v\nrun counts  %v", scanned, ran)
	}
	if st := (view{r.d}).Status().Sources[0]; st.Lines != res.Lines || st.Bytes != res.Bytes {
		t.Errorf("scan: %d lines, %d bytes; run: %d lines, %d bytes", res.Lines, res.Bytes, st.Lines, st.Bytes)
	}
}

func TestSecondDaemonRefuses(t *testing.T) {
	t.Parallel()
	r := newRig(t, "")
	r.start()
	o := r.options()
	if err := New(o).Run(t.Context()); err == nil || !strings.Contains(err.Error(), fmt.Sprint(os.Getpid())) {
		t.Errorf("a second daemon on the same state: %v, want an error that names the first", err)
	}
}

func TestBadConfigurationDoesNotStart(t *testing.T) {
	t.Parallel()
	r := newRig(t, "patterns: [{name: p, regex: '('}]\n")
	var told []config.Problem
	o := r.options()
	o.Report = func(ps []config.Problem) { told = append(told, ps...) }
	if err := New(o).Run(t.Context()); err != ErrConfig {
		t.Errorf("got %v, want ErrConfig", err)
	}
	if len(told) == 0 || told[0].Line != 4 {
		t.Errorf("told %+v, want a problem in line 4", told)
	}
	if _, err := os.Stat(filepath.Join(r.dir, "state")); !os.IsNotExist(err) {
		t.Error("a state was made for a configuration that is wrong")
	}
}
