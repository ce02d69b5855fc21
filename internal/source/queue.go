package source

import "slices"

// liveBeforeBacklog is how many turns in a row live files get before one of the backlog has its turn, so that neither
// starves the other.
const liveBeforeBacklog = 4

// backlogBytes is how far behind its end a file may be and still count as live.
const backlogBytes = 4 * blockSize

// queue holds the generations that have something to do, in two round robins: those near their end, which somebody is
// waiting for, and those with a backlog. A turn is one block.
type queue struct {
	live, backlog []*generation
	packed        []*generation // compressed files, for the worker that has nothing else to do: one to its end, then the next
	turns         int           // that the backlog has had
	streak        int           // live turns since the backlog last had one
}

// any says that there is work for the ordinary workers, or for that of the compressed files.
func (q *queue) any(packed bool) bool {
	if packed {
		return len(q.packed) > 0
	}
	return len(q.live)+len(q.backlog) > 0
}

func (q *queue) empty() bool { return !q.any(false) && !q.any(true) }

func (q *queue) push(g *generation) {
	g.queued = true
	switch {
	case g.packed != nil && g.last == more:
		q.packed = slices.Insert(q.packed, 0, g)
	case g.packed != nil:
		q.packed = append(q.packed, g)
	case g.backlog || g.behind:
		q.backlog = append(q.backlog, g)
	default:
		q.live = append(q.live, g)
	}
}

func (q *queue) pop(packed bool) *generation {
	from := &q.live
	if packed {
		from = &q.packed
	} else if len(q.live) == 0 || q.streak >= liveBeforeBacklog && len(q.backlog) > 0 {
		from = &q.backlog
	}
	if len(*from) == 0 {
		return nil
	}
	switch from {
	case &q.live:
		q.streak++
	case &q.backlog:
		q.streak = 0
	}
	if from == &q.backlog {
		// One turn in a few goes to whoever waits longest, so that a huge file does not keep the others waiting.
		if q.turns++; q.turns%liveBeforeBacklog != 0 {
			putFirst(*from)
		}
	}
	g := (*from)[0]
	(*from)[0] = nil
	*from = (*from)[1:]
	g.queued = false
	return g
}

// putFirst moves the file that is furthest behind, by the times in its lines, to the front. Those that nobody knows a
// time of stay in the order in which they came.
func putFirst(list []*generation) {
	least := 0
	for i, g := range list {
		if g.front < list[least].front {
			least = i
		}
	}
	g := list[least]
	copy(list[1:], list[:least])
	list[0] = g
}

// drop takes g out of the queue.
func (q *queue) drop(g *generation) {
	if !g.queued {
		return
	}
	g.queued = false
	for _, list := range []*[]*generation{&q.live, &q.backlog, &q.packed} {
		*list = slices.DeleteFunc(*list, func(x *generation) bool { return x == g })
	}
}
