package jsonscan

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
)

func TestGetter(t *testing.T) {
	t.Parallel()
	tests := []struct {
		doc, path string
		kind      Kind
		text      string // the value's text, or its raw bytes for what has none
	}{
		{`{"code":4009}`, "code", Number, "4009"},
		{`{"code":"4009"}`, "code", String, "4009"},
		{`{"err":{"code":4010}}`, "err.code", Number, "4010"},
		{`{"err.code":4010}`, "err.code", Number, "4010"},
		{`{"a":{"b.c":{"d":1}}}`, "a.b.c.d", Number, "1"},
		{`{"err":{"x":1},"err":{"code":4010}}`, "err.code", 0, ""},
		{`{"code":1,"code":2}`, "code", Number, "1"},
		{`{"e":[{"c":1},{"c":2}]}`, "e.1.c", Number, "2"},
		{`{"e":[]}`, "e", Array, "[]"},
		{`{"e":{"a":[1, 2]}}`, "e", Object, `{"a":[1, 2]}`},
		{`{"msg":"{\"code\":4009}"}`, "msg.code", Number, "4009"},
		{`{"msg":"{\"code\":4009}\n"}`, "msg.code", Number, "4009"},
		{`{"msg":" {\"m\":\"{\\\"code\\\":\\\"40\\u0030\\u0039\\\"}\"}"}`, "msg.m.code", String, "4009"},
		{`{"msg":"{\"code\":4009"}`, "msg.code", 0, ""},
		{`{"msg":"{\"code\":4009} x}"}`, "msg.code", 0, ""},
		{`{"c\u006fde":4009}`, "code", Number, "4009"},
		{`{"code":null}`, "code", Null, "null"},
		{`{"code":true}`, "code", Bool, "true"},
		{`{"err":5}`, "err.code", 0, ""},
		{`{"err":[{"code":4}]}`, "err.code", 0, ""},
		{`[{"code":7}]`, "0.code", Number, "7"},
		{`{"":1}`, "code", 0, ""},
		{` {"a" : "x" } `, "", Object, `{"a" : "x" }`},
	}
	for _, tt := range tests {
		g := NewGetter([]string{"other", tt.path})
		var out [2]Value
		scratch, err := g.Get([]byte(tt.doc), out[:], nil)
		if err != nil {
			t.Errorf("%s: %v", tt.doc, err)
			continue
		}
		text, _, ok := out[1].Text(scratch)
		if !ok {
			text = out[1].Raw
		}
		if out[1].Kind != tt.kind || string(text) != tt.text {
			t.Errorf("%s at %q: %v %q, want %v %q", tt.doc, tt.path, out[1].Kind, text, tt.kind, tt.text)
		}
	}
}

func TestGetterReuse(t *testing.T) {
	t.Parallel()
	g := NewGetter([]string{"a", "m.b"})
	out := make([]Value, 2)
	scratch, err := g.Get([]byte(`{"a":1,"m":"{\"b\":\"x\"}"}`), out, nil)
	if err != nil || string(out[0].Raw) != "1" || string(out[1].Raw) != "x" {
		t.Fatalf("%v %v", err, out)
	}
	if _, err = g.Get([]byte(`{}`), out, scratch[:0]); err != nil || out[0].Kind != 0 || out[1].Kind != 0 {
		t.Fatalf("values of the last document are left: %v %v", err, out)
	}
}

// What stands before a tear is found: a line cut off by a crash may hold the code all the same.
func TestGetterTorn(t *testing.T) {
	t.Parallel()
	g := NewGetter([]string{"code", "msg"})
	out := make([]Value, 2)
	_, err := g.Get([]byte(`{"code":4009,"msg":"cut o`), out, nil)
	if !errors.Is(err, ErrSyntax) || string(out[0].Raw) != "4009" || out[1].Kind != 0 {
		t.Fatalf("%v %v", err, out)
	}
}

