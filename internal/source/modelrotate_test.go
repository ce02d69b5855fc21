package source

import (
	"bytes"
	"fmt"
	"os"
)

// rotatedName is the name of the n-th rotated file, from the newest on.
func (m *model) rotatedName(n int, packed bool) string {
	if packed {
		return fmt.Sprintf("%s.%d.gz", m.home, n)
	}
	return fmt.Sprintf("%s.%d", m.home, n)
}

// vacate returns the name for the next rotated file, for which there is room.
func (m *model) vacate() string {
	m.turns++
	switch m.layout {
	case dated:
		if m.turns%2 == 0 {
			return fmt.Sprintf("app-20261120%06d.log", m.turns)
		}
		return fmt.Sprintf("app.log-20261120%06d", m.turns)
	case kubernetes:
		return fmt.Sprintf("%s.20261120-10%04d", m.home, m.turns)
	}
	m.finishPacking()
	for n := m.turns; n > 0; n-- {
		for _, ino := range m.inodes {
			if ino.name != "" && ino.name == m.rotatedName(n, ino.packed) {
				m.rig.rename(ino.name, m.rotatedName(n+1, ino.packed))
				ino.name = m.rotatedName(n+1, ino.packed)
			}
		}
	}
	return m.rotatedName(1, false)
}

// opRename rotates; the writer goes on in the old file until it reopens.
func (m *model) opRename() bool {
	if m.live == nil {
		return false
	}
	name := m.vacate()
	m.rig.rename(m.home, name)
	m.live.name = name
	m.live = nil
	return true
}

func (m *model) opRenameReopen() bool {
	if !m.opRename() {
		return false
	}
	m.reopen()
	return true
}

// opRenameCreate makes the new file while the writer still has the old one. Another process of the same server may write
// there already.
func (m *model) opRenameCreate() bool {
	if !m.opRename() {
		return false
	}
	m.create()
	if m.rnd.IntN(2) == 0 {
		m.putAside(m.live, m.fill(2*firstMark+m.rnd.IntN(2000)))
	}
	return true
}

func (m *model) create() {
	m.write(m.home, "")
	m.live = m.newInode(m.home)
}

// lead makes the next file and leads the link to it.
func (m *model) lead() {
	m.turns++
	m.mkdir("data")
	m.home = fmt.Sprintf("data/app-%d.log", m.turns)
	m.create()
	m.relink(m.home, "app.log")
}

// opSwap leads the link to the next file. Of a file that the link led to between two looks nothing on the disk tells, so
// this one is not left before the state knows it, as it was written since it was last truncated.
func (m *model) opSwap() bool {
	if m.live == nil || !m.live.known || m.up && !m.live.pinned {
		return false
	}
	m.lead()
	return true
}

// worthCopying: a copy of less proves nothing.
func (m *model) worthCopying() bool {
	return m.live != nil && len(bytes.Trim(m.live.data, "\x00")) >= 2*firstMark
}

func (m *model) opCopytruncate() bool {
	if !m.worthCopying() {
		return false
	}
	m.reach(m.live)
	name := m.vacate()
	m.rig.copy(m.home, name)
	c := m.newInode(name)
	c.data, c.copy = bytes.Clone(m.live.data), true
	if m.up && m.rnd.IntN(3) == 0 {
		m.writeBetween(c)
	}
	m.empty(m.live)
	return true
}

// writeBetween writes lines between the copy and the truncation, which the follower reads in time, or not.
func (m *model) writeBetween(c *inode) {
	m.opWrite()
	if m.rnd.IntN(2) == 0 {
		m.opTick()
	}
	m.lose(m.live.data[min(len(c.data), len(m.live.data)):])
	lines, _ := linesOf(m.live.data)
	whole, _ := linesOf(c.data)
	counted := m.counted()
	for _, l := range lines[len(whole):] {
		if !counted(l) {
			m.may[l] = true
		}
	}
}

