package app

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/errwatch/errwatch/internal/config"
)

// followed is one record that FollowExplained has explained.
type followed struct {
	path string
	x    Explained
}

// follow starts following a source over path, and returns when it has begun.
func follow(t *testing.T, ctx context.Context, s config.Source, each func(string, Explained) error) (ended chan error) {
	t.Helper()
	cfg := config.Default()
	s.Catalog = cfg.Catalog
	cfg.Sources = []config.Source{s}
	plan, problems := Build(cfg)
	if plan == nil {
		t.Fatal(problems)
	}
	ready := make(chan int, 1)
	ended = make(chan error, 1)
	o := FollowOptions{
		Source: s.Name, Now: time.Now, Logger: slog.New(slog.DiscardHandler), Ready: func(files int) { ready <- files },
	}
	go func() { ended <- plan.FollowExplained(ctx, o, each) }()
	select {
	case <-ready:
	case err := <-ended:
		t.Fatal(err)
	}
	return ended
}

func appendText(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

func TestFollowExplained(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.log")
	appendText(t, path, "ERROR onError code=3014\n")
	ctx, cancel := context.WithCancel(t.Context())
	got := make(chan followed, 16)
	ended := follow(t, ctx, config.NewSource("meeting", path), func(path string, x Explained) error {
		got <- followed{path, x}
		return nil
	})
	appendText(t, path, "INFO all is well\n"+
		`{"log":"ERROR onError code=4009\n","stream":"stderr","time":"2026-11-20T10:15:23.2Z"}`+"\n"+
		"ERROR no database\n"+
		`2026-11-20T10:15:23.2Z stderr P {"level":"error","co`+"\n"+
		`2026-11-20T10:15:23.2Z stderr F de":4010}`+"\n"+
		"2026-11-20T10:15:23.2Z stdout F ERROR no disk\n")
	for i, want := range []Explained{
		{Line: "ERROR onError code=4009", Envelope: "docker", Code: "4009", Matched: true},
		{Line: "ERROR no database", Envelope: "none", Unmatched: true},
		{Line: `{"level":"error","code":4010}`, Envelope: "none", Code: "4010", Matched: true}, // joined: no one line's envelope
		{Line: "ERROR no disk", Envelope: "cri", Unmatched: true},
	} {
		f := <-got
		x := f.x
		if f.path != path || x.Line != want.Line || x.Envelope != want.Envelope || x.Code != want.Code || x.Matched != want.Matched || x.Unmatched != want.Unmatched {
			t.Errorf("record %d: got %+v, want %+v", i, x, want)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("the end is no error: %v", err)
	}
	if len(got) > 0 {
		t.Errorf("and this came, too: %+v", <-got)
	}
}

// TestFollowExplainedMultiline holds that a record of several lines is explained as one, when the next one begins.
func TestFollowExplainedMultiline(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.log")
	appendText(t, path, "")
	s := config.NewSource("meeting", path)
	s.Multiline.Start = `^\d{4}-`
	got := make(chan followed, 16)
	follow(t, t.Context(), s, func(path string, x Explained) error {
		got <- followed{path, x}
		return nil
	})
	appendText(t, path, "2026-11-20 10:15:23 ERROR onError\n  code=4009\n2026-11-20 10:15:24 ERROR no database\n  at all\n2026-11-20 10:15:25 INFO\n")
	for _, want := range []string{"2026-11-20 10:15:23 ERROR onError\n  code=4009", "2026-11-20 10:15:24 ERROR no database\n  at all"} {
		if f := <-got; f.x.Line != want {
			t.Errorf("got %q, want %q", f.x.Line, want)
		}
	}
}

func TestFollowExplainedEnds(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.log")
	appendText(t, path, "")
	broken := errors.New("nobody listens")
	calls := 0
	ended := follow(t, t.Context(), config.NewSource("meeting", path), func(string, Explained) error {
		calls++
		return broken
	})
	appendText(t, path, "ERROR onError code=4009\nERROR onError code=4010\n")
	if err := <-ended; !errors.Is(err, broken) || calls != 1 {
		t.Errorf("after %d calls: %v", calls, err)
	}

	plan, _ := Build(config.Default())
	if err := plan.FollowExplained(t.Context(), FollowOptions{Source: DefaultSource}, nil); !errors.Is(err, ErrNoPaths) {
		t.Errorf("a source without paths: %v", err)
	}
}
