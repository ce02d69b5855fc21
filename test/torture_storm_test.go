//go:build e2e

package test

import (
	"os/exec"
	"strings"
	"testing"
)

// Each way to rotate, with errwatch killed every few hundred milliseconds: no line is lost or counted twice, and no
// series ever goes down. `make torture` does the same for ten minutes.
func TestStorm(t *testing.T) {
	t.Parallel()
	cases, err := exec.Command(torture(), "cases").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range strings.Fields(string(cases)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := exec.Command(torture(), "storm", "-errwatch", binary, "-case", name, "-round", "2s", "-dir", t.TempDir()).CombinedOutput()
			t.Logf("%s", out)
			if err != nil {
				t.Error(err)
			}
		})
	}
}
