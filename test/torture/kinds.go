//go:build linux

package main

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// kind is one way in which logs are rotated.
type kind struct {
	name string
	text string // for people

	begin func(*pen) error                       // makes the log
	turn  func(p *pen, late time.Duration) error // rotates it; late is how long the old file is written on, where it is

	overwrites bool     // the writer does not append
	oneDown    bool     // at most one rotation while the reader is down: of two, nothing on the disk leads to the first
	unlinks    bool     // what is not read yet is on no disk afterwards: while it is unread, the reader must not die
	cuts       bool     // what is not read at the moment of truncation is on no disk
	torn       bool     // lines are written between copy and truncation, and are nowhere unless read in between
	halves     int      // of a hundred lines so many in two writes
	extra      []string // further globs that match the same files
}

// kinds are all of them, in the order of the documentation.
func kinds() []kind {
	return []kind{
		{name: "rename", text: "rename + create, old file written on", begin: plain, turn: rename},
		{name: "nocreate", text: "rename, created late", begin: plain, turn: nocreate},
		{name: "instant", text: "rename, reopened at once", begin: plain, turn: instant},
		{name: "partial", text: "rename, 5 % of lines in two writes", begin: plain, turn: rename, halves: 5},
		{name: "dated", text: "rename to a dated name", begin: plain, turn: dated},
		{name: "compress", text: "rename, compressed at once", begin: plain, turn: compress},
		{name: "delay", text: "rename, compressed one rotation later", begin: plain, turn: delay},
		{name: "names", text: "rename, three globs match each file", begin: plain, turn: compress, extra: []string{"app*", "alias/*"}},
		{name: "symlink", text: "symbolic link led to the next file", begin: linked, turn: relink, oneDown: true},
		{name: "kubernetes", text: "rename behind a symbolic link", begin: kubelet, turn: kubernetes},
		{name: "delete", text: "delete, old file written on", begin: plain, turn: remove, unlinks: true},
		{name: "recreate", text: "delete + create at once", begin: plain, turn: recreate, unlinks: true},
		{name: "replace", text: "another file renamed over it", begin: plain, turn: replace, unlinks: true},
		{name: "copytruncate", text: "copytruncate, no write in between", begin: plain, turn: copytruncate},
		{name: "hole", text: "copytruncate, writer without O_APPEND", begin: plain, turn: copytruncate, overwrites: true},
		{name: "rewrite", text: "truncate + rewrite: larger, smaller, same size", begin: plain, turn: rewrite, cuts: true},
		{name: "torn", text: "copytruncate, writes in between", begin: plain, turn: torn, torn: true, halves: 2},
	}
}

func kindNamed(name string) (*kind, error) {
	for _, k := range kinds() {
		if k.name == name {
			return &k, nil
		}
	}
	return nil, fmt.Errorf("no rotation is called %q", name)
}

// exact says that every line can be counted once, whatever happens.
func (k *kind) exact() bool { return !k.torn }

func plain(p *pen) error {
	alias := filepath.Join(p.dir, "alias")
	if err := os.MkdirAll(alias, 0o755); err != nil {
		return err
	}
	if err := os.Symlink(p.path, filepath.Join(alias, filepath.Base(p.path))); err != nil {
		return err
	}
	return p.open(p.path)
}

