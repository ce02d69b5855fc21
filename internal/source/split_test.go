package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/errwatch/errwatch/internal/line"
)

// piecesOf is the plain statement of what is made of content: lines, and what is skipped.
func piecesOf(data []byte, maxLine int) (out []string) {
	for len(data) > 0 {
		if n := len(data) - len(bytes.TrimLeft(data, "\x00")); n > 0 {
			out = append(out, fmt.Sprint("nul ", n))
			data = data[n:]
			continue
		}
		l, rest, whole := bytes.Cut(data, []byte{'\n'})
		switch {
		case len(l) > maxLine:
			out = append(out, fmt.Sprint("long ", len(l)))
		case whole:
			out = append(out, "line "+string(l))
		default:
			out = append(out, "rest "+string(l))
		}
		data = rest
	}
	return out
}

// shape is the same, taken from batches.
type shape struct {
	out []string
	at  int64
	bad string
}

func (s *shape) Take(_ context.Context, b *line.Batch, advance func(int64)) error {
	if b.Offset != s.at {
		s.bad = fmt.Sprintf("a batch at %d, want %d", b.Offset, s.at)
	}
	s.at = b.End
	switch b.Skipped {
	case line.NulRun:
		s.out = append(s.out, fmt.Sprint("nul ", b.End-b.Offset))
	case line.TooLong:
		n := b.End - b.Offset
		s.out = append(s.out, fmt.Sprint("long ", n))
	default:
		for _, l := range bytes.SplitAfter(b.Data, []byte{'\n'}) {
			switch text, whole := bytes.CutSuffix(l, []byte{'\n'}); {
			case whole:
				s.out = append(s.out, "line "+string(text))
			case len(l) > 0:
				s.out = append(s.out, "rest "+string(l))
			}
		}
	}
	advance(b.End)
	return nil
}

// same compares the two; a long line's length is with its end in a batch, where it has one.
func (s *shape) same(want []string, data []byte) bool {
	if s.bad != "" || len(s.out) != len(want) || s.at != int64(len(data)) {
		return false
	}
	for i, w := range want {
		g := s.out[i]
		if g == w {
			continue
		}
		var a, b int
		if _, err := fmt.Sscanf(g+" "+w, "long %d long %d", &a, &b); err != nil || a != b+1 && !(a == b && i == len(want)-1) {
			return false
		}
	}
	return true
}

