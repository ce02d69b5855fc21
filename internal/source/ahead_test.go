package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/errwatch/errwatch/internal/line"
)

// eager is a recorder that is told of batches before their turn.
type eager struct {
	*recorder
	starting func(b *line.Batch) // called as a batch is started
	cut      func(n int) int     // where in n bytes a batch should end; nil: at their end
	flying   []*eagerBatch
	started  int
	dropped  int
}

type eagerBatch struct {
	e    *eager
	b    *line.Batch
	then line.Batch // as it was when it was started
}

func (e *eager) Cut(b *line.Batch) (n int, ready bool) {
	if e.cut == nil {
		return len(b.Data), false
	}
	at := min(e.cut(len(b.Data)), len(b.Data)-1)
	return at + bytes.IndexByte(b.Data[at:], '\n') + 1, true
}

func (e *eager) Start(b *line.Batch) Started {
	if e.starting != nil {
		e.starting(b)
	}
	x := &eagerBatch{e, b, *b}
	x.then.Data = slices.Clone(b.Data)
	e.flying = append(e.flying, x)
	e.started++
	return x
}

func (x *eagerBatch) Take(ctx context.Context, advance func(int64)) error {
	x.end()
	return x.e.recorder.Take(ctx, x.b, advance)
}

func (x *eagerBatch) Drop() {
	x.end()
	x.e.dropped++
}

// end looks after what the contract says of the order of what was started.
func (x *eagerBatch) end() {
	e := x.e
	if len(e.flying) == 0 || e.flying[0] != x {
		e.bad = append(e.bad, fmt.Sprintf("the batch at %d comes before its turn", x.b.Offset))
	} else {
		e.flying = e.flying[1:]
	}
	if !bytes.Equal(x.b.Data, x.then.Data) || x.b.Offset != x.then.Offset {
		e.bad = append(e.bad, fmt.Sprintf("the batch at %d changed before it was taken", x.then.Offset))
	}
}

// readAhead makes the rig one that reads ahead.
func (r *rig) readAhead(a Ahead) {
	r.t.Helper()
	r.eager, r.ahead = &eager{recorder: r.sink}, a
	r.m.closeAll()
	r.start()
}

func numberedText(prefix string, n int) (lines []string, text string) {
	for i := range n {
		lines = append(lines, fmt.Sprintf("%s %d %s", prefix, i, strings.Repeat("x", i*7%50)))
	}
	return lines, strings.Join(lines, "\n") + "\n"
}

// What is read ahead is what is read without, whatever the blocks, and with what is out of the ordinary in between.
func TestReadAheadReadsTheSame(t *testing.T) {
	t.Parallel()
	_, text := numberedText("line", 300)
	text = text[:4000] + "\n\x00\x00\x00\x00\n" + text[4000:6000] + strings.Repeat("long", 500) + "\n" + text[6000:] + "torn"
	plain := newRig(t, Options{Name: "s", Paths: []string{"*.log"}, MaxLine: 300})
	plain.write("app.log", text)
	plain.tick()
	lines, skips := plain.sink.take(), plain.sink.takeSkips()
	for block := 20; block < 5000; block += 1 + block/3 {
		for blocks := 1; blocks < 5; blocks++ {
			r := newRig(t, Options{Name: "s", Paths: []string{"*.log"}, MaxLine: 300})
			r.readAhead(Ahead{From: 1, Block: block, Blocks: blocks, Turn: 1 + block%7})
			r.write("app.log", text)
			r.tick()
			if got := r.sink.take(); !slices.Equal(got, lines) {
				t.Errorf("blocks of %d, %d ahead: %d lines, want %d", block, blocks, len(got), len(lines))
			}
			if got := r.sink.takeSkips(); !slices.Equal(got, skips) {
				t.Errorf("blocks of %d, %d ahead: skips %q, want %q", block, blocks, got, skips)
			}
			if r.eager.started == 0 {
				t.Errorf("blocks of %d: nothing was read ahead", block)
			}
		}
	}
}

