package store

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// lockFile is held by the one process that writes in a state folder. The kernel gives the lock back when the process
// ends, however it ends; the file itself stays, because removing it would let two processes lock two files of one name.
type lockFile struct{ f *os.File }

func acquireLock(dir string) (*lockFile, error) {
	path := filepath.Join(dir, LockName)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the state folder: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		defer f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, inUse(dir, f)
		}
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	if err := writePID(f); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock the state folder: %w", err)
	}
	return &lockFile{f}, nil
}

func writePID(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

// inUse says who holds the lock, as far as the file tells.
func inUse(dir string, f io.Reader) error {
	holder := "another errwatch"
	b, _ := io.ReadAll(io.LimitReader(f, 32))
	if pid, err := strconv.Atoi(strings.TrimSpace(string(b))); err == nil {
		holder = fmt.Sprintf("another errwatch (pid %d)", pid)
	}
	return fmt.Errorf("%w by %s: %s; stop that one, or give this one a folder of its own (state.dir)", ErrLocked, holder, dir)
}

// release empties the file and lets go of it. Closing it would not be enough at once: a process that is being started
// in this moment holds the same open file until it executes its program.
func (l *lockFile) release() error {
	return errors.Join(l.f.Truncate(0), unix.Flock(int(l.f.Fd()), unix.LOCK_UN), l.f.Close())
}
