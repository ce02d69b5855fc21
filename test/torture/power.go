//go:build linux

package main

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// powerOptions are those of `torture power`.
type powerOptions struct {
	binary string
	rate   float64
	cuts   int
	seed   uint64
	dir    string
}

// powerMain is `torture power`: the state lies on a disk that loses, at random moments, everything that was not synced.
// No series may go down, and in the end all must be counted once. It needs root, mkfs.ext4 and loop devices.
func powerMain(args []string) error {
	var o powerOptions
	set := flag.NewFlagSet("power", flag.ContinueOnError)
	set.StringVar(&o.binary, "errwatch", "", "the errwatch to torture (default: built from this tree)")
	set.Float64Var(&o.rate, "rate", 5000, "lines a second")
	set.IntVar(&o.cuts, "cuts", 20, "how often the power fails")
	set.Uint64Var(&o.seed, "seed", uint64(time.Now().UnixNano()), "seed of the moments")
	set.StringVar(&o.dir, "dir", "", "folder to work in")
	if err := set.Parse(args); err != nil {
		return err
	}
	dir, err := workplace(o.dir, "power", &o.binary)
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	o.dir = dir
	return o.run()
}

// disk is an ext4 file system in a file.
type disk struct{ image, at string }

func newDisk(dir string) (*disk, error) {
	d := &disk{filepath.Join(dir, "disk.img"), filepath.Join(dir, "disk")}
	if err := os.Mkdir(d.at, 0o755); err != nil {
		return nil, err
	}
	f, err := os.Create(d.image)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(f.Truncate(128<<20), f.Close()); err != nil {
		return nil, err
	}
	if err := command("mkfs.ext4", "-q", d.image); err != nil {
		return nil, err
	}
	return d, d.mount()
}

func command(args ...string) error {
	if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, out)
	}
	return nil
}

func (d *disk) mount() error { return command("mount", "-o", "loop", d.image, d.at) }

func (d *disk) unmount() error {
	return eventually("the disk is let go", time.Minute, func() (bool, error) { return unix.Unmount(d.at, 0) == nil, nil })
}

// cut is a power cut: the file system stops at once, and what was not written to the disk is not written any more.
func (d *disk) cut() error {
	f, err := os.Open(d.at)
	if err != nil {
		return err
	}
	defer f.Close()
	const shutdown, withoutFlush = 0x8004587d, 2 // EXT4_IOC_SHUTDOWN, EXT4_GOING_FLAGS_NOLOGFLUSH
	return unix.IoctlSetPointerInt(int(f.Fd()), shutdown, withoutFlush)
}

func (o *powerOptions) run() (err error) {
	fmt.Println("seed", o.seed)
	disk, err := newDisk(o.dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, disk.unmount()) }()
	rename, err := kindNamed("rename")
	if err != nil {
		return err
	}
	p := &storm{
		stormOptions: &stormOptions{binary: o.binary, rate: o.rate}, c: stormCase{"power", []*kind{rename}},
		rnd: rand.New(rand.NewPCG(o.seed, 1)), logs: filepath.Join(o.dir, "logs"),
	}
	if err := os.Mkdir(p.logs, 0o755); err != nil {
		return err
	}
	if err := p.begin(o.dir, filepath.Join(disk.at, "state")); err != nil {
		return err
	}
	defer func() { err = p.over(err) }()
	for range o.cuts {
		<-time.After(time.Duration(p.rnd.IntN(1500)) * time.Millisecond)
		if err := p.cutOnce(disk); err != nil {
			return err
		}
	}
	a, err := p.settle()
	scrapes, broken := p.s.end()
	err = errors.Join(err, broken)
	if err == nil {
		fmt.Printf("%d lines, %d power cuts, %d rotations, %d scrapes: exact\n", a.Lines, o.cuts, p.turns, scrapes)
	}
	return err
}

// cutOnce cuts the power, and lets the log rotate before the machine is back.
func (p *storm) cutOnce(disk *disk) error {
	if err := disk.cut(); err != nil {
		return err
	}
	<-time.After(time.Duration(p.rnd.IntN(300)) * time.Millisecond) // for a moment errwatch lives on, and can write nothing
	p.d.kill()
	if p.rnd.IntN(2) == 0 {
		if err := p.rotate(20 * time.Millisecond); err != nil {
			return err
		}
	}
	if err := errors.Join(disk.unmount(), disk.mount()); err != nil {
		return err
	}
	return p.d.start()
}
