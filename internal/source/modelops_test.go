package source

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"strings"
	"time"
)

// operations, by name. Each says whether it could be done.
var operations = []struct {
	name   string
	weight int
	lossy  bool
	do     func(*model) bool
}{
	{"write", 30, false, (*model).opWrite},
	{"partial", 8, false, (*model).opPartial},
	{"tick", 20, false, (*model).opTick},
	{"commit", 8, false, (*model).opCommit},
	{"crash", 3, false, (*model).opCrash},
	{"restart", 2, false, (*model).opRestart},
	{"start", 6, false, (*model).opStart},
	{"rename", 4, false, (*model).opRename},
	{"renameReopen", 4, false, (*model).opRenameReopen},
	{"reopen", 6, false, (*model).opReopen},
	{"copytruncate", 4, true, (*model).opCopytruncate},
	{"compress", 4, false, (*model).opCompress},
	{"truncate", 2, true, (*model).opTruncate},
	{"rewrite", 2, true, (*model).opRewrite},
	{"delete", 2, true, (*model).opDelete},
	{"wait", 3, false, (*model).opWait},
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

func (m *model) opTick() bool {
	if !m.up {
		return false
	}
	m.pass(DefaultTick)
	if m.rnd.IntN(4) == 0 {
		// A tick that is interrupted after some turns of the workers.
		m.m.tick()
		for range m.rnd.IntN(4) {
			m.rig.w.step(m.t.Context())
		}
	} else {
		m.tick()
	}
	if m.live != nil {
		m.live.pinned = true
	}
	for _, ino := range m.inodes {
		ino.pinned = ino.pinned || ino.name != ""
	}
	return true
}

func (m *model) opCommit() bool {
	if !m.up {
		return false
	}
	m.commit()
	for _, l := range m.sink.take() {
		m.committed[l]++
	}
	return true
}

func (m *model) opCrash() bool {
	if !m.up {
		return false
	}
	m.sink.take() // rolled back, together with the positions
	m.crash()
	m.up = false
	for _, ino := range m.inodes {
		ino.pinned = false
		if ino.name == "" {
			m.lose(ino.data)
		}
	}
	// What was read from content that is gone was taken back too.
	counted := m.counted()
	onDisk := map[string]bool{}
	for _, ino := range m.inodes {
		if ino.name != "" {
			lines, _ := linesOf(ino.data)
			for _, l := range lines {
				onDisk[l] = true
			}
		}
	}
	for l := range m.must {
		if !counted(l) && !onDisk[l] {
			m.may[l] = true
		}
	}
	return true
}

func (m *model) opRestart() bool {
	return m.opCommit() && m.opCrash() && m.opStart()
}

func (m *model) opStart() bool {
	if m.up {
		return false
	}
	m.start()
	m.up = true
	return true
}

// shift makes room for a new app.log.1.
func (m *model) shift() {
	rotated := func(n int, packed bool) string {
		if packed {
			return fmt.Sprintf("app.log.%d.gz", n)
		}
		return fmt.Sprintf("app.log.%d", n)
	}
	for n := 60; n > 0; n-- {
		for _, ino := range m.inodes {
			if ino.name != "" && ino.name == rotated(n, ino.packed) {
				m.rig.rename(ino.name, rotated(n+1, ino.packed))
				ino.name = rotated(n+1, ino.packed)
			}
		}
	}
}

func (m *model) opRename() bool {
	if m.live == nil || len(m.live.data) == 0 {
		return false
	}
	m.shift()
	m.rig.rename("app.log", "app.log.1")
	m.live.name = "app.log.1"
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

func (m *model) opReopen() bool {
	m.reopen()
	return true
}

func (m *model) opCopytruncate() bool {
	if m.live == nil || len(bytes.Trim(m.live.data, "\x00")) < 2*firstMark {
		return false // a copy of less proves nothing
	}
	m.shift()
	m.rig.copy("app.log", "app.log.1")
	c := &inode{data: bytes.Clone(m.live.data), name: "app.log.1", copy: true}
	m.inodes = append(m.inodes, c)
	if m.up && m.rnd.IntN(3) == 0 {
		// Lines between the copy and the truncation, which the follower reads in time, or not.
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
	m.truncate("app.log", 0)
	m.live.data, m.live.noted = nil, 0
	return true
}

func (m *model) opCompress() bool {
	for _, ino := range m.inodes {
		if ino.name == "" || ino == m.live || ino == m.w.ino || ino.packed {
			continue
		}
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		z.Write(ino.data)
		z.Close()
		if err := os.WriteFile(m.path(ino.name+".gz"), b.Bytes(), 0o644); err != nil {
			m.t.Fatal(err)
		}
		m.remove(ino.name)
		ino.name += ".gz"
		ino.packed = true
		return true
	}
	return false
}

func (m *model) opTruncate() bool {
	if m.live == nil || len(m.live.data) == 0 {
		return false
	}
	m.lose(m.live.data)
	m.truncate("app.log", 0)
	m.live.data, m.live.noted = nil, 0
	return true
}

// opRewrite truncates and at once writes more than was there.
func (m *model) opRewrite() bool {
	if m.live == nil || m.w.ino != m.live || !m.w.append {
		return false
	}
	before := len(m.live.data)
	if !m.opTruncate() {
		return false
	}
	for len(m.live.data) <= before {
		m.opWrite()
	}
	return true
}

func (m *model) opDelete() bool {
	if m.live == nil {
		return false
	}
	if !m.up || !m.live.pinned {
		m.lose(m.live.data)
	}
	m.remove("app.log")
	m.live.name = ""
	m.live = nil
	return true
}

func (m *model) opWait() bool {
	m.pass(time.Duration(m.rnd.IntN(20)) * time.Second)
	return true
}
