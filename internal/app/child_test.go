package app

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// childOf is set in the environment of a child to the name of the one test that it runs.
const childOf = "ERRWATCH_TEST_CHILD"

// inChild says whether the calling test runs in a child process.
func inChild(t *testing.T) bool { return os.Getenv(childOf) == t.Name() }

// alone runs the calling test in a child process, for what takes much of a process: memory, descriptors. It returns the
// most memory that the child ever had, as the child itself says: what the system tells of it (ru_maxrss) begins with what
// its parent had.
func alone(t *testing.T) (bytes int64) {
	t.Helper()
	out := runChild(t, os.Args[0], t.TempDir(), nil)
	_, text, _ := strings.Cut(out, peakPrefix)
	if _, err := fmt.Sscanf(text, "%d", &bytes); err != nil {
		t.Fatalf("the child does not say how much memory it took: %v\n%s", err, out)
	}
	return bytes << 10
}

const peakPrefix = "most memory, KiB: "

// tellPeak writes the most memory that this process ever had, where the system tells.
func tellPeak() {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return
	}
	_, text, _ := strings.Cut(string(b), "VmHWM:")
	var kib int64
	if _, err := fmt.Sscanf(text, "%d", &kib); err == nil {
		fmt.Printf("%s%d\n", peakPrefix, kib)
	}
}

// asNobody runs the calling test in a child process without privileges.
func asNobody(t *testing.T) {
	t.Helper()
	dir, err := os.MkdirTemp("", "errwatch-nobody-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // nobody needs it any more
	binary := filepath.Join(dir, "app.test")    // where nobody may go
	if err := errors.Join(os.Chmod(dir, 0o777), copyFile(binary, "/proc/self/exe")); err != nil {
		t.Fatal(err)
	}
	const nobody = 65534
	runChild(t, binary, dir, &syscall.Credential{Uid: nobody, Gid: nobody})
}

func runChild(t *testing.T, binary, dir string, who *syscall.Credential) (output string) {
	t.Helper()
	c := exec.CommandContext(t.Context(), binary, "-test.run=^"+t.Name()+"$", "-test.count=1", "-test.v")
	c.Env = append(os.Environ(), childOf+"="+t.Name(), "TMPDIR="+dir, "HOME="+dir)
	c.SysProcAttr = &syscall.SysProcAttr{Credential: who}
	out, err := c.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Fatalf("in the child: %v\n%s", err, out)
	}
	return string(out)
}

func copyFile(to, from string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, b, 0o755)
}
