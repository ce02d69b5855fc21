package rules

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/errwatch/errwatch/internal/alert"
	"github.com/errwatch/errwatch/internal/event"
)

// play runs a story and returns what happened. A line of a story is a time after noon and what comes then:
//
//	5s x3              three events, with this time
//	5s x1 of 2s        one event that arrives at 5s and carries the time 2s
//	5s x1 a p=p1       one event of the meeting a and the participant p1; c= is its code, s= its source
//	5s x1 n=joined     one event of a reference pattern
//	5s line s=gateway  lines of a source came
//	5s live            from here on silence counts; gap: from here on it does not
//	60s                nothing: only the clock moves
//
// What happened is told as "firing 5s" or "resolved 60s", with the group where there is one.
func play(t *testing.T, r Rule, story string) []string {
	t.Helper()
	r.Name, r.Severity = "R", "warning"
	e := mustNew(t, Options{}, r)
	e.Advance(noon)
	var told []string
	for line := range strings.SplitSeq(strings.TrimSpace(story), "\n") {
		tellStory(t, e, strings.Fields(line))
		for _, a := range e.Transitions() {
			told = append(told, tell(a))
		}
	}
	checkBooks(t, e)
	return told
}

func tellStory(t *testing.T, e *Engine, words []string) {
	t.Helper()
	now := after(t, words[0])
	ev, n := denial(now), 0
	for i := 1; i < len(words); i++ {
		switch w := words[i]; {
		case w == "of":
			i++
			ev.Time = after(t, words[i])
		case w == "live":
			e.Live(now)
		case w == "gap":
			e.Gap(now)
		case w == "line":
			defer func() { e.ObserveLines(ev.Source, now) }()
		case strings.HasPrefix(w, "x"):
			n, _ = strconv.Atoi(w[1:])
		case strings.HasPrefix(w, "p="):
			ev.Fields = append(ev.Fields, event.Field{Name: event.Participant, Value: []byte(w[2:])})
		case strings.HasPrefix(w, "c="):
			ev.Code = w[2:]
		case strings.HasPrefix(w, "s="):
			ev.Source = w[2:]
		case strings.HasPrefix(w, "n="):
			ev.Reference, ev.Code, ev.Category, ev.Name = true, "", "", w[2:]
		default:
			ev.Fields = append(ev.Fields, event.Field{Name: event.Meeting, Value: []byte(w)})
		}
	}
	for range n {
		e.Observe(ev, now)
	}
	e.Advance(now)
}

func after(t *testing.T, s string) time.Time {
	t.Helper()
	d, err := time.ParseDuration(s)
	if err != nil {
		t.Fatal(err)
	}
	return noon.Add(d)
}

