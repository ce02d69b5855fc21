// Package rules decides when counts of events become alerts. docs/rules.md says what each word means, edge by edge.
//
// The engine is a pure machine: the caller tells it the time, and that is the only time it knows. It starts no
// goroutine, reads no clock and logs nothing, so that the daemon, a replay of old logs and a unit test are one engine.
// It is not safe for concurrent use; the pipeline calls it with its lock held.
//
// The way of an event: [Engine.Observe] takes the deadlines that are due before it, asks the index which rules it
// matches (index.go), finds its group in each (group.go), counts it in the group's window (ring.go) and lets the state
// machine look at the new value (state.go). What happens with time alone (a bucket leaves the window, `for` is over) is
// a due time in one heap (due.go), which [Engine.Advance] takes in order. What changed is written by [Engine.Pending]
// and read back by [Engine.Restore] (persist.go, codec.go).
//
// A kind of condition is one [meter] and one constructor (condition.go): another kind is another file.
package rules
