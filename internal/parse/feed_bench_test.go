package parse

import (
	"bytes"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/errwatch/errwatch/internal/line"
	"github.com/errwatch/errwatch/internal/sim"
)

// simulated makes bulk text with the right number of events in it.
func simulated(tb testing.TB, size int64, o sim.TextOptions) ([]byte, int) {
	tb.Helper()
	var b bytes.Buffer
	truth, err := sim.Text(&b, size, o)
	if err != nil {
		tb.Fatal(err)
	}
	events := 0
	for _, n := range truth.Events {
		events += int(n)
	}
	return b.Bytes(), events
}

// cpuTime is what the process has computed so far.
func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func twentyPatterns() []Pattern {
	var out []Pattern
	for i, c := range sim.Twenty() {
		out = append(out, Pattern{Name: c.Name, Regex: c.Regex, Code: fmt.Sprint("X", i)})
	}
	return out
}

// BenchmarkSim feeds what make bench scans, block by block, as the source hands it over.
func BenchmarkSim(b *testing.B) {
	const size = 8 << 20
	one := []Pattern{{Name: "a", Regex: `onError code=(?P<code>\d{4}) `}}
	type job struct {
		name   string
		data   []byte
		events int
		o      Options
	}
	var jobs []job
	add := func(name string, o Options, t sim.TextOptions) {
		data, events := simulated(b, size, t)
		jobs = append(jobs, job{name, data, events, o})
	}
	add("one", Options{Patterns: one}, sim.TextOptions{Shapes: []string{"onError"}})
	var twenty bytes.Buffer
	truth, err := sim.TwentyText(&twenty, size, 1)
	if err != nil {
		b.Fatal(err)
	}
	n := 0
	for _, v := range truth {
		n += int(v)
	}
	jobs = append(jobs, job{"twenty", twenty.Bytes(), n, Options{Patterns: twentyPatterns()}})
	for _, f := range sim.Forms() {
		add("default/"+string(f), Options{Patterns: Builtin()}, sim.TextOptions{Form: f})
	}
	add("quiet", Options{Patterns: Builtin()}, sim.TextOptions{Events: -1, Decoys: -1})
	add("incident/server", Options{Patterns: Builtin()}, sim.TextOptions{Events: 1, Shapes: []string{"onError"}})
	add("incident/text", Options{Patterns: Builtin()}, sim.TextOptions{Events: 1})
	add("incident/json", Options{Patterns: Builtin()}, sim.TextOptions{Events: 1, Form: sim.FormJSON})
	for _, j := range jobs {
		b.Run(j.name, func(b *testing.B) {
			st := compile(b, j.o).NewStream()
			b.SetBytes(int64(len(j.data)))
			b.ReportAllocs()
			begin := cpuTime()
			for b.Loop() {
				events := 0
				for rest, off := j.data, int64(0); len(rest) > 0; {
					n := len(rest)
					if n > 256<<10 {
						n = bytes.LastIndexByte(rest[:256<<10], '\n') + 1
					}
					r := st.Feed(&line.Batch{Data: rest[:n], Offset: off, End: off + int64(n), Read: readAt})
					events += len(r.Events)
					st.Release()
					rest, off = rest[n:], off+int64(n)
				}
				if events != j.events {
					b.Fatalf("%d events of %d", events, j.events)
				}
			}
			// By CPU time, since walls say little on a machine that others use too.
			used := (cpuTime() - begin).Seconds()
			b.ReportMetric(float64(len(j.data)*b.N)/used/1e6, "MB/cpu-s")
			b.ReportMetric(float64(bytes.Count(j.data, []byte("\n"))*b.N)/used/1e6, "Mlines/cpu-s")
		})
	}
}
