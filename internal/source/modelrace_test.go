//go:build race

package source

// defaultCases is few: the race detector slows the model down several times, and looks at each case for itself.
const defaultCases = 200
