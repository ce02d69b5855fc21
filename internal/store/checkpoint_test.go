package store

import (
	"strings"
	"testing"
)

// many commits so much that the -wal is due several times.
func many(t *testing.T, db *DB, commits int) {
	t.Helper()
	for i := range commits {
		commit(t, db, put("big", strings.Repeat(string(rune('a'+i%26)), 32<<10)), put("n", i))
	}
	db.checkpoints.running.Wait()
}

func fileSize(t *testing.T, db *DB) Size {
	t.Helper()
	size, err := db.Size()
	if err != nil {
		t.Fatal(err)
	}
	return size
}

func TestTheWALIsMovedBesideCommits(t *testing.T) {
	t.Parallel()
	db := openTest(t, Options{})
	db.checkpoints.short, db.checkpoints.long = 256<<10, 512<<10
	before := fileSize(t, db)
	many(t, db, 100) // three megabytes: SQLite by itself would not have begun
	after := fileSize(t, db)
	if after.File <= before.File || after.WAL > 2<<20 {
		t.Errorf("three megabytes of commits: before %+v, after %+v", before, after)
	}
	wantValues(t, db, map[string]int64{"n": 99})
}

// A reader of an older moment keeps the -wal from being begun anew; once it has gone, that happens again.
func TestTheWALShrinksAfterALongReader(t *testing.T) {
	t.Parallel()
	db := openTest(t, Options{})
	db.checkpoints.short, db.checkpoints.long = 64<<10, 256<<10
	many(t, db, 2)
	err := db.Read(t.Context(), func(tx *Tx) error {
		if _, err := tx.text("SELECT value FROM meta WHERE key = 'n'"); err != nil {
			return err
		}
		many(t, db, 40)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	held, _, err := db.moveWAL(t.Context())
	if err != nil || held < 1<<20 {
		t.Fatalf("while the reader was there the -wal became %d bytes long: %v", held, err)
	}
	many(t, db, 4)
	length, left, err := db.moveWAL(t.Context())
	if err != nil || length >= held/2 || left != 0 {
		t.Errorf("after the reader has gone: %d bytes, %d of them not moved, %v; it was %d", length, left, err, held)
	}
	wantValues(t, db, map[string]int64{"n": 3})
}

// Whatever becomes of the moving, commits go on.
func TestCommitsGoOnWhereTheWALCannotBeMoved(t *testing.T) {
	t.Parallel()
	db := openTest(t, Options{})
	db.checkpoints.short = 1
	many(t, db, 2)
	db.checkpoints.session.discard()
	many(t, db, 3)
	wantValues(t, db, map[string]int64{"n": 2})
}