// empty truncates a file to nothing.
func (m *model) empty(ino *inode) {
	m.reach(ino)
	m.rig.truncate(ino.name, 0)
	ino.data, ino.noted, ino.known, ino.seen, ino.cut = nil, 0, false, false, 0
	ino.cuts++
	if ino == m.w.ino && m.w.partial != "" {
		m.extra[m.w.partial] = true // what is left of a line will stand alone
	}
}

func (m *model) opTruncate() bool {
	if m.live == nil || len(m.live.data) == 0 {
		return false
	}
	m.lose(m.live.data)
	m.empty(m.live)
	return true
}

func (m *model) opRewriteLess() bool {
	return m.rewrite(func(before int) int { return minFill + m.rnd.IntN(before-minFill) })
}

func (m *model) opRewriteSame() bool { return m.rewrite(func(before int) int { return before }) }

func (m *model) opRewriteMore() bool {
	return m.rewrite(func(before int) int { return before + 1 + m.rnd.IntN(2*before) })
}

// rewrite truncates and at once writes so much.
func (m *model) rewrite(size func(before int) int) bool {
	if m.live == nil || m.live == m.w.ino && !m.w.append || len(m.live.data) <= minFill {
		return false
	}
	n := size(len(m.live.data))
	if !m.opTruncate() {
		return false
	}
	m.putAside(m.live, m.fill(n))
	return true
}

func (m *model) opDelete() bool {
	if m.live == nil {
		return false
	}
	m.remove(m.home)
	m.unlinked(m.live)
	m.live = nil
	return true
}

// unlinked notes that a file has no name any more: only who holds it open has it.
func (m *model) unlinked(ino *inode) {
	if !m.up || !ino.pinned {
		m.lose(ino.data)
	}
	ino.name = ""
}

func (m *model) opRecreate() bool {
	if !m.opDelete() {
		return false
	}
	m.reopen()
	return true
}

// opReplace puts another file, in which there is something already, in the place of app.log.
func (m *model) opReplace() bool {
	if m.live == nil {
		return false
	}
	fresh := m.newInode(m.home + ".fresh")
	m.putAside(fresh, m.line()+"\n"+m.line()+"\n")
	m.rig.rename(fresh.name, m.home)
	m.unlinked(m.live)
	fresh.name = m.home
	m.live = fresh
	if m.rnd.IntN(2) == 0 {
		m.reopen()
	}
	return true
}

// opCut: the machine loses its power, and the log its end, which was not on the disk yet. The follower is up again before
// the writer is.
func (m *model) opCut() bool {
	if m.live == nil || m.live != m.w.ino || len(m.live.data) == 0 || bytes.IndexByte(m.live.data, 0) >= 0 {
		return false
	}
	if m.up {
		m.die()
	}
	m.w.partial = ""
	ends := lineEnds(m.live.data)
	cut := ends[m.rnd.IntN(len(ends))]
	lost := bytes.Clone(m.live.data[cut:])
	m.live.data = m.live.data[:cut]
	m.live.noted, m.live.known, m.live.seen, m.live.cut = cut, false, false, cut
	m.live.cuts++
	m.lose(lost)
	before, _ := linesOf(m.live.data[max(0, cut-inDoubt):])
	m.doubt(before)
	if err := os.Truncate(m.path(m.home), int64(cut)); err != nil {
		m.t.Fatal(err)
	}
	m.permit()
	m.opStart()
	m.tick()
	m.looked()
	m.reopen()
	return true
}

// inDoubt is how many bytes around a cut are in doubt, if the log is written on before the state knows of the cut: where
// it lies is proven to within a few lines.
const inDoubt = 5 << 10

// doubt marks lines of which one may be counted twice, or not at all.
func (m *model) doubt(lines []string) {
	for _, l := range lines {
		m.extra[l], m.may[l] = true, true
	}
}

// lineEnds lists the places between lines, the beginning too.
func lineEnds(data []byte) []int {
	out := []int{0}
	for i, c := range data {
		if c == '\n' {
			out = append(out, i+1)
		}
	}
	return out
}
