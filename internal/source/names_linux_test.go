package source

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func touchFile(t *testing.T, path string) {
	t.Helper()
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestNameWatches(t *testing.T) {
	t.Parallel()
	a, b := t.TempDir(), t.TempDir()
	told := make(chan newName, 100)
	var n nameWatches
	defer n.close()
	found := func(dir, name string) { told <- newName{dir, name} }
	start := time.Now()
	n.want(a, start, found)
	n.want(b, start, found)
	n.want(filepath.Join(a, "missing"), start, found)

	touchFile(t, filepath.Join(a, "one"))
	touchFile(t, filepath.Join(b, "two"))
	if err := os.Rename(filepath.Join(a, "one"), filepath.Join(b, "three")); err != nil {
		t.Fatal(err)
	}
	for _, want := range []newName{{a, "one"}, {b, "two"}, {b, "three"}} {
		if got := <-told; got != want {
			t.Errorf("told of %v, want %v", got, want)
		}
	}

	n.want(b, start.Add(nameWatchRest), found)
	n.rest(start.Add(nameWatchRest)) // nobody wants a any more
	touchFile(t, filepath.Join(a, "four"))
	touchFile(t, filepath.Join(b, "five"))
	if got, want := <-told, (newName{b, "five"}); got != want {
		t.Errorf("told of %v, want %v", got, want)
	}
}

func TestNameWatchesAreBounded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var n nameWatches
	defer n.close()
	for i := range maxNameWatches + 5 {
		sub := filepath.Join(dir, fmt.Sprint(i))
		if err := os.Mkdir(sub, 0o755); err != nil {
			t.Fatal(err)
		}
		n.want(sub, time.Now(), func(string, string) {})
	}
	if len(n.wanted) != maxNameWatches {
		t.Errorf("%d watches", len(n.wanted))
	}
}
