package source

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/errwatch/errwatch/internal/line"
)

// recorder is a sink that remembers what it was given.
type recorder struct {
	mu      sync.Mutex
	lines   []string
	skips   []string // "reason offset-end"
	batches []line.Batch
	offsets map[line.FileID]int64 // where the next batch must begin
	ended   map[line.FileID]bool
	active  map[line.FileID]bool
	bad     []string
	refuse  error                     // what Take answers, without taking anything
	hold    func(b *line.Batch) int64 // what the sink answers as resume; nil: the end
	taking  func(b *line.Batch)       // called as Take begins
	took    func()                    // called as Take ends
}

func newRecorder() *recorder {
	return &recorder{offsets: map[line.FileID]int64{}, ended: map[line.FileID]bool{}, active: map[line.FileID]bool{}}
}

func (r *recorder) Take(ctx context.Context, b *line.Batch, advance func(int64)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if r.taking != nil {
		r.taking(b)
	}
	if r.took != nil {
		defer r.took()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.refuse != nil {
		return r.refuse
	}
	r.check(b)
	kept := *b
	kept.Data = slices.Clone(b.Data)
	r.batches = append(r.batches, kept)
	r.record(b)
	resume := b.End
	if r.hold != nil {
		resume = r.hold(b)
	}
	advance(resume)
	return nil
}

// check looks after what the contract says of the order of batches.
func (r *recorder) check(b *line.Batch) {
	if r.ended[b.File] {
		r.bad = append(r.bad, fmt.Sprintf("a batch of %s after its last", b.Path))
	}
	if want, ok := r.offsets[b.File]; ok && want != b.Offset {
		r.bad = append(r.bad, fmt.Sprintf("%s: a batch at %d, the one before ended at %d", b.Path, b.Offset, want))
	}
	if b.Skipped == "" && b.End != b.Offset+int64(len(b.Data)) {
		r.bad = append(r.bad, fmt.Sprintf("%s: %d bytes from %d end at %d", b.Path, len(b.Data), b.Offset, b.End))
	}
	if !b.Last && len(b.Data) > 0 && b.Data[len(b.Data)-1] != '\n' {
		r.bad = append(r.bad, fmt.Sprintf("%s: a batch ends inside a line: %q", b.Path, b.Data[max(0, len(b.Data)-20):]))
	}
	r.offsets[b.File] = b.End
	r.ended[b.File] = b.Last
}

// record counts the lines that end behind Counted, as the parser does.
func (r *recorder) record(b *line.Batch) {
	if b.Skipped != "" {
		if b.End > b.Counted {
			r.skips = append(r.skips, fmt.Sprintf("%s %d-%d", b.Skipped, b.Offset, b.End))
		}
		return
	}
	at := b.Offset
	for _, l := range strings.SplitAfter(string(b.Data), "\n") {
		at += int64(len(l))
		if l != "" && at > b.Counted {
			r.lines = append(r.lines, strings.TrimSuffix(l, "\n"))
		}
	}
}

func (r *recorder) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.lines
	r.lines = nil
	return out
}

func (r *recorder) takeSkips() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.skips
	r.skips = nil
	return out
}

// rig is a Manager whose clock and workers are the test's: everything happens in tick, on one goroutine.
type rig struct {
	t         testing.TB
	dir       string
	sink      *recorder
	m         *Manager
	w, packed *worker
	opts      []Options
	eager     *eager // where set, the sink begins with batches before their turn
	ahead     Ahead
	shift     atomic.Int64 // nanoseconds that the clock is ahead
	saved     map[int64]savedRow
	known     []knownRow
	done      []line.FileID
}

// savedRow is a row of the table files.
type savedRow struct {
	args                [14]any
	head, anchor, marks []byte
}

func newRig(t testing.TB, opts ...Options) *rig {
	t.Helper()
	return newRigIn(t, t.TempDir(), opts...)
}

