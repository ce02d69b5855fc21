// Package parse turns batches of raw lines into events: it takes the envelope off, joins what belongs together, finds the
// error and reads its code, name, fields and time.
//
// The order of work, for each line:
//
//	envelope   Docker's json-file, Kubernetes' CRI, or none; decided by each line under "auto"
//	partials   records that the container runtime cut are put together again, for each stream of the container
//	multiline  lines up to the next one that starts a record are joined, where a start is configured
//	colours    the control sequences of loggers that believe they write to a terminal are taken out
//	literals   a record that holds none of a pattern's literals cannot match it, and most hold none of any
//	format     JSON, logfmt or text
//	extract    the first pattern that matches gives the event
//
// That is the meaning; the work is done in another order, because it is the third step from the end that makes nearly all
// lines uninteresting. Literals hold only bytes that no JSON writer escapes, so they stand unchanged in a line that
// Docker has wrapped. The whole block of a batch is therefore searched first, as it was read, and lines are cut out only
// around hits; of all others only the newlines are counted. What escapes the reasoning is itself found by literals: a
// line with a Unicode escape of an ASCII character or with a colour, a CRI record that is partial, Docker's wrapping (whose partial
// records show only in how they end). From there on the block is walked line by line. Options.NoPrefilter turns all of
// this off and gives the same events; tests hold the two against each other.
//
// # Restarts
//
// A record that is cut over several lines may be cut by the end of a batch, and by a kill. Its lines are counted when the
// record is complete, or provisionally when nothing comes for a while (see show.go). Result.Resume says where reading must start again so that it can be rebuilt, and Batch.Counted
// what was counted by then: a record whose completing line ends at or before it is read again in silence. Whatever waits
// is bounded twice, by Options.MaxLine in memory and by a distance in the file after which it is closed as it stands, so
// that a record that never ends cannot hold a position back for ever.
package parse
