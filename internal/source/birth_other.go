//go:build unix && !linux

package source

import "os"

func birthTime(*os.File) int64 { return 0 }

func birthAt(string) int64 { return 0 }
