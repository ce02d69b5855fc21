package logfmt

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// AppendUnescaped appends the text of a quoted value's raw bytes to dst: JSON's escapes, and Go's \a \v \xHH and
// \UHHHHHHHH, which strconv.Quote writes. Anything else behind a backslash stays as it is, lone surrogates become
// U+FFFD. The result is never longer than raw. raw must not overlap dst's free space.
func AppendUnescaped(dst, raw []byte) []byte {
	for {
		at := bytes.IndexByte(raw, '\\')
		if at < 0 {
			return append(dst, raw...)
		}
		dst = append(dst, raw[:at]...)
		raw = raw[at:]
		n := 0
		if dst, n = appendEscape(dst, raw); n == 0 {
			dst = append(dst, '\\')
			n = 1
		}
		raw = raw[n:]
	}
}

// appendEscape appends what the escape sequence at the start of s stands for; n is its length, 0 where it is none.
func appendEscape(dst, s []byte) (dst2 []byte, n int) {
	if len(s) < 2 {
		return dst, 0
	}
	if at := bytes.IndexByte([]byte(`"\/abfnrtv`), s[1]); at >= 0 {
		return append(dst, "\"\\/\a\b\f\n\r\t\v"[at]), 2
	}
	switch s[1] {
	case 'x':
		if v, ok := hex(s[2:], 2); ok {
			return append(dst, byte(v)), 4
		}
	case 'U':
		if r, ok := hex(s[2:], 8); ok && utf8.ValidRune(r) {
			return utf8.AppendRune(dst, r), 10
		}
	case 'u':
		return appendUnicode(dst, s)
	}
	return dst, 0
}

func appendUnicode(dst, s []byte) ([]byte, int) {
	r, ok := hex(s[2:], 4)
	if !ok {
		return dst, 0
	}
	n := 6
	if utf16.IsSurrogate(r) {
		first := r
		r = utf8.RuneError
		if len(s) >= 12 && s[6] == '\\' && s[7] == 'u' {
			if low, ok := hex(s[8:], 4); ok {
				if pair := utf16.DecodeRune(first, low); pair != utf8.RuneError {
					r, n = pair, 12
				}
			}
		}
	}
	return utf8.AppendRune(dst, r), n
}

// hex reads n hexadecimal digits at the start of s.
func hex(s []byte, n int) (rune, bool) {
	if len(s) < n {
		return 0, false
	}
	var r rune
	for _, c := range s[:n] {
		switch {
		case c-'0' <= 9:
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}
