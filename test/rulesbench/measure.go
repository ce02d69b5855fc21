package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/errwatch/errwatch/internal/event"
	"github.com/errwatch/errwatch/internal/rules"
	"github.com/errwatch/errwatch/internal/store"
)

// result is what was measured of one case.
type result struct {
	Groups  int           // that the rules hold at the end
	Wall    time.Duration // for an event: in the engine, with its share of the collecting for commits
	CPU     time.Duration // for an event: of the whole process, with commits, the disk and the garbage collector
	Locked  quantiles     // what of a commit reading waits for
	Commit  quantiles     // the transaction
	Heap    uint64        // bytes in use at the end
	RSS     int64         // peak of the process, bytes
	Disk    int64         // bytes of the state
	Restart time.Duration // until the state is read and the rules are as they were
}

// quantiles are of all commits.
type quantiles struct{ P50, P99, Max time.Duration }

func of(all []time.Duration) quantiles {
	if len(all) == 0 {
		return quantiles{}
	}
	slices.Sort(all)
	at := func(share float64) time.Duration { return all[min(len(all)-1, int(share*float64(len(all))))] }
	return quantiles{at(0.5), at(0.99), all[len(all)-1]}
}

// trial is a case that runs.
type trial struct {
	job
	db     *store.DB
	engine *rules.Engine
	events []event.Event
	now    time.Time
	next   int

	counting        time.Duration
	locked, written []time.Duration
}

// begin is when the logs of every trial begin.
var begin = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func (j job) measure() (result, error) {
	dir, err := os.MkdirTemp(j.dir, "errwatch-rulesbench-")
	if err != nil {
		return result{}, err
	}
	defer os.RemoveAll(dir)
	t := &trial{job: j, now: begin, events: j.crowd()}
	if err := t.open(dir); err != nil {
		return result{}, err
	}
	defer func() { t.db.Close() }()
	r, err := t.run()
	if err != nil {
		return result{}, err
	}
	if err := t.db.Close(); err != nil {
		return result{}, err
	}
	started := time.Now()
	if err := t.open(dir); err != nil {
		return result{}, err
	}
	r.Restart = time.Since(started)
	return r, check(t.engine, r.Groups)
}

// open opens the state and makes the engine that goes on from it.
func (t *trial) open(dir string) error {
	ctx := context.Background()
	var err error
	if t.db, err = store.Open(ctx, store.Options{Dir: dir}); err != nil {
		return err
	}
	if t.engine, err = rules.New(t.ruleSet(), rules.Options{}); err != nil {
		return err
	}
	return t.db.Read(ctx, func(tx *store.Tx) error { return t.engine.Restore(tx, t.now) })
}

// check fails where a restart has lost groups: figures of a broken engine are no figures.
func check(e *rules.Engine, want int) error {
	got := 0
	for _, s := range e.Stats() {
		got += s.Groups
	}
	if got != want {
		return fmt.Errorf("after the restart there are %d groups, before it there were %d", got, want)
	}
	return nil
}

// ruleSet is rules of which as many as an event counts in ask for the same code. None of them ever fires.
func (j job) ruleSet() []rules.Rule {
	above := int64(1) << 40
	out := make([]rules.Rule, j.rules)
	for i := range out {
		out[i] = rules.Rule{
			Name: fmt.Sprint("R", i), Above: &above, Window: 5 * time.Minute, By: []string{event.Meeting},
			Match: rules.Match{Codes: []string{fmt.Sprint(3000 + i/j.matched)}},
		}
	}
	return out
}

// crowd is an event for each meeting of each code, from a hundred thousand people.
func (j job) crowd() []event.Event {
	meetings, codes := max(1, j.groups/j.rules), max(1, j.rules/j.matched)
	var out []event.Event
	for i := range meetings * codes {
		code, name := fmt.Sprint(3000+i/meetings), "ERROR_GET_VIDEO_MEDIA_PERMISSION_DENIED"
		meeting, person := fmt.Sprintf("ab12-cd34-%04d", i%meetings), fmt.Sprintf("p_%06d", i*7919%100_000)
		out = append(out, event.Event{
			Source: "meeting", Pattern: "code", Code: code, Name: name, Category: "permission",
			Fields: []event.Field{{Name: event.Meeting, Value: []byte(meeting)}, {Name: event.Participant, Value: []byte(person)}},
			Text: fmt.Appendf(nil, "2026-11-20T10:15:23.123Z ERROR [room] onError code=%s name=%s meetingId=%s participantId=%s",
				code, name, meeting, person),
		})
	}
	return out
}

// run lets the groups come to be and then measures.
func (t *trial) run() (result, error) {
	for range 40 {
		if err := t.quarter(); err != nil {
			return result{}, err
		}
	}
	t.counting, t.locked, t.written = 0, nil, nil
	before := cpuTime()
	for range t.commits {
		if err := t.quarter(); err != nil {
			return result{}, err
		}
	}
	n := time.Duration(t.commits * t.perCommit())
	r := result{Wall: t.counting / n, CPU: (cpuTime() - before) / n, Locked: of(t.locked), Commit: of(t.written), RSS: peakRSS()}
	for _, s := range t.engine.Stats() {
		r.Groups += s.Groups
	}
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	r.Heap = m.HeapAlloc
	size, err := t.db.Size()
	r.Disk = size.File + size.WAL
	return r, err
}

// quarter is the events of a quarter of a second and their commit.
func (t *trial) quarter() error {
	n := t.perCommit()
	started := time.Now()
	for range n {
		ev := &t.events[t.next%len(t.events)]
		t.next += 7 // all groups, in another order than they were made
		ev.Time = t.now
		t.engine.Observe(ev, t.now)
		t.now = t.now.Add(time.Second / time.Duration(t.rate))
	}
	counted := time.Now()
	p := t.engine.Pending()
	taken := time.Now()
	err := t.db.Commit(context.Background(), []store.Pending{p})
	written := time.Now()
	p.Done(err == nil)
	t.counting += taken.Sub(started)
	t.locked = append(t.locked, taken.Sub(counted))
	t.written = append(t.written, written.Sub(taken))
	return err
}

// cpuTime is what this process has used of all cores.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// peakRSS is the largest resident set of this process so far, in bytes; 0 where the system does not tell.
func peakRSS() int64 {
	raw, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(raw)) {
		var kib int64
		if _, err := fmt.Sscanf(line, "VmHWM: %d kB", &kib); err == nil {
			return kib << 10
		}
	}
	return 0
}
