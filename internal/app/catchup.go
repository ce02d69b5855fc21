package app

import (
	"cmp"
	"container/heap"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/errwatch/errwatch/internal/event"
	"github.com/errwatch/errwatch/internal/line"
	"github.com/errwatch/errwatch/internal/store"
)

// What lies in several files when errwatch starts is read side by side, and a window makes sense only over events in
// order. So until every source has reached its end, each file says up to which time it was read, and an event waits for
// the rules until all other files have come to its time. It is counted at once all the same: only the rules wait.
//
// What waits is little, because of all files with a backlog the source reads on in the one that is furthest behind
// (source.Deps.Reached). It is bounded, because a file may be behind for ever, and what waits is part of each commit,
// because the positions have moved past it.

// maxWaiting bounds the memory of the events that wait for other files, in bytes. Past it the earliest are judged before
// all files have come to their time.
const maxWaiting = 8 << 20

// catchUp holds events back while backlog is read. All of it is guarded by the pipeline's lock.
type catchUp struct {
	known   bool   // it is known which files are behind
	version uint64 // of that knowledge

	files map[line.FileID]*behind // that are behind
	order behindHeap              // the same, the one that is furthest behind first

	lots    lotHeap // events that wait, the earliest first
	held    int64   // their number
	waiting int64   // their bytes
	early   int64   // events that were judged before all files had come to their time
	lastRow int64
	done    []int64 // rows of lots that have nothing left
}

// behind is a file that is read and not at its end yet.
type behind struct {
	id    line.FileID
	at    int64 // the time that it has come to, Unix nanoseconds; earliest before it was read
	index int
}

const (
	earliest = math.MinInt64
	latest   = math.MaxInt64
)

// lot are the events of one batch that wait, by time.
type lot struct {
	row    int64
	events []event.Event // never changed: a commit writes them without a lock
	next   int
	stored bool // its row may be in the state
	base   int  // which of events is the first of its row
	saved  int  // next, as the state has it
}

func (l *lot) time() int64 { return nanosOf(&l.events[l.next]) }

func nanosOf(e *event.Event) int64 { return nanos(e.When()) }

// set says which files are behind.
func (c *catchUp) set(ids []line.FileID) {
	before := c.files
	c.known, c.files, c.order = true, make(map[line.FileID]*behind, len(ids)), c.order[:0]
	for _, id := range ids {
		f := before[id]
		if f == nil {
			f = &behind{id: id, at: earliest}
		}
		f.index = len(c.order)
		c.files[id] = f
		c.order = append(c.order, f)
	}
	heap.Init(&c.order)
}

// reached says to which time a file was read. A file in which no line has a time, which is told as latest, holds nothing
// back.
func (c *catchUp) reached(id line.FileID, at int64) {
	if f := c.files[id]; f != nil && at > f.at {
		f.at = at
		heap.Fix(&c.order, f.index)
	}
}

// floor is the time that all files have come to; without the one named, of which the caller knows more.
func (c *catchUp) floor(without line.FileID) int64 {
	switch {
	case !c.known:
		return earliest
	case len(c.order) == 0:
		return latest
	case c.order[0].id != without:
		return c.order[0].at
	}
	least := int64(latest)
	for i := 1; i < min(3, len(c.order)); i++ {
		least = min(least, c.order[i].at)
	}
	return least
}

// hold keeps copies of events until all files have come to their time.
func (c *catchUp) hold(events []event.Event) {
	if len(events) == 0 {
		return
	}
	c.lastRow++
	l := &lot{row: c.lastRow, events: make([]event.Event, len(events))}
	for i := range events {
		l.events[i] = copyEvent(&events[i])
		c.waiting += sizeOf(&l.events[i])
	}
	c.held += int64(len(l.events))
	slices.SortStableFunc(l.events, func(a, b event.Event) int { return cmp.Compare(nanosOf(&a), nanosOf(&b)) })
	heap.Push(&c.lots, l)
}

// release calls each for what waits and is not later than a time, in order, and for the earliest of what is too much.
func (c *catchUp) release(until int64, each func(*event.Event)) {
	for len(c.lots) > 0 {
		l := c.lots[0]
		if l.time() > until && c.waiting <= maxWaiting {
			return
		}
		if l.time() > until {
			c.early++
		}
		e := &l.events[l.next]
		each(e)
		c.waiting -= sizeOf(e)
		c.held--
		if l.next++; l.next < len(l.events) {
			heap.Fix(&c.lots, 0)
			continue
		}
		heap.Pop(&c.lots)
		if l.stored {
			c.done = append(c.done, l.row)
		}
	}
}

