package app

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/errwatch/errwatch/internal/sim"
)

func gzipped(t testing.TB, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write(text)
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zstdPacked(t testing.TB, text []byte) []byte {
	t.Helper()
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	return z.EncodeAll(text, nil)
}

func scanned(t testing.TB, p *Plan, o ScanOptions) *ScanResult {
	t.Helper()
	if o.Now == nil {
		o.Now = time.Now
	}
	r, err := p.Scan(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func simText(t testing.TB, n int64, o sim.TextOptions) ([]byte, sim.Truth) {
	t.Helper()
	var b bytes.Buffer
	truth, err := sim.Text(&b, n, o)
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), truth
}

// How a log is packed, and whether it comes as a file or through standard input, changes nothing.
func TestScanUnpacks(t *testing.T) {
	t.Parallel()
	text, truth := simText(t, 256<<10, sim.TextOptions{})
	plan := planOf(t, "")
	var want string
	for _, tt := range []struct {
		name string
		data []byte
	}{
		{"a.log", text},
		{"a.log.gz", gzipped(t, text)},
		{"a.log.zst", zstdPacked(t, text)},
		{"rotated.1", gzipped(t, text)}, // told by its content
		{"twice.gz", append(gzipped(t, text[:bytes.IndexByte(text, '\n')+1]), gzipped(t, text[bytes.IndexByte(text, '\n')+1:])...)}, // two members
	} {
		file := filepath.Join(t.TempDir(), tt.name)
		if err := os.WriteFile(file, tt.data, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, o := range []ScanOptions{{Paths: []string{file}}, {Paths: []string{"-"}, Stdin: bytes.NewReader(tt.data)}} {
			r := scanned(t, plan, o)
			got := sprint(t, r)
			if want == "" {
				want = got
			}
			if got != want || len(r.Failed) > 0 || r.Lines != truth.Lines {
				t.Errorf("%s as %s: %s\nwant %s", tt.name, o.Paths, got, want)
			}
		}
	}
}

// What was read of a file that breaks off counts, the file is told of, and the others count whole.
func TestScanOfBrokenFiles(t *testing.T) {
	t.Parallel()
	text, _ := simText(t, 512<<10, sim.TextOptions{}) // several blocks of zstd
	const whole = 7
	plan := planOf(t, "")
	for name, data := range map[string][]byte{"gz": gzipped(t, text), "zst": zstdPacked(t, text)} {
		last := int64(0)
		for _, part := range []int{0, 3, 12, len(data) / 3, len(data) / 2, len(data) - 1} {
			dir := logs(t, map[string]string{"whole.log": strings.Repeat("ERROR onError code=4009\n", whole)})
			cut := filepath.Join(dir, "cut."+name)
			if err := os.WriteFile(cut, data[:part], 0o600); err != nil {
				t.Fatal(err)
			}
			r := scanned(t, plan, ScanOptions{Paths: []string{filepath.Join(dir, "*")}, Workers: 2})
			if n := tally(r, "4009") - tally(scanned(t, plan, ScanOptions{Paths: []string{cut}}), "4009"); n != whole {
				t.Errorf("%s cut at %d: the other file counts %d, want %d", name, part, n, whole)
			}
			if part <= 3 {
				continue // an empty file is whole, and three bytes are no packed file
			}
			if len(r.Failed) != 1 || !strings.Contains(r.Failed[0].Err.Error(), "cut."+name) {
				t.Errorf("%s cut at %d: failed are %v, want the one that is cut", name, part, r.Failed)
			}
			if r.Lines < last || r.Lines > int64(bytes.Count(text, []byte{'\n'}))+whole {
				t.Errorf("%s cut at %d: %d lines, and of less of it %d", name, part, r.Lines, last)
			}
			last = r.Lines
		}
		if last < 1000 {
			t.Errorf("%s: at most %d lines were read of what is cut", name, last)
		}
	}
}

func tally(r *ScanResult, code string) (n int64) {
	for _, e := range r.Events {
		if e.Code == code {
			n += e.Count
		}
	}
	return n
}

// However many workers read the files, the result is the same to the last byte.
func TestScanDoesNotDependOnWorkers(t *testing.T) {
	t.Parallel()
	files := map[string]string{}
	for i := range 6 {
		text, _ := simText(t, 64<<10, sim.TextOptions{
			Seed: uint64(i), Form: sim.Forms()[i%4], Events: 0.2, Start: noon.Add(time.Duration(i%3) * 20 * time.Second), Step: 50 * time.Millisecond,
		})
		files[fmt.Sprintf("%d.log", i)] = string(text)
	}
	dir := logs(t, files)
	plan := planOf(t, "rules:\n  - {name: Burst, count: {above: 4}, window: 10s, by: [code]}\n")
	var want string
	for _, workers := range []int{1, 2, 3, 8} {
		r := scanned(t, plan, ScanOptions{Paths: []string{dir}, Workers: workers, Unmatched: 5})
		if got := sprint(t, r); want == "" {
			want = got
		} else if got != want {
			t.Errorf("%d workers: %s\nwant %s", workers, got, want)
		}
		if len(r.Fired) < 3 || r.Files != len(files) {
			t.Errorf("%d workers: %d alerts in %d files", workers, len(r.Fired), r.Files)
		}
	}
}

// Filters leave out what they say, and nothing else.
func TestScanFilters(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range 10 {
		b.WriteString(denialAt(time.Duration(i) * time.Minute))
		b.WriteString(lineAt(time.Duration(i)*time.Minute, "ERROR [room] onError code=4009"))
	}
	b.WriteString("ERROR onError code=3014\n") // without a time
	file := filepath.Join(logs(t, map[string]string{"a.log": b.String()}), "a.log")
	plan := planOf(t, "")
	at := func(m int) time.Time { return noon.Add(time.Duration(m) * time.Minute) }
	for _, tt := range []struct {
		name       string
		o          ScanOptions
		n3014      int64
		n4009      int64
		undated    int64
		first, end int // minutes
	}{
		{"all", ScanOptions{}, 11, 10, 0, 0, 9},
		{"since is within", ScanOptions{Since: at(3)}, 7, 7, 1, 3, 9},
		{"until is not", ScanOptions{Until: at(3)}, 3, 3, 1, 0, 2},
		{"both", ScanOptions{Since: at(2), Until: at(5)}, 3, 3, 1, 2, 4},
		{"a code", ScanOptions{Codes: []string{"4009"}}, 0, 10, 0, 0, 9},
		{"a name", ScanOptions{Codes: []string{"ERROR_GET_VIDEO_MEDIA_PERMISSION_DENIED"}}, 11, 0, 0, 0, 9},
		{"a category", ScanOptions{Codes: []string{"capacity"}}, 0, 10, 0, 0, 9},
		{"two", ScanOptions{Codes: []string{"capacity", "3014"}, Since: at(9)}, 1, 1, 1, 9, 9},
		{"nothing", ScanOptions{Codes: []string{"5001"}}, 0, 0, 0, 0, 0},
	} {
		tt.o.Paths = []string{file}
		r := scanned(t, plan, tt.o)
		if a, b := tally(r, "3014"), tally(r, "4009"); a != tt.n3014 || b != tt.n4009 || r.Undated != tt.undated || r.Lines != 21 {
			t.Errorf("%s: %d and %d, %d undated, %d lines; want %d and %d, %d, 21", tt.name, a, b, r.Undated, r.Lines, tt.n3014, tt.n4009, tt.undated)
		}
		for _, e := range r.Events {
			if !e.First.Equal(at(tt.first)) || !e.Last.Equal(at(tt.end)) {
				t.Errorf("%s: %s from %s to %s, want minutes %d to %d", tt.name, e.Code, e.First, e.Last, tt.first, tt.end)
			}
		}
	}
}

// failing reads all of r and then fails.
type failing struct{ io.Reader }

var errPipe = errors.New("the pipe broke")

// Read fails at the end.
func (f failing) Read(b []byte) (int, error) {
	n, err := f.Reader.Read(b)
	if errors.Is(err, io.EOF) {
		err = errPipe
	}
	return n, err
}

func TestScanOfABrokenPipe(t *testing.T) {
	t.Parallel()
	r := scanned(t, planOf(t, ""), ScanOptions{Paths: []string{"-"}, Stdin: failing{strings.NewReader(denialAt(0) + denialAt(1) + "ERROR code=30")}})
	if tally(r, "3014") != 2 || len(r.Failed) != 1 || !errors.Is(r.Failed[0].Err, errPipe) {
		t.Errorf("%d counted, failed %v; want 2, and the pipe", tally(r, "3014"), r.Failed)
	}
}

// joinedConfig has sources whose records stand on several lines.
const joinedConfig = `
server: {listen: "127.0.0.1:0"}
sources:
  - {name: multi, paths: ["DIR/multi*.log"], multiline: {start: '^\d{4}-'}, time: {zone: UTC}}
  - {name: cri, paths: ["DIR/cri*.log"], envelope: cri, time: {zone: UTC}}
  - {name: docker, paths: ["DIR/docker*.log"], envelope: docker, multiline: {start: '^\d{4}-'}, time: {zone: UTC}}
limits: {line: 4KiB}
`

// joinedLogs are records that are cut, spread over lines, too long, and not ended.
func joinedLogs() map[string]string {
	at := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	var multi, cri, docker []byte
	for i := range 60 {
		at = at.Add(time.Second)
		first := at.Format("2006-01-02T15:04:05.000Z") + " ERROR [room] onError"
		second := fmt.Sprintf("  code=3014 meetingId=m%d", i)
		multi = append(multi, first+"\n"+second+"\n"+strings.Repeat("\tat frame\n", i%4)...)
		if i%20 == 7 {
			multi = append(multi, strings.Repeat("3014 ", 2000)+"\n\x00\x00\x00\n"...)
		}
		cri = sim.AppendCRI(cri, []byte(first+second), "stderr", at, i/2, i/2+20)
		docker = sim.AppendDocker(docker, []byte(first), "stderr", at)
		docker = sim.AppendDocker(docker, []byte(second), "stderr", at)
	}
	return map[string]string{"multi.log": string(multi), "cri.log": string(cri), "docker.log": string(docker)}
}

// read says that the files were read to their ends.
func (r *rig) read(files map[string]string) bool {
	for name, text := range files {
		source, _, _ := strings.Cut(name, ".")
		if s := r.status(source); !s.CaughtUp || s.Bytes < int64(len(text)) {
			return false
		}
	}
	return true
}

// Joined records count the same whether they are followed, in whatever portions they come, or scanned.
func TestRunCountsJoinedRecordsAsScan(t *testing.T) {
	t.Parallel()
	r := newBareRig(t)
	r.configureAll(joinedConfig)
	r.frozen = time.Now() // after a pause a record would be taken as it stands
	files := joinedLogs()
	for name, text := range files { // as it may be found at the start: in the middle of a record
		r.write(name, text[:len(text)/3+5])
	}
	r.start()
	for part := range 3 { // and how it goes on
		for name, text := range files {
			n := len(text)/3 + 5
			rest := text[n:]
			r.write(name, rest[len(rest)*part/3:len(rest)*(part+1)/3])
		}
		if part == 1 {
			r.restart()
		}
	}
	plan := planOf(t, strings.ReplaceAll(joinedConfig, "DIR", r.dir))
	res := scanned(t, plan, ScanOptions{Paths: []string{r.dir}, Workers: 2})
	want := map[string]int64{}
	for _, e := range res.Events {
		want[e.Source+" "+e.Code] += e.Count
	}
	if !maps.Equal(want, map[string]int64{"multi 3014": 60, "cri 3014": 60, "docker 3014": 60}) {
		t.Errorf("scan counts %v, want 60 of each", want)
	}
	r.until("all is read", func() bool { return r.read(files) })
	r.pass(time.Second) // the last records are over
	r.until("all is counted", func() bool {
		return r.countIn("multi", "3014") == 60 && r.countIn("cri", "3014") == 60 && r.countIn("docker", "3014") == 60
	})
	r.restart()
	got := r.metrics()
	var lines, skipped int64
	for series, v := range got {
		n, _ := strconv.ParseInt(v, 10, 64) // what is no whole number is none of these
		switch {
		case strings.HasPrefix(series, "errwatch_lines_total{"):
			lines += n
		case strings.HasPrefix(series, "errwatch_skipped_lines_total{"):
			skipped += n
		}
	}
	var left int64
	for _, n := range res.Skipped {
		left += n
	}
	if lines != res.Lines || skipped != left || left == 0 {
		t.Errorf("run counts %d lines and skips %d, scan %d and %d", lines, skipped, res.Lines, left)
	}
	var counts []string
	for _, c := range (view{r.d}).Counts() {
		if c.Value > 0 {
			counts = append(counts, fmt.Sprintf("%s %s %d", c.Source, c.Code, c.Value))
		}
	}
	slices.Sort(counts)
	if !slices.Equal(counts, []string{"cri 3014 60", "docker 3014 60", "multi 3014 60"}) {
		t.Errorf("after another restart: %v", counts)
	}
}
