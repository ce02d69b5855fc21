package source

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// inode is what the model knows of one file.
type inode struct {
	data   []byte
	name   string // "" once it is deleted
	copy   bool
	pinned bool // the follower has seen it, and lives
	packed bool
	noted  int // up to here its lines are in must
}

// modelWriter is a program that writes lines.
type modelWriter struct {
	f       *os.File
	ino     *inode
	at      int64  // where a writer without O_APPEND writes next
	append  bool   // O_APPEND
	partial string // what is still to be written of a line
}

// model plays a writer, logrotate and a failing machine against a Manager, and knows which lines must have been counted.
type model struct {
	*rig
	rnd    *rand.Rand
	log    []string // what was done, for the report
	inodes []*inode
	live   *inode // at app.log; nil while there is none
	w      *modelWriter
	n      int
	up     bool
	trace  func(m *model, op string) // called after each operation, where set

	committed map[string]int
	must      map[string]bool // complete lines that were written
	may       map[string]bool // lines that may be missing: they went before anybody could read them
	extra     map[string]bool // what may be counted as a line, but need not: the rest of a file at some time
	lossy     bool            // truncations without a copy, deletions: lines may be lost
	seen      map[string]int  // operation and state, for the census
}

func newModel(t testing.TB, seed uint64, lossy bool) *model {
	m := &model{
		rig: newRig(t, Options{Name: "s", Paths: []string{"app.log"}}), rnd: rand.New(rand.NewPCG(seed, 7)), up: true, lossy: lossy,
		committed: map[string]int{}, must: map[string]bool{}, may: map[string]bool{}, extra: map[string]bool{}, seen: map[string]int{},
	}
	m.w = &modelWriter{append: true}
	m.tick()
	m.commit() // the state knows the source from here on
	m.reopen()
	return m
}

func (m *model) did(format string, args ...any) { m.log = append(m.log, fmt.Sprintf(format, args...)) }

// reopen lets the writer let go of its file and open app.log.
func (m *model) reopen() {
	if m.w.f != nil {
		if m.w.partial != "" && m.rnd.IntN(2) == 0 {
			m.put(m.w.partial + "\n")
			m.w.partial = ""
		}
		m.w.partial = ""
		m.w.f.Close()
	}
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
		m.live = &inode{name: "app.log"}
		m.inodes = append(m.inodes, m.live)
	}
	m.w.ino = m.live
	m.w.at = int64(len(m.live.data))
	if _, err := f.Seek(m.w.at, 0); err != nil {
		m.t.Fatal(err)
	}
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
	ino.data = append(ino.data[:at], s...)
	m.noteLines(ino)
	if ino.name == "" && !(ino.pinned && m.up) {
		m.lose(ino.data) // nobody can read it any more
	}
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
	lines, rest := linesOf(ino.data[ino.noted:])
	if i := bytes.LastIndexByte(ino.data, '\n'); i >= 0 {
		ino.noted = i + 1
	}
	for _, l := range lines {
		m.must[l] = true
	}
	if rest != "" {
		m.extra[rest] = true
	}
}

// counted says which lines are counted now, committed or not.
func (m *model) counted() func(string) bool {
	fresh := map[string]bool{}
	for _, l := range m.sink.lines {
		fresh[l] = true
	}
	return func(l string) bool { return m.committed[l] > 0 || fresh[l] }
}

// lose marks the lines of data that nobody has counted as possibly lost.
func (m *model) lose(data []byte) {
	counted := m.counted()
	lines, _ := linesOf(data)
	for _, l := range lines {
		if !counted(l) {
			m.may[l] = true
		}
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

// run plays n operations and then lets everything come to an end.
func (m *model) run(n int) {
	total := 0
	for _, op := range operations {
		total += op.weight
	}
	for i := 0; i < n; {
		k := m.rnd.IntN(total)
		for _, op := range operations {
			if k -= op.weight; k >= 0 {
				continue
			}
			if op.lossy && !m.lossy {
				break
			}
			state := m.state()
			if op.do(m) {
				m.did("%s [%s]", op.name, state)
				if m.trace != nil {
					m.trace(m, op.name+" ["+state+"]")
				}
				m.seen[op.name+" "+state]++
				i++
			}
			break
		}
	}
	m.finish()
}

// state says how the follower stood before an operation.
func (m *model) state() string {
	switch {
	case !m.up:
		return "down"
	case m.w.ino != m.live:
		return "rotated"
	case m.w.partial != "":
		return "partial"
	}
	for g := range m.m.open {
		if g.size > g.rec.pos.offset || g.watched != nil && int64(len(m.live.data)) > g.rec.pos.offset {
			return "behind"
		}
	}
	return "at end"
}

func (m *model) finish() {
	m.opStart()
	if m.w.partial != "" {
		m.put(m.w.partial + "\n")
		m.w.partial = ""
	}
	m.w.f.Close()
	for range 8 {
		m.pass(2 * time.Second)
		m.tick()
	}
	m.opCommit()
	m.check()
}

func (m *model) check() {
	m.t.Helper()
	counts := m.committed
	var bad []string
	for l, n := range counts {
		switch {
		case !m.must[l] && !m.extra[l]:
			bad = append(bad, "never written: "+l)
		case n > 1 && !m.extra[l]:
			bad = append(bad, fmt.Sprintf("counted %d times: %s", n, l))
		}
	}
	for l := range m.must {
		if counts[l] == 0 && !m.may[l] {
			bad = append(bad, "lost: "+l)
		}
	}
	slices.Sort(bad)
	if len(bad) > 0 {
		m.t.Errorf("%d wrong of %d lines:\n  %s\nafter\n  %s", len(bad), len(m.must),
			strings.Join(abbreviate(bad), "\n  "), strings.Join(m.log, "\n  "))
	}
}

func TestModel(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	for i := range uint64(modelCases) {
		m := newModel(t, seed+i, i%2 == 1)
		m.run(20 + m.rnd.IntN(60))
		if t.Failed() {
			t.Fatalf("case %d of seed %d (%d), lossy %v", i, seed, seed+i, i%2 == 1)
		}
	}
}

// modelCases is how many cases one run of the test plays; each takes a few milliseconds.
const modelCases = 60
