package parse

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/errwatch/errwatch/internal/catalog"
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
	if e.Reference {
		b.WriteString("reference " + e.Pattern)
	} else {
		fmt.Fprintf(&b, "%s %s %s", e.Code, e.Name, e.Category)
	}
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
	ids     = " meeting=ab12-cd34-ef56 participant=p_9f3k2"
	room    = " meeting=ab12-cd34-ef56"
	video   = "3014 ERROR_GET_VIDEO_MEDIA_PERMISSION_DENIED permission"
	audio   = "3015 ERROR_GET_AUDIO_MEDIA_PERMISSION_DENIED permission"
	people  = "4009 MAX_PARTCIPANT_REACHED capacity"
	speaker = "4010 MAX_SPEAKER_REACHED capacity"
	token   = "4002 INVALID_TOKEN auth"
	rec5001 = "5001 RECORDING_FAILED recording"
	unknown = "4999  unknown"
)

// shapes are lines as applications write them, and the event that each is.
var shapes = []struct{ line, want string }{
	{`2026-11-20T10:15:23.123Z ERROR [room] onError code=3014 name=ERROR_GET_VIDEO_MEDIA_PERMISSION_DENIED meetingId=ab12-cd34-ef56 participantId=p_9f3k2`, video + ids},
	{`{"ts":"2026-11-20T10:15:23.123Z","level":"error","code":4009,"message":"You have reached max partcipant limit in a meeting.","meetingId":"ab12-cd34-ef56"}`, people + room},
	{`{"level":50,"time":1795169723123,"err":{"code":"4010","type":"MAX_SPEAKER_REACHED"},"msg":"meeting error"}`, speaker},
	{`VIDEOSDK ERROR :: 3014  :: ERROR_GET_VIDEO_MEDIA_PERMISSION_DENIED :: Video capture permission denied.`, video},
	{`I/flutter ( 4711): VIDEOSDK ERROR :: 4009 :: MAX_SPEAKER_REACHED :: You have reached max speaker limit`, speaker + " conflict"},
	{"meeting error {'code': 4002, 'message': '`token` is empty or invalid or might have expired.'}", token},
	{`meetingErr { code: 5001, message: 'Recording stopped due to an unknown error.' }`, rec5001},
	{`level=error ts=2026-11-20T10:15:23Z msg="join refused" code=4009 meeting=ab12-cd34-ef56`, people + room},
	{`2026-11-20 10:15:23,123 ERROR onError code=3015`, audio},
	{`{"level":"error","code":4009,"meetingId":"ab12-cd34-ef56"}`, people + room},

	// Unmistakable shapes take every four-digit code.
	{`ERROR [room] onError code=4999`, unknown},
	{`onError({"code":4999,"message":"x"})`, unknown},
	{`onError { code: 4999, message: 'x' }`, unknown},
	{`onError: 4999`, unknown},
	{`INFO client onError 3014 ERROR_GET_VIDEO_MEDIA_PERMISSION_DENIED`, video},
	{`{"event":"onError","code":4999,"roomId":"ab12-cd34-ef56"}`, unknown + room},
	{`{"code":4999,"event":"onError"}`, unknown},
	{`VIDEOSDK ERROR :: 4999 :: SOME_NEW_THING :: text`, unknown},
	{`VIDEOSDK ERROR::4009`, people},

	// Names, with and without a number, in every spelling.
	{`2026-11-20T10:15:23Z WARN MAX_SPEAKER_REACHED meeting=ab12-cd34-ef56`, speaker + room},
	{`join failed: MAX_PARTICIPANT_REACHED`, people},
	{`join failed: MAX_PARTCIPANT_REACHED (4009)`, people},
	{`[4009] MAX_PARTICIPANT_REACHED`, people},
	{`error 4009 MAX_SPEAKER_REACHED`, speaker + " conflict"},
	{`error MAX_SPEAKER_REACHED=4009`, speaker + " conflict"},
	{`{"type":"MAX_SPEAKER_REACHED","code":4009}`, speaker + " conflict"},
	{`{"type":"MAX_SPEAKER_REACHED","code":4999}`, speaker + " conflict"},
	{`error code=3014 name=ERROR_SCREENSHARE_PERMISSION_DENIED`, "3014 ERROR_SCREENSHARE_PERMISSION_DENIED permission conflict"},

	// Generic shapes where the line says that it is an error.
	{`error: code: 4002`, token},
	{`2026-11-20T10:15:23Z WARN join code=4009 room=ab12-cd34-ef56`, people + room},
	{`INFO join denied code=4009`, people},
	{`{"level":40,"data":{"error":{"Code":"4009"}},"userId":"p_9f3k2","room_id":"ab12-cd34-ef56"}`, people + ids},
	{`{"severity":"ERROR","error_code":4009}`, people},
	{`{"level":"info","code":200,"cause":{"code":4009,"reason":"refused"}}`, people},
	{`{"level":"info","code":4009,"message":"You have reached max partcipant limit in a meeting."}`, people},
	{`E1120 10:15:23.123456       1 room.go:12] join code=4009`, people},

	// JSON inside a string.
	{`{"level":"info","msg":"onError code=3014 meetingId=ab12-cd34-ef56 participantId=p_9f3k2"}`, video + ids},
	{`{"level":"error","msg":"{\"code\":4009,\"meetingId\":\"ab12-cd34-ef56\"}"}`, people + room},
	{`{"level":"error","msg":"{\"body\":\"{\\\"code\\\":4009,\\\"uid\\\":\\\"p_9f3k2\\\",\\\"room\\\":\\\"ab12-cd34-ef56\\\"}\"}"}`, people + ids},
	{`level=error msg="{\"code\":4009,\"meetingId\":\"ab12-cd34-ef56\"}"`, people + room},
	{`{"level":"error","msg":"\u006fn\u0045rror c\u006fde=3014"}`, video},

	// Colours.
	{"\x1b[31mERROR\x1b[0m \x1b[36monError\x1b[0m { code: \x1b[33m3014\x1b[39m }", video},
	{"\x1b[31mERRO\x1b[0m[0001] join failed   \x1b[31mcode\x1b[0m=4009 \x1b[31mroom\x1b[0m=ab12-cd34-ef56", people + room},
	{"{\"level\":\"info\",\"msg\":\"\\u001b[31monError\\u001b[0m co\\u001B[0mde=3014\"}", video},

	// A documented message without a code.
	{`{"level":"error","message":"You have reached max speaker limit in a meeting."}`, speaker},
	{"ERROR `token` is empty or invalid or might have expired", token},
	{`Recording stopped due to an unknown error.`, rec5001},
	{`{"error":{"message":"'meetingId' is empty or invalid, please verify it or generate new 'meetingId' using the API."}}`, "4003 INVALID_MEETING_ID meeting"},
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
	`    at Room.onError code=4009 (room.js:1:2)`,
	`level=error msg="publish failed" codec=4009`,
	`ERROR request failed status_code=4009 exit_code=4010 closeCode=4002`,
	`ERROR WebSocket was closed, code: 4009`,
	`ERROR socket 17 disconnected code=4002`,
	`ERROR transport closed code=4002`,
	`ERROR HTTP status 403 code=4003`,
	`ERROR ffmpeg exited with code=4011`,
	`ERROR worker exit code: 4011`,
	`level=error msg="odd" code=40091 other_code=4009`,
	`level=info error=null failed=0 code=4009`,
	`{"level":"info","err":null,"code":4009}`,
	`{"level":"error","code":4009.5e3}`,
	`level=error code=4009ms`,
	`INFO overriding code=4009`,
	`nonError code=4999 is fine`,
	`INFO the onError handler listens on port=4009`,
	`INFO You have reached max speaker limit in a meeting.`,
	`ERR_4009 port 4009 4009 "4009"`,
	`INFO CAMERA=4009 ROOM (4010)`,
}

