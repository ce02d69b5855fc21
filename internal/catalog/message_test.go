package catalog

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestByMessage(t *testing.T) {
	t.Parallel()
	c := builtin(t, "videosdk-react")
	for _, test := range []struct{ text, code string }{
		{"Video capture permission denied.", "3014"},
		{"Video capture permission denied", "3014"},
		{"Video capture permission denied...", "3014"},
		{"  Video capture\tpermission   denied. \r", "3014"},
		{`"Video capture permission denied."`, "3014"},
		{"'Video capture permission denied'.", "3014"},
		{"`token` is empty or invalid or might have expired.", "4002"},
		{"'token' is empty or invalid or might have expired.", "4002"},
		{`\"token\" is empty or invalid or might have expired`, "4002"},
		{"token is empty or invalid or might have expired.", "4002"},
		{"\u2018token\u2019 is empty or invalid or might have expired.\u201d", "4002"},
		{"`participantId` is empty or invalid, it shouldn't contain any whitespaces.", "4004"},
		{"participantId is empty or invalid, it shouldn\\'t contain any whitespaces.", "4004"},
		{"participantId is empty or invalid, it shouldn\u2019t contain any whitespaces.", "4004"},
		{"`permissions` provided in the token are invalid, please don't use `allow_join` or `allow_mod` with `ask_join`.", "4008"},
		{"Livestream `outputs` configuration provided was invalid.", "4015"},
		{"You have reached max partcipant limit in a meeting", "4009"},
		{"Previous recording session is being processed, please try again after few seconds!", "4018"},
		{"", ""},
		{".", ""},
		{"''", ""},
		{"video capture permission denied.", ""}, // case counts
		{"Video capture permission denied. Again.", ""},
		{"Video capture permissiondenied.", ""},
		{"max speaker limit", ""},
		{"\xe2\x80", ""},
		{"Video capture permission denied\xe2\x80", ""},
	} {
		got := ""
		if k := c.ByMessage([]byte(test.text)); k != nil {
			got = k.Code
		}
		if got != test.code {
			t.Errorf("ByMessage(%q) = %q, want %q", test.text, got, test.code)
		}
	}
}

func TestEveryDocumentedMessageIsFound(t *testing.T) {
	t.Parallel()
	c := builtin(t, "videosdk-react")
	for _, k := range c.Codes() {
		if k.Message == "" {
			continue
		}
		for _, text := range []string{k.Message, "'" + strings.TrimSuffix(k.Message, ".") + "'", strings.ReplaceAll(k.Message, " ", " `")} {
			if got := c.ByMessage([]byte(text)); got != k {
				t.Errorf("%q does not lead to %s", text, k.Code)
			}
		}
	}
}

func TestSharedMessageDecidesNothing(t *testing.T) {
	t.Parallel()
	c, err := builtin(t, "videosdk-react").With("own", []Code{
		{Code: "4998", Name: "A", Category: "auth", Message: "Go away."},
		{Code: "4999", Name: "B", Category: "auth", Message: "'Go away'"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if k := c.ByMessage([]byte("Go away")); k != nil {
		t.Errorf("a message of two codes leads to %s", k.Code)
	}
}

// normalize says in the plainest way what remains of a message.
func normalize(s string) string {
	var b strings.Builder
	for _, r := range strings.ReplaceAll(s, "\x00", " ") {
		switch {
		case strings.ContainsRune("`'\"\\\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f", r):
		case strings.ContainsRune("\t\n\v\f\r", r):
			b.WriteByte(' ')
		default:
			b.WriteRune(r)
		}
	}
	return strings.Join(strings.FieldsFunc(strings.TrimRight(b.String(), ". "), func(r rune) bool { return r == ' ' }), " ")
}

func FuzzMessage(f *testing.F) {
	f.Add("`token` is empty.", "token is  empty")
	f.Add(" '. .'", "")
	f.Add("a\u2019b", "ab")
	f.Add("a b", "ab")
	f.Fuzz(func(t *testing.T, a, b string) {
		if !utf8.ValidString(a) || !utf8.ValidString(b) {
			sameMessage(a, b) // must not fail; what it says of broken text does not matter
			hashMessage([]byte(a))
			return
		}
		want := normalize(a) == normalize(b)
		if got := sameMessage(a, b); got != want {
			t.Errorf("sameMessage(%q, %q) = %v", a, b, got)
		}
		if !sameMessage(a, normalize(a)) {
			t.Errorf("%q is not the same as %q", a, normalize(a))
		}
		if want && hashMessage([]byte(a)) != hashMessage([]byte(b)) {
			t.Errorf("%q and %q are the same message with two hashes", a, b)
		}
	})
}
