package rules

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/errwatch/errwatch/internal/alert"
	"github.com/errwatch/errwatch/internal/event"
)

func TestEvidence(t *testing.T) {
	t.Parallel()
	e := mustNew(t, Options{}, Rule{Name: "R", Above: new(int64(6)), Window: time.Minute, By: []string{"source", "zone"}})
	for i := range 8 {
		now := at(time.Duration(i) * time.Second)
		ev := denial(now, event.Meeting, fmt.Sprint("m", i%3), event.Participant, fmt.Sprint("p", i), "zone", "eu", "empty", "")
		if i%4 == 0 {
			ev.Code = "3015"
		}
		ev.Text = fmt.Appendf(nil, "line %d", i)
		e.Observe(ev, now)
	}
	got := e.Alerts()[0].Evidence
	want := alert.Evidence{
		Codes: []alert.Count{{Value: "3014", N: 6}, {Value: "3015", N: 2}},
		Top: map[string][]alert.Count{
			event.Meeting:     {{Value: "m0", N: 3}, {Value: "m1", N: 3}, {Value: "m2", N: 2}},
			event.Participant: {{Value: "p0", N: 1}, {Value: "p1", N: 1}, {Value: "p2", N: 1}, {Value: "p3", N: 1}, {Value: "p4", N: 1}},
		},
		Samples: []string{"line 3", "line 4", "line 5", "line 6", "line 7"}, First: noon, Last: at(7 * time.Second),
		People: alert.Distinct{N: 8}, Meetings: alert.Distinct{N: 3}, Before: alert.Before{Since: noon},
	}
	if a, b := text(t, got), text(t, want); a != b {
		t.Errorf("got %s\nwant %s", a, b)
	}
}

// TestEvidenceIsOfThisAlert holds what goes out of evidence: what was long before, and what belonged to an alert that is
// over.
func TestEvidenceIsOfThisAlert(t *testing.T) {
	t.Parallel()
	r := Rule{Name: "R", Above: new(int64(3)), ResolveAt: new(int64(0)), Window: time.Minute}
	for _, c := range []struct {
		name  string
		noise []time.Duration // one event each, before four that fire at 10 min
		want  string
	}{
		{"nothing before", nil, "4 from 10m0s"},
		{"older than a window when the next came", []time.Duration{0, 5 * time.Second}, "4 from 10m0s"},
		{"within the window", []time.Duration{570 * time.Second}, "5 from 9m30s"},
		{"a part that began before the window and reaches into it",
			[]time.Duration{530 * time.Second, 560 * time.Second, 595 * time.Second}, "7 from 8m50s"},
		{"two parts ago", []time.Duration{430 * time.Second, 470 * time.Second, 530 * time.Second, 560 * time.Second, 595 * time.Second}, "7 from 8m50s"},
	} {
		e := mustNew(t, Options{}, r)
		for _, d := range append(c.noise, 600*time.Second, 600*time.Second, 600*time.Second, 600*time.Second) {
			e.Observe(denial(at(d)), at(d))
		}
		v := e.Alerts()[0].Evidence
		if got := fmt.Sprintf("%d from %s", v.Codes[0].N, v.First.Sub(noon)); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
		e.Advance(at(12 * time.Minute))
		for range 4 {
			e.Observe(denial(at(13*time.Minute)), at(13*time.Minute))
		}
		for _, a := range e.Alerts() {
			if n := a.Evidence.Codes[0].N; a.State == alert.Firing && n != 4 {
				t.Errorf("%s: the next alert shows %d events", c.name, n)
			}
		}
	}
}

