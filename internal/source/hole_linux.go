package source

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// nextData returns where a sparse file holds data again at or behind at, its size where it holds none, and at itself
// where that cannot be said. The descriptor's own read offset moves, which nothing here uses.
func nextData(f *os.File, at int64) int64 {
	to, err := unix.Seek(int(f.Fd()), at, unix.SEEK_DATA)
	if errors.Is(err, unix.ENXIO) {
		to, err = unix.Seek(int(f.Fd()), 0, unix.SEEK_END)
	}
	if err != nil {
		return at
	}
	return to
}
