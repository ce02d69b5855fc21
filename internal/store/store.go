// Package store is the SQLite file in which errwatch keeps all that must survive it: file positions, counters, rule
// windows, alert states and the outbox.
//
// Its promise is one transaction: [DB.Commit] writes what every stage has to write, or nothing of it. A stage never
// opens a transaction of its own; it hands over a [Pending] and learns afterwards how that ended. The file is plain
// SQLite in WAL mode with synchronous=FULL, so what was committed also survives a power cut, and anyone may read it
// with sqlite3 while errwatch runs.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"

	"modernc.org/sqlite"
)

// The names of what lies in the state folder.
const (
	FileName = "errwatch.db"
	LockName = "errwatch.lock"
)

// Options say what to open.
type Options struct {
	Dir      string // the state folder; made (0700) where it is missing
	ReadOnly bool   // for reports beside a running daemon: no lock is taken, nothing is written or made
	Logger   *slog.Logger

	// BeforeCommit is a seam for tests: called when everything is written and only COMMIT is missing. An error from it
	// takes the transaction back, as a full disk would. Nil in production.
	BeforeCommit func() error
}

// DB is an open state file. Its methods are safe for concurrent use.
type DB struct {
	o     Options
	path  string
	lock  *lockFile
	notes []string

	write   sync.Mutex // one transaction at a time
	writer  *session   // nil for a read-only DB, and after a failure from which the connection did not come back
	writers *sql.DB
	readers *readers
}

// Pending is one stage's part of a commit.
//
// The stage makes it with the pipeline's lock held, as a copy of what changed; Write runs without that lock. A nil Write
// says that nothing changed. Done runs with the lock held again, once the transaction has ended; after Done(false) the
// stage must still count everything as changed, so that the next commit carries it.
type Pending struct {
	Write func(*Tx) error
	Done  func(committed bool)
}

// Open opens the state file in o.Dir, and makes it where it is missing. ctx bounds the opening alone.
func Open(ctx context.Context, o Options) (*DB, error) {
	return open(ctx, o, migrations())
}

func open(ctx context.Context, o Options, steps []migration) (*DB, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("state folder %q: %w", o.Dir, err)
	}
	o.Dir = dir
	db := &DB{o: o, path: filepath.Join(dir, FileName)}
	processSettings()
	if o.ReadOnly {
		err = db.openReadOnly(ctx, steps)
	} else {
		err = db.openWritable(ctx, steps)
	}
	if err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

// processSettings are SQLite's two switches that exist once in a process. Both are idempotent, both keep their default
// where the system has no such call: then commits are slower, and nothing else changes.
func processSettings() {
	// Otherwise any close of the file in this process, by a size check or a backup, would drop SQLite's own locks.
	_, _ = sqlite.OFDLocking(true)
	// Same durability, without waiting for time stamps of the inode.
	_, _ = sqlite.Fdatasync(true)
}

// Commit writes all parts in one transaction, or nothing. Where no part writes, nothing is done. It does not call
// Done: that is the caller's, under its own lock.
//
// ctx is looked at before the transaction begins; a transaction that has begun runs to its end, so that the answer is
// never in doubt. After an error nothing of it is in the file, and the next Commit is free to succeed.
func (db *DB) Commit(ctx context.Context, parts []Pending) error {
	if !writesAnything(parts) {
		return nil
	}
	db.write.Lock()
	defer db.write.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	s, err := db.writerSession(ctx)
	if err != nil {
		return explain(db.path, "write", err)
	}
	return explain(db.path, "write", db.transact(context.WithoutCancel(ctx), s, parts))
}

func writesAnything(parts []Pending) bool {
	for i := range parts {
		if parts[i].Write != nil {
			return true
		}
	}
	return false
}

// transact runs one transaction on s. Where it cannot even be taken back, the connection is given up and the next
// commit opens another: SQLite rolls back what an abandoned connection left.
func (db *DB) transact(ctx context.Context, s *session, parts []Pending) error {
	tx := &Tx{ctx: ctx, s: s}
	err := tx.Exec("BEGIN IMMEDIATE")
	if err != nil {
		return err
	}
	for i := range parts {
		if parts[i].Write == nil {
			continue
		}
		if err = parts[i].Write(tx); err != nil {
			break
		}
	}
	if err == nil && db.o.BeforeCommit != nil {
		err = db.o.BeforeCommit()
	}
	if err == nil {
		err = tx.Exec("COMMIT")
	}
	if err == nil {
		return nil
	}
	if rollback := tx.Exec("ROLLBACK"); rollback != nil {
		db.dropWriter()
	}
	return err
}

// writerSession returns the writing connection, a new one where the last was given up.
func (db *DB) writerSession(ctx context.Context) (*session, error) {
	if db.writer != nil {
		return db.writer, nil
	}
	if db.writers == nil {
		return nil, errReadOnly
	}
	s, err := newSession(ctx, db.writers)
	if err != nil {
		return nil, err
	}
	db.writer = s
	return s, nil
}

func (db *DB) dropWriter() {
	db.writer.discard()
	db.writer = nil
}

// Read runs f in one read transaction: all it asks sees the state of one moment. It waits for no commit and no commit
// waits for it. f must not keep the Tx or any Rows. An error of f is returned as it is.
func (db *DB) Read(ctx context.Context, f func(*Tx) error) error {
	s, err := db.readers.take(ctx)
	if err != nil {
		return explain(db.path, "read", err)
	}
	defer db.readers.give(s)
	tx := &Tx{ctx: ctx, s: s}
	if err := tx.Exec("BEGIN"); err != nil {
		s.broken = true
		return explain(db.path, "read", err)
	}
	err = f(tx)
	end := &Tx{ctx: context.WithoutCancel(ctx), s: s}
	if rollback := end.Exec("ROLLBACK"); rollback != nil {
		s.broken = true
	}
	return err
}

// Path returns the absolute name of the file.
func (db *DB) Path() string { return db.path }

// Notes returns what an operator should know about how the file was opened, one sentence each: a damaged file that was
// set aside, for one. Empty when all was well.
func (db *DB) Notes() []string { return db.notes }

// Close ends all connections and gives back the lock. Whoever closes must have ended its commits.
func (db *DB) Close() error {
	db.write.Lock()
	defer db.write.Unlock()
	var errs []error
	if db.readers != nil {
		errs = append(errs, db.readers.close())
	}
	if db.writer != nil {
		errs = append(errs, db.writer.close())
		db.writer = nil
	}
	if db.writers != nil {
		errs = append(errs, db.writers.Close())
		db.writers = nil
	}
	if db.lock != nil {
		errs = append(errs, db.lock.release())
		db.lock = nil
	}
	return errors.Join(errs...)
}
