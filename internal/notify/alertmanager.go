package notify

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/errwatch/errwatch/internal/alert"
)

const (
	apiPath = "/api/v2/alerts"
	// keepResolved is how long a resolved alert is told again each minute, as Prometheus does: long enough for an
	// Alertmanager to come back.
	keepResolved = 15 * time.Minute
	// lifetime, in resend intervals, is how long an Alertmanager takes an alert for firing that it does not hear of again:
	// as in Prometheus, three lost requests in a row do no harm.
	lifetime = 4
)

// alertmanager is one receiver: it knows which alerts must be told, and when; its instances send.
type alertmanager struct {
	name   string
	n      *Notifier
	match  []matcher
	static []string // addresses of the instances given by URL
	dns    *lookup  // nil: none
	do     doer
	doDNS  doer // with the TLS server name of the DNS name
	counts counts
	wake   chan struct{} // something is due now; holds one

	mu      sync.Mutex
	tracked map[string]*tracked // by alert ID
	newest  map[string]*tracked // by fingerprint of all labels
	sweep   uint64              // counts updates, to find what is no longer active
	handing bool                // what was due is on its way into the queues

	senders map[string]*instance // by address
}

// tracked is an alert that the Alertmanagers are told about.
type tracked struct {
	alert  alert.Alert
	print  string    // fingerprint: an Alertmanager knows an alert by its labels alone
	due    time.Time // when it is told next
	seen   uint64    // the last update in which it was
	ignore bool      // the receiver's matchers leave it out
}

func newAlertmanager(n *Notifier, r Receiver, match []matcher) (*alertmanager, error) {
	a := &alertmanager{
		name: r.Name, n: n, match: match, wake: make(chan struct{}, 1),
		tracked: map[string]*tracked{}, newest: map[string]*tracked{}, senders: map[string]*instance{},
	}
	if len(r.Alertmanager.URLs) == 0 && r.Alertmanager.DNS == "" {
		return nil, errors.New("alertmanager has neither urls nor dns")
	}
	for i, u := range r.Alertmanager.URLs {
		if err := checkURL(u); err != nil {
			return nil, fmt.Errorf("alertmanager: url %d: %w", i+1, err)
		}
		if u = strings.TrimRight(u, "/") + apiPath; !slices.Contains(a.static, u) {
			a.static = append(a.static, u)
		}
	}
	var err error
	if a.do, err = newDoer(n.opts, r.Name, r.HTTP); err != nil {
		return nil, err
	}
	if r.Alertmanager.DNS != "" {
		err = a.addDNS(r)
	}
	return a, err
}

func (a *alertmanager) addDNS(r Receiver) (err error) {
	if a.dns, err = newLookup(a.n.opts.Resolver, r.Alertmanager.DNS, r.HTTP); err != nil {
		return err
	}
	a.dns.teller.logger = a.n.opts.Logger.With("receiver", r.Name, "host", a.dns.host)
	a.doDNS, err = newDoer(a.n.opts, r.Name, a.dns.http(r.HTTP))
	return err
}

// update takes in the states after a commit. What is new, or has changed its state, is told at once.
func (a *alertmanager) update(active, transitions []alert.Alert) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.n.opts.Now()
	a.sweep++
	news := false
	for i := range active {
		news = a.take(&active[i], now) || news
	}
	// The rules keep a bounded number of resolved alerts: one may be in transitions alone.
	for i := range transitions {
		if t := a.tracked[transitions[i].ID]; t == nil || t.seen != a.sweep {
			news = a.take(&transitions[i], now) || news
		}
	}
	a.forget(now)
	if news {
		wakeUp(a.wake)
	}
}

// take tracks one alert and says whether there is something new to tell.
func (a *alertmanager) take(x *alert.Alert, now time.Time) bool {
	if x.State == alert.Pending || expired(x, now) {
		return false
	}
	t := a.tracked[x.ID]
	if t == nil {
		labels := a.n.labels.of(x)
		t = &tracked{print: fingerprint(labels), ignore: !matchAll(a.match, labels)}
		a.tracked[x.ID] = t
	}
	changed := t.alert.State != x.State
	t.alert, t.seen = *x, a.sweep
	if changed {
		t.due = now
	}
	// Told late, the end of an older alert would end the newer one of the same labels.
	if other := a.newest[t.print]; other == nil || !other.alert.StartsAt.After(x.StartsAt) {
		a.newest[t.print] = t
	}
	return changed && !t.ignore
}

// forget lets go of what is neither firing nor resolved of late.
func (a *alertmanager) forget(now time.Time) {
	maps.DeleteFunc(a.tracked, func(_ string, t *tracked) bool {
		gone := expired(&t.alert, now) || t.seen != a.sweep && t.alert.State != alert.Resolved
		if gone && a.newest[t.print] == t {
			delete(a.newest, t.print)
		}
		return gone
	})
}

func expired(x *alert.Alert, now time.Time) bool {
	return x.State == alert.Resolved && now.Sub(x.EndsAt) > keepResolved
}

