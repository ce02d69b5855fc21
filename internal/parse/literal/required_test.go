package literal

import (
	"reflect"
	"testing"
)

func fix(texts ...string) (l []Literal) {
	for _, t := range texts {
		l = append(l, Literal{Text: t})
	}
	return l
}

func fold(texts ...string) (l []Literal) {
	for _, t := range texts {
		l = append(l, Literal{Text: t, Fold: true})
	}
	return l
}

func TestRequired(t *testing.T) {
	t.Parallel()
	for re, want := range map[string][]Literal{
		`onError code=(?P<code>\d{4}) `:                            fix("onError code="),
		`^\S+ ERROR \[room\] onError code=(?P<code>\d{4}) `:        fix(" ERROR [room] onError code="),
		`\[signaling\] .*closeCode=(\d{4}).*websocket closed`:      fix("websocket closed"),
		`TURN allocation (?:failed|timeout|refused)`:               fix("TURN allocation "),
		`HTTP/1\.[01]" (5\d\d) `:                                   fix("HTTP"),
		`(?i)out of memory|oom-killer|enomem`:                      fold("out of memory", "iller", "enomem"),
		`(?:JWT|token) (expired|invalid|malformed)`:                fix("JWT expired", "JWT invalid", "JWT malformed", "token expired", "token invalid", "token malformed"),
		`consumer (?:closed|paused) reason=(transportclose|score)`: fix("consumer closed reason=", "consumer paused reason="),
		`(?:\b50[0-9]|ETIMEDOUT)\b.* upstream=(\S+)$`:              fix(" upstream="),
		`colou?rful`:                 fix("colorful", "colourful"),
		`ERROR (?:code=\d+|rc=\d+)`:  fix("ERROR code=", "ERROR rc="),
		`(?:abcd)+efgh`:              fix("abcdefgh"),
		`(?:abcd){2,}`:               fix("abcdabcd"),
		`(?i:err)or KS`:              fold("error ks"),
		`(?i)kiss me`:                fold(" me"),
		`(?i)task id`:                fold(" id"),
		`"error":"denied"`:           fix("denied"),
		`a/b<c>d`:                    nil,
		`\d{4}`:                      nil,
		`(?:abc)?`:                   nil,
		`(?:abc)*xyz|foo`:            fix("xyz", "foo"),
		`über-alles`:                 fix("ber-alles"),
		`[^\x00-\x{10FFFF}]abc|defg`: fix("defg"),
		`abc|abcd`:                   fix("abc"),
		``:                           nil,
	} {
		got, ok, err := Required(re)
		if err != nil {
			t.Errorf("%s: %v", re, err)
			continue
		}
		if ok != (len(want) > 0) || ok && !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v %v, want %v", re, got, ok, want)
		}
	}
	if _, _, err := Required(`a(`); err == nil {
		t.Error("a broken expression gave no error")
	}
}
