package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// loadText loads a file that holds text, with nothing else that could say anything.
func loadText(t *testing.T, text string, o LoadOptions) (*Config, []Problem) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "errwatch.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	o.Path = path
	c, ps := Load(o)
	for i := range ps {
		if ps[i].File == path {
			ps[i].File = "errwatch.yaml" // as it looks from its own folder
		}
	}
	return c, ps
}

func TestLoad(t *testing.T) {
	t.Parallel()
	c, ps := loadText(t, `
server: {listen: ":1"}
state: {history: 30d}
codes: [{code: 0400, name: X, category: auth, aliases: [Y]}]
sources:
  - name: meeting
    paths: ["/var/log/meeting/*.log"]
    labels: {Service: Meeting}
patterns:
  - use: builtin
  - {name: gw, regex: 'rc=(?P<code>\d{4})', unless: 'dry-run'}
rules:
  - use: builtin
  - {name: AuthSpike, enabled: false}
  - name: R
    match: {codes: [4009, "4009", 0400], fields: {uid: [007]}}
    count: {above: 20, resolve_at: 10}
    by: [source]
    keep_firing_for: 5m
receivers:
  - {name: am, alertmanager: {urls: ["http://127.0.0.1:9093"]}, http: {basic_auth: {username: u, password_file: p}}}
capacity: {limits: {4009: 100}}
limits: {line: 2MiB}
`, LoadOptions{Env: []string{"ERRWATCH_SERVER_LISTEN=:2", "ERRWATCH_LOG_LEVEL=warn"}, Flags: []Flag{{"server.listen", "--listen", ":3"}}})
	if len(ps) > 0 {
		t.Fatal(Format(ps))
	}
	if c.Server.Listen != ":3" || c.Log.Level != "warn" || c.State.History != 30*24*time.Hour || c.Limits.Line != 2<<20 {
		t.Errorf("settings: %+v %+v %+v %+v", c.Server, c.Log, c.State, c.Limits)
	}
	if got := c.Rules[2].Match; got.Codes[0] != "4009" || got.Codes[1] != "4009" || got.Codes[2] != "0400" || got.Fields["uid"][0] != "007" {
		t.Errorf("match: %+v", got)
	}
	if c.Codes[0].Code != "0400" || c.Sources[0].Labels["Service"] != "Meeting" || c.Sources[0].Catalog != "videosdk-react" {
		t.Errorf("codes %+v, sources %+v", c.Codes, c.Sources)
	}
	if r := c.Rules[1]; r.Enabled || !r.Given("enabled") || r.Given("count") {
		t.Errorf("override: %+v", r)
	}
	if r := c.Rules[2]; *r.Count.Above != 20 || r.Window != 5*time.Minute || r.Severity != "warning" {
		t.Errorf("rule: %+v", r)
	}
	if h := c.Receivers[0].HTTP; h.BasicAuth.Username != "u" || !h.FollowRedirects {
		t.Errorf("http: %+v", h)
	}
	if line, col := c.Locate("rules", 2, "count", "resolve_at"); line != 17 || col != 36 {
		t.Errorf("resolve_at is at %d:%d", line, col)
	}
}

// TestBounds loads files that are small and stand for a lot.
func TestBounds(t *testing.T) {
	t.Parallel()
	var wide, deep strings.Builder
	wide.WriteString("sources:\n- &a {name: a, paths: [x], labels: {l: x")
	for i := range 5000 {
		fmt.Fprintf(&wide, ", l%d: x", i)
	}
	wide.WriteString("}}\n" + strings.Repeat("- {<<: *a}\n", 5000))
	deep.WriteString("server: {<<: &a0 {listen: \":1\"}}\n")
	for i := range 40 {
		fmt.Fprintf(&deep, "server%d: &a%d {%s}\n", i, i+1, strings.Repeat(fmt.Sprintf("<<: *a%d, ", i), 30))
	}
	_, ps := loadText(t, wide.String(), LoadOptions{})
	if len(ps) != 1 || !strings.Contains(ps[0].Message, "more than 500000 values") || ps[0].Line == 0 {
		t.Errorf("wide: %s", Format(ps))
	}
	c, ps := loadText(t, deep.String(), LoadOptions{})
	if c.Server.Listen != ":1" || len(ps) != 40 {
		t.Errorf("deep: %d problems", len(ps))
	}
	_, ps = loadText(t, strings.Repeat("x: 1\n", 1000), LoadOptions{})
	if len(ps) != maxProblems+1 || ps[maxProblems].Message != "further problems are not shown" {
		t.Errorf("%d problems, the last: %s", len(ps), ps[len(ps)-1])
	}
}

func TestMerge(t *testing.T) {
	t.Parallel()
	at := func(line, col int, severity, message string) Problem {
		return Problem{File: "f", Line: line, Col: col, Severity: severity, Message: message}
	}
	got := Merge(
		[]Problem{at(2, 1, Error, "a"), at(1, 5, Warning, "b"), {File: "environment", Severity: Warning, Message: "c"}},
		[]Problem{at(2, 1, Error, "follows from a"), at(1, 5, Error, "d"), at(2, 2, Warning, "e")},
	)
	var said []string
	for _, p := range got {
		said = append(said, p.String())
	}
	if s := strings.Join(said, "; "); s != "f:1:5: error: d; f:2:1: error: a; f:2:2: warning: e; environment: warning: c" {
		t.Error(s)
	}
}

// TestMergeByPath: what a stage says of a key is left out where the file's own check has said something of it.
func TestMergeByPath(t *testing.T) {
	t.Parallel()
	c, ps := loadText(t, "rules:\n  - {name: A, count: {above: 1}, by: [x], labels: {a: b}}\n  - {name: B, count: {above: 1}}\n", LoadOptions{})
	if len(ps) > 0 {
		t.Fatal(Format(ps))
	}
	say := func(severity, message string, path ...any) Problem {
		return c.Problem(severity, message, "", -1, path...)
	}
	first := []Problem{
		say(Error, "by.0", "rules", 0, "by", 0), say(Error, "label", "rules", 0, "labels", Key("a")), say(Warning, "count", "rules", 1, "count", "above"),
	}
	later := []Problem{
		say(Error, "the list of the same value", "rules", 0, "by"), say(Error, "the same label", "rules", 0, "labels", "a"),
		say(Error, "the whole rule", "rules", 0), say(Error, "another key", "rules", 0, "count"),
		say(Error, "an error where a warning was", "rules", 1, "count"), say(Warning, "a warning there", "rules", 1, "count"),
		say(Error, "all rules", "rules"),
	}
	var said []string
	for _, p := range Merge(first, later) {
		said = append(said, p.Message)
	}
	want := "all rules; another key; by.0; label; an error where a warning was; count"
	if got := strings.Join(said, "; "); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
