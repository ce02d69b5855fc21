package source

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// The reasons for which a path cannot be followed: the reason label of errwatch_source_errors_total.
const (
	ReasonPermission  = "permission"
	ReasonNotRegular  = "not_regular" // a FIFO, a socket, a device
	ReasonDirectory   = "is_directory"
	ReasonBrokenLink  = "broken_symlink"
	ReasonVanished    = "vanished"
	ReasonTooMany     = "too_many_files"
	ReasonTooManyDirs = "too_many_directories"
	ReasonOpenFiles   = "too_many_open_files" // the process's own limit
	ReasonDuplicate   = "already_followed"    // by another source
	ReasonCorrupt     = "corrupt"             // a compressed file that cannot be decompressed
	ReasonIO          = "io"
)

var (
	errNotRegular = errors.New("not a regular file")
	errBrokenLink = errors.New("the symbolic link leads nowhere")
	errTooMany    = errors.New("more files match than limits.files allows")
	errDirs       = errors.New("the glob leads through more folders than limits.files allows: make it narrower")
	errChanged    = errors.New("the file changed while it was read")
	errCorrupt    = errors.New("the compressed data is damaged")
	errDuplicate  = errors.New("another source follows this file already: it is counted there")
)

// reasonOf names the reason of an error.
func reasonOf(err error) string {
	switch {
	case errors.Is(err, errBrokenLink), errors.Is(err, syscall.ELOOP):
		return ReasonBrokenLink
	case errors.Is(err, fs.ErrPermission):
		return ReasonPermission
	case errors.Is(err, errNotRegular), errors.Is(err, syscall.ENXIO): // ENXIO: a socket, or a device without driver
		return ReasonNotRegular
	case errors.Is(err, syscall.EISDIR):
		return ReasonDirectory
	case gone(err):
		return ReasonVanished
	case errors.Is(err, errTooMany):
		return ReasonTooMany
	case errors.Is(err, errDirs):
		return ReasonTooManyDirs
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return ReasonOpenFiles
	case errors.Is(err, errDuplicate):
		return ReasonDuplicate
	case errors.Is(err, errCorrupt):
		return ReasonCorrupt
	}
	return ReasonIO
}

// gone says that nothing stands under the name.
func gone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// missing explains why a path yielded no file: what err says, or that it is a link that leads nowhere.
func missing(path string, err error) error {
	if !gone(err) {
		return err
	}
	if st, lerr := os.Lstat(path); lerr == nil && st.Mode()&fs.ModeSymlink != 0 {
		return &os.PathError{Op: "follow", Path: path, Err: errBrokenLink}
	}
	return err
}