// TestAlertSoonAfterAnother holds what is said of an alert whose value counts events of before the last alert's end: the
// evidence begins anew, so there were at least so many people.
func TestAlertSoonAfterAnother(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]Rule{
		"count":    {Name: "R", Above: new(int64(9)), Window: time.Minute},
		"distinct": {Name: "R", Distinct: &Distinct{Of: event.Participant, Above: 9, OrEvents: true}, Window: time.Minute},
	} {
		e := mustNew(t, Options{}, r)
		n := 0
		people := func(d time.Duration, count int) {
			for range count {
				n++
				e.Observe(denial(at(d), event.Participant, fmt.Sprint("p", n), event.Meeting, "m"), at(d))
			}
		}
		people(0, 2)
		people(30*time.Second, 8) // fires
		people(61*time.Second, 2) // the first two have left, and it has resolved; it fires again
		tr := e.Transitions()
		if len(tr) != 3 || tr[2].State != alert.Firing || tr[2].Value != 10 {
			t.Fatalf("%s: %v", name, lines(tr))
		}
		if got := tr[0].Evidence; got.People != (alert.Distinct{N: 10}) || got.Meetings != (alert.Distinct{N: 1}) {
			t.Errorf("%s: the first alert: %+v", name, got)
		}
		if got := tr[2].Evidence; got.People != (alert.Distinct{N: 2, AtLeast: true}) || got.Meetings != (alert.Distinct{N: 1, AtLeast: true}) {
			t.Errorf("%s: the next one: %+v", name, got)
		}
	}
}

func TestEvidenceIsBounded(t *testing.T) {
	t.Parallel()
	e := mustNew(t, Options{Samples: 1000}, Rule{Name: "R", Above: new(int64(0)), Window: time.Hour})
	for i := range 5000 {
		ev := denial(noon, event.Meeting, fmt.Sprint("m", i), "long", strings.Repeat("ü", 500)+fmt.Sprint(i))
		ev.Code = fmt.Sprint(i)
		for f := range 20 {
			ev.Fields = append(ev.Fields, event.Field{Name: fmt.Sprint("field", (i+f)%40), Value: []byte("v")})
		}
		ev.Fields = append(ev.Fields, event.Field{Name: strings.Repeat("n", maxFieldName+1), Value: []byte("v")})
		ev.Text = []byte(strings.Repeat("ü", 150) + "\xff")
		e.Observe(ev, noon)
	}
	v := &e.rules[0].groups[""].evidence
	if n := v.size(); n > maxValues*(maxFields+1) || n != e.shared.values.used {
		t.Errorf("%d values are kept, %d counted", n, e.shared.values.used)
	}
	for _, f := range v.present.fields {
		for _, c := range f.list {
			if len(c.value) > maxValueBytes {
				t.Errorf("a value of %d bytes", len(c.value))
			}
		}
	}
	a := e.Alerts()[0]
	if n := len(a.Evidence.Top); n != maxFields {
		t.Errorf("%d fields", n)
	}
	for _, s := range a.Evidence.Samples {
		if s != strings.Repeat("ü", maxSample/2) {
			t.Errorf("a sample of %d bytes: %q", len(s), s)
		}
	}
	if n := len(a.Evidence.Samples); n != maxSamples {
		t.Errorf("%d samples", n)
	}
}

// TestTheFrequentIsNeverLost holds the promise of space-saving: a value with more than one part in maxValues is there,
// and no count is more than was seen.
func TestTheFrequentIsNeverLost(t *testing.T) {
	t.Parallel()
	var tal tally
	for i := range 10_000 {
		tal.add(fmt.Append(nil, "rare", i), true)
		if i%20 == 0 {
			tal.add([]byte("frequent"), true)
		}
	}
	top := ranking(minValues, tal.list)
	if len(tal.list) != maxValues || top[0].Value != "frequent" || top[0].N > 500 || top[0].N < 250 {
		t.Errorf("%d values, %v", len(tal.list), top)
	}
	for _, c := range top[1:] {
		if c.N != 1 {
			t.Errorf("%q was seen once and is told as %d", c.Value, c.N)
		}
	}
}

func TestAllEvidenceTogetherIsBounded(t *testing.T) {
	t.Parallel()
	var tal tally
	for i := range 100 {
		tal.add(fmt.Append(nil, i), false)
	}
	if len(tal.list) != minValues {
		t.Errorf("without room a tally holds %d values", len(tal.list))
	}
}
