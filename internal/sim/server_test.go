package sim

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func newServer(t testing.TB, c Config) *Server {
	t.Helper()
	if c.Dir == "" {
		c.Dir = t.TempDir()
	}
	s, err := NewServer(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// steps lets a server work for so long, in steps of so much.
func steps(t testing.TB, s *Server, from time.Time, long, step time.Duration) time.Time {
	t.Helper()
	end := from.Add(long)
	for at := from; ; at = at.Add(step) {
		if at.After(end) {
			at = end
		}
		if err := s.Step(at); err != nil {
			t.Fatal(err)
		}
		if at.Equal(end) {
			return end
		}
	}
}

func TestServerTruthOverRotations(t *testing.T) {
	t.Parallel()
	for _, form := range Forms() {
		dir := t.TempDir()
		s := newServer(t, Config{
			Dir: dir, Form: form, Seed: 5, LinesPerSecond: 20, RotateEvery: 7 * time.Second,
			EventsPerMinute: 60, IncidentEvery: 30 * time.Second,
		})
		steps(t, s, start, 2*time.Minute, 300*time.Millisecond)
		stats := s.Stats()
		checkTruth(t, readAll(t, dir), stats.Truth)
		if stats.Rotations != 17 || stats.Incidents != 4 || stats.Late == 0 || stats.Late > stats.Records/10 {
			t.Errorf("%s: %+v", form, stats)
		}
		if files, _ := filepath.Glob(filepath.Join(dir, "*")); len(files) != 18 {
			t.Errorf("%s: %d files", form, len(files))
		}
		if lines := stats.Records - sum(stats.Events); lines < 2200 || lines > 2600 {
			t.Errorf("%s: %d ordinary lines in two minutes at 20 a second", form, lines)
		}
	}
}

func TestServerDoesNotDependOnSteps(t *testing.T) {
	t.Parallel()
	var files [3]map[string]string
	var stats [3]Stats
	for i, step := range []time.Duration{time.Hour, 777 * time.Millisecond, 10 * time.Millisecond} {
		dir := t.TempDir()
		s := newServer(t, Config{Dir: dir, Seed: 9, LinesPerSecond: 20, RotateEvery: 11 * time.Second, IncidentEvery: 20 * time.Second})
		steps(t, s, start, time.Minute, step)
		stats[i], files[i] = s.Stats(), map[string]string{}
		paths, _ := filepath.Glob(filepath.Join(dir, "*"))
		for _, path := range paths {
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			files[i][filepath.Base(path)] = string(b)
		}
		if i > 0 && (!reflect.DeepEqual(files[0], files[i]) || !reflect.DeepEqual(stats[0], stats[i])) {
			t.Errorf("steps of %v change what is written", step)
		}
	}
}

// While a rotation is fresh, both files grow; later only the new one does.
func TestServerWritesLateLines(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := newServer(t, Config{Dir: dir, LinesPerSecond: 200, RotateEvery: time.Minute, LateFor: 2 * time.Second, EventsPerMinute: -1})
	size := func(name string) int64 {
		f, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return f.Size()
	}
	at := steps(t, s, start, time.Minute, time.Second)
	old, live := size("meeting.log.1"), size("meeting.log")
	at = steps(t, s, at, time.Second, time.Second)
	if size("meeting.log.1") == old || size("meeting.log") == live {
		t.Error("one of the two files does not grow")
	}
	at = steps(t, s, at, 2*time.Second, time.Second)
	old, live = size("meeting.log.1"), size("meeting.log")
	steps(t, s, at, 5*time.Second, time.Second)
	if size("meeting.log.1") != old || size("meeting.log") == live {
		t.Error("the renamed file still grows, or the live one does not")
	}
}

func TestServerWithoutLateLines(t *testing.T) {
	t.Parallel()
	s := newServer(t, Config{RotateEvery: time.Second, LateFor: -1})
	steps(t, s, start, 10*time.Second, time.Second)
	if stats := s.Stats(); stats.Late != 0 || stats.Rotations != 10 {
		t.Errorf("%+v", stats)
	}
}

func TestServerKeepsSomeFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := newServer(t, Config{Dir: dir, File: "sfu.log", RotateEvery: time.Second, Keep: 3})
	steps(t, s, start, 10*time.Second, time.Second)
	var names []string
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	for _, f := range files {
		names = append(names, filepath.Base(f))
	}
	if got := strings.Join(names, " "); got != "sfu.log sfu.log.1 sfu.log.2 sfu.log.3" {
		t.Errorf("the files are %s", got)
	}
}

// A second server in the same folder goes on where the first one stopped, and takes nothing away.
func TestServerGoesOn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var lines int64
	at := start
	for range 3 {
		s := newServer(t, Config{Dir: dir, RotateEvery: 4 * time.Second})
		at = steps(t, s, at, 10*time.Second, time.Second)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		lines += s.Stats().Lines
	}
	if got := int64(bytes.Count(readAll(t, dir), []byte("\n"))); got != lines {
		t.Errorf("%d lines in the files, %d were written", got, lines)
	}
}

