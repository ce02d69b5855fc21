package source

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/errwatch/errwatch/internal/line"
)

// Manager follows all files of all sources. One goroutine, the scheduler, looks after names, rotations and records; a
// few workers read blocks and hand them to the sink. Its methods are safe for concurrent use; Restore comes before Run,
// and Run once.
type Manager struct {
	deps    Deps
	lease   func(*os.File) leaseState // askLease, but for tests
	wall    func() time.Time          // the clock that stamps files; Deps.Now, but for tests that let time pass
	sink    Sink
	starter Starter // the sink, where it is one
	sources []*source

	// The scheduler's alone.
	owner    map[fileKey]*generation  // each inode that is held open, across sources
	orphans  []*generation            // truncated, and their copies are still looked for
	unknowns map[*generation]struct{} // compressed, and what they are is still being found out
	deferred map[fileKey]deferral     // compressed copies of what is open
	strays   []*record
	kin      map[string]map[string][]relative // folders listed during this tick
	folders  map[string]fileStat              // folders looked at during this tick
	ids      uint64
	edges    edges
	names    nameWatches
	hot      map[*generation]struct{} // looked at between ticks
	hotPaths map[*watched]struct{}
	pace     time.Duration // between two looks at what is hot
	regrown  time.Time     // when finished files were last looked at
	forgot   time.Time     // when old records were last dropped
	behind   int           // generations that wait for an older one; at least so many as there are
	judged   bool          // every source has caught up

	mu            sync.Mutex
	work          sync.Cond
	packedWork    sync.Cond
	open          map[*generation]struct{} // changed by the scheduler alone
	ready         queue
	spare         []*aheadBlock // not in use; none while no file is far behind
	results       []result
	hints         []*generation
	newNames      []newName
	dirty         map[*record]struct{}
	newSources    []knownRow
	lastRow       int64
	behindFiles   []line.FileID // as of the last judgement; the slice is never changed
	behindVersion atomic.Uint64
	stopped       bool // the workers end
	halted        bool
	abandon       context.CancelFunc // ends the context of Take

	wake chan struct{} // the scheduler has results to look at
}

// result is what a worker tells the scheduler.
type result struct {
	g   *generation
	out outcome
	err error
}

// source is one configured source.
type source struct {
	opts      Options
	finder    *finder
	pipe      *pipe // standard input, while it is being read
	wantsPipe bool  // it is one of the paths
	pipeIdle  bool  // it has waited for more, or ended
	pipeSeen  int64 // bytes taken from it at the last tick
	watched   map[string]*watched
	order     []*watched
	byRoot    map[string][]*record // by what rootOf makes of their home
	missing   []*record            // not read to their end, and their files are not found
	searched  time.Time            // when those were last looked for
	byPath    map[string][]*record // by the path under which they were found
	virgin    bool                 // the state knew nothing of it when this process began: start applies
	known     bool                 // the state knows it
	scanned   bool                 // it was looked around once in this process
	files     int                  // open generations
	alive     time.Time            // until then at least, it is known to have been looked after

	turn    int               // ticks so far
	rest    int               // ticks until its folders are looked through again
	told    map[string]string // by path: the reason of its trouble, which was counted and logged
	finding map[string]bool   // the paths that the last find had trouble with

	stats Stats // guarded by Manager.mu, Errors too
}

// watched is a path that is followed.
type watched struct {
	src     *source
	path    string
	gen     *generation // what it leads to, as far as that is followed under this path
	alias   fileKey     // an inode that is not followed under this path
	read    int64       // its size, where that is because it is read to its end; else -1
	listed  bool        // the last find had it
	rotate  bool        // its name is that of a rotated part of another watched path
	moved   bool        // a glob has found a rotated part of it in a folder of old files
	blind   bool        // a neighbour is there and cannot be opened
	unsure  bool        // a neighbour could not be looked at: it is to be looked for again
	retry   time.Time   // what could not be looked at is not tried again before
	late    bool        // it was not there when the source was first looked at
	since   time.Time   // since when nothing is there
	pending bool        // there is a copy of what is read
	birth   int64       // of the inode that it leads to
	kin     uint64      // the names of its neighbours, summed up, when they were last looked at
	home    string      // path with links resolved, when it was last looked up
	folder  fileStat    // the folder of home when neighbours were last looked for
	from    time.Time   // rotated neighbours that changed since then, and were never seen, are to be read

	hotUntil time.Time
}

