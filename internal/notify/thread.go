package notify

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/errwatch/errwatch/internal/alert"
)

// toldAlert is what a receiver knows of an alert.
type toldAlert struct {
	State alert.State  `json:"state"`
	Alert *alert.Alert `json:"alert,omitempty"` // while it fires: what it takes to say that it is over; no evidence

	stored bool // its row is in the file
}

// news notes what is to be told about an alert. The lock is held.
func (w *webhook) news(a *alert.Alert) {
	if a.State == alert.Pending {
		return
	}
	told, t := w.toldOf(a.ID), w.thread(a.Rule)
	switch {
	case told == a.State:
		return
	case a.State == alert.Resolved && told == alert.Firing:
		// Whoever heard that it fires hears that it is over, even if the matchers have changed since.
	case !w.matches(a):
		return
	case a.State == alert.Resolved && t.news[a.ID] == nil:
		return // nobody heard that it fired
	}
	x := *a
	t.news[a.ID] = &x
}

// matches: the watchdog is news for a machine, and a chat that hears of it every day reads nothing any more, so it goes
// only where a matcher asks for it by its name or severity.
func (w *webhook) matches(a *alert.Alert) bool {
	if a.Condition == alert.OnAlways && !slices.ContainsFunc(w.match, func(m matcher) bool {
		return !m.negate && (m.name == "alertname" || m.name == "severity")
	}) {
		return false
	}
	return len(w.match) == 0 || matchAll(w.match, w.n.labels.of(a))
}

// toldOf is the state that the receiver was told; "" for none.
func (w *webhook) toldOf(id string) alert.State {
	if told := w.told[id]; told != nil {
		return told.State
	}
	return ""
}

func (w *webhook) thread(rule string) *thread {
	t := w.threads[rule]
	if t == nil {
		t = &thread{rule: rule, news: map[string]*alert.Alert{}, now: map[string]*alert.Alert{}}
		w.threads[rule] = t
	}
	return t
}

// compare takes in all active alerts: news about those whose transition was lost, the present state for repetitions; and
// forgets those that are no more. The lock is held.
func (w *webhook) compare(active []alert.Alert) {
	w.sweep++
	for i := range active {
		a := &active[i]
		s := w.seen[a.ID]
		if s == nil {
			s = &sighting{}
			w.seen[a.ID] = s
		}
		if a.State != s.state {
			s.state = a.State
			s.match = w.matches(a)
			w.news(a)
		}
		s.sweep = w.sweep
		if s.match && a.State == alert.Firing {
			w.thread(a.Rule).now[a.ID] = a
		}
	}
	maps.DeleteFunc(w.seen, func(_ string, s *sighting) bool { return s.sweep != w.sweep })
	w.forget()
}

// sighting is what compare knows of an active alert.
type sighting struct {
	state alert.State
	match bool
	sweep uint64
}

// forget lets go of alerts that are no longer active. What was told to fire and is gone without a word (it ended while
// errwatch was down, or its rule has another form now) has ended: an incident must not stay open for ever.
func (w *webhook) forget() {
	waits := map[string]bool{}
	for _, t := range w.threads {
		for id := range t.now {
			if s := w.seen[id]; s == nil || s.state != alert.Firing {
				delete(t.now, id)
			}
		}
		for id := range t.news {
			waits[id] = true
		}
	}
	for id, told := range w.told {
		switch {
		case w.seen[id] != nil || waits[id]:
		case told.State == alert.Firing && told.Alert != nil:
			x := *told.Alert
			x.State, x.EndsAt = alert.Resolved, w.n.opts.Now()
			w.thread(x.Rule).news[id] = &x
		default:
			delete(w.told, id)
			key := w.toldKey(id)
			w.o.journal.drop(key, &told.stored, dropMeta, key)
		}
	}
}

// write turns news into a message, and begins a repetition where one is due. The lock is held.
func (w *webhook) write(t *thread, now time.Time) {
	repeat := w.repeats(t, now)
	if len(t.news) == 0 && !repeat {
		return
	}
	alerts := slices.Collect(maps.Values(t.news))
	if repeat {
		alerts = slices.Collect(maps.Values(t.now))
	}
	slices.SortFunc(alerts, byStart)
	m := t.open
	if m == nil || m.frozen {
		m = w.begin(t, alerts[0], now)
	}
	m.content.Repeat = repeat
	for _, a := range alerts {
		m.add(a)
		w.tell(a)
	}
	m.content.More, m.content.Still = m.more(), w.still(m)
	clear(t.news)
	m.ready = false
	w.o.store(w, m)
	w.limit()
}

