package source

import (
	"bytes"
	"errors"
	"io"

	"github.com/errwatch/errwatch/internal/line"
)

// Block is a stretch of a stream in memory of its own, so that several can be worked on at once. It may be used again
// with another call of Next, of any Reader; what Batches point to is then overwritten.
type Block struct {
	Batches []line.Batch // in order, without gaps

	// Ready says that the line behind the block is one with which a block may begin.
	Ready bool

	buf []byte
}

// putBack bounds how much of a block is read again as the beginning of the next one.
const putBack = 64 << 10

// Next reads the next block: as many whole lines as ReaderOptions.Block bytes hold, more only where one line is longer.
// Where it ends depends on nothing but the bytes of the stream. more is false with the last block, whose last batch has
// Last set. What stood whole before an error of the stream is handed on first; the error comes with the call after that.
// Do not mix it with Run.
func (r *Reader) Next(b *Block) (more bool, err error) {
	b.Batches, b.Ready = b.Batches[:0], false
	r.lend(b)
	defer r.takeBack(b)
	for len(b.Batches) == 0 {
		r.fillUp()
		r.cutAll(b)
		switch {
		case r.failed == nil && len(b.Batches) == 0:
			r.room()
		case r.failed == nil:
			r.endWhole(b)
		case errors.Is(r.failed, io.EOF):
			r.endAll(b)
			return false, nil
		case len(b.Batches) == 0:
			return false, r.failed
		}
	}
	return true, nil
}

// lend makes the block's memory the reader's, beginning with what the block before left.
func (r *Reader) lend(b *Block) {
	n := r.o.Block
	for n <= len(r.tail) {
		n *= 2
	}
	r.buf = grown(b.buf, n, 0)
	r.from, r.to = 0, copy(r.buf, r.tail)
}

func (r *Reader) takeBack(b *Block) {
	r.tail = append(r.tail[:0], r.buf[r.from:r.to]...)
	b.buf, r.buf = r.buf, nil
	r.from, r.to = 0, 0
}

// fillUp reads until the buffer is full: how much a single read yields depends on chance.
func (r *Reader) fillUp() {
	for r.to < len(r.buf) && r.failed == nil {
		var n int
		n, r.failed = r.r.Read(r.buf[r.to:])
		r.to += n
	}
}

// cutAll adds all that is whole.
func (r *Reader) cutAll(b *Block) {
	for {
		n, skip := r.ready()
		if n == 0 {
			return
		}
		r.fill(b.add(), n, skip)
	}
}

func (b *Block) add() *line.Batch {
	b.Batches = append(b.Batches, line.Batch{})
	return &b.Batches[len(b.Batches)-1]
}

// endAll adds what is left at the end of the stream.
func (r *Reader) endAll(b *Block) {
	for more := true; more; {
		more = r.end(b.add())
	}
}

// endWhole puts back what stands behind the last line with which a block may begin.
func (r *Reader) endWhole(b *Block) {
	if r.o.Begins == nil {
		return
	}
	last := &b.Batches[len(b.Batches)-1]
	at := LastBeginning(last.Data, r.o.Begins)
	if at <= 0 {
		return // a record as long as the block, or one that is not seen to begin
	}
	n := len(last.Data) - at
	last.Data = last.Data[:at]
	last.End -= int64(n)
	r.from -= n
	r.offset -= int64(n)
	b.Ready = true
}

// LastBeginning returns where in data, whole lines, the last one stands of which begins says that a block may begin with
// it: it is looked for in the last 64 KiB, and 0 where there is none, or none but the first line.
func LastBeginning(data []byte, begins func(line []byte) bool) int {
	for end := len(data); end > 0 && len(data)-end < putBack; {
		start := bytes.LastIndexByte(data[:end-1], '\n') + 1
		if begins(data[start:end]) {
			return start
		}
		end = start
	}
	return 0
}
