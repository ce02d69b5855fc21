package parse

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/errwatch/errwatch/internal/line"
)

// outcome is all that a file amounts to, however it was read.
type outcome struct {
	events                               []string
	lines, records, unmatched, skippedNo int
}

func (o *outcome) add(r *Result) {
	for i := range r.Events {
		e := &r.Events[i]
		o.events = append(o.events, fmt.Sprintf("%d-%d %s %q %s %v", e.Offset, e.End, brief(e), e.Text, e.Time, e.HasZone))
	}
	o.lines += r.Lines
	o.records += r.Records
	o.unmatched += r.Unmatched
	for _, s := range r.Skipped {
		o.skippedNo += s.N
	}
}

func (o *outcome) equal(p *outcome) bool {
	return slices.Equal(o.events, p.events) && o.lines == p.lines && o.records == p.records &&
		o.unmatched == p.unmatched && o.skippedNo == p.skippedNo
}

func (o *outcome) String() string {
	return fmt.Sprintf("%d lines, %d records, %d unmatched, %d skipped\n%s", o.lines, o.records, o.unmatched, o.skippedNo, strings.Join(o.events, "\n"))
}

// A file is text in which some lines are reported as skipped by the source.
type file struct {
	data    []byte
	ends    []int        // of each line
	skipped map[int]bool // by start of the line
}

// next returns the batch that starts at from and holds up to n lines.
func (f *file) next(from, n int, counted int64) *line.Batch {
	at, _ := slices.BinarySearch(f.ends, from+1)
	b := &line.Batch{Offset: int64(from), Counted: counted, Read: readAt}
	if f.skipped[from] {
		b.End, b.Skipped, b.SkippedLines = int64(f.ends[at]), line.TooLong, 1
	} else {
		end := from
		for ; n > 0 && at < len(f.ends) && !f.skipped[end]; n, at = n-1, at+1 {
			end = f.ends[at]
		}
		b.Data, b.End = f.data[from:end], int64(end)
	}
	return b
}

// last is what the source says when the writer has let go of the file.
func (f *file) last(counted int64) *line.Batch {
	n := int64(len(f.data))
	return &line.Batch{Offset: n, End: n, Counted: counted, Last: true, Read: readAt}
}

// readOnce reads the file in batches as large as can be.
func readOnce(s *Set, f *file) *outcome {
	var o outcome
	st := s.NewStream()
	for from := 0; from < len(f.data); {
		b := f.next(from, len(f.ends), 0)
		o.add(st.Feed(b))
		from = int(b.End)
	}
	o.add(st.Feed(f.last(0)))
	return &o
}

// readKilled reads the file in batches of random size, and forgets the parser now and then.
func readKilled(s *Set, f *file, rng *rand.Rand, most int) *outcome {
	var o outcome
	st := s.NewStream()
	var counted, resume int64
	kills := 8
	for from := 0; from < len(f.data); {
		if kills > 0 && rng.IntN(4) == 0 {
			st, from = s.NewStream(), int(resume)
			kills--
		}
		b := f.next(from, 1+rng.IntN(most), counted)
		r := st.Feed(b)
		o.add(r)
		from = int(b.End)
		if b.End > counted {
			counted, resume = b.End, r.Resume
		}
		if from == len(f.data) && kills > 0 && rng.IntN(2) == 0 {
			st, from = s.NewStream(), int(resume)
			kills--
		}
	}
	o.add(st.Feed(f.last(counted)))
	return &o
}

// corpus makes a file of all that can be cut: pieces of both streams of both runtimes, interleaved, between whole lines,
// with texts that start multi-line records, continue them, or neither.
func corpus(rng *rand.Rand, lines int) *file {
	f := &file{skipped: map[int]bool{}}
	rest := map[string]string{} // what is still to come of a record, by stream
	text := func() string {
		switch rng.IntN(8) {
		case 0:
			return decoys[rng.IntN(len(decoys))]
		case 1:
			return "2026-11-20T10:15:24Z ERROR something odd happened"
		case 2:
			return "  continued " + strings.Repeat("x", rng.IntN(200))
		case 3:
			return ""
		case 4:
			return "2026-11-20T10:15:24Z INFO nothing"
		}
		return shapes[rng.IntN(len(shapes))].line
	}
	for range lines {
		stream := []string{"stdout", "stderr"}[rng.IntN(2)]
		var l string
		switch rng.IntN(6) {
		case 0:
			l = text() + "\n"
		case 1:
			l = text() + "\r\n"
		case 2, 3:
			l = cutRecord(rng, rest, "cri "+stream, text, func(s string, whole bool) string {
				tag := map[bool]string{true: "F", false: "P"}[whole]
				return strings.Replace(criLine(tag, s), "stderr", stream, 1)
			})
		default:
			l = cutRecord(rng, rest, "docker "+stream, text, func(s string, whole bool) string {
				end := map[bool]string{true: "\n", false: ""}[whole]
				return strings.Replace(dockerLine(s, end), "stderr", stream, 1)
			})
		}
		if rng.IntN(40) == 0 {
			f.skipped[len(f.data)] = true
		}
		f.data = append(f.data, l...)
		f.ends = append(f.ends, len(f.data))
	}
	return f
}

