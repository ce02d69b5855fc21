package app

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/errwatch/errwatch/internal/sim"
	"github.com/errwatch/errwatch/internal/store"
)

// crash ends the daemon as a kill does: all since its last commit is gone.
func (r *rig) crash() {
	r.t.Helper()
	r.breakCommits(func() error { return errors.New("killed") })
	_ = r.stop() // it fails, unless there was nothing to commit
	r.breakCommits(nil)
	r.start()
}

// slowWriter writes records of several lines in portions of any size.
type slowWriter struct {
	rng   *rand.Rand
	files map[string]string // what is still to be written
}

func newSlowWriter(rng *rand.Rand, at time.Time) *slowWriter {
	var multi, cri, docker []byte
	for i := range 25 {
		at = at.Add(time.Second)
		first := at.Format("2006-01-02T15:04:05.000Z") + " ERROR [room] onError"
		second := fmt.Sprintf("  code=%d meetingId=m%d", 3014+rng.IntN(3), i)
		switch rng.IntN(4) {
		case 0: // the last line says that it is another error
			first, second = first+fmt.Sprintf(" code=%d", 3014+rng.IntN(3)), "  name=MAX_SPEAKER_REACHED"
		case 1: // and here there is nothing to say
			first, second = first+" code=3014", "  \tat frame"
		}
		multi = append(multi, first+"\n"+second+"\n"+strings.Repeat("\tat frame\n", rng.IntN(3))...)
		if rng.IntN(12) == 0 {
			multi = append(multi, strings.Repeat("3014 ", 2000)+"\n"...)
		}
		cri = sim.AppendCRI(cri, []byte(first+second), "stderr", at, i/2, i/2+20)
		docker = sim.AppendDocker(docker, []byte(first), "stderr", at)
		docker = sim.AppendDocker(docker, []byte(second), "stderr", at)
	}
	return &slowWriter{rng, map[string]string{"multi.log": string(multi), "cri.log": string(cri), "docker.log": string(docker)}}
}

// write takes n steps; false: all is written.
func (w *slowWriter) write(r *rig, n int) bool {
	for range n {
		for name, rest := range w.files {
			portion := min(len(rest), w.rng.IntN(400))
			if i := strings.IndexByte(rest[portion:], '\n'); i >= 0 && w.rng.IntN(2) == 0 {
				portion += i + 1 // half of the portions are whole lines
			}
			r.write(name, rest[:portion])
			if w.files[name] = rest[portion:]; w.files[name] == "" {
				delete(w.files, name)
			}
		}
	}
	return len(w.files) > 0
}

// Records that stand on several lines count as scan counts them, whatever pauses their writer makes, and at whatever
// moment errwatch is killed.
func TestPausesAndKillsChangeNoCount(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(seed, 7))
			r := newBareRig(t)
			r.configureAll(joinedConfig + "rules: []\n")
			r.frozen = time.Now()
			w := newSlowWriter(rng, midday())
			r.start()
			for w.write(r, 1+rng.IntN(3)) {
				switch rng.IntN(5) {
				case 0:
					r.crash()
				case 1:
					r.restart()
				case 2, 3:
					r.caughtUp()
					r.pass(time.Second) // longer than any record waits
					r.shown()
				}
			}
			// What was counted too early is made up by what comes.
			end := midday().Add(time.Hour).Format("2006-01-02T15:04:05.000Z")
			for _, code := range []string{"3014", "3015", "3016"} {
				for range 20 {
					text := end + " ERROR [room] onError code=" + code
					r.write("multi.log", text+"\n")
					r.write("docker.log", string(sim.AppendDocker(nil, []byte(text), "stderr", midday())))
				}
			}
			want := map[string]int64{}
			res := scanned(t, planOf(t, strings.ReplaceAll(joinedConfig, "DIR", r.dir)), ScanOptions{Paths: []string{r.dir}, Workers: 2})
			for _, e := range res.Events {
				want[e.Source+" "+e.Code] += e.Count
			}
			r.caughtUp()
			r.pass(time.Second)
			var got map[string]int64
			r.until("all is counted", func() bool {
				got = map[string]int64{}
				lines := int64(0)
				for _, s := range r.d.current.Load().counters.Snapshot() {
					lines += s.Lines
					for _, c := range s.Codes {
						got[c.Source+" "+c.Code] += c.Value
					}
				}
				return lines == res.Lines
			})
			if !maps.Equal(got, want) {
				t.Errorf("run counts %v, scan %v", got, want)
			}
		})
	}
}

// caughtUp waits until all whole lines are read. Each source has one file.
func (r *rig) caughtUp() {
	r.t.Helper()
	r.until("all is read", func() bool {
		for _, s := range (view{r.d}).Status().Sources {
			b, err := os.ReadFile(filepath.Join(r.dir, s.Name+".log"))
			if err != nil {
				r.t.Fatal(err)
			}
			if whole := bytes.LastIndexByte(b, '\n') + 1; !s.CaughtUp || s.Bytes < int64(whole) {
				return false
			}
		}
		return true
	})
}

// shown waits until what waits for more lines is handed out, as the state tells.
func (r *rig) shown() {
	r.t.Helper()
	r.until("what waits is shown", func() bool {
		waiting := 0
		err := r.d.db.Read(r.t.Context(), func(tx *store.Tx) error {
			return each(tx, "SELECT count(*) FROM files WHERE resume < offset AND shown < offset", func(scan func(...any) error) error { return scan(&waiting) })
		})
		if err != nil {
			r.t.Fatal(err)
		}
		return waiting == 0
	})
}
