package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/errwatch/errwatch/internal/rules"
	"github.com/errwatch/errwatch/internal/source"
)

// ScanOptions say what is counted.
type ScanOptions struct {
	Paths        []string // files, folders, globs; "-" is Stdin
	Stdin        io.Reader
	Since, Until time.Time // only events of [Since, Until); zero: no limit. Events without a time are then left out.
	Codes        []string  // only these codes, names or categories; none: all
	Unmatched    int       // keep so many lines at error level that match no pattern
	Workers      int       // blocks searched side by side, of one file or of several; below 1: 1
	Progress     *Progress // may be nil
	Now          func() time.Time

	block int // how many bytes a block has; 0: what blockOf says
}

// Progress is how far a scan is. Its fields are read while the scan runs.
type Progress struct {
	Bytes atomic.Int64 // read so far, as they lie on disk
	Total atomic.Int64 // to read; 0 where a pipe is read and nobody knows
	File  atomic.Pointer[string]
}

// ScanResult is what was counted.
type ScanResult struct {
	Events    []Tally
	Lines     int64
	Bytes     int64 // of lines, decompressed
	Files     int
	Forms     map[string]int   // how many files were mostly in which form: "text", "json in docker"
	Skipped   map[string]int64 // lines by reason
	Conflicts int64            // events whose name overruled their code
	Unmatched int64            // lines at error level that match no pattern
	Samples   []string         // the first of these, redacted
	Undated   int64            // events left out by Since or Until because they have no time
	Timeless  int64            // events that were counted, and that no rule saw, because they have no time
	Fired     []Fired          // what the rules would have done, by start
	Failed    []FileError
}

// FileError is a file that could not be read, or not to its end; what was read of it is counted.
type FileError struct {
	Path string
	Err  error
}

// Scan reads files once, to their end, and counts. A file that cannot be read never stops the others. The error is
// ctx's.
func (p *Plan) Scan(ctx context.Context, o ScanOptions) (*ScanResult, error) {
	t, err := p.newTrial(false)
	if err != nil {
		return nil, err
	}
	r, err := p.scan(ctx, o, false, t.take)
	if err != nil {
		return nil, err
	}
	r.Fired = firedOf(t.fired())
	for i := range r.Fired {
		f := &r.Fired[i]
		f.Silence = slices.ContainsFunc(p.rules, func(r rules.Rule) bool { return r.Name == f.Rule && r.Absent })
	}
	return r, nil
}

// scan reads files once and counts, and hands to each what the rules want to know, in order of time: events, and now and
// then that a line stood at a time. lines says that events have their text.
func (p *Plan) scan(ctx context.Context, o ScanOptions, lines bool, each func(*item)) (*ScanResult, error) {
	s := &scan{plan: p, opts: o, codes: newCodeFilter(o.Codes), tallies: tallies{}, gap: p.shortestSilence(), lines: lines}
	jobs := s.find()
	if o.Progress != nil {
		o.Progress.Total.Store(totalSize(jobs))
	}
	s.run(ctx, jobs, each)
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	return s.result(jobs), nil
}

type scan struct {
	plan  *Plan
	opts  ScanOptions
	codes *codeFilter
	gap   time.Duration // silence that a rule would notice; 0 where none waits for lines
	lines bool          // the lines of events are wanted, too
	fails []FileError

	mu      sync.Mutex
	tallies tallies // of all files: a thousand of them would be most of what a scan needs

	free chan *block // not in use: what bounds the memory of a scan, however many files are open
	work chan work   // to be done
}

// job is one file and what was found in it.
type job struct {
	path   string // as it was found; "-" is standard input
	source string
	opened bool
	out    fileResult // its tallies are the scan's
	err    error
}

// find lists the files that the paths name, each once, in the order they are named.
func (s *scan) find() []*job {
	var jobs []*job
	seen := map[string]bool{}
	for _, path := range s.opts.Paths {
		if path == "-" {
			if !seen[path] {
				seen[path] = true
				jobs = append(jobs, &job{path: path, source: DefaultSource})
			}
			continue
		}
		files, problems := source.Match(source.Options{Name: DefaultSource, Paths: []string{path}})
		for _, err := range problems {
			s.fails = append(s.fails, FileError{path, err})
		}
		if len(files) == 0 && len(problems) == 0 {
			s.fails = append(s.fails, FileError{path, noFile(path)})
		}
		for _, f := range files {
			if !seen[f] {
				seen[f] = true
				jobs = append(jobs, &job{path: f, source: s.plan.sourceOf(f)})
			}
		}
	}
	return jobs
}

func totalSize(jobs []*job) int64 {
	var n int64
	for _, j := range jobs {
		if j.path == "-" {
			return 0
		}
		if info, err := os.Stat(j.path); err == nil {
			n += info.Size()
		}
	}
	return n
}

// run reads the files side by side; their events go on by time.
func (s *scan) run(ctx context.Context, jobs []*job, each func(*item)) {
	defer s.startWorkers(ctx)()
	s.opts.block = cmp.Or(s.opts.block, blockOf(len(jobs)))
	feeds := make([]*feed, len(jobs))
	for i, j := range jobs {
		feeds[i] = &feed{order: i, start: func(out chan<- *chunk) {
			defer close(out)
			j.err = s.file(ctx, j, out)
		}}
		if len(jobs) > 1 {
			feeds[i].from = s.firstTime(j)
		}
	}
	mergeFeeds(feeds, max(1, s.opts.Workers), each)
}

// firstTime returns the time of a file's first line that has one near its beginning.
func (s *scan) firstTime(j *job) time.Time {
	if j.path == "-" {
		return time.Time{}
	}
	in, err := openInput(j.path)
	if err != nil {
		return time.Time{} // told when the file is read
	}
	defer in.Close()
	head := make([]byte, 16<<10)
	n, _ := io.ReadFull(in, head) // a short file is a short head; an error is told when the file is read
	return s.plan.sets[j.source].FirstTime(head[:n], s.opts.Now())
}

func (s *scan) open(ctx context.Context, j *job) (*input, error) {
	if j.path == "-" {
		in, err := newInput(newUntilDone(ctx, s.opts.Stdin))
		return in, j.failure(err)
	}
	return openInput(j.path)
}

// untilDone lets a read of a pipe end with its context, though nothing comes and nobody closes the pipe.
type untilDone struct {
	ctx  context.Context
	r    io.Reader
	buf  []byte // abandoned where the context ends first: the read may still be under way
	done chan readResult
}

type readResult struct {
	n   int
	err error
}

func newUntilDone(ctx context.Context, r io.Reader) *untilDone {
	return &untilDone{ctx: ctx, r: r, buf: make([]byte, pipeBuffer), done: make(chan readResult, 1)}
}

// pipeBuffer is as much as Linux lets wait in a pipe.
const pipeBuffer = 64 << 10

// Read reads until the context is done.
func (u *untilDone) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	go func() {
		n, err := u.r.Read(u.buf[:min(len(p), len(u.buf))])
		u.done <- readResult{n, err}
	}()
	select {
	case r := <-u.done:
		return copy(p, u.buf[:r.n]), r.err
	case <-u.ctx.Done():
		return 0, u.ctx.Err()
	}
}

// failure says what went wrong in the middle of a job; nil stays nil.
func (j *job) failure(err error) error {
	name := j.path
	if name == "-" {
		name = "standard input"
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%s: the compressed data break off: %w", name, err)
	}
	return fmt.Errorf("%s: %w", name, err)
}
