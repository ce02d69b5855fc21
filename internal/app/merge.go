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

// The more files there are, the less of each is held.
const (
	chunkEvents = 256
	chunksAhead = 16 // of one file, that wait for the merge
	chunksOpen  = 8  // of one file, that are put in order among each other; a chunk is at most a block that was read
	chunksLeast = 2  // of those, however many files there are
	chunksAll   = 512
)

// item is an event, or a mark: a line of Source stood at Time. Marks move the clock where nothing goes wrong. Of an event
// it has what rules look at. It is valid only during the call that it is handed to.
type item struct {
	event.Event
	mark bool
}

// ahead is how many chunks may wait, and be open, of each of n files. It depends on nothing else, so that the order does
// not either.
func ahead(n int) (waiting, open int) {
	each := chunksAll / max(n, 1)
	return min(chunksAhead, max(each, 1)), min(chunksOpen, max(each, chunksLeast))
}

// chunk is a run of items of one file, copied out of the parser's memory. Thousands may wait, so they are packed: without
// pointers, of which the garbage collector would have to follow each, and with what many events share written once.
type chunk struct {
	items  []packed
	hidden event.Hidden // of the latest event; zero where texts are not hidden. All events of a chunk are alike in that.
	fields []packedField
	bytes  []byte
	kinds  []kind
	names  []string // of fields
}

// packed is an item: its time, its kind, and where its text and its fields are.
type packed struct {
	sec    int64
	nsec   int32
	kind   uint16
	count  uint16 // of fields
	fields uint32
	text   span
}

type packedField struct {
	name  uint16
	value span
}

// span is a piece of the chunk's bytes.
type span struct{ start, end uint32 }

// kind is what events share.
type kind struct {
	code, name, source, pattern, category string // what differs most often first: it is compared first
	reference, conflict, mark             bool
}

var chunks = sync.Pool{New: func() any { return new(chunk) }}

// add copies an event in.
func (c *chunk) add(e *event.Event) {
	x := c.packed(e.Time, kind{
		code: e.Code, name: e.Name, source: e.Source, pattern: e.Pattern, category: e.Category, reference: e.Reference, conflict: e.Conflict,
	})
	x.fields, x.count = uint32(len(c.fields)), uint16(len(e.Fields))
	for _, f := range e.Fields {
		c.fields = append(c.fields, packedField{c.name(f.Name), c.copy(f.Value)})
	}
	x.text = c.copy(e.Text)
	if !e.Hidden.IsZero() {
		c.hidden, c.bytes = e.Hidden, e.Hidden.Append(c.bytes)
		x.text.end = uint32(len(c.bytes))
	}
	c.items = append(c.items, x)
}

// addMark notes that a line of a source stood at a time.
func (c *chunk) addMark(source string, at time.Time) {
	c.items = append(c.items, c.packed(at, kind{source: source, mark: true}))
}

func (c *chunk) packed(at time.Time, k kind) packed {
	i := slices.Index(c.kinds, k) // there are few
	if i < 0 {
		i = len(c.kinds)
		c.kinds = append(c.kinds, k)
	}
	return packed{sec: at.Unix(), nsec: int32(at.Nanosecond()), kind: uint16(i)}
}

func (c *chunk) name(name string) uint16 {
	i := slices.Index(c.names, name)
	if i < 0 {
		i = len(c.names)
		c.names = append(c.names, name)
	}
	return uint16(i)
}

func (c *chunk) copy(b []byte) span {
	start := uint32(len(c.bytes))
	c.bytes = append(c.bytes, b...)
	return span{start, uint32(len(c.bytes))}
}

// unpack makes x of the i-th item.
func (c *chunk) unpack(i int, x *item) {
	p := &c.items[i]
	k := &c.kinds[p.kind]
	x.mark = k.mark
	x.Event = event.Event{
		Source: k.source, Pattern: k.pattern, Reference: k.reference, Code: k.code, Name: k.name, Category: k.category,
		Conflict: k.conflict, Time: time.Unix(p.sec, int64(p.nsec)).UTC(), Text: c.at(p.text), Fields: x.Fields[:0],
	}
	if !c.hidden.IsZero() {
		x.Text, x.Hidden = nil, c.hidden.In(x.Text)
	}
	for _, f := range c.fields[p.fields : p.fields+uint32(p.count)] {
		x.Fields = append(x.Fields, event.Field{Name: c.names[f.name], Value: c.at(f.value)})
	}
}

func (c *chunk) at(s span) []byte { return c.bytes[s.start:s.end:s.end] }

// compare compares times.
func (p *packed) compare(o *packed) int {
	return cmp.Or(cmp.Compare(p.sec, o.sec), cmp.Compare(p.nsec, o.nsec))
}

