package rules

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"hash/crc32"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"
)

// rows makes an engine that has seen a random stream, and returns its groups.
func someGroups(r *rand.Rand, rules []Rule, e *Engine) []*group {
	for _, s := range randomStream(r, 60) {
		e.Observe(s.ev, s.now)
	}
	var gs []*group
	for _, r := range e.rules {
		for _, g := range r.groups {
			gs = append(gs, g)
		}
	}
	return gs
}

// tidy brings the values that a group remembers into an order: where they lie in their tables depends on how they came.
func tidy(g *group) *group {
	tables := []*keyTable{&g.evidence.people.seen, &g.evidence.meetings.seen}
	if d, ok := g.meter.(*distinct); ok {
		tables = append(tables, &d.set.seen)
	}
	for _, t := range tables {
		t.slots = slices.DeleteFunc(t.slots, func(s keySlot) bool { return s.at == 0 })
		slices.SortFunc(t.slots, func(a, b keySlot) int { return cmp.Or(cmp.Compare(a.a, b.a), cmp.Compare(a.b, b.b)) })
	}
	return g
}

func emptyGroup(r *rule) *group { return &group{rule: r, meter: r.meter(r), heapAt: -1} }

func TestRowsComeBack(t *testing.T) {
	eachSeed(t, func(t *testing.T, r *rand.Rand) {
		rules := randomRules(r)
		e := mustNew(t, Options{}, rules...)
		for _, g := range someGroups(r, rules, e) {
			row := appendGroup(nil, g)
			back := emptyGroup(g.rule)
			if err := readGroup(back, &cursor{b: row}); err != nil {
				t.Fatal(err)
			}
			again := emptyGroup(g.rule)
			if err := readGroup(again, &cursor{b: appendGroup(nil, back)}); err != nil || !reflect.DeepEqual(tidy(again), tidy(back)) {
				t.Errorf("the row of %q changed: %v\n%+v\n%+v", g.key, err, back, again)
			}
		}
	})
}

// TestDamagedRowsAreRefused holds that no flipped bit and no missing byte of a row or a part goes unnoticed.
func TestDamagedRowsAreRefused(t *testing.T) {
	t.Parallel()
	e := mustNew(t, Options{}, Rule{Name: "R", Above: new(int64(1)), Window: time.Minute})
	for range 3 {
		observe(e, noon, "m1")
	}
	c := e.collect(e.marks.take())
	w := e.wholeSnapshot()
	readable := func(which int, b []byte) bool {
		if which == 0 {
			_, _, err := openRow(b)
			return err == nil
		}
		_, ok := openPart(b)
		return ok
	}
	for which, row := range [][]byte{c.journal.rows[0].data, w.parts[0].data} {
		if !readable(which, row) {
			t.Fatal("what is whole is refused")
		}
		for i := range row {
			for bit := range 8 {
				bad := bytes.Clone(row)
				bad[i] ^= 1 << bit
				if readable(which, bad) {
					t.Errorf("%d: bit %d of byte %d flipped: not noticed", which, bit, i)
				}
			}
			if readable(which, row[:i]) {
				t.Errorf("%d: cut to %d bytes: not noticed", which, i)
			}
		}
	}
}

// sealed appends the checksum that makes a body a row or a part.
func sealed(body []byte) []byte {
	body = bytes.Clone(body)
	return binary.BigEndian.AppendUint32(body, crc32.ChecksumIEEE(body))
}

func fuzzRules() []Rule {
	by := []string{"meeting"}
	return []Rule{
		{Name: "A", Above: new(int64(1)), Window: 90 * time.Second, For: time.Second},
		{Name: "B", Below: new(int64(2)), Window: time.Second, KeepFiringFor: time.Minute, By: by},
		{Name: "C", Distinct: &Distinct{Of: "participant", Above: 1, OrEvents: true}, Window: time.Minute, By: by},
		{Name: "D", Ratio: &Ratio{To: Match{Names: []string{"joined"}}, Above: 0.5, MinTotal: 1}, Window: time.Minute},
		{Name: "E", Spike: &Spike{Factor: 2, Min: 2, Baseline: time.Minute}, Window: 10 * time.Second, By: by},
		{Name: "F", Absent: true, Window: 10 * time.Second, By: []string{"source"}},
		{Name: "G", New: true, Window: time.Minute, By: by},
		{Name: "H", Above: new(int64(3)), Window: time.Minute, Dedupe: &Dedupe{By: []string{"participant"}, Within: 5 * time.Second}},
		{Name: "I", Always: true},
		{Name: "J", Absent: true, Silence: &Silence{Factor: 2, Baseline: time.Minute}, Window: 10 * time.Second, By: []string{"source"}},
	}
}

// FuzzState reads any bytes under right checksums, as a part of a snapshot and as a row of the journal: what is accepted
// is bounded, and sound enough for the engine to run on.
func FuzzState(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 1))
	e := mustNew(f, Options{}, fuzzRules()...)
	for _, s := range randomStream(r, 60) {
		s.do(e)
	}
	c := e.collect(e.marks.take())
	row, part := c.journal.rows[0].data, e.wholeSnapshot().parts[0].data
	f.Add(part[:len(part)-4], []byte{})
	f.Add([]byte{}, row[:len(row)-4])
	f.Add(part[:len(part)-4], row[:len(row)-4])
	f.Fuzz(func(t *testing.T, part, row []byte) {
		e := mustNew(t, Options{MaxDistinct: 100}, fuzzRules()...)
		s := &saved{rows: []numbered{{1, sealed(row)}}}
		if len(part) > 0 {
			s.rows[0].seq = 2
			s.parts = []numberedPart{{1, endPart, sealed([]byte{snapshotVersion, 1})}, {1, 0, sealed(part)}}
		}
		e.load(s, timeOf(maxTime))
		for i := range 3 {
			now := timeOf(e.clock).Add(time.Duration(i) * 40 * time.Second)
			observe(e, now, "m1")
			e.Alerts()
			e.Stats()
		}
		e.collect(e.marks.take())
		e.Advance(timeOf(e.clock).Add(100 * time.Hour))
		e.Transitions()
		if _, ok := e.Next(); ok {
			for _, g := range e.due {
				if g.due <= e.clock {
					t.Errorf("due at %d, now is %d", g.due, e.clock)
				}
			}
		}
	})
}
