//go:build linux

package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// self is this program, which is also the writer and some of the peers.
func self() string {
	path, err := os.Executable()
	if err != nil {
		return os.Args[0]
	}
	return path
}

// withParent ends a child when this process ends, however it ends.
func withParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }

// program is a child whose talk goes to a file.
type program struct {
	cmd  *exec.Cmd
	talk *os.File
}

// launch starts a program; what it says is appended to a file.
func launch(talk string, args ...string) (*program, error) {
	f, err := os.OpenFile(talk, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	p := &program{cmd: exec.Command(args[0], args[1:]...), talk: f}
	p.cmd.Stdout, p.cmd.Stderr, p.cmd.SysProcAttr = f, f, withParent()
	if err := p.cmd.Start(); err != nil {
		f.Close()
		return nil, err
	}
	return p, nil
}

// end sends a signal and waits for the end.
func (p *program) end(s os.Signal) error {
	_ = p.cmd.Process.Signal(s) // it may have ended
	err := p.cmd.Wait()
	p.talk.Close()
	return err
}

func (p *program) pid() int { return p.cmd.Process.Pid }

// cpu is the time that a process has computed so far. The kernel counts it in hundredths of a second.
func cpu(pid int) (time.Duration, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(raw), ") ")
	fields := strings.Fields(rest)
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	if err1 != nil || err2 != nil {
		return 0, fmt.Errorf("unreadable /proc/%d/stat", pid)
	}
	return time.Duration(user+system) * (time.Second / 100), nil
}

// memory is the resident set of a process in bytes: VmRSS now, or VmHWM, the most that it ever was.
func memory(pid int, which string) (int64, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, rest, ok := strings.Cut(string(raw), which+":")
	if !ok {
		return 0, fmt.Errorf("no %s of process %d", which, pid)
	}
	n, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	return n << 10, err
}

// descriptors is how many files a process has open.
func descriptors(pid int) (int, error) {
	names, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	return len(names), err
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// workplace makes a folder of its own for a subcommand below the folder under, and builds an errwatch there where binary
// names none.
func workplace(under, command string, binary *string) (string, error) {
	dir, err := os.MkdirTemp(under, "errwatch-"+command+"-")
	if err != nil || *binary != "" {
		return dir, err
	}
	if *binary, err = build(dir); err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	return dir, nil
}

// build compiles errwatch as it is released.
func build(dir string) (string, error) {
	out := filepath.Join(dir, "errwatch")
	c := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", out, "github.com/errwatch/errwatch/cmd/errwatch")
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	c.Stderr = os.Stderr
	return out, c.Run()
}

// eventually asks again and again until ok or an error, for at most so long.
func eventually(what string, within time.Duration, ok func() (bool, error)) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(within); time.Now().Before(end); <-tick.C {
		if done, err := ok(); done || err != nil {
			return err
		}
	}
	return fmt.Errorf("waited %s in vain: %s", within, what)
}
