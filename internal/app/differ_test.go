package app

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/errwatch/errwatch/internal/line"
)

// TestWhereLinesMakeLiveAndReplayDiffer holds those ways of docs/rules.md that come about before the rules; the others
// are in internal/rules.
func TestWhereLinesMakeLiveAndReplayDiffer(t *testing.T) {
	t.Parallel()
	const rule = "rules: [{name: Video, match: {codes: [\"3014\"]}, count: {above: 2}, window: 5m}]\n"
	multi := `rules: [{name: Video, match: {codes: ["3014"]}, count: {above: 0}, window: 5m}, {name: Speakers, match: {codes: ["4010"]}, count: {above: 0}, window: 5m}]` + "\n"
	bare := strings.Repeat("ERROR [room] onError code=3014\n", 3)
	first, rest := "2026-11-20T12:00:00.000Z ERROR [room] onError code=3014\n", "  name=MAX_SPEAKER_REACHED\n2026-11-20T12:00:01.000Z INFO done\n"
	hourAgo := denialsAt(noon.Add(-time.Hour), 25)
	for _, c := range []struct {
		name         string
		multi, rules string
		text         string
		live         func(s *still)
		wantLive     []string
		wantReplay   []string
	}{
		{"a line without a time", "", rule, bare, func(s *still) { s.goLive(); s.take(bare) }, []string{"Video 0s"}, nil},
		{"a source whose times are not believed", "", rule, hourAgo, func(s *still) { s.goLive(); s.take(hourAgo) }, []string{"Video 0s"}, []string{"Video -1h0m0s"}},
		{"a record that goes on after a pause", ", multiline: {start: '^\\d{4}-'}", multi, first + rest, func(s *still) {
			s.goLive()
			s.take(first)
			s.pause()
			s.take(rest)
		}, []string{"Speakers 0s", "Video 0s"}, []string{"Speakers 0s"}},
		{"a file that is still behind after a minute", "", rule, hourAgo, func(s *still) {
			s.p.watchSources(holdAtMost)
			s.take(denialsAt(noon.Add(-time.Hour), 5))
		}, nil, []string{"Video -1h0m0s"}},
	} {
		dir := logs(t, map[string]string{"a.log": c.text})
		config := "alerts: {watchdog: false}\nsources: [{name: meeting, paths: [\"" + dir + "/*\"], time: {zone: UTC}" + c.multi + "}]\n" + c.rules
		s := newStill(t, config, func() time.Time { return noon }, nil)
		c.live(s)
		s.commit()
		var live, replay []string
		for _, a := range s.firedAlerts() {
			live = append(live, a.Rule+" "+a.StartsAt.Sub(noon).String())
		}
		for _, a := range replayAll(t, planOf(t, config), dir).Alerts {
			replay = append(replay, a.Rule+" "+a.StartsAt.Sub(noon).String())
		}
		slices.Sort(live)
		if !slices.Equal(live, c.wantLive) || !slices.Equal(replay, c.wantReplay) {
			t.Errorf("%s: live %q, replay %q; want %q and %q", c.name, live, replay, c.wantLive, c.wantReplay)
		}
	}
}

// pause says that nothing comes for now.
func (s *still) pause() {
	s.t.Helper()
	b := line.Batch{Source: "meeting", File: 1, Offset: s.at, End: s.at, Pause: true, Read: s.p.now()}
	if err := s.p.Take(s.t.Context(), &b, func(int64) {}); err != nil {
		s.t.Fatal(err)
	}
}
