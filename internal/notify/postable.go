package notify

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/errwatch/errwatch/internal/alert"
)

// maxAnnotation bounds each annotation, in bytes.
const maxAnnotation = 1024

// postableAlert is an alert in the form of Alertmanager's API v2.
type postableAlert struct {
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     string            `json:"startsAt"`
	EndsAt       string            `json:"endsAt"`
	GeneratorURL string            `json:"generatorURL,omitempty"`
}

// postable makes the form for one alert. What fires ends, for the other side, if it does not hear of it again.
func (n *Notifier) postable(a *alert.Alert, now time.Time) postableAlert {
	ends := now.Add(lifetime * n.opts.Resend)
	if a.State == alert.Resolved {
		ends = a.EndsAt
	}
	if ends.Before(a.StartsAt) {
		ends = a.StartsAt // the API refuses the whole request otherwise
	}
	return postableAlert{
		Labels: n.labels.of(a), Annotations: n.annotations(a, now), GeneratorURL: n.alertURL(a),
		StartsAt: stamp(a.StartsAt), EndsAt: stamp(ends),
	}
}

// Annotations returns the annotations that an Alertmanager gets of an alert that fires or has resolved, as of now; links
// begin with externalURL, and there are none where it is "". The map is the caller's.
func Annotations(a *alert.Alert, externalURL string, now time.Time) map[string]string {
	n := Notifier{opts: Options{ExternalURL: externalURL}}
	return n.annotations(a, now)
}

// annotations say what a person wants to know. What is not known is left out.
func (n *Notifier) annotations(a *alert.Alert, now time.Time) map[string]string {
	all := map[string]string{
		"summary":       summary(a),
		"description":   description(a, now),
		"people":        distinct(a.Evidence.People),
		"meetings":      distinct(a.Evidence.Meetings),
		"codes":         pairs(a.Evidence.Codes, "=", " ", maxPairs),
		"first_seen":    stamp(a.Evidence.First),
		"last_seen":     stamp(a.Evidence.Last),
		"seen_before":   before(a),
		"first_check":   a.FirstCheck,
		"runbook_url":   a.RunbookURL,
		"dashboard_url": n.alertURL(a),
	}
	if a.Condition != alert.OnAlways {
		all["value"], all["peak"], all["threshold"] = number(a.Value), number(a.Peak), number(a.Threshold)
		all["window"] = model.Duration(a.Window).String()
	}
	for field, counts := range a.Evidence.Top {
		all["top_"+labelSafe(field)] = pairs(counts, "=", " ", maxPairs)
	}
	for i, s := range a.Evidence.Samples {
		all["sample_"+strconv.Itoa(i+1)] = s
	}
	for name, v := range all {
		if v == "" {
			delete(all, name)
			continue
		}
		all[name] = cut(strings.ToValidUTF8(v, "\uFFFD"), maxAnnotation)
	}
	return all
}

// labelSafe makes a field's name fit for the name of an annotation.
func labelSafe(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' {
			return r
		}
		return '_'
	}, name)
}

// alertURL is the page of the alert; "" where others cannot reach it.
func (n *Notifier) alertURL(a *alert.Alert) string { return n.pageURL("alerts", a.ID) }

// stamp writes a time as RFC 3339 in UTC; "" for none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// number prints as an integer what is one.
func number(v float64) string {
	if v == float64(int64(v)) {
		return strconv.FormatInt(int64(v), 10)
	}
	return strconv.FormatFloat(v, 'g', 6, 64)
}

// summary is the alert in one sentence.
func summary(a *alert.Alert) string {
	if a.Summary != "" {
		return a.Summary
	}
	return fmt.Sprintf("%s: %s (limit %s)", a.Rule, number(a.Value), number(a.Threshold))
}

// maxPairs is how many codes or values a text lists.
const maxPairs = 5

// pairs lists counts, as in "3014=51 3015=12".
func pairs(counts []alert.Count, equals, separator string, most int) string {
	var b strings.Builder
	for i, c := range counts[:min(len(counts), most)] {
		if i > 0 {
			b.WriteString(separator)
		}
		b.WriteString(c.Value + equals + strconv.FormatInt(c.N, 10))
	}
	return b.String()
}
