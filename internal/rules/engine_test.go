package rules

import (
	"testing"
	"time"

	"github.com/errwatch/errwatch/internal/alert"
)

func TestFiresAtTheEventThatCrosses(t *testing.T) {
	t.Parallel()
	e := mustNew(t, Options{}, Rule{Name: "R", Above: num(2), Window: time.Minute, By: []string{"source"},
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
