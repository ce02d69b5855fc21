// Package sim makes meeting-server logs of which the truth is known: a Server that writes, rotates and has incidents as
// a real one does, a Corpus of every shape in which an error event has been seen and of the lines that only look like
// one, and bulk Text for benchmarks.
//
// Everything is decided by a seed and by times that are passed in. What a line amounts to is known from how it was
// made; nothing here recognises anything, and so the package knows nothing of the rest of the program.
package sim
