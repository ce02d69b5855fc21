package app

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/errwatch/errwatch/internal/sim"
)

// blocksConfig has a source for each way in which lines may belong together, and rules that depend on order and on
// silence.
const blocksConfig = `
sources:
  - {name: multi, paths: ["/*/**/multi*"], multiline: {start: '^\d{4}-'}, time: {zone: UTC}}
  - {name: boxed, paths: ["/*/**/boxed*"], multiline: {start: '^\d{4}-'}, time: {zone: UTC}}
rules:
  - {name: Burst, count: {above: 3}, window: 10s, by: [code]}
  - {name: Many, distinct: {of: meeting, above: 3}, window: 1m}
  - {name: Silence, absent: {}, window: 30s}
limits: {line: 4KiB}
`

// blockLogs are logs in all forms, among them such in which records reach over many lines, are cut, too long, never end,
// or have a time without a year.
func blockLogs(t testing.TB) map[string]string {
	files := map[string]string{}
	for i, form := range sim.Forms() {
		text, _ := simText(t, 12<<10, sim.TextOptions{Seed: uint64(i), Form: form, Events: 0.3, Step: 200 * time.Millisecond})
		files[string(form)+".log"] = string(text)
	}
	joined := joinedLogs()
	files["multi.log"] = joined["multi.log"]
	files["boxed.log"] = joined["docker.log"]
	files["cri-cut.log"] = joined["cri.log"]
	files["mixed.log"] = mixedLog()
	files["multi-mixed.log"] = mixedLog()
	return files
}

// mixedLog holds what does not go together, and gaps.
func mixedLog() string {
	var b []byte
	at := time.Date(2026, 12, 31, 23, 58, 0, 0, time.UTC)
	for i := range 120 {
		at = at.Add(time.Second)
		if i%40 == 39 {
			at = at.Add(2 * time.Minute)
		}
		stamp := at.Format(time.Stamp)
		switch i % 8 {
		case 0:
			b = fmt.Appendf(b, "%s host app[1]: ERROR onError code=%d meetingId=m%d\r\n", stamp, 4000+i%13, i)
		case 1:
			b = fmt.Appendf(b, "%s host app[1]: ERROR something else %d for a@example.com\n", stamp, i)
		case 2:
			b = sim.AppendCRI(b, fmt.Appendf(nil, "%s ERROR onError code=3014 meetingId=c%d", at.Format(time.RFC3339), i), "stderr", at, 9, 30)
		case 3:
			b = append(b, "\x00\x00\x00"+strings.Repeat("4009 ", i*12)+"\n\n"...)
		case 4:
			b = sim.AppendDocker(b, fmt.Appendf(nil, "ERROR onError code=5001 meetingId=d%d", i), "stdout", at)
		case 5: // a piece, and something of its other stream before it ends
			whole := sim.AppendCRI(nil, []byte("ERROR onError code=4009"), "stdout", at, 11)
			end := bytes.IndexByte(whole, '\n') + 1
			b = append(b, whole[:end]...)
			b = sim.AppendCRI(b, []byte("FATAL without a pattern"), "stderr", at)
			b = append(b, whole[end:]...)
		default:
			b = fmt.Appendf(b, "%s INFO line %d\n", at.Format(time.RFC3339), i)
		}
	}
	return string(sim.AppendCRI(b, []byte("ERROR onError code=4009 without an end"), "stdout", at, 20)) + "ERROR onError code=3014"
}

// counted is what of a result must not even depend on where blocks end. Out of order in time as the mixed logs are,
// silence may show differently.
func counted(t testing.TB, r *ScanResult) string {
	x := *r
	x.Fired, x.Forms = nil, nil
	return sprint(t, x)
}

