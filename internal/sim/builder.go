package sim

import "strconv"

// builder appends ordinary lines, field by field, either as text (`TIME LEVEL [part] message key=value`) or as a JSON
// object.
type builder struct {
	buf     []byte
	json    bool
	stamper stamper
}

func (b *builder) head(ms int64, level, part, message string) {
	if b.json {
		b.buf = append(b.buf, `{"ts":"`...)
		b.buf = b.stamper.append(b.buf, ms)
		b.buf = append(b.buf, `","level":"`...)
		for i := range len(level) {
			b.buf = append(b.buf, level[i]|0x20)
		}
		b.buf = append(b.buf, `","part":"`...)
		b.buf = append(b.buf, part...)
		b.buf = append(b.buf, `","msg":"`...)
		b.buf = append(b.buf, message...)
		b.buf = append(b.buf, '"')
		return
	}
	b.buf = b.stamper.append(b.buf, ms)
	b.buf = append(b.buf, ' ')
	b.buf = append(b.buf, level...)
	b.buf = append(b.buf, " ["...)
	b.buf = append(b.buf, part...)
	b.buf = append(b.buf, "] "...)
	b.buf = append(b.buf, message...)
}

func (b *builder) key(key string) {
	if b.json {
		b.buf = append(b.buf, `,"`...)
		b.buf = append(b.buf, key...)
		b.buf = append(b.buf, `":`...)
		return
	}
	b.buf = append(b.buf, ' ')
	b.buf = append(b.buf, key...)
	b.buf = append(b.buf, '=')
}

// word adds a value that needs no quotes in text.
func (b *builder) word(key string, parts ...string) {
	b.key(key)
	if b.json {
		b.buf = append(b.buf, '"')
	}
	for _, p := range parts {
		b.buf = append(b.buf, p...)
	}
	if b.json {
		b.buf = append(b.buf, '"')
	}
}

// quoted adds a value that has quotes in text too.
func (b *builder) quoted(key, value string) {
	b.key(key)
	b.buf = append(b.buf, '"')
	b.buf = append(b.buf, value...)
	b.buf = append(b.buf, '"')
}

func (b *builder) num(key string, n int) {
	b.key(key)
	b.buf = strconv.AppendInt(b.buf, int64(n), 10)
}

// hex adds an id of eight hexadecimal digits.
func (b *builder) hex(key string, n uint32) {
	var text [8]byte
	b.word(key, string(appendHex(text[:0], n)))
}

func appendHex(dst []byte, n uint32) []byte {
	const digits = "0123456789abcdef"
	for i := range 8 {
		dst = append(dst, digits[n>>(28-4*i)&15])
	}
	return dst
}

func appendNum(dst []byte, n int) []byte { return strconv.AppendInt(dst, int64(n), 10) }

func (b *builder) end() {
	if b.json {
		b.buf = append(b.buf, '}')
	}
}
