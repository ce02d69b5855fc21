package jsonscan

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// AppendUnescaped appends the text of a string's raw bytes to dst. Invalid escapes stay as they are, lone surrogates
// become U+FFFD. The result is never longer than raw. raw must not overlap dst's free space.
func AppendUnescaped(dst, raw []byte) []byte {
	for {
		at := bytes.IndexByte(raw, '\\')
		if at < 0 {
			return append(dst, raw...)
		}
		dst = append(dst, raw[:at]...)
		r, n := unescape(raw[at:])
		if n == 0 {
			dst = append(dst, '\\')
			raw = raw[at+1:]
			continue
		}
		dst = utf8.AppendRune(dst, r)
		raw = raw[at+n:]
	}
}

// unescape reads the escape sequence at the start of s, which begins with a backslash; n is its length, 0 where it is
// none. The two halves of a surrogate pair are one sequence.
func unescape(s []byte) (r rune, n int) {
	if len(s) < 2 {
		return 0, 0
	}
	switch s[1] {
	case '"', '\\', '/':
		return rune(s[1]), 2
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	case 'u':
		return unescapeUnicode(s)
	}
	return 0, 0
}

func unescapeUnicode(s []byte) (rune, int) {
	r, ok := hex4(s[2:])
	if !ok {
		return 0, 0
	}
	if !utf16.IsSurrogate(r) {
		return r, 6
	}
	if len(s) >= 12 && s[6] == '\\' && s[7] == 'u' {
		if low, ok := hex4(s[8:]); ok {
			if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
				return pair, 12
			}
		}
	}
	return utf8.RuneError, 6
}

func hex4(s []byte) (rune, bool) {
	if len(s) < 4 {
		return 0, false
	}
	var r rune
	for _, c := range s[:4] {
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

// sameKey tells whether an object's raw key is the wanted one.
func sameKey(raw []byte, escaped bool, want string) bool {
	if !escaped {
		return string(raw) == want
	}
	var one [utf8.UTFMax]byte
	for len(raw) > 0 {
		part, n := raw[:1], 1
		if raw[0] == '\\' {
			if r, size := unescape(raw); size > 0 {
				part, n = utf8.AppendRune(one[:0], r), size
			}
		}
		if len(want) < len(part) || want[:len(part)] != string(part) {
			return false
		}
		want, raw = want[len(part):], raw[n:]
	}
	return want == ""
}
