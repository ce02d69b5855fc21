package rules

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/errwatch/errwatch/internal/alert"
	"github.com/errwatch/errwatch/internal/event"
)

func observe(e *Engine, now time.Time, meeting string) {
	e.Observe(denial(now, event.Meeting, meeting), now)
}

func groupNames(r *rule) string {
	var names []string
	for g := r.recent.oldest; g != nil; g = g.newer {
		names = append(names, strings.TrimSuffix(g.key, keyEnd))
	}
	return strings.Join(names, " ")
}

func TestTheLeastRecentGroupMakesRoom(t *testing.T) {
	t.Parallel()
	e := mustNew(t, Options{MaxGroups: 3}, Rule{Name: "R", Above: new(int64(1)), Window: time.Hour, By: []string{event.Meeting}})
	for _, m := range []string{"a", "b", "c", "a", "d"} {
		observe(e, noon, m)
	}
	// a fires at its second event, so it is no candidate; b was the least recent.
	if got := groupNames(e.rules[0]); got != "c d" {
		t.Errorf("groups %q", got)
	}
	if s := e.Stats()[0]; s.Groups != 3 || s.Firing != 1 || s.Evicted != 1 || s.Refused != 0 {
		t.Errorf("%+v", s)
	}
}

func TestFiringGroupsAreNeverEvicted(t *testing.T) {
	t.Parallel()
	e := mustNew(t, Options{MaxGroups: 2}, Rule{Name: "R", Above: new(int64(0)), Window: time.Minute, By: []string{event.Meeting}})
	for _, m := range []string{"a", "b", "c", "d", "a"} {
		observe(e, noon, m)
	}
	if s := e.Stats()[0]; s.Groups != 2 || s.Firing != 2 || s.Refused != 2 || s.Evicted != 0 || s.Value != 2 {
		t.Errorf("full of firing groups: %+v", s)
	}
	e.Advance(at(time.Minute))
	if s := e.Stats()[0]; s.Groups != 0 || len(e.due) != 0 || e.groups != 0 || e.shared.values.used != 0 {
		t.Errorf("an inactive group without events is kept: %+v, %d due, %d groups, %d values", s, len(e.due), e.groups, e.shared.values.used)
	}
	observe(e, at(2*time.Minute), "c")
	if s := e.Stats()[0]; s.Firing != 1 {
		t.Errorf("no room although nothing fires: %+v", s)
	}
}

func TestTheLimitOfAllRules(t *testing.T) {
	t.Parallel()
	by := []string{event.Meeting}
	e := mustNew(t, Options{MaxGroups: 3, MaxGroupsAll: 4},
		Rule{Name: "A", Above: new(int64(9)), Window: time.Hour, By: by, Match: Match{Codes: []string{"3014"}}},
		Rule{Name: "B", Above: new(int64(9)), Window: time.Hour, By: by, Match: Match{Codes: []string{"3015"}}},
		Rule{Name: "All", Above: new(int64(99)), Window: time.Hour})
	put := func(code, meeting string) {
		ev := denial(noon, event.Meeting, meeting)
		ev.Code = code
		e.Observe(ev, noon)
	}
	for _, m := range []string{"1", "2", "3"} {
		put("3014", m)
	}
	put("3015", "4")
	put("3014", "1")
	put("3015", "5") // the fifth: the least recent of all is 2, of the other rule
	put("3014", "6") // of its own rule's two, and all others: 3
	if a, b := groupNames(e.rules[0]), groupNames(e.rules[1]); a != "1 6" || b != "4 5" {
		t.Errorf("groups %q and %q", a, b)
	}
	if s := e.Stats()[2]; s.Groups != 1 || s.Value != 7 {
		t.Errorf("a rule without by: %+v", s)
	}
}

