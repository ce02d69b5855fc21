package store

import (
	"context"
	"testing"
)

func openTest(t *testing.T, o Options) *DB {
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

func get(t *testing.T, db *DB, key string) (v int64) {
	t.Helper()
	err := db.Read(t.Context(), func(tx *Tx) error {
		rows, err := tx.Query("SELECT value FROM meta WHERE key = ?", key)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			if err := rows.Scan(&v); err != nil {
				return err
			}
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestCommitIsOneTransaction(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := openTest(t, Options{Dir: dir})
	if err := db.Commit(t.Context(), []Pending{put("a", 1), {}, put("b", 2)}); err != nil {
		t.Fatal(err)
	}
	bad := Pending{Write: func(tx *Tx) error { return tx.Exec("INSERT INTO nowhere VALUES (1)") }}
	if err := db.Commit(t.Context(), []Pending{put("a", 10), bad}); err == nil {
		t.Fatal("a statement that cannot work was committed")
	}
	if err := db.Commit(context.Background(), []Pending{put("c", 3)}); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = openTest(t, Options{Dir: dir})
	for key, want := range map[string]int64{"a": 1, "b": 2, "c": 3} {
		if got := get(t, db, key); got != want {
			t.Errorf("%s = %d, want %d", key, got, want)
		}
	}
}