func newRigIn(t testing.TB, dir string, opts ...Options) *rig {
	t.Helper()
	r := &rig{t: t, dir: dir, sink: newRecorder(), saved: map[int64]savedRow{}}
	if len(opts) == 0 {
		opts = []Options{{Name: "s", Paths: []string{"*.log"}}}
	}
	for _, o := range opts {
		paths := slices.Clone(o.Paths)
		for i, p := range paths {
			if !filepath.IsAbs(p) {
				paths[i] = filepath.Join(r.dir, p)
			}
		}
		o.Paths = paths
		r.opts = append(r.opts, o)
	}
	r.start()
	t.Cleanup(func() {
		r.m.closeAll()
		for _, bad := range r.sink.bad {
			t.Error(bad)
		}
	})
	return r
}

func (r *rig) now() time.Time { return time.Now().Add(time.Duration(r.shift.Load())) }

func (r *rig) pass(d time.Duration) { r.shift.Add(int64(d)) }

// start begins with what was saved.
func (r *rig) start() {
	r.t.Helper()
	sink := Sink(r.sink)
	if r.eager != nil {
		sink = r.eager
	}
	m, err := New(r.opts, sink, Deps{
		Now: r.now, NoTail: true, Closed: func(id line.FileID) { r.done = append(r.done, id) }, Ahead: r.ahead,
	})
	if err != nil {
		r.t.Fatal(err)
	}
	r.m, r.w, r.packed = m, &worker{m: m}, &worker{m: m, packed: true}
	m.wall = time.Now
	for _, k := range r.known {
		if s := m.source(k.name); s != nil {
			s.known, s.alive = true, k.since
		}
	}
	for _, id := range slices.Sorted(maps.Keys(r.saved)) {
		row := r.saved[id]
		a := row.args
		rec := &record{
			id: a[0].(int64), source: a[1].(string), path: a[2].(string), key: fileKey{uint64(a[3].(int64)), uint64(a[4].(int64))},
			pos: position{offset: a[5].(int64)}, resume: a[6].(int64), size: a[7].(int64), finished: a[11].(int) == 1,
			updated: time.Unix(0, a[12].(int64)),
		}
		m.lastRow = max(m.lastRow, rec.id)
		if !rec.proofs(row.head, row.anchor, row.marks) {
			r.t.Fatalf("the row of %s cannot be read back", rec.path)
		}
		m.keep(rec)
	}
}

// commit saves the positions, as a commit of the state would.
func (r *rig) commit() {
	r.t.Helper()
	r.begin().end(true)
}

// rigCommit is a commit on its way: what it holds is that of the moment in which it began.
type rigCommit struct {
	r     *rig
	done  func(committed bool) // nil: there was nothing to save
	rows  map[int64]savedRow
	gone  []int64
	known []knownRow
}

func (r *rig) begin() *rigCommit {
	c := &rigCommit{r: r, rows: map[int64]savedRow{}}
	p := r.m.Pending()
	if p.Write == nil {
		return c
	}
	r.m.mu.Lock()
	defer r.m.mu.Unlock()
	c.done = p.Done
	for rec := range r.m.dirty {
		if rec.gone {
			c.gone = append(c.gone, rec.id)
			continue
		}
		row := rowOf(rec)
		c.rows[rec.id] = savedRow{row.args, row.head.encode(), slices.Clone(row.pos.anchor[:]), row.pos.encodeMarks()}
	}
	c.known = r.m.newSources
	return c
}

// end says whether the transaction came to its end, and tells the Manager.
func (c *rigCommit) end(committed bool) {
	if committed {
		c.save()
	}
	if c.done != nil {
		c.done(committed)
	}
}

// save is what is on the disk once the transaction has come to its end.
func (c *rigCommit) save() {
	maps.Copy(c.r.saved, c.rows)
	for _, id := range c.gone {
		delete(c.r.saved, id)
	}
	c.r.known = append(c.r.known, c.known...)
}

// crash ends the process without a commit.
func (r *rig) crash() {
	r.m.closeAll()
	r.sink.offsets = map[line.FileID]int64{}
	r.sink.ended = map[line.FileID]bool{}
}

func (r *rig) restart() {
	r.t.Helper()
	r.commit()
	r.crash()
	r.start()
}

