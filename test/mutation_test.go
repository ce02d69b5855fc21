//go:build e2e

package test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Faults that are put into a copy of the follower on purpose. The model test must find each of them, or it proves nothing.
func TestModelFindsFaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, file, text, fault string
	}{
		{
			"no content proof", "proof.go",
			"copy(s[:], full[:])",
			"_ = full // all contents are alike",
		},
		{
			"the old file is not drained", "rotate.go",
			`m.deps.Logger.Debug("rotated",`,
			"m.abandonRest(g)\n\tm.deps.Logger.Debug(\"rotated\",",
		},
		{
			"truncation is seen by the size only", "drain.go",
			"if n < back || back > 0 && g.packed == nil && sumOf(buf[:back]) != g.at.anchor {",
			"if n < back {",
		},
		{
			"counts and positions in two commits", "drain.go",
			"w.advance = w.advanceTo",
			"w.advance = func(int64) {} // it is done after the sink has returned",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			model := mutated(t, c.file, c.text, c.fault)
			cmd := exec.Command(model, "-test.run=^TestModel$", "-test.timeout=5m")
			cmd.Dir = t.TempDir()
			out, err := cmd.CombinedOutput()
			if err == nil {
				t.Fatal("the model test passes")
			}
			_, found, ok := strings.Cut(string(out), " wrong of ")
			if !ok {
				t.Fatalf("the model test fails, but not by what was counted:\n%s", out)
			}
			what, _, _ := strings.Cut(found, "after")
			t.Logf("found: %s", what)
		})
	}
}

// mutated builds the tests of internal/source with text, which stands in one of its files just once, replaced.
func mutated(t *testing.T, file, text, fault string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("../internal/source", file))
	if err != nil {
		t.Fatal(err)
	}
	code, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(code), text); n != 1 {
		t.Fatalf("%q stands %d times in %s, want once: where the code has changed, so must this fault", text, n, file)
	}
	dir := t.TempDir()
	spoilt := write(t, filepath.Join(dir, file), strings.Replace(string(code), text, fault, 1))
	list, err := json.Marshal(map[string]map[string]string{"Replace": {path: spoilt}})
	if err != nil {
		t.Fatal(err)
	}
	overlay, test := write(t, filepath.Join(dir, "overlay.json"), string(list)), filepath.Join(dir, "source.test")
	if out, err := exec.Command("go", "test", "-c", "-vet=off", "-overlay="+overlay, "-o", test, "../internal/source").CombinedOutput(); err != nil {
		t.Fatalf("the fault does not compile: %v\n%s", err, out)
	}
	return test
}
