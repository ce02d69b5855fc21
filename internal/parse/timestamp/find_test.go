package timestamp

import (
	"strings"
	"testing"
	"time"
)

func TestFind(t *testing.T) {
	t.Parallel()
	const at = "2026-11-20T10:15:23Z"
	tests := []struct{ line, want string }{
		{"2026-11-20T10:15:23.123Z ERROR [room] onError code=3014", "2026-11-20T10:15:23.123Z"},
		{"2026-11-20 10:15:23,123 ERROR onError code=3015", "2026-11-20T10:15:23.123Z"},
		{"[2026-11-20T10:15:23Z] x", at},
		{"[2026-11-20 10:15:23] x", at},
		{"[20/Nov/2026:10:15:23 +0000] x", at},
		{"[Fri Nov 20 10:15:23 2026] [error] x", at},
		{"[1795169723] x", at},
		{"ERROR 2026-11-20T10:15:23Z x", at},
		{"ERROR: 2026-11-20T10:15:23Z x", at},
		{"[ERROR] [main] 2026-11-20T10:15:23Z x", at},
		{"  2026-11-20T10:15:23Z x", at},
		{"I/flutter ( 4711): 2026-11-20T10:15:23Z VIDEOSDK ERROR :: 4009", at},
		{"flutter: 2026-11-20T10:15:23Z VIDEOSDK ERROR :: 4009", at},
		{"11-20 10:15:23.000  4711  4711 I flutter : x", at},
		{"<134>Nov 20 10:15:23 host app: x", at},
		{"<134>1 2026-11-20T10:15:23Z host app - - x", at},
		{"E1120 10:15:23.000000   12 room.go:1] x", at},
		{"ts=2026-11-20T10:15:23Z level=error", at},
		{`time="2026-11-20T10:15:23Z" level=error`, at},
		{`{"ts":"2026-11-20T10:15:23Z","level":"error"}`, at},
		{`ts=1795169723 level=error`, at},
		{"meeting-1  | 2026-11-20T10:15:23Z x", at},
		{"0|meeting  | 2026-11-20 10:15:23 +0000: x", at},
		{"\x1b[31m2026-11-20T10:15:23Z\x1b[0m ERROR x", at},
		{"\x1b[32m[Nest] 4711  - \x1b[39m11/20/2026, 10:15:23 AM   ERROR x", at},
		{"[Nest] 4711  - 11/20/2026, 10:15:23 AM   ERROR x", at},

		{"ERROR token expired at 2026-11-20T10:15:23Z", ""},
		{"VIDEOSDK ERROR :: 3014  :: 2026-11-20T10:15:23Z", ""},
		{"ERROR 1795169723 is no room", ""},
		{"id=1795169723 x", ""},
		{"2026-11-20T10:15:23Zebra", ""},
		{"meeting ab12-cd34-ef56 left", ""},
		{strings.Repeat("[", 70) + at, ""},
		{"", ""},
		{"\x1b", ""}, {"\x1b[", ""}, {"<", ""}, {"<1", ""}, {"[", ""}, {"(", ""}, {"@", ""}, {"é 2026-11-20T10:15:23Z", ""},
	}
	for _, tt := range tests {
		got, _, ok := Find([]byte(tt.line), time.UTC, ref)
		s := ""
		if ok {
			s = got.Format(time.RFC3339Nano)
		}
		if s != tt.want {
			t.Errorf("%q: %q, want %q", tt.line, s, tt.want)
		}
	}
}