// tick looks at everything and reads until nothing is left to do.
func (r *rig) tick() {
	r.t.Helper()
	r.m.tick()
	r.settle()
}

func (r *rig) settle() {
	r.t.Helper()
	for range 100_000 {
		r.m.settle()
		if !r.w.step(r.t.Context()) && !r.packed.step(r.t.Context()) && len(r.m.results) == 0 {
			r.m.judge()
			return
		}
	}
	r.t.Fatal("the manager does not come to rest")
}

func (r *rig) path(name string) string { return filepath.Join(r.dir, name) }

func (r *rig) write(name, text string) {
	r.t.Helper()
	f, err := os.OpenFile(r.path(name), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		r.t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		r.t.Fatal(err)
	}
}

// writer is a program that keeps its log open.
type writer struct {
	t testing.TB
	f *os.File
}

func (r *rig) open(name string) *writer {
	r.t.Helper()
	f, err := os.OpenFile(r.path(name), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { f.Close() })
	return &writer{r.t, f}
}

func (w *writer) write(text string) {
	w.t.Helper()
	if _, err := w.f.WriteString(text); err != nil {
		w.t.Fatal(err)
	}
}

func (w *writer) close() {
	w.t.Helper()
	if err := w.f.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		w.t.Fatal(err)
	}
}

func (r *rig) rename(from, to string) {
	r.t.Helper()
	if err := os.Rename(r.path(from), r.path(to)); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) copy(from, to string) {
	r.t.Helper()
	b, err := os.ReadFile(r.path(from))
	if err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(r.path(to), b, 0o644); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) truncate(name string, size int64) {
	r.t.Helper()
	if err := os.Truncate(r.path(name), size); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) remove(name string) {
	r.t.Helper()
	if err := os.Remove(r.path(name)); err != nil {
		r.t.Fatal(err)
	}
}

// expect ticks, and compares the lines that came with those wanted.
func (r *rig) expect(want ...string) {
	r.t.Helper()
	r.tick()
	if got := r.sink.take(); !slices.Equal(got, want) {
		r.t.Fatalf("lines:\n got %q\nwant %q", abbreviate(got), abbreviate(want))
	}
}

// expectSorted is expect, in whatever order the lines came.
func (r *rig) expectSorted(want ...string) {
	r.t.Helper()
	r.tick()
	got := r.sink.take()
	slices.Sort(got)
	if !slices.Equal(got, want) {
		r.t.Fatalf("lines:\n got %q\nwant %q", abbreviate(got), abbreviate(want))
	}
}

func (r *rig) mkdir(name string) {
	r.t.Helper()
	if err := os.MkdirAll(r.path(name), 0o755); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) link(to, name string) {
	r.t.Helper()
	if err := os.Symlink(r.path(to), r.path(name)); err != nil {
		r.t.Fatal(err)
	}
}

// relink swaps a link in one step.
func (r *rig) relink(to, name string) {
	r.t.Helper()
	r.link(to, name+".new")
	r.rename(name+".new", name)
}

// pauses counts the pauses that were told.
func (r *rig) pauses() (n int) {
	for _, b := range r.sink.batches {
		if b.Pause {
			n++
		}
	}
	return n
}

func abbreviate(list []string) []string {
	out := slices.Clone(list)
	for i, s := range out {
		if len(s) > 60 {
			out[i] = fmt.Sprintf("%s… (%d bytes)", s[:50], len(s))
		}
	}
	if len(out) > 12 {
		out = append(append(out[:6:6], fmt.Sprintf("… %d more …", len(out)-12)), out[len(out)-6:]...)
	}
	return out
}

func (r *rig) stats() Stats { return r.m.Stats()[0] }

func numbered(from, to int) (lines []string) {
	for i := from; i < to; i++ {
		lines = append(lines, fmt.Sprintf("2026-11-20T10:15:23.%06dZ ERROR onError code=3014 n=%d", i, i))
	}
	return lines
}

func text(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	return strings.Join(lines, "\n") + "\n"
}
