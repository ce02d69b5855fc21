package notify

import (
	"encoding/json"
	"maps"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/errwatch/errwatch/internal/alert"
	"github.com/errwatch/errwatch/internal/store"
)

// The outbox is the part of the notifier that survives a crash. Its rows:
//
//   - table outbox: one row for each message that a webhook has not acknowledged. It is made in Pending, in the commit
//     that moves the alert's state, and grows until it is released: when its interval is over and that commit is done.
//     From the first try on it is frozen, so that every further try, also after a crash, sends the same message and key.
//   - table meta, "notify.told/RECEIVER/ALERT": the state of an alert that the receiver has been told, or will be by a
//     message in the outbox. What fires and was never told (a crash came in between, the receiver is new) is told then.
//   - table meta, "notify.last/RECEIVER/RULE": when the newest message about a rule may be sent, in Unix nanoseconds.
const (
	toldPrefix = "notify.told/"
	lastPrefix = "notify.last/"

	putMeta   = "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
	dropMeta  = "DELETE FROM meta WHERE key = ?"
	putRow    = "INSERT INTO outbox (id, receiver, key, alert_id, payload, created, attempts, not_before) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET payload = excluded.payload, attempts = excluded.attempts, not_before = excluded.not_before"
	dropRow   = "DELETE FROM outbox WHERE id = ?"
	allRows   = "SELECT id, receiver, key, payload, created, attempts, not_before FROM outbox ORDER BY id"
	allMeta   = "SELECT key, value FROM meta WHERE key >= 'notify.' AND key < 'notify/'"
	maxListed = 50 // alerts that a message holds; of further ones it knows the number
)

type outbox struct {
	n        *Notifier
	webhooks []*webhook

	mu      sync.Mutex // guards all below, and the threads and queues of the webhooks
	journal journal
	lastID  int64
}

func newOutbox(n *Notifier) *outbox { return &outbox{n: n} }

// message is a row of the outbox.
type message struct {
	id       int64
	key      string // Idempotency-Key
	created  time.Time
	after    time.Time // not to be sent before
	attempts int
	content  content

	ready  bool // all of it is committed
	frozen bool // a try has begun
}

// content is the payload of a row. What is sent is made of it at each try, by the receiver's template.
type content struct {
	Rule   string        `json:"rule"`
	Repeat bool          `json:"repeat,omitempty"`
	Alerts []alert.Alert `json:"alerts"`
	More   more          `json:"more,omitzero"`
}

// more counts the alerts for which a message had no room.
type more struct {
	Firing   int `json:"firing"`
	Resolved int `json:"resolved"`
}

// thread is what a webhook was told about one rule.
type thread struct {
	rule string
	last time.Time               // of the newest message: when it might be sent
	open *message                // still grows; nil: none
	news map[string]*alert.Alert // to be put into a message by the next Pending, by alert ID
	now  map[string]*alert.Alert // what fires and was told: the content of a repetition
}

// Pending returns the rows that go into the commit with which the alerts' transitions go. It is called with the
// pipeline's lock held; handing it the same transitions again after a failed commit does no harm.
func (n *Notifier) Pending(transitions []alert.Alert) store.Pending {
	o := n.outbox
	o.mu.Lock()
	defer o.mu.Unlock()
	now := n.opts.Now()
	for _, w := range o.webhooks {
		for i := range transitions {
			w.news(&transitions[i])
		}
		for _, t := range w.threads {
			w.write(t, now)
		}
	}
	p := o.journal.pending()
	if settle := p.Done; settle != nil {
		p.Done = func(committed bool) {
			o.mu.Lock()
			defer o.mu.Unlock()
			settle(committed)
		}
	}
	return p
}

// Changed reports whether there is something for a commit to write although no alert has changed: a message was sent, or
// is due to be repeated. It costs next to nothing.
func (n *Notifier) Changed() bool {
	o := n.outbox
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.journal.changes) > 0 {
		return true
	}
	now := n.opts.Now()
	for _, w := range o.webhooks {
		for _, t := range w.threads {
			if len(t.news) > 0 || w.repeats(t, now) {
				return true
			}
		}
	}
	return false
}

// committed releases what the commit has written, and finds what no transition has told.
func (o *outbox) committed(active []alert.Alert) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, w := range o.webhooks {
		w.compare(active)
		for _, m := range w.queue {
			m.ready = true
		}
		wakeUp(w.wake)
	}
}

