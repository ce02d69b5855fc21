package store

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestModes(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a", "state")
	db := openTest(t, Options{Dir: dir})
	commit(t, db, put("a", 1))
	for path, want := range map[string]os.FileMode{
		dir: 0o700, db.Path(): 0o600, db.Path() + "-wal": 0o600, db.Path() + "-shm": 0o600, filepath.Join(dir, LockName): 0o600,
	} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", path, got, want)
		}
	}
}

func TestNameWithStrangeCharacters(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a b?mode=memory#c%20d")
	db := openTest(t, Options{Dir: dir})
	commit(t, db, put("a", 1))
	if _, err := os.Stat(filepath.Join(dir, FileName)); err != nil {
		t.Error(err)
	}
	wantValues(t, openTest(t, Options{Dir: dir, ReadOnly: true}), map[string]int64{"a": 1})
}

func TestPragmas(t *testing.T) {
	t.Parallel()
	db := openTest(t, Options{})
	tx := &Tx{ctx: t.Context(), s: db.writer}
	for query, want := range map[string]string{
		"PRAGMA application_id":                       fmt.Sprint(applicationID),
		"PRAGMA user_version":                         fmt.Sprint(newest(migrations())),
		"PRAGMA journal_mode":                         "wal",
		"PRAGMA synchronous":                          "2", // FULL
		"PRAGMA busy_timeout":                         busyWait,
		"SELECT value FROM meta WHERE key = 'schema'": fmt.Sprint(db.Schema()),
	} {
		got, err := tx.text(query)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != 1 || got[0] != want {
			t.Errorf("%s: %v, want %s", query, got, want)
		}
	}
}

func TestSizeAndIntegrity(t *testing.T) {
	t.Parallel()
	db := openTest(t, Options{})
	commit(t, db, put("a", strings.Repeat("x", 100_000)))
	size, err := db.Size()
	if err != nil || size.File+size.WAL < 100_000 {
		t.Errorf("size %+v, %v", size, err)
	}
	findings, err := db.Integrity(t.Context())
	if err != nil || len(findings) > 0 {
		t.Errorf("a sound file: %v, %v", findings, err)
	}
}

func TestViews(t *testing.T) {
	t.Parallel()
	db := openTest(t, Options{})
	run := func(query string, args ...any) Pending {
		return Pending{Write: func(tx *Tx) error { return tx.Exec(query, args...) }}
	}
	commit(t, db,
		run(`INSERT INTO files (source, path, offset, size, updated) VALUES ('meeting', '/var/log/a.log', 30, 100, ?)`, int64(1_790_000_000_000_000_000)),
		run(`INSERT INTO alerts (id, rule, state, json) VALUES
			('A1', 'Spike', 'firing', '{"StartsAt":"2026-11-20T10:15:23Z","Value":21,"Threshold":20,"Summary":"21 denials"}'),
			('A2', 'Spike', 'resolved', '{}')`),
		run(`INSERT INTO counter_sets (source, json) VALUES ('meeting', '{"events":[{"code":"4009","name":"N","category":"capacity","value":3,"created":1790000000000000000}]}')`),
	)
	for query, want := range map[string]string{
		`SELECT source || path || behind || updated FROM positions`:                   "meeting/var/log/a.log702026-09-21 14:13:20",
		`SELECT rule || since || value || summary || id FROM firing`:                  "Spike2026-11-20T10:15:23Z2121 denialsA1",
		`SELECT source || code || name || category || value || created FROM counters`: "meeting4009Ncapacity32026-09-21 14:13:20",
	} {
		err := db.Read(t.Context(), func(tx *Tx) error {
			got, err := tx.text(query)
			if len(got) != 1 || got[0] != want {
				t.Errorf("%s: %q, want %q", query, got, want)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}
