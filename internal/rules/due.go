package rules

// dueHeap holds each group that waits for a time, the earliest on top. A group's entry may be too early, never too
// late: an event usually only moves a due time later, and then nothing is done until the entry comes up. So a busy
// group costs one heap operation per due time, not one per event.
type dueHeap []*group

// first returns the earliest entry, never if there is none.
func (h dueHeap) first() int64 {
	if len(h) == 0 {
		return never
	}
	return h[0].due
}

// set gives a group a due time: it enters, moves or, with never, leaves.
func (h *dueHeap) set(g *group, due int64) {
	switch {
	case due == never && g.heapAt < 0:
	case due == never:
		h.remove(g)
	case g.heapAt < 0:
		g.due, g.heapAt = due, len(*h)
		*h = append(*h, g)
		h.up(g.heapAt)
	case due != g.due:
		g.due = due
		h.fix(g.heapAt)
	}
}

func (h *dueHeap) remove(g *group) {
	i := g.heapAt
	if i < 0 {
		return
	}
	last := len(*h) - 1
	h.swap(i, last)
	(*h)[last] = nil
	*h = (*h)[:last]
	g.heapAt = -1
	if i < last {
		h.fix(i)
	}
}

func (h dueHeap) fix(i int) {
	h.up(i)
	h.down(i)
}

func (h dueHeap) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if !before(h[i], h[parent]) {
			return
		}
		h.swap(i, parent)
		i = parent
	}
}

func (h dueHeap) down(i int) {
	for {
		child := 2*i + 1
		if child >= len(h) {
			return
		}
		if child+1 < len(h) && before(h[child+1], h[child]) {
			child++
		}
		if !before(h[child], h[i]) {
			return
		}
		h.swap(i, child)
		i = child
	}
}

func (h dueHeap) swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].heapAt, h[j].heapAt = i, j
}

// before orders due times; ties go by rule and key, so that a restart cannot change the order of what happens.
func before(a, b *group) bool {
	if a.due != b.due {
		return a.due < b.due
	}
	if a.rule != b.rule {
		return a.rule.index < b.rule.index
	}
	return a.key < b.key
}
