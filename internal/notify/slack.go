package notify

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/errwatch/errwatch/internal/alert"
)

// Slack's bounds for the text of a block, in characters, and how many alerts a message shows.
const (
	maxHeader  = 150
	maxSection = 3000
	maxPart    = 500 // of each text in a section
	maxPeople  = 150
	maxShown   = 10
	maxLink    = 400 // bytes of an address; three of them and the text stay below maxSection
)

// slackMessage is the body of an incoming webhook.
type slackMessage struct {
	Text        string       `json:"text"` // what a push notification shows
	Blocks      []slackBlock `json:"blocks"`
	UnfurlLinks bool         `json:"unfurl_links"`
	UnfurlMedia bool         `json:"unfurl_media"`
}

type slackBlock struct {
	Type string    `json:"type"`
	Text slackText `json:"text"`
}

// slackText is plain_text, or mrkdwn with verbatim: Slack then makes no links and no mentions out of what looks so.
type slackText struct {
	Type     string `json:"type"`
	Text     string `json:"text"`
	Verbatim bool   `json:"verbatim,omitempty"`
}

func renderSlack(n *Notifier, _ string, m *message) (body, error) {
	c, now := &m.content, m.created
	head := slackEscape(slackHead(c, now), maxHeader)
	out := slackMessage{Text: head, Blocks: []slackBlock{{Type: "header", Text: slackText{Type: "plain_text", Text: head}}}}
	single := len(c.Alerts) == 1 && c.More == more{}
	for _, a := range c.shown(maxShown) {
		out.section(n.slackAlert(&a, single, c.Repeat, now))
	}
	out.section(n.slackFoot(c))
	return asJSON(out)
}

// section adds a block of mrkdwn, unless it is empty. The text is escaped already.
func (s *slackMessage) section(text string) {
	if text != "" {
		s.Blocks = append(s.Blocks, slackBlock{Type: "section", Text: slackText{Type: "mrkdwn", Text: text, Verbatim: true}})
	}
}

// slackHead is the first line: filled circle for what fires, empty one for what is over.
func slackHead(c *content, now time.Time) string {
	if c.status() == alert.Firing {
		return "● " + headline(c, now)
	}
	return "○ " + headline(c, now)
}

// slackAlert says what the headline does not: of a single alert the summary is in it already.
func (n *Notifier) slackAlert(a *alert.Alert, single, repeat bool, now time.Time) string {
	var lines []string
	if !single {
		lines = append(lines, slackEscape(alertLine(a, repeat, now), maxPart))
	}
	lines = append(lines, slackFacts(a, single, now))
	if s := a.Evidence.Samples; single && a.State == alert.Firing && len(s) > 0 {
		lines = append(lines, "`"+slackEscape(strings.ReplaceAll(s[len(s)-1], "`", "'"), maxPart)+"`")
	}
	if single {
		lines = append(lines, slackEscape(advice(a), maxPart))
	}
	return joinNonEmpty(append(lines, n.slackLinks(a, single)), "\n")
}

// slackFacts are the numbers of an alert; who is concerned stands out, unless the headline has it.
func slackFacts(a *alert.Alert, single bool, now time.Time) string {
	people := ""
	if s := concerned(a); s != "" && a.State == alert.Firing {
		people = "*" + slackEscape(s, maxPeople) + ".*"
	}
	rest := []string{sentence(measured(a)), sentence(when(a, now)), sentence(pairs(a.Evidence.Codes, " ", " · ", maxPairs)), sentence(top(a))}
	if !single {
		rest = append(rest, sentence(before(a)))
	}
	return joinNonEmpty([]string{people, slackEscape(joinNonEmpty(rest, " "), maxPart)}, " ")
}

// slackLinks are the ways to go on from an alert.
func (n *Notifier) slackLinks(a *alert.Alert, single bool) string {
	word := "Evidence"
	if a.State == alert.Resolved {
		word = "What happened"
	}
	links := []string{slackLink(n.alertURL(a), word)}
	if single && a.State == alert.Firing {
		links = append(links, slackLink(n.pageURL("rules", a.Rule), "Rule"), slackLink(a.RunbookURL, "Runbook"))
	}
	return joinNonEmpty(links, "  ·  ")
}

// slackFoot says what had no room.
func (n *Notifier) slackFoot(c *content) string {
	var parts []string
	if left := c.left(maxShown); left > 0 {
		parts = append(parts, fmt.Sprintf("and %d more", left))
	}
	if c.Still > 0 {
		parts = append(parts, fmt.Sprintf("%d of the rule still firing", c.Still))
	}
	if len(parts) == 0 {
		return ""
	}
	return joinNonEmpty([]string{strings.Join(parts, ", "), slackLink(n.pageURL("rules", c.Rule), "Rule")}, "  ·  ")
}

// slackLink is a link; "" for an address that is none. What could end it early is escaped.
func slackLink(address, word string) string {
	if address == "" || len(address) > maxLink || strings.ContainsFunc(address, notInURL) {
		return ""
	}
	return "<" + strings.NewReplacer("<", "%3C", ">", "%3E", "|", "%7C").Replace(address) + "|" + word + ">"
}

func notInURL(r rune) bool { return r == ' ' || !unicode.IsPrint(r) }

// slackEscape makes text fit for Slack: one line, the three characters that Slack reads escaped, at most n characters,
// counted after escaping.
func slackEscape(s string, n int) string {
	var b strings.Builder
	width, fits := 0, 0 // fits: the bytes behind which an ellipsis has room
	for _, r := range s {
		piece, w := slackRune(r)
		if width += w; width > n {
			return b.String()[:fits] + "…"
		}
		b.WriteString(piece)
		if width < n {
			fits = b.Len()
		}
	}
	return b.String()
}

func slackRune(r rune) (piece string, width int) {
	switch {
	case r == '&':
		return "&amp;", 5
	case r == '<':
		return "&lt;", 4
	case r == '>':
		return "&gt;", 4
	case unicode.IsSpace(r):
		return " ", 1
	case !unicode.IsPrint(r):
		return "\uFFFD", 1
	case r > 0xffff:
		return string(r), 2 // as UTF-16 counts
	}
	return string(r), 1
}
