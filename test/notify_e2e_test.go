//go:build e2e

package test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// inbox is a server that keeps what is POSTed to it, by path.
type inbox struct {
	*httptest.Server
	mu  sync.Mutex
	got map[string][]string
}

func newInbox(t *testing.T) *inbox {
	t.Helper()
	b := &inbox{got: map[string][]string{}}
	b.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		b.got[r.URL.Path] = append(b.got[r.URL.Path], string(body))
		if r.URL.Path == "/v2/enqueue" {
			w.WriteHeader(http.StatusAccepted)
		}
	}))
	t.Cleanup(b.Close)
	return b
}

func (b *inbox) at(path string) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.got[path])
}

// startAM starts an Alertmanager on a folder that a restart uses again.
func startAM(t *testing.T, dir string, port int, config string, more ...string) *process {
	t.Helper()
	p := start(t, "prometheus-alertmanager", append([]string{
		"--config.file=" + config, "--storage.path=" + filepath.Join(dir, "data"),
		fmt.Sprintf("--web.listen-address=127.0.0.1:%d", port), "--log.level=warn",
	}, more...)...)
	await(t, "Alertmanager is ready", 30*time.Second, func() bool { return status(fmt.Sprintf("http://127.0.0.1:%d/-/ready", port)) == 200 })
	return p
}

// shipped is the configuration that we ship, with the addresses and secrets of this test, and less patience.
func shipped(t *testing.T, dir string, b *inbox) string {
	t.Helper()
	for _, name := range []string{"alertmanager.yml", "errwatch.tmpl"} {
		text, err := os.ReadFile(filepath.Join("..", "deploy", "alertmanager", name))
		if err != nil {
			t.Fatal(err)
		}
		changed := strings.NewReplacer(
			"/etc/alertmanager/slack-url", write(t, filepath.Join(dir, "slack-url"), b.URL+"/slack"),
			"/etc/alertmanager/pagerduty-key", write(t, filepath.Join(dir, "pagerduty-key"), "R0UTINGKEY"),
			"http://127.0.0.1:8080/watchdog", b.URL+"/watchdog",
			"group_interval: 1m", "group_interval: 1s",
			"\nroute:", "\nglobal: {pagerduty_url: \""+b.URL+"/v2/enqueue\"}\nroute:",
		).Replace(string(text))
		write(t, filepath.Join(dir, name), changed)
	}
	return filepath.Join(dir, "alertmanager.yml")
}

const evidenceConfig = `
server: {external_url: "http://errwatch.example.com"}
sources: [{name: meeting, paths: [%q]}]
alerts: {watchdog: false, external_labels: {instance: one}}
rules:
  - name: CameraDenials
    match: {codes: ["3014"]}
    count: {above: 20}
    window: 15s
    by: [source, meeting]
    severity: critical
    summary: "{{ $value }} camera denials in {{ $labels.meeting }}"
    runbook_url: "https://runbooks.example.com/camera?a=1&b=2"
    first_check: "client release or browser update?"
receivers:
  - {name: am, alertmanager: {urls: [%s]}}
  - {name: hook, webhook: {url: %q}, interval: 1s}
`

// evident starts errwatch with the configuration above.
func evident(t *testing.T, dir string, b *inbox, ams ...string) *daemon {
	t.Helper()
	config := write(t, filepath.Join(dir, "config.yaml"),
		fmt.Sprintf(evidenceConfig, filepath.Join(dir, "*.log"), `"`+strings.Join(ams, `", "`)+`"`, b.URL+"/hook"))
	d := errwatch(t, freePort(t), filepath.Join(dir, "state"), "-c", config)
	await(t, "the source is known", 10*time.Second, func() bool { return d.metric(`errwatch_lines_total{source="meeting"}`) >= 0 })
	return d
}

// storm appends n camera denials in one meeting, by n people, with what Slack could take for markup.
func (l *logFile) storm(n int, meeting string) {
	l.t.Helper()
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, "%s ERROR [room] onError code=3014 name=ERROR_GET_VIDEO_MEDIA_PERMISSION_DENIED meetingId=%s participantId=p_%04d `<!channel>` & more\n",
			time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), meeting, i)
	}
	if _, err := l.f.WriteString(text.String()); err != nil {
		l.t.Error(err) // it may be another goroutine than the test's
	}
}

// hookAlert is an alert in the payload of a webhook.
type hookAlert struct {
	ID, URL, Status string
	StartsAt        time.Time `json:"starts_at"`
	Labels          map[string]string
	People          int
}

func hookAlerts(t *testing.T, bodies []string) map[string]hookAlert {
	t.Helper()
	all := map[string]hookAlert{}
	for _, text := range bodies {
		var p struct{ Alerts []hookAlert }
		if err := json.Unmarshal([]byte(text), &p); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		for _, a := range p.Alerts {
			all[a.ID] = a
		}
	}
	return all
}

