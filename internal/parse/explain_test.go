package parse

import (
	"slices"
	"strings"
	"testing"
)

func explainSet(t *testing.T) *Set {
	own := []Pattern{
		{Name: "gw", Regex: `refused uid=(?P<participant>\S+) room=(?P<meeting>\S+) rc=(?P<code>\d{4})`, Unless: `dry-run|rehearsal`},
		{Name: "api", Fields: map[string]string{"code": "fault.c|fault.code", "meeting": "room"}},
		{Name: "reason", Fields: map[string]string{"name": "reason"}},
		{Name: "known", Regex: `refused with (?P<code>\d+)`, KnownCodes: true},
		{Name: "either", Regex: `peer (?:kicked|banned) by (?i:HOST) (?P<code>\d*)`},
	}
	return compile(t, Options{Patterns: append(own, Builtin()...)})
}

func TestExplainWhatMatched(t *testing.T) {
	t.Parallel()
	s := explainSet(t)
	for _, c := range []struct {
		line, envelope, stream, format, level, pattern, hint string
		partial                                              bool
	}{
		{line: shapes[0].line, envelope: "none", format: "text", level: "error", pattern: "onerror"},
		{line: shapes[1].line, envelope: "none", format: "json", level: "error", pattern: "error-code"},
		{line: shapes[7].line, envelope: "none", format: "logfmt", level: "error", pattern: "error-code"},
		{line: dockerLine(shapes[3].line, "\n"), envelope: "docker", stream: "stderr", format: "text", level: "error", pattern: "videosdk"},
		{line: criLine("F", shapes[2].line), envelope: "cri", stream: "stderr", format: "json", level: "error", pattern: "catalog-name"},
		{line: criLine("P", shapes[2].line), envelope: "cri", stream: "stderr", format: "json", level: "error", pattern: "catalog-name", partial: true},
		{line: "onError code=3014 name=ERROR_SCREENSHARE_PERMISSION_DENIED", envelope: "none", format: "text", pattern: "onerror", hint: "videosdk-flutter"},
		{line: "onError code=3023 name=ERROR_ACTION_PERFORMED_BEFORE_MEETING_JOINED", envelope: "none", format: "text", pattern: "onerror"},
		{line: "refused uid=a room=b rc=4009", envelope: "none", format: "text", pattern: "gw"},
	} {
		x := s.Explain([]byte(c.line))
		if x.Event == nil {
			t.Errorf("%s: nothing, %+v", c.line, x.Tried)
			continue
		}
		last := x.Tried[len(x.Tried)-1]
		if x.Envelope != c.envelope || x.Stream != c.stream || x.Format != c.format || x.Level != c.level || x.Partial != c.partial || x.Hint != c.hint {
			t.Errorf("%s: %+v", c.line, x)
		}
		if x.Event.Pattern != c.pattern || last.Pattern != c.pattern || !last.Matched || last.Reason != "" || last.Filtered {
			t.Errorf("%s: pattern %s, %+v, want %s", c.line, x.Event.Pattern, last, c.pattern)
		}
	}
}

func TestExplainWhyNothing(t *testing.T) {
	t.Parallel()
	s := explainSet(t)
	for _, c := range []struct {
		line, pattern string
		filtered      bool
		present       []string
		missing       string
		reason        string // part of it
	}{
		{"refused uid=a rc=4009", "gw", false, []string{"refused uid=", " rc="}, " room=", `" room=" is not in it`},
		{"nothing at all", "gw", true, nil, "refused uid=", `"refused uid=" is not in it`},
		{"refused uid=a room=b rc=x", "gw", false, []string{"refused uid=", " room=", " rc="}, "", "the regex does not match"},
		{"dry-run: refused uid=a room=b rc=4009", "gw", false, []string{"refused uid=", " room=", " rc="}, "", `unless takes it back: "dry-run"`},
		{`{"m":"r\u0065fused uid=a"}`, "gw", false, []string{"refused uid="}, " room=", `" room="`},
		{"fault.c is 4009", "api", false, nil, "", "neither JSON nor logfmt"},
		{`{"fault":{"d":4009}}`, "api", false, nil, "", "no value at fault.c | fault.code"},
		{`{"d":4009}`, "api", true, nil, "", "no value at fault.c | fault.code"},
		{`{"reason":"WHATEVER"}`, "reason", false, nil, "", "name WHATEVER is not in the catalogue videosdk-react"},
		{"refused with 4999", "known", false, []string{"refused with "}, "", "code 4999 is not in the catalogue videosdk-react"},
		{"peer banned by host ", "either", false, []string{"peer ", "kicked|banned", " by ", "host"}, "", "captures no code"},
		{decoys[0], "error-code", true, nil, "code", `"code" is not in it`},
		{decoys[3], "error-code", false, []string{"code"}, "", `unless takes it back: "ws clos`},
		{decoys[7], "error-code", false, []string{"code"}, "", "does not say that it is an error"},
		{decoys[2], "catalog-name", true, nil, "", "no name of the catalogue videosdk-react"},
		{decoys[2], "catalog-message", true, nil, "", "no documented message"},
		{"level=error code=4999", "error-code", false, []string{"code"}, "", "code 4999 is not in the catalogue"},
	} {
		x := s.Explain([]byte(c.line))
		i := slices.IndexFunc(x.Tried, func(p Tried) bool { return p.Pattern == c.pattern })
		if i < 0 || x.Event != nil {
			t.Errorf("%s: %+v", c.line, x)
			continue
		}
		p := x.Tried[i]
		if p.Filtered != c.filtered || !slices.Equal(p.Present, c.present) || p.Missing != c.missing || !strings.Contains(p.Reason, c.reason) || p.Matched {
			t.Errorf("%s\n got %+v\nwant %+v", c.line, p, c)
		}
	}
}

// What Explain says of a line is what Feed does with it.
func TestExplainAgreesWithFeed(t *testing.T) {
	t.Parallel()
	s := explainSet(t)
	var lines []string
	for _, c := range shapes {
		lines = append(lines, c.line)
	}
	for _, l := range append(lines, decoys...) {
		for _, w := range wrappers() {
			if strings.Contains(w.name, "partial") {
				continue
			}
			text := w.wrap(l)
			r, x := feedAll(s, text), s.Explain([]byte(text))
			if (x.Event != nil) != (len(r.Events) == 1) || x.Event != nil && brief(x.Event) != brief(&r.Events[0]) || (r.Unmatched == 1) != x.Unmatched {
				t.Errorf("%s: explained %+v, fed %q, %d unmatched", text, x.Event, briefs(r), r.Unmatched)
			}
		}
	}
}
