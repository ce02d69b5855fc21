package sim

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestAppendCRIAtEveryByte(t *testing.T) {
	t.Parallel()
	const line = `{"level":"error","code":4009,"meetingId":"ab12"}`
	for cut := range len(line) + 1 {
		raw := AppendCRI(nil, []byte(line), "stderr", start, cut)
		if got := unwrap(t, raw); len(got) != 1 || got[0] != line {
			t.Errorf("cut at %d: %q", cut, got)
		}
		if !bytes.HasPrefix(raw, []byte("2026-11-20T10:15:23.123Z stderr P ")) || bytes.Count(raw, []byte("\n")) != 2 {
			t.Errorf("cut at %d: %q", cut, raw)
		}
	}
	if got := string(AppendCRI([]byte("x"), []byte("a b"), "stdout", start)); got != "x2026-11-20T10:15:23.123Z stdout F a b\n" {
		t.Errorf("%q", got)
	}
}

func TestAppendDocker(t *testing.T) {
	t.Parallel()
	got := string(AppendDocker(nil, []byte("a \"b\" <c>\t\\\x01\x1f\xff\u00e9"), "stderr", start))
	want := `{"log":"a \"b\" \u003cc\u003e\t\\\u0001\u001f\ufffd` + "\u00e9" + `\n","stream":"stderr","time":"2026-11-20T10:15:23.123Z"}` + "\n"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func FuzzEscaped(f *testing.F) {
	f.Add([]byte("a\"b\\c\n\r\t\x00\x1f\x7f\xff\xe2\x80\xa8<>&"))
	f.Fuzz(func(t *testing.T, text []byte) {
		var got string
		raw := append(appendEscaped([]byte{'"'}, text), '"')
		if err := json.Unmarshal(raw, &got); err != nil {
			t.Fatalf("%q: %v", raw, err)
		}
		want := string(text)
		if !utf8.Valid(text) {
			var b strings.Builder
			for _, r := range want { // one U+FFFD per broken byte
				b.WriteRune(r)
			}
			want = b.String()
		}
		if got != want {
			t.Errorf("%q became %q", want, got)
		}
	})
}
