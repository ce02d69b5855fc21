package privacy

// none is the span of a finder that found nothing.
func none() span { return span{end: -1} }

// findIPv4 looks for an IPv4 address whose first dot stands at i, behind a digit. Four numbers up to 255 with a fifth
// behind them, or with a letter before or behind (v1.2.3.4, 1.2.3.4rc1), are a version.
func findIPv4(text []byte, i, floor int) span {
	if quick := run(text, i+1, isDigit); quick == len(text) || text[quick] != '.' {
		return none() // a fraction
	}
	// With escapes about, the digits before the dot are not all the address's: `\u000910.0.0.1`.
	for start := max(i-3, floor); start < i; start++ {
		if wordBefore(text, start) || start > 1 && text[start-1] == '.' && isDigit(text[start-2]) {
			continue
		}
		end := quadEnd(text, start)
		if end > 0 && !(end < len(text) && isAlnum(text[end])) && !(end+1 < len(text) && text[end] == '.' && isDigit(text[end+1])) {
			return span{start: start, end: end, kind: kindIP}
		}
	}
	return none()
}

// quadEnd returns the end of the four numbers at i, -1 where there are none.
func quadEnd(text []byte, i int) int {
	for part := range 4 {
		if part > 0 {
			if i >= len(text) || text[i] != '.' {
				return -1
			}
			i++
		}
		v, from := 0, i
		for i < len(text) && i < from+3 && isDigit(text[i]) {
			v = v*10 + int(text[i]-'0')
			i++
		}
		if i == from || v > 255 || i < len(text) && isDigit(text[i]) {
			return -1
		}
	}
	return i
}

const (
	maxIPv6 = 45           // the length of the longest IPv6 address, one with an IPv4 address at its end
	maxPort = len("65535") // the length of the longest port
)

// findIPv6 looks for an IPv6 address whose first colon stands at i, or of whose first two colons the second does.
func findIPv6(text []byte, i, floor int) span {
	if i > floor && text[i-1] == ':' && (i < 2 || text[i-2] != ':') {
		i--
	}
	if !manyColons(text, i) {
		return none()
	}
	hex := 0
	for i-hex > floor && hex < 4 && isHex(text[i-hex-1]) {
		hex++
	}
	for ; hex >= 0; hex-- {
		start := i - hex
		if wordBefore(text, start) || goesOn(text, start, floor) {
			continue
		}
		if end := ipv6End(text, start); end > 0 {
			return span{start: start, end: end, kind: kindIP}
		}
	}
	return none()
}

// manyColons tells whether from the colon at i on there are enough of them for an address: two next to each other, or
// seven in all. Nearly all colons in log lines end here, those of times included.
func manyColons(text []byte, i int) bool {
	colons, group := 1, 0
	for i++; i < len(text); i++ {
		switch c := text[i]; {
		case c == ':':
			colons++
			if group == 0 || colons == 7 {
				return true
			}
			group = 0
		case isHex(c) && group < 4:
			group++
		default:
			return false
		}
	}
	return false
}

// goesOn tells whether the group at start goes on behind a colon from an earlier one, which has been looked at. The
// colon behind a key (peer:fe80::1) is none of the address's.
func goesOn(text []byte, start, floor int) bool {
	i := start - 1
	if i < floor || text[i] != ':' {
		return false
	}
	hex := 0
	for i > floor && hex < 5 && isHex(text[i-1]) {
		i--
		hex++
	}
	if hex == 0 {
		return i > floor && text[i-1] == ':'
	}
	return hex < 5 && !wordBefore(text, i)
}

// ipv6End returns the end of the IPv6 address that starts at start, -1 where there is none. A port may stand behind it
// without brackets, behind a colon or a dot.
func ipv6End(text []byte, start int) int {
	const limit = maxIPv6 + 1 + maxPort
	end := start
	for end < len(text) && end-start <= limit && (isHex(text[end]) || text[end] == ':' || text[end] == '.') {
		end++
	}
	if end-start > limit || end < len(text) && (isAlnum(text[end]) || text[end] == '_') {
		return -1
	}
	for end > start+2 && (text[end-1] == '.' || text[end-1] == ':' && text[end-2] != ':') {
		end-- // the sentence's
	}
	if isIPv6(text[start:end]) {
		return end
	}
	port := end
	for port > start && isDigit(text[port-1]) {
		port--
	}
	if n := end - port; n < 2 || n > maxPort || port-1 <= start || !isIPv6(text[start:port-1]) {
		return -1
	}
	return port - 1
}

// isIPv6 tells whether s, made of hexadecimal digits, colons and dots, is an IPv6 address that people would write.
// Times are no addresses, nor are the double colons between words, of which some (Face::Add) are hexadecimal.
func isIPv6(s []byte) bool {
	groups, named, digits, compressed := 0, 0, false, false
	for i := 0; i < len(s); {
		if s[i] == ':' {
			if i+1 >= len(s) || s[i+1] != ':' || compressed {
				return false
			}
			compressed = true
			i += 2
			continue
		}
		from := i
		for i < len(s) && isHex(s[i]) {
			digits = digits || isDigit(s[i])
			i++
		}
		if i < len(s) && s[i] == '.' {
			if quadEnd(s, from) != len(s) {
				return false
			}
			groups += 2
			named += 2
			break
		}
		if i == from || i-from > 4 {
			return false
		}
		groups++
		named++
		if i < len(s) && (i+1 >= len(s) || s[i+1] != ':') {
			i++ // a single colon
			if i == len(s) {
				return false
			}
		}
	}
	switch {
	case !compressed:
		return groups == 8
	case groups > 7 || named == 0:
		return false
	case named == 1 && s[0] == ':':
		return len(s) <= len("::ff") // ::1, not the ::4009:: of a log
	}
	return digits || named > 2
}