// news notes what is to be told about an alert. The lock is held.
func (w *webhook) news(a *alert.Alert) {
	if a.State == alert.Pending || !matchAll(w.match, w.n.labels.of(a)) {
		return
	}
	t := w.thread(a.Rule)
	told, waits := w.told[a.ID], t.news[a.ID] != nil
	switch {
	case told == a.State:
		return
	case a.State == alert.Resolved && told == "" && !waits:
		return // nobody heard that it fired
	}
	x := *a
	t.news[a.ID] = &x
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
			s.match = matchAll(w.match, w.n.labels.of(a))
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

// forget lets go of alerts that are no longer active.
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
	for id := range w.told {
		if w.seen[id] == nil && !waits[id] {
			delete(w.told, id)
			key := w.toldKey(id)
			w.o.journal.put(key, dropMeta, key)
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
	slices.SortFunc(alerts, func(a, b *alert.Alert) int { return byStart(a, b) })
	m := t.open
	if m == nil || m.frozen {
		m = w.begin(t, alerts[0], now)
	}
	m.content.Repeat = repeat
	for _, a := range alerts {
		m.content.add(a)
		w.tell(a)
	}
	clear(t.news)
	m.ready = false
	w.o.store(w, m)
	w.limit()
}

// tell notes that an alert's state is in a message.
func (w *webhook) tell(a *alert.Alert) {
	if w.told[a.ID] != a.State {
		w.told[a.ID] = a.State
		key := w.toldKey(a.ID)
		w.o.journal.put(key, putMeta, key, string(a.State))
	}
}

func byStart(a, b *alert.Alert) int {
	if c := a.StartsAt.Compare(b.StartsAt); c != 0 {
		return c
	}
	return strings.Compare(a.ID, b.ID)
}

// repeats reports whether what still fires is to be told again.
func (w *webhook) repeats(t *thread, now time.Time) bool {
	return len(t.now) > 0 && len(t.news) == 0 && (t.open == nil || t.open.frozen) && !t.last.IsZero() && now.Sub(t.last) >= w.repeat
}

// begin makes the message into which news about a rule go.
func (w *webhook) begin(t *thread, first *alert.Alert, now time.Time) *message {
	w.o.lastID++
	m := &message{id: w.o.lastID, created: now, after: now}
	if next := t.last.Add(w.interval); next.After(now) {
		m.after = earliest(next, now.Add(w.interval)) // the clock may have been set back
	}
	m.key = messageKey(w.name, first, m)
	m.content.Rule = t.rule
	t.open, t.last = m, m.after
	w.queue = append(w.queue, m)
	key := w.lastKey(t.rule)
	w.o.journal.put(key, putMeta, key, t.last.UnixNano())
	return m
}

// add puts an alert into a message, or replaces its older state there.
func (c *content) add(a *alert.Alert) {
	i := slices.IndexFunc(c.Alerts, func(x alert.Alert) bool { return x.ID == a.ID })
	switch {
	case i >= 0:
		c.Alerts[i] = finite(*a)
	case len(c.Alerts) < maxListed:
		c.Alerts = append(c.Alerts, finite(*a))
	case a.State == alert.Resolved:
		c.More.Resolved++
	default:
		c.More.Firing++
	}
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

// limit drops the oldest messages past the length of the queue; not the one that is being sent.
func (w *webhook) limit() {
	for len(w.queue) > w.n.opts.QueueSize {
		i := slices.IndexFunc(w.queue, func(m *message) bool { return m != w.sending })
		w.drop(w.queue[i])
		w.counts.dropped.Add(1)
	}
}

// drop takes a message out of the queue and the outbox.
func (w *webhook) drop(m *message) {
	w.queue = slices.DeleteFunc(w.queue, func(x *message) bool { return x == m })
	if t := w.threads[m.content.Rule]; t != nil && t.open == m {
		t.open = nil
	}
	w.o.journal.put(rowKey(m.id), dropRow, m.id)
}

// store notes that a message is to be written.
func (o *outbox) store(w *webhook, m *message) {
	payload, err := json.Marshal(m.content)
	if err != nil {
		w.n.opts.Logger.Error("a message cannot be kept", "receiver", w.name, "rule", m.content.Rule, "err", err)
		return
	}
	o.journal.put(rowKey(m.id), putRow, m.id, w.name, m.key, m.content.firstID(), payload, m.created.UnixNano(), m.attempts, m.after.UnixNano())
}

func (c *content) firstID() string {
	if len(c.Alerts) == 0 {
		return ""
	}
	return c.Alerts[0].ID
}

func rowKey(id int64) string { return "row/" + strconv.FormatInt(id, 10) }

func (w *webhook) toldKey(id string) string {
	return toldPrefix + url.PathEscape(w.name) + "/" + url.PathEscape(id)
}

func (w *webhook) lastKey(rule string) string {
	return lastPrefix + url.PathEscape(w.name) + "/" + url.PathEscape(rule)
}
