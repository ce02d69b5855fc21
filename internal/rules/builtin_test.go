package rules

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/errwatch/errwatch/internal/alert"
	"github.com/errwatch/errwatch/internal/catalog"
	"github.com/errwatch/errwatch/internal/event"
)

// sentence is what a person can read: a sentence that ends.
var sentence = regexp.MustCompile(`^[A-Za-z0-9].*[.?]$`)

func TestBuiltinRulesAreSound(t *testing.T) {
	t.Parallel()
	rules := append(Builtin(), Watchdog())
	for _, p := range CheckRules(rules, surroundings(t)) {
		t.Errorf("%s: %s", rules[p.Rule].Name, tellProblem(p))
	}
	doc, err := os.ReadFile("../../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rules {
		if !sentence.MatchString(r.FirstCheck) {
			t.Errorf("%s: first check %q", r.Name, r.FirstCheck)
		}
		if !strings.Contains(string(doc), "**`"+r.Name+"`.**") {
			t.Errorf("docs/rules.md does not explain %s", r.Name)
		}
		text, ok := Runbook(r.Name)
		if !ok || !strings.HasPrefix(text, "# "+r.Name+"\n") || !strings.Contains(text, "## First check\n"+firstWords(r.FirstCheck)) {
			t.Errorf("%s: the runbook has another name or first check", r.Name)
		}
	}
}

// firstWords is a beginning that is on one line, however the text is filled.
func firstWords(s string) string { return s[:min(len(s), 60)] }

// TestBuiltinRulesFire tells each rule what its threshold needs, event by event: before the last one nothing fires, and
// then a sentence with number, name and place.
func TestBuiltinRulesFire(t *testing.T) {
	t.Parallel()
	person := func(i int) []string { return []string{event.Participant, fmt.Sprint("p", i)} }
	meeting := func(i int) []string { return []string{event.Meeting, fmt.Sprint("m", i)} }
	for _, c := range []struct {
		rule       string
		code, name string
		category   string
		n          int // the event that fires
		fields     func(i int) []string
		want       string
	}{
		{"VideoPermissionDenialSpike", "3014", "", "permission", 21, person, "21 devices denied the camera, the microphone or the screen within 5m on meeting (limit 20)."},
		{"VideoPermissionDenialSpike", "3014", "", "permission", 21, nil, "21 devices denied the camera, the microphone or the screen within 5m on meeting (limit 20)."},
		{"MeetingsFull", "4009", "MAX_PARTCIPANT_REACHED", "capacity", 6, meeting, "6 meetings turned people away with MAX_PARTCIPANT_REACHED within 15m on meeting (limit 5)."},
		{"OrganizationLimitReached", "4026", "MAX_SPEAKER_LIMIT_REACHED_ON_ORGANIZATION", "capacity", 1, nil,
			"MAX_SPEAKER_LIMIT_REACHED_ON_ORGANIZATION came 1 time within 15m on meeting: every meeting of the organisation is affected."},
		{"AuthSpike", "4002", "INVALID_TOKEN", "auth", 11, person, "11 tokens, API keys or permissions were refused within 5m on meeting (limit 10)."},
		{"AuthSpike", "4002", "INVALID_TOKEN", "auth", 11, nil, "11 tokens, API keys or permissions were refused within 5m on meeting (limit 10)."},
		{"RecordingOrStreamFailed", "5003", "HLS_FAILED", "hls", 1, nil, "HLS_FAILED came 1 time within 10m on meeting: what was running broke off."},
		{"UnknownCode", "4999", "", "unknown", 1, nil, "The code 4999 has appeared on meeting: the catalogue does not know it, and it did not occur within 1w."},
	} {
		e := mustNew(t, Options{ExternalURL: "https://errwatch.example.org"}, Builtin()...)
		e.Advance(noon)
		now := noon.AddDate(0, 0, 8)
		for i := range c.n {
			if tr := e.Transitions(); len(tr) > 0 {
				t.Fatalf("%s fires too early: %v", c.rule, lines(tr))
			}
			var fields []string
			if c.fields != nil {
				fields = c.fields(i)
			}
			ev := denial(now, fields...)
			ev.Code, ev.Name, ev.Category = c.code, c.name, c.category
			e.Observe(ev, now)
			if c.fields != nil { // again, at once: a retry
				e.Observe(ev, now)
			}
		}
		tr := e.Transitions()
		if len(tr) != 1 || tr[0].Rule != c.rule || tr[0].State != alert.Firing {
			t.Fatalf("%s: %v", c.rule, lines(tr))
		}
		if a := tr[0]; a.Summary != c.want || !sentence.MatchString(a.Summary) || a.FirstCheck == "" ||
			a.RunbookURL != "https://errwatch.example.org/rules/"+c.rule+"#runbook" {
			t.Errorf("%+v", a)
		}
	}
}

