package rules

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"math/rand/v2"
	"reflect"
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

func emptyGroup(r *rule) *group { return &group{rule: r, meter: r.meter(r), heapAt: -1} }

func TestRowsComeBack(t *testing.T) {
	eachSeed(t, func(t *testing.T, r *rand.Rand) {
		rules := randomRules(r)
		e := mustNew(t, Options{}, rules...)
		for _, g := range someGroups(r, rules, e) {
			row := appendGroup(nil, g)
			back := emptyGroup(g.rule)
			if err := readGroup(back, row); err != nil {
				t.Fatal(err)
			}
			again := emptyGroup(g.rule)
			if err := readGroup(again, appendGroup(nil, back)); err != nil || !reflect.DeepEqual(again, back) {
				t.Errorf("the row of %q changed: %v\n%+v\n%+v", g.key, err, back, again)
			}
		}
	})
}

// TestDamagedRowsAreRefused holds that no flipped bit and no missing byte goes unnoticed.
func TestDamagedRowsAreRefused(t *testing.T) {
	t.Parallel()
	e := mustNew(t, Options{}, Rule{Name: "R", Above: new(int64(1)), Window: time.Minute})
	for range 3 {
		observe(e, noon, "m1")
	}
	g := e.rules[0].groups[""]
	row := appendGroup(nil, g)
	for i := range row {
		for bit := range 8 {
			bad := bytes.Clone(row)
			bad[i] ^= 1 << bit
			if readGroup(emptyGroup(g.rule), bad) == nil {
				t.Errorf("bit %d of byte %d flipped: not noticed", bit, i)
			}
		}
		if readGroup(emptyGroup(g.rule), row[:i]) == nil {
			t.Errorf("cut to %d bytes: not noticed", i)
		}
	}
	other := appendGroup(nil, g)
	other[0] = groupVersion + 1
	if readGroup(emptyGroup(g.rule), sealed(other[:len(other)-4])) == nil {
		t.Error("a row of another version is read")
	}
}

// sealed appends the checksum that makes a body a row.
func sealed(body []byte) []byte {
	body = bytes.Clone(body)
	return binary.BigEndian.AppendUint32(body, crc32.ChecksumIEEE(body))
}

// FuzzRow reads any bytes under a right checksum: what is accepted is bounded, sound enough for the engine to run on,
// and comes back as it is.
func FuzzRow(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 1))
	rules := []Rule{
		{Name: "A", Above: new(int64(1)), Window: 90 * time.Second, For: time.Second, Severity: "warning"},
		{Name: "B", Below: new(int64(2)), Window: time.Second, KeepFiringFor: time.Minute, By: []string{"meeting"}, Severity: "warning"},
	}
	e := mustNew(f, Options{}, rules...)
	for _, g := range someGroups(r, rules, e) {
		row := appendGroup(nil, g)
		f.Add(row[:len(row)-4], g.rule.index == 1)
	}
	f.Fuzz(func(t *testing.T, body []byte, second bool) {
		e := mustNew(t, Options{}, rules...)
		rule := e.rules[0]
		key := ""
		if second {
			rule, key = e.rules[1], "m1"+keyEnd
		}
		s := &saved{
			sets:   []setRow{{clock: noon.UnixNano()}, {rule: rule.Name, canonical: rule.canonical, data: rule.appendTo(nil)}},
			groups: []groupRow{{rowKey{rule.Name, key}, sealed(body)}},
		}
		e.load(s, noon)
		g := rule.groups[key]
		if g == nil {
			return
		}
		if n := g.evidence.size(); n > 2*maxValues*(maxFields+1) {
			t.Errorf("%d values of evidence", n)
		}
		for i := range 3 {
			now := at(time.Duration(i) * 40 * time.Second)
			observe(e, now, "m1")
			e.Alerts()
			e.Stats()
		}
		e.Advance(at(100 * time.Hour))
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
