package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// nobody is a user with no rights of its own.
const nobody = 65534

// unprivileged runs f as a user who may only do what the modes of files let everybody do. For root this is nobody, on
// this thread alone; anybody else is such a user already, as far as f is concerned.
func unprivileged(t *testing.T, f func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		f()
		return
	}
	runtime.LockOSThread() // and never unlocked where the user cannot be changed back: then the thread ends with f
	if err := unix.Setfsuid(nobody); err != nil {
		t.Fatal(err)
	}
	f()
	if err := unix.Setfsuid(0); err != nil {
		t.Fatal(err)
	}
	runtime.UnlockOSThread()
}

// readableFolder returns a folder that everybody may look into.
func readableFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, d := range []string{dir, filepath.Dir(dir)} {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// mayOnlyRead takes all rights to write.
func mayOnlyRead(t *testing.T, dir string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if err := os.Chmod(f, 0o444); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(dir, 0o755) })
}

func TestReadingWithoutTheRightToWrite(t *testing.T) {
	t.Parallel()
	for name, running := range map[string]bool{"beside a daemon": true, "after a clean end": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := readableFolder(t)
			db := openTest(t, Options{Dir: dir})
			commit(t, db, put("a", 1))
			if !running {
				db.Close()
			}
			mayOnlyRead(t, dir)
			unprivileged(t, func() {
				if f, err := os.Create(filepath.Join(dir, "x")); !errors.Is(err, fs.ErrPermission) {
					f.Close()
					t.Fatalf("this user may write: the test proves nothing (%v)", err)
				}
				beside := openTest(t, Options{Dir: dir, ReadOnly: true})
				wantValues(t, beside, map[string]int64{"a": 1})
				if findings, err := beside.Integrity(t.Context()); err != nil || len(findings) > 0 {
					t.Errorf("integrity: %v, %v", findings, err)
				}
				if _, err := beside.Size(); err != nil {
					t.Error(err)
				}
			})
			if running { // the reader has taken no lock that stays
				commit(t, db, put("a", 2))
			}
		})
	}
}

func TestReadingAfterAKill(t *testing.T) {
	t.Parallel()
	dir, copied := t.TempDir(), readableFolder(t)
	db := openTest(t, Options{Dir: dir})
	commit(t, db, put("a", 1))
	for _, name := range []string{FileName, FileName + "-wal", FileName + "-shm"} { // as a kill leaves them
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(copied, name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	mayOnlyRead(t, copied)
	unprivileged(t, func() {
		wantValues(t, openTest(t, Options{Dir: copied, ReadOnly: true}), map[string]int64{"a": 1})
	})
}

func TestOpenWithoutRights(t *testing.T) {
	t.Parallel()
	empty := readableFolder(t)
	mayOnlyRead(t, empty)
	used := readableFolder(t)
	ownFile(t, used)
	mayOnlyRead(t, used)
	secret := readableFolder(t)
	ownFile(t, secret) // mode 0600
	for _, f := range []string{FileName, LockName} {
		if err := os.Chmod(filepath.Join(secret, f), 0); err != nil {
			t.Fatal(err)
		}
	}
	unprivileged(t, func() {
		for _, o := range []Options{
			{Dir: empty}, {Dir: filepath.Join(empty, "new")}, {Dir: used}, {Dir: secret}, {Dir: secret, ReadOnly: true},
		} {
			_, err := Open(t.Context(), o)
			if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), o.Dir) {
				t.Errorf("%+v: %v", o, err)
			}
		}
	})
	if files, _ := filepath.Glob(filepath.Join(used, "*corrupt*")); len(files) > 0 {
		t.Errorf("set aside for lack of rights: %v", files)
	}
}
