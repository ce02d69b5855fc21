package source

import (
	"bytes"
	"encoding/binary"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// nameWatches tell of new names in folders. Nothing depends on them: what they miss, the clock sees. fsnotify would tell
// of each write too, which is what busy files have no watch for.
//
// The zero value watches nothing. Its methods are the scheduler's.
type nameWatches struct {
	events *os.File // of inotify; nil before the first watch, and where there can be none
	fd     int      // the same
	failed bool
	wanted map[string]time.Time // the folders that are watched, and when that was last wanted

	mu   sync.Mutex
	dirs map[int32]string // by the kernel's number
}

const nameWatchRest = time.Minute // a watch that is not wanted any more ends after that

// want has found called for each new name in a folder, on a goroutine of its own.
func (n *nameWatches) want(dir string, now time.Time, found func(dir, name string)) {
	if _, ok := n.wanted[dir]; ok {
		n.wanted[dir] = now
		return
	}
	if len(n.wanted) >= maxNameWatches || !n.start(found) {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	wd, err := unix.InotifyAddWatch(n.fd, dir, unix.IN_CREATE|unix.IN_MOVED_TO|unix.IN_ONLYDIR)
	if err != nil {
		return // it is asked for again with the next tick
	}
	n.wanted[dir], n.dirs[int32(wd)] = now, dir
}

func (n *nameWatches) start(found func(dir, name string)) bool {
	if n.events != nil || n.failed {
		return n.events != nil
	}
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if n.failed = err != nil; n.failed {
		return false
	}
	n.fd, n.events = fd, os.NewFile(uintptr(fd), "inotify")
	n.wanted, n.dirs = map[string]time.Time{}, map[int32]string{}
	go n.tell(n.events, found)
	return true
}

// rest ends the watches that have not been wanted for a while.
func (n *nameWatches) rest(now time.Time) {
	for dir, last := range n.wanted {
		if now.Sub(last) < nameWatchRest {
			continue
		}
		delete(n.wanted, dir)
		n.mu.Lock()
		for wd, d := range n.dirs {
			if d == dir {
				_, _ = unix.InotifyRmWatch(n.fd, uint32(wd))
			}
		}
		n.mu.Unlock()
	}
}

// close ends all watches, and the goroutine.
func (n *nameWatches) close() {
	if n.events != nil {
		n.events.Close()
	}
	n.events, n.failed, n.wanted = nil, true, nil
}

// tell reads what the kernel says until the descriptor is closed.
func (n *nameWatches) tell(events *os.File, found func(dir, name string)) {
	buf := make([]byte, 64*(unix.SizeofInotifyEvent+unix.NAME_MAX+1))
	for {
		size, err := events.Read(buf)
		if err != nil {
			return
		}
		for b := buf[:size]; len(b) >= unix.SizeofInotifyEvent; {
			wd := int32(binary.NativeEndian.Uint32(b))
			mask := binary.NativeEndian.Uint32(b[4:])
			name := b[unix.SizeofInotifyEvent:][:binary.NativeEndian.Uint32(b[12:])]
			b = b[unix.SizeofInotifyEvent+len(name):]
			if dir := n.dirOf(wd, mask); dir != "" && len(name) > 0 {
				found(dir, string(bytes.TrimRight(name, "\x00")))
			}
		}
	}
}

// dirOf is the folder that a number stands for. The kernel says when it stands for none any more.
func (n *nameWatches) dirOf(wd int32, mask uint32) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	dir := n.dirs[wd]
	if mask&unix.IN_IGNORED != 0 {
		delete(n.dirs, wd)
	}
	return dir
}