func TestDepth(t *testing.T) {
	t.Parallel()
	nest := func(n int) []byte { return []byte(strings.Repeat("[", n) + strings.Repeat("]", n)) }
	if !Valid(nest(MaxDepth)) {
		t.Error("MaxDepth levels are refused")
	}
	if at, err := Check(nest(MaxDepth + 1)); !errors.Is(err, ErrDepth) || at != MaxDepth {
		t.Errorf("one level more: %v at %d", err, at)
	}
	if _, ok := Get([]byte(strings.Repeat(`{"a":`, 100)), strings.Split(strings.Repeat("a ", 100), " ")...); ok {
		t.Error("Get went deeper than MaxDepth")
	}
	// Strings count as levels, or each could start anew.
	doc := `{"a":1}`
	var path strings.Builder
	path.WriteString("a")
	for range 4 {
		doc = `{"a":` + strconv.Quote(doc) + `}`
		path.WriteString(".a")
	}
	out := make([]Value, 1)
	if _, err := NewGetter([]string{path.String()}).Get([]byte(doc), out, nil); err != nil || string(out[0].Raw) != "1" {
		t.Errorf("%v %v", err, out)
	}
}

func TestWideGetter(t *testing.T) {
	t.Parallel()
	var paths []string
	var doc strings.Builder
	doc.WriteString("{")
	for i := range 200 {
		paths = append(paths, "k"+strconv.Itoa(i))
		doc.WriteString(fmt.Sprintf(`"k%d":%d,"k%d":"again",`, i, i, i))
	}
	out := make([]Value, len(paths))
	if _, err := NewGetter(paths).Get([]byte(doc.String()+`"z":0}`), out, nil); err != nil {
		t.Fatal(err)
	}
	for i, v := range out {
		if string(v.Raw) != strconv.Itoa(i) {
			t.Fatalf("%s is %q", paths[i], v.Raw)
		}
	}
}

func TestWalkStops(t *testing.T) {
	t.Parallel()
	var got []string
	err := Walk([]byte(`{"a":{"b":[1,2]},"c":3 and then no JSON`), func(p *Path, v Value) bool {
		got = append(got, p.String())
		return !p.Is("a", "b", "1")
	})
	if want := " a a.b a.b.0 a.b.1"; err != nil || strings.Join(got, " ") != want {
		t.Errorf("%v %q, want %q", err, got, want)
	}
}

func TestLooksLikeObject(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]bool{
		`{"a":1}`: true, " {x} \r\n": true, `{}`: true, `{`: false, `}`: false, ``: false, ` `: false, `[{}]`: false, `{a} b`: false,
	} {
		if got := LooksLikeObject([]byte(in)); got != want {
			t.Errorf("%q: %v", in, got)
		}
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	scratch := make([]byte, 0, 8)
	for _, tt := range []struct {
		v    Value
		want string
		ok   bool
	}{
		{Value{Kind: String, Raw: []byte(`a\nb`), Escaped: true}, "a\nb", true},
		{Value{Kind: String, Raw: []byte("ab")}, "ab", true},
		{Value{Kind: Number, Raw: []byte("4009")}, "4009", true},
		{Value{Kind: Bool, Raw: []byte("true")}, "true", true},
		{Value{Kind: Null, Raw: []byte("null")}, "", false},
		{Value{Kind: Object, Raw: []byte("{}")}, "", false},
		{Value{}, "", false},
	} {
		text, _, ok := tt.v.Text(scratch)
		if string(text) != tt.want || ok != tt.ok {
			t.Errorf("%v: %q %v", tt.v.Kind, text, ok)
		}
	}
}

// AllocsPerRun may not run beside parallel tests.
func TestNoAllocations(t *testing.T) {
	g := NewGetter([]string{"code", "err.code", "msg.code", "level"})
	out := make([]Value, 4)
	scratch := make([]byte, 0, 256)
	w := &Walker{}
	var docs [][]byte
	for _, s := range seeds {
		docs = append(docs, []byte(s))
	}
	count := 0
	f := func(*Path, Value) bool { count++; return true }
	if n := testing.AllocsPerRun(100, func() {
		for _, b := range docs {
			_, _ = g.Get(b, out, scratch)
			_, _ = Get(b, "err", "code")
			_ = Valid(b)
			_ = w.Walk(b, f)
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
