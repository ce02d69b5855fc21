package privacy

// Most field values are short identifiers, and most names are those of a catalogue. What follows tells, in a glance at
// their bytes, that nothing can be found in them.

// What a byte may open, for opens.
const (
	openAny   = 1 << iota // anything: an address, what stands behind a key, a part of a JWT
	openToken             // a token that shows what it is by its prefix
)

// fillOpens notes the bytes without which no built-in finder finds anything: an e-mail address has an at sign, plain or
// escaped, an IP address and a JWT have dots or colons, a key has a colon or an equals sign behind it, the word bearer one
// of these or a space or plus, and a token of minToken bytes a dash or underscore.
func (r *Redactor) fillOpens() {
	for _, c := range []byte(`@%\.:= +`) {
		r.opens[c] = openAny
	}
	r.opens['-'], r.opens['_'] = openToken, openToken
}

// cannotHide tells whether a short text has none of the bytes that a secret has.
func (r *Redactor) cannotHide(text []byte) bool {
	if len(text) > short {
		return false
	}
	var seen uint8
	for _, c := range text {
		seen |= r.opens[c]
	}
	return seen == 0 || seen == openToken && len(text) < minToken
}

// plainName tells whether s can only be a code or name: made of capital letters, digits and underscores.
func plainName(s string) bool {
	i := 0
	for ; i+8 <= len(s); i += 8 {
		if !plainEight(eightOf(s[i : i+8])) {
			return false
		}
	}
	for ; i < len(s); i++ {
		if c := s[i]; !isDigit(c) && (c < 'A' || c > 'Z') && c != '_' {
			return false
		}
	}
	return true
}

// plainEight is plainName for eight bytes. Adding to the low seven bits carries into the top bit from a threshold on.
func plainEight(x uint64) bool {
	low := x & lows
	digits := (low + ones*(0x80-'0')) &^ (low + ones*(0x80-'9'-1))
	capitals := (low + ones*(0x80-'A')) &^ (low + ones*(0x80-'Z'-1))
	under := (low + ones*(0x80-'_')) &^ (low + ones*(0x80-'_'-1))
	return (digits|capitals|under)&^x&tops == tops
}

// eightOf loads the eight bytes of s.
func eightOf(s string) uint64 {
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}
