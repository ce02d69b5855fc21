package parse

import (
	"strings"
	"testing"

	"github.com/errwatch/errwatch/internal/line"
)

// In steady state nothing is allocated: not for a line, not for an event, in no envelope and no format.
func TestNoAllocations(t *testing.T) {
	own := []Pattern{
		{Name: "gw", Regex: `refused uid=(?P<participant>\S+) room=(?P<meeting>\S+) rc=(?P<code>\d{4})`, Unless: `dry-run`},
		{Name: "api", Fields: map[string]string{"code": "error.c|error.k", "meeting": "room"}},
		{Name: "bare", Regex: `\bz(?P<code>\d{4})\b`},
	}
	var text strings.Builder
	for _, w := range wrappers() {
		for _, c := range shapes {
			text.WriteString(w.wrap(c.line))
		}
		for _, d := range decoys {
			text.WriteString(w.wrap(d))
		}
		for _, l := range []string{
			"refused uid=u1 room=r1 rc=4009", `{"error":{"c":4711},"room":"r\"1"}`, "z4009 z4999", `error.c=4009 room="a\"b"`,
			"2026-11-20T10:15:24Z INFO nothing of interest",
		} {
			text.WriteString(w.wrap(l))
		}
	}
	for name, o := range map[string]Options{
		"built-in":       {},
		"own":            {Patterns: append(own, Builtin()...)},
		"multi-line":     {Multiline: Multiline{Start: `^\d{4}-`}},
		"without filter": {NoPrefilter: true},
	} {
		st := compile(t, o).NewStream()
		b := &line.Batch{Data: []byte(text.String()), End: int64(text.Len()), Last: true, Read: readAt}
		events := 0
		n := testing.AllocsPerRun(20, func() { events = len(st.Feed(b).Events) })
		if n != 0 || events < 40 {
			t.Errorf("%s: %v allocations for %d lines with %d events", name, n, strings.Count(text.String(), "\n"), events)
		}
	}
}