// fingerprint is the identity of an alert on the other side.
func fingerprint(labels map[string]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		b.WriteString(strconv.Quote(name))
		b.WriteString(strconv.Quote(labels[name]))
	}
	return b.String()
}

// run hands what is due to the instances, until ctx ends. requests is the context of what they send.
func (a *alertmanager) run(ctx, requests context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	defer a.stopAll()
	start := func(i *instance) { all.Go(func() { i.run(ctx, requests) }) }
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.wake:
		case <-timer.C:
		}
		now := a.n.opts.Now()
		items, next := a.due(now)
		a.hand(a.static, a.do, items, start)
		if a.dns != nil && len(items) > 0 {
			next = earliest(next, a.handByDNS(ctx, items, start))
		}
		a.handed()
		timer.Reset(next.Sub(now))
	}
}

// due returns what is to be told now, oldest first, and when the next is due.
func (a *alertmanager) due(now time.Time) (items []item, next time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	next = now.Add(a.n.opts.Resend)
	for _, t := range a.newest {
		if t.ignore || expired(&t.alert, now) {
			continue
		}
		if t.due.After(now) {
			next = earliest(next, t.due)
			continue
		}
		items = append(items, item{print: t.print, alert: t.alert})
		t.due = now.Add(a.n.opts.Resend)
	}
	a.handing = len(items) > 0
	slices.SortFunc(items, func(x, y item) int {
		if c := x.alert.StartsAt.Compare(y.alert.StartsAt); c != 0 {
			return c
		}
		return strings.Compare(x.print, y.print)
	})
	return items, next
}

func (a *alertmanager) handed() {
	a.mu.Lock()
	a.handing = false
	a.mu.Unlock()
	a.n.progress.tell()
}

func earliest(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// hand puts items into the queues of the instances at these addresses, which are started where they are new.
func (a *alertmanager) hand(addresses []string, do doer, items []item, start func(*instance)) {
	for _, address := range addresses {
		a.mu.Lock()
		i := a.senders[address]
		if i == nil {
			i = newInstance(a, address, do)
			a.senders[address] = i
			start(i)
		}
		a.mu.Unlock()
		i.put(items)
	}
}

// handByDNS looks the name up and hands items to what it has now. Instances that it has no longer are stopped. If the
// look-up fails, those of the last one are used; where there was none, the items are due again soon. It returns when to
// come back at the latest.
func (a *alertmanager) handByDNS(ctx context.Context, items []item, start func(*instance)) time.Time {
	addresses, err := a.dns.addresses(ctx)
	if err != nil {
		f := &failure{text: clean(withoutURL(err), maxQuoted)}
		a.counts.failed.Add(int64(len(items)))
		a.dns.teller.tell(f)
		if len(a.dns.last) == 0 {
			return a.again(items, a.dns.wait.next(f))
		}
		a.hand(a.dns.last, a.doDNS, items, start)
		return a.n.opts.Now().Add(a.n.opts.Resend)
	}
	a.dns.teller.tell(nil)
	a.dns.wait.reset()
	for _, old := range a.dns.last {
		if !slices.Contains(addresses, old) && !slices.Contains(a.static, old) {
			a.drop(old)
		}
	}
	a.dns.last = addresses
	a.hand(addresses, a.doDNS, items, start)
	return a.n.opts.Now().Add(a.n.opts.Resend)
}

// again makes items that nobody could be given due once more, after d.
func (a *alertmanager) again(items []item, d time.Duration) time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	at := a.n.opts.Now().Add(d)
	for _, x := range items {
		if t := a.newest[x.print]; t != nil && t.due.After(at) {
			t.due = at
		}
	}
	return at
}

func (a *alertmanager) drop(address string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if i := a.senders[address]; i != nil {
		i.stop()
		delete(a.senders, address)
	}
}

// stopAll ends the instances. What they had waiting is due again when Run is called again.
func (a *alertmanager) stopAll() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for address, i := range a.senders {
		i.stop()
		delete(a.senders, address)
	}
	for _, t := range a.tracked {
		t.due = time.Time{}
	}
}

func (a *alertmanager) instances() []*instance {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Collect(maps.Values(a.senders))
}

// waiting returns the length of the longest queue.
func (a *alertmanager) waiting() (most int) {
	for _, i := range a.instances() {
		most = max(most, i.waiting())
	}
	return most
}

// hurry makes the instances try again now.
func (a *alertmanager) hurry() {
	for _, i := range a.instances() {
		i.hurry()
	}
	wakeUp(a.wake)
}

// idle reports whether nothing is due and all queues are empty.
func (a *alertmanager) idle() bool { return !a.busy() && a.waiting() == 0 }

func (a *alertmanager) busy() bool {
	now := a.n.opts.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.handing {
		return true
	}
	for _, t := range a.newest {
		if !t.ignore && !t.due.After(now) && !expired(&t.alert, now) {
			return true
		}
	}
	return false
}
