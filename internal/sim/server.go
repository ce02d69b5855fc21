package sim

import (
	"container/heap"
	"context"
	"errors"
	"math"
	"sync"
	"time"
)

// Config says what a Server does. Dir is needed; the zero value of everything else is good.
type Config struct {
	Dir  string // a folder that exists
	File string // the live log in it; "meeting.log" if empty
	Form Form   // FormText if empty
	Seed uint64
	Now  func() time.Time // the clock of Run; time.Now if nil

	LinesPerSecond  float64 // ordinary lines; 0: 200, below 0: none
	EventsPerMinute float64 // events outside incidents; 0: 4, below 0: none

	RotateEvery time.Duration // 0: never
	LateFor     time.Duration // how long after a rotation some lines still go to the renamed file; 0: 500 ms, below 0: none
	Keep        int           // renamed files kept; 0: all

	FirstIncident time.Duration // after the start; 0: IncidentEvery
	IncidentEvery time.Duration // 0: none, save by Trigger
	IncidentFor   time.Duration // how long one lasts; 0: 40 s
	IncidentSize  int           // people in one; 0: 45
}

func (c *Config) setDefaults() error {
	if c.Dir == "" {
		return errors.New("a simulated server needs a folder for its logs")
	}
	setDefault(&c.File, "meeting.log")
	setDefault(&c.Form, FormText)
	setDefault(&c.LinesPerSecond, 200)
	setDefault(&c.EventsPerMinute, 4)
	setDefault(&c.LateFor, 500*time.Millisecond)
	setDefault(&c.FirstIncident, c.IncidentEvery)
	setDefault(&c.IncidentFor, 40*time.Second)
	setDefault(&c.IncidentSize, 45)
	if c.Now == nil {
		c.Now = time.Now
	}
	return c.Form.check()
}

func setDefault[T comparable](v *T, normal T) {
	var zero T
	if *v == zero {
		*v = normal
	}
}

// Stats is what a Server has done so far. What Truth counts is on disk, as far as the last Step came without an error.
type Stats struct {
	Truth
	Late      int64 // of the records, those written to a file already renamed
	Rotations int
	Incidents int
	Incident  Incident // the one in progress, "" where there is none
}

// Server is a simulated meeting server: it writes lines as one does, renames its log and begins a new one while some of
// its workers still write to the old, and has an incident now and then.
//
// What it writes depends on the seed and on the time of the first Step, not on how often Step is called. All methods
// are safe for concurrent use.
type Server struct {
	config Config

	mu       sync.Mutex
	gen      *generator
	log      log
	base     time.Time // the time of the first Step
	started  bool
	done     time.Duration // what the last Step reached, since base
	next     time.Duration // of the next ordinary line
	tasks    tasks
	serial   int
	stats    Stats
	incident int // how many began
	kinds    []Incident
}

// NewServer checks the configuration. Nothing is written before the first Step.
func NewServer(c Config) (*Server, error) {
	if err := c.setDefaults(); err != nil {
		return nil, err
	}
	s := &Server{config: c, gen: newGenerator(c.Form, c.Seed, nil), kinds: Incidents()}
	s.log = log{dir: c.Dir, name: c.File, keep: c.Keep}
	return s, nil
}

// tick is how often Run writes, and maxGap the silence behind which it goes on with the present instead of making up
// for it: a laptop that slept over night is not to write eight hours of log in one go.
const (
	tick   = 50 * time.Millisecond
	maxGap = 10 * time.Second
)

// Run writes in the pace of the clock until ctx ends, and then closes the files. It returns nil, or the first error
// of a file.
func (s *Server) Run(ctx context.Context) error {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	last := s.config.Now()
	for {
		// Without its monotonic part a time says what a clock on the wall says, also after a sleep.
		now := s.config.Now().Round(0)
		if gap := now.Sub(last); gap < 0 || gap > maxGap {
			s.shift(gap)
		}
		last = now
		if err := s.Step(now); err != nil {
			return errors.Join(err, s.Close())
		}
		select {
		case <-ctx.Done():
			return s.Close()
		case <-ticker.C:
		}
	}
}

// shift leaves out a stretch of time.
func (s *Server) shift(gap time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.base = s.base.Add(gap)
}

