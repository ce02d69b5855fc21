package store

import (
	"errors"
	"fmt"
	"os"
)

// setAside renames the file, and what SQLite keeps beside it, so that somebody can look at it later. Nothing is ever
// overwritten or removed.
func (db *DB) setAside(reason string) error {
	if err := db.closeWriter(); err != nil {
		db.o.Logger.Debug("closing the bad state file failed", "err", err)
	}
	base := db.path + ".corrupt-" + db.o.Now().UTC().Format("20060102T150405Z")
	to := base
	for i := 1; exists(to) || exists(to+"-wal"); i++ {
		to = fmt.Sprintf("%s-%d", base, i)
	}
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} { // -wal keeps its name to the file: both are needed to read it
		if err := os.Rename(db.path+suffix, to+suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("set the bad state file aside: %w (it %s)", err, reason)
		}
	}
	syncDir(db.o.Dir)
	db.aside = to
	db.notes = append(db.notes, fmt.Sprintf(
		"the state file %s %s: it was set aside as %s and a new one was begun, counters start at 0 and each source at its configured start",
		db.path, reason, to))
	return nil
}
