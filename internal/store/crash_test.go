package store

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// childRole names, in a process that a test has started from its own binary, what that process is to do.
const childRole = "ERRWATCH_STORE_TEST_CHILD"

func TestMain(m *testing.M) {
	roles := map[string]func(dir string) error{"commit": commitForEver, "full": commitOnFullDisk}
	if role := roles[os.Getenv(childRole)]; role != nil {
		if err := role(os.Args[1]); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func child(t *testing.T, role, dir string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, dir)
	cmd.Env = append(os.Environ(), childRole+"="+role)
	return cmd
}

// commitForEver commits 1 more each time, in two places, and says so once that is acknowledged.
func commitForEver(dir string) error {
	db, err := Open(context.Background(), Options{Dir: dir})
	if err != nil {
		return err
	}
	var n int64
	err = db.Read(context.Background(), func(tx *Tx) error {
		got, err := tx.text("SELECT value FROM meta WHERE key = 'a'")
		if err == nil && len(got) == 1 {
			n, err = strconv.ParseInt(got[0], 10, 64)
		}
		return err
	})
	if err != nil {
		return err
	}
	pad := strings.Repeat("x", 5000)
	for {
		n++
		bulk := Pending{Write: func(tx *Tx) error {
			return tx.Exec("INSERT INTO counter_sets (source, json) VALUES (?, ?) ON CONFLICT (source) DO UPDATE SET json = excluded.json", fmt.Sprint(n%50), pad)
		}}
		if err := db.Commit(context.Background(), []Pending{put("a", n), bulk, put("b", n)}); err != nil {
			return err
		}
		fmt.Println(n)
	}
}

func TestKillNineLosesNothingAcknowledged(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for round := range 4 {
		cmd := child(t, "commit", dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var acknowledged int64
		lines := 0
		for in := bufio.NewScanner(out); in.Scan(); lines++ {
			n, err := strconv.ParseInt(in.Text(), 10, 64)
			if err != nil {
				t.Fatalf("the child says %q", in.Text())
			}
			acknowledged = n
			if lines == 20+round*37 {
				_ = cmd.Process.Kill() // it goes on until the signal arrives
			}
		}
		_ = cmd.Wait()
		if lines < 20 {
			t.Fatalf("the child ended by itself after %d lines", lines)
		}
		db := openTest(t, Options{Dir: dir})
		v := get(t, db, "a", "b")
		if v[0] != v[1] || v[0] < acknowledged || v[0] > acknowledged+1 {
			t.Errorf("round %d: a = %d, b = %d, acknowledged %d", round, v[0], v[1], acknowledged)
		}
		if findings, err := db.Integrity(t.Context()); err != nil || len(findings) > 0 {
			t.Errorf("round %d: %v, %v", round, findings, err)
		}
		if len(db.Notes()) > 0 {
			t.Errorf("round %d: %v", round, db.Notes())
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// commitOnFullDisk bounds the size of files that this process may write, which makes writes fail as a full disk does,
// and then takes the bound away.
func commitOnFullDisk(dir string) error {
	signal.Ignore(unix.SIGXFSZ)
	db, err := Open(context.Background(), Options{Dir: dir})
	if err != nil {
		return err
	}
	if err := db.Commit(context.Background(), []Pending{put("a", 1)}); err != nil {
		return err
	}
	size, err := db.Size()
	if err != nil {
		return err
	}
	var before unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &before); err != nil {
		return err
	}
	full := unix.Rlimit{Cur: uint64(size.WAL + 20_000), Max: before.Max}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &full); err != nil {
		return err
	}
	big := put("big", strings.Repeat("x", 200_000))
	for range 3 {
		if err := db.Commit(context.Background(), []Pending{put("a", 2), big}); err == nil {
			return fmt.Errorf("a commit that does not fit succeeded")
		} else {
			fmt.Println("failed:", err)
		}
	}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &before); err != nil {
		return err
	}
	if err := db.Commit(context.Background(), []Pending{put("a", 3), big}); err != nil {
		return fmt.Errorf("after there was room again: %w", err)
	}
	return db.Close()
}

func TestDiskFullAndThenRoomAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	out, err := child(t, "full", dir).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if n := strings.Count(string(out), "failed: write "+dir); n != 3 || !strings.Contains(string(out), "goes on by itself") {
		t.Errorf("the child says: %s", out)
	}
	wantValues(t, openTest(t, Options{Dir: dir}), map[string]int64{"a": 3})
}

// SQLite's own answer to a full disk, which is another one than to a failing write.
func TestFullFile(t *testing.T) {
	t.Parallel()
	db := openTest(t, Options{})
	commit(t, db, put("a", 1))
	limit := Pending{Write: func(tx *Tx) error { return tx.script("PRAGMA max_page_count = 1") }} // = the size it has
	commit(t, db, limit)
	err := db.Commit(t.Context(), []Pending{put("a", 2), put("big", strings.Repeat("x", 200_000))})
	if err == nil || !strings.Contains(err.Error(), "make room") {
		t.Errorf("got %v", err)
	}
	wantValues(t, db, map[string]int64{"a": 1})
	// SQLite took that transaction back by itself, so the connection and its limit are gone.
	commit(t, db, put("a", 3), put("big", strings.Repeat("x", 200_000)))
	wantValues(t, db, map[string]int64{"a": 3})
}
