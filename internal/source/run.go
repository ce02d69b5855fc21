package source

import (
	"context"
	"sync"
	"time"
)

// Run follows the files until ctx ends. Then each file is read to the size that it has at that moment, for at most
// Deps.DrainTimeout, and Run returns.
func (m *Manager) Run(ctx context.Context) error {
	taking, abandon := context.WithCancel(context.WithoutCancel(ctx))
	defer abandon()
	m.mu.Lock()
	m.abandon = abandon
	if m.halted {
		abandon()
	}
	m.mu.Unlock()

	var workers sync.WaitGroup
	for range m.deps.Workers {
		workers.Go(func() { m.workerLoop(taking, &worker{m: m}) })
	}
	workers.Go(func() { m.workerLoop(taking, &worker{m: m, packed: true}) })
	m.startPipes()
	m.loop(ctx)
	if !m.isHalted() {
		m.drain(abandon)
	}
	m.endPipes(m.isHalted())
	m.stopWorkers()
	workers.Wait()
	m.settle()
	if m.isHalted() {
		m.endEdges() // the descriptors are for Adopt
	} else {
		m.closeAll()
	}
	return nil
}

// Halt makes Run return as soon as its context ends, without reading to the end: for a reload, which goes on from the
// committed positions.
func (m *Manager) Halt() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.halted = true
}

func (m *Manager) isHalted() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.halted
}

func (m *Manager) loop(ctx context.Context) {
	next := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-m.wake:
			m.settle()
			m.takeHints()
			m.takeNewNames()
			m.judge()
		case <-timer.C:
			if time.Now().Before(next) {
				m.lookHot()
			} else {
				m.tick()
				next = time.Now().Add(m.deps.Tick)
			}
		}
		timer.Reset(m.pause(next))
	}
}

// drain reads everything to the size that it has now.
func (m *Manager) drain(abandon context.CancelFunc) {
	deadline := time.NewTimer(m.deps.DrainTimeout)
	defer deadline.Stop()
	m.limitAll() // before anything else is read: what is written from now on is not waited for
	m.tick()     // a file that was rotated a moment ago counts too
	m.limitAll()
	for !m.drained() {
		select {
		case <-m.wake:
			m.settle()
		case <-deadline.C:
			m.deps.Logger.Warn("stopped before all files were read to their end: the rest is read at the next start",
				"after", m.deps.DrainTimeout.String())
			abandon()
			return
		}
	}
}

// limitAll sets the end of reading, where it is not set yet.
func (m *Manager) limitAll() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for g := range m.open {
		if g.file == nil || g.limit >= 0 {
			continue
		}
		if g.packed == nil {
			if st, err := statFile(g.file); err == nil {
				g.size = st.size
			}
			g.limit = g.size
		}
		m.enqueueLocked(g)
	}
}

// drained says that no worker has, or will get, anything to do.
func (m *Manager) drained() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.results) > 0 || !m.ready.empty() {
		return false
	}
	for g := range m.open {
		if g.busy {
			return false
		}
	}
	return true
}

func (m *Manager) workerLoop(ctx context.Context, w *worker) {
	for m.awaitWork(w) {
		w.step(ctx)
	}
}

// awaitWork blocks until there is something to do for w. False: the end.
func (m *Manager) awaitWork(w *worker) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	for !m.stopped && !m.ready.any(w.packed) {
		w.long = nil
		if w.packed {
			m.packedWork.Wait()
		} else {
			m.work.Wait()
		}
	}
	return !m.stopped
}

func (m *Manager) stopWorkers() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stopped = true
	m.work.Broadcast()
	m.packedWork.Broadcast()
}

func (m *Manager) endEdges() {
	m.names.close()
	for g := range m.open {
		m.endEdge(g)
	}
}

// closeAll gives back the descriptors. Records stay, for the last commit.
func (m *Manager) closeAll() {
	m.endEdges()
	for g := range m.open {
		if g.file != nil {
			g.file.Close()
		}
	}
}
