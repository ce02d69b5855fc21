package source

import (
	"errors"
	"io"
	"os"
	"time"

	"github.com/errwatch/errwatch/internal/line"
)

// stage is where in its life a generation is.
type stage uint8

const (
	live     stage = iota // a followed path leads to it
	retiring              // renamed, replaced or deleted: drained until its writer has let go
	copied                // a copy of something that was truncated: what was not read of it is read here, then it is done
	orphaned              // it was truncated, and where the rest of it went is being looked for
	closed                // nothing comes of it any more
)

// generation is one inode as one writer fills it, pinned by a descriptor of our own: whatever happens to its name, its
// bytes stay readable. The scheduler owns it, except for the reader's fields, which belong to the worker that has it while
// busy is set.
type generation struct {
	id   line.FileID
	src  *source
	path string // under which it was found; kept when it is renamed
	home string // the same with symbolic links resolved: the names of its rotated neighbours derive from it
	file *os.File
	key  fileKey
	rec  *record // never nil, and this generation's alone while it is open

	// The scheduler's.
	stage   stage
	watched *watched  // nil once its path leads elsewhere
	seen    fileStat  // when last looked at
	racy    bool      // it changed so shortly before it was looked at that a further change may not show
	grown   time.Time // when it was last seen to grow; for a start, when it was opened
	asked   time.Time // when a worker was last sent to ask whether the writer has let go
	after   []*generation
	reached bool     // its end was reached once
	adopted bool     // it was live in a Manager before, and is not seen to be it here yet
	broken  bool     // the last read failed
	unknown *unknown // a compressed file of which is not known yet what it is

	edge      *edge
	linesSeen int64     // lines when last tended
	calmFrom  time.Time // when it may count as quiet
	hotUntil  time.Time
	copying   time.Time // until then it may be being copied, to be truncated after that
	warned    time.Time // until then it is looked at often, because it was truncated before
	fast      bool      // more than fastLines came in a second

	packed *packed // reads what is in a compressed file; nil for plain ones

	// The reader's.
	at      position
	scan    int64 // so many bytes from at.offset on were searched in vain for the end of what begins there
	scanNul bool  // and that is a hole
	room    int64 // where NULs begin at the end of what was searched: room that the writer may fill; 0: none
	need    int   // the next line is known to be so long, with its line end
	counted int64 // up to here an earlier process has counted
	shown   int64 // and handed out what waited

	// Guarded by Manager.mu.
	queued, busy bool
	reported     bool    // the scheduler has a result to look at first
	again        bool    // there is something to do once neither is set
	last         outcome // of the last turn
	backlog      bool
	behind       bool      // it was not read to its end since this Manager began, when others were not either
	front        int64     // the time to which the sink has come in it; see Deps.Reached
	lines        int64     // handed on, about
	read         time.Time // when something was last handed on
	pause        bool      // the parser is to be told of a pause
	paused       bool      // that was asked for since
	quiet        bool      // it has not grown for RotateWait
	retired      bool      // as stage says: no path leads to it
	barred       bool      // no worker is to be sent any more
	size         int64     // of the content, when last looked at
	turnSize     int64     // the size when the last turn began
	proven       int64     // a size that was seen before what was read was found unchanged: so much there was of it
	disk         int64     // of the file
	edged        bool      // it has a live edge
	limit        int64     // reading ends here at shutdown; -1 before
	state        string
}

// ReadAt reads content: of a compressed file, what is in it.
func (g *generation) ReadAt(buf []byte, at int64) (int, error) {
	if g.packed != nil {
		return g.packed.ReadAt(buf, at)
	}
	return g.file.ReadAt(buf, at)
}

// readAt reads until buf is full or the file ends; a short count without error is the end of the file.
func (g *generation) readAt(buf []byte, at int64) (int, error) {
	n, err := g.ReadAt(buf, at)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

// settled says that nobody needs to wait for g any more: its end was reached, or cannot be.
func (g *generation) settled() bool { return g.reached || g.broken || g.stage == closed }

// waiting says that an older part of the same log is not read yet.
func (g *generation) waiting() bool {
	for len(g.after) > 0 && g.after[0].settled() {
		g.after = g.after[1:]
	}
	return len(g.after) > 0
}
