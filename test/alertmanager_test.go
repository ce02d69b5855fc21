//go:build e2e

package test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"
)

const ruleConfig = `
server: {external_url: "http://errwatch.example.com"}
sources: [{name: meeting, paths: [%q]}]
alerts: {watchdog: false, external_labels: {instance: %q}}
rules:
  - name: CameraDenials
    match: {codes: ["3014"]}
    count: {above: 20}
    window: %s
    by: [source]
    severity: critical
    labels: {team: media}
    summary: "{{ $value }} camera denials on {{ $labels.source }}"
receivers:
  - {name: am, alertmanager: {urls: [%q]}}
`

// ruled starts errwatch with one rule over one log.
func ruled(t *testing.T, port int, dir, instance, window, am string) *daemon {
	t.Helper()
	config := write(t, filepath.Join(dir, "config.yaml"), fmt.Sprintf(ruleConfig, filepath.Join(dir, "*.log"), instance, window, am))
	return errwatch(t, port, filepath.Join(dir, "state"), "-c", config)
}

// An alert reaches Alertmanager within a second of the line that crosses the threshold, with the right labels; it stays
// one alert with one start over a kill and a restart; and it resolves.
func TestAlertmanagerOverRestart(t *testing.T) {
	t.Parallel()
	am, dir, port := alertmanager(t), t.TempDir(), freePort(t)
	log := newLog(t, filepath.Join(dir, "meeting.log"))
	d := ruled(t, port, dir, "one", "15s", am)
	await(t, "the source has reached its end", 10*time.Second, func() bool { return d.metric(`errwatch_lines_total{source="meeting"}`) >= 0 })

	log.denials(20, time.Now())
	pause(time.Second)
	if got := alerts(t, am, `alertname="CameraDenials"`); len(got) != 0 {
		t.Fatalf("at the threshold, not above it: %+v", got)
	}
	log.denials(1, time.Now())
	var got []amAlert
	took := await(t, "the alert is at Alertmanager", 5*time.Second, func() bool {
		got = alerts(t, am, `alertname="CameraDenials"`)
		return len(got) > 0
	})
	t.Logf("from the line to Alertmanager's API: %s", took.Round(time.Millisecond))
	if took > time.Second {
		t.Errorf("took %s, want less than a second", took)
	}
	a := got[0]
	want := map[string]string{"alertname": "CameraDenials", "severity": "critical", "team": "media", "source": "meeting", "instance": "one", "origin": "sidecar"}
	if len(got) != 1 || fmt.Sprint(a.Labels) != fmt.Sprint(want) {
		t.Errorf("labels %v, want %v", a.Labels, want)
	}
	if s := a.Annotations["summary"]; s != "21 camera denials on meeting" {
		t.Errorf("summary %q", s)
	}

	d.kill()
	d = ruled(t, port, dir, "one", "15s", am)
	pause(time.Second)
	got = alerts(t, am, `alertname="CameraDenials"`)
	if len(got) != 1 || !got[0].StartsAt.Equal(a.StartsAt) || got[0].GeneratorURL != a.GeneratorURL {
		t.Errorf("after a kill and a restart: %+v, want still the one of %s", got, a.StartsAt)
	}

	await(t, "the alert is resolved", 30*time.Second, func() bool { return len(alerts(t, am, `alertname="CameraDenials"`)) == 0 })
	d.term()
}

// Two daemons fire the same rule; one recovers. The other's alert stays.
func TestOneOfTwoRecovers(t *testing.T) {
	t.Parallel()
	am := alertmanager(t)
	dirs := []string{t.TempDir(), t.TempDir()}
	var logs []*logFile
	var daemons []*daemon
	for i, dir := range dirs {
		logs = append(logs, newLog(t, filepath.Join(dir, "meeting.log")))
		daemons = append(daemons, ruled(t, freePort(t), dir, fmt.Sprint("host", i), []string{"5s", "1h"}[i], am))
	}
	for _, l := range logs {
		l.denials(30, time.Now())
	}
	await(t, "both alerts are there", 10*time.Second, func() bool { return len(alerts(t, am, `alertname="CameraDenials"`)) == 2 })
	await(t, "the first is resolved", 20*time.Second, func() bool { return len(alerts(t, am, `instance="host0"`)) == 0 })
	if got := alerts(t, am, `instance="host1"`); len(got) != 1 {
		t.Errorf("the second daemon's alerts: %+v, want still one", got)
	}
	for _, d := range daemons {
		d.term()
	}
	if got := alerts(t, am, `instance="host1"`); len(got) != 1 {
		t.Errorf("after the shutdown: %+v; a daemon that stops does not resolve", got)
	}
}
