package source

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/errwatch/errwatch/internal/line"
)

// model plays a writer, logrotate and a failing machine against a Manager, and knows which lines must have been counted.
type model struct {
	*rig
	rnd    *rand.Rand
	layout layout
	log    []string // what was done, for the report
	home   string   // where app.log stands, links resolved, in the folder of the test
	inodes []*inode
	live   *inode // at home; nil while there is none
	w      *modelWriter
	n      int
	turns  int
	up     bool
	lossy  bool                      // truncations, deletions, a log that loses its end: lines may be lost
	trace  func(m *model, op string) // called after each operation, where set

	committed map[string]int
	carried   []string // what was counted, and whose commit failed
	flight    *modelCommit
	dying     int             // after so many more looks from inside the reading, the process is dead; 0: it lives
	dead      bool            // it was killed in the middle of an operation
	packing   *inode          // whose packed file is half written
	barred    []*inode        // those without the right to be read
	told      int64           // bytes that were told as lost
	must      map[string]bool // complete lines that were written
	may       map[string]bool // lines that may be missing: they went before anybody could read them
	extra     map[string]bool // what may be counted as a line, but need not: the rest of a file at some time
	seen      map[string]int  // operation and state, for the census
}

// layout is what app.log is.
type layout string

const (
	file       layout = "file"       // a file
	dated      layout = "dated"      // a file, rotated to dated names
	swapped    layout = "swapped"    // a link that is led to the next file
	kubernetes layout = "kubernetes" // a link to a file that is rotated in its own folder
)

var layouts = []layout{file, file, dated, swapped, swapped, kubernetes}

func newModel(t testing.TB, dir string, seed uint64, lossy bool) *model {
	rnd := rand.New(rand.NewPCG(seed, 7))
	is := layouts[rnd.IntN(len(layouts))]
	paths := []string{"app.log"}
	if (is == file || is == dated) && rnd.IntN(3) == 0 {
		paths = []string{"app.log", "app*", "alias.log"} // each file under several names, rotated ones too
	}
	m := &model{
		rig: newRigIn(t, dir, Options{Name: "s", Paths: paths}), rnd: rnd, layout: is, up: true, lossy: lossy,
		committed: map[string]int{}, must: map[string]bool{}, may: map[string]bool{}, extra: map[string]bool{}, seen: map[string]int{},
		home: "app.log", w: &modelWriter{append: true},
	}
	if rnd.IntN(2) == 0 {
		m.readAhead(Ahead{From: 1, Block: 1 + rnd.IntN(300), Blocks: 1 + rnd.IntN(4), Turn: 1 + rnd.IntN(8)})
		m.eager.cut = func(n int) int { return rnd.IntN(n + 1) }
	}
	m.openTo(m.dir)
	m.link("app.log", "alias.log")
	switch m.layout {
	case swapped:
		m.lead()
	case kubernetes:
		m.home = "pods/0.log"
		m.mkdir("pods")
		m.link(m.home, "app.log")
	}
	m.sink.taking = func(*line.Batch) { m.instant() }
	m.sink.took = m.instant
	if m.eager != nil {
		m.eager.starting = func(*line.Batch) { m.instant() }
	}
	m.tick()
	m.commit() // the state knows the source from here on
	m.looked()
	for _, ino := range m.inodes {
		ino.known = true
	}
	m.reopen()
	return m
}

func (m *model) did(format string, args ...any) { m.log = append(m.log, fmt.Sprintf(format, args...)) }

// run plays n operations and then lets everything come to an end.
func (m *model) run(n int) {
	for n > 0 {
		op, state := m.pick(), m.state()
		if m.possible(op) && op.do(m) {
			m.note(op.name, state)
			n--
		}
	}
	m.finish()
}

func (m *model) note(name, state string) {
	m.did("%s [%s]", name, state)
	if m.trace != nil {
		m.trace(m, name+" ["+state+"]")
	}
	m.seen[name+" "+state]++
}

// The states in which an operation may meet the follower.
const (
	isDown    = "down"
	isRotated = "rotated" // the writer still has a file to which app.log no longer leads
	isPartial = "partial"
	isBehind  = "behind"
	isAtEnd   = "at end"
)

var states = []string{isBehind, isAtEnd, isPartial, isRotated, isDown}

// state says how the follower stood before an operation.
func (m *model) state() string {
	switch {
	case !m.up:
		return isDown
	case m.w.ino != m.live:
		return isRotated
	case m.w.partial != "":
		return isPartial
	}
	for g := range m.m.open {
		if g.size > g.rec.pos.offset || g.watched != nil && int64(len(m.live.data)) > g.rec.pos.offset {
			return isBehind
		}
	}
	return isAtEnd
}

func (m *model) finish() {
	m.permit()
	m.finishPacking()
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
	m.save()
	m.told += m.stats().LostBytes
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
	if !m.lossy && m.told > 0 {
		bad = append(bad, fmt.Sprintf("%d bytes are told as lost, and nothing was", m.told))
	}
	slices.Sort(bad)
	if len(bad) > 0 {
		m.t.Errorf("%d wrong of %d lines, layout %s, paths %q:\n  %s\nafter\n  %s", len(bad), len(m.must), m.layout, m.opts[0].Paths,
			strings.Join(abbreviate(bad), "\n  "), strings.Join(m.log, "\n  "))
	}
}

// counted says which lines are counted now, committed or not.
func (m *model) counted() func(string) bool {
	fresh := map[string]bool{}
	for _, l := range slices.Concat(m.sink.lines, m.carried) {
		fresh[l] = true
	}
	if m.flight != nil {
		for _, l := range m.flight.lines {
			fresh[l] = true
		}
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

// asReader does something as the follower does it: without the rights of root, where there are rights that it lacks.
func (m *model) asReader(f func()) {
	if len(m.barred) == 0 || os.Getuid() != 0 {
		f()
		return
	}
	m.asNobody(f)
}

var errKilled = errors.New("killed")
