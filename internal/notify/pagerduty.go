package notify

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/errwatch/errwatch/internal/alert"
)

// pagerDutyURL takes events of PagerDuty's Events API v2; accounts in the European region have another one.
const pagerDutyURL = "https://events.pagerduty.com/v2/enqueue"

// PagerDuty's bounds, in characters, and how many alerts an event lists.
const (
	maxDedupKey    = 255
	maxEventText   = 1024
	maxEventAlerts = 10
)

// pagerDutyEvent is a body of the Events API v2. A rule and a receiver have one incident: it is triggered, and triggered
// again, while any alert of the rule fires, and resolved when none does.
type pagerDutyEvent struct {
	RoutingKey  string           `json:"routing_key"`
	EventAction string           `json:"event_action"` // trigger or resolve
	DedupKey    string           `json:"dedup_key"`
	Client      string           `json:"client"`
	ClientURL   string           `json:"client_url,omitempty"`
	Links       []pagerDutyLink  `json:"links,omitempty"`
	Payload     pagerDutyPayload `json:"payload"`
}

type pagerDutyLink struct {
	Href string `json:"href"`
	Text string `json:"text"`
}

type pagerDutyPayload struct {
	Summary   string         `json:"summary"`
	Source    string         `json:"source"`
	Severity  string         `json:"severity"`
	Timestamp string         `json:"timestamp,omitempty"`
	Component string         `json:"component,omitempty"`
	Group     string         `json:"group,omitempty"`
	Class     string         `json:"class,omitempty"`
	Details   map[string]any `json:"custom_details,omitempty"`
}

// renderPagerDuty makes an event. The routing key is a secret: it is read anew, and goes into no error.
func (w *webhook) renderPagerDuty(n *Notifier, receiver string, m *message) (body, error) {
	key, err := readSecret("routing_key_file", w.keyFile)
	if err != nil {
		return body{}, err
	}
	if key == "" {
		return body{}, errors.New("routing_key_file is empty")
	}
	c := &m.content
	e := pagerDutyEvent{
		RoutingKey: key, EventAction: "trigger", DedupKey: n.dedupKey(receiver, c.Rule),
		Client: "errwatch", ClientURL: n.pageURL("rules", c.Rule), Links: n.pagerDutyLinks(c),
		Payload: n.pagerDutyPayload(c, m.created),
	}
	if firing, _ := c.numbers(); firing+c.Still == 0 {
		e.EventAction = "resolve"
	}
	return asJSON(e)
}

// dedupKey names the incident of a rule, for ever: a restart, and the next firing, have the same. Who sees it in
// PagerDuty can read it. Other errwatches, told apart by their external labels, have incidents of their own.
func (n *Notifier) dedupKey(receiver, rule string) string {
	parts := []string{"errwatch"}
	for _, name := range slices.Sorted(maps.Keys(n.labels.common)) {
		if name != originLabel {
			parts = append(parts, name+"="+n.labels.common[name])
		}
	}
	key := strings.Join(append(parts, receiver, rule), "/")
	if len(key) <= maxDedupKey {
		return key
	}
	h := sha256.Sum256([]byte(key))
	return "errwatch/" + hex.EncodeToString(h[:16])
}

func (n *Notifier) pagerDutyPayload(c *content, now time.Time) pagerDutyPayload {
	first := &c.Alerts[0]
	labels := n.labels.of(first)
	return pagerDutyPayload{
		Summary:   cutRunes(headline(c, now), maxEventText),
		Source:    firstNonEmpty(labels[instanceLabel], labels["source"], "errwatch"),
		Severity:  pagerDutySeverity(labels["severity"]),
		Timestamp: stamp(first.StartsAt), Component: labels["source"], Group: labels["service"], Class: c.Rule,
		Details: n.pagerDutyDetails(c, now),
	}
}

// pagerDutySeverity maps a rule's severity to a word that PagerDuty takes.
func pagerDutySeverity(s string) string {
	switch s {
	case "critical", "warning", "info":
		return s
	}
	return "error"
}

// pagerDutyDetails are what Alertmanager gets as annotations; with several alerts, a line for each.
func (n *Notifier) pagerDutyDetails(c *content, now time.Time) map[string]any {
	details := map[string]any{}
	if len(c.Alerts) == 1 && c.More == (more{}) {
		a := &c.Alerts[0]
		for name, v := range n.annotations(a, now) {
			details[name] = v
		}
		for name, v := range n.labels.of(a) {
			details["label_"+name] = v
		}
	} else {
		for i, a := range c.shown(maxEventAlerts) {
			details["alert_"+strconv.Itoa(i+1)] = alertLine(&a, c.Repeat, now) + " " + description(&a, now)
		}
		if left := c.left(maxEventAlerts); left > 0 {
			details["more"] = left
		}
	}
	if c.Still > 0 {
		details["still_firing"] = c.Still
	}
	return details
}

func (n *Notifier) pagerDutyLinks(c *content) (links []pagerDutyLink) {
	add := func(href, text string) {
		if href != "" {
			links = append(links, pagerDutyLink{href, text})
		}
	}
	for _, a := range c.shown(maxEventAlerts) {
		add(n.alertURL(&a), "Evidence: "+groupName(&a))
	}
	add(c.Alerts[0].RunbookURL, "Runbook")
	return links
}

// groupName tells an alert of a rule from its others.
func groupName(a *alert.Alert) string {
	var parts []string
	for _, l := range a.Labels {
		if l.Name != "alertname" && l.Name != "severity" && l.Value != "" {
			parts = append(parts, l.Name+"="+l.Value)
		}
	}
	if len(parts) == 0 {
		return a.Rule
	}
	return strings.Join(parts, " ")
}

// left is the number of alerts that a text has no room for if it shows so many.
func (c *content) left(shown int) int {
	return max(0, len(c.Alerts)-shown) + c.More.Firing + c.More.Resolved
}

func firstNonEmpty(texts ...string) string {
	for _, s := range texts {
		if s != "" {
			return s
		}
	}
	return ""
}

// cutRunes shortens s to at most n characters, and shows that it did.
func cutRunes(s string, n int) string {
	r := []rune(strings.ToValidUTF8(s, "\uFFFD"))
	if len(r) <= n {
		return string(r)
	}
	return string(r[:n-1]) + "…"
}
