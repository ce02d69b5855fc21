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
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

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
	Now      func() time.Time // for the names of files that are set aside; nil = time.Now

	// BeforeCommit is a seam for tests: Commit calls it when everything is written and only the end of the transaction is
	// missing. An error from it takes the transaction back, as a full disk would. Nil in production.
	BeforeCommit func() error
}

// DB is an open state file. Its methods are safe for concurrent use.
type DB struct {
	o      Options
	path   string
	lock   *lockFile
	notes  []string
	aside  string // where a bad file went
	schema int

	readers *readers

	write   sync.Mutex // one transaction at a time
	writers *sql.DB    // nil for a read-only DB
	writer  *session   // nil after a failure from which the connection did not come back
	file    os.FileInfo

	checkpoints checkpoints
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

// Open opens the state file in o.Dir, and makes both where they are missing. ctx bounds the opening alone.
//
// Only one DB that may write can be open in a folder; for the second the error wraps [ErrLocked] and names the process
// that has it. A file that is damaged or not errwatch's is renamed, a new one is begun, and [DB.Notes] says so. A file
// of a newer errwatch is left alone: the error wraps [ErrSchema].
func Open(ctx context.Context, o Options) (*DB, error) {
	return open(ctx, o, migrations())
}

func open(ctx context.Context, o Options, steps []migration) (*DB, error) {
	if o.Dir == "" {
		return nil, errors.New("no state folder is given: set state.dir")
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("state folder %q: %w", o.Dir, err)
	}
	o.Dir = dir
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	db := &DB{o: o, path: filepath.Join(dir, FileName), checkpoints: checkpoints{short: shortWAL, long: longWAL}}
	processSettings()
	if o.ReadOnly {
		err = db.openReadOnly(ctx, steps)
	} else {
		err = db.openWritable(ctx, steps)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
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
	if f := db.o.BeforeCommit; f != nil {
		parts = append(slices.Clip(parts), Pending{Write: func(*Tx) error { return f() }})
	}
	err := db.checkFile()
	if err == nil {
		err = db.transact(context.WithoutCancel(ctx), parts)
		db.checkpointIfDue()
	}
	return explain("write", db.path, err)
}

func writesAnything(parts []Pending) bool {
	for i := range parts {
		if parts[i].Write != nil {
			return true
		}
	}
	return false
}

// checkFile finds out whether the file was removed or replaced behind our back: commits would go on to succeed, into
// a file that no longer has a name.
func (db *DB) checkFile() error {
	if db.writers == nil {
		return errReadOnly
	}
	now, err := os.Stat(db.path)
	if err != nil || !os.SameFile(db.file, now) {
		return errors.New("the file was removed or replaced while errwatch runs: restart errwatch")
	}
	return nil
}

// transact runs one transaction. Where it cannot even be taken back, the connection is given up and the next commit
// opens another: SQLite rolls back what an abandoned connection left.
func (db *DB) transact(ctx context.Context, parts []Pending) error {
	s, err := db.writerSession(ctx)
	if err != nil {
		return err
	}
	tx := &Tx{ctx: ctx, s: s}
	if err := tx.Exec("BEGIN IMMEDIATE"); err != nil {
		if !isBusy(err) {
			db.dropWriter()
		}
		return err
	}
	err = writeAll(tx, parts)
	if err == nil {
		err = tx.Exec("COMMIT")
	}
	if err != nil && tx.Exec("ROLLBACK") != nil {
		db.dropWriter()
	}
	return err
}

func writeAll(tx *Tx, parts []Pending) error {
	for i := range parts {
		if parts[i].Write == nil {
			continue
		}
		if err := parts[i].Write(tx); err != nil {
			return err
		}
	}
	return nil
}

// writerSession returns the writing connection, a new one where the last was given up.
func (db *DB) writerSession(ctx context.Context) (*session, error) {
	if db.writer != nil {
		return db.writer, nil
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
// waits for it; more than four at once wait for each other. f must not keep the Tx or any Rows. An error of f is returned
// as it is.
func (db *DB) Read(ctx context.Context, f func(*Tx) error) error {
	s, err := db.readers.take(ctx)
	if err != nil {
		return explain("read", db.path, err)
	}
	defer db.readers.give(s)
	tx := &Tx{ctx: ctx, s: s}
	if err := tx.Exec("BEGIN"); err != nil {
		s.broken = true
		return explain("read", db.path, err)
	}
	err = f(tx)
	end := &Tx{ctx: context.WithoutCancel(ctx), s: s}
	if rollback := end.Exec("ROLLBACK"); rollback != nil {
		s.broken = true
	}
	return err
}

// Close ends all connections and gives back the lock. Whoever closes must have ended its commits.
func (db *DB) Close() error {
	stopped := db.checkpoints.stop()
	db.write.Lock()
	defer db.write.Unlock()
	errs := []error{stopped}
	if db.readers != nil {
		errs = append(errs, db.readers.close())
	}
	errs = append(errs, db.closeWriter())
	if db.lock != nil {
		errs = append(errs, db.lock.release())
		db.lock = nil
	}
	return errors.Join(errs...)
}

// closeWriter closes the last connection, upon which SQLite moves the -wal into the file and removes it.
func (db *DB) closeWriter() error {
	var errs []error
	if db.writer != nil {
		errs = append(errs, db.writer.close())
		db.writer = nil
	}
	if db.writers != nil {
		errs = append(errs, db.writers.Close())
		db.writers = nil
	}
	return errors.Join(errs...)
}
