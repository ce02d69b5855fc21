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

// maxSecretFile bounds what is read of url_file and routing_key_file.
const maxSecretFile = 4 << 10

// maxTries is how often a message is tried that fails while others get through: it must be its content.
const maxTries = 10

// body is what is POSTed for a message.
type body struct {
	text []byte
	kind string // Content-Type
}

// renderer makes the body of a message. It makes the same one at each try: times are seen from the message's creation.
type renderer func(n *Notifier, receiver string, m *message) (body, error)

// webhook is one receiver that gets messages. Its threads and its queue are guarded by the outbox's lock.
type webhook struct {
	name             string
	n                *Notifier
	o                *outbox
	match            []matcher
	url, file        string
	keyFile          string // of PagerDuty's routing key
	render           renderer
	do               doer
	interval, repeat time.Duration
	counts           counts
	teller           teller
	wake             chan struct{} // holds one

	threads  map[string]*thread    // by rule
	told     map[string]*toldAlert // by alert ID: what it was told, or will be by a message in the queue
	seen     map[string]*sighting  // by alert ID
	sweep    uint64
	queue    []*message // oldest first
	sending  *message   // the one under way
	sent     time.Time  // when one was accepted last
	hurrying bool       // intervals and long pauses are left out
}

func newWebhook(n *Notifier, r Receiver, match []matcher) (*webhook, error) {
	w := &webhook{
		name: r.Name, n: n, o: n.outbox, match: match, url: r.Webhook.URL, file: r.Webhook.URLFile, keyFile: r.Webhook.RoutingKeyFile,
		interval: r.Interval, repeat: r.Repeat, wake: make(chan struct{}, 1),
		threads: map[string]*thread{}, told: map[string]*toldAlert{}, seen: map[string]*sighting{},
		teller: teller{logger: n.opts.Logger.With("receiver", r.Name)},
	}
	if w.interval <= 0 {
		w.interval = DefaultInterval
	}
	if w.repeat <= 0 {
		w.repeat = DefaultRepeat
	}
	if err := w.setTemplate(r.Webhook); err != nil {
		return nil, fmt.Errorf("webhook: %w", err)
	}
	if err := w.checkAddress(); err != nil {
		return nil, fmt.Errorf("webhook: %w", err)
	}
	var err error
	w.do, err = newDoer(n.opts, r.Name, r.HTTP)
	return w, err
}

// Templates are the words that Webhook.Template takes.
func Templates() []string { return []string{"json", "slack", "pagerduty"} }

func (w *webhook) setTemplate(cfg *Webhook) (err error) {
	if cfg.TemplateFile != "" {
		if cfg.Template != "" && cfg.Template != "json" {
			return errors.New("it has both template and template_file")
		}
		w.render, err = w.ownTemplate(cfg.TemplateFile)
		return err
	}
	switch cfg.Template {
	case "", "json":
		w.render = renderJSON
	case "slack":
		w.render = renderSlack
	case "pagerduty":
		w.render = w.renderPagerDuty
		if w.keyFile == "" {
			return errors.New("the template pagerduty needs routing_key_file")
		}
		if w.url == "" && w.file == "" {
			w.url = pagerDutyURL
		}
	default:
		return fmt.Errorf("unknown template %q: known are %s", cfg.Template, strings.Join(Templates(), ", "))
	}
	return nil
}

func (w *webhook) checkAddress() error {
	switch {
	case w.url != "" && w.file != "":
		return errors.New("it has both url and url_file")
	case w.url == "" && w.file == "":
		return errors.New("it has neither url nor url_file")
	case w.url != "":
		if err := checkURL(w.url); err != nil {
			return err
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
	address, err := readSecret("url_file", w.file)
	if err != nil {
		return "", err
	}
	if err := checkURL(address); err != nil {
		return "", fmt.Errorf("url_file %s: %w", w.file, err)
	}
	return address, nil
}

// readSecret reads a file that holds one line; key is the one that names it in the configuration.
func readSecret(key, file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", fmt.Errorf("%s: %w", key, err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSecretFile))
	if err != nil {
		return "", fmt.Errorf("%s: %w", key, err)
	}
	return strings.TrimSpace(string(text)), nil
}

// messageKey names a message for ever, for receivers that drop what they got before.
func messageKey(receiver string, first *alert.Alert, m *message) string {
	h := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %q %d %d", receiver, first.Rule, first.ID, first.State, m.id, m.created.UnixNano()))
	return hex.EncodeToString(h[:16])
}

// run sends until ctx ends.
func (w *webhook) run(ctx, requests context.Context) {
	wait := backoff{first: time.Second, most: time.Minute}
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

// next freezes and returns the message that may be sent and has waited longest since its last try; where there is none,
// how long until one may be. A message waits for the older ones about its rule: nobody may hear of an end before its
// beginning.
func (w *webhook) next() (*message, time.Duration) {
	w.o.mu.Lock()
	defer w.o.mu.Unlock()
	now := w.n.opts.Now()
	var due *message
	next := time.Hour
	behind := map[string]bool{} // rules that have an older message
	for _, m := range w.queue {
		first := !behind[m.content.Rule]
		behind[m.content.Rule] = true
		switch d := m.after.Sub(now); {
		case !first || !m.ready:
		case d > 0 && !w.hurrying:
			next = min(next, d)
		case due == nil || m.after.Before(due.after):
			due = m
		}
	}
	if due == nil {
		return nil, next
	}
	due.frozen, w.sending = true, due
	if due.tried.IsZero() {
		due.tried = now
	}
	return due, 0
}

// send tries once. A frozen message is not written to, so no lock is needed.
func (w *webhook) send(ctx context.Context, m *message) *failure {
	address, err := w.address()
	if err != nil {
		return &failure{text: clean(err.Error(), maxQuoted)}
	}
	b, err := w.render(w.n, w.name, m)
	if err != nil { // a file of a secret that is not there yet
		return &failure{text: clean(err.Error(), maxQuoted)}
	}
	return post(ctx, w.n.opts, w.do, address, http.Header{"Idempotency-Key": {m.key}}, b)
}

// settle counts the outcome, and lets the next commit write it.
func (w *webhook) settle(m *message, f *failure, pause time.Duration) {
	w.teller.tell(f) // without the lock: the log may be slow
	if w.settled(m, f, pause) {
		w.n.opts.Logger.Warn("a message is given up: it fails again and again while others are accepted", "receiver", w.name, "rule", m.content.Rule, "tries", m.attempts)
	}
}

// settled reports whether the message was given up for its content.
func (w *webhook) settled(m *message, f *failure, pause time.Duration) bool {
	w.o.mu.Lock()
	defer w.o.mu.Unlock()
	w.sending = nil
	now := w.n.opts.Now()
	if f == nil {
		w.counts.sent.Add(1)
		w.sent = now
		w.drop(m)
		return false
	}
	w.counts.failed.Add(1)
	m.attempts++
	hopeless := m.attempts >= maxTries && w.sent.After(m.tried)
	if f.final || hopeless {
		w.counts.dropped.Add(1)
		w.drop(m)
		return hopeless
	}
	m.after = now.Add(pause)
	w.o.store(w, m)
	return false
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
