package notify

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/errwatch/errwatch/internal/alert"
)

var tenFifteen = time.Date(2026, 11, 20, 10, 15, 0, 0, time.UTC)

func denials() alert.Alert {
	return alert.Alert{
		ID: "7k2m9q", Rule: "VideoPermissionDenialSpike", State: alert.Firing, StartsAt: tenFifteen, Value: 63, Peak: 63, Threshold: 20, Window: 5 * time.Minute,
		Labels:  alert.Labels{{Name: "alertname", Value: "VideoPermissionDenialSpike"}, {Name: "severity", Value: "critical"}},
		Summary: "63 camera denials in 5 min on meeting (limit 20)", RunbookURL: "https://runbooks.example.com/video",
		FirstCheck: "client release or browser update?",
		Evidence: alert.Evidence{
			Codes:  []alert.Count{{Value: "3014", N: 51}, {Value: "3015", N: 12}},
			Top:    map[string][]alert.Count{"meeting": {{Value: "ab12-cd34", N: 22}}},
			People: alert.Distinct{N: 41}, Meetings: alert.Distinct{N: 9}, Before: alert.Before{Times: 3, Since: tenFifteen.Add(-30 * 24 * time.Hour)},
			Samples: []string{"an older line", "10:15:23 ERROR [room] onError code=3014 name=`x` <!channel>"},
		},
	}
}

