package app

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/errwatch/errwatch/internal/alert"
	"github.com/errwatch/errwatch/internal/sim"
)

// shortRule fires at the third denial within five minutes.
const shortRule = `
rules:
  - {name: Spike, match: {codes: ["3014"]}, count: {above: 2}, window: 5m}
`

// The first value that a scrape sees of a source's events holds all of its backlog, so no increase() does.
func TestBacklogIsOneValue(t *testing.T) {
	t.Parallel()
	r := newRig(t, "rules: []\n")
	want := int64(3)
	for i := range 3 {
		var text bytes.Buffer
		truth, err := sim.Text(&text, 1<<20, sim.TextOptions{Seed: uint64(i)})
		if err != nil {
			t.Fatal(err)
		}
		want += truth.Events["3014"]
		r.write(fmt.Sprintf("%d.log", i), text.String()+denials(1))
	}
	looked := make(chan struct{})
	r.breakCommits(func() error { <-looked; return nil })
	r.start()
	r.wantMetrics("before the end of the backlog", map[string]string{denialSeries: "", `errwatch_late_events_total{source="meeting"}`: ""})
	close(looked)
	var first string
	r.until("events are shown", func() bool { first = r.metrics()[denialSeries]; return first != "" })
	if first != fmt.Sprint(want) {
		t.Errorf("the first value is %s, want %d", first, want)
	}
	r.write("0.log", denials(3))
	r.until("three more are shown", func() bool { return r.metrics()[denialSeries] == fmt.Sprint(want+3) })
}

// What fired and resolved within the backlog is nobody's page any more; what still fires is told, once.
func TestBacklogTellsWhatStillFires(t *testing.T) {
	t.Parallel()
	now := time.Now()
	tests := []struct {
		name string
		log  string
		want []string
	}{
		{"over within the lines", denialsAt(now.Add(-3*time.Hour), 3) + denialsAt(now.Add(-time.Hour), 1), nil},
		{"over since the last line", denialsAt(now.Add(-3*time.Hour), 3), nil},
		{"still firing", denialsAt(now.Add(-3*time.Hour), 3) + denialsAt(now.Add(-time.Hour), 1) + denialsAt(now.Add(-time.Minute), 3), []string{"Spike firing"}},
		{"never fired", denialsAt(now.Add(-30*time.Minute), 2) + denialsAt(now.Add(-20*time.Minute), 2) + denialsAt(now, 2), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newReceiver(t)
			r := newRig(t, shortRule+h.config())
			r.write("a.log", tt.log)
			r.start()
			r.until("the backlog is read", func() bool { return r.metrics()[denialSeries] != "" })
			if err := r.stop(); err != nil { // which sends what waits
				t.Fatal(err)
			}
			if got := h.told(); !slices.Equal(got, tt.want) {
				t.Errorf("told %q, want %q", got, tt.want)
			}
		})
	}
}

// An alert that fired before errwatch was down is told to be over, whether the lines say so or their end does; and one
// that still fires is told again to an Alertmanager, which would forget it, but not to a webhook.
func TestAlertsOverRestart(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		down time.Duration
		log  func(now time.Time) string
		want []string
	}{
		{"over within the lines", 3 * time.Hour, func(now time.Time) string { return denialsAt(now.Add(-time.Hour), 1) }, []string{"Spike firing", "Spike resolved"}},
		{"over since the last line", 3 * time.Hour, func(time.Time) string { return "" }, []string{"Spike firing", "Spike resolved"}},
		{"over not long ago", 10 * time.Minute, func(time.Time) string { return "" }, []string{"Spike firing", "Spike resolved"}},
		{"still firing, no lines", 0, func(time.Time) string { return "" }, []string{"Spike firing"}},
		{"still firing, more lines", 0, func(now time.Time) string { return denialsAt(now, 2) }, []string{"Spike firing"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newReceiver(t)
			r := newRig(t, shortRule+h.config())
			r.write("a.log", denials(3))
			r.start()
			r.untilTold(h, "it fires", func() bool { return len(h.told()) == 1 && len(h.alertmanager()) > 0 })
			if err := r.stop(); err != nil {
				t.Fatal(err)
			}
			before := h.alertmanager()
			r.pass(tt.down)
			r.write("a.log", tt.log(r.now()))
			r.start()
			r.untilTold(h, "they hear of it", func() bool {
				// An Alertmanager takes an alert for over that it has not heard of for so long.
				return len(h.told()) == len(tt.want) && (len(h.alertmanager()) > len(before) || tt.down > time.Hour)
			})
			if err := r.stop(); err != nil {
				t.Fatal(err)
			}
			if got := h.told(); !slices.Equal(got, tt.want) {
				t.Errorf("told %q, want %q", got, tt.want)
			}
			for _, a := range h.alertmanager() {
				if a.StartsAt != before[0].StartsAt || a.Labels["alertname"] != "Spike" || a.Labels["instance"] != "here" {
					t.Errorf("Alertmanager is told %+v, before %+v", a, before[0])
				}
			}
		})
	}
}

