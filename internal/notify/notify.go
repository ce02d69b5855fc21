// Package notify tells people and systems about alerts: Alertmanagers through their API v2, and webhooks.
//
// The two work differently, because the other side does. An Alertmanager is told states: every firing alert again each
// minute, so that nothing has to be remembered, and a lost request heals by itself. A webhook is told events, each once.
// Its messages are rows of the outbox, written in the same commit as the alert's state and deleted when they were sent: a
// crash in between sends the same message again, with the same Idempotency-Key.
//
// Every receiver, and every instance of an Alertmanager, has its own goroutine and its own bounded queue. One that is
// down, slow or hostile delays no other, and nothing that it answers is trusted.
package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	commoncfg "github.com/prometheus/common/config"

	"github.com/errwatch/errwatch/internal/alert"
)

// Defaults of Options and Receiver.
const (
	DefaultQueueSize = 1000
	DefaultResend    = time.Minute
	DefaultInterval  = 30 * time.Second
	DefaultRepeat    = 4 * time.Hour
	DefaultTimeout   = 10 * time.Second
)

// stopGrace is the time that a request under way has when Run is ended.
const stopGrace = 2 * time.Second

// Receiver gets the alerts that match. Exactly one of Alertmanager and Webhook is set.
type Receiver struct {
	Name  string
	Match []string // matchers in Alertmanager's syntax, as severity="critical"; all must hold; none: every alert

	Alertmanager *Alertmanager
	Webhook      *Webhook
	HTTP         *commoncfg.HTTPClientConfig // nil: Prometheus's defaults

	// For webhooks; an Alertmanager groups and repeats by its own configuration.
	Interval time.Duration // at most one message per rule in it; 0: DefaultInterval
	Repeat   time.Duration // what still fires is told again after it; 0: DefaultRepeat
}

// Alertmanager names the instances of one cluster. Each gets every alert: they agree among themselves on who notifies.
type Alertmanager struct {
	URLs []string // without /api/v2/alerts
	// DNS is host:port, or an SRV name that begins with "_" (whose records bring the ports; a port behind it is ignored).
	// It is looked up before each sending; each address is an instance. The scheme is https where the HTTP settings have
	// TLS settings, and then the name that certificates are checked against is that of DNS unless server_name is set.
	DNS string
}

// Webhook is one address that gets POSTs.
type Webhook struct {
	URL     string
	URLFile string // instead of URL: a file that holds it, read before each sending
	// Template is one of Templates: "json" (see Payload), "slack", or "pagerduty", whose address has a default; "": json.
	Template string
	// TemplateFile is a text/template that makes the body out of a Payload, instead of Template. New reads it and tries it.
	TemplateFile   string
	RoutingKeyFile string // for pagerduty: a file that holds the integration's key, read before each sending
}

// Resolver looks up DNS names; *net.Resolver is one.
type Resolver interface {
	LookupHost(ctx context.Context, host string) ([]string, error)
	LookupSRV(ctx context.Context, service, proto, name string) (string, []*net.SRV, error)
}

// Options are what all receivers share. The zero value works.
type Options struct {
	ExternalURL    string            // the page's address as others reach it; "": no links
	ExternalLabels map[string]string // added to each alert that does not have them
	Instance       string            // the label instance, unless alert or external labels have one; "": none
	QueueSize      int               // messages or alerts that wait, per receiver and instance; 0: DefaultQueueSize
	Resend         time.Duration     // how often Alertmanagers hear of what fires; 0: DefaultResend
	Timeout        time.Duration     // for one request, from the look-up to the end of the answer; 0: DefaultTimeout
	Logger         *slog.Logger      // nil: silent
	Now            func() time.Time  // nil: time.Now
	Resolver       Resolver          // nil: the system's

	// Do sends a request, for tests. Nil: each receiver has a client of its own HTTP settings.
	Do func(*http.Request) (*http.Response, error)
}

// Stat is what one receiver has done since the start. For an Alertmanager the numbers are alerts, summed up over its
// instances, and Queue is that of the instance with the longest; for a webhook they are messages.
type Stat struct {
	Name    string
	Sent    int64
	Failed  int64 // tries that failed, whether they are repeated or not
	Dropped int64 // given up: the queue was full, or the receiver refused it for good
	Queue   int   // waiting now
}

// counts are the counters of a Stat.
type counts struct{ sent, failed, dropped atomic.Int64 }

// Notifier hands alerts to receivers. Pending and Committed must not run concurrently with each other; all else may.
type Notifier struct {
	opts          Options
	labels        labeller
	alertmanagers []*alertmanager
	outbox        *outbox
	progress      *broadcast // told whenever something was sent or given up
	names         []string   // of all receivers, in the order of the configuration
}

