package rules

import (
	"testing"
	"time"

	"github.com/errwatch/errwatch/internal/event"
)

func TestAbsent(t *testing.T) {
	t.Parallel()
	const m = time.Minute
	lines := Rule{Absent: true, Window: 10 * m}
	bySource := Rule{Absent: true, Window: 10 * m, By: []string{"source"}}
	only := Rule{Absent: true, Window: 10 * m, Match: Match{Sources: []string{"gateway"}}}
	heartbeat := Rule{Absent: true, Window: m, Match: Match{Names: []string{"heartbeat"}}, By: []string{event.Meeting}}
	late := Rule{Absent: true, Window: m, For: 30 * time.Second, KeepFiringFor: 20 * time.Second}
	playAll(t, []story{
		{"nothing is missing before the first line", lines, "0s live\n5h", ""},
		{"the whole window long", lines, "0s live line\n9m59.999999999s", ""},
		{"then at that instant", lines, "0s live\n1s line\n20m", "firing 10m1s"},
		{"a line ends it", lines, "0s live line\n15m line\n16m", "firing 10m0s, resolved 15m0s"},
		{"a line in time", lines, "0s live line\n9m line\n18m line\n19m", ""},
		{"events are not lines", lines, "0s live line\n9m x5\n11m", "firing 10m0s"},
		{"while errwatch catches up silence is not counted", lines, "0s line\n30m\n40m live\n49m59s\n51m", "firing 50m0s"},
		{"nor in a gap", lines, "0s live line\n4m gap\n1h live\n1h5m\n1h7m", "firing 1h6m0s"},
		{"a gap does not end it", lines, "0s live line\n11m gap\n1h\n2h live\n3h line", "firing 10m0s, resolved 3h0m0s"},
		{"live twice is live once", lines, "0s live line\n5m live\n11m", "firing 10m0s"},
		{"each source, and only those that came", bySource, "0s live line\n1m line s=gateway\n10m30s line s=gateway\n11m", "firing 10m0s meeting"},
		{"one of two", only, "0s live line\n1s line s=gateway\n5m line\n11m", "firing 10m1s"},
		{"a source that is a day old is forgotten", bySource, "0s live line\n30h", "firing 10m0s meeting, resolved 24h0m0s meeting"},
		{"without by nothing is forgotten", lines, "0s live line\n30h", "firing 10m0s"},
		{"for and keep_firing_for", late, "0s live line\n100s line\n3m", "firing 1m30s, resolved 2m0s"},
		{"a jump ahead of the clock is silence", lines, "0s live line\n8h line\n8h1m", "firing 10m0s, resolved 8h0m0s"},
		{"for is interrupted", late, "0s live line\n80s line\n130s", ""},
		{"of events: their group", heartbeat, "0s live x1 n=heartbeat a\n30s x1 n=heartbeat b\n40s x9 a\n80s", "firing 1m0s a"},
		{"an event that tells of long ago shows life", heartbeat, "0s live x1 n=heartbeat a\n50s x1 n=heartbeat a of -2h\n100s", ""},
		{"lines are not events", heartbeat, "0s live line\n80s", ""},
	})
}

