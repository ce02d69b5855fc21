package privacy

import (
	"bytes"
	"slices"
)

const (
	// minHeader is the shortest first part of a JWT: {"alg":"x"} makes fifteen characters.
	minHeader = 12
	// minBearer is the shortest bearer token: shorter words behind the scheme are prose.
	minBearer = 4
	// minToken is the shortest token of which the prefix alone is believed, if a digit stands among its first bytes;
	// pk_meeting_members is the name of a key in a database.
	minToken  = 16
	tokenLook = 64
)

// findJWT looks at every eyJ, which is how base64 writes {" at the start of a JWT's header.
func findJWT(text []byte, spans []span) []span {
	for i := index(text, 0, 'J'); i < len(text); {
		if i < 2 || text[i-1] != 'y' || text[i-2] != 'e' {
			i = index(text, i+1, 'J')
			continue
		}
		end, next := jwtEnd(text, i-2)
		if end > 0 {
			spans = append(spans, span{start: i - 2, end: end, kind: kindJWT})
		}
		i = index(text, max(next, i+1), 'J')
	}
	return spans
}

// jwtEnd returns the end of the JWT that starts at i, -1 where it is none, and from where to go on looking. A token
// that is cut off behind the start of its second part is one too: that part says who it belongs to.
func jwtEnd(text []byte, i int) (end, next int) {
	header := run(text, i, isBase64)
	if header-i < minHeader || header >= len(text) || text[header] != '.' {
		return -1, header
	}
	payload := run(text, header+1, isBase64)
	if payload >= len(text) || text[payload] != '.' {
		if bytes.HasPrefix(text[header+1:], []byte("eyJ")) {
			return payload, payload
		}
		return -1, header
	}
	end = run(text, payload+1, isBase64)
	for part := 0; part < 2 && end+1 < len(text) && text[end] == '.' && isBase64(text[end+1]); part++ {
		end = run(text, end+1, isBase64) // encrypted ones have five parts
	}
	return end, end
}

// findBearer looks for the word bearer that begins with the letter b, in any case, and hides what follows it.
func findBearer(text []byte, b byte, spans []span) []span {
	const word = len("bearer")
	for i := index(text, 0, b); i < len(text); i = index(text, i+1, b) {
		if i+word >= len(text) || text[i+1]|0x20 != 'e' || !equalFold(text[i:i+word], "bearer") || wordBefore(text, i) {
			continue
		}
		start, end := credential(text, i+word)
		if start > i+word && end-start >= minBearer && !harmless(text[start:end]) {
			spans = append(spans, span{start: start, end: end, kind: kindBearer})
			i = end - 1
		}
	}
	return spans
}

// credential returns the token that stands behind i and behind what may separate it from a scheme or key.
func credential(text []byte, i int) (start, end int) {
	if bytes.HasPrefix(text[i:], []byte("%20")) {
		i += len("%20")
	}
	for i < len(text) && (text[i] == ' ' || text[i] == ':' || text[i] == '=' || text[i] == '+') {
		i++
	}
	return i, run(text, i, isToken68)
}

// findToken looks for a token that shows what it is by a prefix that ends with the mark at i.
func findToken(text []byte, i, floor int) span {
	prefix := tokenPrefix(text[floor:i])
	if prefix == 0 {
		return none()
	}
	start := i - prefix
	if wordBefore(text, start) {
		return none()
	}
	look := text[i+1 : min(i+tokenLook, len(text))]
	n := run(look, 0, isBase64)
	if prefix+1+n < minToken || !slices.ContainsFunc(look[:n], isDigit) {
		return none()
	}
	return span{start: start, end: run(text, i+1, isBase64), kind: kindAPIKey}
}

// tokenPrefix returns the length of the known prefix at the end of b, without its mark; 0 where there is none.
func tokenPrefix(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[len(b)-1] {
	case 'k': // Stripe's and those made after it
		if c := b[len(b)-2]; c == 's' || c == 'p' || c == 'r' {
			return 2
		}
	case 'p', 'o', 'u', 's', 'r': // GitHub, Slack
		if bytes.HasSuffix(b[:len(b)-1], []byte("gh")) {
			return 3
		}
		if bytes.HasSuffix(b[:len(b)-1], []byte("xox")) {
			return 4
		}
	case 'b', 'a':
		if bytes.HasSuffix(b[:len(b)-1], []byte("xox")) {
			return 4
		}
	case 't': // GitHub, GitLab
		if bytes.HasSuffix(b, []byte("github_pat")) {
			return len("github_pat")
		}
		if bytes.HasSuffix(b, []byte("glpat")) {
			return len("glpat")
		}
	case 'c':
		if bytes.HasSuffix(b, []byte("whsec")) {
			return len("whsec")
		}
	}
	return 0
}
