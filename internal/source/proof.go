package source

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"slices"
)

// A position in a file is worth nothing without a proof that the file is still the one it was taken in: inode numbers
// are reused, files are truncated and written again, and copies carry the content elsewhere. The proof is content:
// hashes of the first KiB that was read (head), of the last KiB before the position (anchor), and of a KiB at older
// positions (marks), which recognise a copy that is shorter than what was read. Hashes, because the state of a thousand
// files must stay small, and must hold no text of a log.
const (
	windowLen = 1 << 10  // bytes that one hash covers. Shorter windows lie: 64 bytes are often equal in many lines.
	firstMark = 64       // bytes; what a copy holds below that proves nothing
	markEvery = 64 << 10 // the distance of two marks
	maxMarks  = 64
)

// sum is the first half of a SHA-256: a hostile writer must not be able to make two contents look alike.
type sum [16]byte

func sumOf(b []byte) (s sum) {
	full := sha256.Sum256(b)
	copy(s[:], full[:])
	return s
}

// mark proves the content before an older position: the sum of the min(windowLen, at) bytes before at.
type mark struct {
	at  int64
	sum sum
}

// position is an offset with its proof. It is a value: no method changes the marks that another copy sees.
type position struct {
	offset  int64
	headLen int // bytes that head covers: min(windowLen, offset)
	head    sum
	anchor  sum // of the min(windowLen, offset) bytes before offset
	marks   []mark
	trails  [trails]trail
	base    int64 // where content begins: 0, or the end of a hole. Marks are dense behind it; not kept in the state
}

func windowBefore(offset int64) int { return int(min(windowLen, offset)) }

// moved returns the position at offset to. block holds the file's bytes from blockAt to at least to, and begins at or
// before the window that p needs; where the head is not complete yet, it begins at 0. hole says that NULs are passed over.
func (p *position) moved(to int64, block []byte, blockAt int64, hole bool) position {
	next := position{offset: to, headLen: p.headLen, head: p.head, marks: p.marks, base: p.base}
	if p.headLen < windowLen && blockAt == 0 {
		next.headLen = windowBefore(to)
		next.head = sumOf(block[:next.headLen])
	}
	before := func(at int64) sum {
		end := int(at - blockAt)
		return sumOf(block[end-windowBefore(at) : end])
	}
	next.anchor = before(to)
	if hole {
		next.base = to // marks in a hole would prove nothing
		return next
	}
	for i, t := range p.trails {
		next.trails[i] = t.extended(grainOf(i), p.offset, to, block, blockAt)
	}
	for at := nextMark(p.offset, p.base); at <= to; at = nextMark(at, p.base) {
		next.addMark(mark{at, before(at)})
	}
	return next
}

// nextMark returns the first place behind at where marks are set: at powers of two from firstMark on behind base, so
// that also a short copy has some, then every markEvery bytes. Next to the head they are closer: of a file that lost all
// but its beginning the head alone does not say that it is still the same, see afterCut.
func nextMark(at, base int64) int64 {
	if at-base >= markEvery {
		return (at/markEvery + 1) * markEvery
	}
	next := int64(firstMark)
	for base+next <= at {
		if next >= windowLen && next < 2*windowLen {
			next += windowLen / 4
		} else {
			next *= 2
		}
	}
	return base + next
}

// addMark adds a mark. When there are too many, every second of the older half is dropped, but for the first ones:
// marks stay dense where copies usually end, and still reach back to the beginning.
func (p *position) addMark(m mark) {
	if len(p.marks) >= maxMarks {
		thin := make([]mark, 0, maxMarks)
		for i, m := range p.marks {
			if m.at <= markEvery || i%2 == 1 || i >= maxMarks/2 {
				thin = append(thin, m)
			}
		}
		p.marks = thin
	}
	p.marks = append(p.marks, m)
}

// verdict says what a file holds of what was read up to a position.
type verdict uint8

const (
	differs  verdict = iota // it is something else
	unproven                // nothing was read yet, or nothing but a hole: any file would do
	shorter                 // it holds the beginning of what was read, and less than all
	contains                // it holds all of what was read
)

// compare says what r, size bytes long, holds of p. Errors of r count as a difference: what cannot be read proves nothing.
func (p *position) compare(r io.ReaderAt, size int64) verdict {
	var buf [windowLen]byte
	if p.offset == 0 || p.hollow() {
		return unproven
	}
	if int64(p.headLen) <= size && !sumAt(r, buf[:p.headLen], 0, p.head) {
		return differs
	}
	if size >= p.offset {
		if sumBefore(r, buf[:], p.offset, p.anchor) {
			return contains
		}
		return differs
	}
	for _, m := range slices.Backward(p.marks) {
		if m.at <= size {
			if sumBefore(r, buf[:], m.at, m.sum) {
				return shorter
			}
			break
		}
	}
	return differs
}

