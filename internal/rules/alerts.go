package rules

import (
	"cmp"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"hash"
	"slices"
	"strings"
	"time"

	"github.com/errwatch/errwatch/internal/alert"
	"github.com/errwatch/errwatch/internal/event"
)

const (
	// resolvedFor is how long a resolved alert stays among the active ones: as long as Prometheus goes on sending it.
	resolvedFor = 15 * time.Minute
	// maxResolved bounds how many of them are kept; the oldest leave first.
	maxResolved = 1000
)

// Transitions returns the alerts that began to fire or resolved since the last call, in order of time, and forgets
// them. If the commit with which they go out fails, the caller keeps them.
func (e *Engine) Transitions() []alert.Alert {
	t := e.transitions
	e.transitions = nil
	return t
}

// Changed says that an alert fired or resolved since the last Pending: it is worth a commit now.
func (e *Engine) Changed() bool { return e.marks.changed }

// maxDescribed is how many alerts one call of Alerts describes anew.
const maxDescribed = 256

// Alerts returns every alert that is pending or firing, and those that resolved within the last 15 minutes, sorted by
// rule, labels and start. It is called with the pipeline's lock held, at each commit: where more than 256 of them have
// changed, value and evidence of the others are those of a call or a few before.
func (e *Engine) Alerts() []alert.Alert {
	e.pruneResolved()
	over := slices.SortedFunc(slices.Values(e.recent), compareAlerts)
	out := make([]alert.Alert, 0, len(over)+len(e.active))
	e.describeSome()
	for _, g := range e.active {
		for len(over) > 0 && compareAlerts(over[0], *g.shown) < 0 {
			out, over = append(out, over[0]), over[1:]
		}
		out = append(out, *g.shown)
	}
	return append(out, over...)
}

// describeSome describes the active alerts that were not described yet, and of those that have changed since as many as
// one call may, going on where the last one ended.
func (e *Engine) describeSome() {
	left, n := maxDescribed, len(e.active)
	start := e.turn
	for i := range n {
		at := (start + i) % n
		g := e.active[at]
		if g.rule.arrival { // silence grows by itself
			e.keep(g)
			g.meter.moveTo(e.clock)
			g.stale = true
		}
		if g.shown == nil || g.stale && left > 0 {
			e.alertOf(g)
			left--
			e.turn = at + 1
		}
	}
}

func compareAlerts(a, b alert.Alert) int {
	return cmp.Or(strings.Compare(a.Rule, b.Rule), compareLabels(a.Labels, b.Labels), a.ActiveAt.Compare(b.ActiveAt))
}

func (e *Engine) pruneResolved() {
	limit := timeOf(e.clock).Add(-resolvedFor)
	e.recent = slices.DeleteFunc(e.recent, func(a alert.Alert) bool { return a.EndsAt.Before(limit) })
}

// emit hands out a transition and keeps it for the alerts table.
func (e *Engine) emit(a alert.Alert) {
	if e.journal.off {
		return // it was handed out
	}
	e.transitions = append(e.transitions, a)
	e.marks.alert(a)
	e.marks.changed = true
	if a.State != alert.Resolved {
		return
	}
	if len(e.recent) >= maxResolved {
		e.recent = slices.Delete(e.recent, 0, 1)
	}
	e.recent = append(e.recent, a)
}

func (e *Engine) notePending(g *group) {
	if !e.journal.off {
		e.marks.alert(e.alertOf(g))
	}
}

func (e *Engine) forgetPending(g *group) {
	if !e.journal.off {
		e.marks.noAlert(g.alertID())
	}
}

// alertOf returns the alert of an active group as it is now.
func (e *Engine) alertOf(g *group) alert.Alert {
	if g.shown == nil || g.stale {
		a := e.describe(g)
		a.Summary = g.rule.summary.expand(a)
		g.shown, g.stale = &a, false
	}
	return *g.shown
}

// resolved returns the alert of a firing group as it ends. Its summary speaks of the peak: a resolved message stands
// alone, and what it was about is how bad it got.
func (e *Engine) resolved(g *group, t int64) alert.Alert {
	a := e.describe(g)
	a.State, a.EndsAt = alert.Resolved, timeOf(t)
	at := a
	at.Value = a.Peak
	a.Summary = g.rule.summary.expand(at)
	return a
}

