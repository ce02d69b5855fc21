package app

import (
	"maps"
	"slices"
	"time"

	"github.com/errwatch/errwatch/internal/event"
	"github.com/errwatch/errwatch/internal/parse"
)

// fileResult is what was counted in one file, or in one block of it.
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

func newFileResult() fileResult {
	return fileResult{tallies: tallies{}, skipped: map[string]int64{}, forms: map[string]int64{}}
}

// reset empties a result, but keeps its memory.
func (o *fileResult) reset() {
	o.tallies.reset()
	clear(o.skipped)
	clear(o.forms)
	clear(o.samples)
	*o = fileResult{tallies: o.tallies, skipped: o.skipped, forms: o.forms, samples: o.samples[:0]}
}

// merge adds what was counted in the next block, but for the tallies; of samples the first ones are kept, at most so many.
func (o *fileResult) merge(b *fileResult, samples int) {
	o.lines += b.lines
	o.bytes += b.bytes
	o.conflicts += b.conflicts
	o.unmatched += b.unmatched
	o.undated += b.undated
	o.timeless += b.timeless
	for reason, n := range b.skipped {
		o.skipped[reason] += n
	}
	for form, n := range b.forms {
		o.forms[form] += n
	}
	o.samples = append(o.samples, b.samples[:min(len(b.samples), samples-len(o.samples))]...)
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
	r := &ScanResult{Skipped: map[string]int64{}, Forms: map[string]int{}, Failed: s.fails}
	for _, j := range jobs {
		if j.err != nil {
			r.Failed = append(r.Failed, FileError{j.path, j.err})
		}
		if !j.opened {
			continue
		}
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
	r.Events = s.tallies.sorted()
	return r
}

// codeFilter says which events are wanted.
type codeFilter struct{ words []string }

func newCodeFilter(words []string) *codeFilter { return &codeFilter{words} }

func (f *codeFilter) has(e *event.Event) bool {
	return len(f.words) == 0 || slices.Contains(f.words, e.Code) || slices.Contains(f.words, e.Name) || slices.Contains(f.words, e.Category)
}
