package app

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/errwatch/errwatch/internal/alert"
	"github.com/errwatch/errwatch/internal/line"
	"github.com/errwatch/errwatch/internal/store"
)

// still is a pipeline that nothing drives: a test hands it lines, and makes its commits. now is what it takes for the
// present.
type still struct {
	t  *testing.T
	d  *Daemon
	p  *pipeline
	at int64
}

func newStill(t *testing.T, config string, now func() time.Time, beforeCommit func() error) *still {
	t.Helper()
	plan := planOf(t, config)
	d := New(Options{Now: now, Logger: slog.New(slog.DiscardHandler), Instance: "here"})
	db, err := store.Open(t.Context(), store.Options{Dir: t.TempDir(), BeforeCommit: beforeCommit})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() }) // the folder goes with it
	d.db = db
	p, err := d.prepare(plan)
	if err != nil {
		t.Fatal(err)
	}
	p.behind.known = true // no other file is behind
	return &still{t: t, d: d, p: p}
}

// take hands over lines of one file.
func (s *still) take(text string) {
	s.t.Helper()
	b := line.Batch{Source: "meeting", File: 1, Data: []byte(text), Offset: s.at, End: s.at + int64(len(text)), Read: s.p.now()}
	s.at = b.End
	if err := s.p.Take(s.t.Context(), &b, func(int64) {}); err != nil {
		s.t.Fatal(err)
	}
}

func (s *still) commit() {
	s.t.Helper()
	if err := s.p.commit(context.Background()); err != nil {
		s.t.Fatal(err)
	}
}

// goLive is what happens when every source has reached its end.
func (s *still) goLive() {
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	s.p.clock.live, s.p.holding = true, false
}

const meetingSource = "sources: [{name: meeting, paths: [\"/nowhere/*.log\"], time: {zone: UTC}}]\n"

// A scrape waits half a second for a commit, all that come meanwhile for the same one; then each shows what is committed.
func TestScrapesShareOneCommit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		commits := 0
		s := newStill(t, meetingSource, time.Now, func() error {
			commits++
			<-release
			return nil
		})
		began := time.Now()
		var scrapes sync.WaitGroup
		for range 5 {
			scrapes.Go(func() { s.p.commitShared(t.Context()) })
		}
		scrapes.Wait()
		if waited := time.Since(began); waited != scrapeWait {
			t.Errorf("the scrapes waited %s, want %s", waited, scrapeWait)
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		s.p.commitShared(gone) // nobody waits for a client that has gone
		close(release)
		synctest.Wait()
		s.p.commitShared(t.Context())
		if waited := time.Since(began); waited != scrapeWait || commits != 1 {
			t.Errorf("after the commit: %d commits, %s; want one, and no more waiting", commits, waited-scrapeWait)
		}
	})
}

func TestStillTrue(t *testing.T) {
	t.Parallel()
	transition := func(id string, s alert.State) alert.Alert { return alert.Alert{ID: id, State: s} }
	held := []alert.Alert{
		transition("before", alert.Resolved), // fired before the backlog
		transition("within", alert.Firing),
		transition("still", alert.Firing),
		transition("within", alert.Resolved),
	}
	got := stillTrue(held)
	if len(got) != 2 || got[0].ID != "before" || got[1].ID != "still" {
		t.Errorf("told is %+v, want that the one from before has resolved, and what still fires", got)
	}
}

// publish shows the events of the source, as its end does.
func (s *still) publish() {
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	s.p.counters.Publish("meeting")
	s.p.dirty = true
}

// wantCounters compares what /metrics would show.
func (s *still) wantCounters(want map[string]float64) {
	s.t.Helper()
	families, err := s.d.newRegistry(s.p).Gather()
	if err != nil {
		s.t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		for _, m := range f.Metric {
			var labels []string
			for _, l := range m.Label {
				labels = append(labels, fmt.Sprintf("%s=%q", l.GetName(), l.GetValue()))
			}
			series := f.GetName() + "{" + strings.Join(labels, ",") + "}"
			got[series] = m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	for _, series := range slices.Sorted(maps.Keys(want)) {
		if v, ok := got[series]; !ok || v != want[series] {
			s.t.Errorf("%s is %v, %v; want %v", series, v, ok, want[series])
		}
	}
}
