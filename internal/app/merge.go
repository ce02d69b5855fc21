package app

import (
	"cmp"
	"container/heap"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/errwatch/errwatch/internal/alert"
	"github.com/errwatch/errwatch/internal/event"
	"github.com/errwatch/errwatch/internal/rules"
)

// Old logs lie in many files whose times overlap, and a window makes sense only over events in order. So each file's
// events flow, in chunks, to one consumer that always takes the earliest one. A file is started when a worker is free,
// or when the merge has come to the time of its first line; files are started in the order of that time. What a worker
// may be ahead of the merge is bounded by the room of its channel.

const (
	chunkEvents = 256
	chunksAhead = 64
)

// chunk is a run of events of one file, copied out of the parser's memory.
type chunk struct {
	events []event.Event
	bytes  []byte
	fields []event.Field
}

var chunks = sync.Pool{New: func() any { return new(chunk) }}

// add copies an event in.
func (c *chunk) add(e *event.Event) {
	x := *e
	x.Text, x.Message = c.copy(e.Text), c.copy(e.Message)
	start := len(c.fields)
	for _, f := range e.Fields {
		c.fields = append(c.fields, event.Field{Name: f.Name, Value: c.copy(f.Value)})
	}
	x.Fields = c.fields[start:len(c.fields):len(c.fields)]
	c.events = append(c.events, x)
}

// copy keeps b. What was copied before may stay in the old array when this one grows: it is not moved.
func (c *chunk) copy(b []byte) []byte {
	start := len(c.bytes)
	c.bytes = append(c.bytes, b...)
	return c.bytes[start:len(c.bytes):len(c.bytes)]
}

func (c *chunk) reset() {
	c.events, c.bytes, c.fields = c.events[:0], c.bytes[:0], c.fields[:0]
}

// feed is one file's flow of events.
type feed struct {
	order int       // among all feeds: decides ties
	from  time.Time // of its first line; zero where it has none: then it is started at once
	start func(out chan<- *chunk)
	out   chan *chunk
	head  *chunk
	next  int // the event of head that is next
}

// time returns the time of the event that is next.
func (f *feed) time() time.Time { return f.head.events[f.next].Time }

// pull makes sure that an event is next; false where the feed has ended.
func (f *feed) pull() bool {
	for f.head == nil || f.next == len(f.head.events) {
		if f.head != nil {
			f.head.reset()
			chunks.Put(f.head)
		}
		c, ok := <-f.out
		f.head, f.next = c, 0
		if !ok {
			return false
		}
	}
	return true
}

// mergeFeeds calls each for every event of all feeds in order of time, and has at least so many feeds running as there
// are workers.
func mergeFeeds(feeds []*feed, workers int, each func(*event.Event)) {
	slices.SortStableFunc(feeds, func(a, b *feed) int { return a.from.Compare(b.from) })
	var running feedHeap
	for {
		fresh := running.due(feeds, workers)
		feeds = feeds[len(fresh):]
		for _, f := range fresh {
			if f.pull() {
				heap.Push(&running, f)
			}
		}
		switch {
		case len(fresh) > 0: // their first events may be early enough for others to be due
		case len(running) == 0:
			return
		default:
			running.step(each)
		}
	}
}

// feedHeap has the feed with the earliest event first.
type feedHeap []*feed

// due starts those of the waiting feeds whose turn has come and returns them.
func (h feedHeap) due(waiting []*feed, workers int) []*feed {
	n := 0
	for n < len(waiting) && (len(h)+n < workers || len(h) > 0 && !waiting[n].from.After(h[0].time())) {
		f := waiting[n]
		f.out = make(chan *chunk, chunksAhead)
		go f.start(f.out)
		n++
	}
	return waiting[:n]
}

// step takes the earliest event.
func (h *feedHeap) step(each func(*event.Event)) {
	f := (*h)[0]
	each(&f.head.events[f.next])
	f.next++
	if f.pull() {
		heap.Fix(h, 0)
	} else {
		heap.Pop(h)
	}
}

func (h feedHeap) Len() int { return len(h) }
func (h feedHeap) Less(i, j int) bool {
	return cmp.Or(h[i].time().Compare(h[j].time()), cmp.Compare(h[i].order, h[j].order)) < 0
}
func (h feedHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *feedHeap) Push(x any)   { *h = append(*h, x.(*feed)) }
func (h *feedHeap) Pop() any {
	old := *h
	f := old[len(old)-1]
	*h = old[:len(old)-1]
	return f
}

// trial judges old events by the rules, on the time of the lines.
type trial struct {
	engine *rules.Engine
	latest time.Time
	alerts map[string]alert.Alert // the last state of each alert that fired
}

func newTrial(e *rules.Engine) *trial { return &trial{engine: e, alerts: map[string]alert.Alert{}} }

func (t *trial) observe(e *event.Event) {
	if e.Time.After(t.latest) {
		t.latest = e.Time
	}
	t.engine.Observe(e, t.latest)
	if t.engine.Changed() {
		t.collect()
	}
}

func (t *trial) collect() {
	for _, a := range t.engine.Transitions() {
		if !a.StartsAt.IsZero() {
			t.alerts[a.ID] = a
		}
	}
}

// Fired is an alert that the rules would have raised on old logs.
type Fired struct {
	Rule             string
	Labels           map[string]string
	StartsAt, EndsAt time.Time // EndsAt is zero where it still fires at the end of the logs
	Peak, Threshold  float64
	Summary          string
}

// fired lists the alerts that fired, by start.
func (t *trial) fired() []Fired {
	t.collect()
	for _, a := range t.engine.Alerts() { // the newest peak of what has not ended
		if _, ok := t.alerts[a.ID]; ok {
			t.alerts[a.ID] = a
		}
	}
	last := slices.SortedFunc(maps.Values(t.alerts), func(a, b alert.Alert) int {
		return cmp.Or(a.StartsAt.Compare(b.StartsAt), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.ID, b.ID))
	})
	out := make([]Fired, len(last))
	for i, a := range last {
		out[i] = Fired{a.Rule, a.Labels.Map(), a.StartsAt, a.EndsAt, a.Peak, a.Threshold, a.Summary}
	}
	return out
}