// With a factor silence must be unusual, and it must be known what is usual.
func TestUnusualSilence(t *testing.T) {
	t.Parallel()
	const m = time.Minute
	twice := Rule{Absent: true, Silence: &Silence{Factor: 2, Baseline: time.Hour}, Window: 10 * m}
	bySource, ofEvents := twice, twice
	bySource.By = []string{"source"}
	ofEvents.Match = Match{Names: []string{"heartbeat"}}
	const everyTen = "0s live line\n10m line\n20m line\n30m line\n40m line\n50m line\n60m line\n"
	playAll(t, []story{
		{"nothing is usual before a baseline was observed", twice, "0s live line\n10m line\n59m line\n20h", ""},
		{"the silence behind the last line adds nothing to it", twice, "0s live line\n20h line\n20h1m", ""},
		{"twice the longest", twice, everyTen + "79m59s\n99m", "firing 1h20m0s"},
		{"a silence that ends makes a longer one usual", twice, everyTen + "90m line\n149m59s\n3h", "firing 1h20m0s, resolved 1h30m0s, firing 2h30m0s"},
		{"what was usual long ago is not", twice, everyTen + "65m line\n70m line\n75m line\n80m line\n85m line\n90m line\n95m line\n100m line\n105m line\n110m line\n" +
			"115m line\n119m line\n120m line\n123m line\n126m line\n129m line\n132m line\n135m line\n138m line\n141m line\n144m line\n147m line\n150m line\n153m line\n156m line\n" +
			"159m line\n162m line\n165m line\n168m line\n171m line\n174m line\n177m line\n180m line\n189m59s\n4h", "firing 3h10m0s"},
		{"never shorter than the window", twice, "0s live line\n20m line\n21m line\n61m line\n62m line\n2h line\n" +
			"121m line\n122m line\n150m line\n3h line\n181m line\n182m line\n240m line\n5h", ""},
		{"the window alone where lines come often", twice, "0s live line\n4m line\n8m line\n12m line\n16m line\n20m line\n24m line\n28m line\n32m line\n36m line\n40m line\n" +
			"44m line\n48m line\n52m line\n56m line\n60m line\n69m59s\n75m", "firing 1h10m0s"},
		{"while errwatch is blind nothing is observed", twice, "0s live line\n1m gap\n50h live line\n51h", ""},
		{"nor is a blind time a silence", twice, everyTen + "61m gap\n5h live\n5h19m\n6h", "firing 5h19m0s"},
		{"each source has its own", bySource, everyTen + "60m line s=gateway\n80m\n2h", "firing 1h20m0s meeting"},
		{"who was forgotten begins anew", bySource, everyTen + "30h line\n30h30m\n31h line\n40h", "firing 1h20m0s meeting, resolved 25h0m0s meeting, firing 33h0m0s meeting"},
		{"of events", ofEvents, "0s live x1 n=heartbeat\n30m x1 n=heartbeat\n60m x1 n=heartbeat\n119m59s line\n3h", "firing 2h0m0s"},
	})
}

// TestUnusualSilenceIsHeldAgainstWhatWasUsualBefore: the end of a silence does not change what it was held against.
func TestUnusualSilenceIsHeldAgainstWhatWasUsualBefore(t *testing.T) {
	t.Parallel()
	e := mustNew(t, Options{}, Rule{Name: "Silent", Absent: true, Silence: &Silence{Factor: 2, Baseline: time.Hour}, Window: 10 * time.Minute})
	e.Live(noon)
	for m := time.Duration(0); m <= time.Hour; m += 10 * time.Minute {
		e.ObserveLines("meeting", at(m))
	}
	e.ObserveLines("meeting", at(5*time.Hour))
	tr := e.Transitions()
	if len(tr) != 2 || tr[0].Threshold != 1200 || tr[1].Threshold != 1200 || tr[1].Peak != 4*3600 {
		t.Errorf("%+v", tr)
	}
}

func TestAlways(t *testing.T) {
	t.Parallel()
	playAll(t, []story{
		{"not while errwatch catches up", Rule{Always: true}, "0s x9\n5h", ""},
		{"then for ever", Rule{Always: true}, "1h live\n5h gap\n6h live\n99h", "firing 1h0m0s"},
	})
}

