// Command errwatch follows the logs of meeting servers, counts their error codes, exports the counts to Prometheus, and
// fires threshold rules.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/errwatch/errwatch/internal/cli"
)

func main() { os.Exit(run("")) }

// run is where the world ends: below it nobody reads os.Args, the environment or signals.
func run(systemConfig string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)

	return cli.Main(ctx, cli.World{
		Args:         os.Args[1:],
		Env:          os.Environ(),
		Stdin:        os.Stdin,
		Stdout:       os.Stdout,
		Stderr:       os.Stderr,
		Reload:       hup,
		Uid:          os.Getuid(),
		SystemConfig: systemConfig,
		Trim:         trim,
	})
}