// copyEvent copies an event out of the parser's memory. It becomes part of the state, so nothing is left to be hidden.
func copyEvent(e *event.Event) event.Event {
	x := *e
	x.Text, x.Hidden, x.Message, x.Fields = e.Shown(nil), event.Hidden{}, slices.Clone(e.Message), slices.Clone(e.Fields)
	for i := range x.Fields {
		x.Fields[i].Value = slices.Clone(x.Fields[i].Value)
	}
	return x
}

// eventOverhead is about what an event takes beside its text.
const eventOverhead = 256

func sizeOf(e *event.Event) int64 {
	n := eventOverhead + len(e.Text) + len(e.Message)
	for _, f := range e.Fields {
		n += len(f.Value) + 40
	}
	return int64(n)
}

// Pending hands over what has changed about what waits.
func (c *catchUp) Pending() store.Pending {
	var changes []lotChange
	for _, l := range c.lots {
		if !l.stored {
			changes = append(changes, lotChange{l, l.next, l.next, true})
			l.base, l.stored = l.next, true // a row that is not there can be deleted without harm
		} else if l.saved != l.next {
			changes = append(changes, lotChange{l, l.base, l.next, false})
		}
	}
	done := slices.Clone(c.done)
	if len(changes) == 0 && len(done) == 0 {
		return store.Pending{}
	}
	return store.Pending{
		Write: func(tx *store.Tx) error {
			for _, x := range changes {
				if err := x.write(tx); err != nil {
					return fmt.Errorf("events that wait for the rules: %w", err)
				}
			}
			for _, row := range done {
				if err := tx.Exec("DELETE FROM waiting_events WHERE id = ?", row); err != nil {
					return fmt.Errorf("events that wait for the rules: %w", err)
				}
			}
			return nil
		},
		Done: func(committed bool) {
			if committed {
				c.done = c.done[len(done):]
			}
			for _, x := range changes {
				switch {
				case committed:
					x.saved = x.next
				case x.insert:
					x.stored = false
				}
			}
		},
	}
}

// lotChange is what a commit writes of a lot.
type lotChange struct {
	*lot
	base, next int
	insert     bool
}

func (x *lotChange) write(tx *store.Tx) error {
	if !x.insert {
		return tx.Exec("UPDATE waiting_events SET done = ? WHERE id = ?", x.next-x.base, x.row)
	}
	b, err := json.Marshal(x.events[x.base:])
	if err != nil {
		return err
	}
	return tx.Exec("INSERT INTO waiting_events (id, done, json) VALUES (?, 0, ?)", x.row, string(b))
}

// Restore brings back what waited.
func (c *catchUp) Restore(tx *store.Tx) error {
	rows, err := tx.Query("SELECT id, done, json FROM waiting_events ORDER BY id")
	if err != nil {
		return fmt.Errorf("events that wait for the rules: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var (
			done int
			text string
			l    = &lot{stored: true}
		)
		if err := rows.Scan(&l.row, &done, &text); err != nil {
			return fmt.Errorf("events that wait for the rules: %w", err)
		}
		c.lastRow = max(c.lastRow, l.row)
		if err := json.Unmarshal([]byte(text), &l.events); err != nil || done < 0 || done >= len(l.events) {
			c.done = append(c.done, l.row) // it is damaged: the rules do without it
			continue
		}
		l.events, l.base = l.events[done:], -done
		for i := range l.events {
			c.waiting += sizeOf(&l.events[i])
		}
		c.held += int64(len(l.events))
		heap.Push(&c.lots, l)
	}
	return rows.Err()
}

type behindHeap []*behind

func (h behindHeap) Len() int           { return len(h) }
func (h behindHeap) Less(i, j int) bool { return h[i].at < h[j].at }
func (h behindHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}
func (h *behindHeap) Push(x any) { *h = append(*h, x.(*behind)) }
func (h *behindHeap) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}

// lotHeap has the lot with the earliest event first; of two at one time, the one that came first.
type lotHeap []*lot

func (h lotHeap) Len() int { return len(h) }
func (h lotHeap) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(h[i].time(), h[j].time()), cmp.Compare(h[i].row, h[j].row)) < 0
}
func (h lotHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *lotHeap) Push(x any)   { *h = append(*h, x.(*lot)) }
func (h *lotHeap) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}