var participant = regexp.MustCompile(`participantId=(p_\w+)`)

// tries counts the lines that match, by participant and by meeting.
func tries(raw []byte, match *regexp.Regexp) (people, meetings map[string]int) {
	people, meetings = map[string]int{}, map[string]int{}
	meeting := regexp.MustCompile(`meetingId=(\S+)`)
	for line := range bytes.Lines(raw) {
		if match.Match(line) {
			people[string(participant.FindSubmatch(line)[1])]++
			meetings[string(meeting.FindSubmatch(line)[1])]++
		}
	}
	return people, meetings
}

func TestIncidents(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		kind                 Incident
		match                string
		code                 string
		people, meetings     [2]int // at least, at most
		retries              bool
		eventsLeast, maxEach int
	}{
		{Denials, `onError (code=3014|name=ERROR_GET_VIDEO)`, "3014", [2]int{45, 45}, [2]int{4, 9}, false, 45, 1},
		{FullMeeting, `join refused (code=4009|name=MAX_PART)`, "4009", [2]int{22, 22}, [2]int{1, 1}, true, 40, 6},
		{BadTokens, `onError (code=4002|name=INVALID_TOKEN)`, "4002", [2]int{45, 45}, [2]int{15, 40}, true, 46, 2},
	} {
		dir := t.TempDir()
		s := newServer(t, Config{Dir: dir, EventsPerMinute: -1, Seed: 2, LinesPerSecond: 20})
		at := steps(t, s, start, time.Second, time.Second)
		if err := s.Trigger(test.kind); err != nil {
			t.Fatal(err)
		}
		at = steps(t, s, at, 10*time.Second, time.Second)
		if got := s.Stats(); got.Incident != test.kind || got.Incidents != 1 {
			t.Errorf("%s: in progress is %q", test.kind, got.Incident)
		}
		steps(t, s, at, 4*time.Minute, time.Second)
		stats := s.Stats()
		if stats.Incident != "" {
			t.Errorf("%s never ends", test.kind)
		}
		people, meetings := tries(readAll(t, dir), regexp.MustCompile(test.match))
		within(t, test.kind, "people", len(people), test.people)
		within(t, test.kind, "meetings", len(meetings), test.meetings)
		most, total := 0, 0
		for _, n := range people {
			most, total = max(most, n), total+n
		}
		if (most > 1) != test.retries || most > test.maxEach || total < test.eventsLeast || stats.Events[test.code] != int64(total) {
			t.Errorf("%s: %d tries, at most %d of one person, the truth says %v", test.kind, total, most, stats.Events)
		}
	}
}

func within(t *testing.T, kind Incident, what string, n int, bounds [2]int) {
	t.Helper()
	if n < bounds[0] || n > bounds[1] {
		t.Errorf("%s: %d %s, want %d to %d", kind, n, what, bounds[0], bounds[1])
	}
}

// Some of those whom a full meeting turned away get in later.
func TestSomeAreAdmitted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := newServer(t, Config{Dir: dir, EventsPerMinute: -1, IncidentSize: 200, LinesPerSecond: 1})
	if err := s.Trigger(FullMeeting); err != nil {
		t.Fatal(err)
	}
	steps(t, s, start, 5*time.Minute, time.Second)
	raw := readAll(t, dir)
	refused, _ := tries(raw, regexp.MustCompile("join refused"))
	joined, _ := tries(raw, regexp.MustCompile("participant joined"))
	in := 0
	for id := range refused {
		in += joined[id]
	}
	if in < 10 || in > 60 {
		t.Errorf("%d of %d people got in later", in, len(refused))
	}
}

