package sim

import (
	"bytes"
	"reflect"
	"regexp"
	"testing"
)

// The truth is counted again by running every regex on every line.
func TestTwentyTextTruth(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	truth, err := TwentyText(&b, 1<<20, 5)
	if err != nil {
		t.Fatal(err)
	}
	var regexes []*regexp.Regexp
	for _, c := range Twenty() {
		regexes = append(regexes, regexp.MustCompile(c.Regex))
	}
	got, lines, common := map[string]int64{}, 0, 0
	for line := range bytes.Lines(b.Bytes()) {
		line = bytes.TrimSuffix(line, []byte("\n"))
		lines++
		matches := 0
		for i, c := range Twenty() {
			if regexes[i].Match(line) {
				got[c.Name]++
				matches++
			}
		}
		if matches > 1 {
			t.Errorf("%d counters match %s", matches, line)
		}
		if bytes.Contains(line, []byte("packetLoss=")) || bytes.Contains(line, []byte("HTTP/1.")) {
			common++
		}
	}
	if !reflect.DeepEqual(got, truth) || len(truth) != 20 {
		t.Errorf("counted %v, the truth says %v", got, truth)
	}
	if share := float64(common) / float64(lines); share < 0.37 || share > 0.43 {
		t.Errorf("%.2f of the lines hold a common literal, want 0.4", share)
	}
}

func TestTextOfOneShape(t *testing.T) {
	t.Parallel()
	raw, truth := text(t, 1<<19, TextOptions{Shapes: []string{"onError"}})
	if got := int64(len(regexp.MustCompile(`onError code=\d{4} `).FindAll(raw, -1))); got != sum(truth.Events) || got == 0 {
		t.Errorf("%d of %d events have the shape", got, sum(truth.Events))
	}
	if _, err := Text(&bytes.Buffer{}, 1, TextOptions{Shapes: []string{"pino"}}); err == nil {
		t.Error("a shape of JSON in text")
	}
}
