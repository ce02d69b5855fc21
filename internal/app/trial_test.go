package app

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// lineAt is a line of the log at an offset from noon.
func lineAt(d time.Duration, text string) string {
	return noon.Add(d).Format("2006-01-02T15:04:05.000Z ") + text + "\n"
}

func denialAt(d time.Duration) string { return lineAt(d, "ERROR [room] onError code=3014") }

func quietAt(d time.Duration) string { return lineAt(d, "INFO [room] all is well") }

// logs writes files into a folder of its own; those that end in .gz are packed.
func logs(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		content := []byte(text)
		if strings.HasSuffix(name, ".gz") {
			var b bytes.Buffer
			z := gzip.NewWriter(&b)
			if _, err := z.Write(content); err != nil {
				t.Fatal(err)
			}
			if err := z.Close(); err != nil {
				t.Fatal(err)
			}
			content = b.Bytes()
		}
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func scanAll(t testing.TB, p *Plan, dir string, workers int) *ScanResult {
	t.Helper()
	r, err := p.Scan(context.Background(), ScanOptions{Paths: []string{filepath.Join(dir, "*")}, Workers: workers, Now: time.Now})
	if err != nil || len(r.Failed) > 0 {
		t.Fatal(err, r.Failed)
	}
	return r
}

// spans writes when alerts fired, as offsets from noon.
func spans(fired []Fired) string {
	var out []string
	for _, f := range fired {
		end := "end"
		if !f.EndsAt.IsZero() {
			end = f.EndsAt.Sub(noon).String()
		}
		out = append(out, fmt.Sprintf("%s %s-%s peak %g", f.Rule, f.StartsAt.Sub(noon), end, f.Peak))
	}
	return strings.Join(out, ", ")
}

const burstRule = `
rules: [{name: Burst, match: {codes: ["3014"]}, count: {above: 2}, window: 1m}]
`

func TestOldLogsAreJudgedInOrderOfTime(t *testing.T) {
	t.Parallel()
	const s, m = time.Second, time.Minute
	long := strings.Repeat(quietAt(0), 8_000) // more than a block of reading
	for _, c := range []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"one file", map[string]string{"a.log": denialAt(0) + denialAt(s) + denialAt(2*s) + denialAt(5*m)},
			"Burst 2s-1m0s peak 3"},
		{"the last event ends nothing, later lines do", map[string]string{"a.log": denialAt(0) + denialAt(s) + denialAt(2*s) + quietAt(m)},
			"Burst 2s-1m0s peak 3"},
		{"nor does a line that comes before", map[string]string{"a.log": denialAt(0) + denialAt(s) + denialAt(2*s) + quietAt(59*s)},
			"Burst 2s-end peak 3"},
		{"a stack trace at the end has no time", map[string]string{"a.log": denialAt(0) + denialAt(s) + denialAt(2*s) + quietAt(m) + strings.Repeat("  at x\n", 9)},
			"Burst 2s-1m0s peak 3"},
		{"files that overlap", map[string]string{
			"a.log": denialAt(0) + denialAt(2*s), "b.log.gz": denialAt(s) + quietAt(2*m), "c.log": denialAt(3 * s)},
			"Burst 2s-1m1s peak 4"},
		{"lines out of order", map[string]string{"a.log": denialAt(2*s) + denialAt(0) + denialAt(s) + quietAt(0)},
			"Burst 2s-end peak 3"},
		{"lines out of order, a block apart", map[string]string{"a.log": denialAt(2*s) + long + denialAt(0) + denialAt(s) + quietAt(2*s)},
			"Burst 2s-end peak 3"},
		{"a wild time in the middle", map[string]string{"a.log": denialAt(0) + denialAt(999*time.Hour) + denialAt(s) + long + denialAt(2*s) + quietAt(2*m)},
			"Burst 2s-1m0s peak 3"},
		{"lines without a time are nowhere", map[string]string{"a.log": denialAt(0) + strings.Repeat("ERROR onError code=3014\n", 5) + quietAt(s)}, ""},
	} {
		for _, workers := range []int{1, 3} {
			if got := spans(scanAll(t, planOf(t, burstRule), logs(t, c.files), workers).Fired); got != c.want {
				t.Errorf("%s, %d workers: %q, want %q", c.name, workers, got, c.want)
			}
		}
	}
}

