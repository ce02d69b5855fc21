package app

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/errwatch/errwatch/internal/alert"
	"github.com/errwatch/errwatch/internal/config"
	"github.com/errwatch/errwatch/internal/rules"
	"github.com/errwatch/errwatch/internal/store"
	"github.com/errwatch/errwatch/internal/web"
)

// view shows the daemon to the pages.
type view struct{ d *Daemon }

// Status says how the daemon does.
func (v view) Status() web.Status {
	d, p := v.d, v.d.current.Load()
	loaded, failure := d.reloads.get()
	s := web.Status{
		Version: d.opts.Version, Instance: d.opts.Instance, Started: d.started, Now: d.opts.Now(),
		Durable: !p.health.undurable.Load(), LastCommit: time.Unix(0, p.health.lastGood.Load()),
		Config: web.ConfigInfo{Path: p.plan.Config.File(), Loaded: loaded, Error: failure},
	}
	counts := p.counters.Snapshot()
	for _, st := range p.source.Stats() {
		x := web.Source{
			Name: st.Name, Files: st.Files, LagBytes: st.LagBytes, LastLine: st.LastLine, CaughtUp: st.CaughtUp,
			Rotations: st.Rotations, Truncations: st.Truncations, LostBytes: st.LostBytes, Errors: st.Errors,
			Lines: counts.Lines(st.Name), Bytes: counts.Bytes(st.Name),
		}
		for _, o := range p.plan.sources {
			if o.Name == st.Name {
				x.Paths = o.Paths
			}
		}
		s.Sources = append(s.Sources, x)
	}
	for _, st := range p.notifier.Stats() {
		s.Receivers = append(s.Receivers, web.Receiver{Name: st.Name, Sent: st.Sent, Failed: st.Failed, Dropped: st.Dropped, Queue: st.Queue})
	}
	return s
}

// Counts lists the committed counts, most frequent first.
func (v view) Counts() []web.Count {
	var out []web.Count
	for _, c := range v.d.current.Load().counters.Snapshot().Codes() {
		out = append(out, web.Count{Source: c.Source, Code: c.Code, Name: c.Name, Category: c.Category, Value: c.Value})
	}
	slices.SortStableFunc(out, func(a, b web.Count) int { return cmp.Compare(b.Value, a.Value) })
	return out
}

// Alerts lists the alerts that are active or have just resolved.
func (v view) Alerts() []alert.Alert {
	p := v.d.current.Load()
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.rules.Alerts()
}

// Alert finds an alert by its ID: an active one, else one that the state still keeps.
func (v view) Alert(id string) (alert.Alert, bool) {
	p := v.d.current.Load()
	p.mu.Lock()
	a, found := p.rules.FindAlert(id)
	p.mu.Unlock()
	if found {
		return a, true
	}
	err := v.d.db.Read(context.Background(), func(tx *store.Tx) (err error) {
		a, found, err = rules.LoadAlert(tx, id)
		return err
	})
	if err != nil {
		v.d.logger.Warn("looking up an alert in the state failed", "err", err)
	}
	return a, found
}

// Rules lists the rules.
func (v view) Rules() []web.Rule {
	p := v.d.current.Load()
	p.mu.Lock()
	stats := p.rules.Stats()
	p.mu.Unlock()
	out := make([]web.Rule, 0, len(stats))
	for _, s := range stats {
		w := web.Rule{Name: s.Name, Severity: s.Severity, Value: s.Value, Threshold: s.Threshold, Groups: s.Groups}
		if i := slices.IndexFunc(p.plan.rules, func(r rules.Rule) bool { return r.Name == s.Name }); i >= 0 {
			r := &p.plan.rules[i]
			w.FirstCheck = r.FirstCheck
			w.Runbook, _ = rules.Runbook(r.Name)
			w.For, w.Keep, w.Labels, w.Summary, w.RunbookURL, w.Query = r.For, r.KeepFiringFor, r.Labels, r.Summary, r.RunbookURL, condition(r)
		}
		out = append(out, w)
	}
	return out
}

// condition says a rule's condition in words.
func condition(r *rules.Rule) string {
	var b strings.Builder
	switch {
	case r.Always:
		return "always"
	case r.Distinct != nil:
		b.WriteString("distinct " + r.Distinct.Of)
	case r.Ratio != nil:
		b.WriteString("ratio")
	case r.Spike != nil:
		b.WriteString("spike")
	case r.Absent:
		b.WriteString("nothing")
	case r.New:
		b.WriteString("a new code")
	default:
		b.WriteString("count")
	}
	for _, list := range [][]string{r.Match.Codes, r.Match.Names, r.Match.Categories} {
		if len(list) > 0 {
			b.WriteString(" of " + strings.Join(list, ", "))
		}
	}
	if len(r.Match.Sources) > 0 {
		b.WriteString(" in " + strings.Join(r.Match.Sources, ", "))
	}
	for name, values := range r.Match.Fields {
		fmt.Fprintf(&b, " with %s = %s", name, strings.Join(values, " or "))
	}
	switch {
	case r.Above != nil:
		b.WriteString(" > " + strconv.FormatInt(*r.Above, 10))
	case r.Below != nil:
		b.WriteString(" < " + strconv.FormatInt(*r.Below, 10))
	case r.Distinct != nil:
		b.WriteString(" > " + strconv.FormatInt(r.Distinct.Above, 10))
	case r.Ratio != nil:
		b.WriteString(" > " + strconv.FormatFloat(r.Ratio.Above, 'g', -1, 64))
	case r.Spike != nil:
		b.WriteString(" ≥ " + strconv.FormatFloat(r.Spike.Factor, 'g', -1, 64) + " × the baseline")
	}
	b.WriteString(" in " + config.FormatDuration(r.Window))
	if len(r.By) > 0 {
		b.WriteString(" by " + strings.Join(r.By, ", "))
	}
	return b.String()
}
