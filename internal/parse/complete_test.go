package parse

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/errwatch/errwatch/internal/event"
)

// Every spelling of a field, in every form in which a key and a value are written.
func TestSpellings(t *testing.T) {
	t.Parallel()
	s := compile(t, Options{})
	for field, keys := range Spellings() {
		for _, key := range keys {
			for _, text := range []string{
				"onError code=3014 KEY=v-1",
				"onError code=3014 KEY=v-1, x=1",
				"onError code=3014 KEY = v-1",
				"onError code=3014 KEY: 'v-1' }",
				"onError code=3014 { KEY: \"v-1\" }",
				"onError {'code': 3014, 'KEY': 'v-1'}",
				"onError code=3014 KEY: v-1)",
				"onError code=3014 ?a=1&KEY=v-1&b=2",
				`onError code=3014 "KEY"=>"v-1"`,
				`{"event":"onError","code":3014,"KEY":"v-1"}`,
				`{"event":"onError","code":3014,"a":[{"b":{"KEY" : "v-1"}}]}`,
				`{"event":"onError","code":3014,"m":"{\"KEY\":\"v-1\"}"}`,
				`{"event":"onError","code":3014,"m":"{\"n\":\"{\\\"KEY\\\":\\\"v-1\\\"}\"}"}`,
				`level=error event=onError code=3014 KEY="v-1"`,
				`level=error msg="onError code=3014 KEY=\"v-1\""`,
			} {
				text = strings.ReplaceAll(text, "KEY", key)
				r := feedAll(s, text+"\n")
				if len(r.Events) != 1 || string(r.Events[0].Field(field)) != "v-1" {
					t.Errorf("%s\n got %q, want %s=v-1", text, briefs(r), field)
				}
			}
		}
	}
}

func TestFieldsThatAreNone(t *testing.T) {
	t.Parallel()
	s := compile(t, Options{})
	for _, text := range []string{
		"onError code=3014 meeting error, room: joining now",
		"[room] onError code=3014 rooms=5 myroom=x room_name=x",
		`{"event":"onError","code":3014,"meetingId":null,"roomId":"","room":{"x":1},"uid":[1]}`,
		"onError code=3014 meetingId=undefined participantId=null",
		"onError code=3014 participantId= reason=x",
		`onError code=3014 meetingId:`,
		`onError code=3014 meetingId="`,
	} {
		if got := briefs(feedAll(s, text+"\n")); !slices.Equal(got, []string{video}) {
			t.Errorf("%s\n got %q", text, got)
		}
	}
}

func TestBestSpellingWins(t *testing.T) {
	t.Parallel()
	s := compile(t, Options{})
	for text, want := range map[string]string{
		"onError code=3014 room=a meetingId=b-1 room_id=c":     video + " meeting=b-1",
		"onError code=3014 meetingId=b-1 meetingId=c-1":        video + " meeting=b-1",
		"onError code=3014 uid=1 peerId=2 participant=3":       video + " participant=3",
		"onError code=3014 meetingId=null room=a":              video + " meeting=a",
		`onError code=3014 meetingId="a \"b\" c"`:              video + ` meeting=a "b" c`,
		`{"event":"onError","code":3014,"room":"a\u0041\"b"}`:  video + ` meeting=aA"b`,
		`{"event":"onError","code":3014,"userId":12,"room":7}`: video + " meeting=7 participant=12",
		"onError code=3014 meetingId=ab,participantId=cd":      video + " meeting=ab participant=cd",
		"\x1b[31monError\x1b[0m code=3014 meetingId=ab\x1b[0m": video + " meeting=ab",
	} {
		if got := briefs(feedAll(s, text+"\n")); !slices.Equal(got, []string{want}) {
			t.Errorf("%s\n got %q\nwant %q", text, got, want)
		}
	}
}

func TestLongValuesAreCut(t *testing.T) {
	t.Parallel()
	s := compile(t, Options{})
	r := feedAll(s, "onError code=3014 meetingId="+strings.Repeat("é", MaxValue)+"\n")
	got := r.Events[0].Field(event.Meeting)
	if len(got) > MaxValue || len(got) < MaxValue-utf8.UTFMax || !utf8.Valid(got) {
		t.Errorf("%d bytes, valid %v", len(got), utf8.Valid(got))
	}
}

func TestMessages(t *testing.T) {
	t.Parallel()
	s := compile(t, Options{})
	for text, want := range map[string]string{
		shapes[0].line: "",
		shapes[1].line: "You have reached max partcipant limit in a meeting.",
		shapes[2].line: "meeting error",
		shapes[3].line: "Video capture permission denied.",
		shapes[5].line: "`token` is empty or invalid or might have expired.",
		shapes[6].line: "Recording stopped due to an unknown error.",
		shapes[7].line: "join refused",
		`{"level":"error","code":4009,"msg":"a","err":{"message":"b \"c\""}}`: `b "c"`,
		"ERROR You have reached max speaker limit in a meeting":               "You have reached max speaker limit in a meeting.",
		`{"m":"VIDEOSDK ERROR :: 3014 :: X_Y :: what \"it\" says"}`:           `what`,
	} {
		r := feedAll(s, text+"\n")
		if len(r.Events) != 1 || string(r.Events[0].Message) != want {
			t.Errorf("%s\n got %q, want %q", text, r.Events[0].Message, want)
		}
	}
}