func slackOf(t *testing.T, c content) slackMessage {
	t.Helper()
	n, err := New(nil, Options{ExternalURL: "https://errwatch.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	body, err := renderSlack(n, "chat", &message{created: tenFifteen.Add(14 * time.Minute), content: c})
	if err != nil {
		t.Fatal(err)
	}
	var m slackMessage
	if err := json.Unmarshal(body.text, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestSlack(t *testing.T) {
	t.Parallel()
	over := denials()
	over.State, over.EndsAt, over.Peak, over.Summary = alert.Resolved, tenFifteen.Add(14*time.Minute), 187, "187 camera denials in 5 min on meeting (limit 20)"
	second := denials()
	second.ID, second.Value, second.Summary = "other", 30, "30 camera denials on backup"
	for name, c := range map[string]struct {
		content content
		want    []string // the text of the blocks
	}{
		"firing": {content{Alerts: []alert.Alert{denials()}}, []string{
			"● FIRING critical: 63 camera denials in 5 min on meeting (limit 20)",
			"*41 people in 9 meetings.* Since 10:15 UTC. 3014 51 · 3015 12. Top: meeting ab12-cd34 22.\n" +
				"`10:15:23 ERROR [room] onError code=3014 name='x' &lt;!channel&gt;`\n" +
				"First check: client release or browser update? Seen 3x in 30 d.\n" +
				"<https://errwatch.example.com/alerts/7k2m9q|Evidence>  ·  <https://errwatch.example.com/rules/VideoPermissionDenialSpike|Rule>  ·  <https://runbooks.example.com/video|Runbook>",
		}},
		"resolved stands alone": {content{Alerts: []alert.Alert{over}}, []string{
			"○ RESOLVED after 14 min, at its peak: 187 camera denials in 5 min on meeting (limit 20), 41 people in 9 meetings",
			"From 10:15 UTC to 10:29 UTC, peak 187. 3014 51 · 3015 12. Top: meeting ab12-cd34 22.\nSeen 3x in 30 d.\n" +
				"<https://errwatch.example.com/alerts/7k2m9q|What happened>",
		}},
		"repeated": {content{Repeat: true, Alerts: []alert.Alert{denials()}}, []string{
			"● STILL FIRING critical, 14 min, now 63 in 5 min: 63 camera denials in 5 min on meeting (limit 20)",
			"*41 people in 9 meetings.* Since 10:15 UTC. 3014 51 · 3015 12. Top: meeting ab12-cd34 22.\n" +
				"`10:15:23 ERROR [room] onError code=3014 name='x' &lt;!channel&gt;`\n" +
				"First check: client release or browser update? Seen 3x in 30 d.\n" +
				"<https://errwatch.example.com/alerts/7k2m9q|Evidence>  ·  <https://errwatch.example.com/rules/VideoPermissionDenialSpike|Rule>  ·  <https://runbooks.example.com/video|Runbook>",
		}},
		"several": {content{Rule: "VideoPermissionDenialSpike", Alerts: []alert.Alert{over, second}, More: more{Firing: 3}, Still: 2}, []string{
			"● FIRING critical: VideoPermissionDenialSpike, 4 groups, 1 resolved; worst: 30 camera denials on backup",
			"FIRING critical: 30 camera denials on backup\n" +
				"*41 people in 9 meetings.* 30 in 5 min, limit 20. Since 10:15 UTC. 3014 51 · 3015 12. Top: meeting ab12-cd34 22. Seen 3x in 30 d.\n" +
				"<https://errwatch.example.com/alerts/other|Evidence>",
			"RESOLVED after 14 min, at its peak: 187 camera denials in 5 min on meeting (limit 20), 41 people in 9 meetings\n" +
				"From 10:15 UTC to 10:29 UTC, peak 187. 3014 51 · 3015 12. Top: meeting ab12-cd34 22. Seen 3x in 30 d.\n" +
				"<https://errwatch.example.com/alerts/7k2m9q|What happened>",
			"and 3 more, 2 of the rule still firing  ·  <https://errwatch.example.com/rules/VideoPermissionDenialSpike|Rule>",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := slackOf(t, c.content)
			var got []string
			for _, b := range m.Blocks {
				got = append(got, b.Text.Text)
			}
			if strings.Join(got, "\n---\n") != strings.Join(c.want, "\n---\n") {
				t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n---\n"), strings.Join(c.want, "\n---\n"))
			}
			if m.Text != c.want[0] {
				t.Errorf("push text %q", m.Text)
			}
		})
	}
}

// TestSlackBounds: whatever stands in a log, a message keeps to Slack's bounds and pings nobody.
func TestSlackBounds(t *testing.T) {
	t.Parallel()
	for _, evil := range []string{
		strings.Repeat("<!channel>&", 500), strings.Repeat("😀", 2000), strings.Repeat("`", 3000), strings.Repeat("\u202e\x1b[2J\n", 900), strings.Repeat("&", 149) + "x",
	} {
		a := denials()
		a.Summary, a.RunbookURL = evil, "https://example.com/"+evil[:min(300, len(evil))]
		a.Evidence.Samples = []string{evil}
		a.Evidence.Top = map[string][]alert.Count{evil: {{Value: evil, N: 1}}}
		a.Evidence.Codes = []alert.Count{{Value: evil, N: 1}}
		many := content{Rule: evil, More: more{Firing: 9}}
		for range 50 {
			many.Alerts = append(many.Alerts, a)
		}
		for _, c := range []content{{Rule: evil, Alerts: []alert.Alert{a}}, many} {
			m := slackOf(t, c)
			if len(m.Blocks) > 50 {
				t.Errorf("%d blocks", len(m.Blocks))
			}
			for _, b := range m.Blocks {
				most := maxSection
				if b.Type == "header" {
					most = maxHeader
				}
				text := b.Text.Text
				if n := len(utf16.Encode([]rune(text))); n > most || n == 0 {
					t.Errorf("%s of %d characters: %.80s…", b.Type, n, text)
				}
				if strings.Contains(text, "<!") || strings.ContainsAny(text, "\x1b\u202e") || strings.HasSuffix(text, "&am…") {
					t.Errorf("not escaped: %.200s", text)
				}
			}
		}
	}
}

func FuzzSlackEscape(f *testing.F) {
	f.Add("a<b>&c", 7)
	f.Fuzz(func(t *testing.T, s string, n int) {
		if n < 1 || n > 5000 {
			return
		}
		got := slackEscape(s, n)
		if len(utf16.Encode([]rune(got))) > n || strings.ContainsAny(got, "<>\n") {
			t.Errorf("slackEscape(%q, %d) = %q", s, n, got)
		}
		rest := strings.NewReplacer("&amp;", "", "&lt;", "", "&gt;", "").Replace(got)
		if strings.Contains(rest, "&") {
			t.Errorf("slackEscape(%q, %d) = %q: a torn escape", s, n, got)
		}
	})
}

func TestLasted(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0:                              "0 s",
		90 * time.Second:               "90 s",
		14 * time.Minute:               "14 min",
		2 * time.Hour:                  "2 h",
		200 * time.Minute:              "3 h 20 min",
		53*time.Hour + 59*time.Minute:  "2 d 5 h",
		48 * time.Hour:                 "2 d",
		1499*time.Millisecond + 500000: "1 s",
	} {
		if got := lasted(d); got != want {
			t.Errorf("%s: %q, want %q", d, got, want)
		}
	}
}

// TestWhatFiresIsShownFirst: a dozen ends do not take the place of the one alert that goes on.
func TestWhatFiresIsShownFirst(t *testing.T) {
	t.Parallel()
	c := content{Rule: "VideoPermissionDenialSpike"}
	for range 12 {
		over := denials()
		over.State, over.EndsAt = alert.Resolved, tenFifteen.Add(time.Minute)
		c.Alerts = append(c.Alerts, over)
	}
	last := denials()
	last.ID, last.Summary = "last", "63 camera denials on backup (limit 20)"
	c.Alerts = append(c.Alerts, last)
	m := slackOf(t, c)
	if !strings.HasPrefix(m.Blocks[1].Text.Text, "FIRING critical: 63 camera denials on backup") || len(m.Blocks) != 1+maxShown+1 {
		t.Errorf("%d blocks, the first of an alert is\n%s", len(m.Blocks), m.Blocks[1].Text.Text)
	}
	n := Notifier{opts: Options{ExternalURL: "https://errwatch.example.com"}, labels: newLabeller(Options{})}
	details := n.pagerDutyDetails(&c, tenFifteen)
	if text, _ := details["alert_1"].(string); !strings.HasPrefix(text, "FIRING critical: 63 camera denials on backup") {
		t.Errorf("%v", details)
	}
	if links := n.pagerDutyLinks(&c); links[0].Href != "https://errwatch.example.com/alerts/last" {
		t.Errorf("%+v", links)
	}
}