// Whatever happens to a file between two blocks that are read ahead: what was read counts, once, and reading goes on as
// if each block had been read in its turn.
func TestFileChangesWhileItIsReadAhead(t *testing.T) {
	t.Parallel()
	old, oldText := numberedText("old", 200)
	fresh, freshText := numberedText("new", 150)
	must := func(err error) {
		if err != nil {
			t.Error(err)
		}
	}
	changes := map[string]struct {
		do   func(r *rig)
		want func(read int) []string // read: lines of the old file that were read before it changed
	}{
		"truncated and written again": {
			func(r *rig) { must(os.WriteFile(r.path("app.log"), []byte(freshText), 0o644)) },
			func(read int) []string { return slices.Concat(old[:read], fresh) },
		},
		"rotated": {
			func(r *rig) {
				must(os.Rename(r.path("app.log"), r.path("app.log.1")))
				must(os.WriteFile(r.path("app.log"), []byte(freshText), 0o644))
			},
			func(int) []string { return slices.Concat(old, fresh) },
		},
		"grown": {
			func(r *rig) { r.write("app.log", freshText) },
			func(int) []string { return slices.Concat(old, fresh) },
		},
		"deleted": {
			func(r *rig) { must(os.Remove(r.path("app.log"))) },
			func(int) []string { return old },
		},
	}
	for name, c := range changes {
		for at := 1; at < 12; at++ {
			r := newRig(t)
			r.readAhead(Ahead{From: 1, Block: 500, Blocks: 3, Turn: 8})
			r.write("app.log", oldText)
			read := 0
			r.eager.starting = func(b *line.Batch) {
				if r.eager.started+1 == at {
					read = strings.Count(oldText[:b.End], "\n")
					c.do(r)
				}
			}
			for range 4 {
				r.tick()
				r.pass(DefaultRotateWait)
			}
			got, want := r.sink.take(), c.want(read)
			if !slices.Equal(got, want) {
				t.Errorf("%s at block %d: %d lines, want %d", name, at, len(got), len(want))
			}
		}
	}
}

var errNotNow = errors.New("not now")

// A batch that is not taken comes again, and so do those behind it.
func TestReadAheadIsRefused(t *testing.T) {
	t.Parallel()
	lines, text := numberedText("line", 200)
	for at := 1; at < 14; at++ {
		r := newRig(t)
		r.readAhead(Ahead{From: 1, Block: 500, Blocks: 3, Turn: 8})
		r.write("app.log", text)
		n := 0
		r.sink.taking = func(*line.Batch) {
			n++
			r.sink.refuse = nil
			if n == at {
				r.sink.refuse = errNotNow
			}
		}
		r.tick()
		r.tick()
		if got := r.sink.take(); !slices.Equal(got, lines) {
			t.Errorf("batch %d refused: %d lines, want %d", at, len(got), len(lines))
		}
		if len(r.eager.flying) > 0 {
			t.Errorf("batch %d refused: %d batches were neither taken nor dropped", at, len(r.eager.flying))
		}
	}
}

// A kill at any moment, with a commit at any moment before it, loses nothing and counts nothing twice.
func TestKillWhileReadingAhead(t *testing.T) {
	t.Parallel()
	lines, text := numberedText("line", 120)
	const last = 16
	for commit := 1; commit < last; commit++ {
		for kill := commit; kill < last; kill++ {
			r := newRig(t)
			r.readAhead(Ahead{From: 1, Block: 300, Blocks: 3, Turn: 8})
			r.tick()
			r.commit()
			r.write("app.log", text)
			var committed []string
			n, dead := 0, false
			r.sink.took = func() {
				if n++; n == commit {
					committed = append(committed, r.sink.take()...)
					r.commit()
				}
				if dead = dead || n == kill; dead {
					r.sink.refuse = errNotNow
				}
			}
			r.tick()
			r.sink.took, r.sink.refuse = nil, nil
			r.sink.take() // is lost, with its positions
			r.crash()
			r.start()
			r.tick()
			if got := append(committed, r.sink.take()...); !slices.Equal(got, lines) {
				t.Errorf("commit at %d, kill at %d: %d lines, want %d", commit, kill, len(got), len(lines))
			}
		}
	}
}
