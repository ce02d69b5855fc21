package notify

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/errwatch/errwatch/internal/alert"
)

// maxBatch is the number of alerts in one request: Prometheus's own default.
const maxBatch = 256

// item is an alert on its way to one instance.
type item struct {
	print string
	alert alert.Alert
}

// instance sends to one Alertmanager. Its queue holds each alert once, in its newest state: while the instance is down,
// the queue grows with the number of alerts, not with time.
type instance struct {
	a       *alertmanager
	address string
	do      doer
	teller  teller
	wake    chan struct{} // holds one
	stopped chan struct{}

	mu       sync.Mutex
	queue    []item
	sending  int  // items in the request under way
	hurrying bool // the next pause is left out
}

func newInstance(a *alertmanager, address string, do doer) *instance {
	return &instance{
		a: a, address: address, do: do, wake: make(chan struct{}, 1), stopped: make(chan struct{}),
		teller: teller{logger: a.n.opts.Logger.With("receiver", a.name, "host", hostOf(address))},
	}
}

// put queues items. What is queued already is replaced by its new state, in its place; past the limit the oldest go.
func (i *instance) put(items []item) {
	i.mu.Lock()
	defer i.mu.Unlock()
	place := make(map[string]int, len(i.queue))
	for k := range i.queue {
		place[i.queue[k].print] = k
	}
	for _, x := range items {
		if k, queued := place[x.print]; queued {
			i.queue[k] = x
			continue
		}
		place[x.print] = len(i.queue)
		i.queue = append(i.queue, x)
	}
	i.limit()
	if len(i.queue) > 0 {
		wakeUp(i.wake)
	}
}

func wakeUp(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default: // awake already
	}
}

func (i *instance) limit() {
	if over := len(i.queue) - i.a.n.opts.QueueSize; over > 0 {
		i.queue = slices.Delete(i.queue, 0, over)
		i.a.counts.dropped.Add(int64(over))
		i.teller.logger.Debug("the queue is full: the oldest alerts were dropped", "dropped", over)
	}
}

// run sends until ctx ends or the instance is stopped.
func (i *instance) run(ctx, requests context.Context) {
	wait := backoff{first: time.Second, most: time.Minute}
	for {
		batch := i.next()
		if len(batch) == 0 {
			select {
			case <-ctx.Done():
				return
			case <-i.stopped:
				return
			case <-i.wake:
			}
			continue
		}
		f := i.tell(requests, batch)
		i.a.n.progress.tell()
		if f == nil || f.final {
			wait.reset()
		} else if !i.pause(ctx, wait.next(f)) {
			return
		}
		if ctx.Err() != nil {
			return
		}
	}
}

// tell sends a batch. One that is refused for good is halved, so that a single alert that the other side does not like,
// or a limit on the size of requests, costs no other alert.
func (i *instance) tell(ctx context.Context, batch []item) *failure {
	f := i.send(ctx, batch)
	if f == nil || !f.final || len(batch) == 1 {
		i.settle(batch, f)
		return f
	}
	i.a.counts.failed.Add(int64(len(batch)))
	half := len(batch) / 2
	if f := i.tell(ctx, batch[:half]); f != nil && !f.final {
		i.settle(batch[half:], f) // it is down by now: the rest waits, too
		return f
	}
	return i.tell(ctx, batch[half:])
}

// next takes a batch off the queue.
func (i *instance) next() []item {
	i.mu.Lock()
	defer i.mu.Unlock()
	n := min(len(i.queue), maxBatch)
	batch := slices.Clone(i.queue[:n])
	i.queue = slices.Delete(i.queue, 0, n)
	i.sending = n
	return batch
}

// send tells the instance about the alerts of a batch, as of now.
func (i *instance) send(ctx context.Context, batch []item) *failure {
	now := i.a.n.opts.Now()
	alerts := make([]postableAlert, len(batch))
	for k := range batch {
		alerts[k] = i.a.n.postable(&batch[k].alert, now)
	}
	text, err := json.Marshal(alerts)
	if err != nil {
		return &failure{text: err.Error(), final: true}
	}
	return post(ctx, i.a.n.opts, i.do, i.address, nil, body{text, jsonType})
}

// settle counts the outcome. A batch that failed goes back to the head of the queue, without what has a newer state
// there; one that was refused does not: the alerts that still matter are due again within a minute.
func (i *instance) settle(batch []item, f *failure) {
	i.teller.tell(f)
	i.mu.Lock()
	defer i.mu.Unlock()
	i.sending = 0
	n := int64(len(batch))
	if f == nil {
		i.a.counts.sent.Add(n)
		return
	}
	i.a.counts.failed.Add(n)
	if f.final {
		i.a.counts.dropped.Add(n)
		return
	}
	newer := make(map[string]bool, len(i.queue))
	for k := range i.queue {
		newer[i.queue[k].print] = true
	}
	batch = slices.DeleteFunc(batch, func(x item) bool { return newer[x.print] })
	i.queue = slices.Concat(batch, i.queue)
	i.limit()
}

// pause waits before the next try; false: the instance is to end.
func (i *instance) pause(ctx context.Context, d time.Duration) bool {
	i.mu.Lock()
	if i.hurrying {
		d = min(d, hurryPause)
	}
	i.mu.Unlock()
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-i.stopped:
			return false
		case <-timer.C:
			return true
		case <-i.wake:
			if i.isHurrying() {
				return true
			}
		}
	}
}

// hurryPause is the longest wait between tries while the notifier drains.
const hurryPause = time.Second

func (i *instance) isHurrying() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.hurrying
}

// hurry ends the pause under way, and keeps further ones short.
func (i *instance) hurry() {
	i.mu.Lock()
	i.hurrying = true
	i.mu.Unlock()
	wakeUp(i.wake)
}

func (i *instance) waiting() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return len(i.queue) + i.sending
}

func (i *instance) stop() { close(i.stopped) }
