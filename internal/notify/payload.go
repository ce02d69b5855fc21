package notify

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"github.com/prometheus/common/model"

	"github.com/errwatch/errwatch/internal/alert"
)

// PayloadVersion is the version of Payload. Within a version fields are only added.
const PayloadVersion = "1"

const jsonType = "application/json"

// Payload is the body that the template json sends, and what a template of a user's own sees. Times are RFC 3339 in UTC;
// what is not known is left out, never 0.
type Payload struct {
	Version  string `json:"version"`
	Key      string `json:"key"` // the same for every try of one message; also the header Idempotency-Key
	Receiver string `json:"receiver"`
	Rule     string `json:"rule"`
	RuleURL  string `json:"rule_url,omitempty"`
	Status   string `json:"status"`  // "firing", or "resolved" where all alerts are
	Repeat   bool   `json:"repeat"`  // nothing is new: the alerts still fire
	Summary  string `json:"summary"` // one line for people
	// Alerts are those that have changed since the last message about the rule, or all that fire in a repetition; at most
	// 50. MoreFiring and MoreResolved are the numbers of those left out. StillFiring is the number of alerts of the rule
	// that fire, were told before, and have not changed.
	Alerts       []PayloadAlert `json:"alerts"`
	MoreFiring   int            `json:"more_firing,omitempty"`
	MoreResolved int            `json:"more_resolved,omitempty"`
	StillFiring  int            `json:"still_firing,omitempty"`
}

// PayloadAlert is one alert in a Payload.
type PayloadAlert struct {
	ID          string            `json:"id"` // of this firing, for ever
	URL         string            `json:"url,omitempty"`
	Status      string            `json:"status"` // "firing" or "resolved"
	Labels      map[string]string `json:"labels"` // with the external ones
	StartsAt    string            `json:"starts_at"`
	EndsAt      string            `json:"ends_at,omitempty"`   // when it resolved
	Condition   string            `json:"condition,omitempty"` // what the value is: "count", "distinct", "ratio", …
	Value       float64           `json:"value"`               // at the last change
	Peak        float64           `json:"peak"`
	Threshold   float64           `json:"threshold"`
	Above       bool              `json:"above"`  // it fires above the threshold, or else below
	Window      string            `json:"window"` // as in "5m"
	Summary     string            `json:"summary"`
	Description string            `json:"description"`
	FirstCheck  string            `json:"first_check,omitempty"`
	RunbookURL  string            `json:"runbook_url,omitempty"`

	People          int64                     `json:"people,omitempty"`          // how many different ones
	PeopleAtLeast   bool                      `json:"people_at_least,omitempty"` // there were more than could be told apart
	Meetings        int64                     `json:"meetings,omitempty"`
	MeetingsAtLeast bool                      `json:"meetings_at_least,omitempty"`
	Codes           []PayloadCount            `json:"codes,omitempty"` // most frequent first
	Top             map[string][]PayloadCount `json:"top,omitempty"`   // by field: its most frequent values
	Samples         []string                  `json:"samples,omitempty"`
	FirstSeen       string                    `json:"first_seen,omitempty"`
	LastSeen        string                    `json:"last_seen,omitempty"`
	Before          *PayloadBefore            `json:"before,omitempty"`
}

// PayloadCount is a value and how often it was seen.
type PayloadCount struct {
	Value string `json:"value"`
	Count int64  `json:"count"`
}

// PayloadBefore is how often an alert of the same labels began to fire before this one.
type PayloadBefore struct {
	Times int64  `json:"times"`
	Since string `json:"since"`
}

func renderJSON(n *Notifier, receiver string, m *message) (body, error) {
	return asJSON(n.payload(receiver, m))
}

func asJSON(v any) (body, error) {
	text, err := json.Marshal(v)
	return body{text, jsonType}, err
}

func (n *Notifier) payload(receiver string, m *message) *Payload {
	c := &m.content
	p := &Payload{
		Version: PayloadVersion, Key: m.key, Receiver: receiver, Rule: c.Rule, RuleURL: n.pageURL("rules", c.Rule),
		Status: string(c.status()), Repeat: c.Repeat, Summary: headline(c, m.created),
		MoreFiring: c.More.Firing, MoreResolved: c.More.Resolved, StillFiring: c.Still,
	}
	for i := range c.Alerts {
		p.Alerts = append(p.Alerts, n.payloadAlert(&c.Alerts[i], m.created))
	}
	return p
}

func (n *Notifier) payloadAlert(a *alert.Alert, now time.Time) PayloadAlert {
	p := PayloadAlert{
		ID: a.ID, URL: n.alertURL(a), Status: string(a.State), Labels: n.labels.of(a),
		StartsAt: stamp(a.StartsAt), Condition: string(a.Condition), Value: a.Value, Peak: a.Peak, Threshold: a.Threshold, Above: a.Above,
		Window: model.Duration(a.Window).String(), Summary: summary(a), Description: description(a, now),
		FirstCheck: a.FirstCheck, RunbookURL: a.RunbookURL,
		People: a.Evidence.People.N, PeopleAtLeast: a.Evidence.People.AtLeast,
		Meetings: a.Evidence.Meetings.N, MeetingsAtLeast: a.Evidence.Meetings.AtLeast,
		Codes: payloadCounts(a.Evidence.Codes), Samples: a.Evidence.Samples,
		FirstSeen: stamp(a.Evidence.First), LastSeen: stamp(a.Evidence.Last),
	}
	if a.State == alert.Resolved {
		p.EndsAt = stamp(a.EndsAt)
	}
	if b := a.Evidence.Before; !b.Since.IsZero() {
		p.Before = &PayloadBefore{Times: b.Times, Since: stamp(b.Since)}
	}
	for field, counts := range a.Evidence.Top {
		if p.Top == nil {
			p.Top = map[string][]PayloadCount{}
		}
		p.Top[field] = payloadCounts(counts)
	}
	return p
}

func payloadCounts(counts []alert.Count) (out []PayloadCount) {
	for _, c := range counts {
		out = append(out, PayloadCount{Value: c.Value, Count: c.N})
	}
	return out
}

// fires is 1 of an alert that fires, else 0.
func fires(a alert.Alert) int {
	if a.State == alert.Firing {
		return 1
	}
	return 0
}

// shown are the alerts that a text of at most so many has room for: what fires first, so that no end takes its place.
func (c *content) shown(most int) []alert.Alert {
	all := slices.Clone(c.Alerts)
	slices.SortStableFunc(all, func(a, b alert.Alert) int {
		return cmp.Compare(fires(b), fires(a))
	})
	return all[:min(len(all), most)]
}

// status is resolved only where nothing in the message fires.
func (c *content) status() alert.State {
	if firing, _ := c.numbers(); firing > 0 {
		return alert.Firing
	}
	return alert.Resolved
}

// numbers returns how many alerts fire and how many have resolved, those left out too.
func (c *content) numbers() (firing, resolved int) {
	firing, resolved = c.More.Firing, c.More.Resolved
	for i := range c.Alerts {
		if c.Alerts[i].State == alert.Firing {
			firing++
		} else {
			resolved++
		}
	}
	return firing, resolved
}
