package store

import (
	"errors"
	"fmt"
)

// ErrLocked is wrapped by the error of Open where another process holds the state folder.
var ErrLocked = errors.New("the state folder is in use")

var errReadOnly = errors.New("opened read-only")

// explain adds to an error of SQLite which file it is about.
func explain(path, doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s %s: %w", doing, path, err)
}
