package source

import (
	"os"

	"golang.org/x/sys/unix"
)

// birthTime returns when the inode was made, in Unix nanoseconds, 0 where the file system does not say. Two files with
// the same inode number and different birth times are two files.
func birthTime(f *os.File) int64 { return birth(int(f.Fd()), "", unix.AT_EMPTY_PATH) }

// birthAt is birthTime of what a path leads to.
func birthAt(path string) int64 { return birth(unix.AT_FDCWD, path, 0) }

func birth(fd int, path string, flags int) int64 {
	var st unix.Statx_t
	if unix.Statx(fd, path, flags, unix.STATX_BTIME, &st) != nil || st.Mask&unix.STATX_BTIME == 0 {
		return 0
	}
	return st.Btime.Sec*1e9 + int64(st.Btime.Nsec)
}
