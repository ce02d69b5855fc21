package parse

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/errwatch/errwatch/internal/line"
)

// TestFilterOnPieces puts lines together out of what the literals of the built-in patterns are made of, and of what may
// stand around and between them: as text, inside JSON that keeps to ASCII or does not, and in the envelopes. The filter
// changes nothing.
func TestFilterOnPieces(t *testing.T) {
	t.Parallel()
	around := []string{"", "", " ", "ERROR ", "error: ", "é", "中", "\u2028", `\t`, "d", "x", "_", "\x1b[31m", "\x00", "\x7f", "{", ",", `"level":50`, "statusCode", "MAX_SPEAKER_REACHED"}
	keys := []string{"code", "code", "Code", "errCode", "err_code", "ERROR-code", "onError code", "_onError", "VIDEOSDK ERROR ::", `\u0063ode`, "c\x1b[1mode"}
	between := []string{"", "", "", `\`, `\\`, `"`, `'`, " ", "\t", "\f", "\v", `\t`, `\"`}
	signs := []string{"=", ":", "=", ":", "", " = "}
	values := []string{"4009", "3014", "9999", "50", `\u0034009`}
	fast, slow := compile(t, Options{}), compile(t, Options{NoPrefilter: true})
	rnd := rand.New(rand.NewPCG(11, 12))
	for range 800 {
		var b strings.Builder
		for _, of := range [][]string{around, around, keys, between, between, signs, between, between, values, around, around} {
			b.WriteString(of[rnd.IntN(len(of))])
		}
		lines := []string{b.String(), "ERROR " + b.String(), "error onError code=" + b.String()}
		for _, l := range lines[:2] {
			lines = append(lines, jsonLine(l, false), jsonLine(l, true), jsonLine(jsonLine(l, true), false))
		}
		for _, l := range lines {
			for _, raw := range []string{l + "\n", dockerLine(l, "\n"), criLine("F", l)} {
				var got, dense, want outcome
				got.add(feedAll(fast, raw))
				dense.add(feedDense(fast, raw))
				want.add(feedAll(slow, raw))
				if !got.equal(&want) || !dense.equal(&want) {
					t.Fatalf("%q:\n%s\nbehind an event: %s\nwithout the filter: %s", raw, &got, &dense, &want)
				}
			}
		}
	}
}

// feedDense feeds text to a stream whose latest lines were all events.
func feedDense(s *Set, text string) *Result {
	st := s.NewStream()
	st.isDense = true
	return st.Feed(&line.Batch{Data: []byte(text), End: int64(len(text)), Last: true, Read: readAt})
}

// jsonLine is a record with a message, as writers make it that escape all but ASCII, or not.
func jsonLine(msg string, ascii bool) string {
	b, _ := json.Marshal(map[string]string{"level": "error", "msg": msg})
	if !ascii {
		return string(b)
	}
	var out strings.Builder
	for _, r := range string(b) {
		switch {
		case r < 0x80:
			out.WriteRune(r)
		case r < 0x10000:
			out.WriteString(`\u` + hex4(r))
		}
	}
	return out.String()
}

func hex4(r rune) string {
	const digits = "0123456789abcdef"
	return string([]byte{digits[r>>12&15], digits[r>>8&15], digits[r>>4&15], digits[r&15]})
}
