//go:build unix && !linux

package source

import "time"

// nameWatches do not exist here: the clock sees new names.
type nameWatches struct{}

func (*nameWatches) want(string, time.Time, func(dir, name string)) {}
func (*nameWatches) rest(time.Time)                                 {}
func (*nameWatches) close()                                         {}
