package cli

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/errwatch/errwatch/internal/app"
	"github.com/errwatch/errwatch/internal/config"
)

func newRun(w World, v *voice) *cobra.Command {
	c := &cobra.Command{
		Use:   "run [PATH…]",
		Short: "follow logs, export counters, fire rules",
		Long: `Follows logs, exports counters to Prometheus and fires threshold rules, until it is told to stop.

PATHs (files, folders = their *.log, quoted globs, - for standard input) replace the configured sources and form one
source named "default". SIGHUP, or POST /-/reload, reads the configuration again; SIGTERM reads to the end, commits,
and ends.`,
		Example: "  errwatch run /var/log/meeting\n  errwatch run -c /etc/errwatch/config.yaml",
		Args:    cobra.ArbitraryArgs,
	}
	var path string
	configFlag(c, &path)
	addSettingFlags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := checkPaths(args); err != nil {
			return err
		}
		flags := givenFlags(c)
		cfg, problems := load(w, path, flags, args)
		if len(cfg.Sources) == 0 && !config.HasErrors(problems) {
			return usage(errors.New("nothing to follow"), "give paths (errwatch run /var/log/meeting), or sources in a configuration file")
		}
		o := daemonOptions(w, v, cfg)
		o.Load = func() (*config.Config, []config.Problem) { return load(w, path, flags, args) }
		if v.errLive {
			o.Listening = v.tellPage
		}
		return explainRun(app.New(o).Run(c.Context()))
	}
	return c
}

// tellPage says where the page is.
func (v *voice) tellPage(page net.Addr) {
	v.sayf("page     http://%s/", page)
	v.sayf("metrics  http://%s/metrics", page)
}

// daemonOptions are what every daemon gets from the world; Load is the caller's.
func daemonOptions(w World, v *voice, cfg *config.Config) app.Options {
	return app.Options{
		Report:   v.problems,
		StateDir: config.StateDir(w.Env, w.Uid),
		Version:  version(),
		Instance: hostname(),
		Stdin:    w.Stdin,
		Reload:   w.Reload,
		Logger:   newLogger(v.err, cfg.Log),
		Now:      time.Now,
		Trim:     w.Trim,
	}
}

// explainRun turns the end of a daemon into an exit code.
func explainRun(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, app.ErrConfig):
		return told(exitUsage)
	case errors.Is(err, syscall.EADDRINUSE):
		return failed(err, "is errwatch running already? any free port: --listen 127.0.0.1:0")
	}
	return failed(err, "")
}

// newLogger logs to standard error.
func newLogger(w io.Writer, l config.Log) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(l.Level)) // the configuration has been checked
	o := &slog.HandlerOptions{Level: level}
	if l.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}

func hostname() string {
	name, err := os.Hostname()
	if err != nil {
		return fmt.Sprintf("pid-%d", os.Getpid())
	}
	return name
}
