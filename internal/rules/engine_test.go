package rules

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/errwatch/errwatch/internal/alert"
)

func TestFiresAtTheEventThatCrosses(t *testing.T) {
	t.Parallel()
	e := mustNew(t, Options{}, Rule{Name: "R", Above: new(int64(2)), Window: time.Minute, By: []string{"source"},
		Summary: "{{ $value }} on {{ $labels.source }}"})
	for i := range 3 {
		now := at(time.Duration(i) * time.Second)
		e.Observe(denial(now), now)
		if got := len(e.Transitions()); (got == 1) != (i == 2) {
			t.Errorf("after event %d: %d transitions", i+1, got)
		}
	}
	a := e.Alerts()[0]
	if a.State != alert.Firing || !a.StartsAt.Equal(at(2*time.Second)) || a.Summary != "3 on meeting" || a.Peak != 3 {
		t.Errorf("got %+v", a)
	}
	e.Advance(at(60*time.Second - 1))
	if tr := e.Transitions(); len(tr) != 0 {
		t.Errorf("resolved before the first bucket left: %+v", tr)
	}
	e.Advance(at(60 * time.Second))
	tr := e.Transitions()
	if len(tr) != 1 || tr[0].State != alert.Resolved || !tr[0].EndsAt.Equal(at(time.Minute)) || tr[0].ID != a.ID {
		t.Errorf("at the time the first bucket leaves: %+v", tr)
	}
}

// TestNextIsEnough holds that a caller which only ever wakes at Next sees all that happens, at its time, and is not
// woken without end.
func TestNextIsEnough(t *testing.T) {
	t.Parallel()
	e := mustNew(t, Options{},
		Rule{Name: "A", Above: new(int64(1)), Window: time.Minute, For: 7 * time.Second, KeepFiringFor: 11 * time.Second, By: []string{"meeting"}},
		Rule{Name: "B", Below: new(int64(1)), Window: 10 * time.Second, For: 3 * time.Second})
	if at, ok := e.Next(); ok {
		t.Errorf("before the first time was told something is due at %s", at)
	}
	for i := range 4 {
		now := at(time.Duration(i) * 500 * time.Millisecond)
		observe(e, now, "m1")
		observe(e, now, "m2")
	}
	var got []string
	wakes := 0
	for {
		next, ok := e.Next()
		if !ok {
			break
		}
		if wakes++; wakes > 200 {
			t.Fatalf("woken %d times, next at %s", wakes, next)
		}
		e.Advance(next.Add(-1))
		if tr := e.Transitions(); len(tr) > 0 {
			t.Errorf("before its due time: %v", lines(tr))
		}
		e.Advance(next)
		for _, a := range e.Transitions() {
			got = append(got, a.Rule+" "+tell(a))
			if when := changedAt(&a); !when.Equal(next) {
				t.Errorf("%s was due at %s", tell(a), next)
			}
		}
	}
	want := "A firing 7.5s m1, A firing 7.5s m2, B firing 14s, A resolved 1m12s m1, A resolved 1m12s m2"
	if g := strings.Join(got, ", "); g != want {
		t.Errorf("got  %s\nwant %s", g, want)
	}
}

func TestResolvedAlertsAreBounded(t *testing.T) {
	t.Parallel()
	e := mustNew(t, Options{MaxGroups: 2000}, Rule{Name: "R", Above: new(int64(0)), Window: time.Second, By: []string{"meeting"}})
	for i := range maxResolved + 5 {
		observe(e, noon, fmt.Sprintf("m%04d", i))
	}
	e.Advance(at(time.Minute))
	a := e.Alerts()
	if len(a) != maxResolved || a[0].Labels.Get("meeting") != "m0005" {
		t.Errorf("%d resolved alerts from %s on", len(a), a[0].Labels.Get("meeting"))
	}
	if tr := e.Transitions(); len(tr) != 2*(maxResolved+5) {
		t.Errorf("%d transitions", len(tr))
	}
}
