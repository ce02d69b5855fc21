package app

import (
	"flag"
	"os"
	"runtime"
	"strconv"
	"testing"
)

// atOnce is how many tests run side by side at least: most of them wait for a daemon's clock, not for a processor.
const atOnce = 12

func TestMain(m *testing.M) {
	flag.Parse()
	if f := flag.Lookup("test.parallel"); f != nil && f.Value.String() == f.DefValue && runtime.GOMAXPROCS(0) < atOnce {
		_ = flag.Set("test.parallel", strconv.Itoa(atOnce)) // a number is one
	}
	code := m.Run()
	if os.Getenv(childOf) != "" {
		tellPeak()
	}
	os.Exit(code)
}