func TestIncidentsTakeTurns(t *testing.T) {
	t.Parallel()
	s := newServer(t, Config{FirstIncident: 5 * time.Second, IncidentEvery: time.Minute, LinesPerSecond: 10})
	var got []Incident
	for i := range 4 {
		steps(t, s, start.Add(time.Duration(i)*time.Minute), 6*time.Second, time.Second)
		got = append(got, s.Stats().Incident)
	}
	if want := append(Incidents(), Denials); !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestServerRunsInTheClocksPace(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s, err := NewServer(Config{Dir: dir, LinesPerSecond: 40, RotateEvery: 10 * time.Second, IncidentEvery: 20 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		begin := time.Now()
		if err := s.Run(ctx); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begin); took != time.Minute {
			t.Errorf("ran for %v", took)
		}
		stats := s.Stats()
		checkTruth(t, readAll(t, dir), stats.Truth)
		if stats.Rotations < 5 || stats.Rotations > 6 || stats.Incidents < 2 || stats.Lines < 2200 || stats.Lines > 2900 {
			t.Errorf("%+v", stats)
		}
	})
}

// A clock that jumps, either way, makes no flood and no silence.
func TestServerWithAJumpingClock(t *testing.T) {
	t.Parallel()
	for _, jump := range []time.Duration{8 * time.Hour, -8 * time.Hour} {
		dir := t.TempDir()
		synctest.Test(t, func(t *testing.T) {
			begin := time.Now()
			clock := func() time.Time {
				if now := time.Now(); now.Sub(begin) < 30*time.Second {
					return now
				}
				return time.Now().Add(jump)
			}
			s, err := NewServer(Config{Dir: dir, LinesPerSecond: 40, EventsPerMinute: -1, Now: clock})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if err := s.Run(ctx); err != nil {
				t.Fatal(err)
			}
			if lines := s.Stats().Lines; lines < 2200 || lines > 2600 {
				t.Errorf("%v: %d lines in a minute at 40 a second", jump, lines)
			}
			raw := strings.TrimSuffix(string(readAll(t, dir)), "\n")
			if end := begin.Add(time.Minute + jump).UTC().Format("T15:04"); !strings.Contains(raw[len(raw)-2000:], end[:4]) {
				t.Errorf("%v: the last lines are not of the new time %s", jump, end)
			}
		})
	}
}

func TestServerErrors(t *testing.T) {
	t.Parallel()
	if _, err := NewServer(Config{}); err == nil || !strings.Contains(err.Error(), "folder") {
		t.Errorf("no folder: %v", err)
	}
	if _, err := NewServer(Config{Dir: ".", Form: "xml"}); err == nil || !strings.Contains(err.Error(), "xml") {
		t.Errorf("unknown form: %v", err)
	}
	s := newServer(t, Config{Dir: filepath.Join(t.TempDir(), "missing")})
	if err := s.Step(start); !os.IsNotExist(err) && (err == nil || !strings.Contains(err.Error(), "missing")) {
		t.Errorf("missing folder: %v", err)
	}
	if err := s.Trigger("fire"); err == nil || !strings.Contains(err.Error(), "camera denials") {
		t.Errorf("unknown incident: %v", err)
	}
	if err := s.Run(t.Context()); err == nil {
		t.Error("Run without a folder ends without an error")
	}
}

func TestServerOnlyIncidents(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := newServer(t, Config{Dir: dir, LinesPerSecond: -1, EventsPerMinute: -1})
	steps(t, s, start, time.Minute, time.Second)
	if s.Stats().Lines != 0 {
		t.Errorf("lines out of nothing: %+v", s.Stats())
	}
	if err := s.Trigger(BadTokens); err != nil {
		t.Fatal(err)
	}
	steps(t, s, start.Add(time.Minute), time.Minute, time.Second)
	if stats := s.Stats(); stats.Events["4002"] < 45 || stats.Records != sum(stats.Events)+stats.Decoys {
		t.Errorf("%+v", stats)
	}
	checkTruth(t, readAll(t, dir), s.Stats().Truth)
}
