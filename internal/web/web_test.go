package web

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/errwatch/errwatch/internal/alert"
)

// fixed is a View of given values.
type fixed struct {
	status Status
	counts []Count
	alerts []alert.Alert
	rules  []Rule
}

func (f fixed) Status() Status        { return f.status }
func (f fixed) Counts() []Count       { return f.counts }
func (f fixed) Alerts() []alert.Alert { return f.alerts }
func (f fixed) Rules() []Rule         { return f.rules }
func (f fixed) Alert(id string) (alert.Alert, bool) {
	for _, a := range f.alerts {
		if a.ID == id {
			return a, true
		}
	}
	return alert.Alert{}, false
}

const hostile = `<script>alert(1)</script>"'&` + "\x1b[31m"

func example() fixed {
	now := time.Date(2026, 11, 20, 10, 30, 0, 0, time.UTC)
	fire := alert.Alert{
		ID: "7k2m9q", Rule: "Spike", State: alert.Firing, ActiveAt: now.Add(-14 * time.Minute), StartsAt: now.Add(-14 * time.Minute),
		Labels: alert.FromMap(map[string]string{"alertname": "Spike", "severity": "critical", "source": hostile}),
		Value:  63, Peak: 80, Threshold: 20, Above: true, Window: 5 * time.Minute, Summary: "63 denials on " + hostile,
		Evidence: alert.Evidence{
			Codes:   []alert.Count{{Value: "3014", N: 51}},
			Top:     map[string][]alert.Count{"meeting": {{Value: hostile, N: 22}}},
			Samples: []string{"onError " + hostile},
		},
	}
	pending := alert.Alert{ID: "p1", Rule: "Full", State: alert.Pending, ActiveAt: now, Labels: alert.FromMap(map[string]string{"alertname": "Full"})}
	over := alert.Alert{ID: "r1", Rule: "Old", State: alert.Resolved, ActiveAt: now, StartsAt: now, EndsAt: now, Labels: alert.FromMap(map[string]string{"alertname": "Old"})}
	return fixed{
		status: Status{
			Version: "1", Instance: "host", Started: now.Add(-time.Hour), Now: now, Durable: true,
			Sources:   []Source{{Name: hostile, Paths: []string{"/var/log/*.log"}, Lines: 1234567, Errors: map[string]int64{"permission": 2}}},
			Receivers: []Receiver{{Name: "am", Sent: 3}},
		},
		counts: []Count{{Source: "meeting", Code: "3014", Name: "ERROR_X", Category: "permission", Value: 51}, {Code: "4009"}},
		alerts: []alert.Alert{fire, pending, over},
		rules:  []Rule{{Name: "Spike", Severity: "critical", Threshold: 20, Value: 63}, {Name: "Quiet", Threshold: 10, Value: 4}},
	}
}

func handler(v View, change ...func(*Options)) http.Handler {
	o := Options{
		View: v, Metrics: http.NotFoundHandler(), Ready: func() bool { return true },
		Reload: func(context.Context) error { return nil }, Logger: slog.New(slog.DiscardHandler),
	}
	for _, c := range change {
		c(&o)
	}
	return New(o)
}

func get(t *testing.T, h http.Handler, method, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, path, nil))
	return w
}

func TestPagesEscapeWhatComesFromLogs(t *testing.T) {
	t.Parallel()
	h := handler(example())
	for _, path := range []string{"/", "/alerts/7k2m9q", "/rules/Spike", "/rules/%3Cscript%3Ealert(1)%3C%2Fscript%3E", "/alerts/" + "%3Cscript%3Ealert(1)%3C%2Fscript%3E"} {
		w := get(t, h, "GET", path)
		if strings.Contains(w.Body.String(), "<script") {
			t.Errorf("%s holds a script element", path)
		}
		if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: Content-Security-Policy %q", path, csp)
		}
		for _, far := range []string{"http://", "https://", "style="} {
			if strings.Contains(w.Body.String(), far) {
				t.Errorf("%s holds %q: nothing is fetched from elsewhere, no inline style", path, far)
			}
		}
	}
}

