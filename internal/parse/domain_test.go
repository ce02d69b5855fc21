package parse

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/errwatch/errwatch/internal/event"
	"github.com/errwatch/errwatch/internal/line"
)

// readAt is when the tests' batches are read.
var readAt = time.Date(2026, 11, 20, 10, 20, 0, 0, time.UTC)

// compile makes a set, with the built-in patterns unless the options name others.
func compile(t testing.TB, o Options) *Set {
	t.Helper()
	if o.Source == "" {
		o.Source = "meeting"
	}
	if o.Patterns == nil {
		o.Patterns = Builtin()
	}
	s, err := Compile(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// feedAll gives the whole text to a new stream in one batch that is the file's last.
func feedAll(s *Set, text string) *Result {
	return s.NewStream().Feed(&line.Batch{Data: []byte(text), End: int64(len(text)), Last: true, Read: readAt})
}

// brief writes what identifies an event.
func brief(e *event.Event) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s", e.Code, e.Name, e.Category)
	if e.Conflict {
		b.WriteString(" conflict")
	}
	for _, f := range e.Fields {
		fmt.Fprintf(&b, " %s=%s", f.Name, f.Value)
	}
	return b.String()
}

func briefs(r *Result) []string {
	var out []string
	for i := range r.Events {
		out = append(out, brief(&r.Events[i]))
	}
	return out
}

const (
	full    = " meeting=ab12-cd34-ef56 participant=p_9f3k2"
	meeting = " meeting=ab12-cd34-ef56"
	video   = "3014 ERROR_GET_VIDEO_MEDIA_PERMISSION_DENIED permission"
	audio   = "3015 ERROR_GET_AUDIO_MEDIA_PERMISSION_DENIED permission"
	people  = "4009 MAX_PARTCIPANT_REACHED capacity"
	speaker = "4010 MAX_SPEAKER_REACHED capacity"
)

// shapes are lines as applications write them, and the event that each is.
var shapes = []struct{ line, want string }{
	{`2026-11-20T10:15:23.123Z ERROR [room] onError code=3014 name=ERROR_GET_VIDEO_MEDIA_PERMISSION_DENIED meetingId=ab12-cd34-ef56 participantId=p_9f3k2`, video + full},
	{`{"ts":"2026-11-20T10:15:23.123Z","level":"error","code":4009,"message":"You have reached max partcipant limit in a meeting.","meetingId":"ab12-cd34-ef56"}`, people + meeting},
	{`{"level":50,"time":1795169723123,"err":{"code":"4010","type":"MAX_SPEAKER_REACHED"},"msg":"meeting error"}`, speaker},
	{`VIDEOSDK ERROR :: 3014  :: ERROR_GET_VIDEO_MEDIA_PERMISSION_DENIED :: Video capture permission denied.`, video},
	{`I/flutter ( 4711): VIDEOSDK ERROR :: 4009 :: MAX_SPEAKER_REACHED :: You have reached max speaker limit`, speaker + " conflict"},
	{"meeting error {'code': 4002, 'message': '`token` is empty or invalid or might have expired.'}", "4002 INVALID_TOKEN auth"},
	{`meetingErr { code: 5001, message: 'Recording stopped due to an unknown error.' }`, "5001 RECORDING_FAILED recording"},
	{`level=error ts=2026-11-20T10:15:23Z msg="join refused" code=4009 meeting=ab12-cd34-ef56`, people + meeting},
}

// decoys are lines of the same files that are no events.
var decoys = []string{
	`2026-11-20T10:15:23.123Z INFO listening port=4009`,
	`2026-11-20T10:15:23.123Z INFO [room] transport connected durationMs=3014 meetingId=ab12-cd34-ef56`,
	`2026-11-20T10:15:23.123Z DEBUG took 4010ms to publish, codec=opus payload=4009`,
	`2026-11-20T10:15:23.123Z WARN ws closed code=4001 reason=idle`,
	`{"level":"error","event":"ws_close","code":4009,"reason":"normal"}`,
	`{"ts":"2026-11-20T10:15:23.123Z","level":"info","msg":"request","statusCode":4001,"path":"/v2/rooms/4009"}`,
	`level=error ts=2026-11-20T10:15:23Z msg="request failed" code=500 upstream=api`,
	`level=info ts=2026-11-20T10:15:23Z msg="limits" code=4009 note="documented in the catalogue"`,
	`    at onError (room.js:4009:13)`,
}

func TestShapes(t *testing.T) {
	t.Parallel()
	s := compile(t, Options{})
	for _, c := range shapes {
		if got := briefs(feedAll(s, c.line+"\n")); len(got) != 1 || got[0] != c.want {
			t.Errorf("%s\n got %q\nwant %q", c.line, got, c.want)
		}
	}
}

func TestDecoys(t *testing.T) {
	t.Parallel()
	s := compile(t, Options{})
	for _, d := range decoys {
		if got := briefs(feedAll(s, d+"\n")); len(got) != 0 {
			t.Errorf("%s\n got %q, want nothing", d, got)
		}
	}
}
