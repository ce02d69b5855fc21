package jsonscan

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/valyala/fastjson"
)

var seeds = []string{
	`{"ts":"2026-11-20T10:15:23.123Z","level":"error","code":4009,"meetingId":"ab12-cd34-ef56"}`,
	`{"level":50,"time":1795169723123,"err":{"code":"4010","type":"MAX_SPEAKER_REACHED"},"msg":"meeting error"}`,
	`{"log":"{\"level\":\"error\",\"err\":{\"code\":4009}}\n","stream":"stderr"}`,
	`{"a":[1,2,{"b":null}],"a":true,"":false,"e":-0.5e+10}`,
	`{"a":"\u00e9\ud83d\ude00\ud800\"\\\/\b\f\n\r\t"}`,
	`{"a":"0123456789abcdef","b":"01234567\n"}`,
	"{\"a\":\"x\x01y\"}", "{\"a\":\"\xff\xfe\"}", "{\"\xff\":1}",
	`[[[[1]]]]`, `[1,]`, `{"a":1,}`, `{"a" 1}`, `{,}`, `[,1]`, `01`, `1.`, `.5`, `-`, `1e`, `+1`, `nul`, `"\x"`, `"\u12g4"`, `"open`, ``, ` `, `{} {}`, `tru`, `truee`,
	strings.Repeat("[", 63) + strings.Repeat("]", 63), strings.Repeat("[", 70) + strings.Repeat("]", 70),
}

// depthOf is how deep brackets outside strings nest at most; good enough to tell apart what MaxDepth decides.
func depthOf(b []byte) int {
	depth, deepest, inString := 0, 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			depth++
			deepest = max(deepest, depth)
		case c == '}' || c == ']':
			depth--
		}
	}
	return deepest
}

// FuzzValid holds Valid against two other readers. encoding/json and fastjson agree with RFC 8259 except that both
// allow deeper nesting.
func FuzzValid(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got := Valid(b)
		if depthOf(b) > MaxDepth {
			if got {
				t.Fatalf("%q nests deeper than MaxDepth and is accepted", b)
			}
			return
		}
		if want := json.Valid(b); got != want {
			t.Fatalf("%q: valid %v, encoding/json says %v", b, got, want)
		}
		// fastjson overlooks control bytes in a string that also holds an escape.
		control := bytes.ContainsFunc(b, func(r rune) bool { return r < ' ' })
		if want := fastjson.ValidateBytes(b) == nil; got != want && !(want && control) {
			t.Fatalf("%q: valid %v, fastjson says %v", b, got, want)
		}
		if err := Walk(b, func(*Path, Value) bool { return true }); (err == nil) != got {
			t.Fatalf("%q: valid %v, Walk says %v", b, got, err)
		}
		if _, err := NewGetter([]string{"a.b", "0"}).Get(b, make([]Value, 2), nil); (err == nil) != got {
			t.Fatalf("%q: valid %v, Getter says %v", b, got, err)
		}
		if at, err := Check(b); (err == nil) != got || at < 0 || at > len(b) {
			t.Fatalf("%q: valid %v, Check says %d, %v", b, got, at, err)
		}
	})
}

// FuzzWalk compares every value of a document with fastjson's: the same values in the same places, nothing left out.
// fastjson keeps all of two equal keys and so does Walk.
func FuzzWalk(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if !Valid(b) || hasSurrogate(b) {
			return
		}
		doc, err := fastjson.ParseBytes(b)
		if err != nil {
			t.Fatalf("%q: fastjson: %v", b, err)
		}
		var want []string
		flatten("", doc, &want)
		var got []string
		err = Walk(b, func(p *Path, v Value) bool {
			got = append(got, slashed(p)+" "+describe(v))
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
		if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
			t.Fatalf("%q\ngot\n%s\nwant\n%s", b, g, w)
		}
	})
}

// hasSurrogate: fastjson keeps lone surrogates as they are written. FuzzUnescaped compares them with encoding/json.
func hasSurrogate(b []byte) bool { return bytes.Contains(bytes.ToLower(b), []byte(`\ud`)) }

func slashed(p *Path) string {
	var s []byte
	for i := range p.Len() {
		s = append(s, '/')
		if key := p.Key(i); p.Index(i) < 0 {
			s = AppendUnescaped(s, key)
		} else {
			s = strconv.AppendInt(s, int64(p.Index(i)), 10)
		}
	}
	return string(s)
}

func describe(v Value) string {
	switch v.Kind {
	case String:
		return "string " + string(AppendUnescaped(nil, v.Raw))
	case Number, Bool, Null:
		return string(v.Raw)
	}
	return v.Kind.String()
}

