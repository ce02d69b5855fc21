package parse

import (
	"bytes"
	"unicode/utf8"
)

// In an incident every line is an error, and what a regex costs on each decides how long it takes to get through them. So
// the regexes of the most common built-in shapes are also written by hand. A regex stays the definition: it is what
// explain and check show, and a test holds the two against each other on random texts.

// finder finds the first match of a regex in text at or behind from, as capture.Machine.Find does; it writes the borders
// to at, which has room for all of them and holds -1 everywhere.
type finder func(text []byte, from int, at []int) bool

// handWritten returns the finder of a built-in pattern's regex, nil where it has none.
func handWritten(regex string) finder {
	switch regex {
	case videosdkExpr:
		return findVideoSDK
	case onErrorExpr:
		return findOnError
	case nameExpr:
		return findName
	case codeKeyExpr:
		return findCodeKey
	}
	return nil
}

// find is st.mach.Find for the regex of a pattern.
func (st *Stream) find(c *compiled, text []byte, from int) []int {
	if c.byHand == nil {
		return st.mach.Find(c.re, text, from)
	}
	st.work += int64(len(text) - from)
	at := st.borders[:2*len(c.re.Names())]
	for i := range at {
		at[i] = -1
	}
	if !c.byHand(text, from, at) {
		return nil
	}
	st.work -= int64(len(text) - at[1])
	return at
}

// findVideoSDK is videosdkExpr.
func findVideoSDK(text []byte, from int, at []int) bool {
	const start = "VIDEOSDK ERROR"
	for {
		i := bytes.Index(text[from:], []byte(start))
		if i < 0 {
			return false
		}
		from += i
		if end := colons(text, from+len(start)); end > 0 && codeAt(text, end) {
			at[0], at[2], at[3] = from, end, end+4
			at[1] = videoSDKText(text, end+4, at)
			return true
		}
		from += len(start)
	}
}

// videoSDKText reads the name and the message behind a code, each of which may be missing, and returns where the match ends.
func videoSDKText(text []byte, end int, at []int) int {
	if i := colons(text, end); i > 0 && i < len(text) && text[i]-'A' <= 'Z'-'A' {
		if j := nameEnd(text, i); j >= i+minName {
			at[4], at[5], end = i, j, j
		}
	}
	i := colons(text, end)
	if i < 0 {
		return end
	}
	j := i
	for j < len(text) && text[j] != '"' && text[j] != '\r' && text[j] != '\n' {
		j++
	}
	for j > i && (text[j-1] == '\\' || isBlank(text[j-1])) {
		j--
	}
	if j > i {
		at[6], at[7], end = i, j, j
	}
	return end
}

// colons returns the position behind `\s*::\s*` at i, -1 where something else stands there.
func colons(text []byte, i int) int {
	i = skipSpace(text, i)
	if i+2 > len(text) || text[i] != ':' || text[i+1] != ':' {
		return -1
	}
	return skipSpace(text, i+2)
}

// nameEnd is the end of the capitals, digits and '_' from i on.
func nameEnd(text []byte, i int) int {
	for i < len(text) && (text[i]-'A' <= 'Z'-'A' || isDigit(text[i]) || text[i] == '_') {
		i++
	}
	return i
}

// codeAt tells whether `\d{4}\b` stands at i.
func codeAt(text []byte, i int) bool {
	return i+4 <= len(text) && isDigit(text[i]) && isDigit(text[i+1]) && isDigit(text[i+2]) && isDigit(text[i+3]) &&
		(i+4 == len(text) || !isWordByte(text[i+4]))
}

// skipSpace moves behind `\s*`.
func skipSpace(text []byte, i int) int {
	for i < len(text) && isBlank(text[i]) {
		i++
	}
	return i
}

// isBlank is `\s`.
func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r' }

// findOnError is onErrorExpr. Where the code stands that a code key gives does not depend on where the name of the event
// starts, except that it is behind it; so that is looked for once.
func findOnError(text []byte, from int, at []int) bool {
	for pos := from; ; {
		i := bytes.Index(text[pos:], []byte("nError"))
		if i < 0 {
			return false
		}
		pos += i + len("nError")
		start := onErrorStart(text, from, pos)
		if start < 0 {
			continue
		}
		code := behindOnError(text, pos)
		if code < 0 {
			if code = codeBehind(text, pos); code < 0 {
				return findBareOnError(text, pos, at) // no later one has a code key behind it either
			}
		}
		at[0], at[1], at[2], at[3] = start, code+4, code, code+4
		return true
	}
}

// findBareOnError is findOnError where no code key follows.
func findBareOnError(text []byte, from int, at []int) bool {
	for pos := from; ; {
		i := bytes.Index(text[pos:], []byte("nError"))
		if i < 0 {
			return false
		}
		pos += i + len("nError")
		if start := onErrorStart(text, from, pos); start >= 0 {
			if code := behindOnError(text, pos); code >= 0 {
				at[0], at[1], at[2], at[3] = start, code+4, code, code+4
				return true
			}
		}
	}
}

