//go:build unix && !linux

package source

import "errors"

func setFileUser(int) error { return errors.New("run this test as an ordinary user") }
