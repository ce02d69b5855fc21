package notify

import (
	"encoding/json"

	"github.com/prometheus/common/model"

	"github.com/errwatch/errwatch/internal/alert"
)

// PayloadVersion is the version of Payload. Within a version fields are only added.
const PayloadVersion = "1"

// Payload is the body that the template json sends. Times are RFC 3339 in UTC; what is not known is left out.
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
	// 50. MoreFiring and MoreResolved are the numbers of those left out.
	Alerts       []PayloadAlert `json:"alerts"`
	MoreFiring   int            `json:"more_firing,omitempty"`
	MoreResolved int            `json:"more_resolved,omitempty"`
}

// PayloadAlert is one alert in a Payload.
type PayloadAlert struct {
	ID         string            `json:"id"` // of this firing, for ever
	URL        string            `json:"url,omitempty"`
	Status     string            `json:"status"` // "firing" or "resolved"
	Labels     map[string]string `json:"labels"` // with the external ones
	StartsAt   string            `json:"starts_at"`
	EndsAt     string            `json:"ends_at,omitempty"` // when it resolved
	Value      float64           `json:"value"`             // at the last change
	Peak       float64           `json:"peak"`
	Threshold  float64           `json:"threshold"`
	Above      bool              `json:"above"`  // it fires above the threshold, or else below
	Window     string            `json:"window"` // as in "5m"
	Summary    string            `json:"summary"`
	RunbookURL string            `json:"runbook_url,omitempty"`

	Codes     []PayloadCount            `json:"codes,omitempty"` // most frequent first
	Top       map[string][]PayloadCount `json:"top,omitempty"`   // by field: its most frequent values
	Samples   []string                  `json:"samples,omitempty"`
	FirstSeen string                    `json:"first_seen,omitempty"`
	LastSeen  string                    `json:"last_seen,omitempty"`
}

// PayloadCount is a value and how often it was seen.
type PayloadCount struct {
	Value string `json:"value"`
	Count int64  `json:"count"`
}

func renderJSON(n *Notifier, receiver string, m *message) ([]byte, error) {
	c := &m.content
	p := Payload{
		Version: PayloadVersion, Key: m.key, Receiver: receiver, Rule: c.Rule, RuleURL: n.pageURL("rules", c.Rule),
		Status: string(c.status()), Repeat: c.Repeat, Summary: headline(c, m.created),
		MoreFiring: c.More.Firing, MoreResolved: c.More.Resolved,
	}
	for i := range c.Alerts {
		p.Alerts = append(p.Alerts, n.payloadAlert(&c.Alerts[i]))
	}
	return json.Marshal(p)
}

func (n *Notifier) payloadAlert(a *alert.Alert) PayloadAlert {
	p := PayloadAlert{
		ID: a.ID, URL: n.alertURL(a), Status: string(a.State), Labels: n.labels.of(a),
		StartsAt: stamp(a.StartsAt), Value: a.Value, Peak: a.Peak, Threshold: a.Threshold, Above: a.Above,
		Window: model.Duration(a.Window).String(), Summary: summary(a), RunbookURL: a.RunbookURL,
		Codes: payloadCounts(a.Evidence.Codes), Samples: a.Evidence.Samples,
		FirstSeen: stamp(a.Evidence.First), LastSeen: stamp(a.Evidence.Last),
	}
	if a.State == alert.Resolved {
		p.EndsAt = stamp(a.EndsAt)
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
