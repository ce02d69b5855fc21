//go:build linux

package main

import (
	"compress/gzip"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestALineIsKnownByBothItsEnds(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 20, 10, 15, 23, 0, time.UTC)
	for _, n := range []int{0, 7, 99, 12_345_678} {
		line := appendLine(nil, at, 3, n, stormClasses)
		if pen, got, ok := parseLine(line); !ok || pen != 3 || got != n {
			t.Errorf("line %d is taken for %d of pen %d, %t: %s", n, got, pen, ok, line)
		}
		for cut := 1; cut < len(line); cut++ {
			for _, piece := range [][]byte{line[cut:], line[:cut]} {
				if _, got, ok := parseLine(piece); ok && got != n {
					t.Errorf("a piece of line %d is taken for %d: %s", n, got, piece)
				}
			}
		}
		if _, _, ok := parseLine(line[1:]); ok {
			t.Errorf("a line without its first byte is taken for whole")
		}
	}
	glued := slices.Concat(appendLine(nil, at, 0, 1, 9)[:60], appendLine(nil, at, 0, 2, 9))
	if _, _, ok := parseLine(glued); ok {
		t.Errorf("two halves are taken for a line: %s", glued)
	}
}

func TestALossAndADoubleShow(t *testing.T) {
	t.Parallel()
	want := make([]int64, stormClasses)
	got := make([]int64, stormClasses)
	for n := range 50_000 {
		want[classOf(0, n, stormClasses)]++
		switch {
		case n >= 10_000 && n < 14_321: // lost
		case n >= 40_000 && n < 43_321: // twice, and of the same classes
			got[classOf(0, n, stormClasses)] += 2
		default:
			got[classOf(0, n, stormClasses)]++
		}
	}
	over, under := differences(want, got)
	if over == 0 || under == 0 {
		t.Errorf("of 4,321 lost and 3,321 doubled lines %d and %d show", under, over)
	}
	if over, under := differences(want, want); over != 0 || under != 0 {
		t.Errorf("the same differs by %d and %d", over, under)
	}
}

func TestSurvivors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	line := func(n int) string { return string(appendLine(nil, time.Now(), 0, n, stormClasses)) }
	plain := line(1) + "\n" + line(2) + "\n" + line(3) // the third has no end
	if err := os.WriteFile(filepath.Join(dir, "app00.log"), []byte("\x00\x00"+plain), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(dir, "app00.log.1.gz"))
	if err != nil {
		t.Fatal(err)
	}
	z := gzip.NewWriter(f)
	fmt.Fprintf(z, "%s\n%s\nnothing\n", line(2), line(40)) // the second stands in both
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := survivors(dir, stormClasses)
	if err != nil || total(got) != 3 || got[classOf(0, 40, stormClasses)] != 1 {
		t.Errorf("%d lines survive, %v; want 1, 2 and 40", total(got), err)
	}
}

func TestTallyAddsUpLikePrometheus(t *testing.T) {
	t.Parallel()
	var x tally
	for _, v := range []int64{5, 9, 2, 2, 7, 0, 1} {
		x.add([]int64{v})
	}
	if got := x.counts()[0]; got != 9+7+1 {
		t.Errorf("got %d, want %d", got, 9+7+1)
	}
}

func TestTheScraperSeesBreaches(t *testing.T) {
	t.Parallel()
	const head = "# TYPE errwatch_events counter\n"
	for name, c := range map[string]struct {
		pages []string
		want  string
	}{
		"all is well": {[]string{"errwatch_events_total{code=\"9000\"} 1\n", "errwatch_events_total{code=\"9000\"} 2\n"}, ""},
		"down":        {[]string{"errwatch_events_total{code=\"9000\"} 2\n", "errwatch_events_total{code=\"9000\"} 1\n"}, "from 2 down to 1"},
		"gone":        {[]string{"errwatch_events_total{code=\"9000\"} 2\n", ""}, "is gone"},
		"new created": {[]string{"errwatch_events_created{code=\"9000\"} 2\n", "errwatch_events_created{code=\"9000\"} 3\n"}, "changed from 2 to 3"},
		"no counter":  {[]string{"errwatch_source_files 2\n", "errwatch_source_files 1\n"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := 0
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				fmt.Fprint(w, head, c.pages[page])
				page++
			}))
			defer server.Close()
			s := &scraper{url: server.URL, known: exposition{}}
			for range c.pages {
				s.once()
			}
			if got := strings.Join(s.broken, "\n"); (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
				t.Errorf("it says %q, want %q", got, c.want)
			}
		})
	}
}

// Each rotation keeps all lines on the disk, but for those that are said not to.
func TestRotationsKeepWhatTheySay(t *testing.T) {
	t.Parallel()
	for _, k := range kinds() {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			p, err := newPen(0, dir, 1000, k.halves, stormClasses, &k)
			if err != nil {
				t.Fatal(err)
			}
			for turn := range 4 {
				for range 300 {
					p.line(time.Now())
				}
				if err := p.obey(order{Do: "rotate"}, &k); err != nil {
					t.Fatalf("turn %d: %v", turn, err)
				}
			}
			p.finish()
			if err := p.f.Close(); err != nil {
				t.Fatal(err)
			}
			there, err := survivors(dir, stormClasses)
			if err != nil {
				t.Fatal(err)
			}
			over, under := differences(p.counts, there)
			if over != 0 || under != 0 && !k.unlinks && !k.cuts && !k.torn {
				t.Errorf("of %d lines %d are on no disk, %d too many", p.lines, under, over)
			}
			if under == 0 && (k.unlinks || k.cuts) {
				t.Errorf("all %d lines are there, though it is said that they go", p.lines)
			}
		})
	}
}