// Step does everything that is due up to now, in its order, and writes it to the files. The first one begins the log.
// A time before that of an earlier Step does nothing.
func (s *Server) Step(now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.log.open(); err != nil {
		return err
	}
	if !s.started {
		s.start(now)
	}
	s.done = now.Sub(s.base)
	for {
		at, task := s.earliest()
		if at > s.done {
			break
		}
		if task == nil {
			s.ordinary(at)
			continue
		}
		heap.Pop(&s.tasks)
		if err := task.run(at); err != nil {
			return err
		}
	}
	return s.log.flush()
}

func (s *Server) start(now time.Time) {
	s.base, s.started = now.UTC(), true
	if s.config.LinesPerSecond < 0 {
		s.next = math.MaxInt64
	}
	if s.config.RotateEvery > 0 {
		s.at(s.config.RotateEvery, s.rotate)
	}
	if s.config.EventsPerMinute > 0 {
		s.at(s.pause(s.config.EventsPerMinute/60), s.background)
	}
	if s.config.IncidentEvery > 0 {
		s.at(s.config.FirstIncident, s.nextIncident)
	}
}

// Close writes what is left and closes the files. A Step after it begins the log again.
func (s *Server) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.close()
}

// Stats returns what was done so far.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.stats
	out.Truth = s.gen.truth.clone()
	return out
}

// task is something due at a time since base.
type task struct {
	at     time.Duration
	serial int // keeps tasks of one time in the order in which they were made
	run    func(at time.Duration) error
}

// at makes run due; a time that has passed already comes next.
func (s *Server) at(at time.Duration, run func(at time.Duration) error) {
	s.serial++
	heap.Push(&s.tasks, &task{at, s.serial, run})
}

// earliest returns what is due next; a nil task is an ordinary line.
func (s *Server) earliest() (time.Duration, *task) {
	if len(s.tasks) > 0 && s.tasks[0].at <= s.next {
		return s.tasks[0].at, s.tasks[0]
	}
	return s.next, nil
}

// ordinary writes one line that is no event; one in fifty only looks like one.
func (s *Server) ordinary(at time.Duration) {
	s.next = at + s.pause(s.config.LinesPerSecond)
	if s.gen.world.rng.oneIn(50) {
		s.emit(s.gen.decoy(s.log.line[:0], s.base.Add(at)))
		return
	}
	s.emit(s.gen.noise(s.log.line[:0], s.base.Add(at)))
}

// pause returns a time between two things of which there are so many per second: a half to one and a half of the mean.
func (s *Server) pause(perSecond float64) time.Duration {
	return max(time.Duration((0.5+s.gen.world.rng.unit())*float64(time.Second)/perSecond), 1)
}

// emit puts a line into one of the files. While a rotation is fresh, half of the workers have not noticed it yet.
func (s *Server) emit(line []byte) {
	late := s.log.old != nil && s.gen.world.rng.oneIn(2)
	if late {
		s.stats.Late++
	}
	s.log.put(line, late)
}

// rotate renames the log and begins a new one.
func (s *Server) rotate(at time.Duration) error {
	s.at(at+s.config.RotateEvery, s.rotate)
	s.stats.Rotations++
	if err := s.log.rotate(); err != nil {
		return err
	}
	if s.config.LateFor < 0 {
		return s.log.closeOld()
	}
	old := s.log.old
	s.at(at+s.config.LateFor, func(time.Duration) error {
		if s.log.old != old {
			return nil // rotated again meanwhile
		}
		return s.log.closeOld()
	})
	return nil
}

// background is a single event, as they come on any day.
func (s *Server) background(at time.Duration) error {
	s.at(at+s.pause(s.config.EventsPerMinute/60), s.background)
	s.emit(s.gen.event(s.log.line[:0], s.base.Add(at)))
	return nil
}

// tasks is a heap by time.
type tasks []*task

func (t tasks) Len() int      { return len(t) }
func (t tasks) Swap(i, j int) { t[i], t[j] = t[j], t[i] }
func (t tasks) Less(i, j int) bool {
	return t[i].at < t[j].at || t[i].at == t[j].at && t[i].serial < t[j].serial
}
func (t *tasks) Push(x any) { *t = append(*t, x.(*task)) }
func (t *tasks) Pop() any {
	old := *t
	last := old[len(old)-1]
	*t = old[:len(old)-1]
	return last
}
