package source

import (
	"bytes"

	"github.com/errwatch/errwatch/internal/line"
)

// piece is the next thing at the beginning of some data.
type piece struct {
	n    int             // its length; 0: nothing in the data is whole yet
	skip line.SkipReason // set: these bytes are no lines to hand on
}

// cut returns the next piece of data, which begins at the beginning of a line: a run of whole lines, one whole line
// that is longer than maxLine, or a run of NULs at the beginning of a line together with the first byte behind it in
// sight. What it makes of the bytes of a file does not depend on where data ends: with more data a run of lines grows,
// but no line changes.
func cut(data []byte, maxLine int) piece {
	if len(data) == 0 {
		return piece{}
	}
	if data[0] == 0 {
		if n := nulRun(data); n < len(data) {
			return piece{n, line.NulRun}
		}
		return piece{}
	}
	whole := bytes.LastIndexByte(data, '\n') + 1
	if whole == 0 {
		return piece{}
	}
	// A hole begins where a line begins with NUL: hand on what stands before it.
	// Looking for the NUL alone is far quicker, and there is hardly ever one.
	if z := bytes.IndexByte(data[:whole], 0); z > 0 {
		if i := bytes.Index(data[z-1:whole], []byte("\n\x00")); i >= 0 {
			whole = z + i
		}
	}
	if n := shortLines(data[:whole], maxLine); n > 0 {
		return piece{n: n}
	}
	return piece{bytes.IndexByte(data, '\n') + 1, line.TooLong}
}

// shortLines returns the length of the longest prefix of whole lines none of which is longer than maxLine. It looks
// for one line end in every maxLine bytes, so on ordinary lines it costs next to nothing.
func shortLines(whole []byte, maxLine int) int {
	pos := 0
	for pos < len(whole) {
		reach := min(len(whole), pos+maxLine+1)
		i := bytes.LastIndexByte(whole[pos:reach], '\n')
		if i < 0 {
			break
		}
		pos += i + 1
	}
	return pos
}

// nuls is a piece of a hole, never written to: comparing with it is as fast as memory is, and a hole may have gigabytes.
var nuls [4 << 10]byte

// nulRun returns how many NULs data begins with.
func nulRun(data []byte) int {
	n := 0
	for n+len(nuls) <= len(data) && bytes.Equal(data[n:n+len(nuls)], nuls[:]) {
		n += len(nuls)
	}
	for n < len(data) && data[n] == 0 {
		n++
	}
	return n
}

// trimNULs returns data without the NULs at its end.
func trimNULs(data []byte) []byte {
	n := len(data)
	for n >= len(nuls) && bytes.Equal(data[n-len(nuls):n], nuls[:]) {
		n -= len(nuls)
	}
	for n > 0 && data[n-1] == 0 {
		n--
	}
	return data[:n]
}

// rest says what the last bytes of a generation are when no more come: a line without its end, unless they are NULs
// or too long for a line.
func rest(data []byte, maxLine int) line.SkipReason {
	switch {
	case len(data) > maxLine:
		return line.TooLong
	case nulRun(data) == len(data):
		return line.NulRun
	}
	return ""
}
