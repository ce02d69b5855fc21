package main

import (
	"bytes"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
)

// process is what a script has started: one at a time.
type process struct {
	cmd      *exec.Cmd
	out, err output
	done     chan struct{} // closed at its end
	ended    error
	stdin    io.WriteCloser
}

type processKey struct{}

// output is what a process has written so far.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
	new chan struct{} // has room for one: something was written
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	select {
	case o.new <- struct{}{}:
	default:
	}
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

func start(ts *testscript.TestScript, args []string) error {
	p := ts.Value(processKey{}).(*process)
	if p.cmd != nil {
		return fmt.Errorf("%s still runs", p.cmd.Path)
	}
	want, err := regexp.Compile("(?m)" + args[0])
	if err != nil {
		return err
	}
	path, err := exec.LookPath(args[1])
	if err != nil {
		return err
	}
	*p = process{cmd: exec.Command(path, args[2:]...), done: make(chan struct{})}
	stdin, err := p.cmd.StdinPipe()
	if err != nil {
		return err
	}
	p.stdin = stdin
	p.out.new, p.err.new = make(chan struct{}, 1), make(chan struct{}, 1)
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = ts.MkAbs("."), &p.out, &p.err
	p.cmd.Env = environment(ts)
	if err := p.cmd.Start(); err != nil {
		return err
	}
	ts.Defer(func() { p.kill() })
	go func() {
		p.ended = p.cmd.Wait()
		close(p.done)
	}()
	if args[0] == "" {
		return nil
	}
	found, err := p.await(&p.err, want)
	if err != nil {
		return err
	}
	for i, name := range want.SubexpNames() {
		if name != "" {
			ts.Setenv(name, found[i])
		}
	}
	return nil
}

// environment is what a started program gets of the script's.
func environment(ts *testscript.TestScript) []string {
	var env []string
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "TZ", "GORACE", "NO_COLOR", systemConfigVariable} {
		env = append(env, name+"="+ts.Getenv(name))
	}
	return env
}

// kill ends what a failed script has left behind.
func (p *process) kill() {
	if p.cmd != nil {
		p.cmd.Process.Kill()
		<-p.done
	}
}

// await waits until what was written matches.
func (p *process) await(o *output, want *regexp.Regexp) ([]string, error) {
	for {
		ended := false
		select {
		case <-o.new:
		case <-p.done:
			ended = true
		}
		if found := want.FindStringSubmatch(o.String()); found != nil {
			return found, nil
		}
		if ended {
			return nil, fmt.Errorf("%s ended without %q: %v\n%s\n%s", p.cmd.Path, want, p.ended, p.out.String(), p.err.String())
		}
	}
}

func until(ts *testscript.TestScript, args []string) error {
	p := ts.Value(processKey{}).(*process)
	return p.awaitText(&p.out, args)
}

func logged(ts *testscript.TestScript, args []string) error {
	p := ts.Value(processKey{}).(*process)
	return p.awaitText(&p.err, args)
}

func (p *process) awaitText(o *output, args []string) error {
	want, err := regexp.Compile("(?m)" + strings.Join(args, " "))
	if err != nil {
		return err
	}
	if want.MatchString(o.String()) {
		return nil
	}
	_, err = p.await(o, want)
	return err
}

// pour writes so many lines to the standard input of what was started. It is many times what a pipe holds: when it
// returns, the program has begun to read.
func pour(ts *testscript.TestScript, args []string) error {
	n, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	_, err = io.WriteString(ts.Value(processKey{}).(*process).stdin, strings.Repeat(args[1]+"\n", n))
	return err
}

// finish closes the standard input of what was started, and waits for its end.
func finish(ts *testscript.TestScript, args []string) error {
	p := ts.Value(processKey{}).(*process)
	want, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	if err := p.stdin.Close(); err != nil {
		return err
	}
	return p.finished(ts, want)
}

func send(ts *testscript.TestScript, args []string) error {
	return ts.Value(processKey{}).(*process).cmd.Process.Signal(signals[args[0]])
}

func end(ts *testscript.TestScript, args []string) error {
	p := ts.Value(processKey{}).(*process)
	want, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	if err := p.cmd.Process.Signal(signals[args[0]]); err != nil {
		return err
	}
	if args[0] == "KILL" {
		want = killed
	}
	return p.finished(ts, want)
}

const killed = -1 // the exit code of what a signal has ended

// finished waits for the end, hands over what was written, and checks the exit code.
func (p *process) finished(ts *testscript.TestScript, want int) error {
	<-p.done
	p.cmd = nil
	for _, x := range []struct {
		to   io.Writer
		from *output
	}{{ts.Stdout(), &p.out}, {ts.Stderr(), &p.err}} {
		if _, err := io.WriteString(x.to, x.from.String()); err != nil {
			return err
		}
	}
	return checkExit(p.ended, want)
}

// runOnTerminal runs a program whose three streams are a terminal.
func runOnTerminal(ts *testscript.TestScript, args []string) error {
	columns, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	want, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	path, err := exec.LookPath(args[2])
	if err != nil {
		return err
	}
	master, slave, err := openTerminal(columns)
	if err != nil {
		return err
	}
	defer master.Close()
	cmd := exec.Command(path, args[3:]...)
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = ts.MkAbs("."), slave, slave, slave
	cmd.Env = append(environment(ts), "TERM=xterm")
	if err := cmd.Start(); err != nil {
		return err
	}
	slave.Close()
	var shown bytes.Buffer
	_, _ = io.Copy(&shown, master) // ends in an error when the last program has closed the terminal
	if _, err := io.WriteString(ts.Stdout(), strings.ReplaceAll(shown.String(), "\r\n", "\n")); err != nil {
		return err
	}
	return checkExit(cmd.Wait(), want)
}