func flatten(path string, v *fastjson.Value, out *[]string) {
	switch v.Type() {
	case fastjson.TypeObject:
		*out = append(*out, path+" object")
		v.GetObject().Visit(func(key []byte, v *fastjson.Value) { flatten(path+"/"+string(key), v, out) })
	case fastjson.TypeArray:
		*out = append(*out, path+" array")
		for i, v := range v.GetArray() {
			flatten(path+"/"+strconv.Itoa(i), v, out)
		}
	case fastjson.TypeString:
		*out = append(*out, path+" string "+string(v.GetStringBytes()))
	default:
		*out = append(*out, path+" "+string(v.MarshalTo(nil)))
	}
}

// FuzzGet holds Get and Getter against fastjson's Get on any document and path.
func FuzzGet(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s), "err", "code")
		f.Add([]byte(s), "a", "0")
	}
	f.Fuzz(func(t *testing.T, b []byte, k1, k2 string) {
		if !Valid(b) || hasSurrogate(b) || k1 == "" || k2 == "" || strings.Contains(k1+k2, ".") {
			return
		}
		doc := fastjson.MustParseBytes(b)
		for _, path := range [][]string{{k1}, {k2}, {k1, k2}} {
			var want string
			if v := canonicalGet(doc, path); v != nil {
				want = describe(Value{Kind: kindOf(v), Raw: v.MarshalTo(nil)})
				if v.Type() == fastjson.TypeString {
					want = "string " + string(v.GetStringBytes())
				}
			}
			v, ok := Get(b, path...)
			if got := describe(v); ok != (want != "") || ok && got != want {
				t.Fatalf("%q at %q: Get %q, fastjson %q", b, path, got, want)
			}
		}
		compareGetter(t, b, k1, k2)
	})
}

// canonicalGet is fastjson's Get without its leniency about indexes like "+1" and "01".
func canonicalGet(v *fastjson.Value, path []string) *fastjson.Value {
	for _, key := range path {
		if v.Type() == fastjson.TypeArray && parseIndex(key) < 0 {
			return nil
		}
		if v = v.Get(key); v == nil {
			return nil
		}
	}
	return v
}

func kindOf(v *fastjson.Value) Kind {
	switch v.Type() {
	case fastjson.TypeObject:
		return Object
	case fastjson.TypeArray:
		return Array
	case fastjson.TypeString:
		return String
	case fastjson.TypeNumber:
		return Number
	case fastjson.TypeNull:
		return Null
	}
	return Bool
}

// compareGetter: the Getter finds what Get finds; beyond that only what is written flat or stands inside a string.
func compareGetter(t *testing.T, b []byte, k1, k2 string) {
	t.Helper()
	g := NewGetter([]string{k1, k2, k1 + "." + k2, ""})
	out := make([]Value, 4)
	if _, err := g.Get(b, out, nil); err != nil {
		t.Fatalf("%q: %v", b, err)
	}
	if !bytes.Equal(out[3].Raw, bytes.Trim(b, " \t\r\n")) && out[3].Kind != String {
		t.Fatalf("%q: the root is %q", b, out[3].Raw)
	}
	flat, hasFlat := Get(b, k1+"."+k2)
	for i, path := range [][]string{{k1}, {k2}, {k1, k2}} {
		want, ok := Get(b, path...)
		got := out[i]
		same := got.Kind == want.Kind && bytes.Equal(got.Raw, want.Raw) && got.Escaped == want.Escaped
		switch {
		case same:
		case i == 2 && hasFlat && bytes.Equal(got.Raw, flat.Raw):
		case !ok && holdsJSON(b, path):
		default:
			t.Fatalf("%q at %q: Getter %v %q, Get %v %q", b, path, got.Kind, got.Raw, want.Kind, want.Raw)
		}
	}
}

// holdsJSON tells whether the document is, or has on the way down the path, a string that holds an object.
func holdsJSON(b []byte, path []string) bool {
	for i := range path {
		v, ok := Get(b, path[:i]...)
		if ok && v.Kind == String && LooksLikeObject(AppendUnescaped(nil, v.Raw)) {
			return true
		}
	}
	return false
}

// FuzzUnescaped holds AppendUnescaped against encoding/json on what is valid, and bounds it on what is not.
func FuzzUnescaped(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Add([]byte(`\ud83d\ude00 \ud83d \ude00\ud83d\ud83d\ude00 \u00zz \q \`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		got := AppendUnescaped([]byte("x"), raw)
		if got[0] != 'x' || len(got) > len(raw)+1 {
			t.Fatalf("%q gives %q", raw, got)
		}
		quoted := `"` + string(raw) + `"`
		var want string
		if !utf8.Valid(raw) || json.Unmarshal([]byte(quoted), &want) != nil {
			return
		}
		if string(got[1:]) != want {
			t.Fatalf("%q gives %q, want %q", raw, got[1:], want)
		}
		if !sameKey(raw, true, want) || sameKey(raw, true, want+"x") {
			t.Fatalf("sameKey does not see that %q is %q", raw, want)
		}
	})
}
