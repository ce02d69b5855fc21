package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"github.com/errwatch/errwatch/internal/event"
	"github.com/errwatch/errwatch/internal/line"
	"github.com/errwatch/errwatch/internal/parse"
	"github.com/errwatch/errwatch/internal/source"
)

// ScanOptions say what is counted.
type ScanOptions struct {
	Paths        []string // files, folders, globs; "-" is Stdin
	Stdin        io.Reader
	Since, Until time.Time // only events of [Since, Until); zero: no limit. Events without a time are then left out.
	Codes        []string  // only these codes, names or categories; none: all
	Unmatched    int       // keep so many lines at error level that match no pattern
	Workers      int       // files read side by side
	Progress     *Progress // may be nil
	Now          func() time.Time
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
	t, err := p.newTrial()
	if err != nil {
		return nil, err
	}
	r, err := p.scan(ctx, o, t.take)
	if err != nil {
		return nil, err
	}
	r.Fired = firedOf(t.fired())
	return r, nil
}

// scan reads files once and counts, and hands to each what the rules want to know, in order of time: events, and now and
// then that a line stood at a time.
func (p *Plan) scan(ctx context.Context, o ScanOptions, each func(*item)) (*ScanResult, error) {
	s := &scan{plan: p, opts: o, codes: newCodeFilter(o.Codes), gap: p.shortestSilence()}
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
	fails []FileError
}

// job is one file and what was found in it.
type job struct {
	path   string // as it was found; "-" is standard input
	source string
	out    fileResult
	err    error
}

