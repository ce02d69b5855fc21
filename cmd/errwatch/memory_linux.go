package main

import (
	"bytes"
	"fmt"
	"os"
	"reflect"

	"golang.org/x/sys/unix"
)

// dropProgram takes the pages of the program out of the resident set. They stay in the system's page cache, and those that
// are needed again come back from there, 64 KiB at a time. Where anything about this does not work nothing happens.
func dropProgram() {
	maps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		return
	}
	for _, s := range untouched(maps, reflect.ValueOf(dropProgram).Pointer()) {
		_, _, _ = unix.Syscall(unix.SYS_MADVISE, s.from, s.to-s.from, unix.MADV_DONTNEED)
	}
}

// span is a stretch of the address space.
type span struct{ from, to uintptr }

// untouched returns the mappings of the file that code lies in, an address, which hold just what is in that file: they
// cannot be written, and no page of them was, as those are that a dynamic linker or a debugger has changed. maps is the
// text of /proc/self/smaps.
func untouched(maps []byte, code uintptr) []span {
	type mapping struct {
		span
		path  string
		clean bool
	}
	var all []mapping
	program := ""
	for l := range bytes.Lines(maps) {
		var (
			s                           span
			perms, offset, device, path string
			inode, kib                  uint64
		)
		if n, _ := fmt.Sscanf(string(l), "%x-%x %s %s %s %d %s", &s.from, &s.to, &perms, &offset, &device, &inode, &path); n == 7 {
			all = append(all, mapping{s, path, false})
			if s.from <= code && code < s.to {
				program = path
			}
			if perms != "r-xp" && perms != "r--p" {
				all[len(all)-1].path = ""
			}
		} else if n, _ := fmt.Sscanf(string(l), "%x-%x ", &s.from, &s.to); n == 2 {
			all = append(all, mapping{}) // of no file
		} else if n, _ := fmt.Sscanf(string(l), "Anonymous: %d kB", &kib); n == 1 && len(all) > 0 {
			all[len(all)-1].clean = kib == 0
		}
	}
	var out []span
	for _, m := range all {
		if m.clean && program != "" && m.path == program {
			out = append(out, m.span)
		}
	}
	return out
}
