package rules

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/errwatch/errwatch/internal/alert"
	"github.com/errwatch/errwatch/internal/event"
)

// simple is a model of one rule without `by`: it keeps every event and looks at every instant at which anything could
// happen.
type simple struct {
	rule   Rule
	span   span
	events []simpleEvent // those that count
	last   map[string]int64
	state  alert.State
	born   int64
	active int64
	ended  int64
	start  int64
	peak   float64
	out    []string

	// of a spike: the times, on a clock that stands still while the alert is active, at which what left the window had
	// been
	usual   []int64
	skipped int64
	begins  int64
}

type simpleEvent struct {
	at    int64
	who   string
	code  string
	match bool
	to    bool
	fresh bool
}

func (m *simple) in(e simpleEvent, t int64) bool { return t/m.span.width-e.at/m.span.width < m.span.n }

// count is the number of events in the window that f wants.
func (m *simple) count(t int64, f func(simpleEvent) bool) float64 {
	n := 0
	for _, e := range m.events {
		if m.in(e, t) && f(e) {
			n++
		}
	}
	return float64(n)
}

func (m *simple) value(t int64) float64 {
	matching := func(e simpleEvent) bool { return e.match }
	switch r := m.rule; {
	case r.Distinct != nil:
		named := map[string]bool{}
		unnamed := m.count(t, func(e simpleEvent) bool {
			if e.who != "" {
				named[e.who] = true
			}
			return e.who == "" && r.Distinct.OrEvents
		})
		return float64(len(named)) + unnamed
	case r.Ratio != nil:
		all := m.count(t, func(e simpleEvent) bool { return e.to })
		if all < float64(r.Ratio.MinTotal) {
			return 0
		}
		return m.count(t, matching) / all
	case r.New:
		return m.count(t, func(e simpleEvent) bool { return e.fresh })
	}
	return m.count(t, matching)
}

// leave moves what left the window into the baseline, or nowhere.
func (m *simple) leave(t int64) {
	if m.rule.Spike == nil {
		return
	}
	begins := (t/m.span.width - m.span.n + 1) * m.span.width
	for ; m.begins < begins; m.begins += m.span.width {
		if m.state != "" {
			m.skipped += m.span.width
			continue
		}
		for _, e := range m.events {
			if e.at/m.span.width*m.span.width == m.begins {
				m.usual = append(m.usual, m.begins+m.span.width-1-m.skipped)
			}
		}
	}
}

func (m *simple) reaches(t int64, factor float64) bool {
	s := m.rule.Spike
	base := spanOf(s.Baseline)
	end := m.begins - m.skipped
	from := ((end-1)/base.width - base.n + 1) * base.width
	n := 0
	for _, u := range m.usual {
		if u >= from {
			n++
		}
	}
	v := m.value(t)
	return v >= float64(s.Min)*factor/s.Factor && v*float64(end-from) >= factor*float64(n)*float64(m.span.n*m.span.width)
}

func (m *simple) fires(t int64) bool {
	switch r := m.rule; {
	case r.Spike != nil:
		return m.value(t) >= float64(r.Spike.Min) && m.reaches(t, r.Spike.Factor)
	case r.Below != nil:
		return t >= m.born+int64(r.Window) && m.value(t) < float64(*r.Below)
	default:
		return m.value(t) > kindOf(&r).edge.threshold
	}
}

func (m *simple) ends(t int64) bool {
	switch r := m.rule; {
	case r.Spike != nil:
		f := r.Spike.Factor
		if r.Spike.ResolveAt != nil {
			f = *r.Spike.ResolveAt
		}
		return !m.reaches(t, f)
	case r.Below != nil:
		return m.value(t) >= kindOf(&r).edge.resolveAt
	default:
		return m.value(t) <= kindOf(&r).edge.resolveAt
	}
}

func (m *simple) armed() bool {
	if s := m.rule.Spike; s != nil {
		base := spanOf(s.Baseline)
		return m.begins-m.skipped-m.born >= base.n*base.width
	}
	return true
}

func (m *simple) look(t int64) {
	m.leave(t)
	r, v := m.rule, m.value(t)
	edge := kindOf(&r).edge
	if m.state != "" {
		m.peak = edge.worse(m.peak, v)
	}
	say := func(s alert.State, at int64) {
		m.out = append(m.out, fmt.Sprintf("%s %s start %s peak %v", s, timeOf(at).Format(time.TimeOnly+".000000000"),
			timeOf(m.start).Format(time.TimeOnly+".000000000"), m.peak))
	}
	fire := func() {
		m.state, m.start, m.ended = alert.Firing, t, 0
		say(alert.Firing, t)
	}
	end := func() {
		say(alert.Resolved, t)
		m.state = ""
	}
	switch {
	case m.state == "" && m.armed() && m.fires(t):
		m.state, m.active, m.peak = alert.Pending, t, v
		if r.For == 0 {
			fire()
		}
	case m.state == alert.Pending && !m.fires(t):
		m.state = ""
	case m.state == alert.Pending && t-m.active >= int64(r.For):
		fire()
	case m.state == alert.Firing && m.ended == 0 && m.ends(t):
		m.ended = t
		if r.KeepFiringFor == 0 {
			end()
		}
	case m.state == alert.Firing && m.ended != 0 && m.fires(t):
		m.ended = 0
	case m.state == alert.Firing && m.ended != 0 && t-m.ended >= int64(r.KeepFiringFor):
		end()
	}
}

