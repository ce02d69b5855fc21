// Package cli is the command line: commands, flags, exit codes, and how errwatch speaks. Data goes to standard output,
// talk goes to standard error.
package cli

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/spf13/cobra"
)

// Exit codes. They are an interface: scripts and service managers rely on them.
const (
	exitDone        = 0 // also where an interruption is the way to end: run, demo, explain --follow
	exitFailed      = 1 // the work failed: a failed test, an unreadable file
	exitUsage       = 2 // wrong usage or configuration
	exitInterrupted = 130
)

// World is everything outside the process that a command may touch.
type World struct {
	Args   []string // without the program's name
	Env    []string // KEY=value
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
	Reload <-chan os.Signal // a value asks the daemon to reload
	Uid    int

	SystemConfig string // where the configuration is looked for when nobody names one, instead of config.SystemPath

	Trim func() // gives memory back that only the work so far has needed; may be nil
}

// Main runs one command and returns its exit code. It ends early, in good order, when ctx does.
func Main(ctx context.Context, w World) int {
	v := newVoice(w)
	root := newRoot(w, v)
	root.SetArgs(w.Args)
	root.SetIn(w.Stdin)
	root.SetOut(w.Stdout)
	root.SetErr(w.Stderr)
	return v.finish(ctx, root.ExecuteContext(ctx))
}

// failure is an error that knows its exit code. A silent one has already been told.
type failure struct {
	code   int
	err    error
	hint   string
	silent bool
}

func (f *failure) Error() string {
	if f.err == nil {
		return ""
	}
	return f.err.Error()
}

func (f *failure) Unwrap() error { return f.err }

// usage marks an error as the caller's.
func usage(err error, hint string) error { return &failure{code: exitUsage, err: err, hint: hint} }

// failed marks an error as one of the work.
func failed(err error, hint string) error { return &failure{code: exitFailed, err: err, hint: hint} }

// told is an exit code whose reason stands on standard error already.
func told(code int) error { return &failure{code: code, silent: true} }

// finish tells an error, if there is one, and returns the exit code.
func (v *voice) finish(ctx context.Context, err error) int {
	var f *failure
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &f):
		if !f.silent {
			v.failure(f.err)
			v.hint(f.hint)
		}
		return f.code
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		v.errorf("interrupted")
		return exitInterrupted
	}
	v.failure(err)
	return exitFailed
}

func newRoot(w World, v *voice) *cobra.Command {
	root := &cobra.Command{
		Use:   "errwatch",
		Short: "follow meeting-server logs, count their error codes, alert on them",
		Long: `errwatch follows the logs of meeting servers, counts their error codes, exports the counts to Prometheus, and
fires threshold rules. It needs no configuration to begin.`,
		Example: `  errwatch demo
  errwatch scan /var/log/meeting
  errwatch run /var/log/meeting`,
		Version:       version(),
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.Args = func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		return unknownCommand(root, args[0])
	}
	root.SetHelpFunc(func(c *cobra.Command, _ []string) { _ = v.showHelp(c) }) // nobody is left to tell that help cannot be written
	root.SetVersionTemplate(versionLine())
	root.SetFlagErrorFunc(flagError)
	root.PersistentFlags().BoolP("help", "h", false, "show this help")
	root.Flags().Bool("version", false, "show the version")
	root.AddCommand(
		newRun(w, v), newScan(w, v), newReplay(w, v), newTest(w, v), newCheck(w, v), newExplain(w, v), newCodes(w, v), newState(w, v), newDemo(w, v),
		newVersion(v), newHelp(root),
	)
	addCompletion(root)
	for _, c := range root.Commands() {
		wrapArgs(c)
	}
	return root
}
