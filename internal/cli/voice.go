package cli

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/term"
)

// voice is how errwatch speaks to a person: lower case, no full stop, what is wrong, then a hint line that says what
// to do. Everything goes through safe, since much of it comes from logs.
type voice struct {
	out, err     io.Writer
	outLive      bool // standard output is a terminal
	errLive      bool
	colourOut    bool
	colourErr    bool
	widthOfTerms int
}

func newVoice(w World) *voice {
	v := &voice{out: w.Stdout, err: w.Stderr, outLive: isTerminal(w.Stdout), errLive: isTerminal(w.Stderr)}
	plain := slices.ContainsFunc(w.Env, func(e string) bool { return strings.HasPrefix(e, "NO_COLOR=") && e != "NO_COLOR=" }) ||
		slices.Contains(w.Env, "TERM=dumb")
	v.colourOut, v.colourErr = v.outLive && !plain, v.errLive && !plain
	v.widthOfTerms = width(w.Stdout)
	return v
}

// width returns how many columns the terminal has; 80 where there is none.
func width(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if n, _, err := term.GetSize(int(f.Fd())); err == nil && n > 0 {
			return n
		}
	}
	return 80
}

func (v *voice) errorf(format string, args ...any) {
	fmt.Fprintf(v.err, "%s %s\n", paint(v.colourErr, red, "error:"), safe(fmt.Sprintf(format, args...)))
}

func (v *voice) warnf(format string, args ...any) {
	fmt.Fprintf(v.err, "%s %s\n", paint(v.colourErr, yellow, "warning:"), safe(fmt.Sprintf(format, args...)))
}

// hint tells what to do next; nothing where there is nothing to tell.
func (v *voice) hint(text string) {
	if text != "" {
		fmt.Fprintf(v.err, "hint: %s\n", safe(text))
	}
}

// sayf talks on standard error.
func (v *voice) sayf(format string, args ...any) {
	fmt.Fprintln(v.err, safe(fmt.Sprintf(format, args...)))
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

// safe makes text from outside harmless on a terminal: control characters (but for line feed and tab), the C1 range,
// characters that reverse or hide text, and bytes that are not UTF-8 are written as escapes.
func safe(s string) string {
	if !slices.ContainsFunc([]byte(s), func(b byte) bool { return b < ' ' && b != '\n' && b != '\t' || b >= 0x7f }) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case r == '\n' || r == '\t':
			b.WriteRune(r)
		case unicode.IsControl(r) && r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		case hidden(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteString(s[:n])
		}
		s = s[n:]
	}
	return b.String()
}

// hidden says whether a character is a control, or changes how its neighbours are shown: bidirectional overrides, zero
// width characters, line and paragraph separators, the byte order mark.
func hidden(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029'
}

// safeLine is safe for text that must stay on one line.
func safeLine(s string) string {
	return strings.NewReplacer("\n", `\n`, "\t", `\t`).Replace(safe(s))
}
