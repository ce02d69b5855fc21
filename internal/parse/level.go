package parse

import "bytes"

// level is how grave a record says it is.
type level uint8

const (
	levelNone level = iota
	levelInfo       // and below
	levelWarn
	levelError // and above
)

func (l level) String() string { return [...]string{"", "info", "warn", "error"}[l] }

// Where a level is looked for: its key anywhere in the first part of a record, a bare word only near the start, where
// loggers write it.
const (
	keyWithin  = 4096
	wordWithin = 160
)

// levelOf reads the level of a record: a short form of klog, logcat or syslog at its start, else the value of a level key,
// else a level word that stands as loggers write it.
func levelOf(text []byte) level {
	if l := levelAtStart(text); l != levelNone {
		return l
	}
	if l := levelByKey(text[:min(len(text), keyWithin)]); l != levelNone {
		return l
	}
	return levelByWord(text[:min(len(text), wordWithin)])
}

// levelAtStart reads klog's "E1120 ", logcat's "E/tag" and syslog's "<131>", whose last three bits are the severity.
func levelAtStart(text []byte) level {
	if len(text) < 6 {
		return levelNone
	}
	if text[0] == '<' {
		n, i := 0, 1
		for i < 4 && text[i]-'0' <= 9 {
			n, i = n*10+int(text[i]-'0'), i+1
		}
		switch {
		case i == 1 || text[i] != '>':
			return levelNone
		case n%8 <= 3:
			return levelError
		case n%8 == 4:
			return levelWarn
		}
		return levelInfo
	}
	if text[1] == '/' || isDigits(text[1:5]) && text[5] == ' ' {
		switch text[0] {
		case 'E', 'F':
			return levelError
		case 'W':
			return levelWarn
		case 'I', 'D', 'V':
			return levelInfo
		}
	}
	return levelNone
}

func levelByKey(text []byte) level {
	for w := (words{b: text}); w.next(); {
		switch string(w.word()) {
		case "level", "lvl", "severity", "loglevel", "levelname", "LEVEL", "Level", "Severity":
		default:
			continue
		}
		value, ok := valueAt(text, w.end)
		if !ok {
			continue
		}
		if l := levelNamed(value.text); l != levelNone {
			return l
		}
		if l := levelNumbered(value.text); l != levelNone {
			return l
		}
	}
	return levelNone
}

// levelNumbered knows the numbers of pino and bunyan.
func levelNumbered(b []byte) level {
	if len(b) != 2 || !isDigits(b) || b[1] != '0' {
		return levelNone
	}
	switch b[0] {
	case '1', '2', '3':
		return levelInfo
	case '4':
		return levelWarn
	case '5', '6':
		return levelError
	}
	return levelNone
}

// levelByWord finds the first level word in capitals, in brackets, or before a colon.
func levelByWord(text []byte) level {
	for w := (words{b: text}); w.next(); {
		l := levelNamed(w.word())
		if l == levelNone {
			continue
		}
		var before, behind byte = ' ', ' '
		if w.start > 0 {
			before = text[w.start-1]
		}
		if w.end < len(text) {
			behind = text[w.end]
		}
		bracketed := before == '[' && behind == ']' || before == '(' && behind == ')' || before == '<' && behind == '>'
		labelled := behind == ':' && (before == ' ' || before == ']')
		if (isUpper(w.word()) && !isWordByte(before) && !isWordByte(behind)) || bracketed || labelled {
			return l
		}
	}
	return levelNone
}

// levelNamed takes a level's name in any case.
func levelNamed(b []byte) level {
	var low [9]byte
	if len(b) < 3 || len(b) > len(low) {
		return levelNone
	}
	for i, c := range b {
		low[i] = c | 0x20
	}
	switch string(low[:len(b)]) {
	case "error", "err", "fatal", "critical", "crit", "panic", "emerg", "alert", "severe":
		return levelError
	case "warn", "warning":
		return levelWarn
	case "info", "debug", "trace", "notice", "verbose", "silly", "http", "log":
		return levelInfo
	}
	return levelNone
}

// saysError tells whether the record at hand says that it is an error. A documented message decides nothing for the
// pattern that found the record by it.
func (st *Stream) saysError(c *compiled) bool {
	text := st.view.text
	return hasErrorWord(text) || levelOf(text) >= levelWarn || st.nameIn(text) != nil || !c.built.texts && st.documented(text) != nil
}

// hasErrorWord tells whether the text speaks of an error: error, err, failed, refused or denied, as a word or as a part of a
// name (meetingErr, join_failed, errorCode). `"error": null` and `failed=0` say the contrary and do not count.
func hasErrorWord(text []byte) bool {
	for w := (words{b: text}); w.next(); {
		word := w.word()
		for from := 0; from < len(word); {
			to := partEnd(word, from)
			if isErrorWord(word[from:to]) && !(to == len(word) && nothingAt(text, w.end)) {
				return true
			}
			from = to
		}
	}
	return false
}

// partEnd is the end of the part of a camelCase word that starts at from: where a capital follows a small letter.
func partEnd(word []byte, from int) int {
	for i := from + 1; i < len(word); i++ {
		if word[i] <= 'Z' && word[i-1] >= 'a' {
			return i
		}
	}
	return len(word)
}

func isErrorWord(b []byte) bool {
	var low [7]byte
	if len(b) < 3 || len(b) > len(low) {
		return false
	}
	for i, c := range b {
		low[i] = c | 0x20
	}
	switch string(low[:len(b)]) {
	case "err", "error", "errors", "failed", "failure", "refused", "denied":
		return true
	}
	return false
}

// nothingAt tells whether what ends at i is a key whose value is nothing.
func nothingAt(text []byte, i int) bool {
	v, ok := valueAt(text, i)
	return ok && (isNothing(v.text) || string(v.text) == "0" || string(v.text) == "false" || string(v.text) == "<nil>")
}

// words goes through the runs of letters of a text. The letter of an escape such as \n belongs to none.
type words struct {
	b          []byte
	start, end int
}

func (w *words) next() bool {
	i := w.end
	for i < len(w.b) && !isLetter(w.b[i]) {
		if w.b[i] == '\\' {
			i++
		}
		i++
	}
	w.start = min(i, len(w.b))
	for i < len(w.b) && isLetter(w.b[i]) {
		i++
	}
	w.end = min(i, len(w.b))
	return w.start < w.end
}

func (w *words) word() []byte { return w.b[w.start:w.end] }

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }

func isDigits(b []byte) bool {
	return bytes.IndexFunc(b, func(r rune) bool { return r < '0' || r > '9' }) < 0
}

func isUpper(b []byte) bool {
	for _, c := range b {
		if c < 'A' || c > 'Z' {
			return false
		}
	}
	return true
}