// A wrapper puts a line into an envelope, as one or more lines.
type wrapper struct {
	name string
	wrap func(string) string
}

func dockerLine(text, end string) string {
	b, err := json.Marshal(text + end) // escapes <, > and & as Docker does
	if err != nil {
		panic(err)
	}
	return `{"log":` + string(b) + `,"stream":"stderr","time":"2026-11-20T10:15:24.2Z"}` + "\n"
}

func criLine(tag, text string) string {
	return "2026-11-20T10:15:24.2Z stderr " + tag + " " + text + "\n"
}

func wrappers() []wrapper {
	return []wrapper{
		{"none", func(s string) string { return s + "\n" }},
		{"crlf", func(s string) string { return s + "\r\n" }},
		{"docker", func(s string) string { return dockerLine(s, "\n") }},
		{"docker crlf", func(s string) string { return dockerLine(s, "\r\n") }},
		{"docker attrs", func(s string) string {
			return strings.Replace(dockerLine(s, "\n"), `"stderr","time"`, `"stderr","attrs":{"tag":"a \"b\""},"time"`, 1)
		}},
		{"docker partial", func(s string) string { return dockerLine(s[:len(s)/2], "") + dockerLine(s[len(s)/2:], "\n") }},
		{"cri", func(s string) string { return criLine("F", s) }},
		{"cri tags", func(s string) string { return criLine("F:x:y", s) }},
		{"cri partial", func(s string) string {
			return criLine("P", s[:len(s)/3]) + criLine("P:x", s[len(s)/3:len(s)/2]) + criLine("F", s[len(s)/2:])
		}},
	}
}

