package app

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// Many files are followed at once, each with its position; one that grows is seen as if it were alone.
func TestTenThousandFiles(t *testing.T) {
	t.Parallel()
	if !inChild(t) {
		alone(t)
		return
	}
	r := newRig(t, "rules: []\n")
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	n := int(min(10_000, limit.Cur/2))
	line := denials(1)
	for i := range n {
		if err := os.WriteFile(filepath.Join(r.dir, fmt.Sprintf("%05d.log", i)), []byte(line), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	r.start()
	r.until("each file's line is counted", func() bool { return r.count("3014") == int64(n) })
	r.write("00500.log", line)
	r.until("one of them grows", func() bool { return r.count("3014") == int64(n)+1 })
	r.write("00501.log", line)
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	state, err := ReadState(t.Context(), filepath.Join(r.dir, "state"))
	if err != nil {
		t.Fatal(err)
	}
	if c := state.Counters; len(c) != 1 || c[0].Value != int64(n)+2 || len(state.Files) != n {
		t.Errorf("the state has the counters %+v and %d files; want %d events, also of the last line, in %d files", c, len(state.Files), n+2, n)
	}
}

// A line that is longer than all memory that errwatch may take is skipped and counted, and what follows is read; so is a
// hole of that size.
func TestHugeLine(t *testing.T) {
	t.Parallel()
	const huge = 2 << 30
	if !inChild(t) {
		if most := alone(t); most > huge/4 { // the detector of races alone takes several times what errwatch does
			t.Errorf("the process took %d MiB", most>>20)
		}
		return
	}
	r := newBareRig(t)
	r.configureAll(`
server: {listen: "127.0.0.1:0"}
sources: [{name: line, paths: ["DIR/line.log"]}, {name: hole, paths: ["DIR/hole.log"]}]
`)
	r.write("line.log", "ERROR code=3014 ")
	for _, name := range []string{"line.log", "hole.log"} {
		r.write(name, "")
		if err := os.Truncate(filepath.Join(r.dir, name), huge); err != nil { // takes no room on disk
			t.Fatal(err)
		}
		r.write(name, "\n"+denials(1))
	}
	r.start()
	r.until("what follows is counted", func() bool { return r.count("3014") == 2 })
	r.wantMetrics("behind the line", map[string]string{
		`errwatch_skipped_lines_total{reason="too_long",source="line"}`: "1",
		`errwatch_skipped_lines_total{reason="nul",source="hole"}`:      "1",
		`errwatch_lines_total{source="line"}`:                           "1",
	})
	for _, name := range []string{"line", "hole"} {
		if got := r.status(name).Bytes; got < huge {
			t.Errorf("%s: %d bytes are counted as read, want more than %d", name, got, huge)
		}
	}
}
