package source

import (
	"bytes"
	"fmt"
	"maps"
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

// TestModel plays random operations of a writer, of rotation and of a failing machine. Without truncation and deletion
// the lines that were counted must be those that were written; with them, none may be counted twice or made up, and
// none may be missing that could still be read. A failing case is played again with its seed; times of files are part of
// it, so it may take a few tries.
func TestModel(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	met := map[string]int{}
	for i := range uint64(modelCases) {
		m := newModel(t, seed+i, i%2 == 1)
		m.run(20 + m.rnd.IntN(60))
		if t.Failed() {
			t.Fatalf("case %d of seed %d (%d), lossy %v", i, seed, seed+i, i%2 == 1)
		}
		for what, n := range m.seen {
			met[what] += n
		}
	}
	for _, what := range slices.Sorted(maps.Keys(met)) {
		t.Logf("%4d %s", met[what], what)
	}
}

// modelCases is how many cases one run of the test plays; each takes a few milliseconds.
const modelCases = 60
