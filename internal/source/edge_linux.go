package source

import (
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/nxadm/tail"
	"github.com/nxadm/tail/watch"
	"golang.org/x/sys/unix"
)

// edge is nxadm/tail's inotify watcher on one generation.
//
// The file is named as /proc/self/fd/N, where N is a duplicate of our descriptor: open, watch and stat all follow that
// link to the inode, so that no rename can put another file in its place. Each edge has a duplicate of its own, because
// the watcher knows its watches by name, and keeps it for a while after its end, until the watch is surely taken back.
//
// The library's Tail itself is not run: it collects a line in memory until its end comes, however long it is. A writer
// without O_APPEND leaves a hole as large as its log after a copytruncate, and a Tail would read all of that into one
// string before anything could stop it (measured: 1.3 GB for a hole of 1 GiB). The watcher reads nothing.
type edge struct {
	m    *Manager
	g    *generation
	fd   int
	quit chan struct{}
	done atomic.Bool
	bad  atomic.Bool
}

// edgesPossible says whether the library may be used at all. Where it finds no inotify instance, or no way to a file by
// its descriptor, it would end the process.
func edgesPossible() bool {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC)
	if err != nil {
		return false
	}
	unix.Close(fd)
	f, err := os.Open(os.DevNull)
	if err != nil {
		return false
	}
	defer f.Close()
	_, err = os.Stat(fdName(int(f.Fd())))
	return err == nil
}

func fdName(fd int) string { return fmt.Sprintf("/proc/self/fd/%d", fd) }

// beginEdge begins to watch a generation, or returns nil where that cannot be.
func (m *Manager) beginEdge(g *generation) *edge {
	fd, err := unix.FcntlInt(g.file.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err == nil {
		if _, err = os.Stat(fdName(fd)); err != nil {
			unix.Close(fd)
		}
	}
	if err != nil {
		m.edges.retry = m.deps.Now().Add(edgeRetry)
		return nil
	}
	e := &edge{m: m, g: g, fd: fd, quit: make(chan struct{})}
	go e.run(g.seen.size)
	return e
}

func (e *edge) end()         { close(e.quit) }
func (e *edge) over() bool   { return e.done.Load() }
func (e *edge) failed() bool { return e.bad.Load() }

// run is one goroutine: the library may block for ever when it is asked for a watch, or to take one back, and the
// scheduler must not.
func (e *edge) run(size int64) {
	defer time.AfterFunc(edgeRest, func() { unix.Close(e.fd) })
	defer e.done.Store(true)
	var life tail.Tail // for its Tomb alone, by which a watcher is told to end
	changes, err := watch.NewInotifyFileWatcher(fdName(e.fd)).ChangeEvents(&life.Tomb, size)
	if err != nil {
		e.bad.Store(true)
		return
	}
	e.m.poke(e.g) // what was written before the watch stood
	for {
		select {
		case <-changes.Modified:
			e.m.poke(e.g)
		case <-changes.Truncated:
			e.m.poke(e.g)
		case <-changes.Deleted: // also renamed; the watcher has ended by itself
			e.m.poke(e.g)
			e.m.hint(e.g)
			return
		case <-e.quit:
			life.Kill(nil)
			return
		}
	}
}
