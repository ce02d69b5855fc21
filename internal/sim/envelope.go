package sim

import (
	"strconv"
	"time"
	"unicode/utf8"
)

// AppendDocker appends text, a line without its end, as Docker's json-file driver stores it: a JSON object with the
// text and its line end in "log", as one line.
func AppendDocker(dst, text []byte, stream string, at time.Time) []byte {
	dst = append(dst, `{"log":"`...)
	dst = appendEscaped(dst, text)
	dst = append(dst, `\n","stream":"`...)
	dst = append(dst, stream...)
	dst = append(dst, `","time":"`...)
	dst = at.UTC().AppendFormat(dst, time.RFC3339Nano)
	return append(dst, "\"}\n"...)
}

// AppendCRI appends text, a line without its end, as Kubernetes container runtimes store it. It is cut before each of
// the offsets in cuts, which ascend within 0..len(text): every part but the last is a record marked P for partial.
func AppendCRI(dst, text []byte, stream string, at time.Time, cuts ...int) []byte {
	from := 0
	for _, cut := range cuts {
		dst = appendCRIRecord(dst, text[from:cut], stream, at, 'P')
		from = cut
	}
	return appendCRIRecord(dst, text[from:], stream, at, 'F')
}

func appendCRIRecord(dst, text []byte, stream string, at time.Time, tag byte) []byte {
	dst = at.UTC().AppendFormat(dst, time.RFC3339Nano)
	dst = append(dst, ' ')
	dst = append(dst, stream...)
	dst = append(dst, ' ', tag, ' ')
	dst = append(dst, text...)
	return append(dst, '\n')
}

// appendEscaped appends text as the inside of a JSON string, escaping all that encoding/json and Docker do.
func appendEscaped(dst, text []byte) []byte {
	from := 0
	for i := 0; i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf {
			if plain(c) {
				i++
				continue
			}
			dst = append(dst, text[from:i]...)
			dst = appendEscape(dst, c)
			i++
			from = i
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && size == 1 {
			dst = append(dst, text[from:i]...)
			dst = append(dst, `\ufffd`...)
			from = i + size
		}
		i += size
	}
	return append(dst, text[from:]...)
}

func plain(c byte) bool {
	return c >= ' ' && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&'
}

func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	}
	dst = append(dst, `\u00`...)
	if c < 0x10 {
		dst = append(dst, '0')
	}
	return strconv.AppendUint(dst, uint64(c), 16)
}
