package store

import (
	"errors"
	"fmt"
	"path/filepath"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

var (
	// ErrLocked is wrapped by the error of Open where another process holds the state folder.
	ErrLocked = errors.New("the state folder is in use")

	// ErrSchema is wrapped by the error of Open where the file is of an errwatch that this one does not understand.
	ErrSchema = errors.New("unknown schema of the state file")

	errReadOnly = errors.New("it is closed or was opened for reading alone")
)

// resultCode returns SQLite's primary result code of an error, 0 where it is none of SQLite's.
func resultCode(err error) int {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return 0
	}
	return e.Code() & 0xff // the rest says more exactly where
}

// isDamage says whether an error means that the file itself is no good.
func isDamage(err error) bool {
	if _, ok := errors.AsType[*damagedError](err); ok {
		return true
	}
	code := resultCode(err)
	return code == sqlite3.SQLITE_CORRUPT || code == sqlite3.SQLITE_NOTADB
}

// isBusy says whether somebody else held the file for longer than busyWait.
func isBusy(err error) bool { return resultCode(err) == sqlite3.SQLITE_BUSY }

// explain adds to an error of SQLite which file it is about, and what somebody can do.
func explain(doing, path string, err error) error {
	if err == nil {
		return nil
	}
	hint := ""
	switch resultCode(err) {
	case sqlite3.SQLITE_FULL:
		hint = fmt.Sprintf(" (make room on the disk of %s: errwatch goes on by itself)", filepath.Dir(path))
	case sqlite3.SQLITE_IOERR:
		hint = fmt.Sprintf(" (the disk of %s has failed or takes no more: errwatch goes on by itself once it works)", filepath.Dir(path))
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM:
		hint = " (the file, its folder or the file system is read-only for this user)"
	case sqlite3.SQLITE_CANTOPEN:
		hint = " (may this user read and write the file and its folder?)"
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		hint = " (another program holds it, for example a sqlite3 shell with a transaction that has not ended)"
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		hint = " (the file is damaged: the next start sets it aside and begins a new one)"
	}
	return fmt.Errorf("%s %s: %w%s", doing, path, err, hint)
}