// until looks at each bucket border and at each end of a duration after the last instant, up to t.
func (m *simple) until(from, t int64) {
	for {
		next := (from/m.span.width + 1) * m.span.width
		for _, at := range []int64{m.active + int64(m.rule.For), m.ended + int64(m.rule.KeepFiringFor), m.born + int64(m.rule.Window)} {
			if at > from && at < next {
				next = at
			}
		}
		if next > t {
			return
		}
		m.look(next)
		from = next
	}
}

// observe counts an event that is not too late, unless it is folded.
func (m *simple) observe(ev *event.Event, at, now int64) {
	e := simpleEvent{at: at, who: string(ev.Field(event.Participant)), code: ev.Code + ev.Name}
	e.match = !ev.Reference || len(m.rule.Match.Names) > 0
	e.to = m.rule.Ratio != nil && ev.Reference
	if d := m.rule.Distinct; d != nil && !d.OrEvents && e.who == "" {
		return
	}
	if d := m.rule.Dedupe; d != nil && (e.match || e.to) {
		if by := string(ev.Field(d.By[0])); by != "" {
			key := fmt.Sprint(e.to, by)
			last, known := m.last[key]
			m.last[key] = max(last, at)
			if known && last-int64(d.Within) <= at && at <= last+int64(d.Within) {
				return
			}
		}
	}
	if m.rule.New {
		known := slices.ContainsFunc(m.events, func(o simpleEvent) bool { return m.in(o, now) && o.code == e.code })
		e.fresh = !known && now-m.born >= int64(m.rule.Window)
	}
	if e.match || e.to {
		m.events = append(m.events, e)
		m.look(now)
	}
}

// TestAgainstASimpleModel runs random rules of each kind over random streams. With `absent` the stories of
// TestAbsent are the model.
func TestAgainstASimpleModel(t *testing.T) {
	fired := map[alert.Condition]int{}
	eachSeed(t, func(t *testing.T, r *rand.Rand) {
		for _, kind := range []alert.Condition{alert.OnCount, alert.OnDistinct, alert.OnRatio, alert.OnSpike, alert.OnNew} {
			rule := randomRule(r, "R")
			for kindOf(&rule).name != kind {
				rule = randomRule(r, "R")
			}
			rule.By, rule.Match = nil, Match{}
			if rule.Ratio != nil {
				rule.Ratio.To = Match{Names: []string{"joined"}}
			}
			fired[kind] += againstSimple(t, r, rule)
		}
	})
	for _, kind := range []alert.Condition{alert.OnCount, alert.OnDistinct, alert.OnRatio, alert.OnSpike, alert.OnNew} {
		if fired[kind] < seeds/4 {
			t.Errorf("%s fired %d times in %d streams: that shows little", kind, fired[kind], seeds)
		}
	}
}

func againstSimple(t *testing.T, r *rand.Rand, rule Rule) (fired int) {
	t.Helper()
	e := mustNew(t, Options{}, rule)
	m := &simple{rule: rule, span: spanOf(rule.Window), born: noon.UnixNano(), last: map[string]int64{}}
	m.begins = (m.born/m.span.width - m.span.n + 1) * m.span.width
	e.Advance(noon)
	last := m.born
	for _, s := range randomStream(r, 100) {
		now := s.now.UnixNano()
		m.until(last, now)
		last = now
		at := min(s.ev.When().UnixNano(), now)
		late := now/m.span.width-at/m.span.width >= m.span.n && (!s.ev.Reference || rule.Ratio != nil)
		if got := e.Observe(s.ev, s.now); got.Late != late || got.Future != s.ev.When().After(s.now) {
			t.Errorf("event of %s at %s: %+v", s.ev.When(), s.now, got)
		}
		if now/m.span.width-at/m.span.width < m.span.n {
			m.observe(s.ev, at, now)
		}
		if got, want := e.Stats()[0].Value, m.value(now); got != want {
			t.Fatalf("at %s: value %v, want %v\n%s", s.now, got, want, rule.Canonical())
		}
	}
	end := last + int64(time.Hour)
	m.until(last, end)
	e.Advance(timeOf(end))
	var got []string
	for _, a := range e.Transitions() {
		at := a.StartsAt
		if a.State == alert.Resolved {
			at = a.EndsAt
		} else {
			fired++
		}
		got = append(got, fmt.Sprintf("%s %s start %s peak %v", a.State, at.Format(time.TimeOnly+".000000000"),
			a.StartsAt.Format(time.TimeOnly+".000000000"), a.Peak))
	}
	diff(t, rule.Canonical(), got, m.out)
	return fired
}