// The shipped configuration of Alertmanager: two meetings of one server are one message in Slack with the evidence in it,
// and one incident; what Alertmanager shows is what errwatch said; both end.
func TestShippedAlertmanagerConfiguration(t *testing.T) {
	t.Parallel()
	dir, b, port := t.TempDir(), newInbox(t), freePort(t)
	startAM(t, dir, port, shipped(t, dir, b), "--cluster.listen-address=")
	am := fmt.Sprintf("http://127.0.0.1:%d", port)
	log := newLog(t, filepath.Join(dir, "meeting.log"))
	d := evident(t, dir, b, am)
	log.storm(30, "ab12")
	log.storm(25, "cd34")

	var got []amAlert
	await(t, "both alerts are at Alertmanager", 10*time.Second, func() bool {
		got = alerts(t, am, `alertname="CameraDenials"`)
		return len(got) == 2
	})
	said := map[string]hookAlert{}
	await(t, "the webhook has both", 10*time.Second, func() bool { said = hookAlerts(t, b.at("/hook")); return len(said) == 2 })
	for _, a := range got {
		id := filepath.Base(a.GeneratorURL)
		// Alertmanager shows times in milliseconds.
		if s := said[id]; s.URL != a.GeneratorURL || !s.StartsAt.Truncate(time.Millisecond).Equal(a.StartsAt) || !maps.Equal(s.Labels, a.Labels) {
			t.Errorf("Alertmanager shows\n%+v\nthe webhook was told\n%+v", a, s)
		}
		if a.Annotations["dashboard_url"] != a.GeneratorURL || !strings.Contains(a.Annotations["sample_1"], "<!channel>") || a.Annotations["codes"] == "" {
			t.Errorf("annotations: %v", a.Annotations)
		}
	}

	var slack string
	await(t, "Slack has one message about both", 20*time.Second, func() bool {
		for _, slack = range b.at("/slack") {
			if strings.Contains(slack, "2 firing") {
				return true
			}
		}
		return false
	})
	for _, want := range []string{"FIRING critical: CameraDenials on meeting, 2 firing", "in ab12", "in cd34", "First check: client release or browser update?", "|Evidence\\u003e", "a=1\\u0026amp;b=2|Runbook"} {
		if !strings.Contains(slack, want) {
			t.Errorf("%q is missing in\n%s", want, slack)
		}
	}
	if strings.Contains(slack, "no value") || strings.Contains(slack, `\u003c!channel`) {
		t.Errorf("a hole, or something that Slack acts on:\n%s", slack)
	}
	await(t, "the pager has it", 10*time.Second, func() bool { return len(b.at("/v2/enqueue")) > 0 })
	if e := b.at("/v2/enqueue")[0]; !strings.Contains(e, "R0UTINGKEY") || !strings.Contains(e, `"event_action":"trigger"`) || !strings.Contains(e, "camera denials in") {
		t.Errorf("%s", e)
	}

	await(t, "Slack hears of the end", 60*time.Second, func() bool {
		all := b.at("/slack")
		return strings.Contains(all[len(all)-1], "RESOLVED: CameraDenials on meeting, 2 resolved")
	})
	await(t, "the pager hears of the end", 10*time.Second, func() bool {
		all := b.at("/v2/enqueue")
		return strings.Contains(all[len(all)-1], `"event_action":"resolve"`)
	})
	d.term()
}

// Two Alertmanagers, one dies, an alert fires, the other notifies; the dead one comes back and is told, and nobody is
// notified again.
func TestOneAlertmanagerOfTwoDies(t *testing.T) {
	t.Parallel()
	b := newInbox(t)
	dirs, ports, peers := []string{t.TempDir(), t.TempDir()}, []int{freePort(t), freePort(t)}, []int{freePort(t), freePort(t)}
	urls := make([]string, 2)
	for i := range urls {
		urls[i] = fmt.Sprintf("http://127.0.0.1:%d", ports[i])
	}
	boot := func(i int) *process {
		config := write(t, filepath.Join(dirs[i], "alertmanager.yml"), fmt.Sprintf(`
route: {receiver: count, group_by: [alertname, source, meeting], group_wait: 1s, group_interval: 1s, repeat_interval: 24h}
receivers: [{name: count, webhook_configs: [{url: %q, send_resolved: false}]}]
`, b.URL+"/count"))
		return startAM(t, dirs[i], ports[i], config, fmt.Sprintf("--cluster.listen-address=127.0.0.1:%d", peers[i]),
			fmt.Sprintf("--cluster.peer=127.0.0.1:%d", peers[1-i]), "--cluster.peer-timeout=2s", "--cluster.reconnect-interval=1s", "--cluster.gossip-interval=50ms")
	}
	first := boot(0)
	boot(1)
	dir := t.TempDir()
	log := newLog(t, filepath.Join(dir, "meeting.log"))
	evident(t, dir, b, urls...)

	first.kill()
	stop := keepFiring(log)
	defer stop()
	await(t, "the living one has the alert", 5*time.Second, func() bool { return len(alerts(t, urls[1], `alertname="CameraDenials"`)) == 1 })
	await(t, "it notifies", 60*time.Second, func() bool { return len(b.at("/count")) > 0 })
	boot(0)
	await(t, "the other one has it again", 75*time.Second, func() bool { return len(alerts(t, urls[0], `alertname="CameraDenials"`)) == 1 })
	one, two := alerts(t, urls[0], `alertname="CameraDenials"`)[0], alerts(t, urls[1], `alertname="CameraDenials"`)[0]
	if !maps.Equal(one.Labels, two.Labels) || !one.StartsAt.Equal(two.StartsAt) || one.GeneratorURL != two.GeneratorURL {
		t.Errorf("they disagree:\n%+v\n%+v", one, two)
	}
	pause(5 * time.Second) // a second notification would come now
	if n := len(b.at("/count")); n != 1 {
		t.Errorf("%d notifications, want 1:\n%s", n, strings.Join(b.at("/count"), "\n"))
	}
}