// shift makes room for a new first rotated file, as logrotate does.
func (p *pen) shift() error {
	for _, ending := range []string{"", ".gz"} {
		for n := 99; n > 0; n-- {
			err := os.Rename(fmt.Sprintf("%s.%d%s", p.path, n, ending), fmt.Sprintf("%s.%d%s", p.path, n+1, ending))
			if err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

func (p *pen) moveAway() error {
	if err := p.shift(); err != nil {
		return err
	}
	return os.Rename(p.path, p.path+".1")
}

// create makes the new file while the writer still has the old one, as logrotate's create does.
func create(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	return f.Close()
}

func rename(p *pen, late time.Duration) error {
	if err := p.moveAway(); err != nil {
		return err
	}
	if err := create(p.path); err != nil {
		return err
	}
	p.writeFor(late)
	return p.open(p.path)
}

func nocreate(p *pen, late time.Duration) error {
	if err := p.moveAway(); err != nil {
		return err
	}
	p.writeFor(late)
	return p.open(p.path)
}

func instant(p *pen, _ time.Duration) error { return nocreate(p, 0) }

func dated(p *pen, late time.Duration) error {
	stem := p.path[:len(p.path)-len(".log")]
	name := fmt.Sprintf("%s.log-20261120%04d", stem, p.turns)
	if p.turns%2 == 1 {
		name = fmt.Sprintf("%s-20261120%04d.log", stem, p.turns)
	}
	if err := os.Rename(p.path, name); err != nil {
		return err
	}
	p.writeFor(late)
	return p.open(p.path)
}

// compress packs the rotated file as soon as the writer has let go of it.
func compress(p *pen, late time.Duration) error {
	if err := nocreate(p, late); err != nil {
		return err
	}
	return pack(p.path + ".1")
}

// delay packs what was rotated the time before.
func delay(p *pen, late time.Duration) error {
	if _, err := os.Stat(p.path + ".1"); err == nil {
		if err := pack(p.path + ".1"); err != nil {
			return err
		}
	}
	return nocreate(p, late)
}

// pack does what gzip does: write beside, then remove.
func pack(path string) error {
	from, err := os.Open(path)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.Create(path + ".gz")
	if err != nil {
		return err
	}
	defer to.Close()
	z, err := gzip.NewWriterLevel(to, gzip.BestSpeed)
	if err != nil {
		return err
	}
	if _, err := io.Copy(z, from); err != nil {
		return err
	}
	return errors.Join(z.Close(), os.Remove(path))
}

// linked makes the log as a link into another folder.
func linked(p *pen) error { return p.lead("targets") }

func (p *pen) lead(folder string) error {
	p.target = filepath.Join(p.dir, folder, fmt.Sprintf("app%02d-%06d.log", p.id, p.turns))
	if err := os.MkdirAll(filepath.Dir(p.target), 0o755); err != nil {
		return err
	}
	if p.f == nil {
		if err := p.open(p.target); err != nil {
			return err
		}
	} else if err := create(p.target); err != nil {
		return err
	}
	fresh := p.path + ".fresh"
	return errors.Join(os.Symlink(p.target, fresh), os.Rename(fresh, p.path))
}

func relink(p *pen, late time.Duration) error {
	if err := p.lead("targets"); err != nil {
		return err
	}
	p.writeFor(late)
	return p.open(p.target)
}

// kubelet makes the log as /var/log/containers has it: a link to a file that is rotated in its own folder.
func kubelet(p *pen) error {
	p.target = filepath.Join(p.dir, "pods", fmt.Sprintf("%02d", p.id), "0.log")
	if err := os.MkdirAll(filepath.Dir(p.target), 0o755); err != nil {
		return err
	}
	return errors.Join(p.open(p.target), os.Symlink(p.target, p.path))
}

func kubernetes(p *pen, late time.Duration) error {
	if err := os.Rename(p.target, fmt.Sprintf("%s.20261120-10%04d", p.target, p.turns)); err != nil {
		return err
	}
	p.writeFor(late)
	return p.open(p.target)
}

func remove(p *pen, late time.Duration) error {
	if err := os.Remove(p.path); err != nil {
		return err
	}
	p.writeFor(late)
	return p.open(p.path)
}

func recreate(p *pen, _ time.Duration) error { return remove(p, 0) }

// replace writes the beginning of the new file before it is put in the place of the old one.
func replace(p *pen, _ time.Duration) error {
	fresh := p.path + ".fresh"
	if err := p.open(fresh); err != nil {
		return err
	}
	for range 10 {
		p.line(time.Now())
	}
	return os.Rename(fresh, p.path)
}

func copytruncate(p *pen, _ time.Duration) error {
	p.finish()
	if err := errors.Join(p.shift(), p.copyAway()); err != nil {
		return err
	}
	p.older = p.lines
	return p.f.Truncate(0)
}

func (p *pen) copyAway() error {
	from, err := os.Open(p.path)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.Create(p.path + ".1")
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, to.Close())
}

// torn copies and truncates beside the writer.
func torn(p *pen, late time.Duration) error {
	if err := p.shift(); err != nil {
		return err
	}
	done := make(chan error)
	go func() {
		err := p.copyAway()
		<-time.After(late / 10)
		done <- errors.Join(err, os.Truncate(p.path, 0))
	}()
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			p.older = p.lines
			return err
		case <-tick.C:
			p.write()
		}
	}
}

// rewrite truncates and at once writes: more than was there, or less, or exactly as much.
func rewrite(p *pen, _ time.Duration) error {
	p.finish()
	st, err := p.f.Stat()
	if err != nil {
		return err
	}
	if err := p.f.Truncate(0); err != nil {
		return err
	}
	p.older = p.lines
	want := st.Size()
	switch p.turns % 3 {
	case 0:
		want += 10_000
	case 1:
		want = min(want/2, 1<<20)
	}
	return p.fill(want)
}

// prune removes old rotated files, as logrotate does.
func (p *pen) prune(keep int) error {
	if keep == 0 {
		return nil
	}
	stem := strings.TrimSuffix(filepath.Base(p.path), ".log")
	var files []string
	for _, pattern := range []string{stem + "*", "targets/" + stem + "*", "pods/" + strings.TrimPrefix(stem, "app") + "/*"} {
		found, _ := filepath.Glob(filepath.Join(p.dir, pattern)) // the patterns are good
		files = append(files, found...)
	}
	age := map[string]time.Time{}
	files = slices.DeleteFunc(files, func(path string) bool {
		st, err := os.Lstat(path)
		if err == nil {
			age[path] = st.ModTime()
		}
		return err != nil || !st.Mode().IsRegular() || path == p.f.Name()
	})
	slices.SortFunc(files, func(a, b string) int { return age[b].Compare(age[a]) })
	for _, path := range files[min(keep, len(files)):] {
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	return nil
}

// fill writes lines until the file has reached a size.
func (p *pen) fill(size int64) error {
	begun := p.bytes
	for left := size; left > 0; left = size - (p.bytes - begun) {
		p.buf = append(appendLine(p.buf[:0], time.Now(), p.id, p.lines, p.classes), '\n')
		if left < int64(len(p.buf)) {
			break
		}
		p.put(p.buf)
		p.count()
	}
	// What is missing to the size is one line that is no event.
	if left := size - (p.bytes - begun); left > 0 {
		b := make([]byte, left)
		for i := range b {
			b[i] = '-'
		}
		b[left-1] = '\n'
		p.put(b)
		p.fillers++
	}
	return nil
}
