package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// systemConfigVariable tells the program under test where the machine's configuration would be, so that the one of the
// machine that runs the tests does not count.
const systemConfigVariable = "TEST_SYSTEM_CONFIG"

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"errwatch": func() { os.Exit(run(os.Getenv(systemConfigVariable))) },
	})
}

// TestScripts runs the program as people do: testdata/script holds one script for each thing it can do.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds:                commands(),
		Condition:           condition,
		Setup: func(e *testscript.Env) error {
			e.Setenv("TZ", "UTC")
			e.Setenv("GORACE", "atexit_sleep_ms=0") // the race detector would hold each process for a second at its end
			e.Setenv(systemConfigVariable, e.WorkDir+"/etc/config.yaml")
			e.Values[processKey{}] = new(process)
			return nil
		},
	})
}
