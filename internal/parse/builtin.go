package parse

import "github.com/errwatch/errwatch/internal/parse/literal"

// What the built-in patterns have in common.
const (
	// codeKeyExpr is a code as the value of a key: code=4009, "code": "4009", code: 4009, errorCode=4009. The word border
	// before it keeps statusCode, closeCode and exit_code out, what stands behind it durations and other numbers. Quotes may
	// be escaped, since a JSON text inside a string is looked at as it is written.
	codeKeyExpr = `\b(?i:err(?:or)?[_-]?code|code)\\*["']?\s*[:=]\s*\\*["']?(?P<code>\d{4})(?:[^\w.]|\.\D|\.?$)`

	// videosdkExpr is how the SDKs themselves print an error.
	videosdkExpr = `VIDEOSDK ERROR\s*::\s*(?P<code>\d{4})\b(?:\s*::\s*(?P<name>[A-Z][A-Z0-9_]{2,}))?` +
		`(?:\s*::\s*(?P<message>[^"\r\n]*[^"\s\\]))?`

	// onErrorExpr is the event's name with the code directly behind it, or as the value of the next key called code.
	onErrorExpr = `(?s)\b_*[oO]nError\b` +
		`(?:[\s:=(\[{#"']{1,4}|.*?\bcode\\*["']?\s*[:=]\s*\\*["']?)(?P<code>\d{4})\b`

	// nameExpr is what may be a name of the catalogue.
	nameExpr = `\b(?P<name>[A-Z][A-Z0-9_]{2,})\b`

	// stackExpr is a line of a stack trace: it repeats the name of the handler, and a code if the file is called so.
	stackExpr = `^[ \t]+at\s`

	// notCodeExpr finds records that speak of another kind of code: of a socket that closed, of HTTP, of a process that
	// exited. Their numbers overlap with the catalogue: 4000 to 4999 are free for use as WebSocket close codes.
	notCodeExpr = `(?i)(?:web[ _.-]?socket|socket|\bwss?(?:\b|_)).*(?:clos|disconnect)|(?:clos|disconnect).*(?:web[ _.-]?socket|socket|\bwss?(?:\b|_))` +
		`|\b(?:transport|connection|conn|tcp)[ _](?:was |is |has |been |got )*clos|clos(?:e|ed|ing|ure)[ _.-]?(?:code|frame|event|reason)|\bon_?close\b|wsclos` +
		`|\bhttp[ _-]?(?:status|code|error|response|request)|\bhttp/\d|status[ _.-]?code` +
		`|\bexit(?:s|ed|ing)?[ _-]*(?:with|code|status|[=:])|\bexited\b|exitcode`
)

// codeLiterals are the ways in which a code key can go on, in the record as it is written or escaped. The word code
// alone would be no filter: media servers write codec= on every second line. What may follow is said to the last sign,
// since the shortest literal of all decides how fast a block is searched. What may stand before it keeps statusCode= out:
// it is what ends a word, the r of errCode, and what an escape may end with: \tcode, or \u4e2dcode, where a writer keeps
// to ASCII.
func codeLiterals() []literal.Term {
	const space = " \t\n\f\r"
	before := literal.BytesOf("rR_tn0123456789abcdefABCDEF" + control + " " + punctuation).Above(0x80)
	var out []literal.Term
	for _, t := range []struct{ text, next string }{
		{"code=", space + `\"'0123456789`},
		{"code:", space + `\"'0123456789`},
		{`code"`, space + `\:=`},
		{"code'", space + `\:=`},
		{`code\`, space + `\"':=tnfru`},
		{"code ", space + `\:=`},
		{"code\t", space + `\:=`},
		{"code\n", space + `\:=`},
		{"code\f", space + `\:=`},
		{"code\r", space + `\:=`},
	} {
		lit := literal.Literal{Text: t.text, Fold: true}
		out = append(out, literal.Term{Literal: lit, Prev: before, Next: literal.BytesOf(t.next)})
	}
	return out
}

// onErrorLiterals is what onError and OnError have in common. Derived from the regex, it would be onerror in any case.
func onErrorLiterals() []literal.Term {
	return []literal.Term{{Literal: literal.Literal{Text: "nError"}, Prev: literal.BytesOf("oO")}}
}

// Builtin returns the patterns that recognise VideoSDK's errors in every shape in which applications write them. The
// order matters: unmistakable shapes, which yield any four-digit code, come before those that must look twice.
func Builtin() []Pattern {
	return []Pattern{
		{
			Name:   "videosdk",
			Regex:  videosdkExpr,
			Unless: stackExpr,
			built:  builtin{complete: true},
		},
		{
			Name:   "onerror",
			Regex:  onErrorExpr,
			Unless: stackExpr,
			built:  builtin{complete: true, literals: onErrorLiterals()},
		},
		{
			// The event's name stands behind the code, as where a logger sorts its keys.
			Name:   "onerror-behind",
			Regex:  `(?s)\bcode\\*["']?\s*[:=]\s*\\*["']?(?P<code>\d{4})\b.*["'][oO]nError\\*["']`,
			Unless: stackExpr + `|` + notCodeExpr,
			built:  builtin{complete: true, literals: onErrorLiterals()},
		},
		{
			Name:       "catalog-name",
			Regex:      nameExpr,
			Unless:     stackExpr,
			KnownCodes: true,
			built:      builtin{complete: true, names: true, beside: true},
		},
		{
			Name:       "error-code",
			Regex:      codeKeyExpr,
			Unless:     stackExpr + `|` + notCodeExpr,
			KnownCodes: true,
			ErrorLines: true,
			built:      builtin{complete: true, literals: codeLiterals()},
		},
		{
			Name:       "catalog-message",
			Unless:     stackExpr,
			ErrorLines: true,
			built:      builtin{complete: true, texts: true},
		},
	}
}
