//go:build unix

package source

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// fileKey is the system's name for an inode. It identifies a file only while the file is held open: numbers are reused.
type fileKey struct{ dev, ino uint64 }

// fileStat is what one stat call says.
type fileStat struct {
	key          fileKey
	size         int64
	mtime, ctime int64 // Unix nanoseconds
	mode         uint32
	links        uint64
}

func (s *fileStat) regular() bool   { return s.mode&unix.S_IFMT == unix.S_IFREG }
func (s *fileStat) directory() bool { return s.mode&unix.S_IFMT == unix.S_IFDIR }

// statPath follows symbolic links.
func statPath(path string) (fileStat, error) {
	var st unix.Stat_t
	if err := ignoringEINTR(func() error { return unix.Stat(path, &st) }); err != nil {
		return fileStat{}, &os.PathError{Op: "stat", Path: path, Err: err}
	}
	return fromStat(&st), nil
}

func statFile(f *os.File) (fileStat, error) {
	var st unix.Stat_t
	if err := ignoringEINTR(func() error { return unix.Fstat(int(f.Fd()), &st) }); err != nil {
		return fileStat{}, &os.PathError{Op: "stat", Path: f.Name(), Err: err}
	}
	return fromStat(&st), nil
}

func fromStat(st *unix.Stat_t) fileStat {
	return fileStat{
		key:   fileKey{uint64(st.Dev), uint64(st.Ino)},
		size:  st.Size,
		mtime: st.Mtim.Nano(),
		ctime: st.Ctim.Nano(),
		mode:  uint32(st.Mode),
		links: uint64(st.Nlink),
	}
}

func ignoringEINTR(f func() error) error {
	for {
		if err := f(); err != unix.EINTR {
			return err
		}
	}
}

// openPinned opens a regular file for reading and says which it is. O_NONBLOCK, so that the open of a FIFO or a device
// that got here by a race returns at once; on regular files it means nothing.
func openPinned(path string) (*os.File, fileStat, error) {
	var fd int
	err := ignoringEINTR(func() (err error) {
		fd, err = unix.Open(path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC|unix.O_NOCTTY, 0)
		return err
	})
	if err != nil {
		return nil, fileStat{}, &os.PathError{Op: "open", Path: path, Err: err}
	}
	_ = unix.SetNonblock(fd, false) // or the runtime would try to poll it; where this fails it does, in vain
	f := os.NewFile(uintptr(fd), path)
	st, err := statFile(f)
	if err == nil && !st.regular() {
		err = notRegular(path, &st)
	}
	if err != nil {
		f.Close()
		return nil, fileStat{}, err
	}
	return f, st, nil
}

func notRegular(path string, st *fileStat) error {
	if st.directory() {
		return &os.PathError{Op: "follow", Path: path, Err: syscall.EISDIR}
	}
	return &os.PathError{Op: "follow", Path: path, Err: errNotRegular}
}