func TestScanKeepsToItsTimes(t *testing.T) {
	t.Parallel()
	dir := logs(t, map[string]string{"a.log": denialAt(0) + denialAt(time.Second) + denialAt(2*time.Second) + denialAt(3*time.Second) + quietAt(time.Hour)})
	r, err := planOf(t, burstRule).Scan(context.Background(), ScanOptions{
		Paths: []string{dir}, Workers: 1, Now: time.Now, Since: noon.Add(time.Second), Until: noon.Add(time.Minute),
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := spans(r.Fired); got != "Burst 3s-end peak 3" {
		t.Errorf("%q", got)
	}
}

// More alerts than are kept are counted.
func TestATrialIsBounded(t *testing.T) {
	t.Parallel()
	tr, err := planOf(t, `rules: [{name: Each, match: {codes: ["3014"]}, count: {above: 0}, window: 1s}]`).newTrial(true)
	if err != nil {
		t.Fatal(err)
	}
	const n = maxFired + 50
	for i := range n {
		it := item{}
		it.Source, it.Pattern, it.Code, it.Time = "default", "p", "3014", noon.Add(time.Duration(i)*2*time.Second)
		tr.take(&it)
	}
	fired := tr.fired()
	if len(fired) != maxFired || tr.more != 50 || tr.counts["Each"] != n {
		t.Errorf("%d kept, %d more, %d in all", len(fired), tr.more, tr.counts["Each"])
	}
	if first, last := fired[0].StartsAt, fired[maxFired-1]; !first.Equal(noon) || last.EndsAt.IsZero() {
		t.Errorf("the first began at %s, the last ended at %s", first, last.EndsAt)
	}
}

// Silence in old logs is found where it begins and ends, whatever the blocks in which they are read.
func TestSilenceInOldLogs(t *testing.T) {
	t.Parallel()
	const s, m = time.Second, time.Minute
	plan := planOf(t, `
rules:
  - {name: Silent, absent: {}, window: 10m}
  - {name: NoDenials, match: {codes: ["3014"]}, absent: {}, window: 20m}
  - {name: Few, count: {below: 2}, window: 30m}
`)
	every := func(from, to, step time.Duration) string {
		var b strings.Builder
		for at := from; at < to; at += step {
			b.WriteString(quietAt(at))
		}
		return b.String()
	}
	for _, c := range []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"a gap within a block", map[string]string{"a.log": every(0, 5*m, s) + every(17*m, 18*m, s)},
			"Silent 14m59s-17m0s peak 721"},
		{"two gaps", map[string]string{"a.log": every(0, m, s) + every(12*m, 13*m, s) + quietAt(24*m)},
			"Silent 10m59s-12m0s peak 661, Silent 22m59s-24m0s peak 661"},
		{"a gap at the border of a block", map[string]string{"a.log": every(0, 3*m, 20*time.Millisecond) + every(15*m, 15*m+s, s)},
			"Silent 12m59.98s-15m0s peak 720.02"},
		{"another file has the lines", map[string]string{"a.log": every(0, 5*m, s) + every(17*m, 18*m, s), "b.log": every(0, 18*m, m)}, ""},
		{"a denial is missed once one came", map[string]string{"a.log": denialAt(0) + every(s, 40*m, m)},
			"NoDenials 20m0s-end peak 2341, Few 30m0s-end peak 0"},
		{"to the end of the logs", map[string]string{"a.log": every(0, m, s), "b.log": quietAt(10*m + 58*s)}, ""},
	} {
		if got := spans(scanAll(t, plan, logs(t, c.files), 2).Fired); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