// tell notes that an alert's state is in a message.
func (w *webhook) tell(a *alert.Alert) {
	told := w.told[a.ID]
	if told == nil {
		told = &toldAlert{}
		w.told[a.ID] = told
	}
	if told.State == a.State {
		return
	}
	told.State, told.Alert = a.State, nil
	if a.State == alert.Firing {
		x := finite(*a)
		x.Evidence = alert.Evidence{}
		told.Alert = &x
	}
	value, err := json.Marshal(told)
	if err != nil {
		w.n.opts.Logger.Error("what was told cannot be kept", "receiver", w.name, "rule", a.Rule, "err", err)
		return
	}
	key := w.toldKey(a.ID)
	w.o.journal.put(key, &told.stored, putMeta, key, string(value))
}

// still counts the alerts of the message's rule that fire without being in it.
func (w *webhook) still(m *message) (n int) {
	for id, told := range w.told {
		if told.State != alert.Firing || told.Alert.Rule != m.content.Rule || m.left[id] != "" {
			continue
		}
		if !slices.ContainsFunc(m.content.Alerts, func(x alert.Alert) bool { return x.ID == id }) {
			n++
		}
	}
	return n
}

func byStart(a, b *alert.Alert) int {
	if c := a.StartsAt.Compare(b.StartsAt); c != 0 {
		return c
	}
	return strings.Compare(a.ID, b.ID)
}

// repeats reports whether what still fires is to be told again: after the time for it, or because a message was
// dropped. It waits for room in the queue: a repetition is not worth another message.
func (w *webhook) repeats(t *thread, now time.Time) bool {
	if len(t.now) == 0 || len(t.news) > 0 || t.last.IsZero() || len(w.queue) >= w.n.opts.QueueSize {
		return false
	}
	if t.again {
		return !slices.ContainsFunc(w.queue, func(m *message) bool { return m.content.Rule == t.rule })
	}
	return (t.open == nil || t.open.frozen) && now.Sub(t.last) >= w.repeat
}

// begin makes the message into which news about a rule go.
func (w *webhook) begin(t *thread, first *alert.Alert, now time.Time) *message {
	w.o.lastID++
	m := &message{id: w.o.lastID, created: now, after: now, left: map[string]alert.State{}}
	if next := t.last.Add(w.interval); next.After(now) {
		m.after = earliest(next, now.Add(w.interval)) // the clock may have been set back
	}
	m.key = messageKey(w.name, first, m)
	m.content.Rule = t.rule
	t.open, t.last, t.again = m, m.after, false
	w.queue = append(w.queue, m)
	w.keepLast(t)
	return m
}

// keepLast lets the next commit write when the rule was told of last.
func (w *webhook) keepLast(t *thread) {
	value := strconv.FormatInt(t.last.UnixNano(), 10)
	if t.again {
		value += againMark
	}
	key := w.lastKey(t.rule)
	w.o.journal.put(key, &t.stored, putMeta, key, value)
}

// add puts an alert into a message, or replaces its older state there. Where the list is full, what fires takes the place
// of what has resolved.
func (m *message) add(a *alert.Alert) {
	c := &m.content
	i := slices.IndexFunc(c.Alerts, func(x alert.Alert) bool { return x.ID == a.ID })
	if i < 0 && len(c.Alerts) >= maxListed && a.State == alert.Firing {
		i = slices.IndexFunc(c.Alerts, func(x alert.Alert) bool { return x.State == alert.Resolved })
		if i >= 0 {
			m.left[c.Alerts[i].ID] = alert.Resolved
		}
	}
	switch {
	case i >= 0:
		c.Alerts[i] = finite(*a)
		delete(m.left, a.ID)
	case len(c.Alerts) < maxListed:
		c.Alerts = append(c.Alerts, finite(*a))
	default:
		m.left[a.ID] = a.State
	}
}

// more counts what is not listed.
func (m *message) more() (n more) {
	for _, state := range m.left {
		if state == alert.Resolved {
			n.Resolved++
		} else {
			n.Firing++
		}
	}
	return n
}

// finite replaces the numbers that JSON cannot hold.
func finite(a alert.Alert) alert.Alert {
	for _, v := range []*float64{&a.Value, &a.Peak, &a.Threshold} {
		if math.IsNaN(*v) || math.IsInf(*v, 0) {
			*v = 0
		}
	}
	return a
}

// limit drops the oldest messages past the length of the queue; not the one that is being sent. What fires of theirs is
// told again once there is room.
func (w *webhook) limit() {
	for len(w.queue) > w.n.opts.QueueSize {
		i := slices.IndexFunc(w.queue, func(m *message) bool { return m != w.sending })
		m := w.queue[i]
		w.drop(m)
		w.counts.dropped.Add(1)
		t := w.thread(m.content.Rule)
		t.again = true
		w.keepLast(t)
	}
}

// drop takes a message out of the queue and the outbox.
func (w *webhook) drop(m *message) {
	w.queue = slices.DeleteFunc(w.queue, func(x *message) bool { return x == m })
	if t := w.threads[m.content.Rule]; t != nil && t.open == m {
		t.open = nil
	}
	w.o.journal.drop(rowKey(m.id), &m.stored, dropRow, m.id)
}