// keepFiring writes lines until it is stopped, so that an alert does not end meanwhile.
func keepFiring(log *logFile) (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(2 * time.Second)
		defer tick.Stop()
		for {
			log.storm(25, "ab12")
			select {
			case <-tick.C:
			case <-done:
				return
			}
		}
	}()
	return sync.OnceFunc(func() { close(done); <-ended })
}

// latencyVariable is how many alerts TestLatency measures in each series; a few without it. What docs/notifications.md
// says was measured with 200.
const latencyVariable = "ERRWATCH_LATENCY"

// TestLatency measures the time from just before the write() of the line that crosses a threshold to the first byte of
// the POST at the receiver: one alert after the other, and each after a time in which nothing happened. It prints, and
// asserts only that everything came: a time depends on the machine.
func TestLatency(t *testing.T) {
	tries := 10
	if text := os.Getenv(latencyVariable); text != "" {
		var err error
		if tries, err = strconv.Atoi(text); err != nil || tries < 1 {
			t.Fatalf("%s=%q is no number of alerts", latencyVariable, text)
		}
	}
	const daemons = 10 // that are idle at once
	var busy latencies
	measure(t, "one", tries, func() { pause(time.Duration(100+rand.IntN(400)) * time.Millisecond) }, &busy)
	busy.print(t, "one alert after the other")

	var idle latencies
	var all sync.WaitGroup
	for i := range daemons {
		all.Go(func() {
			measure(t, fmt.Sprint("idle", i), max(1, tries/daemons), func() { pause(15*time.Second + time.Duration(rand.IntN(3000))*time.Millisecond) }, &idle)
		})
	}
	all.Wait()
	idle.print(t, "each after 15 s of silence")
}

// latencies are times by receiver.
type latencies struct {
	mu    sync.Mutex
	times map[string][]time.Duration
}

func (l *latencies) add(receiver string, d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.times == nil {
		l.times = map[string][]time.Duration{}
	}
	l.times[receiver] = append(l.times[receiver], d)
}

func (l *latencies) print(t *testing.T, what string) {
	for _, receiver := range []string{"webhook", "alertmanager"} {
		all := l.times[receiver]
		slices.Sort(all)
		if len(all) == 0 {
			t.Errorf("%s: nothing came to the %s", what, receiver)
			continue
		}
		over := 0
		for _, d := range all {
			if d > 200*time.Millisecond {
				over++
			}
		}
		at := func(q float64) time.Duration { return all[int(q*float64(len(all)-1))].Round(100 * time.Microsecond) }
		t.Logf("%s, to the first byte at the %s: p50 %s, p99 %s, most %s; over 200 ms: %d of %d", what, receiver, at(.5), at(.99), at(1), over, len(all))
	}
}

// measure runs a daemon with a rule for each try, lets each fire once, and waits for it at both receivers.
func measure(t *testing.T, name string, tries int, gap func(), out *latencies) {
	s := newStopwatch(t)
	dir := t.TempDir()
	var config strings.Builder
	fmt.Fprintf(&config, "sources: [{name: meeting, paths: [%q]}]\nalerts: {watchdog: false}\nreceivers:\n  - {name: hook, webhook: {url: %q}}\n  - {name: am, alertmanager: {urls: [%q]}}\nrules:\n",
		filepath.Join(dir, "*.log"), s.URL+"/webhook", s.URL+"/alertmanager")
	for i := range tries {
		fmt.Fprintf(&config, "  - {name: Rule%d, match: {fields: {meeting: [m%d]}}, count: {above: 1}, window: 1h}\n", i, i)
	}
	log := newLog(t, filepath.Join(dir, "meeting.log"))
	d := errwatch(t, freePort(t), filepath.Join(dir, "state"), "-c", write(t, filepath.Join(dir, "config.yaml"), config.String()))
	await(t, "the source is known", 10*time.Second, func() bool { return d.metric(`errwatch_lines_total{source="meeting"}`) >= 0 })
	for i := range tries {
		meeting := fmt.Sprint("m", i)
		log.storm(1, meeting)
		gap()
		wrote := time.Now()
		log.storm(1, meeting) // crosses
		for receiver, at := range s.wait(fmt.Sprint("Rule", i)) {
			out.add(receiver, at.Sub(wrote))
		}
	}
	d.term()
}