// onErrorStart returns where `\b_*[oO]nError\b` starts that ends at end, at or behind from; -1 where it is none.
func onErrorStart(text []byte, from, end int) int {
	i := end - len("onError")
	if i < from || text[i]|0x20 != 'o' || end < len(text) && isWordByte(text[end]) {
		return -1
	}
	for i > from && text[i-1] == '_' {
		i--
	}
	if i > 0 && isWordByte(text[i-1]) {
		return -1
	}
	return i
}

// behindOnError returns where the code stands directly behind the event's name, but for one to four signs.
func behindOnError(text []byte, i int) int {
	end := i
	for end < len(text) && end <= i+4 && (isBlank(text[end]) || bytes.IndexByte([]byte(`:=([{#"'`), text[end]) >= 0) {
		end++
	}
	if end == i || end > i+4 || !codeAt(text, end) {
		return -1
	}
	return end
}

// codeBehind returns where the first code stands at or behind i that is the value of a key called code.
func codeBehind(text []byte, i int) int {
	for {
		k := bytes.Index(text[i:], []byte("code"))
		if k < 0 {
			return -1
		}
		i += k + len("code")
		if border := i - len("code") - 1; border >= 0 && isWordByte(text[border]) {
			continue
		}
		if at := codeValue(text, i); at >= 0 && codeAt(text, at) {
			return at
		}
	}
}

// codeValue returns the position behind `\\*["']?\s*[:=]\s*\\*["']?` at i, -1 where something else stands there.
func codeValue(text []byte, i int) int {
	i = skipSpace(text, skipEscapedQuote(text, i))
	if i >= len(text) || text[i] != ':' && text[i] != '=' {
		return -1
	}
	return skipEscapedQuote(text, skipSpace(text, i+1))
}

// skipEscapedQuote moves behind `\\*["']?`.
func skipEscapedQuote(text []byte, i int) int {
	for i < len(text) && text[i] == '\\' {
		i++
	}
	if i < len(text) && (text[i] == '"' || text[i] == '\'') {
		i++
	}
	return i
}

// findName is nameExpr.
func findName(text []byte, from int, at []int) bool {
	for i := from; i < len(text); i++ {
		if !isWordByte(text[i]) || i > 0 && isWordByte(text[i-1]) {
			continue
		}
		end := nameEnd(text, i)
		if text[i]-'A' <= 'Z'-'A' && end >= i+minName && (end == len(text) || !isWordByte(text[end])) {
			at[0], at[1], at[2], at[3] = i, end, i, end
			return true
		}
		i = max(i, end-1)
	}
	return false
}

// findCodeKey is codeKeyExpr.
func findCodeKey(text []byte, from int, at []int) bool {
	for pos := from; ; {
		i := indexCode(text, pos)
		if i < 0 {
			return false
		}
		pos = i + 1
		start := codeKeyStart(text, from, i)
		if start < 0 {
			continue
		}
		code := codeValue(text, i+len("code"))
		if code < 0 {
			continue
		}
		if end := codeKeyEnd(text, code); end > 0 {
			at[0], at[1], at[2], at[3] = start, end, code, code+4
			return true
		}
	}
}

// indexCode returns where the next "code" stands, in any case; -1 where there is none.
func indexCode(text []byte, i int) int {
	for i+4 <= len(text) {
		switch text[i+3] | 0x20 {
		case 'e':
			if equalFold(text[i:i+4], "code") {
				return i
			}
			i += 4
		case 'd':
			i++
		case 'o':
			i += 2
		case 'c':
			i += 3
		default:
			i += 4
		}
	}
	return -1
}

// codeKeyStart returns where `\b(?i:err(?:or)?[_-]?code|code)` starts whose code stands at i, at or behind from; -1 where it
// is none.
func codeKeyStart(text []byte, from, i int) int {
	j := i
	if j > from && (text[j-1] == '_' || text[j-1] == '-') {
		j--
	}
	for _, word := range []string{"error", "err"} {
		if k := j - len(word); k >= from && equalFold(text[k:j], word) && (k == 0 || !isWordByte(text[k-1])) {
			return k
		}
	}
	if i == 0 || !isWordByte(text[i-1]) {
		return i
	}
	return -1
}

// equalFold tells whether b is word, which is in lower case and has letters only, in any case.
func equalFold(b []byte, word string) bool {
	for i, c := range b {
		if c|0x20 != word[i] {
			return false
		}
	}
	return true
}

// codeKeyEnd returns the end of `\d{4}(?:[^\w.]|\.\D|\.?$)` at i, -1 where something else stands there.
func codeKeyEnd(text []byte, i int) int {
	if !codeAt(text, i) {
		return -1
	}
	i += 4
	if i == len(text) {
		return i
	}
	if text[i] != '.' {
		_, n := utf8.DecodeRune(text[i:])
		return i + n
	}
	if i++; i == len(text) {
		return i
	}
	if isDigit(text[i]) {
		return -1
	}
	_, n := utf8.DecodeRune(text[i:])
	return i + n
}