func tell(a alert.Alert) string {
	when := a.StartsAt
	if a.State == alert.Resolved {
		when = a.EndsAt
	}
	group := a.Labels.Get("meeting")
	if s := a.Labels.Get("source"); s != "" {
		group = s
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s %s", a.State, when.Sub(noon), group))
}

func TestEdges(t *testing.T) {
	t.Parallel()
	const m = time.Minute
	by := []string{"meeting"}
	for _, c := range []struct {
		name  string
		rule  Rule
		story string
		want  string // joined by ", "
	}{
		{"above is greater", Rule{Above: new(int64(3)), Window: m}, "0s x3\n1s", ""},
		{"the crossing event fires", Rule{Above: new(int64(3)), Window: m}, "0s x3\n1s x1", "firing 1s"},
		{"above 0 fires at the first", Rule{Above: new(int64(0)), Window: m}, "7s x1", "firing 7s"},
		{"one instant before the bucket leaves", Rule{Above: new(int64(0)), Window: m}, "0s x1\n59.999999999s", "firing 0s"},
		{"the instant at which it leaves", Rule{Above: new(int64(0)), Window: m}, "0s x1\n60s", "firing 0s, resolved 1m0s"},
		{"the end has its own time, not that of the look", Rule{Above: new(int64(0)), Window: m}, "0s x1\n5h", "firing 0s, resolved 1m0s"},
		{"a bucket leaves as a whole, with its first instant", Rule{Above: new(int64(0)), Window: m}, "0.9s x1\n2m", "firing 900ms, resolved 1m0s"},
		{"90s are 60 buckets of 1.5s", Rule{Above: new(int64(0)), Window: 90 * time.Second}, "1.4s x1\n2m", "firing 1.4s, resolved 1m30s"},
		{"a window shorter than 60 seconds has buckets of a second", Rule{Above: new(int64(0)), Window: 5 * time.Second}, "0.5s x1\n9s", "firing 500ms, resolved 5s"},
		{"a window that is no whole number of seconds", Rule{Above: new(int64(0)), Window: 2500 * time.Millisecond}, "0s x1\n9s", "firing 0s, resolved 2.5s"},
		{"a deadline comes before the events of its instant", Rule{Above: new(int64(1)), Window: m}, "0s x1\n60s x1", ""},
		{"over and back at one instant", Rule{Above: new(int64(1)), Window: m}, "0s x2\n60s x2", "firing 0s, resolved 1m0s, firing 1m0s"},

		{"between the edges nothing resolves", Rule{Above: new(int64(3)), ResolveAt: new(int64(1)), Window: m}, "0s x2\n10s x2\n61s", "firing 10s"},
		{"resolve_at itself resolves", Rule{Above: new(int64(3)), ResolveAt: new(int64(2)), Window: m}, "0s x2\n10s x2\n61s", "firing 10s, resolved 1m0s"},
		{"between the edges nothing fires", Rule{Above: new(int64(3)), ResolveAt: new(int64(1)), Window: m}, "0s x2\n10s x1", ""},
		{"once over, only the threshold brings it back", Rule{Above: new(int64(2)), ResolveAt: new(int64(0)), Window: m}, "0s x3\n60s x2\n70s x1", "firing 0s, resolved 1m0s, firing 1m10s"},

		{"for", Rule{Above: new(int64(0)), Window: m, For: 10 * time.Second}, "0s x1\n9.999999999s\n12s", "firing 10s"},
		{"for is not yet over", Rule{Above: new(int64(0)), Window: m, For: 10 * time.Second}, "0s x1\n9.999999999s", ""},
		{"for is interrupted", Rule{Above: new(int64(0)), Window: 5 * time.Second, For: 10 * time.Second}, "0s x1\n6s x1\n14s", ""},
		{"for starts anew", Rule{Above: new(int64(0)), Window: 5 * time.Second, For: 7 * time.Second}, "0s x1\n6s x1\n10s x1\n20s", "firing 13s, resolved 15s"},
		{"the bucket leaves as for ends", Rule{Above: new(int64(0)), Window: 10 * time.Second, For: 10 * time.Second}, "0s x1\n20s", ""},
		{"for needs the threshold, not resolve_at", Rule{Above: new(int64(1)), ResolveAt: new(int64(0)), Window: 10 * time.Second, For: 8 * time.Second}, "0s x1\n3s x1\n10s\n12s", ""},

		{"keep_firing_for", Rule{Above: new(int64(0)), Window: m, KeepFiringFor: 30 * time.Second}, "0s x1\n89.999999999s\n100s", "firing 0s, resolved 1m30s"},
		{"keep_firing_for is not over", Rule{Above: new(int64(0)), Window: m, KeepFiringFor: 30 * time.Second}, "0s x1\n89.999999999s", "firing 0s"},
		{"back while kept: one alert", Rule{Above: new(int64(0)), Window: m, KeepFiringFor: 30 * time.Second}, "0s x1\n80s x1\n3m", "firing 0s, resolved 2m50s"},
		{"the event of the instant at which it ends is too late", Rule{Above: new(int64(0)), Window: m, KeepFiringFor: 30 * time.Second}, "0s x1\n90s x1", "firing 0s, resolved 1m30s, firing 1m30s"},
		{"between the edges keep_firing_for runs on", Rule{Above: new(int64(2)), ResolveAt: new(int64(0)), Window: m, KeepFiringFor: 30 * time.Second}, "0s x3\n70s x2\n4m", "firing 0s, resolved 1m30s"},
		{"for and keep_firing_for", Rule{Above: new(int64(0)), Window: m, For: 10 * time.Second, KeepFiringFor: 5 * time.Second}, "0s x1\n2m", "firing 10s, resolved 1m5s"},

		{"below is smaller, and waits for a whole window", Rule{Below: new(int64(2)), Window: m}, "59.999999999s\n60s", "firing 1m0s"},
		{"below: the threshold itself is enough", Rule{Below: new(int64(2)), Window: m}, "30s x2\n89.999999999s", ""},
		{"below: a bucket that leaves fires", Rule{Below: new(int64(2)), Window: m}, "30s x2\n2m", "firing 1m30s"},
		{"below: the event that crosses resolves", Rule{Below: new(int64(2)), Window: m}, "60s\n61s x1\n65s x1", "firing 1m0s, resolved 1m5s"},
		{"below: the other edge", Rule{Below: new(int64(2)), ResolveAt: new(int64(3)), Window: m}, "60s\n61s x2\n65s x1", "firing 1m0s, resolved 1m5s"},
		{"below and for", Rule{Below: new(int64(1)), Window: m, For: 10 * time.Second}, "60s\n75s", "firing 1m10s"},
		{"below: for is interrupted", Rule{Below: new(int64(1)), Window: m, For: 10 * time.Second}, "60s\n65s x1\n120s", ""},
		{"below and keep_firing_for", Rule{Below: new(int64(1)), Window: m, KeepFiringFor: 10 * time.Second}, "60s\n65s x1\n80s", "firing 1m0s, resolved 1m15s"},
		{"below: back while kept", Rule{Below: new(int64(1)), Window: 5 * time.Second, KeepFiringFor: 10 * time.Second}, "6s x1\n60s", "firing 5s"},
		{"below with by: a group waits for its own window", Rule{Below: new(int64(9)), Window: m, By: by}, "100s x1 a\n159s\n160s", "firing 2m40s a"},
		{"below with by: only what was seen", Rule{Below: new(int64(9)), Window: m, By: by}, "10h", ""},
		{"below with by: a day after its last event a group is forgotten", Rule{Below: new(int64(1)), Window: m, By: by}, "0s x1 a\n1h x1 a\n80h", "firing 1m0s a, resolved 1h0m0s a, firing 1h1m0s a, resolved 25h0m0s a"},
		{"below without by: nothing is forgotten", Rule{Below: new(int64(1)), Window: m}, "0s x1\n80h", "firing 1m0s"},

		{"each group has its window", Rule{Above: new(int64(1)), Window: m, By: by}, "0s x1 a\n1s x1 b\n2s x1 b", "firing 2s b"},
		{"groups of one due time go by their key", Rule{Above: new(int64(0)), Window: m, By: by}, "0s x1 b\n0s x1 a\n60s", "firing 0s b, firing 0s a, resolved 1m0s a, resolved 1m0s b"},
		{"an event without the field is a group of its own", Rule{Above: new(int64(1)), Window: m, By: by}, "0s x1 a\n1s x2", "firing 1s"},

		{"an early event counts at its time", Rule{Above: new(int64(0)), Window: m}, "50s x1 of 20s\n2m", "firing 50s, resolved 1m20s"},
		{"the oldest bucket that still counts", Rule{Above: new(int64(0)), Window: m}, "60s x1 of 1s\n61s", "firing 1m0s, resolved 1m1s"},
		{"a bucket that has left", Rule{Above: new(int64(0)), Window: m}, "60s x1 of 0.999999999s\n61s", ""},
		{"a late event before all others ends the window earlier", Rule{Above: new(int64(2)), Window: m}, "40s x2\n41s x1 of 5s\n2m", "firing 41s, resolved 1m5s"},
		{"a future time is now", Rule{Above: new(int64(0)), Window: m}, "10s x1 of 50s\n2m", "firing 10s, resolved 1m10s"},
		{"the clock never goes back", Rule{Above: new(int64(1)), Window: m}, "30s x1\n10s x1\n2m", "firing 30s, resolved 1m10s"},
		{"a jump back of the clock: now stands still until it is reached again", Rule{Above: new(int64(2)), Window: m}, "40s x1\n10s x1 of 10s\n20s x1 of 20s\n41s\n3m", "firing 40s, resolved 1m10s"},
		{"a jump ahead of the clock: what ended meanwhile ended at its time", Rule{Above: new(int64(0)), Window: m, KeepFiringFor: 30 * time.Second}, "0s x1\n8h x1\n8h1s", "firing 0s, resolved 1m30s, firing 8h0m0s"},
		{"a jump ahead of the clock: for is over at its time", Rule{Above: new(int64(0)), Window: m, For: 10 * time.Second}, "0s x1\n8h", "firing 10s, resolved 1m0s"},
		{"a jump ahead of the clock: lines written before it are late", Rule{Above: new(int64(0)), Window: m}, "0s\n8h x1 of 1s", ""},
		{"a zone that makes lines an hour early", Rule{Above: new(int64(0)), Window: m}, "2h x9 of 1h", ""},
		{"a zone that makes lines an hour late", Rule{Above: new(int64(1)), Window: m}, "0s x1 of 1h\n30s x1 of 1h30s\n3m", "firing 30s, resolved 1m0s"},
		{"a source that is behind counts at its own time", Rule{Above: new(int64(0)), Window: m, By: []string{"source"}}, "50s x1 s=a\n50s x1 of 20s s=b\n3m", "firing 50s a, firing 50s b, resolved 1m20s b, resolved 1m50s a"},
		{"a source that is behind and one that is not fill one window", Rule{Above: new(int64(1)), Window: m}, "50s x1 s=a\n55s x1 of 20s s=b\n3m", "firing 55s, resolved 1m20s"},
		{"a source that is behind by more than the window is late", Rule{Above: new(int64(1)), Window: m}, "2m x1 s=a\n2m x5 of 30s s=b", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := strings.Join(play(t, c.rule, c.story), ", "); got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	e := mustNew(t, Options{},
		Rule{Name: "Short", Above: new(int64(9)), Window: 10 * time.Second},
		Rule{Name: "Long", Above: new(int64(9)), Window: time.Hour})
	for _, c := range []struct {
		of   time.Time
		want Verdict
	}{
		{noon, Verdict{}},
		{at(1), Verdict{Future: true}},
		{noon.AddDate(8000, 0, 0), Verdict{Future: true}},
		{at(-9 * time.Second), Verdict{}},
		{at(-30 * time.Second), Verdict{Late: true}}, // in one of them
		{at(-2 * time.Hour), Verdict{Late: true}},
		{noon.AddDate(-2000, 0, 0), Verdict{Late: true}},
	} {
		if got := e.Observe(denial(c.of), noon); got != c.want {
			t.Errorf("an event of %s: %+v, want %+v", c.of, got, c.want)
		}
	}
	if s := e.Stats(); s[0].Value != 4 || s[0].Late != 3 || s[1].Value != 5 || s[1].Late != 2 {
		t.Errorf("%+v", s)
	}
	ev := denial(time.Time{})
	if got := e.Observe(ev, noon); got != (Verdict{}) || e.Stats()[0].Value != 5 {
		t.Errorf("an event without any time counts now: %+v", got)
	}
}

func TestStartsAtStaysAndPeakRises(t *testing.T) {
	t.Parallel()
	e := mustNew(t, Options{}, Rule{Name: "R", Above: new(int64(1)), Window: time.Minute, For: 5 * time.Second})
	e.Observe(denial(noon), noon)
	e.Observe(denial(noon), noon)
	pending := e.Alerts()
	if len(pending) != 1 || pending[0].State != alert.Pending || !pending[0].StartsAt.IsZero() || !pending[0].ActiveAt.Equal(noon) {
		t.Fatalf("pending: %+v", pending)
	}
	for i := range 4 {
		now := at(time.Duration(10+i) * time.Second)
		e.Observe(denial(now), now)
	}
	firing := e.Alerts()[0]
	if firing.ID != pending[0].ID || !firing.StartsAt.Equal(at(5*time.Second)) || firing.Peak != 6 || firing.Value != 6 {
		t.Errorf("firing: %+v", firing)
	}
	e.Advance(at(2 * time.Minute))
	resolved := e.Alerts()[0]
	if resolved.ID != firing.ID || resolved.State != alert.Resolved || resolved.Peak != 6 || resolved.Value != 1 {
		t.Errorf("resolved: %+v", resolved)
	}
	e.Advance(at(2*time.Minute + resolvedFor + time.Minute))
	if a := e.Alerts(); len(a) != 0 {
		t.Errorf("still there: %+v", a)
	}
}
