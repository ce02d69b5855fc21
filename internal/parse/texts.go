package parse

import (
	"bytes"
	"strings"

	"github.com/errwatch/errwatch/internal/catalog"
	"github.com/errwatch/errwatch/internal/parse/literal"
)

// docText is a documented message as it is looked for in a record: anywhere in it, with or without quotes and backquotes
// round its words.
type docText struct {
	code    []byte
	message []byte
	bare    []byte // without quotes, backslashes and the final full stop
	run     []byte // a part that must stand in the record exactly so: it is what the filter looks for
	runAt   int    // where it stands in bare
}

// minRun is the length below which a part of a message says too little to search for it.
const minRun = 10

// documentedTexts prepares the messages of a catalogue. Messages that two codes share, and such as have no part that is
// long enough, cannot be told by their text.
func documentedTexts(c *catalog.Catalog) []docText {
	var out []docText
	for _, k := range c.Codes() {
		if k.Message == "" || c.ByMessage([]byte(k.Message)) != k {
			continue
		}
		if run := safeRun(k.Message, quotedWord); len(run) >= minRun {
			bare := bytes.TrimRight(appendBare(nil, []byte(k.Message)), ". ")
			if at := bytes.Index(bare, []byte(run)); at >= 0 {
				out = append(out, docText{code: []byte(k.Code), message: []byte(k.Message), bare: bare, run: []byte(run), runAt: at})
			}
		}
	}
	return out
}

func textLiterals(texts []docText) []literal.Literal {
	var out []literal.Literal
	for _, t := range texts {
		out = append(out, literal.Literal{Text: string(t.run)})
	}
	return out
}

// safeRun is the longest run of bytes of s that every JSON writer leaves as they are, of at most literal.MaxLen bytes. A
// word for which breaks is true ends a run.
func safeRun(s string, breaks func(word string) bool) string {
	best := ""
	take := func(run string) {
		if run = strings.Trim(run, " ."); len(run) > len(best) {
			best = run
		}
	}
	start := 0
	for i := 0; i < len(s); i++ {
		if !isSafe(s[i]) {
			take(s[start:i])
			start = i + 1
		} else if i == 0 || s[i-1] == ' ' {
			word, _, _ := strings.Cut(s[i:], " ")
			if breaks != nil && breaks(word) {
				take(s[start:i])
				i += len(word) - 1
				start = i + 1
			}
		}
	}
	take(s[min(start, len(s)):])
	return strings.TrimRight(best[:min(len(best), literal.MaxLen)], " ")
}

// isSafe takes the bytes that stand the same in a plain line and in every JSON writer's output, and are no quotes.
func isSafe(c byte) bool { return c >= ' ' && c < 0x7f && !strings.ContainsRune("\"\\/<>&'`", rune(c)) }

// quotedWord tells whether a word of a message is a piece of code, which the vendor's page, and so the logs, may set in
// backquotes.
func quotedWord(word string) bool {
	switch word {
	case "apikey", "token", "permissions", "outputs":
		return true
	}
	return strings.ContainsAny(word, "_@") || strings.ContainsFunc(word[1:], func(r rune) bool { return r >= 'A' && r <= 'Z' })
}

// appendBare appends text without the quotes that may stand round words, and without backslashes.
func appendBare(dst, text []byte) []byte {
	for _, c := range text {
		if !isQuoting(c) {
			dst = append(dst, c)
		}
	}
	return dst
}

// better returns the message at a hit where it stands there and is better than best, the one found so far, -1 for none;
// else best.
func (st *Stream) better(best int, text []byte, h literal.Hit) int {
	t := &st.set.texts[h.Lit]
	if best >= 0 {
		if n := len(st.set.texts[best].bare); n > len(t.bare) || n == len(t.bare) && best <= h.Lit {
			return best
		}
	}
	st.work += int64(len(t.bare))
	if t.stands(text, h.Pos) {
		return h.Lit
	}
	return best
}

func isQuoting(c byte) bool { return c == '`' || c == '\'' || c == '"' || c == '\\' }

// documented returns the longest documented message in the text, the first in the catalogue of several, nil where there is
// none. The search finds the run of each, and what stands around that decides: so neither many messages nor a text full
// of their beginnings make it slow.
func (st *Stream) documented(text []byte) *docText {
	best := -1
	st.textHits = st.set.textSearch.Stretches(text, st.textHits, func(hits []literal.Hit) {
		for _, h := range hits {
			best = st.better(best, text, h)
		}
	})
	if best < 0 {
		return nil
	}
	return &st.set.texts[best]
}

// stands tells whether the message stands in the text whose run is at pos: what is before and behind the run agrees, but
// for quotes and backslashes.
func (t *docText) stands(text []byte, pos int) bool {
	for i, k := pos, t.runAt; k > 0; k-- {
		for i--; i >= 0 && isQuoting(text[i]); i-- {
		}
		if i < 0 || text[i] != t.bare[k-1] {
			return false
		}
	}
	i := pos + len(t.run)
	for _, c := range t.bare[t.runAt+len(t.run):] {
		for i < len(text) && isQuoting(text[i]) {
			i++
		}
		if i == len(text) || text[i] != c {
			return false
		}
		i++
	}
	return true
}

// matchText finds the documented message in a record that holds no code.
func (st *Stream) matchText(f *found) refusal {
	t := st.documented(st.view.text)
	if t == nil {
		return noText
	}
	f.code, f.message, f.text = t.code, t.message, st.view.text
	return accepted
}