func TestNew(t *testing.T) {
	t.Parallel()
	const m = time.Minute
	day := Rule{New: true, Window: 24 * time.Hour}
	short := Rule{New: true, Window: m}
	by := Rule{New: true, Window: m, By: []string{"source"}}
	kept := Rule{New: true, Window: m, KeepFiringFor: 5 * m}
	playAll(t, []story{
		{"the first day it learns", day, "0s x1\n23h x1 c=3015\n23h30m x1\n25h x1 c=3015", ""},
		{"then a code is news, for an hour", day, "0s x1\n24h x1 c=3015\n26h", "firing 24h0m0s, resolved 25h0m0s"},
		{"once", day, "0s x1\n24h x1 c=3015\n25h30m x5 c=3015\n26h", "firing 24h0m0s, resolved 25h0m0s"},
		{"another one keeps it news", day, "24h x1 c=1\n24h30m x1 c=2\n26h", "firing 24h0m0s, resolved 25h30m0s"},
		{"a code that was not seen for the window is news again", day, "0s x1\n30h x1\n31h30m", "firing 30h0m0s, resolved 31h0m0s"},
		{"a code that goes on is none", day, "0s x1\n20h x1\n40h x1\n60h x1", ""},
		{"a window shorter than an hour", short, "0s x1\n50s x1\n60s x1 c=1\n3m", "firing 1m0s, resolved 2m0s"},
		{"in each group", by, "0s x1 s=a\n50s x1 s=a\n60s x1 s=b\n61s x1 s=a\n3m", "firing 1m0s b, resolved 2m0s b"},
		{"keep_firing_for", kept, "60s x1 c=1\n8m", "firing 1m0s, resolved 7m0s"},
		{"a reference goes by its name", Rule{New: true, Window: m, Match: Match{Names: []string{"a", "b"}}}, "50s x1 n=a\n61s x1 n=a\n62s x1 n=b", "firing 1m2s"},
		{"too late for news", day, "0s x1\n26h x1 c=1 of 24h30m\n27h", ""},
		{"late, but news", day, "0s x1\n24h30m x1 c=1 of 24h1m\n27h", "firing 24h30m0s, resolved 25h1m0s"},
	})
}

func TestDedupe(t *testing.T) {
	t.Parallel()
	const m = time.Minute
	once := func(above int64) Rule {
		return Rule{Above: &above, Window: 5 * m, Dedupe: &Dedupe{By: []string{event.Participant}, Within: m}}
	}
	two, byMeeting := once(0), once(1)
	two.Dedupe = &Dedupe{By: []string{event.Participant, event.Meeting}, Within: m}
	two.Above = new(int64(1))
	byMeeting.By = []string{event.Meeting}
	ratio := Rule{
		Ratio: &Ratio{To: Match{Names: []string{"joined"}}, Above: 0.5, MinTotal: 2}, Window: 5 * m,
		Dedupe: &Dedupe{By: []string{event.Participant}, Within: m},
	}
	playAll(t, []story{
		{"a storm counts once", once(1), "0s x1000 p=a\n50s x50 p=a\n100s x1 p=a", ""},
		{"as long as the gaps are short enough", once(1), "0s x1 p=a\n60s x1 p=a\n120s x1 p=a", ""},
		{"a pause begins another", once(1), "0s x1 p=a\n60.000000001s x1 p=a", "firing 1m0.000000001s"},
		{"others are others", once(1), "0s x9 p=a\n1s x9 p=b", "firing 1s"},
		{"it counts at its first event", once(0), "0s x1 p=a\n59s x1 p=a\n10m", "firing 0s, resolved 5m0s"},
		{"who has no name is never folded", once(2), "0s x3", "firing 0s"},
		{"all values must agree", two, "0s x9 m1 p=a\n1s x9 m2 p=a", "firing 1s"},
		{"and be there", two, "0s x1 m1\n1s x1 m1", "firing 1s"},
		{"each group has its storms", byMeeting, "0s x9 m1 p=a\n1s x9 m2 p=a", ""},
		{"a late event within reach", once(1), "30s x1 p=a\n31s x1 p=a of 0s", ""},
		{"a late event out of reach", once(1), "70s x1 p=a\n71s x1 p=a of 9s", "firing 1m11s"},
		{"a late event does not move the storm back", once(1), "50s x1 p=a\n51s x1 p=a of 0s\n105s x1 p=a", ""},
		{"what both matches have is folded apart", ratio, "0s x5 n=joined p=a\n1s x5 n=joined p=b\n2s x5 p=a\n3s x5 p=b", "firing 3s"},
	})
}
