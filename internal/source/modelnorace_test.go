//go:build !race

package source

const defaultCases = 2000
