package source

import (
	"bytes"
	"context"

	"github.com/errwatch/errwatch/internal/line"
)

// search looks for the end of something long that begins at the position: a line, or a hole of NULs. What was searched
// is not kept, so the memory does not depend on the length.
func (w *worker) search(ctx context.Context, t turn) (outcome, error) {
	g := t.g
	nul, ok := w.holds(g)
	if !ok {
		g.scan = 0
		return truncated, nil
	}
	w.watchRoom(g)
	at := g.at.offset + g.scan
	if nul && g.packed == nil {
		at = max(at, nextData(g.file, at))
	}
	buf := w.room(blockSize)
	n, err := g.readAt(buf, at)
	if err != nil {
		return failed, err
	}
	end := n < len(buf)
	if t.limit >= 0 && at+int64(n) > t.limit {
		n, end = max(0, int(t.limit-at)), false
	}
	i := searchEnd(buf[:n], nul)
	if i < 0 {
		return w.searchOn(ctx, t, buf[:n], at, nul, end)
	}
	length := at + int64(i) - g.at.offset
	if !nul && length <= int64(g.src.opts.MaxLine) {
		g.scan, g.need = 0, int(length)+1
		return more, nil
	}
	skip := line.NulRun
	if !nul {
		skip = line.TooLong
		length++
	}
	return w.skip(ctx, g, skip, g.at.offset+length)
}

func searchEnd(data []byte, nul bool) int {
	if !nul {
		return bytes.IndexByte(data, '\n')
	}
	if n := nulRun(data); n < len(data) {
		return n
	}
	return -1
}

// searchOn goes on searching, or ends the search where the generation ends.
func (w *worker) searchOn(ctx context.Context, t turn, data []byte, at int64, nul, end bool) (outcome, error) {
	g := t.g
	if !end {
		if t.limit >= 0 && at+int64(len(data)) >= t.limit {
			return idle, nil
		}
		g.searched(data, at, nul)
		return more, nil
	}
	if !t.released {
		g.searched(data, at, nul)
		return idle, nil
	}
	length := at + int64(len(data)) - g.at.offset
	switch {
	case g.rec.copy:
		return w.skipLast(ctx, g, line.Fragment, g.at.offset+length)
	case nul:
		return w.skipLast(ctx, g, line.NulRun, g.at.offset+length)
	case length > int64(g.src.opts.MaxLine):
		return w.skipLast(ctx, g, line.TooLong, g.at.offset+length)
	}
	g.scan, g.need = 0, int(length)+1
	return more, nil
}

// searched notes that nothing ends in data, which stands at offset at.
func (g *generation) searched(data []byte, at int64, nul bool) {
	g.scan, g.scanNul = at+int64(len(data))-g.at.offset, nul
	switch text := len(trimNULs(data)); {
	case len(data) == 0:
	case nul || text == len(data):
		g.room = 0
	case text > 0 || g.room == 0:
		g.room = at + int64(text)
	}
}

// watchRoom looks whether the NULs at the end of what was searched were room that the writer had reserved, and has begun
// to fill: then the search goes on from there.
func (w *worker) watchRoom(g *generation) {
	if g.room == 0 || g.packed != nil {
		return
	}
	var first [1]byte
	if n, _ := g.readAt(first[:], g.room); n == 1 && first[0] != 0 {
		g.scan, g.room = g.room-g.at.offset, 0
	}
}

// holds looks at the anchor and at the first byte behind it: is the file still the same, and is it a hole that is
// searched? A hole may be filled from its beginning, and then the search begins anew.
func (w *worker) holds(g *generation) (nul, ok bool) {
	if g.packed != nil {
		return g.scanNul, true // nobody writes into it, and going back in it is dear
	}
	back := windowBefore(g.at.offset)
	n, err := g.readAt(w.check[:back], g.at.offset-int64(back))
	if err != nil || n < back || back > 0 && sumOf(w.check[:back]) != g.at.anchor {
		return false, false
	}
	var first [1]byte
	if n, _ := g.readAt(first[:], g.at.offset); n < 1 {
		return false, false
	}
	if g.scanNul && first[0] != 0 {
		g.scan, g.room = 0, 0
	}
	g.scanNul = first[0] == 0
	return g.scanNul, true
}

// skip moves the position over something that is no line to hand on.
func (w *worker) skip(ctx context.Context, g *generation, why line.SkipReason, to int64) (outcome, error) {
	next, err := w.leap(g, to)
	if err != nil {
		g.scan = 0
		return truncated, nil // it was longer a moment ago
	}
	w.start(g, why, nil)
	if err := w.hand(ctx, g, next, false); err != nil {
		return refused, err
	}
	g.scan = 0
	return more, nil
}

func (w *worker) skipLast(ctx context.Context, g *generation, why line.SkipReason, to int64) (outcome, error) {
	next, err := w.leap(g, to)
	g.scan = 0
	if err != nil {
		return truncated, nil
	}
	return w.last(ctx, g, why, nil, next)
}

// leap takes the position at offset to, with the proof of the old one looked at last.
func (w *worker) leap(g *generation, to int64) (position, error) {
	next, err := g.at.leapt(g, to)
	if err != nil {
		return position{}, err
	}
	was := g.scanNul
	if nul, ok := w.holds(g); !ok || nul != was {
		return position{}, errChanged
	}
	return next, nil
}