func TestAPendingGroupThatMakesRoomLeavesNoAlert(t *testing.T) {
	t.Parallel()
	e := mustNew(t, Options{MaxGroups: 1}, Rule{Name: "R", Above: new(int64(0)), Window: time.Minute, For: time.Second, By: []string{event.Meeting}})
	observe(e, noon, "a")
	observe(e, noon, "b")
	if a := e.Alerts(); len(a) != 1 || a[0].Labels.Get(event.Meeting) != "b" {
		t.Errorf("%+v", a)
	}
	tab := newTable()
	tab.commit(t, e)
	back := mustNew(t, Options{MaxGroups: 1}, Rule{Name: "R", Above: new(int64(0)), Window: time.Minute, For: time.Second, By: []string{event.Meeting}})
	back.load(tab.saved(t), noon)
	if len(tab.alerts) != 1 || len(back.Alerts()) != 1 {
		t.Errorf("%d alerts were written, %d are there again", len(tab.alerts), len(back.Alerts()))
	}
}

func TestKeysAreFitForLabels(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", maxLabelValue-1)
	for _, c := range []struct{ in, want string }{
		{"ab12-cd34", "ab12-cd34"},
		{"müsli 会議", "müsli 会議"},
		{"a\x1fb\x00c\n\x7f", "a?b?c??"},
		{"a\xffb\xc3", "a?b?"},
		{long + "ü", long},
		{long + "yz", long + "y"},
		{strings.Repeat("x", 1<<20), strings.Repeat("x", maxLabelValue)},
		{strings.Repeat("\x80", 300), ""}, // no rune begins anywhere
	} {
		e := mustNew(t, Options{}, Rule{Name: "R", Above: new(int64(0)), Window: time.Minute, By: []string{"code", event.Meeting}})
		observe(e, noon, c.in)
		if got := e.Alerts()[0].Labels.Get(event.Meeting); got != c.want {
			t.Errorf("%.40q becomes %q, want %q", c.in, got, c.want)
		}
	}
}

func TestLabelsAreTheIdentity(t *testing.T) {
	t.Parallel()
	r := Rule{
		Name: "R", Severity: "critical", Above: new(int64(0)), Window: time.Minute, By: []string{"source", "code", "name", "category", event.Meeting},
		Labels: map[string]string{"team": "media", "empty": ""},
	}
	e := mustNew(t, Options{}, r)
	observe(e, noon, "")
	want := alert.FromMap(map[string]string{
		"alertname": "R", "severity": "critical", "team": "media", "source": "meeting", "code": "3014", "category": "permission",
		"name": "ERROR_GET_VIDEO_MEDIA_PERMISSION_DENIED",
	})
	a := e.Alerts()[0]
	if fmt.Sprint(a.Labels) != fmt.Sprint(want) {
		t.Errorf("got %v", a.Labels)
	}
	if len(a.ID) != 16 || strings.Trim(a.ID, "abcdefghijklmnopqrstuvwxyz234567") != "" {
		t.Errorf("ID %q", a.ID)
	}
	r.By = []string{event.Meeting, "category", "name", "code", "source"}
	other := mustNew(t, Options{}, r)
	observe(other, noon, "")
	if id := other.Alerts()[0].ID; id != a.ID {
		t.Errorf("the order of by changes the ID: %s and %s", id, a.ID)
	}
}

// TestAnEmptyGroupIsForgotten holds that a group of a rule with `above` goes when nothing of it is left.
func TestAnEmptyGroupIsForgotten(t *testing.T) {
	t.Parallel()
	e := mustNew(t, Options{}, Rule{Name: "R", Above: new(int64(5)), Window: time.Minute, By: []string{event.Meeting}})
	observe(e, noon, "m1")
	observe(e, at(30*time.Second), "m2")
	for _, c := range []struct {
		after time.Duration
		want  int
	}{{59 * time.Second, 2}, {60 * time.Second, 1}, {89 * time.Second, 1}, {90 * time.Second, 0}} {
		e.Advance(at(c.after))
		if n := e.Stats()[0].Groups; n != c.want {
			t.Errorf("after %s there are %d groups, want %d", c.after, n, c.want)
		}
	}
}
