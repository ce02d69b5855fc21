package app

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/errwatch/errwatch/internal/catalog"
	"github.com/errwatch/errwatch/internal/line"
	"github.com/errwatch/errwatch/internal/parse"
	"github.com/errwatch/errwatch/internal/sim"
)

// TestFilterOnAndOff feeds the whole corpus, bulk text in every form, and the log of twenty patterns to parsers with and
// without the literal filter: every event, every count and every unmatched line is the same.
func TestFilterOnAndOff(t *testing.T) {
	t.Parallel()
	const bulk = 512 << 10
	var corpus bytes.Buffer
	for c := range sim.Corpus(sim.CorpusOptions{Seed: 1, Codes: simCodes(t, "videosdk-react"), Foreign: simCodes(t, "videosdk-flutter")}) {
		corpus.Write(c.Raw)
	}
	checkFilter(t, "corpus", parse.Builtin(), corpus.Bytes())
	for _, form := range sim.Forms() {
		for name, share := range map[string]float64{"": 0, ", all errors": 1} {
			var b bytes.Buffer
			if _, err := sim.Text(&b, bulk, sim.TextOptions{Seed: 9, Form: form, Events: share}); err != nil {
				t.Fatal(err)
			}
			checkFilter(t, string(form)+name, parse.Builtin(), b.Bytes())
		}
	}
	var b bytes.Buffer
	if _, err := sim.TwentyText(&b, bulk, 9); err != nil {
		t.Fatal(err)
	}
	var twenty []parse.Pattern
	for _, c := range sim.Twenty() {
		twenty = append(twenty, parse.Pattern{Name: c.Name, Regex: c.Regex, Code: "4999"})
	}
	checkFilter(t, "twenty", twenty, b.Bytes())
}

func checkFilter(t *testing.T, name string, patterns []parse.Pattern, text []byte) {
	t.Helper()
	cat, _ := catalog.Builtin("videosdk-react")
	var streams [2]*parse.Stream
	for i := range streams {
		set, err := parse.Compile(parse.Options{Source: "corpus", Catalog: cat, Patterns: patterns, Time: parse.TimeOptions{Zone: time.UTC}, NoPrefilter: i == 1})
		if err != nil {
			t.Fatal(err)
		}
		streams[i] = set.NewStream()
		streams[i].KeepUnmatched(1 << 20)
	}
	events := 0
	for at := 0; at < len(text); {
		end := min(at+64<<10, len(text))
		if i := bytes.LastIndexByte(text[at:end], '\n'); i >= 0 {
			end = at + i + 1
		}
		b := line.Batch{Source: "corpus", Data: text[at:end], Offset: int64(at), End: int64(end), Read: time.Unix(0, 0), Last: end == len(text)}
		on, off := streams[0].Feed(&b), streams[1].Feed(&b)
		if on.Lines != off.Lines || on.Records != off.Records || on.Unmatched != off.Unmatched || on.Resume != off.Resume || len(on.Events) != len(off.Events) {
			t.Fatalf("%s at %d: with the filter %+v\nwithout it %+v", name, at, on, off)
		}
		for i := range on.Events {
			if got, want := fmt.Sprintf("%+v", on.Events[i]), fmt.Sprintf("%+v", off.Events[i]); got != want {
				t.Fatalf("%s at %d: with the filter\n%s\nwithout it\n%s", name, at, got, want)
			}
		}
		for i := range on.UnmatchedText {
			if !bytes.Equal(on.UnmatchedText[i], off.UnmatchedText[i]) {
				t.Fatalf("%s at %d: with the filter %q, without it %q is unmatched", name, at, on.UnmatchedText[i], off.UnmatchedText[i])
			}
		}
		events += len(on.Events)
		at = end
	}
	if events < 20 {
		t.Errorf("%s: only %d events", name, events)
	}
}
