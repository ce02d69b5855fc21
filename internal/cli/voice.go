package cli

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"golang.org/x/term"
)

// voice is how errwatch speaks to a person: lower case, no full stop, what is wrong, then a hint line that says what
// to do. Everything goes through safe, since much of it comes from logs.
type voice struct {
	out, err   io.Writer
	outLive    bool // standard output is a terminal
	errLive    bool
	colourOut  bool
	colourErr  bool
	outWidth   int // columns; 0 where it is no terminal: then nothing is cut or wrapped
	errWidth   int
	stdinTyped bool // standard input is a terminal
}

func newVoice(w World) *voice {
	v := &voice{
		out: w.Stdout, err: w.Stderr, outLive: isTerminal(w.Stdout), errLive: isTerminal(w.Stderr),
		outWidth: width(w.Stdout), errWidth: width(w.Stderr), stdinTyped: isTerminal(w.Stdin),
	}
	plain := slices.ContainsFunc(w.Env, func(e string) bool { return strings.HasPrefix(e, "NO_COLOR=") && e != "NO_COLOR=" }) ||
		slices.Contains(w.Env, "TERM=dumb")
	v.colourOut, v.colourErr = v.outLive && !plain, v.errLive && !plain
	return v
}

// isTerminal says whether x, a stream, is a terminal.
func isTerminal(x any) bool {
	f, ok := x.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// width returns how many columns the terminal has; 0 where w is none.
func width(w io.Writer) int {
	if !isTerminal(w) {
		return 0
	}
	n, _, err := term.GetSize(int(w.(*os.File).Fd()))
	if err != nil || n <= 0 {
		return 80
	}
	return n
}

func (v *voice) errorf(format string, args ...any) {
	v.labelled(red, "error:", fmt.Sprintf(format, args...))
}

// failure tells an error; one that joins several, each on a line of its own.
func (v *voice) failure(err error) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			v.failure(e)
		}
		return
	}
	v.errorf("%s", err)
}

func (v *voice) warnf(format string, args ...any) {
	v.labelled(yellow, "warning:", fmt.Sprintf(format, args...))
}

// hint tells what to do next; nothing where there is nothing to tell.
func (v *voice) hint(text string) {
	if text != "" {
		v.labelled(faint, "hint:", text)
	}
}

// labelled writes one sentence. A terminal gets it wrapped at its width, the rest of it a little to the right.
func (v *voice) labelled(colour, label, text string) {
	for i, line := range wrap(label+" "+safeLine(text), v.errWidth-2) {
		if i == 0 {
			fmt.Fprintf(v.err, "%s%s\n", paint(v.colourErr, colour, label), strings.TrimPrefix(line, label))
		} else {
			fmt.Fprintf(v.err, "  %s\n", line)
		}
	}
}

// sayf talks on standard error, one line.
func (v *voice) sayf(format string, args ...any) {
	fmt.Fprintln(v.err, safeLine(fmt.Sprintf(format, args...)))
}

// The SGR sequences in use.
const (
	red    = "31"
	yellow = "33"
	bold   = "1"
	faint  = "2"
)

func paint(on bool, sgr, text string) string {
	if !on {
		return text
	}
	return "\x1b[" + sgr + "m" + text + "\x1b[0m"
}