func TestShapesInEveryEnvelope(t *testing.T) {
	t.Parallel()
	for _, o := range []Options{{}, {NoPrefilter: true}, {Multiline: Multiline{Start: `^`}}} {
		s := compile(t, o)
		for _, w := range wrappers() {
			for _, c := range shapes {
				if got := briefs(feedAll(s, w.wrap(c.line))); len(got) != 1 || got[0] != c.want {
					t.Errorf("%s %v: %s\n got %q\nwant %q", w.name, o.NoPrefilter, c.line, got, c.want)
				}
			}
		}
	}
}

func TestDecoysInEveryEnvelope(t *testing.T) {
	t.Parallel()
	for _, o := range []Options{{}, {NoPrefilter: true}} {
		s := compile(t, o)
		for _, w := range wrappers() {
			for _, d := range decoys {
				if got := briefs(feedAll(s, w.wrap(d))); len(got) != 0 {
					t.Errorf("%s: %s\n got %q, want nothing", w.name, d, got)
				}
			}
		}
	}
}

// Each decoy of the files with every code of the catalogue in it.
func TestDecoysWithEveryCode(t *testing.T) {
	t.Parallel()
	s := compile(t, Options{})
	cat, _ := catalog.Builtin("videosdk-react")
	for _, k := range cat.Codes() {
		for i, d := range decoys {
			if i == 6 {
				continue // code=500: with a code of the catalogue the line would be an event
			}
			for _, n := range []string{"4009", "3014", "4010", "4001"} {
				d = strings.ReplaceAll(d, n, k.Code)
			}
			if got := briefs(feedAll(s, d+"\n")); len(got) != 0 {
				t.Errorf("%s\n got %q, want nothing", d, got)
			}
		}
	}
}

// Every code of both catalogues in the shapes that hold a number, a name, an alias, or both.
func TestEveryCode(t *testing.T) {
	t.Parallel()
	for _, name := range catalog.BuiltinNames() {
		cat, _ := catalog.Builtin(name)
		s := compile(t, Options{Catalog: cat})
		for _, k := range cat.Codes() {
			want := fmt.Sprintf("%s %s %s", k.Code, k.Name, k.Category)
			lines := []string{
				"onError code=" + k.Code,
				"VIDEOSDK ERROR :: " + k.Code + " :: " + k.Name + " :: text",
				`{"level":"error","code":` + k.Code + `}`,
				"level=error code=" + k.Code,
				"failed {'code': '" + k.Code + "'}",
				"INFO " + k.Name,
				`{"type":"` + k.Name + `","code":"` + k.Code + `"}`,
			}
			for _, alias := range k.Aliases {
				lines = append(lines, "INFO "+alias, "onError code="+k.Code+" name="+alias)
			}
			if k.Message != "" {
				lines = append(lines, "ERROR "+k.Message, "ERROR "+strings.TrimSuffix(k.Message, "."))
				b, _ := json.Marshal(map[string]any{"level": "error", "message": k.Message})
				lines = append(lines, string(b))
			}
			for _, l := range lines {
				if got := briefs(feedAll(s, l+"\n")); !slices.Equal(got, []string{want}) {
					t.Errorf("%s: %s\n got %q\nwant %q", name, l, got, want)
				}
			}
		}
	}
}

// A record that the runtime cuts is the same record wherever it is cut.
func TestSplitAtEveryByte(t *testing.T) {
	t.Parallel()
	s := compile(t, Options{})
	for _, c := range shapes[:10] { // those of real files
		for n := range len(c.line) + 1 {
			for _, text := range []string{
				criLine("P", c.line[:n]) + criLine("F", c.line[n:]),
				dockerLine(c.line[:n], "") + dockerLine(c.line[n:], "\n"),
			} {
				if r := feedAll(s, text); !slices.Equal(briefs(r), []string{c.want}) || r.Lines != 2 || r.Records != 1 {
					t.Fatalf("cut at %d: %s\n got %q of %d lines\nwant %q", n, text, briefs(r), r.Lines, c.want)
				}
			}
		}
	}
}
