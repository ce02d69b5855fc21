package sim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
)

func text(t testing.TB, n int64, o TextOptions) ([]byte, Truth) {
	t.Helper()
	var b bytes.Buffer
	truth, err := Text(&b, n, o)
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), truth
}

func TestTextTruthAddsUp(t *testing.T) {
	t.Parallel()
	for _, form := range Forms() {
		raw, truth := text(t, 1<<19, TextOptions{Form: form, Seed: 7})
		checkTruth(t, raw, truth)
		if truth.Bytes < 1<<19 || truth.Bytes > 1<<19+2000 {
			t.Errorf("%s: %d bytes instead of 512 KiB", form, truth.Bytes)
		}
		if share := float64(sum(truth.Events)) / float64(truth.Records); share < 0.014 || share > 0.026 {
			t.Errorf("%s: %.4f of the records are events, want 0.02", form, share)
		}
		if share := float64(truth.Decoys) / float64(truth.Records); share < 0.02 || share > 0.04 {
			t.Errorf("%s: %.4f of the records are decoys, want 0.03", form, share)
		}
		if truth.Conflicts == 0 || truth.Conflicts > sum(truth.Events)/10 {
			t.Errorf("%s: %d conflicts", form, truth.Conflicts)
		}
		if (form == FormCRI) != (truth.Lines > truth.Records) {
			t.Errorf("%s: %d lines, %d records", form, truth.Lines, truth.Records)
		}
	}
}

// The events of a short table are counted again, one by one, from the text.
func TestTextCountsByCode(t *testing.T) {
	t.Parallel()
	codes := []Code{
		{Code: "4701", Name: "FIRST_OF_ALL", Category: "a", Aliases: []string{"FIRST_OFF_ALL"}},
		{Code: "4702", Name: "SECOND_TO_NONE", Category: "b"},
	}
	codeOf := map[string]string{"FIRST_OF_ALL": "4701", "FIRST_OFF_ALL": "4701", "SECOND_TO_NONE": "4702"}
	names := regexp.MustCompile(`FIRST_OFF?_ALL|SECOND_TO_NONE`)
	numbers := regexp.MustCompile(`470[12]`)
	for _, form := range []Form{FormText, FormJSON} {
		raw, truth := text(t, 1<<18, TextOptions{Form: form, Codes: codes, Events: 0.3})
		got, conflicts, seen := map[string]int64{}, int64(0), map[string]bool{}
		for _, line := range unwrap(t, raw) {
			if !isEvent(line) {
				continue
			}
			code, name := numbers.FindString(line), names.FindString(line)
			seen[name] = true
			if name != "" && codeOf[name] != code {
				conflicts++
				code = codeOf[name]
			}
			got[code]++
		}
		if !reflect.DeepEqual(got, truth.Events) || conflicts != truth.Conflicts {
			t.Errorf("%s: counted %v with %d conflicts, the truth says %+v", form, got, conflicts, truth)
		}
		if len(seen) != 4 {
			t.Errorf("%s: the names are %v", form, seen)
		}
	}
}

func TestTextIsDeterministic(t *testing.T) {
	t.Parallel()
	for _, form := range Forms() {
		a, truthA := text(t, 300_000, TextOptions{Form: form, Seed: 3})
		b, truthB := text(t, 300_000, TextOptions{Form: form, Seed: 3})
		if !bytes.Equal(a, b) || !reflect.DeepEqual(truthA, truthB) {
			t.Errorf("%s: two runs of one seed differ", form)
		}
		if c, _ := text(t, 300_000, TextOptions{Form: form, Seed: 4}); bytes.Equal(a, c) {
			t.Errorf("%s: two seeds give the same", form)
		}
	}
}

func TestTextLooksReal(t *testing.T) {
	t.Parallel()
	raw, truth := text(t, 2<<20, TextOptions{})
	if mean := truth.Bytes / truth.Lines; mean < 170 || mean > 210 {
		t.Errorf("lines have %d bytes on average, want about 190", mean)
	}
	if share := float64(bytes.Count(raw, []byte(" codec="))) / float64(truth.Lines); share < 0.4 || share > 0.65 {
		t.Errorf("codec= stands on %.2f of the lines, want about half", share)
	}
	for _, part := range []string{"[room]", "[stats]", "[sdp]", "[http]", "[signaling]", "[recording]", "[transport]", " ERROR ", " WARN "} {
		if !bytes.Contains(raw, []byte(part)) {
			t.Errorf("no line has %s", part)
		}
	}
	for _, d := range decoys() {
		before, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(d.format, "TIME"), "level=error ts=SECOND"), "CODE")
		before, _, _ = strings.Cut(before, "OTHER")
		before, _, _ = strings.Cut(before, "SECOND")
		if !d.json && !d.trace && !bytes.Contains(raw, []byte(before)) {
			t.Errorf("no line has the decoy %s: %q", d.name, before)
		}
	}
}

func TestTextTimes(t *testing.T) {
	t.Parallel()
	raw, truth := text(t, 100_000, TextOptions{Start: start, Step: 40 * time.Millisecond, Events: -1, Decoys: -1})
	if len(truth.Events) != 0 || truth.Decoys != 0 {
		t.Errorf("events or decoys that nobody asked for: %+v", truth)
	}
	for i, line := range unwrap(t, raw) {
		at, _, _ := strings.Cut(line, " ")
		if got, want := parseTime(t, at), start.Add(time.Duration(i)*40*time.Millisecond); !got.Equal(want) {
			t.Fatalf("line %d is of %v, want %v", i, got, want)
		}
	}
}

func TestTextJSONIsJSON(t *testing.T) {
	t.Parallel()
	raw, _ := text(t, 500_000, TextOptions{Form: FormJSON})
	for line := range bytes.Lines(raw) {
		if !json.Valid(line) {
			t.Fatalf("not JSON: %s", line)
		}
	}
}

func TestTextBlocksAreWholeLines(t *testing.T) {
	t.Parallel()
	var w blocks
	if _, err := Text(&w, 1<<20, TextOptions{}); err != nil {
		t.Fatal(err)
	}
	if w.n < 4 || w.torn > 0 {
		t.Errorf("%d blocks, %d of them torn", w.n, w.torn)
	}
}

type blocks struct{ n, torn int }

func (w *blocks) Write(b []byte) (int, error) {
	w.n++
	if b[len(b)-1] != '\n' {
		w.torn++
	}
	return len(b), nil
}

func TestTextErrors(t *testing.T) {
	t.Parallel()
	if _, err := Text(io.Discard, 1000, TextOptions{Form: "xml"}); err == nil || !strings.Contains(err.Error(), `"xml"`) {
		t.Errorf("got %v", err)
	}
	broken := errors.New("broken")
	if _, err := Text(failing{broken}, 1000, TextOptions{}); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if raw, truth := text(t, 0, TextOptions{}); len(raw) != 0 || truth.Lines != 0 {
		t.Errorf("%d bytes, %+v", len(raw), truth)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func BenchmarkText(b *testing.B) {
	for _, form := range Forms() {
		b.Run(fmt.Sprintf("form=%s", form), func(b *testing.B) {
			const n = 8 << 20
			b.SetBytes(n)
			for b.Loop() {
				if _, err := Text(io.Discard, n, TextOptions{Form: form}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
