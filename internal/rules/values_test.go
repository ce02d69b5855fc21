package rules

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/errwatch/errwatch/internal/alert"
	"github.com/errwatch/errwatch/internal/event"
)

func TestKeysOfValues(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", maxValueBytes)
	seen := map[valueKey]string{}
	for _, v := range []string{"", "\x00", "a", "a\x00", strings.Repeat("a", 14), strings.Repeat("a", 15), strings.Repeat("a", 16), strings.Repeat("a", 17), "\xff" + strings.Repeat("a", 14), long, long[1:]} {
		k := keyOf([]byte(v))
		if other, ok := seen[k]; ok {
			t.Errorf("%q and %q are one value", v, other)
		}
		seen[k] = v
		c := &cursor{b: k.appendTo(nil)}
		if back := c.key(); back != k || c.bad || len(c.b) > 0 {
			t.Errorf("the key of %q comes back as %x", v, back)
		}
	}
	if keyOf([]byte(long+"y")) != keyOf([]byte(long+"z")) {
		t.Error("values that begin alike are not one")
	}
	for _, bad := range []string{"\x10", "\x02a", "\xffa"} {
		c := &cursor{b: []byte(bad)}
		if c.key(); !c.bad {
			t.Errorf("%q is read as a key", bad)
		}
	}
}

// TestSaturation holds what happens where there are more different values than are remembered, and that it is said as
// long as it is true.
func TestSaturation(t *testing.T) {
	t.Parallel()
	const m = time.Minute
	for _, c := range []struct {
		name  string
		rule  Rule
		value float64 // after ten people
		fires int     // transitions to firing
	}{
		{"distinct", Rule{Distinct: &Distinct{Of: event.Participant, Above: 3}, Window: m}, 4, 1},
		{"new: the rest is never news", Rule{New: true, Window: m, By: []string{event.Participant}}, 0, 3},
		{"dedupe: the rest is not folded", Rule{Above: new(int64(99)), Window: m, Dedupe: &Dedupe{By: []string{event.Participant}, Within: 10 * time.Second}}, 4 + 2*6, 0},
	} {
		e := mustNew(t, Options{MaxDistinct: 4}, c.rule)
		e.Observe(denial(noon, event.Participant, "p0"), noon)
		now := at(m) // p0 has just left
		for range 2 {
			for i := range 10 {
				e.Observe(denial(now, event.Participant, fmt.Sprint("p", i)), now)
			}
		}
		s := e.Stats()[0]
		if c.rule.New {
			s.Value = 0
		}
		fires := 0
		for _, a := range e.Transitions() {
			if a.State == alert.Firing {
				fires++
			}
		}
		if c.rule.New {
			c.fires++ // p0, too: it is news again
		}
		if s.Value != c.value || fires != c.fires || !s.Saturated {
			t.Errorf("%s: value %v, fired %d times, %+v", c.name, s.Value, fires, s)
		}
		checkBooks(t, e)
		e.Advance(at(5 * m))
		if s := e.Stats()[0]; s.Saturated {
			t.Errorf("%s: still saturated: %+v", c.name, s)
		}
		e.Observe(denial(at(5*m), event.Participant, "p0"), at(5*m))
		checkBooks(t, e)
	}
}

// TestAllSetsTogetherAreBounded holds the bound over all groups, and that what left the windows makes room again.
func TestAllSetsTogetherAreBounded(t *testing.T) {
	t.Parallel()
	e := mustNew(t, Options{MaxDistinct: 10}, Rule{Distinct: &Distinct{Of: event.Participant, Above: 99}, Window: time.Minute, By: []string{event.Meeting}})
	fill := func(now time.Time) {
		for g := range 40 {
			for i := range 10 {
				e.Observe(denial(now, event.Meeting, fmt.Sprint("m", g), event.Participant, fmt.Sprint(now.Unix(), "p", i)), now)
			}
		}
	}
	for minute := range 5 {
		fill(at(time.Duration(minute) * time.Minute))
		if n, s := e.shared.distinct.used, e.Stats()[0]; n != 10*maxDistinctSets || !s.Saturated || s.Value != 10 {
			t.Fatalf("minute %d: %d values are held, %+v", minute, n, s)
		}
		checkBooks(t, e)
	}
	e.Advance(at(time.Hour))
	if n := e.shared.distinct.used; n != 0 {
		t.Errorf("%d values are held by nobody", n)
	}
}

