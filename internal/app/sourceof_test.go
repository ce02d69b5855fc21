package app

import (
	"path/filepath"
	"testing"

	"github.com/errwatch/errwatch/internal/source"
)

func TestUnrotated(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/l/app.log":                    "/l/app.log",
		"/l/app.log.1":                  "/l/app.log",
		"/l/app.log.12.gz":              "/l/app.log.12",
		"/l/app.log.zst":                "/l/app.log",
		"/l/app.log-20261120":           "/l/app.log",
		"/l/app.log.2026-11-20_10-15":   "/l/app.log",
		"/l/app.log-20261120T101523.gz": "/l/app.log-20261120T101523",
		"/l/app.log-20261120T101523":    "/l/app.log",
		"/l/app.":                       "/l/app.",
		"/l/app2":                       "/l/app2",
		"/l/PORT":                       "/l/PORT",
		"/l/4009":                       "/l/4009",
	} {
		if got := unrotated(path); got != want {
			t.Errorf("unrotated(%q) = %q, want %q", path, got, want)
		}
	}
}

func TestSourceOf(t *testing.T) {
	t.Parallel()
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	p := &Plan{sources: []source.Options{
		{Name: "a", Paths: []string{"/logs/a/*.log"}, Exclude: []string{"debug*", "*.gz", "/logs/a/old.log"}},
		{Name: "b", Paths: []string{"/logs/**/b.log", "web"}},
		{Name: "dated", Paths: []string{"/logs/d-2026*"}},
	}}
	for path, want := range map[string]string{
		"/logs/a/x.log":       "a",
		"/logs/a/x.log.3":     "a",
		"/logs/a/x.log.3.gz":  "a", // the glob is about following: x.log is not excluded
		"/logs/a/debug.log":   DefaultSource,
		"/logs/a/debug.log.1": DefaultSource,
		"/logs/a/old.log":     DefaultSource,
		"/logs/a/b.log":       "a", // the first that claims it
		"/logs/x/y/b.log":     "b",
		"web/c.log":           "b", // a folder
		here + "/web/c.log":   "b",
		"/logs/d-20261120":    "dated", // its own name comes first
		"/other/x.log":        DefaultSource,
	} {
		if got := p.sourceOf(path); got != want {
			t.Errorf("sourceOf(%q) = %q, want %q", path, got, want)
		}
	}
}