func TestHomeShowsWhatMatters(t *testing.T) {
	t.Parallel()
	body := get(t, handler(example()), "GET", "/").Body.String()
	for _, want := range []string{
		"<title>(1) firing – errwatch</title>", "● 1 firing", "◐ 1 pending", `href="/alerts/7k2m9q"`, "1 quiet rule", "Quiet at 40 %",
		"1 more codes stand at zero", "1,234,567", "permission 2", `href="/metrics"`, "○ resolved",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

func TestHomeWithoutAnything(t *testing.T) {
	t.Parallel()
	w := get(t, handler(fixed{}), "GET", "/")
	for _, want := range []string{"○ nothing fires", "No error was counted yet", "No source is configured", "the state cannot be written"} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("the empty page lacks %q", want)
		}
	}
	if w := get(t, handler(fixed{}), "GET", "/alerts/none"); w.Code != 404 {
		t.Errorf("an unknown alert: status %d, want 404", w.Code)
	}
	if w := get(t, handler(fixed{}), "GET", "/nothing"); w.Code != 404 {
		t.Errorf("an unknown path: status %d, want 404", w.Code)
	}
}

func TestAPIHasPrometheusForm(t *testing.T) {
	t.Parallel()
	h := handler(example())
	var alerts struct {
		Status string
		Data   struct {
			Alerts []struct {
				Labels, Annotations map[string]string
				State, ActiveAt     string
				Value               string
			}
		}
	}
	decode(t, get(t, h, "GET", "/api/v1/alerts"), &alerts)
	if n := len(alerts.Data.Alerts); alerts.Status != "success" || n != 2 {
		t.Fatalf("status %q, %d alerts; want success and 2 (a resolved one is none)", alerts.Status, n)
	}
	if a := alerts.Data.Alerts[0]; a.State != "firing" || a.Value != "6.3e+01" || a.Labels["source"] != hostile || a.Annotations["summary"] == "" {
		t.Errorf("first alert: %+v", a)
	}
	var rules struct {
		Data struct {
			Groups []struct {
				Rules []struct {
					Name, State, Type, Health string
					Alerts                    []any
				}
			}
		}
	}
	decode(t, get(t, h, "GET", "/api/v1/rules"), &rules)
	got := rules.Data.Groups[0].Rules
	if len(got) != 2 || got[0].State != "firing" || len(got[0].Alerts) != 1 || got[1].State != "inactive" || got[1].Type != "alerting" {
		t.Errorf("rules: %+v", got)
	}
	var status struct{ Data Status }
	decode(t, get(t, h, "GET", "/api/v1/status"), &status)
	if status.Data.Sources[0].Lines != 1234567 {
		t.Errorf("status: %+v", status.Data)
	}
	var counts struct{ Data struct{ Counts []Count } }
	decode(t, get(t, h, "GET", "/api/v1/counts"), &counts)
	if len(counts.Data.Counts) != 2 || counts.Data.Counts[0].Value != 51 {
		t.Errorf("counts: %+v", counts.Data)
	}
}

func decode(t *testing.T, w *httptest.ResponseRecorder, into any) {
	t.Helper()
	if ct := w.Header().Get("Content-Type"); ct != "application/json" {
		t.Errorf("Content-Type %q", ct)
	}
	if err := json.Unmarshal(w.Body.Bytes(), into); err != nil {
		t.Fatal(err)
	}
}

func TestProbesAndReload(t *testing.T) {
	t.Parallel()
	if w := get(t, handler(fixed{}), "GET", "/-/healthy"); w.Code != 200 {
		t.Errorf("healthy: %d", w.Code)
	}
	unready := handler(fixed{}, func(o *Options) { o.Ready = func() bool { return false } })
	if w := get(t, unready, "GET", "/-/ready"); w.Code != 503 {
		t.Errorf("not ready: %d, want 503", w.Code)
	}
	if w := get(t, handler(fixed{}), "GET", "/-/reload"); w.Code != 405 {
		t.Errorf("GET reload: %d, want 405", w.Code)
	}
	if w := get(t, handler(fixed{}), "POST", "/-/reload"); w.Code != 200 {
		t.Errorf("reload: %d", w.Code)
	}
	bad := handler(fixed{}, func(o *Options) { o.Reload = func(context.Context) error { return errors.New("line 3") } })
	if w := get(t, bad, "POST", "/-/reload"); w.Code != 500 || !strings.Contains(w.Body.String(), "line 3") {
		t.Errorf("bad reload: %d %q", w.Code, w.Body)
	}
	cross := httptest.NewRequest("POST", "/-/reload", nil)
	cross.Header.Set("Sec-Fetch-Site", "cross-site")
	w := httptest.NewRecorder()
	handler(fixed{}).ServeHTTP(w, cross)
	if w.Code != 403 {
		t.Errorf("reload from another site: %d, want 403", w.Code)
	}
}