// New makes a notifier. It opens no address and starts nothing. The error joins all that is wrong.
func New(receivers []Receiver, o Options) (*Notifier, error) {
	setDefaults(&o)
	n := &Notifier{opts: o, labels: newLabeller(o), progress: newBroadcast()}
	n.outbox = newOutbox(n)
	var errs []error
	seen := map[string]bool{}
	for _, r := range receivers {
		if seen[r.Name] {
			errs = append(errs, fmt.Errorf("receiver %q: the name is taken", r.Name))
		}
		seen[r.Name] = true
		if err := n.add(r); err != nil {
			errs = append(errs, fmt.Errorf("receiver %q: %w", r.Name, err))
		}
		n.names = append(n.names, r.Name)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return n, nil
}

func setDefaults(o *Options) {
	if o.QueueSize <= 0 {
		o.QueueSize = DefaultQueueSize
	}
	if o.Resend <= 0 {
		o.Resend = DefaultResend
	}
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Resolver == nil {
		o.Resolver = net.DefaultResolver
	}
}

// add makes one receiver.
func (n *Notifier) add(r Receiver) error {
	match, err := parseMatchers(r.Match)
	if err != nil {
		return err
	}
	switch {
	case r.Alertmanager != nil && r.Webhook != nil:
		return errors.New("it has both alertmanager and webhook: make two receivers of it")
	case r.Alertmanager != nil:
		a, err := newAlertmanager(n, r, match)
		if err != nil {
			return err
		}
		n.alertmanagers = append(n.alertmanagers, a)
	case r.Webhook != nil:
		w, err := newWebhook(n, r, match)
		if err != nil {
			return err
		}
		n.outbox.webhooks = append(n.outbox.webhooks, w)
	default:
		return errors.New("it has neither alertmanager nor webhook")
	}
	return nil
}

// Committed is told after each commit: active are all alerts that are pending, firing or resolved of late, transitions
// those that went into the commit. It keeps both: the caller must not write into them afterwards. It returns at once; Run
// sends.
func (n *Notifier) Committed(active, transitions []alert.Alert) {
	for _, a := range n.alertmanagers {
		a.update(active, transitions)
	}
	n.outbox.committed(active)
}

// Run sends until ctx ends. A request that is under way then has a moment to finish. What waits stays: alerts in the
// rules' state, messages in the outbox. Nothing is told to be resolved because errwatch stops.
func (n *Notifier) Run(ctx context.Context) {
	requests, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	var all sync.WaitGroup
	for _, a := range n.alertmanagers {
		all.Go(func() { a.run(ctx, requests) })
	}
	for _, w := range n.outbox.webhooks {
		all.Go(func() { w.run(ctx, requests) })
	}
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	<-ctx.Done()
	grace := time.NewTimer(stopGrace)
	defer grace.Stop()
	select {
	case <-done:
	case <-grace.C:
		cut()
		<-done
	}
}

// Drain waits until everything committed is sent, also messages that wait for their interval or for another try, or
// until ctx ends. Run must be running. Afterwards the notifier goes on as before, but without waiting for intervals.
func (n *Notifier) Drain(ctx context.Context) {
	for _, a := range n.alertmanagers {
		a.hurry()
	}
	n.outbox.hurry()
	for {
		changed := n.progress.wait()
		if n.idle() {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
	}
}

func (n *Notifier) idle() bool {
	for _, a := range n.alertmanagers {
		if !a.idle() {
			return false
		}
	}
	return n.outbox.idle()
}

// Stats returns one Stat for each receiver, in the order of New.
func (n *Notifier) Stats() []Stat {
	byName := map[string]Stat{}
	for _, a := range n.alertmanagers {
		byName[a.name] = a.counts.stat(a.name, a.waiting())
	}
	for _, w := range n.outbox.webhooks {
		byName[w.name] = w.counts.stat(w.name, w.waiting())
	}
	out := make([]Stat, 0, len(n.names))
	for _, name := range n.names {
		out = append(out, byName[name])
	}
	return out
}

func (c *counts) stat(name string, queue int) Stat {
	return Stat{Name: name, Sent: c.sent.Load(), Failed: c.failed.Load(), Dropped: c.dropped.Load(), Queue: queue}
}

// broadcast wakes all who wait.
type broadcast struct {
	mu sync.Mutex
	ch chan struct{}
}

func newBroadcast() *broadcast { return &broadcast{ch: make(chan struct{})} }

// wait returns a channel that is closed at the next call of tell.
func (b *broadcast) wait() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ch
}

func (b *broadcast) tell() {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.ch)
	b.ch = make(chan struct{})
}
