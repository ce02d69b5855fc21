package privacy

import "bytes"

// findPair looks for a secret's key before the ':' or '=' at i, and hides the value behind it.
func (r *Redactor) findPair(text []byte, i int) span {
	end := keyEnd(text, i)
	if end < 2 {
		return none()
	}
	switch k := keyKind(text[:end]); {
	case k == kindBearer && r.bearer:
		return authorization(text, i+1)
	case k == kindAPIKey && r.apiKey:
		start, end := value(text, i+1)
		if end-start < 2 || harmless(text[start:end]) {
			return none()
		}
		return span{start: start, end: end, kind: kindAPIKey}
	}
	return none()
}

// keyEnd returns the end of the key before the mark at i: behind it there may be a quote, escaped or not, and spaces.
func keyEnd(text []byte, i int) int {
	for n := 0; n < 2 && i > 0 && text[i-1] == ' '; n++ {
		i--
	}
	if i > 0 && isQuote(text[i-1]) {
		i--
		for n := 0; n < 3 && i > 0 && text[i-1] == '\\'; n++ {
			i--
		}
	}
	return i
}

func isQuote(c byte) bool { return c == '"' || c == '\'' || c == '`' }

// keyKind tells what the key at the end of b keeps secret: kindAPIKey, kindBearer for an authorization, kindPattern
// for a key like any other. A first look at two letters spares nearly all keys the comparisons.
func keyKind(b []byte) kind {
	key := kindPattern
	switch uint16(b[len(b)-2]|0x20)<<8 | uint16(b[len(b)-1]|0x20) {
	case 'e'<<8 | 'y':
		if endsWith(b, "apikey") || endsWith(b, "accesskey") || endsWith(b, "secretkey") || endsWith(b, "privatekey") || endsWith(b, "authkey") {
			key = kindAPIKey
		}
	case 'e'<<8 | 't':
		if endsWith(b, "secret") {
			key = kindAPIKey
		}
	case 'e'<<8 | 'n':
		if endsWith(b, "token") {
			key = kindAPIKey
		}
	case 'r'<<8 | 'd', 'w'<<8 | 'd':
		if endsWith(b, "password") || endsWith(b, "passwd") || endsWith(b, "pwd") {
			key = kindAPIKey
		}
	case 's'<<8 | 'e':
		if endsWith(b, "passphrase") {
			key = kindAPIKey
		}
	case 'a'<<8 | 'l', 'l'<<8 | 's':
		if endsWith(b, "credential") || endsWith(b, "credentials") {
			key = kindAPIKey
		}
	case 'o'<<8 | 'n':
		if endsWith(b, "authorization") {
			key = kindBearer
		}
	}
	return key
}

// endsWith tells whether b ends with the word, in any case, with or without marks between its parts: apiKey, API_KEY,
// x-api-key.
func endsWith(b []byte, word string) bool {
	i := len(b)
	for w := len(word); w > 0; w-- {
		if i > 0 && w < len(word) && (b[i-1] == '_' || b[i-1] == '-' || b[i-1] == '.' || b[i-1] == ' ') {
			i--
		}
		if i == 0 || b[i-1]|0x20 != word[w-1] {
			return false
		}
		i--
	}
	return true
}

func equalFold(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i := range b {
		if b[i]|0x20 != lower[i] {
			return false
		}
	}
	return true
}

// value returns the value that begins at or behind i, without its quotes.
func value(text []byte, i int) (start, end int) {
	for i < len(text) && (text[i] == '=' || text[i] == '>') {
		i++ // == and =>
	}
	for n := 0; n < 2 && i < len(text) && text[i] == ' '; n++ {
		i++
	}
	slashes := i
	for i < len(text) && text[i] == '\\' {
		i++
	}
	if i < len(text) && isQuote(text[i]) {
		return i + 1, quotedEnd(text, i+1, text[i], i-slashes)
	}
	for i = slashes; i < len(text) && !endsValue(text[i]); i++ {
	}
	return slashes, i
}

// quotedEnd returns where the closing quote stands, or the backslashes before it where the opening one had some:
// deeper escaped quotes belong to the value.
func quotedEnd(text []byte, i int, quote byte, slashes int) int {
	for {
		at := index(text, i, quote)
		n := 0
		for at-n > i && text[at-n-1] == '\\' {
			n++
		}
		if at == len(text) || n <= slashes || n%2 == 0 && slashes == 0 {
			return at - min(n, slashes)
		}
		i = at + 1
	}
}

// endsValue tells whether c ends a value without quotes.
func endsValue(c byte) bool {
	switch c {
	case ',', ';', '&', '"', '\'', '`', ')', ']', '}', '\\':
		return true
	}
	return c <= ' '
}

// authorization hides the credentials behind i; a scheme before them stays. Digest's and AWS's are a list, so there
// all up to the end of the line or string goes.
func authorization(text []byte, i int) span {
	start, end := value(text, i)
	word := start
	for word < end && isBase64(text[word]) {
		word++
	}
	rest := word
	for rest < len(text) && text[rest] == ' ' {
		rest++
	}
	switch {
	case rest > word && isScheme(text[start:word]):
		if word == end { // it stood without quotes
			end = run(text, rest, isToken68)
		}
		start = rest
	case rest > word && isListScheme(text[start:word]):
		if word == end {
			end = run(text, rest, func(c byte) bool { return c >= ' ' })
		}
		start = rest
	}
	if end-start < 2 || harmless(text[start:end]) {
		return none()
	}
	return span{start: start, end: end, kind: kindBearer}
}

func isScheme(b []byte) bool {
	return equalFold(b, "bearer") || equalFold(b, "basic") || equalFold(b, "token") || equalFold(b, "apikey") ||
		equalFold(b, "negotiate") || equalFold(b, "jwt")
}

func isListScheme(b []byte) bool {
	return equalFold(b, "digest") || bytes.HasPrefix(b, []byte("AWS4-")) || bytes.HasPrefix(b, []byte("HMAC-"))
}

// harmless tells whether what stands where a secret could is none: a word of prose ("token: expired"), no value, or
// something hidden already.
func harmless(v []byte) bool {
	if bytes.HasPrefix(v, []byte("<redacted")) || bytes.HasPrefix(v, []byte("<hash:")) {
		return true
	}
	var low [16]byte
	if len(v) > len(low) {
		return false
	}
	marks := true
	for i, c := range v {
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		low[i] = c
		marks = marks && !isAlnum(c) && c < 0x80
	}
	if marks { // ***, <>, {
		return true
	}
	switch string(low[:len(v)]) {
	case "null", "nil", "none", "true", "false", "undefined", "empty", "missing", "invalid", "expired", "required", "denied",
		"failed", "error", "rejected", "ok", "valid", "unknown", "malformed", "revoked", "unexpected", "token", "tokens",
		"auth", "authentication", "authorization", "realm", "is", "was", "has", "not", "the", "an", "for", "of", "to", "and",
		"header", "scheme", "no":
		return true
	}
	return false
}
