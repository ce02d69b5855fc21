package logfmt

import (
	"bytes"
	"strconv"
	"strings"
	"testing"
)

func TestEach(t *testing.T) {
	t.Parallel()
	tests := []struct{ in, want string }{
		{`level=error ts=2026-11-20T10:15:23Z msg="join refused" code=4009`, "level=error|ts=2026-11-20T10:15:23Z|msg=join refused|code=4009"},
		{`a= b="" c`, "a=|b=|c!"},
		{`  a=1	b=2  `, "a=1|b=2"},
		{`a="x\"y\\" b=2`, `a=x\"y\\ esc|b=2`},
		{`a="open b=2`, `a=open b=2`},
		{`a="x\`, `a=x\ esc`},
		{`msg="say "hi" there" code=4009`, `msg=say |code=4009`},
		{`"quoted words" a=1`, `a=1`},
		{`=x a=1`, `a=1`},
		{`a=b=c`, `a=b=c`},
		{`url=http://x/?q="a" z=1`, `url=http://x/?q="a"|z=1`},
		{``, ``},
	}
	for _, tt := range tests {
		var got []string
		Each([]byte(tt.in), func(key, value []byte, escaped bool) bool {
			s := string(key)
			if value == nil {
				s += "!"
			} else {
				s += "=" + string(value)
			}
			if escaped {
				s += " esc"
			}
			got = append(got, s)
			return true
		})
		if s := strings.Join(got, "|"); s != tt.want {
			t.Errorf("%s: %s, want %s", tt.in, s, tt.want)
		}
	}
}

func TestLooks(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]bool{
		`level=error ts=2026-11-20T10:15:23Z msg="join refused" code=4009 meeting=ab12-cd34-ef56`: true,
		`time="2026-11-20T10:15:23Z" level=error msg=x`:                                           true,
		`  code=4009`:        true,
		`@t=1 err.code=4009`: true,
		`level=error msg=join refused by server code=4009`:                                           false, // an unquoted sentence: most tokens are no pairs
		`level=error failed code=4009`:                                                               true,
		`2026-11-20T10:15:23.123Z ERROR [room] onError code=3014 name=X meetingId=Y participantId=Z`: false,
		`VIDEOSDK ERROR :: 3014`:                                                                     false,
		`{"a":1}`:                                                                                    false,
		`4009=x a=b`:                                                                                 false,
		`=x`:                                                                                         false,
		`a`:                                                                                          false,
		``:                                                                                           false,
		`at onError (room.js:4009:13)`:                                                               false,
		`https://x/?a=b c=d`:                                                                         false,
	} {
		if got := Looks([]byte(in)); got != want {
			t.Errorf("%s: %v", in, got)
		}
	}
}

func TestGet(t *testing.T) {
	t.Parallel()
	line := []byte(`code=4009 msg="a \"b\"" flag empty= code=4010`)
	for _, tt := range []struct {
		key, want   string
		escaped, ok bool
		null        bool
	}{
		{"code", "4009", false, true, false}, // the first
		{"msg", `a \"b\"`, true, true, false},
		{"flag", "", false, true, true},
		{"empty", "", false, true, false},
		{"absent", "", false, false, true},
		{"od", "", false, false, true},
	} {
		v, escaped, ok := Get(line, tt.key)
		if string(v) != tt.want || escaped != tt.escaped || ok != tt.ok || (v == nil) != tt.null {
			t.Errorf("%s: %q %v %v", tt.key, v, escaped, ok)
		}
	}
}

func TestAppendUnescaped(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`plain`:                "plain",
		`a\"b\\c\/\n\t\r`:      "a\"b\\c/\n\t\r",
		`\a\b\f\v`:             "\a\b\f\v",
		`\x41\x`:               `A\x`,
		`\u00e9\ud83d\ude00`:   "é😀",
		`\U0001f600\U00110000`: "😀\\U00110000",
		`\ud83d x \ude00`:      "\ufffd x \ufffd",
		`\q\`:                  `\q\`,
	} {
		if got := AppendUnescaped([]byte("-"), []byte(in)); string(got) != "-"+want {
			t.Errorf("%s: %q", in, got)
		}
	}
}

// Each and Get see the same pairs, all of them lie in the input and in order, and what strconv.Quote wrote is read
// back.
func FuzzEach(f *testing.F) {
	for _, s := range []string{
		`level=error ts=2026-11-20T10:15:23Z msg="join refused" code=4009`, `a="x\"y`, `a="b"c=d "e" f`, `= =a "`, "a=\x00b=\xff", `a="\`, `"a"=b`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		seen := map[string]bool{}
		at := 0
		Each(b, func(key, value []byte, escaped bool) bool {
			if len(key) == 0 || bytes.ContainsAny(key, "=\" \n") {
				t.Fatalf("%q: key %q", b, key)
			}
			i := bytes.Index(b[at:], key)
			if i < 0 {
				t.Fatalf("%q: key %q out of order", b, key)
			}
			at += i + len(key) + len(value)
			if escaped && !bytes.Contains(value, []byte(`\`)) {
				t.Fatalf("%q: %q is not escaped", b, value)
			}
			if !seen[string(key)] {
				v, e, ok := Get(b, string(key))
				if !ok || e != escaped || (v == nil) != (value == nil) || !bytes.Equal(v, value) {
					t.Fatalf("%q: Each gives %q=%q, Get %q %v", b, key, value, v, ok)
				}
			}
			seen[string(key)] = true
			if n := len(AppendUnescaped(nil, value)); n > len(value) {
				t.Fatalf("%q grows to %d bytes", value, n)
			}
			return true
		})
		if _, _, ok := Get(b, "never a key"); ok {
			t.Fatalf("%q has a key with spaces", b)
		}
		if Looks(b) && len(seen) == 0 {
			t.Fatalf("%q looks like logfmt and has no pair", b)
		}
		quoted := strconv.AppendQuote([]byte("k="), string(b))
		quoted = append(quoted, " z=1"...)
		v, escaped, ok := Get(quoted, "k")
		if escaped {
			v = AppendUnescaped(nil, v)
		}
		if !ok || !bytes.Equal(v, b) {
			t.Fatalf("%q was written %q and read %q", b, quoted, v)
		}
		if z, _, _ := Get(quoted, "z"); string(z) != "1" {
			t.Fatalf("%q: what follows is lost: %q", quoted, z)
		}
	})
}

// AllocsPerRun may not run beside parallel tests.
func TestNoAllocations(t *testing.T) {
	line := []byte(`level=error ts=2026-11-20T10:15:23Z msg="join \"refused\"" code=4009 meeting=ab12-cd34-ef56`)
	buf := make([]byte, 0, 100)
	n := 0
	f := func(_, v []byte, _ bool) bool { buf = AppendUnescaped(buf[:0], v); n++; return true }
	if got := testing.AllocsPerRun(100, func() {
		Each(line, f)
		Looks(line)
		Get(line, "meeting")
	}); got != 0 {
		t.Errorf("%v allocations", got)
	}
}

func BenchmarkEach(b *testing.B) {
	line := []byte(`level=error ts=2026-11-20T10:15:23Z msg="join refused" code=4009 meeting=ab12-cd34-ef56 participant=p_9f3k2`)
	n := 0
	f := func(_, _ []byte, _ bool) bool { n++; return true }
	b.ReportAllocs()
	for b.Loop() {
		Each(line, f)
	}
}
