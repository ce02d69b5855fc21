package source

import (
	"cmp"
	"encoding/binary"
	"hash/crc32"
	"io"
	"slices"
	"sort"
)

// A trail says where a file that lost its end, and has grown again, begins to differ from what was read: after a power
// cut a log may be without what its writer had not synced, though it was read and counted. It holds a short sum every so
// many bytes before the position. Short ones, because they only narrow down what head and marks prove.
type trail []uint32

// grain is how dense a trail is. A sum covers the window bytes before a multiple of step.
type grain struct{ step, window int64 }

// trailLen is how many sums of a trail are kept at least, and in the state at most.
const trailLen = 256

// trails is how many trails a position has: one that leaves a few lines in doubt in the last 128 KiB, and one that
// leaves some dozens in doubt in the last MiB. Before that there are the marks.
const trails = 2

func grainOf(i int) grain {
	if i == 0 {
		return grain{512, 128}
	}
	return grain{4 << 10, 256}
}

func (g grain) last(offset int64) int64 { return offset / g.step * g.step }

func (g grain) sum(window []byte) uint32 {
	return crc32.Checksum(window, crc32.MakeTable(crc32.Castagnoli))
}

// extended returns the trail, which ends at offset from, at offset to. block holds the file's bytes from blockAt to at
// least to, and begins at least a window before from.
func (t trail) extended(g grain, from, to int64, block []byte, blockAt int64) trail {
	first := g.last(from) + g.step
	if oldest := g.last(to) - (trailLen-1)*g.step; first <= oldest {
		t, first = nil, oldest
	}
	if len(t) >= 2*trailLen {
		t = slices.Clone(t[len(t)-trailLen:])
	}
	for at := first; at <= to; at += g.step {
		t = append(t, g.sum(block[at-g.window-blockAt:at-blockAt]))
	}
	return t
}

// cut returns the trail, which ends at offset from, as it was at the smaller offset to.
func (t trail) cut(g grain, from, to int64) trail {
	return t[:max(0, int64(len(t))-(g.last(from)-g.last(to))/g.step)]
}

// waypoint is a place up to which a file can be compared with what was read.
type waypoint struct {
	at     int64
	agrees func(r io.ReaderAt) bool
}

// waypoints lists them, in their order in the file.
func (p *position) waypoints() []waypoint {
	strong := func(at int64, want sum) waypoint {
		return waypoint{at, func(r io.ReaderAt) bool {
			var buf [windowLen]byte
			return sumBefore(r, buf[:], at, want)
		}}
	}
	out := []waypoint{strong(p.offset, p.anchor)}
	for _, m := range p.marks {
		out = append(out, strong(m.at, m.sum))
	}
	for i, t := range p.trails {
		g := grainOf(i)
		for k, want := range t {
			at := g.last(p.offset) - int64(len(t)-1-k)*g.step
			out = append(out, waypoint{at, func(r io.ReaderAt) bool {
				buf := make([]byte, g.window)
				n, _ := r.ReadAt(buf, at-g.window) // what cannot be read does not agree
				return n == len(buf) && g.sum(buf) == want
			}})
		}
	}
	slices.SortFunc(out, func(a, b waypoint) int { return cmp.Compare(a.at, b.at) })
	return out
}

// afterCut returns the position from which on a file of size bytes is to be read that has lost the end of what was read
// up to p, and may have grown again since: the first line behind the first place that differs, or the end where none
// does. Nothing before it is read again; what of skipped bytes there was not read before is passed over. It is not ok
// where nothing beyond the head agrees, as in a file that kept less than a KiB and a quarter: many logs begin alike.
func (p *position) afterCut(r io.ReaderAt, size int64) (at position, skipped int64, ok bool) {
	var buf [windowLen]byte
	if p.offset <= windowLen || size <= windowLen || p.hollow() || !sumAt(r, buf[:p.headLen], 0, p.head) {
		return position{}, 0, false
	}
	points := p.waypoints()
	n := sort.Search(len(points), func(i int) bool { return points[i].at > size || !points[i].agrees(r) })
	if n == 0 || points[n-1].at <= windowLen {
		return position{}, 0, false
	}
	to := size
	if agreed := points[n-1].at; n < len(points) && points[n].at <= size {
		if to = lineAfter(r, points[n].at, size); to > agreed {
			skipped = to - agreed
		}
	}
	at, err := p.cutAt(r, to)
	return at, skipped, err == nil
}

// lineAfter returns where the first line begins at or behind offset at; size where none does.
func lineAfter(r io.ReaderAt, at, size int64) int64 {
	buf := make([]byte, scanFrom)
	for at--; at < size; {
		n, _ := r.ReadAt(buf[:min(int64(len(buf)), size-at)], at)
		if n == 0 {
			break
		}
		for i, c := range buf[:n] {
			if c == '\n' {
				return at + int64(i) + 1
			}
		}
		at += int64(n)
	}
	return size
}

// In the state trails stand behind the marks, each as its length and its sums.

func appendTrail(b []byte, t trail) []byte {
	t = t[max(0, len(t)-trailLen):]
	b = binary.BigEndian.AppendUint16(b, uint16(len(t)))
	for _, s := range t {
		b = binary.BigEndian.AppendUint32(b, s)
	}
	return b
}

// decodeTrail reads what appendTrail wrote; one that is damaged is left out.
func decodeTrail(b []byte) (t trail, rest []byte) {
	if len(b) < 2 {
		return nil, nil
	}
	n := int(binary.BigEndian.Uint16(b))
	b = b[2:]
	if len(b) < 4*n || n > trailLen {
		return nil, nil
	}
	for i := range n {
		t = append(t, binary.BigEndian.Uint32(b[4*i:]))
	}
	return t, b[4*n:]
}
