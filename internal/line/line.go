// Package line holds the value that a source hands to the parser: a run of whole lines that stand next to each other
// in one generation of one file.
package line

import "time"

// FileID names one generation of one file (one inode as one writer filled it) within this process. It is never reused
// while the process lives; 0 is no file.
type FileID uint64

// SkipReason says why bytes of a file yield no line; it is the reason label of errwatch_skipped_lines_total.
type SkipReason string

// The reasons for which a source itself skips a line. The parser adds its own.
const (
	TooLong  SkipReason = "too_long" // longer than limits.line
	Fragment SkipReason = "fragment" // the torn end of a copy: the whole line stands elsewhere
	NulRun   SkipReason = "nul"      // a hole that a truncation left behind
)

// Batch is a run of whole lines, or one skipped line.
//
// Data and everything cut out of it stay valid only until the call that hands over the batch returns.
type Batch struct {
	Source string // the configured name of the source
	File   FileID
	Path   string // as it was found, for people; a rotated file keeps the name under which it was followed

	// Data holds whole lines, each ended by '\n'. Only where Last is set the last line may lack it.
	// Data is empty where the batch only reports a skip.
	Data   []byte
	Offset int64 // where Data starts in the generation, in bytes (of the decompressed stream for .gz and .zst)
	End    int64 // where the next batch starts: Offset + len(Data), or the end of the skipped bytes

	// Counted is the offset up to which an earlier process has already counted: records that end at or before it are
	// read again only to rebuild what joins with later lines, and must yield neither events nor counts.
	Counted int64

	// Shown is the offset at which an earlier process last handed out, at a pause, what the records that waited there
	// amounted to: of those that are still being read again then, only what their further lines change is new.
	Shown int64

	// Last says that this generation gets no more bytes: its writer has let go of it.
	Last bool

	// Ready says that the line behind this batch is one with which a record begins, so that what waits is complete.
	Ready bool

	// Pause says that nothing came for a while although the last record waits for its other lines: what it amounts to so
	// far is to be shown now. Lines that come later still belong to it. Such a batch has no data and ends where the one
	// before it did.
	Pause bool

	Skipped      SkipReason // set: the bytes Offset..End are skipped
	SkippedLines int        // how many lines these were

	Read time.Time // when the bytes were read: the time of an event whose line has none
}
