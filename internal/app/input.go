package app

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// maxZstdWindow bounds what one .zst file may ask for as its window. 128 MiB is what zstd itself accepts without
// being told otherwise.
const maxZstdWindow = 128 << 20

// packedBuffer is how much of a gzip file is read at a time.
const packedBuffer = 64 << 10

// input is one opened file of an offline command, decompressed where its first bytes say that it is compressed.
type input struct {
	io.Reader
	raw    *countingReader
	plain  bool // a regular file, not compressed: a read of it never waits long
	closes []func() error
}

// openInput opens a regular file. What it holds is told by its first bytes, not by its name: a rotated file may have
// any.
func openInput(path string) (*input, error) {
	f, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	in, err := newInput(f)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	in.plain = len(in.closes) == 0
	in.closes = append(in.closes, f.Close)
	return in, nil
}

// openRegular refuses what is not a regular file before it opens it: opening a FIFO waits for its writer, opening a
// device may do anything.
func openRegular(path string) (*os.File, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, noFile(path)
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, fmt.Errorf("%s is a directory", path)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a regular file; to read a pipe, give - and redirect standard input", path)
	}
	return os.Open(path)
}

// noFile says why a path leads to no file.
func noFile(path string) error {
	if target, err := os.Readlink(path); err == nil {
		return fmt.Errorf("%s is a link to %s, which does not exist", path, target)
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return fmt.Errorf("%s holds no *.log: name its files, or quote a glob", path)
	}
	if strings.ContainsAny(path, "*?[{") {
		return fmt.Errorf("no file matches %s", path)
	}
	return fmt.Errorf("%s does not exist", path)
}

// newInput reads plain, gzip or zstd data from r.
func newInput(r io.Reader) (*input, error) {
	in := &input{raw: &countingReader{r: r}}
	magic := make([]byte, 4)
	n, err := io.ReadFull(in.raw, magic)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	magic = magic[:n]
	whole := io.MultiReader(bytes.NewReader(magic), in.raw) // it takes large reads as they are: no buffer for each file
	in.Reader = whole
	switch {
	case len(magic) >= 2 && magic[0] == 0x1f && magic[1] == 0x8b: // RFC 1952
		z, err := gzip.NewReader(bufio.NewReaderSize(whole, packedBuffer))
		if err != nil {
			return nil, err
		}
		in.Reader, in.closes = z, append(in.closes, z.Close)
	case string(magic) == "\x28\xb5\x2f\xfd": // RFC 8878
		z, err := zstd.NewReader(whole, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxZstdWindow))
		if err != nil {
			return nil, err
		}
		in.Reader, in.closes = z, append(in.closes, func() error { z.Close(); return nil })
	}
	return in, nil
}

func (in *input) Close() error {
	var errs []error
	for _, c := range in.closes {
		errs = append(errs, c())
	}
	return errors.Join(errs...)
}

// countingReader counts what was read: progress is measured in bytes on disk, which are known beforehand.
type countingReader struct {
	r io.Reader
	n func(int)
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if c.n != nil {
		c.n(n)
	}
	return n, err
}
