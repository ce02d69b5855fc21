package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
)

func openTest(t testing.TB, o Options) *DB {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	db, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func put(key string, value any) Pending {
	return Pending{Write: func(tx *Tx) error {
		return tx.Exec("INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", key, value)
	}}
}

func commit(t testing.TB, db *DB, parts ...Pending) {
	t.Helper()
	if err := db.Commit(context.Background(), parts); err != nil {
		t.Fatal(err)
	}
}

// get returns the values of keys as one moment has them; 0 for a key that is not there.
func get(t testing.TB, db *DB, keys ...string) []int64 {
	t.Helper()
	values := make([]int64, len(keys))
	err := db.Read(context.Background(), func(tx *Tx) error {
		for i, key := range keys {
			rows, err := tx.Query("SELECT value FROM meta WHERE key = ?", key)
			if err != nil {
				return err
			}
			for rows.Next() {
				if err := rows.Scan(&values[i]); err != nil {
					return err
				}
			}
			if err := errors.Join(rows.Err(), rows.Close()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return values
}

func wantValues(t *testing.T, db *DB, want map[string]int64) {
	t.Helper()
	for key, w := range want {
		if got := get(t, db, key)[0]; got != w {
			t.Errorf("%s = %d, want %d", key, got, w)
		}
	}
}

func TestCommitIsOneTransaction(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := openTest(t, Options{Dir: dir})
	commit(t, db, put("a", 1), Pending{}, put("b", 2))
	bad := Pending{Write: func(tx *Tx) error { return tx.Exec("INSERT INTO nowhere VALUES (1)") }}
	if err := db.Commit(t.Context(), []Pending{put("a", 10), bad, put("b", 20)}); err == nil {
		t.Fatal("a statement that cannot work was committed")
	}
	wantValues(t, db, map[string]int64{"a": 1, "b": 2})
	commit(t, db, put("c", 3))
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	wantValues(t, openTest(t, Options{Dir: dir}), map[string]int64{"a": 1, "b": 2, "c": 3})
}

func TestFailedCommitAndThenAGoodOne(t *testing.T) {
	t.Parallel()
	var fail error
	calls := 0
	db := openTest(t, Options{BeforeCommit: func() error { calls++; return fail }})
	commit(t, db, put("a", 1))
	fail = errors.New("the disk is on fire")
	for range 3 {
		if err := db.Commit(t.Context(), []Pending{put("a", 2)}); !errors.Is(err, fail) {
			t.Fatalf("got %v, want %v wrapped", err, fail)
		}
		wantValues(t, db, map[string]int64{"a": 1})
	}
	fail = nil
	commit(t, db, put("a", 3))
	wantValues(t, db, map[string]int64{"a": 3})
	if calls != 5 {
		t.Errorf("%d transactions, want 5", calls)
	}
	commit(t, db, Pending{}, Pending{Done: func(bool) { t.Error("Commit calls Done") }})
	if calls != 5 {
		t.Error("a commit of nothing made a transaction")
	}
}

func TestCommitLooksAtItsContextFirst(t *testing.T) {
	t.Parallel()
	db := openTest(t, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	ends := Pending{Write: func(tx *Tx) error { cancel(); return nil }}
	if err := db.Commit(ctx, []Pending{put("a", 1), ends, put("b", 2)}); err != nil {
		t.Errorf("a transaction that has begun: %v", err)
	}
	wantValues(t, db, map[string]int64{"a": 1, "b": 2})
	if err := db.Commit(ctx, []Pending{put("a", 5)}); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that has ended: %v", err)
	}
	wantValues(t, db, map[string]int64{"a": 1})
}

// SQLite takes some failed transactions back by itself: the ROLLBACK then fails, and the connection is not trusted.
func TestCommitAfterARollbackThatFails(t *testing.T) {
	t.Parallel()
	db := openTest(t, Options{})
	commit(t, db, put("a", 1))
	lost := Pending{Write: func(tx *Tx) error {
		return errors.Join(tx.Exec("ROLLBACK"), errors.New("lost"))
	}}
	if err := db.Commit(t.Context(), []Pending{put("a", 2), lost}); err == nil || db.writer != nil {
		t.Fatalf("%v, and the connection is kept: %v", err, db.writer != nil)
	}
	wantValues(t, db, map[string]int64{"a": 1})
	commit(t, db, put("a", 3))
	wantValues(t, db, map[string]int64{"a": 3})
}

func TestCommitWhileAnotherProgramWrites(t *testing.T) {
	t.Parallel()
	db := openTest(t, Options{})
	shell, err := sql.Open("sqlite", db.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer shell.Close()
	shell.SetMaxOpenConns(1)
	if _, err := shell.Exec("BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	err = db.Commit(t.Context(), []Pending{put("a", 1)})
	if err == nil || !strings.Contains(err.Error(), "another program holds it") || db.writer == nil {
		t.Errorf("got %v", err)
	}
	if _, err := shell.Exec("ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	commit(t, db, put("a", 2))
}

func TestReadersSeeWholeCommitsWhileWriting(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := openTest(t, Options{Dir: dir})
	commit(t, db, put("a", 0), put("b", 0))
	beside := openTest(t, Options{Dir: dir, ReadOnly: true})

	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for running := true; running; {
				select {
				case <-done:
					running = false // and once more
				default:
				}
				for _, d := range []*DB{db, beside} {
					if v := get(t, d, "a", "b"); v[0] != v[1] {
						t.Errorf("half a commit: %v", v)
					}
				}
			}
		})
	}
	for i := range 50 {
		commit(t, db, put("a", i), put("b", i))
	}
	close(done)
	readers.Wait()
	wantValues(t, beside, map[string]int64{"a": 49, "b": 49})
}

func TestReadIsOfOneMoment(t *testing.T) {
	t.Parallel()
	db := openTest(t, Options{})
	commit(t, db, put("a", 1))
	err := db.Read(t.Context(), func(tx *Tx) error {
		if _, err := tx.text("SELECT value FROM meta WHERE key = 'a'"); err != nil {
			return err
		}
		commit(t, db, put("a", 2)) // waits for no reader
		got, err := tx.text("SELECT value FROM meta WHERE key = 'a'")
		if len(got) != 1 || got[0] != "1" {
			t.Errorf("the reader sees %v", got)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	wantValues(t, db, map[string]int64{"a": 2})
}

func TestReadersCannotWrite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := openTest(t, Options{Dir: dir})
	beside := openTest(t, Options{Dir: dir, ReadOnly: true})
	for _, d := range []*DB{db, beside} {
		if err := d.Read(t.Context(), put("a", 1).Write); err == nil {
			t.Error("a read wrote")
		}
	}
	if err := beside.Commit(t.Context(), []Pending{put("a", 1)}); err == nil || !strings.Contains(err.Error(), "reading alone") {
		t.Errorf("Commit of a read-only DB: %v", err)
	}
	wantValues(t, db, map[string]int64{"a": 0})
}

func TestReadReturnsTheCallersError(t *testing.T) {
	t.Parallel()
	db := openTest(t, Options{})
	want := errors.New("not found")
	for range 3 * maxReaders { // a slot that is not given back would block
		if err := db.Read(t.Context(), func(*Tx) error { return want }); !errors.Is(err, want) {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := db.Read(ctx, func(*Tx) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that has ended: %v", err)
	}
}

func TestStatementsStayPrepared(t *testing.T) {
	t.Parallel()
	db := openTest(t, Options{})
	for i := range 5 {
		commit(t, db, put("a", i))
	}
	before := len(db.writer.stmts)
	commit(t, db, put("b", 1), put("c", 2))
	if n := len(db.writer.stmts); n != before {
		t.Errorf("%d statements, then %d for the same texts", before, n)
	}
	many := Pending{Write: func(tx *Tx) error {
		for i := range 2 * maxStatements {
			if err := tx.Exec(fmt.Sprintf("INSERT INTO meta (key, value) VALUES ('k%d', %d)", i, i)); err != nil {
				return err
			}
			if _, err := tx.text(fmt.Sprintf("SELECT value FROM meta WHERE key = 'k%d'", i)); err != nil {
				return err
			}
		}
		return nil
	}}
	commit(t, db, many)
	if n := len(db.writer.stmts); n > maxStatements {
		t.Errorf("%d statements are kept, the bound is %d", n, maxStatements)
	}
	wantValues(t, db, map[string]int64{"k0": 0, "k399": 399})
}

func TestFileRemovedWhileRunning(t *testing.T) {
	t.Parallel()
	db := openTest(t, Options{})
	commit(t, db, put("a", 1))
	away := db.Path() + ".away"
	if err := os.Rename(db.Path(), away); err != nil {
		t.Fatal(err)
	}
	err := db.Commit(t.Context(), []Pending{put("a", 2)})
	if err == nil || !strings.Contains(err.Error(), "restart errwatch") {
		t.Errorf("a commit into a file without a name: %v", err)
	}
	if err := os.Rename(away, db.Path()); err != nil {
		t.Fatal(err)
	}
	commit(t, db, put("a", 3))
}

func TestCloseTwice(t *testing.T) {
	t.Parallel()
	db := openTest(t, Options{})
	for range 2 {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := db.Commit(t.Context(), []Pending{put("a", 1)}); err == nil {
		t.Error("a commit after Close")
	}
	if err := db.Read(t.Context(), func(*Tx) error { return nil }); err == nil {
		t.Error("a read after Close")
	}
	if _, err := os.Stat(db.Path() + "-wal"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a -wal is left after Close: %v", err)
	}
}

func BenchmarkCommit(b *testing.B) {
	db := openTest(b, Options{})
	text := strings.Repeat(`{"code":"4009","value":123456},`, 300)
	parts := []Pending{
		{Write: func(tx *Tx) error {
			for i := range 20 {
				if err := tx.Exec(`INSERT INTO files (id, source, path, offset) VALUES (?, 's', 'p', ?)
					ON CONFLICT (id) DO UPDATE SET offset = excluded.offset`, i, b.N); err != nil {
					return err
				}
			}
			return nil
		}},
		{Write: func(tx *Tx) error {
			return tx.Exec(`INSERT INTO counter_sets (source, json) VALUES ('s', ?)
				ON CONFLICT (source) DO UPDATE SET json = excluded.json`, text)
		}},
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := db.Commit(context.Background(), parts); err != nil {
			b.Fatal(err)
		}
	}
}