func readAll(t testing.TB, r io.Reader, maxLine int) *shape {
	t.Helper()
	s := &shape{}
	if err := NewReader(r, ReaderOptions{MaxLine: maxLine}).Run(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestChunksDoNotMatter cuts small contents at each byte.
func TestChunksDoNotMatter(t *testing.T) {
	t.Parallel()
	for _, content := range []string{
		"", "\n", "a", "a\n", "\n\n", "a\nb", "\x00", "\x00\n", "a\x00\n", "\x00\x00a\n\x00b\n", "a\n\x00\x00\n\x00",
		"longer than the limit\nshort\n", "short\nlonger than the limit", "12345\n123456\n1234567\n", "\r\n\r\n",
	} {
		want := piecesOf([]byte(content), 6)
		for i := 0; i <= len(content); i++ {
			r := io.MultiReader(strings.NewReader(content[:i]), strings.NewReader(content[i:]))
			if got := readAll(t, r, 6); !got.same(want, []byte(content)) {
				t.Errorf("%q cut at %d: %q %s, want %q", content, i, got.out, got.bad, want)
			}
		}
		if got := readAll(t, iotest.OneByteReader(strings.NewReader(content)), 6); !got.same(want, []byte(content)) {
			t.Errorf("%q byte by byte: %q %s, want %q", content, got.out, got.bad, want)
		}
	}
}

// FuzzSplit holds the Reader, under any cutting, and cut itself against the plain statement.
func FuzzSplit(f *testing.F) {
	f.Add([]byte("a\nbb\n\x00\x00c\n"), uint8(3), uint64(1))
	f.Add([]byte("\x00\x00\x00"), uint8(1), uint64(2))
	f.Add([]byte(strings.Repeat("x", 100)+"\n\n"), uint8(20), uint64(3))
	f.Fuzz(func(t *testing.T, data []byte, limit uint8, seed uint64) {
		maxLine := int(limit) + 1
		want := piecesOf(data, maxLine)
		chunks := &chunkReader{data: data, rnd: rand.New(rand.NewPCG(seed, 1))}
		if got := readAll(t, chunks, maxLine); !got.same(want, data) {
			t.Errorf("%q in chunks: %q %s, want %q", data, got.out, got.bad, want)
		}
		checkCut(t, data, maxLine)
	})
}

// chunkReader hands out random pieces, and now and then none.
type chunkReader struct {
	data []byte
	rnd  *rand.Rand
}

func (c *chunkReader) Read(b []byte) (int, error) {
	if len(c.data) == 0 {
		return 0, io.EOF
	}
	n := copy(b, c.data[:c.rnd.IntN(min(len(c.data), 40)+1)])
	c.data = c.data[n:]
	return n, nil
}

// checkCut says that more data never changes a piece, but only lets a run of lines grow.
func checkCut(t *testing.T, data []byte, maxLine int) {
	t.Helper()
	whole := cut(data, maxLine)
	for i := range data {
		p := cut(data[:i], maxLine)
		if p.n == 0 {
			continue
		}
		if p.skip != whole.skip || p.skip != "" && p.n != whole.n || p.n > whole.n {
			t.Fatalf("%q: %+v, with more: %+v", data[:i], p, whole)
		}
	}
}

// FuzzFollow grows a file step by step, with blocks of any size between two looks, and compares what is followed with
// the plain statement.
func FuzzFollow(f *testing.F) {
	f.Add([]byte("a\nbb\n\x00\x00c\nno end"), uint8(3), uint64(1))
	f.Add([]byte("\n\n\x00\n"), uint8(0), uint64(5))
	f.Fuzz(func(t *testing.T, data []byte, limit uint8, seed uint64) {
		maxLine := int(limit) + 1
		r := newRig(t, Options{Name: "s", Paths: []string{"*.log"}, MaxLine: maxLine})
		s := &shape{}
		r.m.sink = s
		rnd := rand.New(rand.NewPCG(seed, 2))
		r.write("app.log", "")
		for rest := data; len(rest) > 0; {
			n := 1 + rnd.IntN(min(len(rest), 50))
			r.write("app.log", string(rest[:n]))
			rest = rest[n:]
			r.tick()
		}
		r.rename("app.log", "app.log.1")
		r.tick()
		if want := piecesOf(data, maxLine); !s.same(want, data) {
			t.Errorf("%q: %q %s, want %q", data, s.out, s.bad, want)
		}
	})
}

func TestReaderErrors(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	s := &shape{}
	err := NewReader(io.MultiReader(strings.NewReader("a\nhalf"), iotest.ErrReader(broken)), ReaderOptions{}).Run(t.Context(), s)
	if !errors.Is(err, broken) || !slices.Equal(s.out, []string{"line a"}) {
		t.Errorf("err %v, %q", err, s.out)
	}
	rec := newRecorder()
	rec.refuse = errors.New("full")
	if err := NewReader(strings.NewReader("a\n"), ReaderOptions{}).Run(t.Context(), rec); !errors.Is(err, rec.refuse) {
		t.Errorf("err %v", err)
	}
}

// TestReaderMemory: a long line costs no memory, and a long stream no allocation for each block.
func TestReaderMemory(t *testing.T) {
	t.Parallel()
	r := NewReader(io.MultiReader(io.LimitReader(endless('x'), 16<<20), strings.NewReader("\nlast")), ReaderOptions{MaxLine: 1 << 20})
	s := &shape{}
	if err := r.Run(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if want := []string{fmt.Sprint("long ", 16<<20+1), "rest last"}; !slices.Equal(s.out, want) {
		t.Errorf("got %q", s.out)
	}
	if len(r.buf) > 2<<20 {
		t.Errorf("the buffer grew to %d", len(r.buf))
	}
}

type endless byte

func (e endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(e)
	}
	return len(b), nil
}