// stopwatch is both receivers; it knows when the first byte of each POST came.
type stopwatch struct {
	*httptest.Server
	t *testing.T

	mu   sync.Mutex
	seen map[string]map[string]time.Time // rule -> receiver -> first byte
	news chan struct{}                   // holds one
}

// timedConn notes when the first byte after its last answer came.
type timedConn struct {
	net.Conn
	mu    sync.Mutex
	first time.Time
}

type timedListener struct{ net.Listener }

func (l timedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &timedConn{Conn: c}, nil
}

func (c *timedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	if n > 0 && c.first.IsZero() {
		c.first = time.Now()
	}
	return n, err
}

func (c *timedConn) begun() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := c.first
	c.first = time.Time{}
	return at
}

type connKey struct{}

func newStopwatch(t *testing.T) *stopwatch {
	s := &stopwatch{t: t, seen: map[string]map[string]time.Time{}, news: make(chan struct{}, 1)}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(s.take))
	s.Listener = timedListener{s.Listener}
	s.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, connKey{}, c) }
	s.Start()
	t.Cleanup(s.Close)
	return s
}

var ruleName = regexp.MustCompile(`"alertname":"(Rule\d+)"`)

func (s *stopwatch) take(_ http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(r.Body)
	at := r.Context().Value(connKey{}).(*timedConn).begun()
	if err != nil {
		return
	}
	receiver, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range ruleName.FindAllStringSubmatch(string(text), -1) {
		if s.seen[m[1]] == nil {
			s.seen[m[1]] = map[string]time.Time{}
		}
		if _, again := s.seen[m[1]][receiver]; !again {
			s.seen[m[1]][receiver] = at
		}
	}
	select {
	case s.news <- struct{}{}:
	default:
	}
}

// wait waits until both receivers know of a rule.
func (s *stopwatch) wait(rule string) map[string]time.Time {
	deadline := time.After(30 * time.Second)
	for {
		s.mu.Lock()
		seen := s.seen[rule]
		done := len(seen) == 2
		s.mu.Unlock()
		if done {
			return seen
		}
		select {
		case <-s.news:
		case <-deadline:
			s.t.Errorf("%s did not come within 30 s", rule)
			return nil
		}
	}
}

// What fires is never left out for what has resolved: of twelve ends and one alert that fires, Slack and the pager show
// the latter first.
func TestShippedTemplateShowsWhatFiresFirst(t *testing.T) {
	t.Parallel()
	one := func(status, summary string) map[string]any {
		return map[string]any{
			"status": status, "labels": map[string]string{"alertname": "CameraDenials", "severity": "critical", "source": "meeting"},
			"annotations": map[string]string{"summary": summary, "description": "17 people.", "dashboard_url": "https://errwatch.example.com/alerts/x"},
		}
	}
	var all []any
	for i := range 12 {
		all = append(all, one("resolved", fmt.Sprint("over ", i)))
	}
	all = append(all, one("firing", "63 denials on meeting"))
	data, err := json.Marshal(map[string]any{
		"status": "firing", "alerts": all, "commonLabels": map[string]string{"alertname": "CameraDenials"},
		"commonAnnotations": map[string]string{"runbook_url": "https://errwatch.example.com/rules/CameraDenials#runbook"},
	})
	if err != nil {
		t.Fatal(err)
	}
	file := write(t, filepath.Join(t.TempDir(), "data.json"), string(data))
	for name, want := range map[string]string{"errwatch.slack.text": "*FIRING: 63 denials on meeting*\n17 people.\n<", "errwatch.text": "FIRING: 63 denials on meeting\n17 people.\n"} {
		out, err := exec.Command("amtool", "template", "render", "--template.glob", "../deploy/alertmanager/errwatch.tmpl",
			"--template.text", `{{ template "`+name+`" . }}`, "--template.data", file).CombinedOutput()
		got := string(out)
		if err != nil || !strings.HasPrefix(got, want) || !strings.Contains(got, "over 4") || strings.Contains(got, "over 5") || strings.Count(got, "#runbook") != 1 {
			t.Errorf("%v: %s\n%s", err, name, got)
		}
	}
}
