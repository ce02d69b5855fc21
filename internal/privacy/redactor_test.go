package privacy

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"github.com/errwatch/errwatch/internal/event"
)

const (
	testJWT = "eyJhbGciOiJIUzI1NiJ9.eyJhcGlrZXkiOiJ4In0.c2lnbmF0dXJl-_0"
	testKey = "0123456789abcdef"
)

func mustNew(t testing.TB, o Options) *Redactor {
	t.Helper()
	r, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestText(t *testing.T) {
	t.Parallel()
	r := mustNew(t, Options{Redact: Kinds()})
	tests := []struct{ in, want string }{
		// JWT.
		{"token " + testJWT + " refused", "token <redacted:jwt> refused"},
		{`{"token":"` + testJWT + `"}`, `{"token":"<redacted:jwt>"}`},
		{"/ws?token=" + testJWT + "&v=2", "/ws?token=<redacted:jwt>&v=2"},
		{"x_" + testJWT, "x_<redacted:jwt>"},
		{"eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0. x", "<redacted:jwt> x"},
		{"cut eyJhbGciOiJIUzI1NiJ9.eyJhcGlr", "cut <redacted:jwt>"},
		{"eyJhbGciOiJIUzI1NiJ9.e30.x.y.z done", "<redacted:jwt> done"},
		{"a key eyJust a word. eyJ", "a key eyJust a word. eyJ"},

		// Bearer and authorization.
		{"Authorization: Bearer abc.def-123", "Authorization: Bearer <redacted:bearer>"},
		{"Authorization: Bearer " + testJWT, "Authorization: Bearer <redacted:jwt>"},
		{"authorization: Basic dXNlcjpwYXNz", "authorization: Basic <redacted:bearer>"},
		{`"authorization":"s3cr3t-value"`, `"authorization":"<redacted:bearer>"`},
		{`"Authorization":["x"]`, `"Authorization":["x"]`},
		{`Authorization: Digest username="bob", response="6629fae4"`, `Authorization: Digest <redacted:bearer>`},
		{`got BEARER abcd1234 from`, `got BEARER <redacted:bearer> from`},
		{`bearer%20abcd1234`, `bearer%20<redacted:bearer>`},
		{"Bearer token expired", "Bearer token expired"},
		{"authorization: missing", "authorization: missing"},
		{"forbearer abcd1234", "forbearer abcd1234"},

		// Keys and values.
		{"api_key=12ab34cd rest", "api_key=<redacted:api_key> rest"},
		{`apikey: "12 ab"`, `apikey: "<redacted:api_key>"`},
		{`X-Api-Key: 12ab`, `X-Api-Key: <redacted:api_key>`},
		{`"apiKey":"12\"ab","code":4009`, `"apiKey":"<redacted:api_key>","code":4009`},
		{`"msg":"{\"apiKey\":\"12\\\"ab\",\"code\":4009}"`, `"msg":"{\"apiKey\":\"<redacted:api_key>\",\"code\":4009}"`},
		{"client_secret = abc123, x", "client_secret = <redacted:api_key>, x"},
		{"password='a b' user=x", "password='<redacted:api_key>' user=x"},
		{"token => :abc", "token => <redacted:api_key>"},
		{"?a=1&token=abc123&b=2", "?a=1&token=<redacted:api_key>&b=2"},
		{"{'token': 'abc123'}", "{'token': '<redacted:api_key>'}"},
		{"aws_secret_access_key=wJalrXUtnFEMI/K7MDENG", "aws_secret_access_key=<redacted:api_key>"},
		{"key sk_live_4eC39HqLyjWDarjt used", "key <redacted:api_key> used"},
		{`\nghp_16C7e42F292c6912E7710c838347Ae178B4a`, `\n<redacted:api_key>`},
		{"xoxb-123456789012-abcdef", "<redacted:api_key>"},
		{"postgres://meet:hunter2@db/x", "postgres://meet:<redacted:api_key>@db/x"},
		{"password=", "password="},
		{"token: expired", "token: expired"},
		{"token=null secret=*** ", "token=null secret=*** "},
		{"`token` is empty or invalid or might have expired.", "`token` is empty or invalid or might have expired."},
		{"max_tokens=4096 monkey=banana", "max_tokens=4096 monkey=banana"},
		{`violates "pk_meeting_participants"`, `violates "pk_meeting_participants"`},
		{"disk_0123456789abcdef0123", "disk_0123456789abcdef0123"},

		// E-mail.
		{"bob.smith+x@mail.example.co.uk: hi", "<redacted:email>: hi"},
		{"<bob@example.com>,<eve@example.org>.", "<<redacted:email>>,<<redacted:email>>."},
		{"email=bob%40example.com&x", "email=<redacted:email>&x"},
		{`"uid":"bob\u0040example.com"`, `"uid":"<redacted:email>"`},
		{`\u003cbob@example.com\u003e`, `\u003c<redacted:email>\u003e`},
		{`failed:\nbob@example.com\n`, `failed:\n<redacted:email>\n`},
		{"jörg@exämple.de", "<redacted:email>"},
		{"npm react@18.2.0 @videosdk.live/react-sdk a@b x@ @", "npm react@18.2.0 @videosdk.live/react-sdk a@b x@ @"},

		// IP.
		{"from 203.0.113.9:51514", "from <redacted:ip>:51514"},
		{"/10.0.0.1 10.0.0.1.", "/<redacted:ip> <redacted:ip>."},
		{"ip=10.0.0.1,10.0.0.2", "ip=<redacted:ip>,<redacted:ip>"},
		{`peer\n10.0.0.1`, `peer\n<redacted:ip>`},
		{`\u000910.0.0.1\u0009`, `\u0009<redacted:ip>\u0009`},
		{"\x1b[31m10.0.0.1\x1b[0m", "\x1b[31m<redacted:ip>\x1b[0m"},
		{"a=%2010.0.0.1", "a=%20<redacted:ip>"},
		{"[2001:db8::1]:4009", "[<redacted:ip>]:4009"},
		{"peer:fe80::1%eth0 node:2001:db8:0:0:0:0:0:1 x", "peer:<redacted:ip>%eth0 node:<redacted:ip> x"},
		{"::1 ::ffff:10.0.0.1 fe80::", "<redacted:ip> <redacted:ip> <redacted:ip>"},
		{"2001:db8:1:2:3:4:5:6:5060 2001:db8::1.443 2001:DB8::1: x", "<redacted:ip>:5060 <redacted:ip>.443 <redacted:ip>: x"},
		{"v1.2.3 1.2.3 v1.2.3.4 1.2.3.4.5 1.2.3.4rc1 256.1.1.1 1.2.3.1000", "v1.2.3 1.2.3 v1.2.3.4 1.2.3.4.5 1.2.3.4rc1 256.1.1.1 1.2.3.1000"},
		{"10:15:23 2026-11-20T10:15:23.123Z ab12-cd34-ef56 room.js:4009:13", "10:15:23 2026-11-20T10:15:23.123Z ab12-cd34-ef56 room.js:4009:13"},
		{"VIDEOSDK ERROR :: 4009 :: X ERROR::4009::X std::vector Face::Add ::", "VIDEOSDK ERROR :: 4009 :: X ERROR::4009::X std::vector Face::Add ::"},
		{"aa:bb:cc:dd:ee:ff 1:2:3", "aa:bb:cc:dd:ee:ff 1:2:3"},

		// Together.
		{"password=bob@example.com from 10.0.0.1", "password=<redacted:api_key> from <redacted:ip>"},
		{"", ""},
	}
	for _, tt := range tests {
		got := string(r.Text([]byte("-"), []byte(tt.in)))
		if got != "-"+tt.want {
			t.Errorf("%s\n got %s\nwant %s", tt.in, got[1:], tt.want)
		}
		if again := string(r.Text(nil, []byte(got))); again != got {
			t.Errorf("%s\nonce  %s\ntwice %s", tt.in, got, again)
		}
	}
}

// Each kind alone hides its own and nothing else.
func TestKindsAlone(t *testing.T) {
	t.Parallel()
	in := testJWT + " Bearer abcd1234 api_key=xyz789 bob@example.com 10.0.0.1 fe80::1"
	for kind, want := range map[string]string{
		"jwt":     "<redacted:jwt> Bearer abcd1234 api_key=xyz789 bob@example.com 10.0.0.1 fe80::1",
		"bearer":  testJWT + " Bearer <redacted:bearer> api_key=xyz789 bob@example.com 10.0.0.1 fe80::1",
		"api_key": testJWT + " Bearer abcd1234 api_key=<redacted:api_key> bob@example.com 10.0.0.1 fe80::1",
		"email":   testJWT + " Bearer abcd1234 api_key=xyz789 <redacted:email> 10.0.0.1 fe80::1",
		"ip":      testJWT + " Bearer abcd1234 api_key=xyz789 bob@example.com <redacted:ip> <redacted:ip>",
	} {
		if got := string(mustNew(t, Options{Redact: []string{kind}}).Text(nil, []byte(in))); got != want {
			t.Errorf("%s\n got %s\nwant %s", kind, got, want)
		}
	}
	if got := string(mustNew(t, Options{}).Text(nil, []byte(in))); got != in {
		t.Errorf("nothing asked for, but %s", got)
	}
}

func TestPatterns(t *testing.T) {
	t.Parallel()
	r := mustNew(t, Options{Redact: []string{"email"}, Patterns: []string{`card (\d{4}) for (\S+)`, `SN-\d+`}})
	in := "card 1234 for bob@example.com with SN-77 and SN-"
	want := "card <redacted:pattern> for <redacted:email> with <redacted:pattern> and SN-"
	if got := string(r.Text(nil, []byte(in))); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestApply(t *testing.T) {
	t.Parallel()
	r := mustNew(t, Options{Redact: Kinds(), Hash: []string{"participant", "short"}, Key: []byte(testKey)})
	buffer := []byte(`{"uid":"p_9f3k2","n":4,"code":4009,"mail":"bob@example.com","m":"p_9f3k2 \u0070_9f3k2 from 10.0.0.1, 4 of 44"}`)
	before := bytes.Clone(buffer)
	e := event.Event{
		Code: "4009", Name: "MAX_PARTICIPANT_REACHED",
		Text:    buffer,
		Message: buffer[61:],
		Fields: []event.Field{
			{Name: "participant", Value: buffer[8:15]},
			{Name: "meeting", Value: buffer[43:58]},
			{Name: "short", Value: buffer[21:22]},
			{Name: "room", Value: []byte("ab12-cd34-ef56")},
			{Name: "empty"},
		},
	}
	if string(e.Fields[1].Value) != "bob@example.com" || string(e.Fields[2].Value) != "4" {
		t.Fatalf("the test cuts the wrong pieces: %q %q", e.Fields[1].Value, e.Fields[2].Value)
	}
	r.Apply(&e, nil)
	p, n := "<hash:"+mac(testKey, "p_9f3k2")+">", "<hash:"+mac(testKey, "4")+">"
	for name, want := range map[string]string{
		"participant": p,
		"meeting":     "<redacted:email:" + mac(testKey, "bob@example.com") + ">",
		"short":       n,
		"room":        "ab12-cd34-ef56",
		"empty":       "",
	} {
		if got := string(e.Field(name)); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	want := `{"uid":"` + p + `","n":` + n + `,"code":4009,"mail":"<redacted:email>","m":"` + p + ` \u0070_9f3k2 from <redacted:ip>, ` + n + ` of 44"}`
	if got := string(e.Text); got != want {
		t.Errorf("text\n got %s\nwant %s", got, want)
	}
	if e.Code != "4009" || e.Name != "MAX_PARTICIPANT_REACHED" {
		t.Errorf("code %s, name %s", e.Code, e.Name)
	}
	if !bytes.Equal(buffer, before) {
		t.Errorf("the read buffer was written to: %s", buffer)
	}
}

func mac(key, value string) string {
	h := hmac.New(sha256.New, []byte(key))
	h.Write([]byte(value))
	return hex.EncodeToString(h.Sum(nil))[:hashLen]
}

func TestHasher(t *testing.T) {
	t.Parallel()
	for _, key := range []string{testKey, strings.Repeat("k", 64), strings.Repeat("k", 200)} {
		h := newHasher([]byte(key))
		for _, value := range []string{"", "x", strings.Repeat("v", 1000)} {
			if got := h.sum([]byte(value)); string(got[:]) != mac(key, value) {
				t.Errorf("a key of %d, a value of %d bytes: %s", len(key), len(value), got)
			}
		}
	}
}

// Equal people stay equal and different ones different, so that they can be counted; without a key they cannot.
func TestDistinct(t *testing.T) {
	t.Parallel()
	count := func(key string) int {
		r := mustNew(t, Options{Redact: Kinds(), Key: []byte(key)})
		seen := map[string]bool{}
		for _, who := range []string{"bob@example.com", "eve@example.com", "bob@example.com", "10.0.0.1", testJWT, "bob@example.com (Bob)"} {
			e := event.Event{Fields: []event.Field{{Name: "participant", Value: []byte(who)}}}
			r.Apply(&e, nil)
			if bytes.Contains(e.Fields[0].Value, []byte(who)) {
				t.Errorf("%s is %s", who, e.Fields[0].Value)
			}
			seen[string(e.Fields[0].Value)] = true
		}
		return len(seen)
	}
	if n := count(testKey); n != 5 {
		t.Errorf("%d people with a key, want 5", n)
	}
	if n := count(""); n != 4 {
		t.Errorf("%d values without a key, want 4", n)
	}
}

func TestHashedValueEscaped(t *testing.T) {
	t.Parallel()
	r := mustNew(t, Options{Hash: []string{"who"}, Key: []byte(testKey)})
	for _, who := range []string{`Zoë "Z" O\Neil`, "tab\tline\nend", "bob@x", "😀", "<b>&"} {
		for _, form := range []string{who, quoteJSON(who), quoteJSON(quoteJSON(who)), escapeAll(who), urlEscape(who)} {
			e := event.Event{
				Text:   []byte(`a "` + form + `" b`),
				Fields: []event.Field{{Name: "who", Value: []byte(who)}},
			}
			r.Apply(&e, nil)
			if want := `a "<hash:` + mac(testKey, who) + `>" b`; string(e.Text) != want {
				t.Errorf("%q written as %s: %s", who, form, e.Text)
			}
		}
	}
}

// Codes and names are redacted by the built-in kinds only.
func TestCode(t *testing.T) {
	t.Parallel()
	r := mustNew(t, Options{Redact: Kinds(), Patterns: []string{`\d+`}, Hash: []string{"x"}, Key: []byte(testKey)})
	e := event.Event{Code: "4009", Name: "bob@example.com", Fields: []event.Field{{Name: "x", Value: []byte("4009")}}}
	r.Apply(&e, nil)
	if e.Code != "4009" || e.Name != "<redacted:email>" {
		t.Errorf("%s %s", e.Code, e.Name)
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	_, err := New(Options{Redact: []string{"jwt", "phone"}, Patterns: []string{"(", `\d*`}, Hash: []string{""}, Key: []byte("short")})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, say := range []string{`redact[1]: there is no kind "phone"`, "patterns[0]: ", "patterns[1]: ", "without a name", "5 bytes"} {
		if !strings.Contains(err.Error(), say) {
			t.Errorf("nothing about %q in\n%v", say, err)
		}
	}
	if _, err := New(Options{Hash: []string{"x"}}); err == nil || !strings.Contains(err.Error(), "key_file") {
		t.Errorf("hashing without a key: %v", err)
	}
}

// AllocsPerRun may not run beside parallel tests.
func TestNoAllocations(t *testing.T) {
	r := mustNew(t, Options{Redact: Kinds()}) // no patterns: under the race detector regexp's pools forget at random
	hashing := mustNew(t, Options{Redact: Kinds(), Hash: []string{"participant"}, Key: []byte(testKey)})
	scratch := make([]byte, 0, 4096)
	hidden := []byte("Bearer abcd1234 api_key=xyz789 bob@example.com 10.0.0.1 p_9f3k2 " + testJWT)
	fields := []event.Field{{Name: "meeting", Value: []byte("ab12-cd34-ef56")}, {Name: "participant", Value: []byte("p_9f3k2")}}
	own := make([]event.Field, len(fields))
	for name, f := range map[string]func(){
		"nothing to hide": func() {
			for _, line := range benchLines {
				e := event.Event{Code: "3014", Name: "ERROR_GET_VIDEO_MEDIA_PERMISSION_DENIED", Text: line, Message: line[60:], Fields: fields}
				r.Apply(&e, scratch)
			}
		},
		"much to hide": func() {
			copy(own, fields)
			e := event.Event{Code: "3014", Text: hidden, Message: hidden[10:], Fields: own}
			hashing.Apply(&e, scratch)
			hashing.Text(scratch, hidden)
		},
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
	if !slices.Equal(fields[1].Value, []byte("p_9f3k2")) {
		t.Error("a field was changed")
	}
}
