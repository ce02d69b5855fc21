package parse

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/errwatch/errwatch/internal/event"
	"github.com/errwatch/errwatch/internal/line"
)

// tallied is what a file amounts to for those who count: the event of each record, by where it starts, and the lines.
type tallied struct {
	events                             map[int64]string
	lines, records, unmatched, skipped int
	corrected, gone, shown             int // how often it met these
}

func tally(e *event.Event) string {
	var fields []string
	for _, f := range e.Fields {
		fields = append(fields, fmt.Sprintf("%s=%s", f.Name, f.Value))
	}
	return fmt.Sprint(e.Pattern, e.Code, e.Name, e.Category, e.Conflict, fields)
}

func (o *tallied) add(t *testing.T, r *Result) {
	for i := range r.Events {
		e := &r.Events[i]
		if was, ok := o.events[e.Offset]; ok {
			t.Errorf("the record at %d counts twice: %s, %s", e.Offset, was, tally(e))
		}
		o.events[e.Offset] = tally(e)
	}
	for i := range r.Corrections {
		c := &r.Corrections[i]
		if was := o.events[c.Was.Offset]; was != tally(&c.Was) {
			t.Errorf("the record at %d counts as %q, and %q is corrected", c.Was.Offset, was, tally(&c.Was))
		}
		delete(o.events, c.Was.Offset)
		if c.Gone {
			o.gone++
			continue
		}
		o.corrected++
		o.events[c.Is.Offset] = tally(&c.Is)
	}
	o.lines += r.Lines
	o.records += r.Records
	o.unmatched += r.Unmatched
	for _, s := range r.Skipped {
		o.skipped += s.N
	}
}

func (o *tallied) equal(p *tallied) bool {
	return maps.Equal(o.events, p.events) && o.lines == p.lines && o.records == p.records && o.unmatched == p.unmatched && o.skipped == p.skipped
}

// readPaused reads a file in random batches with a pause now and then, and forgets the parser now and then. What a kill
// takes back is taken back.
func readPaused(t *testing.T, s *Set, f *file, rng *rand.Rand, most int, pauses, kills bool) *tallied {
	t.Helper()
	o := &tallied{events: map[int64]string{}}
	st := s.NewStream()
	var counted, shown, resume, opened, openedShown int64 // opened: what the state held when the parser began
	kill := func() int {
		st, opened, openedShown = s.NewStream(), counted, shown
		return int(resume)
	}
	killsLeft := 12
	for from := 0; from < len(f.data) || kills && killsLeft > 0 && rng.IntN(3) > 0; {
		if from < len(f.data) {
			b := f.next(from, 1+rng.IntN(most), opened)
			b.Shown = openedShown
			r := st.Feed(b)
			o.add(t, r)
			from = int(b.End)
			if b.End >= counted {
				counted, resume = b.End, r.Resume
			}
		}
		if pauses && rng.IntN(3) == 0 {
			r := st.Feed(&line.Batch{Offset: int64(from), End: int64(from), Counted: opened, Shown: openedShown, Pause: true, Read: readAt})
			o.shown += len(r.Events)
			o.add(t, r)
			if int64(from) >= counted {
				shown, resume = int64(from), r.Resume
			}
		}
		if kills && killsLeft > 0 && rng.IntN(4) == 0 {
			killsLeft--
			from = kill()
		}
	}
	end := f.last(opened)
	end.Shown = openedShown
	o.add(t, st.Feed(end))
	return o
}

// A pause decides when an event is handed out, never what belongs to a record: whatever pauses there are, and whatever
// kills between any two steps, each record counts in the end as it does for a reader who meets neither.
func TestAnyPauseAndAnyKill(t *testing.T) {
	t.Parallel()
	var corrected, gone, shown int
	options := joinOptions()
	for _, o := range joinOptions() { // each with its patterns' lines joined, too, and with fields that later lines change
		if o.Multiline.Start == "" {
			o.Multiline.Start = `^2026|onError`
			o.Patterns = append([]Pattern{{Name: "late", Regex: `(?s)code=(?P<code>\d{4}).*continued (?P<tail>x+)`, Unless: `x{150}`}}, Builtin()...)
			options = append(options, o)
		}
	}
	for i, o := range options {
		s := compile(t, o)
		for seed := range uint64(20) {
			rng := rand.New(rand.NewPCG(seed, uint64(i)))
			f := corpus(rng, 20+rng.IntN(100))
			want := readPaused(t, s, f, rng, 200, false, false)
			for _, most := range []int{1, 3, 20} {
				got := readPaused(t, s, f, rng, most, true, true)
				if !got.equal(want) {
					t.Fatalf("options %d, seed %d, batches of up to %d lines:\n%+v\nwant %+v\nof\n%s", i, seed, most, got, want, f.data)
				}
				corrected, gone, shown = corrected+got.corrected, gone+got.gone, shown+got.shown
			}
		}
	}
	if corrected < 50 || gone < 50 || shown < 500 {
		t.Errorf("%d corrected, %d gone, %d shown: the test says little", corrected, gone, shown)
	}
}

// What is corrected stays valid beside the events of the record that ended it.
func TestCorrectionKeepsItsFields(t *testing.T) {
	t.Parallel()
	s := compile(t, Options{Multiline: Multiline{Start: `^\d{4}-`}})
	st := s.NewStream()
	feed := func(at int, text string) (*Result, int) {
		return st.Feed(&line.Batch{Data: []byte(text), Offset: int64(at), End: int64(at + len(text)), Read: readAt}), at + len(text)
	}
	_, at := feed(0, "2026-11-20T10:15:24Z ERROR onError code=3014 meetingId=m1\n")
	if r := st.Flush(readAt); len(r.Events) != 1 {
		t.Fatal(briefs(r))
	}
	r, _ := feed(at, "  participantId=p1\n"+strings.Repeat("2026-11-20T10:15:25Z ERROR onError code=3015 meetingId=m2 participantId=p2\n", 2))
	if len(r.Corrections) != 1 || len(r.Events) != 1 {
		t.Fatalf("%d corrections, %d events", len(r.Corrections), len(r.Events))
	}
	c := r.Corrections[0]
	if got := fmt.Sprintf("%s | %s", tally(&c.Was), tally(&c.Is)); !strings.Contains(got, "[meeting=m1] |") || !strings.Contains(got, "[meeting=m1 participant=p1]") || c.Gone {
		t.Error(got)
	}
}
