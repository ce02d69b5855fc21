package notify

import (
	"strings"
	"testing"

	"github.com/errwatch/errwatch/internal/alert"
)

func TestMatchers(t *testing.T) {
	t.Parallel()
	labels := map[string]string{"severity": "critical", "rule": "VideoSpike", "team": `a "b"`}
	for text, want := range map[string]bool{
		`severity="critical"`:        true,
		`severity=critical`:          true,
		` severity = "critical" `:    true,
		`severity!="critical"`:       false,
		`severity="crit"`:            false,
		`severity=~"crit"`:           false, // the whole value
		`severity=~"crit.*|warning"`: true,
		`severity!~"crit.*"`:         false,
		`severity!~"warning"`:        true,
		`missing=""`:                 true,
		`missing!="x"`:               true,
		`missing=~".+"`:              false,
		`missing=~".*"`:              true,
		`team="a \"b\""`:             true,
		`rule=~"(?i)video.*"`:        true,
		`severity=`:                  false,
	} {
		m, err := parseMatchers([]string{text})
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := matchAll(m, labels); got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
	if !matchAll(nil, labels) {
		t.Error("no matcher must match all")
	}
}

func TestBadMatchers(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		``:                   "no operator",
		`severity`:           "no operator",
		`="x"`:               "not the name of a label",
		`1a="x"`:             "not the name of a label",
		`a!"x"`:              "! is no operator",
		`a="x`:               "not quoted to its end",
		`a="x" b="y"`:        "not quoted to its end",
		`a=x y`:              "needs double quotes",
		`a=~"("`:             "does not compile",
		`a={x}`:              "needs double quotes",
		`severity == "x"`:    `needs double quotes`,
		`{severity="x"}`:     "not the name of a label",
		`severity > "high"`:  "no operator",
		`severity=~"a" || b`: "not quoted to its end",
	} {
		if _, err := parseMatchers([]string{text}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	if _, err := parseMatchers([]string{"x", "y"}); err == nil || strings.Count(err.Error(), "no operator") != 2 {
		t.Errorf("both mistakes: %v", err)
	}
}

func TestNewFindsAllMistakes(t *testing.T) {
	t.Parallel()
	_, err := New([]Receiver{
		{Name: "none"},
		{Name: "both", Alertmanager: &Alertmanager{URLs: []string{"http://a.example.com"}}, Webhook: &Webhook{URL: "http://a.example.com"}},
		{Name: "empty", Alertmanager: &Alertmanager{}},
		{Name: "bad", Alertmanager: &Alertmanager{URLs: []string{"ftp://a.example.com"}}},
		{Name: "dns", Alertmanager: &Alertmanager{DNS: "am.example.com"}},
		{Name: "hook", Webhook: &Webhook{}},
		{Name: "two", Webhook: &Webhook{URL: "http://a.example.com", URLFile: "x"}},
		{Name: "template", Webhook: &Webhook{URL: "http://a.example.com", Template: "xml"}},
		{Name: "match", Webhook: &Webhook{URL: "http://a.example.com"}, Match: []string{"x"}},
		{Name: "match", Webhook: &Webhook{URL: "http://a.example.com"}},
	}, Options{})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		`receiver "none": it has neither`, `receiver "both": it has both`, `receiver "empty": alertmanager has neither`,
		`receiver "bad": alertmanager: url 1: the address is no http`, `receiver "dns": alertmanager: dns needs`,
		`receiver "hook": webhook: it has neither`, `receiver "two": webhook: it has both`, `receiver "template": webhook: unknown template "xml"`,
		`receiver "match": matcher x: no operator`, `receiver "match": the name is taken`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in:\n%v", want, err)
		}
	}
}

func FuzzParseMatcher(f *testing.F) {
	f.Add(`severity=~"crit.*"`)
	f.Add("a!=\x00")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := parseMatcher(text)
		if err == nil && m.name == "" {
			t.Errorf("%q: a matcher without a name", text)
		}
	})
}

// TestTheWatchdogGoesWhereItIsAskedFor holds that a webhook hears of it only by its name or severity.
func TestTheWatchdogGoesWhereItIsAskedFor(t *testing.T) {
	t.Parallel()
	a := &alert.Alert{Rule: "Watchdog", Condition: alert.OnAlways, Labels: alert.FromMap(map[string]string{"alertname": "Watchdog", "severity": "none"})}
	for match, want := range map[string]bool{
		"": false, `severity!="info"`: false, `severity="critical"`: false, `alertname=~".*"`: true, `severity="none"`: true, `alertname="Watchdog"`: true,
	} {
		var texts []string
		if match != "" {
			texts = []string{match}
		}
		ms, err := parseMatchers(texts)
		if err != nil {
			t.Fatal(err)
		}
		w := &webhook{match: ms, n: &Notifier{}}
		if got := w.matches(a); got != want {
			t.Errorf("%s: %v", match, got)
		}
	}
}
