package app

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/errwatch/errwatch/internal/catalog"
	"github.com/errwatch/errwatch/internal/config"
	"github.com/errwatch/errwatch/internal/event"
	"github.com/errwatch/errwatch/internal/line"
	"github.com/errwatch/errwatch/internal/parse"
	"github.com/errwatch/errwatch/internal/sim"
)

// simCodes tells the generators what a catalogue holds.
func simCodes(t testing.TB, name string) []sim.Code {
	t.Helper()
	c, ok := catalog.Builtin(name)
	if !ok {
		t.Fatalf("no catalogue %q", name)
	}
	var out []sim.Code
	for _, k := range c.Codes() {
		out = append(out, sim.Code{Code: k.Code, Name: k.Name, Category: k.Category, Message: k.Message, Aliases: k.Aliases})
	}
	return out
}

func utcSet(t testing.TB, name string, noPrefilter bool) *parse.Set {
	t.Helper()
	c, _ := catalog.Builtin(name)
	s, err := parse.Compile(parse.Options{Source: "corpus", Catalog: c, Patterns: parse.Builtin(), Time: parse.TimeOptions{Zone: time.UTC}, NoPrefilter: noPrefilter})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Every shape, in every envelope, with every way to name a code, and every decoy: what the generator says is what the
// parser finds, and the literal filter changes nothing.
func TestCorpus(t *testing.T) {
	t.Parallel()
	for _, names := range [][2]string{{"videosdk-react", "videosdk-flutter"}, {"videosdk-flutter", "videosdk-react"}} {
		t.Run(names[0], func(t *testing.T) {
			t.Parallel()
			filtered, plain := utcSet(t, names[0], false).NewStream(), utcSet(t, names[0], true).NewStream()
			var at int64
			cases, events := 0, 0
			seen := map[string]int{} // by shape, envelope and what the line says
			for c := range sim.Corpus(sim.CorpusOptions{Seed: 1, Codes: simCodes(t, names[0]), Foreign: simCodes(t, names[1])}) {
				b := line.Batch{Source: "corpus", File: 1, Data: c.Raw, Offset: at, End: at + int64(len(c.Raw)), Read: time.Unix(0, 0)}
				at = b.End
				cases++
				events += checkCase(t, c, filtered.Feed(&b), "with the filter")
				// The filter decides by the pattern's literals, not by the code: a third of the codes is enough, of each form.
				form := c.Name[:strings.LastIndexByte(c.Name, '/')]
				if seen[form]++; seen[form]%3 == 1 || c.Want == nil {
					checkCase(t, c, plain.Feed(&b), "without the filter")
				}
				if t.Failed() && cases > 20_000 {
					t.FailNow()
				}
			}
			if cases < 5000 || events < 3000 {
				t.Errorf("the corpus had %d cases and %d events: too few to mean anything", cases, events)
			}
		})
	}
}

// checkCase compares and returns the number of events.
func checkCase(t *testing.T, c sim.Case, r *parse.Result, how string) int {
	t.Helper()
	if r.Lines != c.Lines || r.Records != c.Records {
		t.Errorf("%s, %s: %d lines, %d records; want %d, %d", c.Name, how, r.Lines, r.Records, c.Lines, c.Records)
	}
	want := 0
	if c.Want != nil {
		want = 1
	}
	if len(r.Events) != want {
		t.Errorf("%s, %s: %d events, want %d: %s", c.Name, how, len(r.Events), want, c.Raw)
		return len(r.Events)
	}
	if want == 0 {
		return 0
	}
	e, w := &r.Events[0], c.Want
	got := fmt.Sprint(e.Code, e.Name, e.Category, e.Conflict, string(e.Field(event.Meeting)), string(e.Field(event.Participant)))
	wanted := fmt.Sprint(w.Code, w.Name, w.Category, w.Conflict, w.Meeting, w.Participant)
	if got != wanted {
		t.Errorf("%s, %s: got %s, want %s: %s", c.Name, how, got, wanted, c.Raw)
	}
	if !e.Time.Equal(w.Time) {
		t.Errorf("%s, %s: time %s, want %s: %s", c.Name, how, e.Time, w.Time, c.Raw)
	}
	return 1
}

// Records that are cut at every byte count as if they were whole.
func TestCRIRecordsCutAtEveryByte(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 20, 10, 15, 23, 0, time.UTC)
	text := []byte(`{"level":"error","code":4009,"message":"full","meetingId":"ab12-cd34-ef56"}`)
	set := utcSet(t, "videosdk-react", false)
	for cut := range len(text) + 1 {
		st := set.NewStream()
		raw := sim.AppendCRI(nil, text, "stderr", at, cut)
		r := st.Feed(&line.Batch{Source: "corpus", File: 1, Data: raw, End: int64(len(raw)), Read: at})
		if len(r.Events) != 1 || r.Events[0].Code != "4009" || string(r.Events[0].Field(event.Meeting)) != "ab12-cd34-ef56" || r.Records != 1 || r.Lines != 2 {
			t.Errorf("cut at %d: %d events, %d records, %d lines", cut, len(r.Events), r.Records, r.Lines)
		}
	}
}

// Bulk text in all forms: the scan of a whole file counts exactly what was written.
func TestScanCountsWhatWasWritten(t *testing.T) {
	t.Parallel()
	for _, form := range sim.Forms() {
		t.Run(string(form), func(t *testing.T) {
			t.Parallel()
			var b bytes.Buffer
			truth, err := sim.Text(&b, 4<<20, sim.TextOptions{Seed: 3, Form: form})
			if err != nil {
				t.Fatal(err)
			}
			plan := planOf(t, "")
			r, err := plan.Scan(t.Context(), ScanOptions{Paths: []string{"-"}, Stdin: &b, Workers: 2, Now: time.Now})
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]int64{}
			for _, e := range r.Events {
				got[e.Code] += e.Count
			}
			if fmt.Sprint(got) != fmt.Sprint(truth.Events) || r.Lines != truth.Lines || r.Bytes != truth.Bytes || r.Conflicts != truth.Conflicts {
				t.Errorf("counted %v in %d lines, %d bytes, %d conflicts\nwritten %v in %d lines, %d bytes, %d conflicts",
					got, r.Lines, r.Bytes, r.Conflicts, truth.Events, truth.Lines, truth.Bytes, truth.Conflicts)
			}
		})
	}
}

// planOf builds a configuration that is given as text.
func planOf(t testing.TB, text string) *Plan {
	t.Helper()
	cfg, problems := config.Load(config.LoadOptions{Path: writeFile(t, "config.yaml", text)})
	plan, more := Build(cfg)
	if plan == nil {
		t.Fatal(config.Format(append(problems, more...)))
	}
	return plan
}

// Each mistake in the codes is told once, where it stands.
func TestCodesAreCheckedAtTheirPlace(t *testing.T) {
	t.Parallel()
	text := "codes:\n  - {code: 4009, category: limits}\n  - {code: 4998, name: A_NAME}\n  - {code: 4999, name: OTHER_NAME}\n"
	cfg, problems := config.Load(config.LoadOptions{Path: writeFile(t, "config.yaml", text)})
	_, more := Build(cfg)
	var lines []int
	for _, p := range config.Merge(problems, more) {
		lines = append(lines, p.Line)
	}
	if fmt.Sprint(lines) != "[3 4]" {
		t.Errorf("problems in lines %v, want 3 and 4: %+v", lines, more)
	}
}
