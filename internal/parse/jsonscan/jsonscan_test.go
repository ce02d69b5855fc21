package jsonscan

import (
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