// fileResult is what one worker counted in one file.
type fileResult struct {
	tallies   tallies
	lines     int64
	bytes     int64
	skipped   map[string]int64
	conflicts int64
	unmatched int64
	undated   int64
	timeless  int64
	samples   []string
	forms     map[string]int64 // records that were looked at, by form: "json in docker"
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
	feeds := make([]*feed, len(jobs))
	for i, j := range jobs {
		feeds[i] = &feed{order: i, from: s.firstTime(j), start: func(out chan<- *chunk) {
			defer close(out)
			j.err = s.file(ctx, j, out)
		}}
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

func (s *scan) file(ctx context.Context, j *job, events chan<- *chunk) error {
	in, err := s.open(j)
	if err != nil {
		return err
	}
	defer in.Close()
	if pr := s.opts.Progress; pr != nil {
		in.raw.n = func(n int) { pr.Bytes.Add(int64(n)) }
		pr.File.Store(&j.path)
	}
	c := &fileCounter{scan: s, job: j, events: events, stream: &stream{parse: s.plan.sets[j.source].NewStream()}}
	if s.opts.Unmatched > 0 {
		c.stream.parse.KeepUnmatched(s.opts.Unmatched)
	}
	j.out = fileResult{tallies: tallies{}, skipped: map[string]int64{}, forms: map[string]int64{}}
	return j.failure(source.NewReader(in, source.ReaderOptions{Source: j.source, Path: j.path, MaxLine: s.plan.maxLine, Now: s.opts.Now}).Run(ctx, c))
}

func (s *scan) open(j *job) (*input, error) {
	if j.path == "-" {
		in, err := newInput(s.opts.Stdin)
		return in, j.failure(err)
	}
	return openInput(j.path)
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

// fileCounter is the sink of one file.
type fileCounter struct {
	scan   *scan
	job    *job
	events chan<- *chunk
	stream *stream
}

// Take counts a batch.
func (c *fileCounter) Take(ctx context.Context, b *line.Batch, advance func(int64)) error {
	res := c.stream.parse.Feed(b)
	out := &c.job.out
	out.lines += int64(res.Lines)
	out.bytes += b.End - b.Offset
	out.unmatched += int64(res.Unmatched)
	c.keepSamples(res)
	out.countForms(res)
	for _, s := range res.Skipped {
		out.skipped[s.Reason] += int64(s.N)
	}
	c.stream.scratch = c.stream.scratch[:0]
	set := c.scan.plan.sets[c.job.source]
	run := c.markLines(b)
	for i := range res.Events {
		if e := &res.Events[i]; c.count(e) {
			c.stream.scratch = c.scan.plan.redactor.Apply(e, c.stream.scratch)
			run = c.forward(ctx, run, e)
		}
	}
	c.send(ctx, c.mark(run, lastTime(set, b.Data, b.Read)))
	advance(res.Resume)
	return ctx.Err()
}

// keepSamples keeps the first unmatched lines of the file, redacted.
func (c *fileCounter) keepSamples(res *parse.Result) {
	for _, text := range res.UnmatchedText {
		if len(c.job.out.samples) >= c.scan.opts.Unmatched {
			return
		}
		c.job.out.samples = append(c.job.out.samples, string(c.scan.plan.redactor.Text(nil, text)))
	}
}

// countForms notes the most frequent envelope and format of a batch.
func (o *fileResult) countForms(res *parse.Result) {
	envelope, n := mostFrequent(res.Envelopes)
	format, _ := mostFrequent(res.Formats)
	form := parse.FormatNames()[format]
	if envelope > 0 {
		form += " in " + parse.EnvelopeNames()[envelope]
	}
	if n > 0 {
		o.forms[form] += n
	}
}

func mostFrequent(counts [3]int) (index int, n int64) {
	for i, c := range counts {
		if int64(c) > n {
			index, n = i, int64(c)
		}
	}
	return index, n
}

// form is the file's most frequent one; "" for a file without a line.
func (o *fileResult) form() string {
	best := ""
	for _, f := range slices.Sorted(maps.Keys(o.forms)) {
		if best == "" || o.forms[f] > o.forms[best] {
			best = f
		}
	}
	return best
}

// count counts an event and says whether the rules want it. They see events of reference patterns, too.
func (c *fileCounter) count(e *event.Event) bool {
	out := &c.job.out
	switch {
	case !c.scan.wanted(e, out):
		return false
	case e.Reference:
		return !e.Time.IsZero()
	}
	out.tallies.add(e)
	if e.Conflict {
		out.conflicts++
	}
	if e.Time.IsZero() {
		out.timeless++
		return false
	}
	return true
}

// markLines marks the first line of a file and, where a rule waits for lines, all that is needed to find silence: both
// lines around each gap, and the others now and then.
func (c *fileCounter) markLines(b *line.Batch) *chunk {
	set, step := c.scan.plan.sets[c.job.source], c.scan.gap
	if b.Offset > 0 && step == 0 {
		return nil
	}
	run := c.mark(nil, set.FirstTime(b.Data, b.Read))
	if step > 0 {
		eachGap(set, b.Data, b.Read, step, func(at time.Time) { run = c.mark(run, at) })
	}
	return run
}

// mark adds to the chunk under way that a line stood at a time, if there is one. What lies outside of the wanted time
// stands at its edge: the clock goes from there to there.
func (c *fileCounter) mark(run *chunk, at time.Time) *chunk {
	o := &c.scan.opts
	switch {
	case at.IsZero():
		return run
	case at.Before(o.Since):
		at = o.Since
	case !o.Until.IsZero() && at.After(o.Until):
		at = o.Until
	}
	if run == nil {
		run = chunks.Get().(*chunk)
	}
	run.addMark(c.job.source, at)
	return run
}

// forward puts an event into the chunk under way, and returns that or a new one.
func (c *fileCounter) forward(ctx context.Context, out *chunk, e *event.Event) *chunk {
	if out == nil {
		out = chunks.Get().(*chunk)
	}
	out.add(e)
	if len(out.items) < chunkEvents {
		return out
	}
	c.send(ctx, out)
	return nil
}

func (c *fileCounter) send(ctx context.Context, out *chunk) {
	if out == nil {
		return
	}
	out.sort()
	select {
	case c.events <- out:
	case <-ctx.Done():
	}
}

func (s *scan) wanted(e *event.Event, out *fileResult) bool {
	if !s.codes.has(e) {
		return false
	}
	if s.opts.Since.IsZero() && s.opts.Until.IsZero() {
		return true
	}
	if e.Time.IsZero() {
		if !e.Reference {
			out.undated++
		}
		return false
	}
	return s.within(e.Time)
}

// within says whether a time lies in [Since, Until).
func (s *scan) within(t time.Time) bool {
	return !t.Before(s.opts.Since) && (s.opts.Until.IsZero() || t.Before(s.opts.Until))
}

func (s *scan) result(jobs []*job) *ScanResult {
	all := tallies{}
	r := &ScanResult{Skipped: map[string]int64{}, Forms: map[string]int{}, Failed: s.fails}
	for _, j := range jobs {
		if j.err != nil {
			r.Failed = append(r.Failed, FileError{j.path, j.err})
		}
		if j.out.tallies == nil {
			continue
		}
		all.merge(j.out.tallies)
		r.Files++
		r.Lines += j.out.lines
		r.Bytes += j.out.bytes
		r.Conflicts += j.out.conflicts
		r.Unmatched += j.out.unmatched
		r.Undated += j.out.undated
		r.Timeless += j.out.timeless
		if form := j.out.form(); form != "" {
			r.Forms[form]++
		}
		for reason, n := range j.out.skipped {
			r.Skipped[reason] += n
		}
		if room := s.opts.Unmatched - len(r.Samples); room > 0 {
			r.Samples = append(r.Samples, j.out.samples[:min(room, len(j.out.samples))]...)
		}
	}
	r.Events = all.sorted()
	return r
}

// codeFilter says which events are wanted.
type codeFilter struct{ words []string }

func newCodeFilter(words []string) *codeFilter { return &codeFilter{words} }

func (f *codeFilter) has(e *event.Event) bool {
	return len(f.words) == 0 || slices.Contains(f.words, e.Code) || slices.Contains(f.words, e.Name) || slices.Contains(f.words, e.Category)
}
