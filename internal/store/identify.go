package store

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	sqlite3 "modernc.org/sqlite/lib"
)

// badFileError says that a file is not one that errwatch can go on with, and never will be.
type badFileError struct {
	path, reason string
	cause        error
}

func (e *badFileError) Error() string { return e.path + " " + e.reason }
func (e *badFileError) Unwrap() error { return e.cause }

// badOr returns an error of SQLite as a badFileError where it means damage, else explained.
func badOr(doing, path string, err error) error {
	if err != nil && isDamage(err) {
		return &badFileError{path, "is damaged: " + err.Error(), err}
	}
	return explain(doing, path, err)
}

// magic begins every SQLite file.
const magic = "SQLite format 3\x00"

// checkMagic looks at the first bytes of a file. An empty one is a new one.
func checkMagic(f *os.File) error {
	head := make([]byte, len(magic))
	n, err := f.ReadAt(head, 0)
	switch {
	case n == 0 && errors.Is(err, io.EOF):
		return nil
	case err != nil && !errors.Is(err, io.EOF):
		return fmt.Errorf("read the state file: %w", err)
	case string(head[:n]) != magic:
		return &badFileError{path: f.Name(), reason: "is not a SQLite file"}
	}
	return nil
}

// identify says which schema the file has, 0 for an empty one. It changes nothing.
func identify(tx *Tx, path string, steps []migration) (version int, err error) {
	var ints [3]int
	for i, q := range []string{"PRAGMA application_id", "PRAGMA user_version", "SELECT count(*) FROM sqlite_schema"} {
		s, err := tx.text(q)
		if err != nil {
			return 0, badOr("open", path, err)
		}
		ints[i], _ = strconv.Atoi(s[0])
	}
	id, version, tables := ints[0], ints[1], ints[2]
	switch {
	case id == 0 && version == 0 && tables == 0:
		return 0, nil
	case id != applicationID || version == 0:
		return 0, &badFileError{path: path, reason: "belongs to another program"}
	case version > newest(steps):
		return 0, fmt.Errorf("%s has schema %d and this errwatch knows up to %d: start the newer errwatch that wrote it, or move the file away to begin anew: %w",
			path, version, newest(steps), ErrSchema)
	}
	return version, nil
}

// cannotShare says whether an error of SQLite means that it could not write the -shm file that readers of a file in
// WAL mode share.
func cannotShare(err error) bool {
	code := resultCode(err)
	return code == sqlite3.SQLITE_READONLY || code == sqlite3.SQLITE_CANTOPEN
}

// damagedError is what a check of the file has found first.
type damagedError struct{ finding string }

func (e *damagedError) Error() string { return e.finding }

// quickCheck reads the whole file and returns what is wrong with it. It costs about 12 ms for each MB, once for each
// start: damage that nobody notices would make every commit fail, or worse, none.
func quickCheck(tx *Tx) error {
	found, err := tx.text("PRAGMA quick_check(1)")
	if err != nil {
		return err
	}
	if len(found) == 1 && found[0] == "ok" {
		return nil
	}
	return &damagedError{found[0]}
}
