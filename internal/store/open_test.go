package store

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// foreignFile is a SQLite file of another program.
func foreignFile(t *testing.T, path string) {
	t.Helper()
	pool, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if _, err := pool.Exec("CREATE TABLE bookmarks (url TEXT); INSERT INTO bookmarks VALUES ('https://example.com/')"); err != nil {
		t.Fatal(err)
	}
}

// ownFile is a state file of some size, cleanly closed.
func ownFile(t *testing.T, dir string) {
	t.Helper()
	db := openTest(t, Options{Dir: dir})
	var parts []Pending
	for i := range 100 {
		parts = append(parts, put(fmt.Sprintf("key %d", i), strings.Repeat("x", 1000)))
	}
	commit(t, db, parts...)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestBadFilesAreSetAside(t *testing.T) {
	t.Parallel()
	damage := func(change func(b []byte) []byte) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			ownFile(t, filepath.Dir(path))
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, change(b), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	tests := map[string]struct {
		make   func(t *testing.T, path string)
		reason string
	}{
		"text": {func(t *testing.T, path string) {
			if err := os.WriteFile(path, []byte("my notes\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, "is not a SQLite file"},
		"another program's": {foreignFile, "belongs to another program"},
		"only a header":     {damage(func(b []byte) []byte { return b[:40] }), "is damaged"},
		"cut short":         {damage(func(b []byte) []byte { return b[:len(b)/2] }), "is damaged"},
		"a page of garbage": {damage(func(b []byte) []byte {
			copy(b[len(b)/2/4096*4096:], bytes.Repeat([]byte("garbage!"), 512))
			return b
		}), "is damaged"},
		"a broken first page": {damage(func(b []byte) []byte {
			copy(b[100:], bytes.Repeat([]byte{0xff}, 2000))
			return b
		}), "is damaged"},
		"zeros": {damage(func(b []byte) []byte { return make([]byte, len(b)) }), "is not a SQLite file"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := filepath.Join(dir, FileName)
			test.make(t, path)
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			now := func() time.Time { return time.Date(2026, 11, 20, 10, 15, 23, 0, time.UTC) }
			taken := path + ".corrupt-20261120T101523Z"
			if err := os.WriteFile(taken, []byte("an earlier one"), 0o600); err != nil {
				t.Fatal(err)
			}
			if beside, err := Open(t.Context(), Options{Dir: dir, ReadOnly: true}); err == nil { // looks at the first page alone
				if findings, err := beside.Integrity(t.Context()); len(findings) == 0 {
					t.Errorf("a reader finds nothing wrong: %v", err)
				}
				beside.Close()
			}
			db := openTest(t, Options{Dir: dir, Now: now})
			if len(db.Notes()) != 1 || !strings.Contains(db.Notes()[0], test.reason) || !strings.Contains(db.Notes()[0], db.SetAside()) {
				t.Errorf("notes: %q", db.Notes())
			}
			if db.SetAside() != taken+"-1" {
				t.Errorf("set aside as %s", db.SetAside())
			}
			if after, err := os.ReadFile(db.SetAside()); err != nil || !bytes.Equal(before, after) {
				t.Errorf("what was set aside has changed: %v", err)
			}
			if b, err := os.ReadFile(taken); err != nil || string(b) != "an earlier one" {
				t.Errorf("the earlier one was touched: %v", err)
			}
			commit(t, db, put("a", 1))
			db.Close()
			db = openTest(t, Options{Dir: dir})
			wantValues(t, db, map[string]int64{"a": 1})
			if len(db.Notes()) > 0 || db.SetAside() != "" {
				t.Errorf("the next start: %v", db.Notes())
			}
		})
	}
}

func TestLonelyWALIsSetAside(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, FileName)
	if err := os.WriteFile(path+"-wal", []byte("commits"), 0o600); err != nil {
		t.Fatal(err)
	}
	db := openTest(t, Options{Dir: dir})
	b, err := os.ReadFile(db.SetAside() + "-wal")
	if err != nil || string(b) != "commits" {
		t.Errorf("the -wal: %q, %v", b, err)
	}
}

func TestFilesThatAreLeftAlone(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		make func(t *testing.T, dir string)
		want string
		is   error
	}{
		"a newer schema": {func(t *testing.T, dir string) {
			db := openTest(t, Options{Dir: dir})
			commit(t, db, Pending{Write: func(tx *Tx) error { return tx.script("PRAGMA user_version = 999") }})
			db.Close()
		}, "has schema 999 and this errwatch knows up to", ErrSchema},
		"a folder": {func(t *testing.T, dir string) {
			if err := os.Mkdir(filepath.Join(dir, FileName), 0o700); err != nil {
				t.Fatal(err)
			}
		}, "is not a regular file", nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			test.make(t, dir)
			for _, readOnly := range []bool{false, true} {
				_, err := Open(t.Context(), Options{Dir: dir, ReadOnly: readOnly})
				if err == nil || !readOnly && !strings.Contains(err.Error(), test.want) {
					t.Errorf("read-only %v: %v, want %q", readOnly, err, test.want)
				}
				if test.is != nil && !errors.Is(err, test.is) {
					t.Errorf("read-only %v: %v does not wrap %v", readOnly, err, test.is)
				}
			}
			if files, _ := filepath.Glob(filepath.Join(dir, "*corrupt*")); len(files) > 0 {
				t.Errorf("set aside: %v", files)
			}
		})
	}
}

func TestStateFolderMistakes(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		o    Options
		want string
	}{
		{Options{}, "no state folder is given"},
		{Options{Dir: file}, "make the state folder"},
		{Options{Dir: filepath.Join(file, "below")}, "make the state folder"},
		{Options{Dir: t.TempDir(), ReadOnly: true}, "has not run with this folder yet"},
	} {
		db, err := Open(t.Context(), test.o)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: %v, want %q", test.o, err, test.want)
		}
		if db != nil {
			t.Errorf("%+v: a DB beside the error", test.o)
		}
	}
}

func TestSecondDaemonIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := openTest(t, Options{Dir: dir})
	_, err := Open(t.Context(), Options{Dir: dir})
	if !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), fmt.Sprintf("pid %d", os.Getpid())) || !strings.Contains(err.Error(), dir) {
		t.Errorf("got %v", err)
	}
	openTest(t, Options{Dir: dir, ReadOnly: true})
	commit(t, db, put("a", 1))
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	openTest(t, Options{Dir: dir})
}

func TestLockOfAnUnknownHolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l, err := acquireLock(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.release()
	if err := l.f.Truncate(0); err != nil {
		t.Fatal(err)
	}
	if _, err := acquireLock(dir); !errors.Is(err, ErrLocked) || strings.Contains(err.Error(), "pid") {
		t.Errorf("got %v", err)
	}
}

func TestMigrations(t *testing.T) {
	t.Parallel()
	one := migrations()[:1]
	two := append(one[:1:1], migration{2, "CREATE TABLE two (x); INSERT INTO two SELECT value FROM meta WHERE key = 'a'"})
	three := append(two[:2:2], migration{3, "ALTER TABLE two ADD COLUMN y DEFAULT 7"})
	broken := append(two[:2:2], migration{3, "CREATE TABLE three (x); INSERT INTO nowhere VALUES (1)"})

	dir := t.TempDir()
	run := func(steps []migration, f func(db *DB)) {
		t.Helper()
		db, err := open(t.Context(), Options{Dir: dir}, steps)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if db.Schema() != newest(steps) {
			t.Errorf("schema %d, want %d", db.Schema(), newest(steps))
		}
		f(db)
	}
	value := func(db *DB, query, want string) {
		t.Helper()
		err := db.Read(t.Context(), func(tx *Tx) error {
			got, err := tx.text(query)
			if len(got) != 1 || got[0] != want {
				t.Errorf("%s: %v, want %s", query, got, want)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	run(one, func(db *DB) { commit(t, db, put("a", 5)) })

	if _, err := open(t.Context(), Options{Dir: dir, ReadOnly: true}, two); !errors.Is(err, ErrSchema) {
		t.Errorf("reading an older file: %v", err)
	}
	if _, err := open(t.Context(), Options{Dir: dir}, broken); err == nil || !strings.Contains(err.Error(), "schema 3") {
		t.Errorf("a step that cannot work: %v", err)
	}
	run(two, func(db *DB) { // the step before the broken one is there, and nothing of the broken one
		value(db, "SELECT x FROM two", "5")
		value(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'three'", "0")
	})
	run(three, func(db *DB) {
		value(db, "SELECT x || y FROM two", "57")
		value(db, "SELECT value FROM meta WHERE key = 'schema'", "3")
	})
	if _, err := open(t.Context(), Options{Dir: dir}, two); !errors.Is(err, ErrSchema) {
		t.Errorf("going back: %v", err)
	}
}

func TestMigrationsAreNumberedWithoutGaps(t *testing.T) {
	t.Parallel()
	for i, m := range migrations() {
		if m.version != i+1 || m.script == "" {
			t.Errorf("step %d leads to schema %d", i+1, m.version)
		}
	}
	if newest(migrations()) < 1 {
		t.Error("no migrations are embedded")
	}
}
