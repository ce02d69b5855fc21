package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
)

// busyWait is how long SQLite waits, in milliseconds, for a writer outside errwatch, such as a sqlite3 shell.
const busyWait = "2000"

// maxWAL is the size to which SQLite cuts the -wal file back after a checkpoint, in bytes: one burst must not keep the
// disk for ever.
const maxWAL = "16777216"

// cacheSize bounds how much of the file each connection keeps in memory, in KiB. SQLite's own default is 2000. The system
// has the file in memory anyway, and each commit writes rows that it knows by their keys.
const cacheSize = "256"

// dsn names the file with what each connection to it sets first.
func (db *DB) dsn(mode string, pragmas ...string) string {
	q := url.Values{"mode": {mode}}
	q.Add("_pragma", "busy_timeout("+busyWait+")")
	q.Add("_pragma", "cache_size(-"+cacheSize+")")
	for _, p := range pragmas {
		q.Add("_pragma", p)
	}
	return (&url.URL{Scheme: "file", Path: db.path, RawQuery: q.Encode()}).String()
}

func (db *DB) openWritable(ctx context.Context, steps []migration) error {
	if err := makeFolder(db.o.Dir); err != nil {
		return err
	}
	var err error
	if db.lock, err = acquireLock(db.o.Dir); err != nil {
		return err
	}
	version, err := db.openFile(ctx, steps)
	if bad, ok := errors.AsType[*badFileError](err); ok {
		if err := db.setAside(bad.reason); err != nil {
			return err
		}
		version, err = db.openFile(ctx, steps)
	}
	if err != nil {
		return err
	}
	if err := db.migrate(ctx, version, steps); err != nil {
		return err
	}
	db.schema = max(version, newest(steps))
	return db.openReaders(db.dsn("rw", "query_only(1)"))
}

func (db *DB) openReaders(dsn string) error {
	pool, err := sql.Open("sqlite", dsn)
	if err != nil {
		return err
	}
	db.readers = newReaders(pool)
	return nil
}

// makeFolder makes the state folder, for this user alone. Its name must survive a power cut as its contents do.
func makeFolder(dir string) error {
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the state folder: %w (set state.dir to a folder that this user may write in)", err)
	}
	syncDir(filepath.Dir(dir))
	return nil
}

// syncDir makes names in a folder durable, where the file system can.
func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		d.Close()
	}
}

// openFile opens the file for writing, makes it where it is missing, and returns its schema. What it finds there is
// changed only once it is known to be errwatch's.
func (db *DB) openFile(ctx context.Context, steps []migration) (version int, err error) {
	if err := db.prepareFile(); err != nil {
		return 0, err
	}
	db.writers, err = sql.Open("sqlite", db.dsn("rw", "synchronous(FULL)", "temp_store(MEMORY)", "journal_size_limit("+maxWAL+")",
		"wal_autocheckpoint("+pagesOfLastWAL()+")"))
	if err != nil {
		return 0, err
	}
	db.writers.SetMaxOpenConns(2) // the one of commits, and the one that moves the -wal
	if db.writer, err = newSession(ctx, db.writers); err != nil {
		return 0, badOr("open", db.path, err)
	}
	tx := &Tx{ctx: ctx, s: db.writer}
	version, err = identify(tx, db.path, steps)
	if err != nil {
		return 0, err
	}
	if version > 0 {
		if err := quickCheck(tx); err != nil {
			return 0, badOr("check", db.path, err)
		}
	}
	if _, err := tx.text("PRAGMA journal_mode = WAL"); err != nil {
		return 0, explain("open", db.path, err)
	}
	if db.file, err = os.Stat(db.path); err != nil {
		return 0, fmt.Errorf("open the state file: %w", err)
	}
	return version, nil
}

// prepareFile makes an empty file with the right mode, which SQLite would make readable for everybody and which its
// -wal and -shm take over, and looks at the first bytes of one that is there.
func (db *DB) prepareFile() error {
	if info, err := os.Stat(db.path); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("the state file %s is not a regular file: move it away", db.path)
	}
	f, err := os.OpenFile(db.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("open the state file: %w", err)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() == 0 && exists(db.path+"-wal") {
		return &badFileError{path: db.path, reason: "is gone, but its -wal is there"} // SQLite would remove that
	}
	return checkMagic(f)
}

// openReadOnly opens the file for reading, beside a daemon or without one.
func (db *DB) openReadOnly(ctx context.Context, steps []migration) error {
	if err := db.canRead(); err != nil {
		return err
	}
	err := db.tryReadOnly(ctx, steps, db.dsn("ro"))
	if err == nil || !cannotShare(err) || exists(db.path+"-wal") {
		return err
	}
	// To read a file in WAL mode, SQLite must write beside it, which this user may not. No -wal lies there, so nobody
	// has the file open and it holds everything: it may be read as one that does not change.
	_ = db.readers.close()
	return db.tryReadOnly(ctx, steps, db.dsn("ro")+"&immutable=1")
}

func (db *DB) canRead() error {
	f, err := os.Open(db.path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("no state in %s: errwatch has not run with this folder yet: %w", db.o.Dir, err)
	case err != nil:
		return fmt.Errorf("open the state file: %w", err)
	}
	defer f.Close()
	return checkMagic(f)
}

func (db *DB) tryReadOnly(ctx context.Context, steps []migration, dsn string) error {
	if err := db.openReaders(dsn); err != nil {
		return err
	}
	return db.Read(ctx, func(tx *Tx) error {
		version, err := identify(tx, db.path, steps)
		db.schema = version
		if err == nil && version < newest(steps) {
			return fmt.Errorf("%s has schema %d and this errwatch reads %d: the daemon brings it up to date when it starts: %w",
				db.path, version, newest(steps), ErrSchema)
		}
		return err
	})
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
