package catalog

// Applications print the vendor's messages with backquotes, in quotes of their language, escaped, or with the full stop
// cut off. Two texts are held to be the same message if they differ in nothing but quotes, backslashes, the width of
// white space, and full stops at the end. Messages are found by a hash over what remains and then compared, so that a
// line's text needs no copy.

// messageIndex finds codes by the hash of their message; two messages with one hash stand one after the other.
type messageIndex map[uint64][]*Code

func indexMessages(codes []*Code) messageIndex {
	x := make(messageIndex)
	for _, k := range codes {
		if k.Message != "" {
			h := hashMessage([]byte(k.Message))
			x[h] = append(x[h], k)
		}
	}
	return x
}

// ByMessage returns the code whose documented message text is: the whole of it, not a part. Quotes of any kind,
// backquotes, backslashes, the width of white space and full stops at the end do not matter; case does. It returns nil
// where no code has this message, and where several have it, since then it decides nothing. It allocates nothing.
func (c *Catalog) ByMessage(text []byte) *Code {
	var found *Code
	for _, k := range c.messages[hashMessage(text)] {
		if !sameMessage(text, k.Message) {
			continue
		}
		if found != nil {
			return nil
		}
		found = k
	}
	return found
}

// hashMessage is FNV-1a over the bytes that count.
func hashMessage(text []byte) uint64 {
	const offset, prime = 14695981039346656037, 1099511628211
	h := uint64(offset)
	end := messageEnd(text)
	for i := 0; ; {
		b, next := messageByte(text, i, end)
		if b == 0 {
			return h
		}
		h = (h ^ uint64(b)) * prime
		i = next
	}
}

func sameMessage[A, B []byte | string](a A, b B) bool {
	endA, endB := messageEnd(a), messageEnd(b)
	for i, j := 0, 0; ; {
		x, nextI := messageByte(a, i, endA)
		y, nextJ := messageByte(b, j, endB)
		if x != y {
			return false
		}
		if x == 0 {
			return true
		}
		i, j = nextI, nextJ
	}
}

// messageByte returns the first byte from i on that counts and where to go on behind it; 0 at the end. A run of white
// space is one space, and none at the start.
func messageByte[T []byte | string](text T, i, end int) (b byte, next int) {
	start := i == 0
	space := false
	for i < end {
		if n := quote(text, i); n > 0 {
			i += n
			continue
		}
		if isSpace(text[i]) {
			space = true
			i++
			continue
		}
		if space && !start {
			return ' ', i
		}
		return text[i], i + 1
	}
	return 0, end
}

// messageEnd is where white space, quotes and full stops at the end begin.
func messageEnd[T []byte | string](text T) int {
	end := len(text)
	for end > 0 {
		switch {
		case text[end-1] == '.' || isSpace(text[end-1]) || quote(text, end-1) == 1:
			end--
		case end >= 3 && quote(text, end-3) == 3:
			end -= 3
		default:
			return end
		}
	}
	return end
}

// quote returns how many bytes of text at i are a quotation mark or a backslash: 1, 3 (U+2018 to U+201F), or 0.
func quote[T []byte | string](text T, i int) int {
	switch text[i] {
	case '`', '\'', '"', '\\':
		return 1
	case 0xe2:
		if i+2 < len(text) && text[i+1] == 0x80 && text[i+2] >= 0x98 && text[i+2] <= 0x9f {
			return 3
		}
	}
	return 0
}

// isSpace counts NUL as white space: as a byte of its own it would look like the end.
func isSpace(b byte) bool { return b == ' ' || b >= '\t' && b <= '\r' || b == 0 }