// New returns a Manager that follows nothing yet. The error names everything that is wrong with the options.
func New(opts []Options, sink Sink, deps Deps) (*Manager, error) {
	m := &Manager{
		deps: deps.withDefaults(), sink: sink,
		owner: map[fileKey]*generation{}, unknowns: map[*generation]struct{}{}, deferred: map[fileKey]deferral{}, kin: map[string]map[string][]relative{}, open: map[*generation]struct{}{}, dirty: map[*record]struct{}{},
		wake: make(chan struct{}, 1),
	}
	m.wall, m.lease = m.deps.Now, askLease
	m.starter, _ = sink.(Starter)
	m.edges = edges{none: deps.NoTail || !edgesPossible(), resting: map[fileKey]time.Time{}}
	m.folders = map[string]fileStat{}
	m.hot, m.hotPaths = map[*generation]struct{}{}, map[*watched]struct{}{}
	m.pace = steadyEvery
	m.work.L, m.packedWork.L = &m.mu, &m.mu
	// A FileID must not come twice in one process, whatever managers there are: none opens a file each nanosecond.
	m.ids = uint64(m.deps.Now().UnixNano())
	var errs []error
	for i := range opts {
		s, err := newSource(&opts[i])
		if err == nil && m.source(s.opts.Name) != nil {
			err = fmt.Errorf("source %s: there are two of this name", s.opts.Name)
		}
		if err == nil && slices.Contains(s.opts.Paths, stdinPath) {
			err = m.wantPipe(s)
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		m.sources = append(m.sources, s)
	}
	return m, errors.Join(errs...)
}

func newSource(o *Options) (*source, error) {
	s := &source{
		opts: o.withDefaults(), watched: map[string]*watched{}, byRoot: map[string][]*record{},
		byPath: map[string][]*record{}, told: map[string]string{},
	}
	s.stats = Stats{Name: o.Name, Errors: map[string]int64{}}
	if err := s.opts.check(); err != nil {
		return nil, err
	}
	// The state must mean the same file from whatever folder errwatch is started.
	here, err := os.Getwd()
	if err != nil {
		return nil, fmt.Errorf("source %s: %w", o.Name, err)
	}
	s.opts.Paths, s.opts.Exclude = slices.Clone(o.Paths), slices.Clone(o.Exclude)
	for i, p := range o.Paths {
		if p != stdinPath && !filepath.IsAbs(p) {
			s.opts.Paths[i] = filepath.Join(here, p)
		}
	}
	for i, p := range o.Exclude {
		if strings.Contains(p, "/") && !filepath.IsAbs(p) && !strings.HasPrefix(p, "**") {
			s.opts.Exclude[i] = filepath.Join(here, p)
		}
	}
	s.finder = newFinder(&s.opts)
	return s, nil
}

// wantPipe notes that standard input belongs to a source.
func (m *Manager) wantPipe(s *source) error {
	if m.deps.Stdin == nil {
		return fmt.Errorf("source %s: there is no standard input to read", s.opts.Name)
	}
	for _, x := range m.sources {
		if x.wantsPipe {
			return fmt.Errorf("source %s: standard input is read by source %s already", s.opts.Name, x.opts.Name)
		}
	}
	s.wantsPipe = true
	return nil
}

func (m *Manager) source(name string) *source {
	for _, s := range m.sources {
		if s.opts.Name == name {
			return s
		}
	}
	return nil
}

// file files a record under its family.
func (s *source) file(r *record) {
	dir, base := filepath.Split(r.home)
	r.root = dir + rootOf(base)
	ps, _ := parents(base)
	for _, p := range ps {
		r.derived = append(r.derived, dir+p.name)
	}
	s.byRoot[r.root] = append(s.byRoot[r.root], r)
	s.byPath[r.path] = append(s.byPath[r.path], r)
}

// strike takes a record out of its family.
func (s *source) strike(r *record) {
	same := func(x *record) bool { return x == r }
	s.byRoot[r.root] = slices.DeleteFunc(s.byRoot[r.root], same)
	s.byPath[r.path] = slices.DeleteFunc(s.byPath[r.path], same)
	if len(s.byRoot[r.root]) == 0 {
		delete(s.byRoot, r.root)
	}
	if len(s.byPath[r.path]) == 0 {
		delete(s.byPath, r.path)
	}
}

func (m *Manager) nextID() line.FileID {
	m.ids++
	return line.FileID(m.ids)
}