// Where the blocks of a file end, and how many workers search them, changes nothing.
func TestScanDoesNotDependOnBlocks(t *testing.T) {
	t.Parallel()
	plan := planOf(t, blocksConfig)
	files := blockLogs(t)
	dir := logs(t, files)
	for name, text := range map[string]string{"packed.gz": files["text.log"], "packed.zst": files["cri.log"]} {
		data := gzipped(t, []byte(text))
		if strings.HasSuffix(name, ".zst") {
			data = zstdPacked(t, []byte(text))
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	now := func() time.Time { return noon.Add(90 * 24 * time.Hour) }
	paths := []string{filepath.Join(dir, "*")} // all side by side, and each alone
	for _, name := range slices.Sorted(maps.Keys(files)) {
		paths = append(paths, filepath.Join(dir, name))
	}
	for _, path := range paths {
		whole := scanned(t, plan, ScanOptions{Paths: []string{path}, Unmatched: 9, Now: now})
		if len(whole.Events) == 0 || len(whole.Failed) > 0 {
			t.Errorf("%s: %d codes, failed %v", path, len(whole.Events), whole.Failed)
		}
		for _, block := range []int{19, 64, 333, 1001, 4096, 1 << 20} {
			var want string
			for _, workers := range []int{1, 2, 3, 7} {
				r := scanned(t, plan, ScanOptions{Paths: []string{path}, Unmatched: 9, Now: now, Workers: workers, block: block})
				if got := sprint(t, r); want == "" {
					want = got
				} else if got != want {
					t.Errorf("%s in blocks of %d with %d workers:\n%s\nwant\n%s", filepath.Base(path), block, workers, got, want)
				}
				if got, want := counted(t, r), counted(t, whole); got != want {
					t.Errorf("%s in blocks of %d:\n%s\nin one block\n%s", filepath.Base(path), block, got, want)
				}
			}
		}
	}
}

// At whatever byte a block ends, nothing changes.
func TestScanBlocksEndAnywhere(t *testing.T) {
	t.Parallel()
	plan := planOf(t, blocksConfig)
	now := func() time.Time { return noon }
	for name, text := range blockLogs(t) {
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, []byte(text[:min(len(text), 3000)]), 0o600); err != nil {
			t.Fatal(err)
		}
		want := counted(t, scanned(t, plan, ScanOptions{Paths: []string{file}, Unmatched: 9, Now: now}))
		for block := 1; block < 3000; block += 1 + block/40 {
			if got := counted(t, scanned(t, plan, ScanOptions{Paths: []string{file}, Unmatched: 9, Now: now, Workers: 3, block: block})); got != want {
				t.Errorf("%s in blocks of %d:\n%s\nin one block\n%s", name, block, got, want)
			}
		}
	}
}

// Whatever stands in a file, neither blocks nor workers change what is counted.
func FuzzScanBlocks(f *testing.F) {
	joined := "\nsources:\n  - {name: default, paths: [/nowhere], multiline: {start: '^[ab]'}}\n"
	plans := []*Plan{planOf(f, "limits: {line: 1KiB}\n"), planOf(f, "limits: {line: 1KiB}"+joined)}
	for _, text := range blockLogs(f) {
		f.Add([]byte(text[:min(len(text), 2000)]), uint16(100))
	}
	f.Add([]byte("a code=4009 ERROR\n b\na\x00\n\x00\x00b\r\nERROR code=3014 onError"), uint16(3))
	f.Fuzz(func(t *testing.T, data []byte, block uint16) {
		for i, plan := range plans {
			o := ScanOptions{Paths: []string{"-"}, Unmatched: 3, Now: func() time.Time { return noon }}
			do := func(workers, block int) *ScanResult {
				o.Stdin, o.Workers, o.block = bytes.NewReader(data), workers, block
				return scanned(t, plan, o)
			}
			size := 1 + int(block)%2048
			one, three, whole := do(1, size), do(3, size), do(2, 0)
			if a, b := sprint(t, one), sprint(t, three); a != b {
				t.Errorf("plan %d, blocks of %d: one worker\n%s\nthree\n%s", i, size, a, b)
			}
			if a, b := counted(t, one), counted(t, whole); a != b {
				t.Errorf("plan %d: blocks of %d\n%s\none block\n%s", i, size, a, b)
			}
		}
	})
}