func cutRecord(rng *rand.Rand, rest map[string]string, key string, text func() string, wrap func(string, bool) string) string {
	s := rest[key]
	if s == "" {
		s = text()
	}
	n := len(s)
	if rng.IntN(3) == 0 {
		n = rng.IntN(len(s) + 1)
	}
	rest[key] = s[n:]
	return wrap(s[:n], n == len(s))
}

func joinOptions() []Options {
	own := []Pattern{
		{Name: "odd", Regex: `x{50,}`, Code: "4999", Category: "odd"}, // without a literal: it runs on every line
		{Name: "nothing", Regex: `INFO nothing`, Reference: true},
	}
	return []Options{
		{},
		{MaxLine: 120},
		{MaxLine: 40},
		{Multiline: Multiline{Start: `^\d{4}-|^\{`}},
		{Multiline: Multiline{Start: `^\d{4}-`}, MaxLine: 200},
		{Multiline: Multiline{Start: `never`}, MaxLine: 100},
		{Patterns: append(own, Builtin()...)},
		{Patterns: append(own, Builtin()...), Envelope: "cri"},
		{Envelope: "docker", MaxLine: 90},
		{Envelope: "none", Multiline: Multiline{Start: `^2026`}},
	}
}

// However a file is cut into batches, and however often the process is killed between two of them, each record counts
// once, and as the same. The filter changes nothing either.
func TestAnyCutAndAnyKill(t *testing.T) {
	t.Parallel()
	for i, o := range joinOptions() {
		s := compile(t, o)
		o.NoPrefilter = true
		slow := compile(t, o)
		for seed := range uint64(8) {
			rng := rand.New(rand.NewPCG(seed, uint64(i)))
			f := corpus(rng, 20+rng.IntN(100))
			want := readOnce(s, f)
			for _, most := range []int{1, 3, 20} {
				if got := readKilled(s, f, rng, most); !got.equal(want) {
					t.Fatalf("options %d, seed %d, batches of up to %d lines:\n%s\nwant %s\nof\n%s", i, seed, most, got, want, f.data)
				}
			}
			if got := readOnce(slow, f); !got.equal(want) {
				t.Fatalf("options %d, seed %d, without the filter:\n%s\nwant %s\nof\n%s", i, seed, got, want, f.data)
			}
		}
	}
}

// The corpus must hold what it is meant to test.
func TestCorpusJoins(t *testing.T) {
	t.Parallel()
	all := map[string]bool{}
	for i, o := range joinOptions() {
		s := compile(t, o)
		for seed := range uint64(4) {
			f := corpus(rand.New(rand.NewPCG(seed, uint64(i))), 100)
			r := readOnce(s, f)
			all["events"] = all["events"] || len(r.events) > 5
			all["joins"] = all["joins"] || r.records < r.lines
			all["skips"] = all["skips"] || r.skippedNo > len(f.skipped)
			all["unmatched"] = all["unmatched"] || r.unmatched > 0
		}
	}
	if len(all) != 4 || !all["events"] || !all["joins"] || !all["skips"] || !all["unmatched"] {
		t.Fatalf("the corpus lacks something: %v", all)
	}
}

