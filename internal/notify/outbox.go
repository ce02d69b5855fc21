package notify

import (
	"encoding/json"
	"net/url"
	"strconv"
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
//     message in the outbox, and what is needed to say that it is over. What fires and was never told (a crash came in
//     between, the receiver is new) is told then; so is the end of what was told to fire and is no longer known.
//   - table meta, "notify.last/RECEIVER/RULE": when the newest message about a rule may be sent, in Unix nanoseconds, and
//     the word again where a message about it was dropped.
const (
	toldPrefix = "notify.told/"
	lastPrefix = "notify.last/"
	againMark  = " again"

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

	stored bool                   // its row is in the file
	ready  bool                   // all of it is committed
	frozen bool                   // a try has begun
	tried  time.Time              // when, in this process
	left   map[string]alert.State // alerts for which there was no room, by ID
}

// content is the payload of a row. What is sent is made of it at each try, by the receiver's template.
type content struct {
	Rule   string        `json:"rule"`
	Repeat bool          `json:"repeat,omitempty"`
	Alerts []alert.Alert `json:"alerts"`
	More   more          `json:"more,omitzero"`
	Still  int           `json:"still,omitempty"` // alerts of the rule that fire, were told before, and are not in here
}

// more counts the alerts for which a message had no room.
type more struct {
	Firing   int `json:"firing"`
	Resolved int `json:"resolved"`
}

// thread is what a webhook was told about one rule.
type thread struct {
	rule  string
	last  time.Time               // of the newest message: when it might be sent
	again bool                    // a message was dropped: what fires is told once there is room
	open  *message                // still grows; nil: none
	news  map[string]*alert.Alert // to be put into a message by the next Pending, by alert ID
	now   map[string]*alert.Alert // what fires and was told: the content of a repetition

	stored bool // its row is in the file
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

// store notes that a message is to be written.
func (o *outbox) store(w *webhook, m *message) {
	payload, err := json.Marshal(m.content)
	if err != nil {
		w.n.opts.Logger.Error("a message cannot be kept", "receiver", w.name, "rule", m.content.Rule, "err", err)
		return
	}
	o.journal.put(rowKey(m.id), &m.stored, putRow, m.id, w.name, m.key, m.content.firstID(), payload, m.created.UnixNano(), m.attempts, m.after.UnixNano())
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
