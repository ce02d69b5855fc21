package source

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// maxZstdWindow bounds the memory that one .zst file may ask for.
const maxZstdWindow = 128 << 20

// packed is a compressed file, seen as what is in it. Reading forward is cheap, reading a little back too; further back
// it begins anew.
type packed struct {
	file *os.File
	pack packing
	size int64 // of the compressed file
	keep int   // so many bytes before the last read stay at hand
	stop context.Context

	from  io.Reader
	close func()
	buf   []byte
	start int64 // of buf in the content
	end   bool  // the content ends with buf
}

func newPacked(f *found, maxLine int) *packed {
	return &packed{file: f.file, pack: f.rel.pack, size: f.st.size, keep: maxLine + 2*blockSize}
}

// ReadAt reads content. Damaged data is errCorrupt, and so is data that is not complete yet.
func (p *packed) ReadAt(b []byte, at int64) (int, error) {
	if p.from == nil || at < p.start {
		if err := p.rewind(); err != nil {
			return 0, err
		}
	}
	if err := p.forward(at, len(b)); err != nil {
		return 0, err
	}
	have := p.start + int64(len(p.buf)) - at
	if have <= 0 {
		return 0, io.EOF
	}
	n := copy(b, p.buf[at-p.start:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// forward decompresses until n bytes from at on are in the buffer, or the content ends.
func (p *packed) forward(at int64, n int) error {
	for !p.end && p.start+int64(len(p.buf)) < at+int64(n) {
		if err := p.stop.Err(); err != nil {
			return err
		}
		p.forget(at)
		if err := p.more(); err != nil {
			p.release()
			return fmt.Errorf("%w: %w", errCorrupt, err)
		}
	}
	return nil
}

// more decompresses another block.
func (p *packed) more() error {
	p.buf = slices.Grow(p.buf, blockSize)
	for room := blockSize; room > 0; {
		n, err := p.from.Read(p.buf[len(p.buf) : len(p.buf)+room])
		p.buf = p.buf[:len(p.buf)+n]
		room -= n
		if errors.Is(err, io.EOF) {
			p.end = true
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// forget drops what lies too far before at.
func (p *packed) forget(at int64) {
	drop := min(at-int64(p.keep)-p.start, int64(len(p.buf)))
	if drop < int64(p.keep) {
		return // moving a little each time would cost more than it saves
	}
	p.buf = p.buf[:copy(p.buf, p.buf[drop:])]
	p.start += drop
}

// rewind begins anew.
func (p *packed) rewind() error {
	p.release()
	raw := bufio.NewReaderSize(io.NewSectionReader(p.file, 0, p.size), 64<<10)
	switch p.pack {
	case gzipped:
		z, err := gzip.NewReader(raw)
		if err != nil {
			return fmt.Errorf("%w: %w", errCorrupt, err)
		}
		p.from, p.close = z, func() { z.Close() }
	default:
		z, err := zstd.NewReader(raw, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxZstdWindow), zstd.WithDecoderLowmem(true))
		if err != nil {
			return fmt.Errorf("%w: %w", errCorrupt, err)
		}
		p.from, p.close = z, z.Close
	}
	return nil
}

// release gives back the memory.
func (p *packed) release() {
	if p.close != nil {
		p.close()
	}
	p.from, p.close, p.buf, p.start, p.end = nil, nil, nil, 0, false
}
