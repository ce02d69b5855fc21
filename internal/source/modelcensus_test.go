package source

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

var (
	modelCases = flag.Uint64("model.cases", defaultCases, "how many cases TestModel plays")
	modelSeed  = flag.Uint64("model.seed", 1, "the seed of the first case of TestModel; 0: that of the clock")
)

// enoughCases is from how many cases on chance is no excuse.
const enoughCases = 2000

// leastMeetings is how often each operation must have met each state for the model test to prove anything.
const leastMeetings = 20

// impossible lists what cannot meet, and why.
var impossible = map[string]string{
	"tick down":    "who is down does not look",
	"commit down":  "who is down does not commit",
	"kill down":    "who is down cannot be killed",
	"restart down": "that is a start",

	"start behind":  "who is up cannot be started",
	"start at end":  "who is up cannot be started",
	"start partial": "who is up cannot be started",
	"start rotated": "who is up cannot be started",

	"the log loses its end rotated": "it is the file that is written which has an end that is not on the disk yet",
}

// TestModel plays random operations of a writer, of rotation and of a failing machine. Without truncation and deletion
// the lines that were counted must be those that were written, and nothing may be told as lost; with them, none may be
// counted twice or made up, and none may be missing that could still be read. A failing case is played again with its
// seed, -model.seed SEED -model.cases 1; times of files are part of it, so it may take a few tries.
func TestModel(t *testing.T) {
	t.Parallel()
	seed := *modelSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("%d cases from seed %d on", *modelCases, seed)
	const shards = 4
	var mu sync.Mutex
	met := map[string]int{}
	t.Run("cases", func(t *testing.T) {
		for shard := range uint64(shards) {
			t.Run(fmt.Sprint(shard), func(t *testing.T) {
				t.Parallel()
				inMemory := memoryDirs(t)
				for i := shard; i < *modelCases; i += shards {
					seen := modelCase(t, seed+i, inMemory)
					mu.Lock()
					for what, n := range seen {
						met[what] += n
					}
					mu.Unlock()
				}
			})
		}
	})
	if *modelCases >= enoughCases && !t.Failed() {
		census(t, met)
	}
}

// memoryDirs makes folders on a file system in memory, where there is one: most cases are played there, since that is
// several times faster. The others need a disk, which uses inode numbers again.
func memoryDirs(t *testing.T) func() string {
	top, err := os.MkdirTemp("/dev/shm", "errwatch-model-")
	if err != nil {
		return t.TempDir
	}
	t.Cleanup(func() { os.RemoveAll(top) })
	return func() string {
		dir, err := os.MkdirTemp(top, "")
		if err != nil {
			t.Fatal(err)
		}
		return dir
	}
}

func modelCase(t *testing.T, seed uint64, inMemory func() string) map[string]int {
	dirs, lossy := inMemory, seed%2 == 1
	if seed%16 < 2 {
		dirs = t.TempDir
	}
	m := newModel(t, dirs(), seed, lossy)
	m.run(20 + m.rnd.IntN(60))
	if t.Failed() {
		t.Fatalf("seed %d, lossy %v", seed, lossy)
	}
	if m.eager != nil {
		m.seen[readAhead] += m.eager.started
	}
	m.m.closeAll()
	os.RemoveAll(m.dir) // not only at the end: memory is scarce
	return m.seen
}

// readAhead is what blocks that were read ahead are counted under.
const readAhead = "blocks read ahead"

// census prints how often each operation has met each state, and wants enough of each.
func census(t *testing.T, met map[string]int) {
	var text strings.Builder
	fmt.Fprintf(&text, "%-34s", "")
	for _, s := range states {
		fmt.Fprintf(&text, "%9s", s)
	}
	for _, op := range operations {
		fmt.Fprintf(&text, "\n%-34s", op.name)
		for _, s := range states {
			what := op.name + " " + s
			fmt.Fprintf(&text, "%9d", met[what])
			switch _, not := impossible[what]; {
			case not && met[what] > 0:
				t.Errorf("%s: met %d times, and should be impossible", what, met[what])
			case !not && met[what] < leastMeetings:
				t.Errorf("%s: met %d times, want %d", what, met[what], leastMeetings)
			}
		}
	}
	fmt.Fprintf(&text, "\n%-34s%9d", readAhead, met[readAhead])
	if met[readAhead] < leastMeetings {
		t.Errorf("%s: %d, want %d", readAhead, met[readAhead], leastMeetings)
	}
	t.Log("how often each operation met each state:\n" + text.String())
}