// hollow says that what was read last is a hole, which proves nothing.
func (p *position) hollow() bool {
	var nuls [windowLen]byte
	return p.anchor == sumOf(nuls[:windowBefore(p.offset)])
}

// holds says that r still has what p proves at its very place.
func (p *position) holds(r io.ReaderAt) bool {
	var buf [windowLen]byte
	return sumAt(r, buf[:p.headLen], 0, p.head) && sumBefore(r, buf[:], p.offset, p.anchor)
}

// weak says that the proof rests on so few bytes that two different files may well share them.
func (p *position) weak() bool { return p.offset < windowLen }

// tiny says that it proves nothing at all, unless a file is, as a whole, just that.
func (p *position) tiny() bool { return p.offset < firstMark }

func sumBefore(r io.ReaderAt, buf []byte, offset int64, want sum) bool {
	n := windowBefore(offset)
	return sumAt(r, buf[:n], offset-int64(n), want)
}

func sumAt(r io.ReaderAt, buf []byte, at int64, want sum) bool {
	n, err := r.ReadAt(buf, at)
	if n < len(buf) || err != nil && !errors.Is(err, io.EOF) {
		return false
	}
	return sumOf(buf) == want
}

// positionAt takes the position at offset to in a file that is taken as read up to there.
func positionAt(r io.ReaderAt, to int64) (position, error) {
	p := position{offset: to, headLen: windowBefore(to)}
	if to == 0 {
		return p, nil
	}
	var buf [windowLen]byte
	b := buf[:p.headLen]
	if n, err := r.ReadAt(b, 0); n < len(b) {
		return position{}, shortRead(err)
	}
	p.head = sumOf(b)
	if n, err := r.ReadAt(b, to-int64(len(b))); n < len(b) {
		return position{}, shortRead(err)
	}
	p.anchor = sumOf(b)
	p.addMark(mark{to, p.anchor})
	return p, nil
}

// cutAt is positionAt in a file that holds only the beginning of what was read.
func (p *position) cutAt(r io.ReaderAt, to int64) (position, error) {
	next, err := positionAt(r, to)
	if err != nil {
		return position{}, err
	}
	var marks []mark
	for _, m := range p.marks {
		if m.at < to {
			marks = append(marks, m)
		}
	}
	next.marks = append(marks, next.marks...)
	for i, t := range p.trails {
		if to <= p.offset {
			next.trails[i] = t.cut(grainOf(i), p.offset, to)
		}
	}
	return next, nil
}

// leapt returns the position at offset to, further on in the same file, with what lies between not looked at.
func (p *position) leapt(r io.ReaderAt, to int64) (position, error) {
	if p.headLen < windowLen {
		next, err := positionAt(r, to)
		if err == nil {
			next.marks, next.base = p.marks, to
		}
		return next, err
	}
	next := position{offset: to, headLen: p.headLen, head: p.head, marks: p.marks, base: to}
	var buf [windowLen]byte
	if n, err := r.ReadAt(buf[:], to-windowLen); n < windowLen {
		return position{}, shortRead(err)
	}
	next.anchor = sumOf(buf[:])
	return next, nil
}

func shortRead(err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// The encoding of marks and trails in the state: 24 bytes each mark. An earlier version wrote the marks alone.
const (
	markSize     = 8 + len(sum{})
	marksVersion = 0x81 // as the first byte; in the earlier version that was part of an offset, and below 0x80
)

func (p *position) encodeMarks() []byte {
	marks := p.marks[max(0, len(p.marks)-maxMarks):]
	b := make([]byte, 0, 2+len(marks)*markSize+trails*(2+4*trailLen))
	b = append(b, marksVersion, byte(len(marks)))
	for _, m := range marks {
		b = binary.BigEndian.AppendUint64(b, uint64(m.at))
		b = append(b, m.sum[:]...)
	}
	for _, t := range p.trails {
		b = appendTrail(b, t)
	}
	return b
}

// decodeMarks reads what encodeMarks wrote; marks that make no sense are left out, which costs only evidence.
func (p *position) decodeMarks(b []byte) {
	n := maxMarks
	current := len(b) >= 2 && b[0] == marksVersion
	if current {
		n, b = int(b[1]), b[2:]
	}
	last := int64(0)
	for ; len(b) >= markSize && n > 0; n, b = n-1, b[markSize:] {
		m := mark{at: int64(binary.BigEndian.Uint64(b))}
		copy(m.sum[:], b[8:markSize])
		if m.at > last {
			p.marks, last = append(p.marks, m), m.at
		}
	}
	if !current {
		return
	}
	for i := range p.trails {
		p.trails[i], b = decodeTrail(b)
		if g := grainOf(i); int64(len(p.trails[i])) > p.offset/g.step {
			p.trails[i] = nil // it would begin before the file
		}
	}
}
