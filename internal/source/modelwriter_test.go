package source

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// inode is what the model knows of one file.
type inode struct {
	data   []byte
	name   string // "" once it is deleted
	copy   bool
	pinned bool // the follower has seen it, and lives
	seen   bool // and has looked at it since it was last truncated
	known  bool // the state that was committed last knows it
	packed bool
	noted  int // up to here its lines are in must
	cut    int // where it was cut, which the state does not know yet
	cuts   int // how often it was cut or truncated
}

// modelWriter is a program that writes lines.
type modelWriter struct {
	f       *os.File
	ino     *inode
	at      int64  // where a writer without O_APPEND writes next
	append  bool   // O_APPEND
	partial string // what is still to be written of a line
}

// reopen lets the writer let go of its file and open app.log.
func (m *model) reopen() {
	if m.w.f != nil {
		if m.w.partial != "" && m.rnd.IntN(2) == 0 {
			m.put(m.w.partial + "\n")
		}
		m.w.partial = ""
		m.w.f.Close()
	}
	m.reach(m.live)
	flags := os.O_WRONLY | os.O_CREATE
	m.w.append = m.rnd.IntN(4) > 0
	if m.w.append {
		flags |= os.O_APPEND
	}
	f, err := os.OpenFile(m.path("app.log"), flags, 0o644)
	if err != nil {
		m.t.Fatal(err)
	}
	m.w.f = f
	if m.live == nil {
		m.live = m.newInode(m.home)
	}
	m.w.ino = m.live
	m.w.at = int64(len(m.live.data))
	if _, err := f.Seek(m.w.at, 0); err != nil {
		m.t.Fatal(err)
	}
}

func (m *model) newInode(name string) *inode {
	ino := &inode{name: name}
	m.inodes = append(m.inodes, ino)
	return ino
}

// put writes bytes.
func (m *model) put(s string) {
	if _, err := m.w.f.WriteString(s); err != nil {
		m.t.Fatal(err)
	}
	ino := m.w.ino
	at := int64(len(ino.data))
	if !m.w.append {
		at = m.w.at
		m.w.at += int64(len(s))
	}
	if hole := at - int64(len(ino.data)); hole > 0 {
		ino.data = append(ino.data, make([]byte, hole)...)
	}
	m.grow(ino, at, s)
}

// grow notes that s was written at an offset.
func (m *model) grow(ino *inode, at int64, s string) {
	ino.data = append(ino.data[:at], s...)
	m.noteLines(ino)
	if ino.name == "" && !(ino.pinned && m.up) {
		m.lose(ino.data) // nobody can read it any more
	}
}

// putAside appends to a file, as another program than the writer.
func (m *model) putAside(ino *inode, s string) {
	m.reach(ino)
	m.write(ino.name, s)
	m.grow(ino, int64(len(ino.data)), s)
}

// linesOf splits content as it is to be counted: NULs at the beginning of a line are a hole.
func linesOf(data []byte) (lines []string, rest string) {
	parts := strings.Split(string(data), "\n")
	for i, p := range parts {
		p = strings.TrimLeft(p, "\x00")
		if i == len(parts)-1 {
			return lines, p
		}
		lines = append(lines, p)
	}
	return lines, ""
}

func (m *model) noteLines(ino *inode) {
	ino.noted = min(ino.noted, len(ino.data))
	begin := ino.noted
	lines, rest := linesOf(ino.data[ino.noted:])
	if i := bytes.LastIndexByte(ino.data, '\n'); i >= 0 {
		ino.noted = i + 1
	}
	for _, l := range lines {
		m.must[l] = true
	}
	if ino.cut > 0 && !ino.known && begin < ino.cut+inDoubt {
		m.doubt(lines)
	}
	if rest != "" {
		m.extra[rest] = true
	}
}

func (m *model) line() string {
	m.n++
	pad := ""
	switch m.rnd.IntN(300) {
	case 0, 1, 2, 3, 4:
		pad = strings.Repeat("y", m.rnd.IntN(3000))
	case 5:
		pad = strings.Repeat("z", blockSize+m.rnd.IntN(1000))
	default:
		pad = strings.Repeat("x", m.rnd.IntN(80))
	}
	return fmt.Sprintf("%06d %s %06d", m.n, pad, m.n)
}

// fill returns lines that are size bytes long together; size is at least minFill.
func (m *model) fill(size int) string {
	var b strings.Builder
	for size-b.Len() > 400 {
		m.n++
		fmt.Fprintf(&b, "%06d %s\n", m.n, strings.Repeat("f", m.rnd.IntN(200)))
	}
	m.n++
	last := fmt.Sprintf("%06d ", m.n)
	return b.String() + last + strings.Repeat("f", size-b.Len()-len(last)-1) + "\n"
}

const minFill = 16

// openTo lets everybody look into a folder and those above it that the test has made.
func (m *model) openTo(dir string) {
	for _, d := range []string{dir, filepath.Dir(dir)} {
		if err := os.Chmod(d, 0o755); err != nil {
			m.t.Fatal(err)
		}
	}
}

// asNobody does something as a user who owns nothing. Only the calling thread changes.
func (m *model) asNobody(f func()) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := setFileUser(65534); err != nil {
		m.t.Fatal(err)
	}
	defer func() {
		if err := setFileUser(0); err != nil {
			m.t.Fatal(err)
		}
	}()
	f()
}

// reach makes sure that the writer itself may open a file; root always may.
func (m *model) reach(ino *inode) {
	if os.Getuid() != 0 && slices.Contains(m.barred, ino) {
		m.permit()
	}
}

// permit gives back all rights that were taken away.
func (m *model) permit() {
	for _, ino := range m.barred {
		if ino.name != "" {
			m.chmod(ino.name, 0o644)
		}
	}
	m.barred = nil
}

func (m *model) chmod(name string, mode os.FileMode) {
	if err := os.Chmod(m.path(name), mode); err != nil {
		m.t.Fatal(err)
	}
}
