package store

import (
	"context"
	"os"
)

// Path returns the absolute name of the file.
func (db *DB) Path() string { return db.path }

// Notes returns what an operator should know about how the file was opened, one sentence each: a damaged file that was
// set aside, for one. Empty when all was well.
func (db *DB) Notes() []string { return db.notes }

// SetAside returns the name under which a damaged or foreign file was set aside by Open, "" where none was.
func (db *DB) SetAside() string { return db.aside }

// Size is what the state takes on disk, in bytes.
type Size struct {
	File int64 // the file itself
	WAL  int64 // commits that SQLite has not moved into it yet; they are as safe
}

// Size returns the sizes of the file and its -wal.
func (db *DB) Size() (Size, error) {
	info, err := os.Stat(db.path)
	if err != nil {
		return Size{}, err
	}
	s := Size{File: info.Size()}
	if wal, err := os.Stat(db.path + "-wal"); err == nil {
		s.WAL = wal.Size()
	}
	return s, nil
}

// maxFindings bounds what Integrity returns.
const maxFindings = "20"

// Integrity reads the whole file and returns what is wrong with it, nothing for a sound one. It takes about a second for
// each 100 MB and disturbs no commit.
func (db *DB) Integrity(ctx context.Context) (findings []string, err error) {
	err = db.Read(ctx, func(tx *Tx) error {
		findings, err = tx.text("PRAGMA integrity_check(" + maxFindings + ")")
		return err
	})
	if err != nil && isDamage(err) {
		return []string{err.Error()}, nil
	}
	if len(findings) == 1 && findings[0] == "ok" {
		findings = nil
	}
	return findings, err
}

// Schema returns the version of the schema.
func (db *DB) Schema() int { return db.schema }
