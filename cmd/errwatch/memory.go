package main

import (
	"os"
	"runtime/debug"
)

// gcPercent is how much garbage may lie about before it is collected, in percent of what is in use. Neither lines nor
// events allocate, so collecting costs next to nothing while errwatch follows, and what is not collected is resident memory
// on somebody else's server.
const gcPercent = 50

// trim gives back what only the work so far has needed: the garbage of it, and the pages of the program that it ran
// through. The start alone touches nearly all of the program, 20 MiB, of which following needs a quarter. It takes some
// milliseconds.
func trim() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	debug.FreeOSMemory()
	dropProgram()
}
