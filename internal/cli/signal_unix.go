//go:build unix

package cli

import (
	"os"
	"syscall"
)

// infoSignals ask a long command where it is.
func infoSignals() []os.Signal { return []os.Signal{syscall.SIGUSR1} }
