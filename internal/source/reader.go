package source

import (
	"cmp"
	"context"
	"errors"
	"io"
	"time"

	"github.com/errwatch/errwatch/internal/line"
)

// ReaderOptions describe a stream.
type ReaderOptions struct {
	Source  string
	Path    string // for people
	File    line.FileID
	MaxLine int // bytes; 0: DefaultMaxLine
	Block   int // how many bytes are read at a time; 0: 256 KiB
	Now     func() time.Time

	// Begins says whether a block of Next may begin with this line, which comes with its end; nil: it may with any.
	Begins func(line []byte) bool
}

// Reader cuts a stream that cannot be read twice into the same batches that a followed file yields: standard input, or
// the decompressed content of a file.
type Reader struct {
	r io.Reader
	o ReaderOptions

	buf      []byte
	from, to int   // what of buf is read and not handed on
	offset   int64 // of buf[from] in the stream
	skipping line.SkipReason
	skipped  int64 // bytes of a long line or hole that were read and dropped, before buf[from]

	tail   []byte // what Next has read and not handed on
	failed error  // that ended the reading of Next
}

// NewReader returns a Reader of r.
func NewReader(r io.Reader, o ReaderOptions) *Reader {
	o.MaxLine = cmp.Or(max(o.MaxLine, 0), DefaultMaxLine)
	o.Block = cmp.Or(max(o.Block, 0), blockSize)
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Reader{r: r, o: o}
}

// Run hands all of the stream to sink, the end with Last set, and returns nil, or the first error of the stream or of
// the sink. Nothing of the unterminated line at which an error of the stream came is handed on.
func (r *Reader) Run(ctx context.Context, sink Sink) error {
	var b line.Batch
	for {
		more, err := r.next(&b)
		if err != nil {
			return err
		}
		if err := sink.Take(ctx, &b, func(int64) {}); err != nil {
			return err
		}
		if !more {
			return nil
		}
	}
}

// next fills b with what comes next. more is false with the last batch.
func (r *Reader) next(b *line.Batch) (more bool, err error) {
	for {
		if n, skip := r.ready(); n > 0 {
			r.fill(b, n, skip)
			return true, nil
		}
		err := r.read()
		if errors.Is(err, io.EOF) {
			return r.end(b), nil
		}
		if err != nil {
			return false, err
		}
	}
}

// ready returns the length of what can be handed on, counting what was dropped of it already.
func (r *Reader) ready() (int64, line.SkipReason) {
	data := r.buf[r.from:r.to]
	if r.skipping == "" {
		p := cut(data, r.o.MaxLine)
		return int64(p.n), p.skip
	}
	end := searchEnd(data, r.skipping == line.NulRun)
	if end < 0 {
		return 0, ""
	}
	if r.skipping == line.TooLong {
		end++
	}
	return r.skipped + int64(end), r.skipping
}

func (r *Reader) fill(b *line.Batch, n int64, skip line.SkipReason) {
	*b = line.Batch{
		Source: r.o.Source, File: r.o.File, Path: r.o.Path, Offset: r.offset - r.skipped, Skipped: skip, Read: r.o.Now(),
	}
	b.End = b.Offset + n
	inBuf := int(b.End - r.offset)
	if skip == "" {
		b.Data = r.buf[r.from : r.from+inBuf]
	} else {
		b.SkippedLines = 1
	}
	r.from += inBuf
	r.offset, r.skipping, r.skipped = b.End, "", 0
}

// read gets more of the stream.
func (r *Reader) read() error {
	r.room()
	n, err := r.r.Read(r.buf[r.to:])
	r.to += n
	if n > 0 {
		return nil // an error comes again with the next read
	}
	return err
}

// room makes room for more where nothing in the buffer is whole yet. It grows only for a line that may still be short
// enough.
func (r *Reader) room() {
	data := r.buf[r.from:r.to]
	switch {
	case r.skipping != "":
		r.drop(len(data))
	case len(data) > 0 && nulRun(data) == len(data):
		r.skipping = line.NulRun
		r.drop(len(data))
	case len(data) > r.o.MaxLine:
		r.skipping = line.TooLong
		r.drop(len(data))
	}
	r.to = copy(r.buf, r.buf[r.from:r.to])
	r.from = 0
	if r.to == len(r.buf) {
		r.buf = grown(r.buf, min(max(r.o.Block, 2*len(r.buf)), max(r.o.Block, r.o.MaxLine+2)), r.to)
	}
}

// grown returns buf with a length of n, the first keep bytes of it as they were.
func grown(buf []byte, n, keep int) []byte {
	if n <= cap(buf) {
		return buf[:n]
	}
	out := make([]byte, n)
	copy(out, buf[:keep])
	return out
}

func (r *Reader) drop(n int) {
	r.from += n
	r.skipped += int64(n)
	r.offset += int64(n)
}

// end hands on what is left when the stream has ended.
func (r *Reader) end(b *line.Batch) (more bool) {
	data := r.buf[r.from:r.to]
	skip := r.skipping
	if skip == "" && len(data) > 0 {
		skip = rest(data, r.o.MaxLine)
	}
	if n := r.skipped + int64(len(data)); skip != "" && n > 0 {
		r.fill(b, n, skip)
		return true
	}
	r.fill(b, int64(len(data)), "")
	b.Last = true
	return false
}
