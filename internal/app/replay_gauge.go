package app

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/errwatch/errwatch/internal/alert"
	"github.com/errwatch/errwatch/internal/event"
	"github.com/errwatch/errwatch/internal/rules"
)

// gauges measure the values of rules, and what they would do with other thresholds. A value is that of an engine with
// this one rule. Each other threshold is a rule of its own, so that it is judged as a rule is: with its window, its
// groups, its hysteresis, its waiting times.
type gauges struct {
	byRule  []ruleGauge // in the order of Plan.judging
	shadows *rules.Engine
	owners  map[string]owner // by the shadow's name
	events  int              // since the engines were told that all is stored
	live    bool             // silence counts

	needed []string      // the fields that decide something: no other one is shown to these engines
	fields []event.Field // scratch
}

// ruleGauge measures one rule.
type ruleGauge struct {
	sampler *sampler // nil where the condition has no value that a threshold could be chosen by
	rungs   []rung
	fired   []int // by rung
}

// owner says whose rung a shadow is.
type owner struct{ rule, rung int }

func (p *Plan) newGauges() (*gauges, error) {
	judging := p.judging()
	g := &gauges{byRule: make([]ruleGauge, len(judging)), owners: map[string]owner{}}
	opts := p.ruleOptions()
	opts.NoEvidence = true // that is the trial's
	opts.Unstored = true
	var shadows []rules.Rule
	for i := range judging {
		r, x := &judging[i], &g.byRule[i]
		x.rungs = ladder(r)
		x.fired = make([]int, len(x.rungs))
		for j, rung := range x.rungs {
			g.owners[rung.rule.Name] = owner{i, j}
			shadows = append(shadows, rung.rule)
		}
		if len(x.rungs) > 0 && !r.Absent {
			var err error
			if x.sampler, err = newSampler(r, opts); err != nil {
				return nil, err
			}
		}
		g.needed = append(g.needed, decidingFields(r)...)
	}
	// Each threshold may have as many groups as the rule: how many there are in all says nothing about a single one.
	opts.MaxGroupsAll = opts.MaxGroups * max(1, len(shadows))
	var err error
	g.shadows, err = rules.New(shadows, opts)
	return g, err
}

// decidingFields lists the fields that decide whether, where and how an event counts in a rule.
func decidingFields(r *rules.Rule) []string {
	out := slices.AppendSeq(slices.Clone(r.By), maps.Keys(r.Match.Fields))
	if r.Distinct != nil {
		out = append(out, r.Distinct.Of)
	}
	if r.Ratio != nil {
		out = slices.AppendSeq(out, maps.Keys(r.Ratio.To.Fields))
	}
	if r.Dedupe != nil {
		out = append(out, r.Dedupe.By...)
	}
	return out
}

// take measures what comes next; now is the rules' clock.
func (g *gauges) take(it *item, now time.Time) {
	if !g.live {
		g.live = true
		g.shadows.Live(now) // as in the trial: from here on silence counts
	}
	if it.mark {
		g.shadows.ObserveLines(it.Source, now)
		g.collect()
		return
	}
	e := g.stripped(&it.Event)
	for i := range g.byRule {
		if s := g.byRule[i].sampler; s != nil {
			s.observe(&e, now)
		}
	}
	g.shadows.Observe(&e, now)
	g.collect()
}

// stripped is an event without what only becomes evidence.
func (g *gauges) stripped(e *event.Event) event.Event {
	x := *e
	x.Text, x.Message, x.Hidden, g.fields = nil, nil, event.Hidden{}, g.fields[:0]
	for _, f := range e.Fields {
		if slices.Contains(g.needed, f.Name) {
			g.fields = append(g.fields, f)
		}
	}
	x.Fields = g.fields
	return x
}

func (g *gauges) collect() {
	if g.events++; g.events >= settleEvery {
		g.events = 0
		g.shadows.Pending().Done(true)
		for i := range g.byRule {
			if s := g.byRule[i].sampler; s != nil {
				s.engine.Pending().Done(true)
			}
		}
	}
	for _, a := range g.shadows.Transitions() {
		if a.State == alert.Firing {
			o := g.owners[a.Rule]
			g.byRule[o.rule].fired[o.rung]++
		}
	}
}

// finish measures up to the end of the logs.
func (g *gauges) finish(now time.Time) {
	if now.IsZero() {
		return // no line had a time
	}
	g.shadows.Advance(now)
	g.collect()
	for i := range g.byRule {
		if s := g.byRule[i].sampler; s != nil {
			s.finish(now)
		}
	}
}

// report adds to a rule's replay what was measured.
func (g *gauges) report(i int, r *rules.Rule, x *RuleReplay) {
	m, t := &g.byRule[i], thresholdOf(r)
	if t.kind == noThreshold {
		return
	}
	x.Factors, x.Seconds = t.kind == thresholdFactor, t.kind == thresholdSilence
	x.Thresholds = append(x.Thresholds, Threshold{t.value, x.Fired, true})
	if x.Seconds {
		m.reportSilence(x)
		return
	}
	if x.Values = m.sampler.distribution(); x.Values == nil {
		return
	}
	top := math.Inf(1) // what no value was above: no threshold from there on would have fired
	if t.kind == thresholdAbove || t.kind == thresholdRatio {
		top = x.Values.Max
	}
	for j, rung := range m.rungs {
		if rung.threshold < top {
			x.Thresholds = append(x.Thresholds, Threshold{rung.threshold, m.fired[j], false})
		}
	}
	if top > 0 && top != t.value && !math.IsInf(top, 1) {
		x.Thresholds = append(x.Thresholds, Threshold{top, 0, false})
	}
	slices.SortFunc(x.Thresholds, func(a, b Threshold) int { return cmp.Compare(a.Value, b.Value) })
}

// reportSilence lists how often longer windows would have fired, up to the first that never would have.
func (m *ruleGauge) reportSilence(x *RuleReplay) {
	fired := x.Fired
	for j, rung := range m.rungs {
		if fired == 0 {
			return
		}
		fired = m.fired[j]
		x.Thresholds = append(x.Thresholds, Threshold{rung.threshold, fired, false})
	}
}
