package sim

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// log is the live file of a server and the one just renamed. Lines are kept until flush, so that a step writes each
// file once.
type log struct {
	dir, name string
	keep      int
	live, old *logFile
	line      []byte // memory for the line under construction
	renamed   int    // how many files name.1, name.2, … there are
}

type logFile struct {
	*os.File
	waiting []byte
}

// open begins the live file, or goes on with one that is there.
func (l *log) open() error {
	if l.live != nil {
		return nil
	}
	f, err := openLog(filepath.Join(l.dir, l.name))
	if err != nil {
		return err
	}
	l.live = f
	for l.exists(l.renamed + 1) {
		l.renamed++
	}
	return nil
}

func openLog(path string) (*logFile, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("simulated server: %w", err)
	}
	return &logFile{File: f}, nil
}

// path returns the name of the n-th renamed file, of the live one for 0.
func (l *log) path(n int) string {
	path := filepath.Join(l.dir, l.name)
	if n > 0 {
		path += fmt.Sprintf(".%d", n)
	}
	return path
}

func (l *log) exists(n int) bool {
	_, err := os.Lstat(l.path(n))
	return err == nil
}

// put adds a line with its end to the live file or to the renamed one. line is copied.
func (l *log) put(line []byte, late bool) {
	l.line = line
	f := l.live
	if late {
		f = l.old
	}
	f.waiting = append(f.waiting, line...)
}

func (f *logFile) flush() error {
	if f == nil || len(f.waiting) == 0 {
		return nil
	}
	_, err := f.Write(f.waiting)
	f.waiting = f.waiting[:0]
	return err
}

func (l *log) flush() error { return errors.Join(l.old.flush(), l.live.flush()) }

// rotate does what logrotate's `create` does: name.1 becomes name.2 and so on, the live file becomes name.1 and a new
// one takes its name, while the writer goes on with the old one until somebody tells it.
func (l *log) rotate() error {
	if err := errors.Join(l.flush(), l.closeOld()); err != nil {
		return err
	}
	for n := l.renamed; n >= 0; n-- {
		var err error
		if l.keep > 0 && n >= l.keep {
			err = os.Remove(l.path(n))
			l.renamed--
		} else {
			err = os.Rename(l.path(n), l.path(n+1))
		}
		if err != nil && (n == 0 || !errors.Is(err, fs.ErrNotExist)) {
			return fmt.Errorf("simulated server: %w", err)
		}
	}
	l.renamed++
	f, err := openLog(l.path(0))
	if err != nil {
		return err
	}
	l.old, l.live = l.live, f
	return nil
}

// closeOld lets go of the renamed file.
func (l *log) closeOld() error {
	if l.old == nil {
		return nil
	}
	err := errors.Join(l.old.flush(), l.old.Close())
	l.old = nil
	return err
}

func (l *log) close() error {
	err := l.closeOld()
	if l.live != nil {
		err = errors.Join(err, l.live.flush(), l.live.Close())
		l.live = nil
	}
	return err
}