func TestResumePointsAtWhatWaits(t *testing.T) {
	t.Parallel()
	s := compile(t, Options{})
	st := s.NewStream()
	first := "plain\n"
	piece := criLine("P", "onError co")
	other := strings.Replace(criLine("F", "nothing"), "stderr", "stdout", 1)
	end := criLine("F", "de=3014")
	at := int64(0)
	for _, step := range []struct {
		text           string
		resume         int64
		lines, records int
		events         int
	}{
		{first + piece, int64(len(first)), 1, 1, 0},
		{other, int64(len(first)), 1, 1, 0},
		{end, int64(len(first + piece + other + end)), 2, 1, 1},
	} {
		b := &line.Batch{Data: []byte(step.text), Offset: at, End: at + int64(len(step.text)), Read: readAt}
		r := st.Feed(b)
		if r.Resume != step.resume || r.Lines != step.lines || r.Records != step.records || len(r.Events) != step.events {
			t.Fatalf("%q: resume %d lines %d records %d events %d, want %+v", step.text, r.Resume, r.Lines, r.Records, len(r.Events), step)
		}
		at = b.End
	}
}

// A record that never ends is given up at a bounded distance, and does not hold the position back for ever.
func TestEndlessRecordIsBounded(t *testing.T) {
	t.Parallel()
	s := compile(t, Options{MaxLine: 1000})
	st := s.NewStream()
	text := []byte(criLine("P", strings.Repeat("x", 90)))
	var at, behind int64
	skipped := 0
	for range 1000 {
		r := st.Feed(&line.Batch{Data: text, Offset: at, End: at + int64(len(text)), Read: readAt})
		at += int64(len(text))
		behind = max(behind, at-r.Resume)
		for _, k := range r.Skipped {
			if k.Reason != string(line.TooLong) {
				t.Fatalf("reason %q", k.Reason)
			}
			skipped += k.N
		}
	}
	if limit := int64(HoldFactor * 1000); behind > limit {
		t.Errorf("resume fell %d bytes behind, limit %d", behind, limit)
	}
	if skipped < 900 {
		t.Errorf("%d lines skipped, want nearly all", skipped)
	}
	for i := range st.parts {
		if n := cap(st.parts[i].buf); n > 4096 {
			t.Errorf("%d bytes are kept", n)
		}
	}
}

func TestFlush(t *testing.T) {
	t.Parallel()
	s := compile(t, Options{Multiline: Multiline{Start: `^\d{4}-`}})
	st := s.NewStream()
	text := "2026-11-20T10:15:24Z ERROR onError code=3014\n    at onError (room.js:4009:13)\n"
	r := st.Feed(&line.Batch{Data: []byte(text), End: int64(len(text)), Read: readAt})
	if len(r.Events) != 0 || r.Resume != 0 {
		t.Fatalf("%q, resume %d before the flush", briefs(r), r.Resume)
	}
	r = st.Flush(readAt)
	if !slices.Equal(briefs(r), []string{video}) || r.Resume != 0 || r.Lines != 2 || r.Records != 0 {
		t.Fatalf("%q, resume %d, %d lines, %d records", briefs(r), r.Resume, r.Lines, r.Records)
	}
	if want := strings.TrimSuffix(text, "\n"); string(r.Events[0].Text) != want {
		t.Errorf("text %q, want %q", r.Events[0].Text, want)
	}
	if r = st.Flush(readAt); len(r.Events) != 0 || r.Lines != 0 {
		t.Error("a second flush hands out something")
	}
	// A piece of a line is left out, and what waits beside it is not.
	more := "2026-11-20T10:15:25Z ERROR onError code=3015\n" + criLine("P", "x")
	from := int64(len(text))
	if r = st.Feed(&line.Batch{Data: []byte(more), Offset: from, End: from + int64(len(more)), Read: readAt}); r.Records != 1 || r.Lines != 0 || len(r.Events) != 0 {
		t.Errorf("%q, %d lines, %d records when the record is complete", briefs(r), r.Lines, r.Records)
	}
	if r = st.Flush(readAt); len(r.Events) != 1 || r.Events[0].Code != "3015" || r.Lines != 1 || r.Resume != from {
		t.Errorf("flushed %q, %d lines, resume %d", briefs(r), r.Lines, r.Resume)
	}
}

