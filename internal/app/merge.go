package app

import (
	"cmp"
	"container/heap"
	"slices"
	"sync"
	"time"

	"github.com/errwatch/errwatch/internal/event"
)

// Old logs lie in many files whose times overlap, and a window makes sense only over events in order. So each file's
// events flow, in chunks, to one consumer that always takes the earliest one. A file is started when a worker is free,
// or when the merge has come to the time of its first line; files are started in the order of that time. What a worker
// may be ahead of the merge is bounded by the room of its channel.
//
// Within a file lines may be a little out of order, too: several threads write it, or an agent that sends in lots. Each
// chunk is sorted, and of each file the next few chunks are looked at. So a single line with a wild time does not move
// the clock ahead of those behind it.

const (
	chunkEvents = 256
	chunksAhead = 64
	chunksOpen  = 8 // of one file, that are put in order among each other; a chunk is at most a block that was read
)

// item is an event, or a mark: a line of Source stood at Time. Marks move the clock where nothing goes wrong.
type item struct {
	event.Event
	mark bool
}

// chunk is a run of items of one file, copied out of the parser's memory.
type chunk struct {
	items  []item
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
	c.items = append(c.items, item{Event: x})
}

// addMark notes that a line of a source stood at a time.
func (c *chunk) addMark(source string, at time.Time) {
	c.items = append(c.items, item{Event: event.Event{Source: source, Time: at}, mark: true})
}

// copy keeps b. What was copied before may stay in the old array when this one grows: it is not moved.
func (c *chunk) copy(b []byte) []byte {
	start := len(c.bytes)
	c.bytes = append(c.bytes, b...)
	return c.bytes[start:len(c.bytes):len(c.bytes)]
}

// sort puts the items in order of time; those of one time stay as they stood in the file.
func (c *chunk) sort() {
	for i := 1; i < len(c.items); i++ {
		if c.items[i].Time.Before(c.items[i-1].Time) {
			slices.SortStableFunc(c.items, func(a, b item) int { return a.Time.Compare(b.Time) })
			return
		}
	}
}

// free gives the chunk back.
func (c *chunk) free() {
	clear(c.items) // they hold on to the parser's memory
	c.items, c.bytes, c.fields = c.items[:0], c.bytes[:0], c.fields[:0]
	chunks.Put(c)
}

// opened is a chunk of which something is left.
type opened struct {
	*chunk
	next int
}

// feed is one file's flow of items.
type feed struct {
	order int       // among all feeds: decides ties
	from  time.Time // of its first line; zero where it has none: then it is started at once
	start func(out chan<- *chunk)
	out   chan *chunk
	ended bool
	open  []opened // oldest first
	first int      // which of them has the item that is next
}

// item returns the item that is next.
func (f *feed) item() *item {
	o := &f.open[f.first]
	return &o.items[o.next]
}

// pull makes sure that an item is next; false where the feed has ended.
func (f *feed) pull() bool {
	for !f.ended && len(f.open) < chunksOpen {
		c, ok := <-f.out
		switch {
		case !ok:
			f.ended = true
		case len(c.items) > 0:
			f.open = append(f.open, opened{chunk: c})
		}
	}
	f.first = 0
	for i := range f.open {
		if f.open[i].time().Before(f.open[f.first].time()) {
			f.first = i
		}
	}
	return len(f.open) > 0
}

func (o *opened) time() time.Time { return o.items[o.next].Time }

// take passes the item that is next.
func (f *feed) take() {
	o := &f.open[f.first]
	if o.next++; o.next < len(o.items) {
		return
	}
	o.free()
	f.open = slices.Delete(f.open, f.first, f.first+1)
}

// mergeFeeds calls each for every item of all feeds in order of time, and has at least so many feeds running as there
// are workers.
func mergeFeeds(feeds []*feed, workers int, each func(*item)) {
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
		case len(fresh) > 0: // their first items may be early enough for others to be due
		case len(running) == 0:
			return
		default:
			running.step(each)
		}
	}
}

// feedHeap has the feed with the earliest item first.
type feedHeap []*feed

// due starts those of the waiting feeds whose turn has come and returns them.
func (h feedHeap) due(waiting []*feed, workers int) []*feed {
	n := 0
	for n < len(waiting) && (len(h)+n < workers || len(h) > 0 && !waiting[n].from.After(h[0].item().Time)) {
		f := waiting[n]
		f.out = make(chan *chunk, chunksAhead)
		go f.start(f.out)
		n++
	}
	return waiting[:n]
}

// step takes the earliest item.
func (h *feedHeap) step(each func(*item)) {
	f := (*h)[0]
	each(f.item())
	f.take()
	if f.pull() {
		heap.Fix(h, 0)
	} else {
		heap.Pop(h)
	}
}

func (h feedHeap) Len() int { return len(h) }
func (h feedHeap) Less(i, j int) bool {
	return cmp.Or(h[i].item().Time.Compare(h[j].item().Time), cmp.Compare(h[i].order, h[j].order)) < 0
}
func (h feedHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *feedHeap) Push(x any)   { *h = append(*h, x.(*feed)) }
func (h *feedHeap) Pop() any {
	old := *h
	f := old[len(old)-1]
	*h = old[:len(old)-1]
	return f
}
