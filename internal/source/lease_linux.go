package source

import (
	"os"

	"golang.org/x/sys/unix"
)

// leaseState says whether somebody has a file open for writing.
type leaseState uint8

const (
	leaseUnknown leaseState = iota // the system does not say: not the file's owner, or not a local file system
	leaseHeld                      // somebody has
	leaseFree                      // nobody has
)

// askLease asks the kernel whether a process has the file open for writing: a read lease is granted only if none has.
// The lease is given back in the same breath, with raw system calls, so that the Go scheduler cannot come between: while
// it is held, a writer's open would wait.
func askLease(f *os.File) leaseState {
	fd := f.Fd()
	if remote(int(fd)) {
		return leaseUnknown
	}
	_, _, errno := unix.RawSyscall(unix.SYS_FCNTL, fd, unix.F_SETLEASE, unix.F_RDLCK)
	if errno == 0 {
		_, _, _ = unix.RawSyscall(unix.SYS_FCNTL, fd, unix.F_SETLEASE, unix.F_UNLCK)
	}
	switch errno {
	case 0:
		return leaseFree
	case unix.EAGAIN:
		return leaseHeld
	}
	return leaseUnknown
}

// remote says that writers may be where this kernel does not see them.
func remote(fd int) bool {
	var fs unix.Statfs_t
	if unix.Fstatfs(fd, &fs) != nil {
		return true
	}
	switch uint32(fs.Type) {
	case unix.NFS_SUPER_MAGIC, unix.SMB_SUPER_MAGIC, unix.SMB2_SUPER_MAGIC, unix.CIFS_SUPER_MAGIC, unix.FUSE_SUPER_MAGIC,
		unix.V9FS_MAGIC, unix.CEPH_SUPER_MAGIC, unix.AFS_SUPER_MAGIC, unix.CODA_SUPER_MAGIC:
		return true
	}
	return false
}
