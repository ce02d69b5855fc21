package source

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/errwatch/errwatch/internal/line"
)

// counter is a sink that tells when enough lines have come.
type counter struct {
	*recorder
	n    atomic.Int64
	mu   sync.Mutex
	goal int64
	done chan struct{}
}

func newCounter() *counter {
	c := &counter{recorder: newRecorder()}
	c.recorder.taking = func(b *line.Batch) {
		c.n.Add(int64(strings.Count(string(b.Data), "\n")))
	}
	return c
}

func (c *counter) Take(ctx context.Context, b *line.Batch, advance func(int64)) error {
	if err := c.recorder.Take(ctx, b, advance); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done != nil && c.n.Load() >= c.goal {
		close(c.done)
		c.done = nil
	}
	return nil
}

// await waits until n lines have come in all.
func (c *counter) await(t *testing.T, n int) {
	t.Helper()
	c.mu.Lock()
	done := make(chan struct{})
	if c.n.Load() >= int64(n) {
		close(done)
	} else {
		c.goal, c.done = int64(n), done
	}
	c.mu.Unlock()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatalf("%d of %d lines came", c.n.Load(), n)
	}
}

// running runs a Manager until the test, or stop, ends it.
type running struct {
	m    *Manager
	stop context.CancelFunc
	over chan error
}

func run(t *testing.T, m *Manager) *running {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	r := &running{m: m, stop: stop, over: make(chan error, 1)}
	go func() { r.over <- m.Run(ctx) }()
	t.Cleanup(stop)
	return r
}

func (r *running) end(t *testing.T) {
	t.Helper()
	r.stop()
	select {
	case err := <-r.over:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Fatal("it does not end")
	}
}

// TestRun follows a writer that rotates, with everything at work: goroutines, clock, live edge.
func TestRun(t *testing.T) {
	t.Parallel()
	for _, noTail := range []bool{false, true} {
		t.Run(fmt.Sprint("noTail=", noTail), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			sink := newCounter()
			m, err := New([]Options{{Name: "s", Paths: []string{filepath.Join(dir, "*.log")}}}, sink, Deps{NoTail: noTail, Tick: 20 * time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			r := run(t, m)
			const rotations, each = 6, 300
			want := 0
			for i := range rotations {
				path := filepath.Join(dir, "app.log")
				f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
				if err != nil {
					t.Fatal(err)
				}
				for j := range each {
					fmt.Fprintf(f, "generation %d line %d\n", i, j)
					want++
					if j == each/2 {
						sink.await(t, want)
						if err := os.Rename(path, fmt.Sprintf("%s.%d", path, rotations-i)); err != nil {
							t.Fatal(err)
						}
					}
				}
				f.Close()
			}
			sink.await(t, want)
			r.end(t)
			check(t, sink.recorder, want)
		})
	}
}

// check says whether want lines came, each once.
func check(t *testing.T, r *recorder, want int) {
	t.Helper()
	for _, bad := range r.bad {
		t.Error(bad)
	}
	lines := r.take()
	slices.Sort(lines)
	if n := len(slices.Compact(slices.Clone(lines))); n != want || len(lines) != want {
		t.Errorf("%d lines, %d different ones, want %d", len(lines), n, want)
	}
}

// TestDrainAtTheEnd: what is there when the context ends is read, what comes later is not.
func TestDrainAtTheEnd(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "app.log")
	must(t, os.WriteFile(path, []byte("first\n"), 0o644))
	sink := newCounter()
	m, err := New([]Options{{Name: "s", Paths: []string{path}}}, sink, Deps{NoTail: true, Tick: time.Hour})
	must(t, err)
	r := run(t, m)
	sink.await(t, 1)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	must(t, err)
	defer f.Close()
	_, err = f.WriteString(text(numbered(0, 50_000)) + "no end")
	must(t, err)
	// The writer never rests: it must not keep the end from coming.
	sink.mu.Lock()
	taking := sink.recorder.taking
	sink.recorder.taking = func(b *line.Batch) { taking(b); f.WriteString(strings.Repeat("later\n", 1000)) }
	sink.mu.Unlock()
	r.end(t)
	lines := sink.take()
	later := slices.Index(lines, "no endlater")
	if len(lines) != 1+50_000 || later >= 0 {
		t.Errorf("%d lines, %q", len(lines), abbreviate(lines))
	}
}

// TestDrainHasADeadline: a sink that is stuck does not keep the end from coming.
func TestDrainHasADeadline(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "app.log")
	must(t, os.WriteFile(path, []byte("first\n"), 0o644))
	stuck := make(chan struct{}, 1)
	sink := takeFunc(func(ctx context.Context, _ *line.Batch, _ func(int64)) error {
		stuck <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	})
	m, err := New([]Options{{Name: "s", Paths: []string{path}}}, sink, Deps{NoTail: true, DrainTimeout: time.Millisecond})
	must(t, err)
	r := run(t, m)
	<-stuck
	r.end(t)
	if st := m.Stats()[0]; st.CaughtUp {
		t.Errorf("stats %+v", st)
	}
}

