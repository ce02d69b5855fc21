package store

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
)

// busyWait is how long SQLite waits, in milliseconds, for a writer outside errwatch, such as a sqlite3 shell.
const busyWait = "2000"

// dsn names the file with what each connection to it sets first.
func (db *DB) dsn(mode string, pragmas ...string) string {
	q := url.Values{"mode": {mode}}
	q.Add("_pragma", "busy_timeout("+busyWait+")")
	for _, p := range pragmas {
		q.Add("_pragma", p)
	}
	u := url.URL{Scheme: "file", Path: db.path, RawQuery: q.Encode()}
	return u.String()
}

func (db *DB) openWritable(ctx context.Context, steps []migration) error {
	if err := os.MkdirAll(db.o.Dir, 0o700); err != nil {
		return fmt.Errorf("make the state folder: %w", err)
	}
	var err error
	if db.lock, err = acquireLock(db.o.Dir); err != nil {
		return err
	}
	// SQLite would make the file readable for everybody; its -wal and -shm take the mode from it.
	f, err := os.OpenFile(db.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("open the state file: %w", err)
	}
	f.Close()
	db.writers, err = sql.Open("sqlite", db.dsn("rw", "journal_mode(WAL)", "synchronous(FULL)", "temp_store(MEMORY)"))
	if err != nil {
		return err
	}
	db.writers.SetMaxOpenConns(1)
	if db.writer, err = newSession(ctx, db.writers); err != nil {
		return explain(db.path, "open", err)
	}
	v, err := db.writer.int(ctx, "PRAGMA user_version")
	if err != nil {
		return explain(db.path, "open", err)
	}
	if err := db.migrate(ctx, v, steps); err != nil {
		return err
	}
	pool, err := sql.Open("sqlite", db.dsn("rw", "query_only(1)"))
	if err != nil {
		return err
	}
	db.readers = newReaders(pool)
	return nil
}

func (db *DB) openReadOnly(ctx context.Context, steps []migration) error {
	pool, err := sql.Open("sqlite", db.dsn("ro"))
	if err != nil {
		return err
	}
	db.readers = newReaders(pool)
	return db.Read(ctx, func(tx *Tx) error { return nil })
}
