package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"time"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/errwatch/errwatch/internal/line"
)

// Where reading starts in files that exist when a source is new to the state.
const (
	StartBeginning = "beginning"
	StartEnd       = "end"
)

// Defaults of the limits.
const (
	DefaultMaxLine      = 1 << 20 // bytes of a line, without its line end
	DefaultMaxFiles     = 10_000  // files of one source that are followed at once; also the folders a glob may walk
	DefaultRotateWait   = 10 * time.Minute
	DefaultTick         = 250 * time.Millisecond
	DefaultDrainTimeout = 10 * time.Second

	maxWorkers = 4 // reading is cheap: what is behind Take is the work, and it runs on these goroutines too
)

// Options describe one source.
type Options struct {
	Name    string   // unique among the sources
	Paths   []string // files, folders (their *.log), globs with ** and {a,b}, and "-" for standard input
	Exclude []string // globs; one without a slash is matched against the last element of a path
	Start   string   // StartBeginning (also "") or StartEnd: where the state knows nothing of the source
	MaxLine int      // bytes; longer lines are skipped and counted

	// RotateWait is how long a rotated file is kept open after it last grew where the system cannot say whether a
	// writer still has it open.
	RotateWait time.Duration
	MaxFiles   int // files followed at once; the rest is reported as too_many_files
}

// Deps are what a Manager needs from outside. Every field may be left zero.
type Deps struct {
	Logger       *slog.Logger
	Now          func() time.Time
	Workers      int               // goroutines that read and call Sink.Take
	Tick         time.Duration     // how often everything is looked at
	DrainTimeout time.Duration     // how long Run may go on reading after its context has ended
	NoTail       bool              // follow by the clock alone
	Closed       func(line.FileID) // a generation is finished: nothing more comes of it
	Stdin        io.Reader         // what the path "-" reads

	// Reached tells the time to which the sink has come in a file, in any unit; 0 where it knows none. Until all sources
	// have reached their end, of the files with a backlog the one with the least is read on. It is called after each turn.
	Reached func(line.FileID) int64

	Ahead Ahead
}

// Sink consumes batches.
//
// Take consumes the batch before it returns, and may block as long as it likes: the file is the buffer. It calls
// advance exactly once, inside the critical section in which it applies the batch's events; that makes the batch's End,
// and resume, the position that the next [Manager.Pending] writes. Batches of one FileID come in order and never
// concurrently, those of different files may come concurrently. After an error without advance the same bytes come again.
type Sink interface {
	Take(ctx context.Context, b *line.Batch, advance func(resume int64)) error
}

func (o *Options) withDefaults() Options {
	out := *o
	out.MaxLine = cmp.Or(max(o.MaxLine, 0), DefaultMaxLine)
	out.MaxFiles = cmp.Or(max(o.MaxFiles, 0), DefaultMaxFiles)
	out.RotateWait = cmp.Or(max(o.RotateWait, 0), DefaultRotateWait)
	out.Start = cmp.Or(o.Start, StartBeginning)
	return out
}

// check reports everything that is wrong with the options.
func (o *Options) check() error {
	var errs []error
	if o.Start != StartBeginning && o.Start != StartEnd {
		errs = append(errs, fmt.Errorf("source %s: start is %q, it must be %q or %q", o.Name, o.Start, StartBeginning, StartEnd))
	}
	for _, p := range append(append([]string{}, o.Paths...), o.Exclude...) {
		if p == "" || !doublestar.ValidatePathPattern(p) {
			errs = append(errs, fmt.Errorf("source %s: %q is not a path or glob: a bracket or brace in it is not closed", o.Name, p))
		}
	}
	return errors.Join(errs...)
}

func (d *Deps) withDefaults() Deps {
	out := *d
	if out.Logger == nil {
		out.Logger = slog.New(slog.DiscardHandler)
	}
	if out.Now == nil {
		out.Now = time.Now
	}
	if out.Closed == nil {
		out.Closed = func(line.FileID) {}
	}
	out.Workers = cmp.Or(max(d.Workers, 0), min(maxWorkers, runtime.GOMAXPROCS(0)))
	out.Tick = cmp.Or(max(d.Tick, 0), DefaultTick)
	out.Ahead = d.Ahead.withDefaults()
	out.DrainTimeout = cmp.Or(max(d.DrainTimeout, 0), DefaultDrainTimeout)
	return out
}
