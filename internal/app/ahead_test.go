package app

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/errwatch/errwatch/internal/source"
)

const aheadConfig = `
server: {listen: "127.0.0.1:0"}
sources:
  - {name: multi, paths: ["DIR/multi*"], multiline: {start: '^\d{4}-'}, time: {zone: UTC}}
  - {name: boxed, paths: ["DIR/boxed*"], multiline: {start: '^\d{4}-'}, time: {zone: UTC}}
  - {name: plain, paths: ["DIR/*.log"], exclude: ["multi*", "boxed*"], time: {zone: UTC}}
limits: {line: 4KiB}
`

// total is what a scan of the folder, or a daemon on it, has counted: events by source and code, lines, and skipped lines.
func (r *rig) total() map[string]int64 {
	out := map[string]int64{}
	for _, s := range r.d.current.Load().counters.Snapshot() {
		out["lines"] += s.Lines
		for _, c := range s.Codes {
			if c.Value > 0 {
				out[c.Source+" "+c.Code+" "+c.Name] += c.Value
			}
		}
		for _, k := range s.Skipped {
			if k.Value > 0 {
				out["skipped "+k.Name] += k.Value
			}
		}
	}
	return out
}

func totalOf(r *ScanResult) map[string]int64 {
	out := map[string]int64{"lines": r.Lines}
	for _, e := range r.Events {
		out[e.Source+" "+e.Code+" "+e.Name] += e.Count
	}
	for reason, n := range r.Skipped {
		out["skipped "+reason] += n
	}
	return out
}

// A file that is far behind is parsed by all cores: wherever blocks end, in whatever form its lines are, and whenever
// errwatch is killed meanwhile, or the file rotated, the counts are those of a scan.
func TestRunAheadCountsAsScan(t *testing.T) {
	t.Parallel()
	for name, text := range blockLogs(t) {
		if !strings.HasSuffix(text, "\n") {
			text += "\n" // a line without its end waits for ever in a file that is followed
		}
		for i, block := range []int{90, 1001} {
			t.Run(fmt.Sprintf("%s in blocks of %d", name, block), func(t *testing.T) {
				t.Parallel()
				r := newBareRig(t)
				r.blocks = source.Ahead{From: 1, Block: block, Blocks: 2 + i, Turn: 1 + block%5}
				r.configureAll(aheadConfig + "rules: []\n")
				r.write(name, text)
				rng := rand.New(rand.NewPCG(uint64(block), uint64(len(name))))
				want := totalOf(scanned(t, planOf(t, strings.ReplaceAll(aheadConfig, "DIR", r.dir)), ScanOptions{Paths: []string{filepath.Join(r.dir, name)}}))
				r.start()
				for range 3 {
					r.crashIn(rng.IntN(4))
				}
				r.pass(time.Hour) // longer than any record waits
				r.until("all is counted", func() bool { return r.total()["lines"] >= want["lines"] })
				if got := r.total(); !maps.Equal(got, want) {
					t.Errorf("run counts %v, scan %v", got, want)
				}
			})
		}
	}
}

// crashIn kills the daemon in the n-th commit from now on.
func (r *rig) crashIn(n int) {
	r.t.Helper()
	r.breakCommits(func() error {
		if n--; n < 0 {
			return errors.New("killed")
		}
		return nil
	})
	_ = r.stop()
	r.breakCommits(nil)
	r.start()
}
