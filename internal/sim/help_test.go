package sim

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var start = time.Date(2026, 11, 20, 10, 15, 23, 123e6, time.UTC)

func testCodes() (codes, foreign []Code) {
	codes = []Code{full(), speakers(), token(), camera(), microphone()}
	for _, c := range []string{"4011", "4012", "4013", "4014", "5001", "5002"} {
		codes = append(codes, Code{Code: c, Name: "FAILED_" + c, Category: "recording"})
	}
	codes = append(codes, Code{Code: "4040", Name: "STOP_IT", Category: "recording", Aliases: []string{"STOP_THAT", "STOPP_IT"}})
	return codes, []Code{
		{Code: "3014", Name: "ERROR_SCREENSHARE_PERMISSION_DENIED", Category: "permission"},
		{Code: "4010", Name: "MAX_SPEAKER_REACHED", Category: "capacity"}, // known to codes too: not foreign
	}
}

// unwrap takes the records out of their envelopes, joining the pieces of each stream.
func unwrap(t testing.TB, raw []byte) []string {
	t.Helper()
	if len(raw) == 0 || raw[len(raw)-1] != '\n' {
		t.Fatalf("no line end at the end of %q", raw)
	}
	var out []string
	pieces := map[string]string{}
	for line := range strings.Lines(string(raw)) {
		line = strings.TrimSuffix(line, "\n")
		var d struct{ Log, Stream, Time string }
		words := strings.SplitN(line, " ", 4)
		switch {
		case strings.HasPrefix(line, `{"log":`):
			if err := json.Unmarshal([]byte(line), &d); err != nil || !strings.HasSuffix(d.Log, "\n") || d.Stream == "" {
				t.Fatalf("%q: %v", line, err)
			}
			parseTime(t, d.Time)
			out = append(out, strings.TrimSuffix(d.Log, "\n"))
		case len(words) == 4 && (words[2] == "P" || words[2] == "F") && (words[1] == "stdout" || words[1] == "stderr"):
			parseTime(t, words[0])
			pieces[words[1]] += words[3]
			if words[2] == "F" {
				out = append(out, pieces[words[1]])
				pieces[words[1]] = ""
			}
		default:
			out = append(out, line)
		}
	}
	for stream, rest := range pieces {
		if rest != "" {
			t.Errorf("%s ends in the middle of a record: %q", stream, rest)
		}
	}
	return out
}

func parseTime(t testing.TB, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// isEvent says how the lines of this package's events look, decoys and ordinary lines do not.
func isEvent(line string) bool {
	for _, mark := range []string{
		"onError code=", "onError name=", "VIDEOSDK ERROR ::", "meeting error", "meetingErr ", "join refused",
		`"level":"error","code"`, `"level":"error","name"`,
	} {
		if strings.Contains(line, mark) {
			return true
		}
	}
	return false
}

func readAll(t testing.TB, dir string) []byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	var all bytes.Buffer
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(b)
	}
	return all.Bytes()
}

func sum(events map[string]int64) (n int64) {
	for _, k := range events {
		n += k
	}
	return n
}

// checkTruth compares what was claimed with what was written.
func checkTruth(t testing.TB, raw []byte, truth Truth) {
	t.Helper()
	records := unwrap(t, raw)
	events := int64(0)
	for _, r := range records {
		if isEvent(r) {
			events++
		}
	}
	lines := int64(bytes.Count(raw, []byte("\n")))
	if lines != truth.Lines || int64(len(raw)) != truth.Bytes || int64(len(records)) != truth.Records || events != sum(truth.Events) {
		t.Errorf("%d lines, %d bytes, %d records, %d events, but the truth says %+v", lines, len(raw), len(records), events, truth)
	}
}
