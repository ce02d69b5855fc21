package parse

import (
	"bytes"
	"testing"

	"github.com/errwatch/errwatch/internal/line"
	"github.com/errwatch/errwatch/internal/parse/literal"
	"github.com/errwatch/errwatch/internal/sim"
)

// BenchmarkStage shows the stages of the parser apart, with the built-in patterns, on the text that make bench scans:
// search is the search of a block for literals; split cuts its lines and takes their envelopes off; extract makes events
// out of lines that are all errors, and glance is what decides there which pattern to try. The two others, count and
// commit, are benchmarks of metrics, rules and store.
func BenchmarkStage(b *testing.B) {
	const size = 4 << 20
	set := compile(b, Options{})
	text, _ := simulated(b, size, sim.TextOptions{})
	errors, events := simulated(b, size, sim.TextOptions{Events: 1, Shapes: []string{"onError"}})

	b.Run("search", func(b *testing.B) {
		var hits []literal.Hit
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			hits = set.search.FindAll(text, hits[:0])
		}
	})
	b.Run("split", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		bodies := 0
		for b.Loop() {
			bodies = 0
			for start := 0; start < len(text); {
				end := lineEnd(text, start)
				sh := unwrap(trimEnd(text[start:end]), envelopeAuto)
				bodies += len(sh.body)
				start = end
			}
		}
		b.ReportMetric(float64(bodies), "bytes")
	})
	b.Run("glance", func(b *testing.B) {
		st := set.NewStream()
		b.SetBytes(int64(len(errors)))
		b.ReportAllocs()
		for b.Loop() {
			for start := 0; start < len(errors); {
				end := lineEnd(errors, start)
				st.glance(errors[start:end])
				start = end
			}
		}
	})
	b.Run("extract", func(b *testing.B) {
		st := set.NewStream()
		st.isDense = true
		b.SetBytes(int64(len(errors)))
		b.ReportAllocs()
		for b.Loop() {
			n := 0
			for rest := errors; len(rest) > 0; {
				end := bytes.LastIndexByte(rest[:min(len(rest), 256<<10)], '\n') + 1
				n += len(st.Feed(&line.Batch{Data: rest[:end], End: int64(end), Read: readAt}).Events)
				st.Release()
				rest = rest[end:]
			}
			if n != events {
				b.Fatalf("%d events of %d", n, events)
			}
		}
		b.ReportMetric(float64(events), "events")
	})
}
