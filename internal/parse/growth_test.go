package parse

import (
	"fmt"
	"strings"
	"testing"

	"github.com/errwatch/errwatch/internal/catalog"
	"github.com/errwatch/errwatch/internal/line"
)

// hostile are texts that are made to be slow for some step, each of about the given size, on one line unless it is the
// lines that hurt.
func hostile(size int) map[string]string {
	fill := func(s string) string { return strings.Repeat(s, size/len(s)) }
	return map[string]string{
		"refused codes":        "error " + fill("code=1000 "),
		"refused codes inside": `{"level":"error","a":"` + fill("code=1000 ") + `"}`,
		"half a shape":         fill("onError code "),
		"half shapes":          fill("onError onerror code= VIDEOSDK ERROR :: 40 "),
		"almost names":         "MAX_SPEAKER_REACHED_ " + fill("MAX_SPEAKER_REACHEDX "),
		"underscores":          "onError code=1 " + fill("_") + "onError",
		"capitals":             "VIDEOSDK ERROR " + fill("ABC "),
		"strings":              `{"code":1000,"a":[` + fill(`"onError",`) + `"x"]}`,
		"escaped strings":      `{"code":1000,"a":[` + fill(`"\u006fnError",`) + `"x"]}`,
		"half an unless":       "error code=4009 " + fill("socket "),
		"keys":                 "onError code=3014 " + fill("meetingId= "),
		"keys without values":  "onError code=3014 " + fill(`meetingId  '  `),
		"backslashes":          "onError code=3014 meetingId=" + fill(`\`),
		"quotes":               "onError code=3014 " + fill(`room='`),
		"half a message":       "error " + fill("Recording stopped due to an unknown errox "),
		"messages in quotes":   "error " + fill("\\\"`'") + "Recording stopped due to an unknown error",
		"half a colour":        "onError " + fill("\x1b["),
		"objects in objects":   strings.Repeat(`{"a":`, size/6) + "1" + strings.Repeat("}", size/6),
		"short lines":          fill("code=\n"),
		"levels":               fill("error "),
		"pieces":               fill(dockerLine("x", "")),
	}
}

// effort is what a stream does for a text: bytes that patterns looked at, instructions of regexes, literals found.
func effort(st *Stream, text string) int64 {
	st.work, st.mach.Steps, st.test.Steps = 0, 0, 0
	st.Feed(&line.Batch{Data: []byte(text + "\n"), End: int64(len(text) + 1), Last: true, Read: readAt})
	return st.work + st.mach.Steps + st.test.Steps
}

// TestGrowth: twice the text is about twice the work, whatever it holds, and the work for a byte is bounded.
func TestGrowth(t *testing.T) {
	t.Parallel()
	const size, perByte = 1 << 19, 120
	own := append([]Pattern{
		{Name: "gw", Regex: `refused uid=(?P<participant>\S+) room=(?P<meeting>\S+) rc=(?P<code>\d{4})`, Unless: `dry-run`},
		{Name: "between", Regex: `(?P<code>\d{4}) .*error.*code`, Unless: `a.*b.*c`},
	}, Builtin()...)
	for name, o := range map[string]Options{"built-in": {}, "own": {Patterns: own}} {
		set := compile(t, o)
		small, large := hostile(size), hostile(2*size)
		for what := range small {
			a, b := effort(set.NewStream(), small[what]), effort(set.NewStream(), large[what])
			if b > 2*a+a/4+1000 {
				t.Errorf("%s, %s: %d for %d bytes, %d for %d", name, what, a, len(small[what]), b, len(large[what]))
			}
			if b > perByte*int64(len(large[what])) {
				t.Errorf("%s, %s: %d for %d bytes", name, what, b, len(large[what]))
			}
		}
	}
}

// TestManyCodes: ten thousand codes with names and messages cost an error line about as much as a hundred.
func TestManyCodes(t *testing.T) {
	t.Parallel()
	base, _ := catalog.Builtin("videosdk-react")
	var lines strings.Builder
	for i := range 300 {
		fmt.Fprintf(&lines, "ERROR [gw] seat %d of room %d refused code=%d name=SEAT_%d_TAKEN: Seat number %d is taken already\n", i, i, 100000+i, i, i)
		fmt.Fprintf(&lines, "ERROR [gw] Seat number %d is not known to anybody, error of the gateway\n", i)
	}
	var efforts [2]int64
	for k, n := range []int{100, 10_000} {
		var codes []catalog.Code
		for i := range n {
			codes = append(codes, catalog.Code{
				Code: fmt.Sprint(100000 + i), Name: fmt.Sprintf("SEAT_%d_TAKEN", i), Category: "meeting", Message: fmt.Sprintf("Seat number %d is taken already.", i),
			})
		}
		cat, err := base.With("own", codes)
		if err != nil {
			t.Fatal(err)
		}
		st := compile(t, Options{Catalog: cat}).NewStream()
		efforts[k] = effort(st, lines.String())
		if want := min(n, 300); len(st.res.Events) < want {
			t.Errorf("%d codes: %d events, want %d", n, len(st.res.Events), want)
		}
	}
	if efforts[1] > 2*efforts[0] {
		t.Errorf("the work grew from %d to %d", efforts[0], efforts[1])
	}
}
