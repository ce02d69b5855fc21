package source

import "golang.org/x/sys/unix"

// setFileUser changes as whom the calling thread opens files.
func setFileUser(uid int) error { return unix.Setfsuid(uid) }