// TestBuiltinRulesOfSilence holds the two that need no event.
func TestBuiltinRulesOfSilence(t *testing.T) {
	t.Parallel()
	e := mustNew(t, Options{}, append(Builtin(), Watchdog())...)
	e.ObserveLines("meeting", noon)
	if tr := e.Transitions(); len(tr) > 0 {
		t.Errorf("before it has caught up: %v", lines(tr))
	}
	e.Live(at(time.Minute))
	for m := 2 * time.Minute; m <= 25*time.Hour; m += 10 * time.Minute {
		e.ObserveLines("meeting", at(m)) // the last one comes at 24 h 52 min
	}
	e.Advance(at(27 * time.Hour))
	var got []string
	for _, a := range e.Transitions() {
		got = append(got, a.Rule+" "+tell(a)+": "+a.Summary)
	}
	want := "Watchdog firing 1m0s: errwatch watches; when this alert ends, it does not.\n" +
		"SourceSilent firing 25h12m0s meeting: meeting has written no line for 20m 0s (limit 20m 0s)."
	if g := strings.Join(got, "\n"); g != want {
		t.Errorf("got  %s\nwant %s", g, want)
	}
}

// TestBuiltinFamilies holds which codes of the default catalogue page, and which do not.
func TestBuiltinFamilies(t *testing.T) {
	t.Parallel()
	c, ok := catalog.Builtin("videosdk-react")
	if !ok {
		t.Fatal("no catalogue")
	}
	want := map[string]string{
		"VideoPermissionDenialSpike": "3014 3015 3016 3017 3018 3019 3020 3025",
		"MeetingsFull":               "4009 4010",
		"OrganizationLimitReached":   "4026 4027 4028 4029 4030",
		"AuthSpike":                  "4001 4002 4008 4022 4023 4024 4025",
		"RecordingOrStreamFailed":    "5001 5002 5003 5007 5012 5013 5014",
		"UnknownCode":                "",
	}
	for _, r := range Builtin() {
		if r.Absent {
			continue
		}
		m := newMatcher(&r.Match, nil)
		var got []string
		for _, k := range c.Codes() {
			ev := denial(noon)
			ev.Code, ev.Name, ev.Category = k.Code, k.Name, k.Category
			if m.holds(ev) {
				got = append(got, k.Code)
			}
		}
		if g := strings.Join(got, " "); g != want[r.Name] {
			t.Errorf("%s counts %s, want %s", r.Name, g, want[r.Name])
		}
	}
}

// TestBuiltinStory is an incident as the built-in rules see it.
func TestBuiltinStory(t *testing.T) {
	t.Parallel()
	e := mustNew(t, Options{}, Builtin()...)
	for i := range 21 {
		now := at(time.Duration(i) * 10 * time.Second)
		e.Observe(denial(now, "meeting", "ab12", "participant", fmt.Sprint("p", i)), now)
	}
	e.Advance(at(time.Hour))
	var got []string
	for _, a := range e.Transitions() {
		got = append(got, a.Rule+" "+tell(a))
	}
	// The 21st event, at 3m20s, crosses. At 6m40s the bucket of 1m40s leaves: ten are left; five minutes on it is over.
	want := "VideoPermissionDenialSpike firing 3m20s meeting, VideoPermissionDenialSpike resolved 11m40s meeting"
	if g := strings.Join(got, ", "); g != want {
		t.Errorf("got  %s\nwant %s", g, want)
	}
}
