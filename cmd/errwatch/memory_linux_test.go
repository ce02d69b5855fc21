package main

import (
	"slices"
	"testing"
)

const someMaps = `00400000-00500000 r-xp 00000000 fe:00 17                         /usr/bin/errwatch
Rss:                 900 kB
Anonymous:             0 kB
VmFlags: rd ex mr mw me
00500000-00600000 r--p 00100000 fe:00 17                         /usr/bin/errwatch
Rss:                 900 kB
Anonymous:             0 kB
00600000-00680000 r--p 00200000 fe:00 17                         /usr/bin/errwatch
Rss:                 500 kB
Anonymous:           500 kB
00680000-00700000 rw-p 00200000 fe:00 17                         /usr/bin/errwatch
Anonymous:             0 kB
c000000000-c000400000 rw-p 00000000 00:00 0
Anonymous:             0 kB
7f0000000000-7f0000100000 r--p 00000000 fe:00 18                 /usr/lib/libc.so.6
Anonymous:             0 kB
7fff00000000-7fff00001000 r-xp 00000000 00:00 0                  [vdso]
Anonymous:             0 kB
`

// Only what the file holds just so may be dropped: what was written would be lost.
func TestUntouched(t *testing.T) {
	t.Parallel()
	want := []span{{0x400000, 0x500000}, {0x500000, 0x600000}}
	if got := untouched([]byte(someMaps), 0x400010); !slices.Equal(got, want) {
		t.Errorf("untouched mappings: %x, want %x", got, want)
	}
	if got := untouched([]byte(someMaps), 0x10); got != nil {
		t.Errorf("code that lies in no file: %x", got)
	}
}

// The program goes on as if nothing had happened.
func TestTrim(t *testing.T) {
	t.Parallel()
	trim()
}