// A record that waited when the process was killed is not lost when nothing comes behind it any more.
func TestWhatWaitedIsCountedAfterARestart(t *testing.T) {
	t.Parallel()
	s := compile(t, Options{Multiline: Multiline{Start: `^\d{4}-`}})
	text := "2026-11-20T10:15:24Z ERROR onError code=3014\n    at onError (room.js:4009:13)\n"
	n := int64(len(text))
	for _, end := range []func(*Stream) *Result{
		func(st *Stream) *Result { return st.Flush(readAt) },
		func(st *Stream) *Result { return st.Feed(&line.Batch{Offset: n, End: n, Counted: n, Last: true}) },
	} {
		st := s.NewStream()
		// While the lines are read again a flush must not hand them out: they could be a part of what is counted.
		half := int64(strings.Index(text, "\n") + 1)
		st.Feed(&line.Batch{Data: []byte(text[:half]), End: half, Counted: n, Read: readAt})
		if r := st.Flush(readAt); len(r.Events) != 0 || r.Resume != 0 {
			t.Errorf("handed out %q too early, resume %d", briefs(r), r.Resume)
		}
		if r := st.Feed(&line.Batch{Data: []byte(text[half:]), Offset: half, End: n, Counted: n, Read: readAt}); len(r.Events) != 0 || r.Resume != 0 {
			t.Errorf("%q, resume %d before the end", briefs(r), r.Resume)
		}
		if r := end(st); !slices.Equal(briefs(r), []string{video}) || r.Lines != 2 {
			t.Errorf("%q, %d lines, resume %d", briefs(r), r.Lines, r.Resume)
		}
	}
}

func TestLastLineWithoutNewline(t *testing.T) {
	t.Parallel()
	s := compile(t, Options{})
	for _, text := range []string{"onError code=3014", "a\nb\nonError code=3014", "a\n" + criLine("P", "onError co") + strings.TrimSuffix(criLine("F", "de=3014"), "\n")} {
		r := feedAll(s, text)
		if !slices.Equal(briefs(r), []string{video}) || r.Lines != strings.Count(text, "\n")+1 {
			t.Errorf("%q: %q, %d lines", text, briefs(r), r.Lines)
		}
	}
}

func TestSilenceUpToCounted(t *testing.T) {
	t.Parallel()
	s := compile(t, Options{})
	one := "onError code=3014\n"
	text := strings.Repeat(one, 5)
	for counted := range len(text) + 1 {
		r := s.NewStream().Feed(&line.Batch{Data: []byte(text), End: int64(len(text)), Counted: int64(counted), Read: readAt})
		if want := 5 - counted/len(one); len(r.Events) != want || r.Lines != want {
			t.Errorf("counted %d: %d events, %d lines, want %d", counted, len(r.Events), r.Lines, want)
		}
	}
}

func TestSkippedBatch(t *testing.T) {
	t.Parallel()
	s := compile(t, Options{})
	st := s.NewStream()
	for counted, want := range map[int64]int{0: 3, 99: 3, 100: 0} {
		r := st.Feed(&line.Batch{Offset: 10, End: 100, Counted: counted, Skipped: line.NulRun, SkippedLines: 3})
		n := 0
		for _, k := range r.Skipped {
			n += k.N
		}
		if n != want || r.Lines != 0 || r.Resume != 100 {
			t.Errorf("counted %d: skipped %d, lines %d, resume %d", counted, n, r.Lines, r.Resume)
		}
	}
}

func TestUnmatched(t *testing.T) {
	t.Parallel()
	s := compile(t, Options{})
	st := s.NewStream()
	st.KeepUnmatched(2)
	text := "INFO error rate is low\n2026-11-20T10:15:24Z ERROR disk full\nlevel=error msg=x\n{\"level\":50,\"msg\":\"x\"}\nonError code=3014\nWARN error\n" +
		dockerLine("FATAL cannot go on", "\n") + criLine("F", "[error] no")
	r := st.Feed(&line.Batch{Data: []byte(text), End: int64(len(text)), Read: readAt})
	if r.Unmatched != 5 || len(r.UnmatchedText) != 2 || string(r.UnmatchedText[1]) != "level=error msg=x" {
		t.Errorf("%d unmatched, %q", r.Unmatched, r.UnmatchedText)
	}
}

func TestHostileBytes(t *testing.T) {
	t.Parallel()
	s := compile(t, Options{})
	text := "\x00\x00\xff\xfe onError code=3014 \xc3\x28 name=\x00\n" + strings.Repeat("\x00", 100) + "\n\n\r\n" +
		`{"log":"` + strings.Repeat(`\`, 99) + "\n" + `{"log":"","stream":"stdout","time":""}` + "\n"
	r := feedAll(s, text)
	if !slices.Equal(briefs(r), []string{video}) || r.Lines != bytes.Count([]byte(text), []byte("\n")) {
		t.Errorf("%q, %d lines", briefs(r), r.Lines)
	}
}
