package store

import (
	"context"
	"strconv"
	"sync"
)

// SQLite moves the -wal into the file at the end of the commit that made it long: four megabytes of pages are written and
// synced while that commit waits, ten times as long as it takes by itself. Here commits only ever append to the -wal, and
// the moving is done beside them, on a connection of its own. That changes nothing about what survives: a commit is safe
// once it is synced in the -wal, and SQLite syncs the file before it uses the -wal from its beginning again.
//
// SQLite does that once all of the -wal was moved, which a commit that comes meanwhile prevents. The next moving has only
// that commit left, so on all but the slowest disks one of them ends between two commits. On those, commits wait once
// the -wal has become longer than longWAL, for what little is left.
const (
	shortWAL = 4 << 20  // it is moved when commits have written about so much since
	longWAL  = 32 << 20 // past it commits wait for it
	lastWAL  = 64 << 20 // past it SQLite does it in the commit after all: nothing else has worked

	pageSize = 4096 // SQLite's own, of a new file
)

// checkpoints moves the -wal into the file beside the commits.
type checkpoints struct {
	short, long int64 // shortWAL and longWAL; less in tests

	session *session // of the one that is under way
	running sync.WaitGroup

	// Guarded by DB.write.
	written int64 // about how much was appended to the -wal since the last one was begun
	busy    bool  // one is under way
}

// pagesOfLastWAL is lastWAL as SQLite wants to be told it.
func pagesOfLastWAL() string { return strconv.Itoa(lastWAL / pageSize) }

// What a statement and a commit write beside their values, about, in bytes.
const (
	statementOverhead = 256
	commitOverhead    = 8 * pageSize
)

// note counts a statement's values.
func (s *session) note(args []any) {
	s.written += statementOverhead
	for _, a := range args {
		switch v := a.(type) {
		case string:
			s.written += int64(len(v))
		case []byte:
			s.written += int64(len(v))
		}
	}
}

// checkpointIfDue begins to move the -wal where it has become long. DB.write is held.
func (db *DB) checkpointIfDue() {
	if db.writer == nil {
		return
	}
	c := &db.checkpoints
	c.written += db.writer.written + commitOverhead
	db.writer.written = 0
	if c.busy || c.written < c.short {
		return
	}
	c.busy, c.written = true, 0
	c.running.Go(db.checkpoint)
}

// checkpoint moves the -wal, and once more while commits wait where it has become too long.
func (db *DB) checkpoint() {
	length, _, err := db.moveWAL(context.Background())
	db.write.Lock()
	defer db.write.Unlock()
	if err == nil && length > db.checkpoints.long {
		_, _, err = db.moveWAL(context.Background())
	}
	if err != nil { // commits meet the same trouble, and they are what it is told of
		db.o.Logger.Debug("moving the -wal into the state file failed", "err", explain("write", db.path, err))
	}
	db.checkpoints.busy = false
}

// moveWAL moves what no reader of an older moment needs, and returns the length of the -wal and what is left of it, in
// bytes.
func (db *DB) moveWAL(ctx context.Context) (length, left int64, err error) {
	c := &db.checkpoints
	if c.session == nil {
		if c.session, err = newSession(ctx, db.writers); err != nil {
			return 0, 0, err
		}
	}
	var busy, pages, moved int64
	err = c.session.conn.QueryRowContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)").Scan(&busy, &pages, &moved)
	return pages * pageSize, (pages - moved) * pageSize, err
}

// stop waits for what is under way and closes the connection. DB.write is not held.
func (c *checkpoints) stop() error {
	c.running.Wait()
	if c.session == nil {
		return nil
	}
	err := c.session.close()
	c.session = nil
	return err
}
