package notify

import (
	"database/sql"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/errwatch/errwatch/internal/alert"
	"github.com/errwatch/errwatch/internal/store"
)

// Restore reads what the last run left unsent and what it had told. Call it before Run. Messages for webhooks that are no
// longer configured are dropped, and the log says how many.
func (n *Notifier) Restore(tx *store.Tx) error {
	o := n.outbox
	o.mu.Lock()
	defer o.mu.Unlock()
	return errors.Join(o.restoreMeta(tx), o.restoreRows(tx))
}

func (o *outbox) webhook(name string) *webhook {
	for _, w := range o.webhooks {
		if w.name == name {
			return w
		}
	}
	return nil
}

func (o *outbox) restoreMeta(tx *store.Tx) error {
	rows, err := tx.Query(allMeta)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var key, value string
		if err := rows.Scan(&key, &value); err != nil {
			return err
		}
		if !o.restoreKey(key, value) {
			stored := true
			o.journal.drop(key, &stored, dropMeta, key)
		}
	}
	return rows.Err()
}

// restoreKey takes in one row of meta; false: it belongs to nothing that is configured.
func (o *outbox) restoreKey(key, value string) bool {
	kind := toldPrefix
	if strings.HasPrefix(key, lastPrefix) {
		kind = lastPrefix
	}
	name, id, ok := splitKey(strings.TrimPrefix(key, kind))
	w := o.webhook(name)
	if !ok || w == nil {
		return false
	}
	if kind == toldPrefix {
		var told toldAlert
		if json.Unmarshal([]byte(value), &told) != nil || told.State == alert.Firing && told.Alert == nil {
			return false
		}
		told.stored = true
		w.told[id] = &told
		return true
	}
	value, again := strings.CutSuffix(value, againMark)
	nanos, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		return false
	}
	t := w.thread(id)
	t.last, t.again, t.stored = time.Unix(0, nanos), again, true
	return true
}

func splitKey(s string) (name, id string, ok bool) {
	name, id, ok = strings.Cut(s, "/")
	if !ok {
		return "", "", false
	}
	name, err1 := url.PathUnescape(name)
	id, err2 := url.PathUnescape(id)
	return name, id, err1 == nil && err2 == nil
}

func (o *outbox) restoreRows(tx *store.Tx) error {
	rows, err := tx.Query(allRows)
	if err != nil {
		return err
	}
	defer rows.Close()
	lost := 0
	for rows.Next() {
		ok, err := o.restoreRow(rows)
		if err != nil {
			return err
		}
		if !ok {
			lost++
		}
	}
	if lost > 0 {
		o.n.opts.Logger.Warn("unsent notifications are dropped: their receivers are no longer configured", "messages", lost)
	}
	return rows.Err()
}

// restoreRow takes in one row of the outbox. It is frozen: nobody knows whether it was sent already.
func (o *outbox) restoreRow(rows *sql.Rows) (known bool, err error) {
	m := &message{stored: true, ready: true, frozen: true}
	var receiver string
	var payload []byte
	var created, after int64
	if err := rows.Scan(&m.id, &receiver, &m.key, &payload, &created, &m.attempts, &after); err != nil {
		return false, err
	}
	o.lastID = max(o.lastID, m.id)
	w := o.webhook(receiver)
	if w == nil || json.Unmarshal(payload, &m.content) != nil || len(m.content.Alerts) == 0 {
		o.journal.drop(rowKey(m.id), &m.stored, dropRow, m.id)
		return false, nil
	}
	m.created = time.Unix(0, created)
	m.after = earliest(time.Unix(0, after), o.n.opts.Now().Add(maxRetryAfter)) // the clock may have been set back
	w.queue = append(w.queue, m)
	return true, nil
}

// Adopt carries over what a notifier that has stopped did since the commit that n was restored from: what it sent is not
// sent again, and the numbers of Stats go on. Call it after Restore and before Run, once old.Run has returned.
func (n *Notifier) Adopt(old *Notifier) {
	n.outbox.adopt(old.outbox)
	for _, a := range n.alertmanagers {
		for _, b := range old.alertmanagers {
			if a.name == b.name {
				a.counts.add(&b.counts)
			}
		}
	}
}

func (o *outbox) adopt(old *outbox) {
	old.mu.Lock()
	defer old.mu.Unlock()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lastID = max(o.lastID, old.lastID)
	for key, c := range old.journal.changes {
		if _, newer := o.journal.changes[key]; !newer {
			o.journal.note(key, c)
		}
	}
	for _, w := range o.webhooks {
		if b := old.webhook(w.name); b != nil {
			w.counts.add(&b.counts)
		}
		w.queue = slices.DeleteFunc(w.queue, func(m *message) bool {
			return old.journal.changes[rowKey(m.id)].drop
		})
	}
}

func (c *counts) add(old *counts) {
	c.sent.Add(old.sent.Load())
	c.failed.Add(old.failed.Load())
	c.dropped.Add(old.dropped.Load())
}
