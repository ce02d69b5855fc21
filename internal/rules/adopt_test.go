package rules

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/errwatch/errwatch/internal/alert"
	"github.com/errwatch/errwatch/internal/event"
	"github.com/errwatch/errwatch/internal/store"
)

func TestAdopt(t *testing.T) {
	t.Parallel()
	keep := meetingRule()
	reworded := meetingRule()
	reworded.Summary = "{{ $labels.meeting }}: {{ $value }}"
	changed := meetingRule()
	changed.Labels = map[string]string{"team": "media"}
	added := Rule{Name: "Added", Above: new(int64(0)), Window: time.Minute}
	silent := Rule{Name: "Silent", Below: new(int64(1)), Window: time.Minute}
	for _, c := range []struct {
		name  string
		rules []Rule
		want  string // transitions at the reload, and those of the next event
	}{
		{"unchanged", []Rule{keep}, "; "},
		{"other words", []Rule{reworded}, "; "},
		{"one more rule", []Rule{added, keep}, "; firing Added"},
		{"another order of lists", []Rule{silent, keep}, "; "},
		{"other labels", []Rule{changed}, "resolved R; "},
		{"removed", nil, "resolved R; "},
	} {
		old := mustNew(t, Options{}, keep)
		observe(old, noon, "m1")
		observe(old, noon, "m1")
		observe(old, noon, "m2")
		old.Transitions()
		e := mustNew(t, Options{}, c.rules...)
		e.Adopt(old)
		checkBooks(t, e)
		var got []string
		tell := func() string {
			var words []string
			for _, a := range e.Transitions() {
				words = append(words, string(a.State)+" "+a.Rule)
			}
			return strings.Join(words, ", ")
		}
		got = append(got, tell())
		observe(e, at(10*time.Second), "m1")
		got = append(got, tell())
		if g := strings.Join(got, "; "); g != c.want {
			t.Errorf("%s: %q, want %q", c.name, g, c.want)
		}
		e.Advance(at(time.Hour))
		for _, a := range e.Transitions() {
			if a.Rule == "R" && (!a.StartsAt.Equal(noon) || a.State != alert.Resolved || !a.EndsAt.Equal(at(130*time.Second))) {
				t.Errorf("%s: %v", c.name, lines([]alert.Alert{a}))
			}
			if a.Rule == "Silent" && !a.StartsAt.Equal(at(70*time.Second)) {
				t.Errorf("%s: a rule that observes since the reload: %v", c.name, lines([]alert.Alert{a}))
			}
		}
	}
}

func TestAdoptedTextsAreTheNewOnes(t *testing.T) {
	t.Parallel()
	old := mustNew(t, Options{}, meetingRule())
	observe(old, noon, "m1")
	observe(old, noon, "m1")
	before := old.Alerts()[0]
	reworded := meetingRule()
	reworded.Summary, reworded.RunbookURL = "{{ $labels.meeting }}: {{ $value }}", "/rules/R#runbook"
	e := mustNew(t, Options{ExternalURL: "https://errwatch.example.org/"}, reworded)
	e.Adopt(old)
	a := e.Alerts()[0]
	if a.Summary != "m1: 2" || a.RunbookURL != "https://errwatch.example.org/rules/R#runbook" || a.ID != before.ID {
		t.Errorf("%+v", a)
	}
}

// TestAdoptTakesOverWhatWaits holds that a reload between an event and its commit, or while a commit is under way that
// then fails, loses nothing.
func TestAdoptTakesOverWhatWaits(t *testing.T) {
	t.Parallel()
	for _, moment := range []string{"before Pending", "before a failed Done", "after a good Done"} {
		db := openStore(t)
		other := Rule{Name: "Other", Above: new(int64(5)), Window: time.Hour, By: []string{event.Meeting}, Severity: "info"}
		old := mustNew(t, Options{}, meetingRule(), other)
		observe(old, noon, "m1")
		observe(old, noon, "m1")
		reload := func(from *Engine) *Engine {
			e := mustNew(t, Options{}, meetingRule())
			e.Adopt(from)
			return e
		}
		var e *Engine
		switch moment {
		case "before Pending":
			e = reload(old)
		case "before a failed Done":
			p := old.Pending()
			e = reload(old)
			p.Done(false)
		case "after a good Done":
			commit(t, db, old)
			e = reload(old)
		}
		if moment != "after a good Done" && !e.Changed() {
			t.Errorf("%s: the firing alert is no longer urgent", moment)
		}
		if tr := e.Transitions(); len(tr) != 1 || tr[0].State != alert.Firing {
			t.Errorf("%s: transitions %v", moment, lines(tr))
		}
		commit(t, db, e)
		back := mustNew(t, Options{}, meetingRule())
		if err := db.Read(context.Background(), func(tx *store.Tx) error { return back.Restore(tx, noon) }); err != nil {
			t.Fatal(err)
		}
		diff(t, moment, lines(back.Alerts()), lines(e.Alerts()))
		if a, b := text(t, back.Stats()), text(t, e.Stats()); a != b {
			t.Errorf("%s: stats %s and %s", moment, a, b)
		}
	}
}

func TestAdoptKeepsLimits(t *testing.T) {
	t.Parallel()
	old := mustNew(t, Options{}, meetingRule())
	for i := range 10 {
		observe(old, noon, fmt.Sprint("m", i))
	}
	e := mustNew(t, Options{MaxGroups: 3}, meetingRule())
	e.Adopt(old)
	if got := groupNames(e.rules[0]); got != "m7 m8 m9" || e.Stats()[0].Evicted != 7 {
		t.Errorf("groups %q, %+v", got, e.Stats()[0])
	}
}