// alertmanager is what an Alertmanager was told.
func (r *receiver) alertmanager() []amAlert {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.alerts)
}

// midday is a present for tests that need none.
func midday() time.Time { return time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC) }

// While backlog is read the rules live by the times in the lines.
func TestRulesLiveByTheLinesInBacklog(t *testing.T) {
	t.Parallel()
	s := newStill(t, meetingSource+shortRule, midday, nil)
	burst := midday().Add(-10 * time.Hour)
	s.take(denialsAt(burst, 3))
	s.commit()
	if a := s.alerts(); len(a) != 1 || a[0].State != alert.Firing || !a[0].StartsAt.Equal(burst) {
		t.Fatalf("alerts in the burst: %+v, want one that fires since %s", a, burst)
	}
	s.take(denialsAt(burst.Add(10*time.Minute), 1))
	s.commit()
	if a := s.alerts(); len(a) != 1 || a[0].State != alert.Resolved || a[0].EndsAt.Sub(burst) > 5*time.Minute || a[0].EndsAt.Sub(burst) < 4*time.Minute {
		t.Errorf("ten minutes later: %+v, want it resolved about five minutes after %s", a, burst)
	}
	s.goLive()
	s.commit()
	if a := s.alerts(); len(a) != 0 {
		t.Errorf("live: %+v, want nothing of so long ago", a)
	}
}

func (s *still) alerts() []alert.Alert {
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	return s.p.rules.Alerts()
}

// Notifications wait for the end of the backlog, but for no more than a minute.
func TestHoldEndsAfterAMinute(t *testing.T) {
	t.Parallel()
	s := newStill(t, meetingSource+shortRule+"receivers: [{name: hook, webhook: {url: \"http://127.0.0.1:1\"}}]\n", midday, nil)
	s.take(denialsAt(midday().Add(-time.Minute), 3))
	for _, wait := range []time.Duration{0, time.Second, holdAtMost - 1} {
		s.p.watchSources(wait)
		s.commit()
		if n := s.waiting(); n != 0 {
			t.Errorf("after %s: %d messages in the outbox, want none", wait, n)
		}
	}
	s.p.watchSources(holdAtMost)
	s.commit()
	if n := s.waiting(); n != 1 {
		t.Errorf("after %s: %d messages in the outbox, want one", holdAtMost, n)
	}
}

// The end of the waiting is a commit of its own: receivers are to hear of what fires since before the start.
func TestHoldEndsWithACommit(t *testing.T) {
	t.Parallel()
	s := newStill(t, meetingSource+"rules: []\n", midday, nil)
	commits := 0
	s.p.published = func() { commits++ }
	for _, step := range []struct {
		running time.Duration
		want    int
	}{{0, 1}, {time.Second, 1}, {holdAtMost, 2}, {2 * holdAtMost, 2}} {
		s.p.watchSources(step.running)
		s.commit()
		if commits != step.want {
			t.Errorf("after %s there were %d commits, want %d", step.running, commits, step.want)
		}
	}
}

// waiting is how many messages the state holds for receivers.
func (s *still) waiting() int64 {
	s.t.Helper()
	var r StateReport
	if err := s.p.db.Read(s.t.Context(), r.readOutbox); err != nil {
		s.t.Fatal(err)
	}
	return r.Waiting
}

