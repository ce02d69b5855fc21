//go:build !linux

package main

// dropProgram is for Linux alone.
func dropProgram() {}
