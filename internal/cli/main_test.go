package cli

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/errwatch/errwatch/internal/app"
	"github.com/errwatch/errwatch/internal/config"
)

// run runs a command in a world of its own.
func run(t *testing.T, ctx context.Context, stdin io.Reader, stdout io.Writer, args ...string) (code int, stderr string) {
	t.Helper()
	var err strings.Builder
	code = Main(ctx, World{
		Args: args, Stdin: stdin, Stdout: stdout, Stderr: &err, SystemConfig: filepath.Join(t.TempDir(), "config.yaml"),
	})
	return code, err.String()
}

// endless is a log without end that interrupts its reader once reading has begun.
type endless struct{ interrupt func() }

func (e endless) Read(p []byte) (int, error) {
	e.interrupt()
	return copy(p, "ERROR onError code=4009\n"), nil
}

func TestInterruptedScan(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	var out strings.Builder
	code, stderr := run(t, ctx, endless{cancel}, &out, "scan", "-")
	if code != exitInterrupted || stderr != "error: interrupted\n" || out.Len() > 0 {
		t.Errorf("exit code %d, %q, %q", code, stderr, out.String())
	}
}

type brokenWriter struct{}

var errBroken = errors.New("no space left on device")

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

// TestOutputFails holds that nobody takes a report that could not be written for a whole one.
func TestOutputFails(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"codes"}, {"codes", "3014"}, {"codes", "-o", "json"}, {"codes", "-o", "csv"}, {"version"}, {"check"},
		{"explain", "a line"}, {"scan", "-"}, {"scan", "-o", "json", "-"}, {"scan", "-o", "csv", "-"},
	} {
		code, stderr := run(t, t.Context(), strings.NewReader("a line\n"), brokenWriter{}, args...)
		if code != exitFailed || !strings.Contains(stderr, "error: "+errBroken.Error()) {
			t.Errorf("%q: exit code %d, %q", args, code, stderr)
		}
	}
}

func TestReadingFails(t *testing.T) {
	t.Parallel()
	broken := func() io.Reader { return io.MultiReader(strings.NewReader("ERROR onError code=4009\n"), errReader{}) }
	var out strings.Builder
	code, stderr := run(t, t.Context(), broken(), &out, "scan", "-o", "csv", "-")
	if code != exitFailed || stderr != "error: standard input: the cable is out\n" || !strings.Contains(out.String(), ",4009,") {
		t.Errorf("scan: exit code %d, %q, %q", code, stderr, out.String())
	}
	code, stderr = run(t, t.Context(), broken(), &out, "explain")
	if code != exitFailed || stderr != "error: the cable is out\n" {
		t.Errorf("explain: exit code %d, %q", code, stderr)
	}
	long := io.MultiReader(strings.NewReader("short\n"), io.LimitReader(zeros{}, maxExplainLine+1))
	code, stderr = run(t, t.Context(), long, &out, "explain")
	if code != exitFailed || stderr != "error: line 2 is longer than 16.0 MiB\n" {
		t.Errorf("a long line: exit code %d, %q", code, stderr)
	}
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, errors.New("the cable is out") }

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '0'
	}
	return len(p), nil
}

func TestCodeWords(t *testing.T) {
	t.Parallel()
	var talk strings.Builder
	v := &voice{err: &talk}
	cfg := config.Default()
	cfg.Sources = []config.Source{{Name: "flutter", Catalog: "videosdk-flutter"}}
	cfg.Codes = []config.Code{{Code: "4999", Name: "Own", Category: "auth"}}
	in := []string{"4009", "9999", " MAX_PARTICIPANT_REACHED", "max_speaker_reached", "CAPACITY", "unknown", "Own", "screensahre"}
	want := []string{"4009", "9999", "MAX_PARTCIPANT_REACHED", "MAX_SPEAKER_REACHED", "capacity", "unknown", "Own", "screensahre"}
	if got := v.codeWords(cfg, in); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := talk.String(); strings.Count(got, "warning:") != 1 || !strings.Contains(got, "--code screensahre:") {
		t.Errorf("told %q", got)
	}
}

func TestProgressLine(t *testing.T) {
	t.Parallel()
	var p app.Progress
	b := &bar{p: &p}
	p.Bytes.Store(100 << 20)
	if got, want := b.line(10*time.Second, 0), "reading  100 MiB  10.0 MiB/s"; got != want {
		t.Errorf("of a pipe: %q, want %q", got, want)
	}
	p.Total.Store(400 << 20)
	file := "evil\x1b.log"
	p.File.Store(&file)
	if got, want := b.line(10*time.Second, 0), `reading  25 %  100 MiB of 400 MiB  10.0 MiB/s  30 s left  evil\x1b.log`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := b.line(10*time.Second, 20), `reading  25 %  100 …`; got != want {
		t.Errorf("cut: %q, want %q", got, want)
	}
	if got := b.line(0, 0); strings.Contains(got, "left") {
		t.Errorf("at the start nobody can know: %q", got)
	}
	p.Bytes.Store(500 << 20) // a file that grows meanwhile
	if got := b.line(10*time.Second, 0); !strings.Contains(got, "100 %") || !strings.Contains(got, " 0 s left") {
		t.Errorf("beyond its end: %q", got)
	}
}

func TestEndText(t *testing.T) {
	t.Parallel()
	from := time.Date(2026, 11, 20, 23, 50, 0, 0, time.UTC)
	for end, want := range map[time.Time]string{
		{}:                          "end",
		from.Add(5 * time.Minute):   "23:55",
		from.Add(time.Hour):         "2026-11-21 00:50",
		from.Add(365 * 24 * 3600e9): "2027-11-20 23:50",
	} {
		if got := endText(from, end); got != want {
			t.Errorf("endText(%v) = %q, want %q", end, got, want)
		}
	}
}