// sort puts the items in order of time; those of one time stay as they stood in the file.
func (c *chunk) sort() {
	for i := 1; i < len(c.items); i++ {
		if c.items[i].compare(&c.items[i-1]) < 0 {
			slices.SortStableFunc(c.items, func(a, b packed) int { return a.compare(&b) })
			return
		}
	}
}

// keepBytes is what the text of a chunk may take to be used again.
const keepBytes = 128 << 10

// free gives the chunk back.
func (c *chunk) free() {
	clear(c.kinds) // they hold on to strings
	clear(c.names)
	c.hidden = event.Hidden{}
	c.items, c.fields, c.bytes, c.kinds, c.names = c.items[:0], c.fields[:0], c.bytes[:0], c.kinds[:0], c.names[:0]
	if cap(c.bytes) <= keepBytes {
		chunks.Put(c)
	}
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
	most  int      // open chunks
	open  []opened // oldest first
	first int      // which of them has the item that is next
	other int      // which of the others has the one after these; -1 where there are none
	known bool     // first and other are those of open
}

// next returns the item that is next.
func (f *feed) next() *packed { return f.open[f.first].item() }

func (o *opened) item() *packed { return &o.items[o.next] }

// pull makes sure that an item is next; false where the feed has ended.
func (f *feed) pull() bool {
	for !f.ended && len(f.open) < f.most {
		c, ok := <-f.out
		switch {
		case !ok:
			f.ended = true
		case len(c.items) > 0:
			f.open, f.known = append(f.open, opened{chunk: c}), false
		}
	}
	if !f.known || !f.stays() {
		f.choose()
	}
	return len(f.open) > 0
}

// stays tells whether the chunk that had the item before has the next one, too, as it nearly always does.
func (f *feed) stays() bool {
	if f.other < 0 {
		return true
	}
	n := f.next().compare(f.open[f.other].item())
	return n < 0 || n == 0 && f.first < f.other
}

// choose looks for the chunk that has the item that is next, the oldest of several, and for the next such chunk.
func (f *feed) choose() {
	f.first, f.other, f.known = 0, -1, len(f.open) > 0
	for i := range f.open {
		if f.open[i].item().compare(f.next()) < 0 {
			f.first = i
		}
	}
	for i := range f.open {
		if i != f.first && (f.other < 0 || f.open[i].item().compare(f.open[f.other].item()) < 0) {
			f.other = i
		}
	}
}

// take passes the item that is next.
func (f *feed) take() {
	o := &f.open[f.first]
	if o.next++; o.next < len(o.items) {
		return
	}
	o.free()
	f.open, f.known = slices.Delete(f.open, f.first, f.first+1), false
}

// mergeFeeds calls each for every item of all feeds in order of time, and has at least so many feeds running as there
// are workers.
func mergeFeeds(feeds []*feed, workers int, each func(*item)) {
	waiting, open := ahead(len(feeds))
	for _, f := range feeds {
		f.out, f.most = make(chan *chunk, waiting), open
	}
	slices.SortStableFunc(feeds, func(a, b *feed) int { return a.from.Compare(b.from) })
	var running feedHeap
	var one item
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
			running.step(&one, each)
		}
	}
}

// feedHeap has the feed with the earliest item first.
type feedHeap []*feed

// due starts those of the waiting feeds whose turn has come and returns them.
func (h feedHeap) due(waiting []*feed, workers int) []*feed {
	n := 0
	for n < len(waiting) && (len(h)+n < workers || len(h) > 0 && h[0].reached(waiting[n].from)) {
		go waiting[n].start(waiting[n].out)
		n++
	}
	return waiting[:n]
}

// reached says whether the feed's next item is at a time or later.
func (f *feed) reached(at time.Time) bool {
	p := f.next()
	return !at.After(time.Unix(p.sec, int64(p.nsec)))
}

// step takes the earliest item; one is the memory for it.
func (h *feedHeap) step(one *item, each func(*item)) {
	f := (*h)[0]
	o := &f.open[f.first]
	o.unpack(o.next, one)
	each(one)
	f.take()
	if f.pull() {
		heap.Fix(h, 0)
	} else {
		heap.Pop(h)
	}
}

func (h feedHeap) Len() int { return len(h) }
func (h feedHeap) Less(i, j int) bool {
	return cmp.Or(h[i].next().compare(h[j].next()), cmp.Compare(h[i].order, h[j].order)) < 0
}
func (h feedHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *feedHeap) Push(x any)   { *h = append(*h, x.(*feed)) }
func (h *feedHeap) Pop() any {
	old := *h
	f := old[len(old)-1]
	*h = old[:len(old)-1]
	return f
}
