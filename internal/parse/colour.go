package parse

import "bytes"

// Loggers that believe they write to a terminal colour their lines: "\x1b[31mcode\x1b[0m=4009". The colours stand between
// signs that belong together, so they are taken out before anything is matched.

// escape starts a control sequence (ECMA-48, "CSI").
const escape = "\x1b["

// plain returns text without control sequences: text itself where there are none, else a copy in the arena.
func (st *Stream) plain(text []byte) []byte {
	if !bytes.Contains(text, []byte(escape)) {
		return text
	}
	from := len(st.arena)
	st.arena = appendPlain(st.arena, text)
	return st.arena[from:len(st.arena):len(st.arena)]
}

// appendPlain appends text without control sequences; dst may be the start of text itself. One that does not end is text.
func appendPlain(dst, text []byte) []byte {
	for {
		i := bytes.Index(text, []byte(escape))
		if i < 0 {
			return append(dst, text...)
		}
		n := sequenceLen(text[i:])
		if n == 0 {
			n = len(escape)
			dst = append(dst, text[:i+n]...)
		} else {
			dst = append(dst, text[:i]...)
		}
		text = text[i+n:]
	}
}

// sequenceLen is the length of the control sequence at the start of b: parameters, intermediate bytes, one final byte.
func sequenceLen(b []byte) int {
	for i := len(escape); i < len(b); i++ {
		switch c := b[i]; {
		case c >= 0x40 && c <= 0x7e:
			return i + 1
		case c < 0x20 || c > 0x7e:
			return 0
		}
	}
	return 0
}
