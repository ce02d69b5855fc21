package main

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/rogpeppe/go-internal/testscript"
)

// patience is how long a script waits for what must happen. It is only ever used up by a failure.
const patience = 30 * time.Second

type scriptCommand = func(ts *testscript.TestScript, neg bool, args []string)

// commands are what the scripts can do beside the usual:
//
//	exits CODE PROGRAM ARGS…    runs a program, which must end with this exit code
//	start REGEX PROGRAM ARGS…   starts a program and waits for a line of its standard error; named groups become variables
//	until REGEX                 waits until the standard output of what was started matches
//	logged REGEX                the same for its standard error
//	pour N LINE                 writes so many lines to its standard input
//	finish CODE                 closes its standard input, waits for its end, and checks its exit code; stdout and stderr are its
//	send SIGNAL                 sends it HUP, USR1, …
//	end SIGNAL CODE             sends a signal, waits for its end, and checks its exit code; stdout and stderr are its
//	get URL [REGEX]             GETs a URL, again and again until the body matches; stdout is the body
//	post URL STATUS             POSTs, and checks the status; stdout is the body
//	append FILE TEXT            appends a line
//	raw FILE TEXT               writes TEXT, and nothing else; both may have Go's escapes
//	gzip FROM TO, zstd FROM TO  compresses
//	cut FILE BYTES              drops so many bytes from the end of a file
//	tty COLUMNS CODE PROGRAM…   the same as exits, on a terminal so wide; stdout is all that the terminal got
func commands() map[string]scriptCommand {
	plain := map[string]func(ts *testscript.TestScript, args []string) error{
		"exits": exits, "start": start, "until": until, "logged": logged, "send": send, "pour": pour, "finish": finish, "end": end, "get": get, "post": post,
		"append": appendLine, "raw": raw, "gzip": gzipFile, "zstd": zstdFile, "cut": cut, "tty": runOnTerminal,
	}
	out := map[string]scriptCommand{}
	for name, f := range plain {
		out[name] = func(ts *testscript.TestScript, neg bool, args []string) {
			if neg {
				ts.Fatalf("%s cannot be negated", name)
			}
			ts.Check(f(ts, args))
		}
	}
	return out
}

func condition(name string) (bool, error) {
	if name == "root" {
		return os.Getuid() == 0, nil
	}
	return false, fmt.Errorf("unknown condition %q", name)
}

func exits(ts *testscript.TestScript, args []string) error {
	want, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	return checkExit(ts.Exec(args[1], args[2:]...), want)
}

func checkExit(err error, want int) error {
	got := 0
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("exit code %d, want %d", got, want)
	}
	return nil
}

// get asks until the answer is the wanted one. What is asked is the program's own event: /metrics answers when what was
// read is committed.
func get(ts *testscript.TestScript, args []string) error {
	want, err := regexp.Compile("(?m)" + strings.Join(args[1:], " "))
	if err != nil {
		return err
	}
	var body string
	return poll(func() error {
		body, err = request(http.MethodGet, args[0], http.StatusOK)
		if err == nil && !want.MatchString(body) {
			err = fmt.Errorf("%s does not match %q:\n%s", args[0], want, body)
		}
		if err == nil {
			_, err = io.WriteString(ts.Stdout(), body)
		}
		return err
	})
}

func post(ts *testscript.TestScript, args []string) error {
	status, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	body, err := request(http.MethodPost, args[0], status)
	if err != nil {
		return err
	}
	_, err = io.WriteString(ts.Stdout(), body)
	return err
}

func request(method, url string, status int) (string, error) {
	req, err := http.NewRequest(method, url, nil)
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != status {
		err = fmt.Errorf("%s %s: %s, want %d\n%s", method, url, resp.Status, status, body)
	}
	return string(body), err
}

// poll calls f until it succeeds, and returns its last error when patience has ended.
func poll(f func() error) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	end := time.NewTimer(patience)
	defer end.Stop()
	for {
		err := f()
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-end.C:
			return err
		}
	}
}

func appendLine(ts *testscript.TestScript, args []string) error {
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(f, args[1])
	return errors.Join(err, f.Close())
}

func raw(ts *testscript.TestScript, args []string) error {
	for i := range args {
		text, err := strconv.Unquote(`"` + args[i] + `"`)
		if err != nil {
			return fmt.Errorf("%s: %w", args[i], err)
		}
		args[i] = text
	}
	return os.WriteFile(ts.MkAbs(args[0]), []byte(args[1]), 0o644)
}

func gzipFile(ts *testscript.TestScript, args []string) error {
	return compress(ts, args, func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil })
}

func zstdFile(ts *testscript.TestScript, args []string) error {
	return compress(ts, args, func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) })
}

func compress(ts *testscript.TestScript, args []string, with func(io.Writer) (io.WriteCloser, error)) error {
	f, err := os.Create(ts.MkAbs(args[1]))
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := with(f)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(z, ts.ReadFile(args[0])); err != nil {
		return err
	}
	return z.Close()
}

func cut(ts *testscript.TestScript, args []string) error {
	n, err := strconv.ParseInt(args[1], 10, 64)
	if err != nil {
		return err
	}
	info, err := os.Stat(ts.MkAbs(args[0]))
	if err != nil {
		return err
	}
	return os.Truncate(ts.MkAbs(args[0]), info.Size()-n)
}

var signals = map[string]os.Signal{
	"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "KILL": syscall.SIGKILL, "HUP": syscall.SIGHUP, "USR1": syscall.SIGUSR1,
}
