package source

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/errwatch/errwatch/internal/line"
)

// Manager follows all files of all sources. One goroutine, the scheduler, looks after names, rotations and records; a
// few workers read blocks and hand them to the sink. Its methods are safe for concurrent use; Restore comes before Run,
// and Run once.
type Manager struct {
	deps    Deps
	sink    Sink
	sources []*source

	// The scheduler's alone.
	owner   map[fileKey]*generation // each inode that is held open, across sources
	orphans []*generation           // truncated, and their copies are still looked for
	strays  []*record
	kin     map[string]map[string][]relative // folders listed during this tick
	ids     uint64
	judged  bool // every source has caught up

	mu         sync.Mutex
	work       sync.Cond
	open       map[*generation]struct{} // changed by the scheduler alone
	ready      queue
	results    []result
	dirty      map[*record]struct{}
	newSources []string
	lastRow    int64
	stopped    bool // the workers end
	halted     bool
	abandon    context.CancelFunc // ends the context of Take

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
	opts    Options
	finder  *finder
	stdin   bool
	watched map[string]*watched
	order   []*watched
	byHome  map[string][]*record
	known   bool      // the state knows it: start no longer applies
	scanned bool      // it was looked around once in this process
	files   int       // open generations
	alive   time.Time // until then at least, it is known to have been looked after

	stats Stats // guarded by Manager.mu, Errors too
	told  map[string]string
}

// watched is a path that is followed.
type watched struct {
	src    *source
	path   string
	gen    *generation // what it leads to, as far as that is followed under this path
	alias  fileKey     // an inode that is followed under another path
	listed bool        // the last find had it
	rotate bool        // it is a rotated part of another watched path
	late   bool        // it appeared after the source's first look around
}

// New returns a Manager that follows nothing yet. The error names everything that is wrong with the options.
func New(opts []Options, sink Sink, deps Deps) (*Manager, error) {
	m := &Manager{
		deps: deps.withDefaults(), sink: sink,
		owner: map[fileKey]*generation{}, open: map[*generation]struct{}{}, dirty: map[*record]struct{}{},
		wake: make(chan struct{}, 1),
	}
	m.work.L = &m.mu
	// A FileID must not come twice in one process, whatever managers there are: none opens a file each nanosecond.
	m.ids = uint64(m.deps.Now().UnixNano())
	var errs []error
	for i := range opts {
		s, err := newSource(&opts[i])
		if err == nil && m.source(s.opts.Name) != nil {
			err = fmt.Errorf("source %s: there are two of this name", s.opts.Name)
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
		opts: o.withDefaults(), watched: map[string]*watched{}, byHome: map[string][]*record{}, told: map[string]string{},
	}
	s.stats = Stats{Name: o.Name, Errors: map[string]int64{}}
	if err := s.opts.check(); err != nil {
		return nil, err
	}
	s.stdin = slices.Contains(o.Paths, stdinPath)
	s.opts.Paths = slices.Clone(o.Paths)
	for i, p := range s.opts.Paths {
		if p == stdinPath {
			continue
		}
		abs, err := filepath.Abs(p) // the state must mean the same file from whatever folder errwatch is started
		if err != nil {
			return nil, fmt.Errorf("source %s: %w", o.Name, err)
		}
		s.opts.Paths[i] = abs
	}
	s.finder = newFinder(&s.opts)
	return s, nil
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
func (s *source) file(r *record) { s.byHome[r.home] = append(s.byHome[r.home], r) }

func (m *Manager) nextID() line.FileID {
	m.ids++
	return line.FileID(m.ids)
}
