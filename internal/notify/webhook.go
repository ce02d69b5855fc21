package notify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/errwatch/errwatch/internal/alert"
)

// maxURLFile bounds what is read of url_file.
const maxURLFile = 4 << 10

// renderer makes the body of a message. It makes the same one at each try: times are seen from the message's creation.
type renderer func(n *Notifier, receiver string, m *message) ([]byte, error)

// webhook is one receiver that gets messages. Its threads and its queue are guarded by the outbox's lock.
type webhook struct {
	name             string
	n                *Notifier
	o                *outbox
	match            []matcher
	url, file        string
	render           renderer
	do               doer
	interval, repeat time.Duration
	counts           counts
	teller           teller
	wake             chan struct{} // holds one

	threads  map[string]*thread     // by rule
	told     map[string]alert.State // by alert ID: what it was told, or will be by a message in the queue
	seen     map[string]*sighting   // by alert ID
	sweep    uint64
	queue    []*message // oldest first
	sending  *message   // the one under way
	hurrying bool       // intervals and long pauses are left out
}

func newWebhook(n *Notifier, r Receiver, match []matcher) (*webhook, error) {
	w := &webhook{
		name: r.Name, n: n, o: n.outbox, match: match, url: r.Webhook.URL, file: r.Webhook.URLFile,
		interval: r.Interval, repeat: r.Repeat, wake: make(chan struct{}, 1),
		threads: map[string]*thread{}, told: map[string]alert.State{}, seen: map[string]*sighting{},
		teller: teller{logger: n.opts.Logger.With("receiver", r.Name)},
	}
	if w.interval <= 0 {
		w.interval = DefaultInterval
	}
	if w.repeat <= 0 {
		w.repeat = DefaultRepeat
	}
	if err := w.setTemplate(r.Webhook.Template); err != nil {
		return nil, err
	}
	if err := w.checkAddress(); err != nil {
		return nil, err
	}
	var err error
	w.do, err = newDoer(n.opts, r.Name, r.HTTP)
	return w, err
}

func (w *webhook) setTemplate(name string) error {
	switch name {
	case "", "json":
		w.render = renderJSON
	case "slack":
		w.render = renderSlack
	default:
		return fmt.Errorf("webhook: unknown template %q: known are json and slack", name)
	}
	return nil
}

func (w *webhook) checkAddress() error {
	switch {
	case w.url != "" && w.file != "":
		return errors.New("webhook has both url and url_file")
	case w.url == "" && w.file == "":
		return errors.New("webhook has neither url nor url_file")
	case w.url != "":
		if err := checkURL(w.url); err != nil {
			return fmt.Errorf("webhook: %w", err)
		}
		w.teller.logger = w.teller.logger.With("host", hostOf(w.url))
	}
	return nil
}

// address returns where to send, as of now. The error names the file, never what is in it.
func (w *webhook) address() (string, error) {
	if w.file == "" {
		return w.url, nil
	}
	f, err := os.Open(w.file)
	if err != nil {
		return "", fmt.Errorf("url_file: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxURLFile))
	if err != nil {
		return "", fmt.Errorf("url_file: %w", err)
	}
	address := strings.TrimSpace(string(text))
	if err := checkURL(address); err != nil {
		return "", fmt.Errorf("url_file %s: %w", w.file, err)
	}
	return address, nil
}

// messageKey names a message for ever, for receivers that drop what they got before.
func messageKey(receiver string, first *alert.Alert, m *message) string {
	h := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %q %d %d", receiver, first.Rule, first.ID, first.State, m.id, m.created.UnixNano()))
	return hex.EncodeToString(h[:16])
}

// run sends until ctx ends.
func (w *webhook) run(ctx, requests context.Context) {
	wait := backoff{first: time.Second, most: 5 * time.Minute}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		m, next := w.next()
		if m == nil {
			timer.Reset(next)
			select {
			case <-ctx.Done():
				return
			case <-w.wake:
			case <-timer.C:
			}
			continue
		}
		f := w.send(requests, m)
		pause := time.Duration(0)
		if f != nil && !f.final {
			pause = wait.next(f)
		} else {
			wait.reset()
		}
		w.settle(m, f, pause)
		w.n.progress.tell()
		if !w.pause(ctx, pause) || ctx.Err() != nil {
			return
		}
	}
}

// next freezes and returns the first message that may be sent; where there is none, how long until one may be.
func (w *webhook) next() (*message, time.Duration) {
	w.o.mu.Lock()
	defer w.o.mu.Unlock()
	now := w.n.opts.Now()
	next := time.Hour
	for _, m := range w.queue {
		if !m.ready {
			continue
		}
		if d := m.after.Sub(now); d > 0 && !w.hurrying {
			next = min(next, d)
			continue
		}
		m.frozen, w.sending = true, m
		return m, 0
	}
	return nil, next
}

// send tries once. A frozen message is not written to, so no lock is needed.
func (w *webhook) send(ctx context.Context, m *message) *failure {
	address, err := w.address()
	if err != nil {
		return &failure{text: clean(err.Error(), maxQuoted)}
	}
	body, err := w.render(w.n, w.name, m)
	if err != nil {
		return &failure{text: clean(err.Error(), maxQuoted), final: true}
	}
	return post(ctx, w.n.opts, w.do, address, http.Header{"Idempotency-Key": {m.key}}, body)
}

// settle counts the outcome, and lets the next commit write it.
func (w *webhook) settle(m *message, f *failure, pause time.Duration) {
	w.teller.tell(f) // without the lock: the log may be slow
	w.o.mu.Lock()
	defer w.o.mu.Unlock()
	w.sending = nil
	switch {
	case f == nil:
		w.counts.sent.Add(1)
		w.drop(m)
	case f.final:
		w.counts.failed.Add(1)
		w.counts.dropped.Add(1)
		w.drop(m)
	default:
		w.counts.failed.Add(1)
		m.attempts++
		m.after = w.n.opts.Now().Add(pause)
		w.o.store(w, m)
	}
}

// pause waits before the next try; false: ctx has ended.
func (w *webhook) pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(w.shortened(d))
	defer timer.Stop()
	hurried := w.isHurrying()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-timer.C:
			return true
		case <-w.wake:
			if !hurried && w.isHurrying() {
				return true
			}
		}
	}
}

func (w *webhook) shortened(d time.Duration) time.Duration {
	if w.isHurrying() {
		return min(d, hurryPause)
	}
	return d
}

func (w *webhook) isHurrying() bool {
	w.o.mu.Lock()
	defer w.o.mu.Unlock()
	return w.hurrying
}

func (w *webhook) waiting() int {
	w.o.mu.Lock()
	defer w.o.mu.Unlock()
	return len(w.queue)
}

func (o *outbox) hurry() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, w := range o.webhooks {
		w.hurrying = true
		wakeUp(w.wake)
	}
}

// idle reports whether every committed message was sent.
func (o *outbox) idle() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, w := range o.webhooks {
		if slices.ContainsFunc(w.queue, func(m *message) bool { return m.ready }) {
			return false
		}
	}
	return true
}
