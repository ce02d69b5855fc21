package source

import (
	"bytes"
	"compress/gzip"
	"os"
	"slices"
	"strings"
	"time"
)

// operation is what the model does at random.
type operation struct {
	name   string
	weight int
	lossy  bool              // lines may be lost by it
	in     string            // the layouts in which it makes sense; none: all
	do     func(*model) bool // says whether it could be done
}

var operations = []operation{
	{"write", 30, false, "", (*model).opWrite},
	{"partial", 10, false, "", (*model).opPartial},
	{"tick", 20, false, "", (*model).opTick},
	{"commit", 8, false, "", (*model).opCommit},
	{"kill", 4, false, "", (*model).opKill},
	{"restart", 3, false, "", (*model).opRestart},
	{"start", 6, false, "", (*model).opStart},
	{"pause", 4, false, "", (*model).opPause},
	{"forbid", 3, false, "", (*model).opForbid},
	{"permit", 4, false, "", (*model).opPermit},
	{"power loss", 2, false, "", (*model).opPower},

	{"reopen", 6, false, "", (*model).opReopen},
	{"rename", 6, false, "file dated", (*model).opRename},
	{"rename and create", 12, false, "file dated kubernetes", (*model).opRenameCreate},
	{"rename and reopen", 6, false, "file dated", (*model).opRenameReopen},
	{"rename behind the link", 10, false, "kubernetes", (*model).opRename},
	{"swap the link", 8, false, "swapped", (*model).opSwap},
	{"compress", 6, false, "file dated kubernetes", (*model).opCompress},

	{"copytruncate", 8, true, "file dated kubernetes", (*model).opCopytruncate},
	{"truncate", 2, true, "", (*model).opTruncate},
	{"truncate and write less", 3, true, "", (*model).opRewriteLess},
	{"truncate and write the same size", 3, true, "", (*model).opRewriteSame},
	{"truncate and write more", 3, true, "", (*model).opRewriteMore},
	{"delete", 2, true, "", (*model).opDelete},
	{"delete and recreate", 3, true, "", (*model).opRecreate},
	{"replace", 3, true, "", (*model).opReplace},
	{"the log loses its end", 3, true, "", (*model).opCut},
}

// rotations is where those of operations begin that change the file to which app.log leads.
const rotations = 12

// pick picks an operation. While the writer is still in an old file and there is a new one, and in the middle of a line,
// which does not last long, rotations and truncations come more often than their weight says.
func (m *model) pick() operation {
	if m.live != nil && (m.w.ino != m.live || m.w.partial != "") && m.rnd.IntN(4) == 0 {
		return operations[rotations+m.rnd.IntN(len(operations)-rotations)]
	}
	total := 0
	for _, op := range operations {
		total += op.weight
	}
	k := m.rnd.IntN(total)
	for _, op := range operations {
		if k -= op.weight; k < 0 {
			return op
		}
	}
	panic("the weights do not add up")
}

// possible says that an operation makes sense in this case.
func (m *model) possible(op operation) bool {
	return (m.lossy || !op.lossy) && (op.in == "" || strings.Contains(op.in, string(m.layout)))
}

func (m *model) opWrite() bool {
	var b strings.Builder
	if m.w.partial != "" {
		b.WriteString(m.w.partial + "\n")
		m.w.partial = ""
	}
	for range 1 + m.rnd.IntN(20) {
		b.WriteString(m.line() + "\n")
	}
	m.put(b.String())
	return true
}

func (m *model) opPartial() bool {
	if m.w.partial == "" {
		m.w.partial = m.line()
	}
	n := m.rnd.IntN(len(m.w.partial)) // at least one byte stays to be written
	if n == 0 {
		return false
	}
	part := m.w.partial[:n]
	m.w.partial = m.w.partial[n:]
	m.put(part)
	return true
}

// opTick looks around and reads: all that there is, or for some turns only.
func (m *model) opTick() bool {
	if !m.up {
		return false
	}
	m.pass(DefaultTick)
	m.look()
	if m.dead {
		m.die()
	}
	return true
}

// look is a tick, of which some are interrupted. A process that is killed meanwhile does nothing any more.
func (m *model) look() {
	turns := 100_000
	if m.rnd.IntN(4) == 0 {
		turns = m.rnd.IntN(4)
	}
	m.asReader(func() {
		m.m.tick()
		for ; turns > 0 && !m.dead; turns-- {
			m.m.settle()
			if !m.rig.w.step(m.t.Context()) && !m.rig.packed.step(m.t.Context()) && len(m.m.results) == 0 {
				m.m.judge()
				break
			}
		}
	})
	m.looked()
}

// looked notes what the follower has seen: everything that has a name, and may be read.
func (m *model) looked() {
	for _, ino := range m.inodes {
		there := ino.name != "" && !slices.Contains(m.barred, ino)
		ino.pinned, ino.seen = ino.pinned || there, ino.seen || there
	}
}

func (m *model) opPause() bool {
	m.pass(time.Duration(m.rnd.IntN(20)) * time.Second)
	return true
}

func (m *model) opForbid() bool {
	ino := m.inodes[m.rnd.IntN(len(m.inodes))]
	if m.rnd.IntN(2) == 0 {
		ino = m.live
	}
	if ino == nil || ino.name == "" || slices.Contains(m.barred, ino) {
		return false
	}
	m.chmod(ino.name, 0)
	m.barred = append(m.barred, ino)
	return true
}

func (m *model) opPermit() bool {
	if len(m.barred) == 0 {
		return false
	}
	m.permit()
	return true
}

func (m *model) opReopen() bool {
	m.reopen()
	return true
}

// opCompress packs a rotated file, at once or in two steps.
func (m *model) opCompress() bool {
	if m.finishPacking() {
		return true
	}
	for _, ino := range m.inodes {
		if ino.name == "" || ino == m.live || ino == m.w.ino || ino.packed {
			continue
		}
		m.packing = ino
		if m.rnd.IntN(2) == 0 {
			return m.finishPacking()
		}
		b := packedBytes(ino.data)
		m.put0(ino.name+".gz", b[:m.rnd.IntN(len(b))])
		return true
	}
	return false
}

// finishPacking completes the packed file and removes the original, as gzip does. False: none was begun.
func (m *model) finishPacking() bool {
	ino := m.packing
	if ino == nil {
		return false
	}
	m.packing = nil
	m.put0(ino.name+".gz", packedBytes(ino.data))
	m.remove(ino.name)
	if i := slices.Index(m.barred, ino); i >= 0 {
		m.barred = slices.Delete(m.barred, i, i+1) // the packed file is another one
	}
	ino.name += ".gz"
	ino.packed = true
	return true
}

func packedBytes(data []byte) []byte {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed) // that is a level
	z.Write(data)
	z.Close()
	return b.Bytes()
}

// put0 makes name hold data, of which it may hold the beginning.
func (m *model) put0(name string, data []byte) {
	f, err := os.OpenFile(m.path(name), os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		m.t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(data); err != nil {
		m.t.Fatal(err)
	}
}
