package privacy

// Byte classes for the finders.
func isDigit(c byte) bool { return c-'0' <= 9 }

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func isAlnum(c byte) bool { return isDigit(c) || isLetter(c) }

func isHex(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }

// isBase64 tells whether c belongs to base64's URL-safe alphabet.
func isBase64(c byte) bool { return isAlnum(c) || c == '-' || c == '_' }

// isToken68 tells whether c belongs to RFC 7235's token68, in which credentials are written.
func isToken68(c byte) bool {
	return isBase64(c) || c == '.' || c == '~' || c == '+' || c == '/' || c == '='
}

// run returns the end of the run of bytes of a class that starts at i.
func run(text []byte, i int, class func(byte) bool) int {
	for i < len(text) && class(text[i]) {
		i++
	}
	return i
}

// hexValue reads n hexadecimal digits at i, -1 where there are fewer.
func hexValue(s []byte, i, n int) rune {
	if i+n > len(s) {
		return -1
	}
	var v rune
	for _, c := range s[i : i+n] {
		if !isHex(c) {
			return -1
		}
		d := c - '0'
		if d > 9 {
			d = c | 0x20 - 'a' + 10
		}
		v = v<<4 | rune(d)
	}
	return v
}

// wordBefore tells whether a letter or digit stands before i, so that what begins there is the rest of a word. The end
// of an escape is no such letter: in `\n10.0.0.1`, `\u003cbob@example.com`, "%2010.0.0.1" and "ESC[31m10.0.0.1" the
// words begin behind n, 003c, 20 and m.
func wordBefore(text []byte, i int) bool {
	if i == 0 || !isAlnum(text[i-1]) {
		return false
	}
	for n := 1; n <= maxEscape && n < i; n++ {
		if !isAlnum(text[i-n]) && text[i-n] != ';' {
			return true
		}
		if escapeLen(text[i-n-1], text[i-n:i]) == n {
			return false
		}
	}
	return true
}

// maxEscape is how many bytes an escape may have behind the byte that opens it: "38;5;196m" is a colour.
const maxEscape = 16

// escapeLen is how many bytes at the start of s belong to the escape that before, the byte in front of it, opens; 0
// where that is none.
func escapeLen(before byte, s []byte) int {
	switch before {
	case '\\':
		switch s[0] {
		case 'n', 'r', 't', 'b', 'f', 'v', 'a':
			return 1
		case 'u':
			if hexValue(s, 1, 4) >= 0 {
				return 5
			}
		case 'x':
			if hexValue(s, 1, 2) >= 0 {
				return 3
			}
		}
	case '%':
		if hexValue(s, 0, 2) >= 0 {
			return 2
		}
	case '[':
		n := run(s, 0, func(c byte) bool { return isDigit(c) || c == ';' })
		if n < len(s) && s[n] == 'm' {
			return n + 1
		}
	}
	return 0
}