func (e *Engine) describe(g *group) alert.Alert {
	r, v := g.rule, g.meter.value()
	a := alert.Alert{
		ID: g.alertID(), Rule: r.Name, Labels: g.labelSet(), State: alert.Pending, ActiveAt: timeOf(g.activeAt),
		Condition: r.name, Value: v, Peak: r.edge.worse(g.peak, v), Threshold: g.meter.threshold(), Above: r.edge.above, Window: r.Window,
		RunbookURL: e.runbook(r), FirstCheck: r.FirstCheck, Evidence: g.evidence.show(e.opts.Samples),
	}
	if r.knowsLess(&a) {
		a.Evidence.People.AtLeast = a.Evidence.People.N > 0
		a.Evidence.Meetings.AtLeast = a.Evidence.Meetings.N > 0
	}
	if g.state == firing {
		a.State, a.StartsAt = alert.Firing, timeOf(g.startsAt)
		a.Evidence.Before = e.past.before(g.identity(), g.startsAt, e.born)
	}
	return a
}

// knowsLess says that the evidence does not cover all that the value counted: events of before the end of the alert before
// this one are still in the window, and their evidence went with that alert. Or they named nobody. So there may have been
// more people and meetings.
func (r *rule) knowsLess(a *alert.Alert) bool {
	if !a.Above {
		return false
	}
	seen := int64(0)
	switch {
	case a.Condition == alert.OnCount || a.Condition == alert.OnSpike:
		for _, c := range a.Evidence.Codes {
			seen += c.N
		}
	case a.Condition == alert.OnDistinct && r.Distinct.Of == event.Participant:
		seen = a.Evidence.People.N
	case a.Condition == alert.OnDistinct && r.Distinct.Of == event.Meeting:
		seen = a.Evidence.Meetings.N
	}
	return seen > 0 && a.Peak > float64(seen)
}

func (e *Engine) runbook(r *rule) string {
	switch {
	case !strings.HasPrefix(r.RunbookURL, "/"):
		return r.RunbookURL
	case e.opts.ExternalURL == "":
		return ""
	}
	return strings.TrimSuffix(e.opts.ExternalURL, "/") + r.RunbookURL
}

// alertID names one firing for ever. A pending alert has the name that it will have if it fires.
func (g *group) alertID() string {
	startsAt := g.startsAt
	if g.state != firing {
		startsAt = g.activeAt + int64(g.rule.For)
	}
	return alertID(g.rule.Name, g.labelSet(), startsAt)
}

// alertID is made of nothing but the rule, the labels and the start, so that a restart, or a crash and a second reading
// of the same lines, gives the same one. Letters and digits, 16 of them: 80 bits of SHA-256.
func alertID(rule string, labels alert.Labels, startsAt int64) string {
	h := sha256.New()
	writeIdentity(h, rule, labels)
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(startsAt)))
	return strings.ToLower(base32.StdEncoding.EncodeToString(h.Sum(nil)[:10]))
}

func writeIdentity(h hash.Hash, rule string, labels alert.Labels) {
	write := func(s string) {
		h.Write(binary.AppendUvarint(nil, uint64(len(s))))
		h.Write([]byte(s))
	}
	write(rule)
	for _, l := range labels {
		write(l.Name)
		write(l.Value)
	}
}

// identityOf is the identity of an alert's group, in the form of the alerts table.
func identityOf(a *alert.Alert) []byte {
	h := sha256.New()
	writeIdentity(h, a.Rule, a.Labels)
	return append([]byte{hashedKey}, h.Sum(nil)[:len(valueKey{})-1]...)
}

// startOf is when an alert began to fire, 0 where it did not.
func startOf(a *alert.Alert) int64 {
	if a.StartsAt.IsZero() {
		return 0
	}
	return nanos(a.StartsAt)
}

// changedAt is the time of the alert's last change of state.
func changedAt(a *alert.Alert) time.Time {
	switch a.State {
	case alert.Resolved:
		return a.EndsAt
	case alert.Firing:
		return a.StartsAt
	}
	return a.ActiveAt
}