func TestMetricsListenerServesNothingElse(t *testing.T) {
	t.Parallel()
	h := NewMetrics(Options{View: example(), Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200) }), Ready: func() bool { return true }})
	for path, want := range map[string]int{"/metrics": 200, "/-/healthy": 200, "/-/ready": 200, "/": 404, "/api/v1/alerts": 404, "/debug/pprof/": 404} {
		if w := get(t, h, "GET", path); w.Code != want {
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		}
	}
}

func TestProfilesOnlyWhenEnabled(t *testing.T) {
	t.Parallel()
	if w := get(t, handler(fixed{}), "GET", "/debug/pprof/"); w.Code != 404 {
		t.Errorf("off: %d", w.Code)
	}
	on := handler(fixed{}, func(o *Options) { o.Pprof = true })
	if w := get(t, on, "GET", "/debug/pprof/"); w.Code != 200 {
		t.Errorf("on: %d", w.Code)
	}
}

func TestServe(t *testing.T) {
	t.Parallel()
	s, err := Listen("127.0.0.1:0", "", handler(fixed{}), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve() }()
	resp, err := http.Get("http://" + s.Addr().String() + "/-/healthy")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	if string(body) != "errwatch is healthy.\n" {
		t.Errorf("body %q", body)
	}
	s.Shutdown(t.Context())
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestBasicAuth(t *testing.T) {
	t.Parallel()
	// The password is "secret"; a low cost keeps the test quick.
	config := filepath.Join(t.TempDir(), "web.yaml")
	text := "basic_auth_users:\n  ops: $2a$04$Yk3AGPrXNpQj.9uJeLQrV.CcUYxpeBt93URWs5zqLFzeA1Toq9hIe\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Listen("127.0.0.1:0", config, handler(fixed{}), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	go s.Serve()
	defer s.Shutdown(t.Context())
	for password, want := range map[string]int{"": 401, "wrong": 401, "secret": 200} {
		req, err := http.NewRequest("GET", "http://"+s.Addr().String()+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		if password != "" {
			req.SetBasicAuth("ops", password)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want || !s.Secured() {
			t.Errorf("with the password %q: %d, want %d", password, resp.StatusCode, want)
		}
	}
}

func TestListenSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	log := slog.New(slog.DiscardHandler)
	if _, err := Listen("127.0.0.1:0", "/nowhere/web.yaml", nil, log); err == nil || !strings.Contains(err.Error(), "/nowhere/web.yaml") {
		t.Errorf("a missing web configuration: %v", err)
	}
	s, err := Listen("127.0.0.1:0", "", nil, log)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Shutdown(t.Context())
	if _, err := Listen(s.Addr().String(), "", nil, log); err == nil || !strings.Contains(err.Error(), s.Addr().String()) {
		t.Errorf("a taken address: %v", err)
	}
}

func TestNumber(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", -1234567: "-1,234,567", 100000: "100,000"} {
		if got := number(n); got != want {
			t.Errorf("number(%d) = %q, want %q", n, got, want)
		}
	}
}

// The page of a rule holds its runbook where the links of alerts lead to, and the alerts that it has raised.
func TestRulePage(t *testing.T) {
	t.Parallel()
	v := example()
	v.rules[0].Query, v.rules[0].Runbook, v.rules[0].FirstCheck = "count of 3014 > 20 in 5m", "# Spike\n<b>", "Look."
	body := get(t, handler(v), "GET", "/rules/Spike").Body.String()
	for _, want := range []string{
		"count of 3014 &gt; 20 in 5m", `id="runbook"`, "# Spike\n&lt;b&gt;", "Look.", `href="/alerts/7k2m9q"`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q:\n%s", want, body)
		}
	}
	if strings.Contains(body, "/alerts/p1") {
		t.Error("the page shows the alert of another rule")
	}
	if w := get(t, handler(v), "GET", "/rules/None"); w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "No such rule") {
		t.Errorf("an unknown rule: %d\n%s", w.Code, w.Body)
	}
}
