//go:build !unix

package cli

import "os"

// infoSignals ask a long command where it is; this system has none.
func infoSignals() []os.Signal { return []os.Signal{unheard{}} }

// unheard keeps signal.Notify from taking an empty list for all signals.
type unheard struct{}

func (unheard) Signal()        {}
func (unheard) String() string { return "none" }