// TestMemoryFollowsTheWindow holds that values which left do not pile up while new ones come all the time.
func TestMemoryFollowsTheWindow(t *testing.T) {
	t.Parallel()
	e := mustNew(t, Options{},
		Rule{Name: "A", Distinct: &Distinct{Of: event.Participant, Above: 1 << 40}, Window: 10 * time.Second},
		Rule{Name: "B", Above: new(int64(1 << 40)), Window: 5 * time.Second, Dedupe: &Dedupe{By: []string{event.Participant}, Within: 5 * time.Second}},
		Rule{Name: "C", New: true, Window: 10 * time.Second, By: []string{event.Participant}})
	for i := range 2_000 {
		now := at(time.Duration(i) * 100 * time.Millisecond)
		e.Observe(denial(now, event.Participant, fmt.Sprint("p", i)), now)
		if n := e.shared.distinct.used; n > 3*(2*101+sweepSlack+1) {
			t.Fatalf("%d values are held after %d events", n, i+1)
		}
	}
	checkBooks(t, e)
}

func TestPeopleAndMeetings(t *testing.T) {
	t.Parallel()
	r := Rule{Above: new(int64(0)), Window: time.Minute, KeepFiringFor: time.Hour}
	e := mustNew(t, Options{}, r)
	e.Observe(denial(noon), noon)
	if v := e.Alerts()[0].Evidence; v.People != (alert.Distinct{}) || strings.Contains(text(t, v), "People") {
		t.Errorf("nobody was named: %+v", v)
	}
	for i := range maxPeople + 10 {
		e.Observe(denial(noon, event.Participant, fmt.Sprint("p", i), event.Meeting, fmt.Sprint("m", i%9)), noon)
	}
	want := alert.Evidence{People: alert.Distinct{N: maxPeople, AtLeast: true}, Meetings: alert.Distinct{N: 9}}
	if v := e.Alerts()[0].Evidence; v.People != want.People || v.Meetings != want.Meetings {
		t.Errorf("%+v of %+v", v.People, v.Meetings)
	}
	checkBooks(t, e)
	e.Advance(at(2 * time.Hour))
	e.Observe(denial(at(2*time.Hour), event.Participant, "p"), at(2*time.Hour))
	if v := e.Alerts()[0].Evidence; v.People != (alert.Distinct{N: 1}) {
		t.Errorf("the next alert begins with %+v", v.People)
	}
	if e.shared.people.used != 1 {
		t.Errorf("%d people are held", e.shared.people.used)
	}
	r.By = []string{event.Meeting}
	e = mustNew(t, Options{}, r)
	e.Observe(denial(noon, event.Meeting, "m", event.Participant, "p"), noon)
	if v := e.Alerts()[0].Evidence; v.Meetings != (alert.Distinct{}) || v.People.N != 1 {
		t.Errorf("an alert about one meeting counts meetings: %+v", v)
	}
}

// TestPeopleBefore holds that people seen up to two windows before the alert count, and older ones do not.
func TestPeopleBefore(t *testing.T) {
	t.Parallel()
	e := mustNew(t, Options{}, Rule{Above: new(int64(1)), Window: time.Minute})
	for i, d := range []time.Duration{0, 61 * time.Second, 123 * time.Second, 183 * time.Second, 184 * time.Second} {
		e.Observe(denial(at(d), event.Participant, fmt.Sprint("p", i)), at(d))
	}
	if n := e.Alerts()[0].Evidence.People.N; n != 2 {
		t.Errorf("%d people", n)
	}
	checkBooks(t, e)
}
