package source

import (
	"cmp"
	"errors"
	"io"
	"slices"
)

// identity is what a compressed file turned out to hold.
type identity struct {
	all      position  // all of it, taken as read
	verdicts []verdict // of each candidate
}

// candidate is a position that may be one in the content.
type candidate struct {
	position
	whole bool // only if the content ends there
}

// identifier compares a stream with several positions in one pass.
type identifier struct {
	p          *packed
	candidates []candidate
	points     []checkpoint
	begun      []bool // the head is there, or the content shorter than that
	reached    []bool // a mark was found
	failed     []bool // a mark or the anchor was not
	anchored   []bool // the anchor was found
}

// checkpoint is a place at which content is compared.
type checkpoint struct {
	at        int64
	sum       sum
	candidate int
	anchor    bool
}

// identify reads all of a compressed file once, which also proves its checksum, and says what it holds of what was read
// up to each candidate.
func (p *packed) identify(candidates []candidate) (*identity, error) {
	n := len(candidates)
	id := &identifier{
		p: p, candidates: candidates,
		begun: make([]bool, n), reached: make([]bool, n), failed: make([]bool, n), anchored: make([]bool, n),
	}
	var head [windowLen]byte
	k, err := p.readAt(head[:], 0)
	if err != nil {
		return nil, err
	}
	id.plan(head[:k])
	if err := id.compare(); err != nil {
		return nil, err
	}
	total, err := p.readOn()
	if err != nil {
		return nil, err
	}
	out := &identity{verdicts: make([]verdict, n)}
	for i := range candidates {
		out.verdicts[i] = id.verdict(i, total)
	}
	out.all = position{offset: total, headLen: windowBefore(total)}
	if total > 0 {
		out.all.head = sumOf(head[:out.all.headLen])
		tail := make([]byte, out.all.headLen)
		if _, err := p.readAt(tail, total-int64(len(tail))); err != nil {
			return nil, err
		}
		out.all.anchor = sumOf(tail)
		out.all.addMark(mark{total, out.all.anchor})
	}
	return out, nil
}

// plan lists where to compare, for the candidates whose head is there.
func (id *identifier) plan(head []byte) {
	for i, c := range id.candidates {
		if c.offset == 0 || c.headLen <= len(head) && sumOf(head[:c.headLen]) != c.head {
			continue
		}
		id.begun[i] = true
		id.points = append(id.points, checkpoint{c.offset, c.anchor, i, true})
		for _, m := range c.marks {
			if m.at < c.offset {
				id.points = append(id.points, checkpoint{m.at, m.sum, i, false})
			}
		}
	}
	slices.SortFunc(id.points, func(a, b checkpoint) int { return cmp.Compare(a.at, b.at) })
}

func (id *identifier) compare() error {
	var buf [windowLen]byte
	for _, c := range id.points {
		n := windowBefore(c.at)
		k, err := id.p.readAt(buf[:n], c.at-int64(n))
		if err != nil {
			return err
		}
		if k < n {
			return nil // the content is shorter
		}
		ok := sumOf(buf[:n]) == c.sum
		id.failed[c.candidate] = id.failed[c.candidate] || !ok
		id.anchored[c.candidate] = id.anchored[c.candidate] || ok && c.anchor
		id.reached[c.candidate] = id.reached[c.candidate] || ok && !c.anchor
	}
	return nil
}

func (id *identifier) verdict(i int, total int64) verdict {
	c := &id.candidates[i]
	switch {
	case c.offset == 0 || c.hollow():
		return unproven
	case c.whole && c.offset != total:
		return differs
	case id.anchored[i]:
		return contains
	case !id.begun[i] || id.failed[i] || c.offset <= total:
		return differs
	case id.reached[i]:
		return shorter
	}
	return differs
}

// readAt is ReadAt, without an error at the end of the content.
func (p *packed) readAt(b []byte, at int64) (int, error) {
	n, err := p.ReadAt(b, at)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

// readOn reads to the end and returns the length of the content.
func (p *packed) readOn() (int64, error) {
	for !p.end {
		if err := p.forward(p.start+int64(len(p.buf)), blockSize); err != nil {
			return 0, err
		}
	}
	return p.start + int64(len(p.buf)), nil
}