// A rule about too few events says nothing before it has watched for a whole window.
func TestTooFewIsJudgedAfterAWindow(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	now := midday()
	clock := func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	pass := func(d time.Duration) { mu.Lock(); defer mu.Unlock(); now = now.Add(d) }
	s := newStill(t, meetingSource+"rules: [{name: Few, match: {codes: [\"3014\"]}, count: {below: 5}, window: 10m}]\n", clock, nil)
	s.commit() // before anything is read
	s.take(denialsAt(clock(), 1))
	s.commit()
	s.goLive()
	for range 9 {
		pass(time.Minute)
		s.commit()
		if a := s.alerts(); len(a) > 0 {
			t.Fatalf("%s after the first line: %+v", clock().Sub(midday()), a)
		}
	}
	pass(2 * time.Minute)
	s.commit()
	if a := s.alerts(); len(a) != 1 || a[0].State != alert.Firing {
		t.Errorf("after eleven minutes: %+v, want that it fires", a)
	}
}

// An event counts at the time in its line: too late for the windows it still counts in the counters, and a time to come
// is taken to be now.
func TestLateAndFutureEvents(t *testing.T) {
	t.Parallel()
	s := newStill(t, meetingSource+shortRule, midday, nil)
	s.goLive()
	s.take(denialsAt(midday(), 1) + denialsAt(midday().Add(-time.Hour), 2) + denialsAt(midday().Add(90*time.Second), 1))
	s.take(strings.Replace(denialsAt(midday(), 1), midday().Format("2006-01-02T15:04:05.000Z"), "", 1)) // no time: that of reading
	s.p.watchSources(0)
	s.publish()
	s.commit()
	s.wantCounters(map[string]float64{
		denialSeries: 5,
		`errwatch_late_events_total{source="meeting"}`:                           2,
		`errwatch_time_corrections_total{reason="future",source="meeting"}`:      1,
		`errwatch_time_corrections_total{reason="skew",source="meeting"}`:        0,
		`errwatch_rule_value{rule="Spike"}`:                                      3,
		`errwatch_source_time_skew_seconds{source="meeting"}`:                    0,
		`errwatch_alerts{rule="Spike",severity="warning",state="firing"}`:        1,
		`errwatch_lines_total{source="meeting"}`:                                 5,
		`errwatch_skipped_lines_total{reason="too_long",source="meeting"}`:       0,
		`errwatch_code_conflicts_total{source="meeting"}`:                        0,
		`errwatch_source_errors_total{reason="broken_symlink",source="meeting"}`: 0,
	})
}

// Where twenty events in a row are far from the clock, the source's times are not believed until one is near it again.
func TestSkewedSource(t *testing.T) {
	t.Parallel()
	s := newStill(t, meetingSource+shortRule, midday, nil)
	s.goLive()
	s.publish()
	skewed := midday().Add(-time.Hour) // a wrong zone
	const (
		skew        = `errwatch_source_time_skew_seconds{source="meeting"}`
		corrections = `errwatch_time_corrections_total{reason="skew",source="meeting"}`
		late        = `errwatch_late_events_total{source="meeting"}`
		value       = `errwatch_rule_value{rule="Spike"}`
	)
	for _, step := range []struct {
		what string
		log  string
		want map[string]float64
	}{
		{"nineteen", denialsAt(skewed, 19), map[string]float64{skew: 0, corrections: 0, late: 19, value: 0}},
		{"one that is right", denialsAt(midday(), 1), map[string]float64{skew: 0, corrections: 0, late: 19, value: 1}},
		{"nineteen again", denialsAt(skewed, 19), map[string]float64{skew: 0, corrections: 0, late: 38, value: 1}},
		{"the twentieth and two more", denialsAt(skewed, 3), map[string]float64{skew: 3600, corrections: 3, late: 38, value: 4}},
		{"one that is just near enough", denialsAt(midday().Add(-2*time.Minute), 1), map[string]float64{skew: 0, corrections: 3, late: 38, value: 5}},
	} {
		s.take(step.log)
		s.commit()
		s.wantCounters(step.want)
		if t.Failed() {
			t.Fatalf("after %s", step.what)
		}
	}
}