type takeFunc func(context.Context, *line.Batch, func(int64)) error

func (f takeFunc) Take(ctx context.Context, b *line.Batch, advance func(int64)) error {
	return f(ctx, b, advance)
}

// TestBacklogDoesNotStarve: while a large backlog is read, with a slow sink, a live file's lines come through.
func TestBacklogDoesNotStarve(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Name: "s", Paths: []string{"*.log"}})
	r.write("big.log", strings.Repeat(strings.Repeat("x", 99)+"\n", 40_000)) // 4 MB
	r.write("live.log", "0\n")
	r.m.tick()
	turns := 0
	for n := 1; n < 10; n++ {
		r.write("live.log", fmt.Sprintln(n))
		r.m.tick()
		for seen := false; !seen; turns++ {
			if !r.w.step(t.Context()) {
				t.Fatal("nothing is left to do")
			}
			lines := r.sink.take()
			seen = len(lines) > 0 && lines[len(lines)-1] == fmt.Sprint(n)
		}
	}
	if turns > 9*(1+1) {
		t.Errorf("%d turns for 9 live lines", turns)
	}
	if lag := r.stats().LagBytes; lag < 2<<20 {
		t.Errorf("the backlog is nearly gone: %d", lag)
	}
}

// TestReload hands the open files of one Manager to the next: also those that have no name any more.
func TestReload(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Name: "s", Paths: []string{"*.log"}})
	w := r.open("app.log")
	w.write("a\n")
	r.expect("a")
	gone := r.open("gone.log")
	gone.write("b\n")
	r.expect("b")
	w.write("unread\n")
	gone.write("unread too\n")
	r.remove("gone.log")
	r.m.tick()
	r.write("left.log", "left\n")
	r.expectSorted("left", "unread", "unread too")
	gone.write("after\n")

	r.commit()
	old := r.m
	old.Halt()
	r.opts[0].Exclude = []string{"left*"}
	r.start()
	r.m.Adopt(old)
	r.write("left.log", "not any more\n")
	r.expect("after")
	gone.write("rest")
	gone.close()
	w.write("on\n")
	r.pass(time.Second)
	r.expectSorted("on", "rest")
	if st := r.stats(); st.Files != 1 {
		t.Errorf("stats %+v, files %+v", st, r.m.Files())
	}
}

// TestStdin reads standard input, over a reload.
func TestStdin(t *testing.T) {
	t.Parallel()
	in, out := io.Pipe()
	opts := []Options{{Name: "s", Paths: []string{"-"}}}
	closed := make(chan line.FileID, 1)
	deps := Deps{Stdin: in, Tick: 5 * time.Millisecond, Closed: func(id line.FileID) { closed <- id }}
	first := newCounter()
	m, err := New(opts, first, deps)
	must(t, err)
	r := run(t, m)
	fmt.Fprint(out, "one\ntwo\n")
	first.await(t, 2)
	m.Halt()
	r.end(t)
	fmt.Fprint(out, "three\nfo")

	second := newCounter()
	opts[0].Name = "renamed"
	next, err := New(opts, second, deps)
	must(t, err)
	next.Adopt(m)
	r = run(t, next)
	second.await(t, 1)
	fmt.Fprint(out, "ur\nrest")
	second.await(t, 2)
	if st := next.Stats()[0]; st.Files != 1 || st.LastLine.IsZero() {
		t.Errorf("stats %+v", st)
	}
	out.Close()
	<-closed
	r.end(t)
	if got := first.take(); !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("first got %q", got)
	}
	if got := second.take(); !slices.Equal(got, []string{"three", "four", "rest"}) {
		t.Errorf("second got %q", got)
	}
	if b := second.batches[0]; b.Source != "renamed" || b.Path != "-" {
		t.Errorf("batch %+v", b)
	}
}

// TestHoleUnderALiveEdge: a hole as large as a log may be, in a file with a live edge, costs no memory.
func TestHoleUnderALiveEdge(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "app.log")
	f, err := os.Create(path)
	must(t, err)
	defer f.Close()
	_, err = f.WriteString("first\n")
	must(t, err)
	sink := newCounter()
	m, err := New([]Options{{Name: "s", Paths: []string{path}}}, sink, Deps{Tick: 5 * time.Millisecond})
	must(t, err)
	r := run(t, m)
	sink.await(t, 1)
	for !edged(m) { // where there can be one; a file that is written to all the time has none
		runtime.Gosched()
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	must(t, f.Truncate(0))
	_, err = f.Seek(4<<30, io.SeekStart)
	must(t, err)
	_, err = f.WriteString("after\n")
	must(t, err)
	sink.await(t, 2)
	r.end(t)
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 16<<20 {
		t.Errorf("%d bytes were allocated", n)
	}
	lines := sink.take()
	if lines[len(lines)-1] != "after" {
		t.Errorf("last line %q", lines[len(lines)-1])
	}
}

// edged says that the one file has a live edge, or none can have one.
func edged(m *Manager) bool {
	files := m.Files()
	return m.edges.none || len(files) == 1 && files[0].Edge
}
