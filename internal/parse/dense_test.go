package parse

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/errwatch/errwatch/internal/line"
)

// FuzzDense holds the way in which a dense chunk is parsed, twice, so that what is remembered is used, against the plain one
// without a filter.
func FuzzDense(f *testing.F) {
	for _, s := range shapes {
		f.Add([]byte(s.line + "\n"))
		f.Add([]byte(dockerLine(s.line, "\n") + criLine("F", s.line)))
	}
	f.Add([]byte("2026-11-20T10:15:23.123Z ERROR onError code=4009\n2026-11-20T10:15:24.123Z ERROR onError code=4009 UNAUTHORIZED nError\n"))
	plain, quick := compile(f, Options{NoPrefilter: true}), compile(f, Options{})
	f.Fuzz(func(t *testing.T, text []byte) {
		if !bytes.HasSuffix(text, []byte("\n")) {
			text = append(bytes.Clone(text), '\n')
		}
		b := line.Batch{Data: text, End: int64(len(text)), Read: readAt, Last: true}
		want := resultText(plain.NewStream().Feed(&b))
		st := quick.NewStream()
		for range 2 {
			st.isDense = true
			if got := resultText(st.Feed(&b)); got != want {
				t.Fatalf("%q dense:\n%s\nplain:\n%s", text, got, want)
			}
			minute := st.minute // which is remembered, while the file begins anew
			st = quick.NewStream()
			st.minute = minute
		}
	})
}

func resultText(r *Result) string {
	return fmt.Sprintf("%d lines, %d records, %d unmatched, %+v", r.Lines, r.Records, r.Unmatched, r.Events)
}
