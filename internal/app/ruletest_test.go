package app

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/errwatch/errwatch/internal/config"
)

// testPlan builds a configuration for tests of rules.
func testPlan(t testing.TB, text string) *Plan {
	t.Helper()
	cfg, problems := config.Load(config.LoadOptions{Path: writeFile(t, "config.yaml", text)})
	plan, more := BuildForTests(cfg)
	if plan == nil {
		t.Fatal(config.Format(append(problems, more...)))
	}
	return plan
}

func loadSuite(t testing.TB, p *Plan, text string) *TestSuite {
	t.Helper()
	suite, problems := p.LoadTests([]string{writeFile(t, "rules_test.yaml", text)})
	if suite == nil {
		t.Fatal(config.Format(problems))
	}
	return suite
}

// failures runs tests and writes what failed, one difference a line.
func failures(t testing.TB, p *Plan, text string) string {
	t.Helper()
	r, err := loadSuite(t, p, text).Run(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, x := range r.Tests {
		for _, f := range x.Failures {
			for _, d := range f.Diffs {
				fmt.Fprintf(&b, "%d %s: %s, not %s\n", f.Line, d.Field, d.Got, d.Want)
			}
		}
	}
	return b.String()
}

func TestLinesOfATest(t *testing.T) {
	t.Parallel()
	p := testPlan(t, "sources: [{name: other, paths: [/x/*.log]}]")
	for _, c := range []struct{ name, test, want string }{
		{"made of a code", "lines: [{code: 3014, count: 3, participants: 2, over: 3s, meetings: 3}]", `
0s default 2026-01-01T00:00:00.000Z ERROR [room] onError code=3014 meetingId=m_1 participantId=p_1
1s default 2026-01-01T00:00:01.000Z ERROR [room] onError code=3014 meetingId=m_2 participantId=p_2
2s default 2026-01-01T00:00:02.000Z ERROR [room] onError code=3014 meetingId=m_3 participantId=p_1`},
		{"spread over a time that does not divide", `lines: [{line: "${n} ${time}", count: 3, over: 100ms}]`, `
0s default 1 2026-01-01T00:00:00.000Z
33ms default 2 2026-01-01T00:00:00.033Z
66ms default 3 2026-01-01T00:00:00.066Z`},
		{"one after the other", `lines: [{line: "a ${time}", at: 1m}, {line: "b ${n}", count: 2, over: 10s}, {line: c, source: other}]`, `
1m0s default a 2026-01-01T00:01:00.000Z
1m0s default b 1
1m5s default b 2
1m5s other c`},
		{"in order of time", `{source: other, lines: [{line: late, at: 2s}, {line: early, at: 1s}, {line: early too, at: 1s}]}`, `
1s other early
1s other early too
2s other late`},
		{"with times of their own", `lines: ["2026-11-20T10:00:01Z x", y, "2026-11-20T10:00:00Z z ${n}"]`, `
-1s default 2026-11-20T10:00:00Z z ${n}
0s default 2026-11-20T10:00:01Z x
0s default y`},
		{"a block of lines", "lines:\n  - |\n    2026-11-20T10:00:00Z x\n      at y\n    2026-11-20T10:00:09Z z\n", `
0s default 2026-11-20T10:00:00Z x
0s default   at y
9s default 2026-11-20T10:00:09Z z`},
		{"a start", `{start: "2026-11-20T10:00:00+01:00", lines: [{line: "${time}", at: 1s}, "2026-11-20T09:00:05Z x"]}`, `
1s default 2026-11-20T09:00:01.000Z
5s default 2026-11-20T09:00:05Z x`},
		{"without a year", `{start: "2027-01-01T00:00:30Z", lines: ["Dec 31 23:59:50 host x"]}`, `
-40s default Dec 31 23:59:50 host x`},
		{"with times that come later", `lines: [{line: "2026-11-20T10:00:00Z x", at: 1m}]`, `
1m0s default 2026-11-20T10:00:00Z x`},
	} {
		text := "tests:\n  - name: x\n" + indent(c.test)
		if strings.HasPrefix(c.test, "{") {
			text = "tests: [" + strings.Replace(c.test, "{", "{name: x, ", 1) + "]"
		}
		suite := loadSuite(t, p, text)
		lines, start := p.makeLines(&suite.files[0].Tests[0])
		var b strings.Builder
		for _, l := range lines {
			fmt.Fprintf(&b, "\n%s %s %s", l.at.Sub(start), l.source, l.text)
		}
		if b.String() != c.want {
			t.Errorf("%s: got%s\nwant%s", c.name, b.String(), c.want)
		}
	}
}

func indent(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n    ") + "\n"
}

// What may be expected, and how what is not so is told.
func TestExpectations(t *testing.T) {
	t.Parallel()
	p := testPlan(t, `
patterns:
  - use: builtin
  - {name: joined, regex: 'joined room=(?P<meeting>\S+)', reference: true}
rules:
  - {name: Burst, match: {categories: [permission]}, count: {above: 2}, window: 1m, by: [meeting], for: 10s, severity: critical, summary: "{{ $value }} in {{ $labels.meeting }}", runbook_url: https://example.com/burst, first_check: was there a release?}
  - {name: Refusals, match: {categories: [capacity]}, ratio: {to: {names: [joined]}, above: 0.1, min_total: 10}, window: 5m}
  - {name: Silent, absent: {}, window: 10m}
`)
	for _, c := range []struct{ name, test, want string }{
		{"all of an event", `
lines:
  - line: '{"ts":"2026-11-20T10:15:23.123Z","level":"error","code":4009,"message":"You have reached max partcipant limit in a meeting.","meetingId":"ab12"}'
    event: {code: 4009, name: MAX_PARTCIPANT_REACHED, category: capacity, source: default, conflict: false, reference: false, message: You have reached max partcipant limit in a meeting., time: 2026-11-20T10:15:23.123Z, fields: {meeting: ab12, participant: ""}}
  - line: joined room=cd34
    event: {reference: true, pattern: joined, time: none, fields: {meeting: cd34}}
`, ""},
		{"none of it", `
lines:
  - line: '2026-11-20T10:15:23Z ERROR [room] onError code=4009 meetingId=ab12'
    event: {code: 4010, name: MAX_SPEAKER_REACHED, category: auth, source: other, conflict: true, reference: true, pattern: x, message: y, time: 2026-11-20T10:15:24Z, fields: {meeting: x}}
`, `5 code: 4009, not 4010
5 name: MAX_PARTCIPANT_REACHED, not MAX_SPEAKER_REACHED
5 category: capacity, not auth
5 pattern: onerror, not x
5 source: default, not other
5 message: , not y
5 conflict: false, not true
5 reference: false, not true
5 time: 2026-11-20T10:15:23Z, not 2026-11-20T10:15:24Z
5 fields.meeting: ab12, not x
`},
		{"one of many lines is told", `
lines: [{code: 3014, count: 50, event: {code: 3015}}]
`, "3 code: 3014, not 3015\n"},
		{"a list that is too short and too long", `
lines: [onError code=3014, onError code=3015, onError code=4009]
events: [{code: 3014}, {code: 4002}, {code: 4009}, {code: 5001}]
`, "4 code: 3015, not 4002\n4 event: none, not code: 5001\n"},
		{"no event at all", `
lines: [port=4009, onError code=3014]
events: []
`, "3 event: code: 3014, name: ERROR_GET_VIDEO_MEDIA_PERMISSION_DENIED, category: permission, pattern: onerror, not none\n"},
		{"counts by code, name, category, pattern", `
lines: [{code: 3014, count: 7}, {code: 4009, count: 2}, {line: "joined room=x", count: 5}]
counts: {3014: 7, ERROR_GET_VIDEO_MEDIA_PERMISSION_DENIED: 7, permission: 7, capacity: 3, joined: 5, 4010: 0}
`, "4 capacity: 2, not 3\n"},
		{"the life of an alert", `
lines: [{code: 3014, count: 3, over: 3s}]
alerts:
  - {at: 1s, rule: Burst, state: inactive}
  - {at: 2s, rule: Burst, state: pending, value: 3}
  - {at: 11999ms, rule: Burst, state: pending}
  - {at: 12s, rule: Burst, state: firing, starts_at: 12s, value: 3, peak: 3, threshold: 2, summary: 3 in m_1, runbook_url: https://example.com/burst, first_check: was there a release?, codes: {3014: 3}, people: 1}
  - {at: 59999ms, rule: Burst, state: firing}
  - {at: 1m, rule: Burst, state: resolved, ends_at: 1m}
  - {at: 5h, rule: Burst, state: resolved, starts_at: "2026-01-01T00:00:12Z"}
  - {at: 5h, rule: Burst, state: inactive}
fired: {Burst: 1}
`, "13 Silent: 1, not 0\n"},
		{"nothing of it", `
lines: [{code: 3014, count: 3, over: 3s}]
alerts:
  - {at: 30s, rule: Burst, state: pending, value: 4, peak: 5, threshold: 6, starts_at: 11s, ends_at: 20s, summary: x, runbook_url: y, first_check: z, codes: {3014: 2, 3015: 1}, people: 2, meetings: 3}
`, `5 state: firing, not pending
5 value: 3, not 4
5 peak: 3, not 5
5 threshold: 2, not 6
5 starts_at: 12s, not 11s
5 ends_at: none, not 20s
5 summary: 3 in m_1, not x
5 runbook_url: https://example.com/burst, not y
5 first_check: was there a release?, not z
5 people: 1, not 2
5 meetings: 0, not 3
5 codes.3014: 3, not 2
5 codes.3015: 0, not 1
`},
		{"an alert of several", `
lines: [{code: 3014, count: 12, meetings: 3, over: 1s}]
alerts:
  - {at: 30s, rule: Burst, state: firing}
  - {at: 30s, rule: Burst, labels: {meeting: m_2}, state: firing, value: 4}
  - {at: 30s, rule: Burst, labels: {meeting: m_4}, state: inactive}
`, "5 labels: {meeting=\"m_1\"} and {meeting=\"m_2\"} and {meeting=\"m_3\"}, not those of one alert\n"},
		{"labels that no alert has", `
lines: [{code: 3014, count: 3, over: 1s}]
alerts:
  - {at: 30s, rule: Burst, labels: {meeting: m_4, severity: critical}, state: firing, value: 9}
  - {at: 30s, rule: Burst, labels: {meeting: m_4}, state: resolved}
`, "5 labels.meeting: m_1, not m_4\n6 state: inactive, not resolved\n"},
		{"labels that none of several has", `
lines: [{code: 3014, count: 21, meetings: 7, over: 1s}]
alerts: [{at: 30s, rule: Burst, labels: {meeting: m_8}, value: 3}]
`, "4 labels: {meeting=\"m_1\"} and {meeting=\"m_2\"} and {meeting=\"m_3\"} and {meeting=\"m_4\"} and {meeting=\"m_5\"} and 2 more, not {meeting=\"m_8\"}\n"},
		{"annotations", `
lines: [{code: 3014, count: 3, over: 1s}]
alerts:
  - at: 30s
    rule: Burst
    annotations: {summary: 3 in m_1, value: "3", threshold: "2", window: 1m, codes: 3014=3, top_participant: p_1=3, people: "1", meetings: "", first_check: was there a release?}
  - {at: 30s, rule: Burst, annotations: {codes: 3014=4, people: "", top_participant: p_1=3}}
`, "8 annotations.codes: 3014=3, not 3014=4\n8 annotations.people: 1, not \n"},
		{"many events that nobody expects are told once", `
lines: [{code: 3014, count: 60, over: 1m}, onError code=4009]
events: []
`, "3 event: code: 3014, name: ERROR_GET_VIDEO_MEDIA_PERMISSION_DENIED, category: permission, pattern: onerror, not none\n" +
			"3 event: code: 4009, name: MAX_PARTCIPANT_REACHED, category: capacity, pattern: onerror, not none\n"},
		{"a ratio to events that are no errors", `
lines: [{line: "joined room=${meeting}", count: 20, over: 1m}, {code: 4009, count: 3, over: 30s, at: 0s}]
alerts:
  - {at: 19s, rule: Refusals, state: inactive}
  - {at: 1m, rule: Refusals, state: firing, value: 0.15, threshold: 0.1}
`, ""},
		{"silence", `
lines: [{line: "${time} INFO", count: 10, over: 1m}]
alerts:
  - {at: 10m53s, rule: Silent, state: inactive}
  - {at: 10m54s, rule: Silent, state: firing}
`, ""},
		{"a line that comes late", `
lines: [{code: 3014, count: 2}, {line: "2026-01-01T00:00:01Z onError code=3014 meetingId=m_1", at: 20s}]
alerts:
  - {at: 19s, rule: Burst, state: inactive}
  - {at: 20s, rule: Burst, state: pending}
`, ""},
		{"records of several lines", `
lines:
  - '2026-11-20T10:15:23.2Z stderr P {"level":"error","co'
  - line: '2026-11-20T10:15:23.3Z stderr F de":4009}'
    event: none
counts: {4009: 1}
`, ""},
		{"redacted", `
lines: [{line: "onError code=3014 userId=jane@example.com", event: {fields: {participant: "<redacted:email>"}}}]
`, ""},
	} {
		if got := failures(t, p, "tests:\n  - name: x\n"+indent(strings.TrimPrefix(c.test, "\n"))); got != c.want {
			t.Errorf("%s: got\n%swant\n%s", c.name, got, c.want)
		}
	}
}

func TestTestsDoNotDependOnTheMachinesZone(t *testing.T) {
	t.Parallel()
	p := testPlan(t, "sources: [{name: berlin, paths: [/x/*.log], time: {zone: Europe/Berlin}}, {name: local, paths: [/y/*.log]}]")
	got := failures(t, p, `
tests:
  - name: x
    lines:
      - {line: "2026-11-20 10:15:23 onError code=3014", event: {time: 2026-11-20T10:15:23Z}}
      - {source: local, line: "2026-11-20 10:15:23 onError code=3014", event: {time: 2026-11-20T10:15:23Z}}
      - {source: berlin, line: "2026-11-20 10:15:23 onError code=3014", event: {time: 2026-11-20T09:15:23Z}}
`)
	if got != "" {
		t.Error(got)
	}
}

func TestWhatNoTestHasHit(t *testing.T) {
	t.Parallel()
	p := testPlan(t, `
patterns:
  - use: builtin
  - {name: used, regex: 'used rc=(?P<code>\d{4})'}
  - {name: unused, regex: 'unused rc=(?P<code>\d{4})'}
rules:
  - use: builtin
  - {name: AuthSpike, severity: warning}
  - {name: MeetingsFull, enabled: false}
  - {name: Fires, match: {categories: [auth]}, count: {above: 0}, window: 1m}
  - {name: Quiet, match: {categories: [hls]}, count: {above: 0}, window: 1m}
`)
	suite := loadSuite(t, p, `
tests:
  - {name: a, lines: [used rc=4002]}
  - {name: b, lines: [onError code=3014, {code: 3014, count: 2}]}
`)
	r, err := suite.Run(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(r.Patterns, r.Rules, slices.Contains(r.BuiltinPatterns, "onerror"), slices.Contains(r.BuiltinPatterns, "videosdk"),
		slices.Contains(r.BuiltinRules, "VideoPermissionDenialSpike"), slices.Contains(r.BuiltinRules, "AuthSpike"), slices.Contains(r.BuiltinRules, "MeetingsFull"))
	if want := "[unused] [AuthSpike Quiet] false true true false false"; got != want {
		t.Errorf("%s, want %s", got, want)
	}

	r, err = suite.Run(context.Background(), regexp.MustCompile("^b$"))
	if err != nil || len(r.Tests) != 1 || r.Tests[0].Name != "b" || r.Skipped != 1 || r.Tests[0].Lines != 3 || r.Tests[0].Events != 3 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestTestsEndWhenTheyAreInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := loadSuite(t, testPlan(t, ""), "tests: [{name: a, lines: [x]}]").Run(ctx, nil)
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestATestHasAMillionLinesAtMost(t *testing.T) {
	t.Parallel()
	suite, problems := testPlan(t, "").LoadTests([]string{writeFile(t, "x.yaml", `
tests: [{name: a, lines: [{code: 3014, count: 999999}, "x\ny"]}]
`)})
	if suite != nil || len(problems) != 1 || !strings.Contains(problems[0].Message, "1000001 lines in one test: at most 1000000") {
		t.Errorf("%v", problems)
	}
}

// An alignment is in order, names each number once, and finds as many fits as there can be.
func TestAlign(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 3))
		a, b := make([]int, r.IntN(7)), make([]int, r.IntN(7))
		for _, list := range [][]int{a, b} {
			for i := range list {
				list[i] = r.IntN(3)
			}
		}
		fit, i, j := 0, 0, 0
		for _, p := range align(len(a), len(b), func(i, j int) bool { return a[i] == b[j] }) {
			if p.want >= 0 {
				if p.want != i {
					t.Fatalf("%v %v: %d comes after %d", a, b, p.want, i)
				}
				i++
			}
			if p.got >= 0 {
				if p.got != j {
					t.Fatalf("%v %v: %d comes after %d", a, b, p.got, j)
				}
				j++
			}
			if p.want >= 0 && p.got >= 0 && a[p.want] == b[p.got] {
				fit++
			}
		}
		if i != len(a) || j != len(b) || fit < common(a, b) {
			t.Fatalf("%v %v: %d and %d paired, %d fit of %d", a, b, i, j, fit, common(a, b))
		}
	}
	if got := len(align(2000, 1999, func(i, j int) bool { return i == j })); got != 2000 {
		t.Errorf("%d pairs of long lists", got)
	}
}

// common is the length of the longest common subsequence, by trying everything.
func common(a, b []int) int {
	switch {
	case len(a) == 0 || len(b) == 0:
		return 0
	case a[0] == b[0]:
		return 1 + common(a[1:], b[1:])
	}
	return max(common(a[1:], b), common(a, b[1:]))
}

func TestTestTime(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{
		"0": "2026-01-01T00:00:00Z", "2m30s": "2026-01-01T00:02:30Z", "1d": "2026-01-02T00:00:00Z", "2026-11-20T10:15:00+01:00": "2026-11-20T09:15:00Z",
	} {
		if got, err := testTime(text, start); err != nil || stampOf(got) != want {
			t.Errorf("%s: %s, %v, want %s", text, got, err, want)
		}
	}
	if _, err := testTime("soon", start); err == nil {
		t.Error("soon is a time")
	}
}
