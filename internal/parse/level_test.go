package parse

import "testing"

func TestLevels(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]level{
		"2026-11-20T10:15:23Z ERROR [room] x": levelError,
		"2026-11-20T10:15:23Z WARN ERROR x":   levelWarn,
		"2026-11-20T10:15:23Z INFO an ERROR":  levelInfo,
		"[error] x":                           levelError,
		"main (warning) x":                    levelWarn,
		"error: x":                            levelError,
		"app error: x":                        levelError,
		"an error happened":                   levelNone,
		"ERRORS 5":                            levelNone,
		"MAX_ERROR x":                         levelNone,
		"level=error x":                       levelError,
		"level=warning ERROR":                 levelWarn,
		`{"msg":"ERROR","level":"info"}`:      levelInfo,
		`{"severity":"CRITICAL"}`:             levelError,
		`{"level":50}`:                        levelError,
		`{"level": 40}`:                       levelWarn,
		`{"level":30}`:                        levelInfo,
		`{"level":3}`:                         levelNone,
		`{"a":"{\"level\":\"error\"}"}`:       levelError,
		"E1120 10:15:23.1 1 a.go:1] x":        levelError,
		"W1120 10:15:23.1 1 a.go:1] x":        levelWarn,
		"E/flutter ( 4711): x":                levelError,
		"I/flutter ( 4711): ERROR":            levelInfo,
		"<131>Nov 20 10:15:23 x":              levelError,
		"<134>1 2026-11-20T10:15:23Z ERROR":   levelInfo,
		"<132>x":                              levelWarn,
		"<9999>x ERROR":                       levelError,
		"":                                    levelNone,
		"E":                                   levelNone,
		"no level at all, level: high, severity=bad": levelNone,
	} {
		if got := levelOf([]byte(text)); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

func TestErrorWords(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"join failed":                   true,
		"Denied":                        true,
		"refused":                       true,
		"meetingErr {":                  true,
		"errCode=1":                     true,
		"join_failed=1":                 true,
		"ERROR":                         true,
		"onError":                       true,
		`"error":{"code":1}`:            true,
		`"error":"x"`:                   true,
		`"msg":"a\nfailed"`:             true,
		"error: code: 1":                true,
		"overriding":                    false,
		"errand, inferred, unfailed":    false,
		"Terror mirrors errata":         false,
		`"error":null`:                  false,
		`"err": ""`:                     false,
		"err=<nil> error=nil failed=0":  false,
		"err= next=1":                   false,
		`{"failed":0,"errors":0}`:       false,
		`{"failed":false}`:              false,
		`{"failed":1}`:                  true,
		`{\"error\":null}`:              false,
		"all well":                      false,
		`"failed":0, but it was denied`: true,
	} {
		if got := hasErrorWord([]byte(text)); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}
