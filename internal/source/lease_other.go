//go:build unix && !linux

package source

import "os"

type leaseState uint8

const (
	leaseUnknown leaseState = iota
	leaseHeld
	leaseFree
)

// askLease cannot be answered here: a rotated file is kept open for Options.RotateWait instead.
func askLease(*os.File) leaseState { return leaseUnknown }
