package source

import (
	"os"

	"golang.org/x/sys/unix"
)

// birthTime returns when the inode was made, in Unix nanoseconds, 0 where the file system does not say. Two files with
// the same inode number and different birth times are two files.
func birthTime(f *os.File) int64 {
	var st unix.Statx_t
	err := unix.Statx(int(f.Fd()), "", unix.AT_EMPTY_PATH, unix.STATX_BTIME, &st)
	if err != nil || st.Mask&unix.STATX_BTIME == 0 {
		return 0
	}
	return st.Btime.Sec*1e9 + int64(st.Btime.Nsec)
}
