package app

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// secrets are what stands in secretLines and is to be found nowhere else. The parts of an address count, too.
func secrets() []string {
	return []string{
		"jane.doe", "john.roe", "example.org", "eyJhbGciOiJIUzI1NiJ9", "SflKxwRJSMeKKF2QT4", "203.0.113.77", "2001:db8::77",
		"opaque-token-1", "sk_live_4711", "hunter2", "badge-815",
	}
}

// secretLines are events of two people, whose ids are e-mail addresses, with secrets at every place of a line: in fields,
// in the text, in JSON, in a string within it.
func secretLines(now time.Time) string {
	stamp := now.UTC().Format(time.RFC3339Nano)
	const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJVadQssw5c"
	return strings.ReplaceAll(strings.Join([]string{
		`STAMP ERROR [room] onError code=3014 meetingId=ab12 participantId=jane.doe@example.org token=` + jwt + ` from 203.0.113.77`,
		`STAMP ERROR [room] onError code=3014 meetingId=ab12 participantId=jane.doe@example.org Authorization: Bearer opaque-token-1`,
		`STAMP ERROR [room] onError code=3014 meetingId=ab12 participantId=john.roe@example.org peer [2001:db8::77]:443 badge-815`,
		`{"time":"STAMP","level":"error","code":3014,"meetingId":"ab12","participantId":"john.roe@example.org","api_key":"sk_live_4711","message":"of jane.doe@example.org at 203.0.113.77"}`,
		`{"time":"STAMP","level":"error","log":"{\"code\":3014,\"meetingId\":\"ab12\",\"participantId\":\"jane.doe@example.org\",\"password\":\"hunter2\"}"}`,
		`STAMP ERROR something that no pattern knows, of jane.doe@example.org with ` + jwt,
		``,
	}, "\n"), "STAMP", stamp)
}

const privacyConfig = `
server: {listen: "127.0.0.1:0"}
sources: [{name: meeting, paths: ["DIR/*.log"], time: {zone: UTC}}]
metrics: {labels: [meeting, participant]}
alerts: {watchdog: false}
privacy: {patterns: ['badge-\d+']}
rules:
  - {name: Person, match: {codes: ["3014"]}, count: {above: 1}, window: 1h, by: [participant], summary: "{{ $labels.participant }} was denied"}
  - {name: All, match: {codes: ["3014"]}, count: {above: 4}, window: 1h}
`

// What privacy hides is to be found nowhere: not in metrics, pages and the API, not in what receivers get, not in the
// state and not in the log.
func TestPrivacyEndToEnd(t *testing.T) {
	t.Parallel()
	h := newReceiver(t)
	r := newBareRig(t)
	r.configureAll(privacyConfig + h.config() + "  - {name: slack, webhook: {url: \"" + h.URL + "/slack\", template: slack}}\n")
	r.write("a.log", secretLines(time.Now()))
	r.start()
	r.untilTold(h, "all is counted and told", func() bool {
		return r.count("3014") == 5 && len(r.d.Totals().Alerts) == 3 && strings.Count(h.sent(), "was denied") > 4
	})
	shown := map[string]string{"the log": r.log.String(), "what receivers got": h.sent()}
	for _, path := range []string{"/metrics", "/", "/api/v1/status", "/api/v1/counts", "/api/v1/rules", "/api/v1/alerts"} {
		shown[path] = r.get(path)
	}
	for _, a := range r.d.Totals().Alerts {
		shown["/alerts/"+a.ID] = r.get("/alerts/" + a.ID)
	}
	r.readState(shown) // with what stands in the write-ahead log
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	r.readState(shown)
	shown["the log at the end"] = r.log.String()
	for where, text := range shown {
		for _, secret := range secrets() {
			if strings.Contains(text, secret) {
				t.Errorf("%s holds %q", where, secret)
			}
		}
	}
	if !slices.ContainsFunc([]string{shown["/metrics"], shown["what receivers got"]}, func(s string) bool { return strings.Contains(s, "<redacted:email:") }) {
		t.Error("nothing was redacted: the test proves nothing")
	}
	people := map[string]bool{}
	for series := range seriesOf(shown["/metrics"]) {
		if _, rest, ok := strings.Cut(series, `participant="<redacted:email:`); ok && strings.Contains(series, `code="3014"`) {
			id, _, _ := strings.Cut(rest, ">")
			people[id] = true
		}
	}
	if len(people) != 2 {
		t.Errorf("the metrics know %d people, want 2: who is hidden stays one person", len(people))
	}
}

// readState adds the files of the state folder.
func (r *rig) readState(shown map[string]string) {
	r.t.Helper()
	dir := filepath.Join(r.dir, "state")
	found := false
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		shown[filepath.Base(path)+" of "+time.Now().Format(time.StampNano)] = string(b)
		found = found || strings.Contains(string(b), "<redacted:email:")
		return err
	})
	if err != nil || !found {
		r.t.Errorf("the state: %v, or nothing of the lines is in it", err)
	}
}

// The offline commands hide the same.
func TestPrivacyOffline(t *testing.T) {
	t.Parallel()
	plan := planOf(t, strings.ReplaceAll(privacyConfig, "DIR", t.TempDir()))
	lines := secretLines(time.Now())
	res, err := plan.Scan(t.Context(), ScanOptions{Paths: []string{"-"}, Stdin: strings.NewReader(lines), Unmatched: 5, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Samples) != 1 || len(res.Fired) == 0 {
		t.Errorf("%d samples, %d alerts; want one, and some", len(res.Samples), len(res.Fired))
	}
	shown := []any{res.Events, res.Samples, res.Fired}
	for line := range strings.Lines(lines) {
		x, err := plan.Explain("meeting", []byte(strings.TrimSpace(line)))
		if err != nil {
			t.Fatal(err)
		}
		shown = append(shown, x)
	}
	for _, part := range shown {
		text := sprint(t, part)
		for _, secret := range secrets() {
			if strings.Contains(text, secret) {
				t.Errorf("%q is in %s", secret, text)
			}
		}
	}
}
