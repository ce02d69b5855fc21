package source

// liveBeforeBacklog is how many turns in a row live files get before one of the backlog has its turn, so that neither
// starves the other.
const liveBeforeBacklog = 4

// backlogBytes is how far behind its end a file may be and still count as live.
const backlogBytes = 4 * blockSize

// queue holds the generations that have something to do, in two round robins: those near their end, which somebody is
// waiting for, and those with a backlog. A turn is one block.
type queue struct {
	live, backlog []*generation
	streak        int // live turns since the backlog last had one
}

func (q *queue) push(g *generation) {
	g.queued = true
	if g.backlog {
		q.backlog = append(q.backlog, g)
	} else {
		q.live = append(q.live, g)
	}
}

func (q *queue) pop() *generation {
	from := &q.live
	if len(q.live) == 0 || q.streak >= liveBeforeBacklog && len(q.backlog) > 0 {
		from = &q.backlog
	}
	if len(*from) == 0 {
		return nil
	}
	if from == &q.live {
		q.streak++
	} else {
		q.streak = 0
	}
	g := (*from)[0]
	(*from)[0] = nil
	*from = (*from)[1:]
	g.queued = false
	return g
}

// drop takes g out of the queue.
func (q *queue) drop(g *generation) {
	g.queued = false
	for _, list := range []*[]*generation{&q.live, &q.backlog} {
		kept := (*list)[:0]
		for _, x := range *list {
			if x != g {
				kept = append(kept, x)
			}
		}
		*list = kept
	}
}
