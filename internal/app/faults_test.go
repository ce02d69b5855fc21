package app

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/errwatch/errwatch/internal/sim"
	"github.com/errwatch/errwatch/internal/store"
)

const (
	denialSeries  = `errwatch_events_total{category="permission",code="3014",name="ERROR_GET_VIDEO_MEDIA_PERMISSION_DENIED",source="meeting"}`
	durableSeries = `errwatch_state_durable`
)

// live is how often the daemon has counted a code, committed or not.
func (r *rig) live(code string) (n int64) {
	p := r.d.current.Load()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.counters.Live().Codes() {
		if c.Code == code {
			n += c.Value
		}
	}
	return n
}

// While commits fail values stand still; after five seconds live ones are shown and alerts go out; and once commits
// work again all is exact, also over a restart.
func TestCommitsFail(t *testing.T) {
	t.Parallel()
	h := newReceiver(t)
	r := newRig(t, fmt.Sprintf(spikeRule, 3)+h.config())
	r.write("a.log", denials(2))
	r.start()
	r.until("two are counted", func() bool { return r.count("3014") == 2 })

	r.breakCommits(func() error { return errDisk })
	r.write("a.log", denials(2))
	r.until("reading goes on", func() bool { return r.live("3014") == 4 })
	r.wantMetrics("while commits fail", map[string]string{denialSeries: "2", durableSeries: "1"})
	if told := h.told(); len(told) > 0 {
		t.Errorf("told %q of what a crash can take back", told)
	}

	r.pass(6 * time.Second)
	r.untilTold(h, "the alert goes out", func() bool { return len(h.told()) == 1 })
	r.until("live values are shown", func() bool { return r.count("3014") == 4 })
	r.wantMetrics("after six seconds", map[string]string{denialSeries: "4", durableSeries: "0"})
	r.write("a.log", denials(1))
	r.until("and go on", func() bool { return r.count("3014") == 5 })

	r.breakCommits(nil)
	r.until("commits work again", func() bool { return r.metrics()[durableSeries] == "1" })
	r.wantMetrics("after the recovery", map[string]string{denialSeries: "5"})
	r.write("a.log", denials(1))
	r.until("all goes on", func() bool { return r.count("3014") == 6 })
	for _, said := range []string{"values on /metrics stand still", "live values are shown", "can be written again"} {
		if lines := r.log.lines(said); len(lines) != 1 {
			t.Errorf("the log says %q %d times, want once", said, len(lines))
		}
	}
	r.restart()
	r.wantMetrics("after a restart", map[string]string{denialSeries: "6"})
	r.write("a.log", denials(1))
	r.until("all goes on", func() bool { return r.count("3014") == 7 })
	if told := h.told(); !slices.Equal(told, []string{"Spike firing"}) {
		t.Errorf("told %q, want once that it fires", told)
	}
}

// A commit that hangs holds up no scrape for long, and shows nothing that is not committed.
func TestCommitHangs(t *testing.T) {
	t.Parallel()
	r := newRig(t, "rules: []\n")
	r.write("a.log", denials(1))
	r.start()
	r.until("one is counted", func() bool { return r.count("3014") == 1 })

	entered, release := make(chan struct{}, 1), make(chan struct{})
	r.breakCommits(func() error {
		select {
		case entered <- struct{}{}:
		default:
		}
		<-release
		return nil
	})
	r.write("a.log", denials(1))
	<-entered
	var scrapes sync.WaitGroup
	for range 4 {
		scrapes.Go(func() { r.wantMetrics("while a commit hangs", map[string]string{denialSeries: "1"}) })
	}
	scrapes.Wait() // the commit has not ended: release is still open
	close(release)
	r.until("the commit ends", func() bool { return r.count("3014") == 2 })
	r.wantMetrics("after it", map[string]string{denialSeries: "2"})
}

// A receiver that is down stops neither the counting nor another receiver, and hears all of it once it is back.
func TestReceiverDown(t *testing.T) {
	t.Parallel()
	h, down := newReceiver(t), newReceiver(t)
	down.setDown(true)
	more := strings.ReplaceAll(strings.TrimPrefix(down.config(), "receivers:\n"), "name: ", "name: down-")
	r := newRig(t, fmt.Sprintf(spikeRule, 2)+h.config()+more)
	r.start()
	r.write("a.log", denials(3))
	r.untilTold(h, "the good receiver is told", func() bool { return len(h.told()) == 1 })
	r.until("the failure is counted", func() bool {
		r.write("a.log", denials(1))
		m := r.metrics()
		return m[`errwatch_notifications_total{receiver="down-hook",result="failed"}`] > "0" && m[`errwatch_notifications_total{receiver="down-am",result="failed"}`] > "0"
	})
	r.wantMetrics("while it is down", map[string]string{
		`errwatch_notifications_total{receiver="hook",result="sent"}`:      "1",
		`errwatch_notifications_total{receiver="down-hook",result="sent"}`: "0",
		`errwatch_notification_queue_length{receiver="down-hook"}`:         "1",
		`errwatch_notification_queue_length{receiver="hook"}`:              "0",
	})
	down.setDown(false)
	r.untilTold(down, "it is told when it is back", func() bool {
		down.mu.Lock()
		defer down.mu.Unlock()
		return len(down.messages) == 1 && len(down.alerts) > 0
	})
}

// An orderly stop reads what is there, commits it, and sends what it makes fire. What cannot be sent waits for the next
// start.
func TestStopDrains(t *testing.T) {
	t.Parallel()
	h, down := newReceiver(t), newReceiver(t)
	down.setDown(true)
	more := strings.ReplaceAll(strings.TrimPrefix(down.config(), "receivers:\n"), "name: ", "name: down-")
	r := newRig(t, fmt.Sprintf(spikeRule, 1000)+h.config()+more)
	r.start()
	r.write("a.log", "x\n")
	r.until("it is live", func() bool { return r.status("meeting").CaughtUp && r.status("meeting").Lines == 1 })
	var text bytes.Buffer
	truth, err := sim.Text(&text, 1<<20, sim.TextOptions{Start: time.Now(), Step: time.Microsecond})
	if err != nil {
		t.Fatal(err)
	}
	r.write("b.log", text.String()+denials(1001))
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	if told := h.told(); !slices.Equal(told, []string{"Spike firing"}) {
		t.Errorf("told %q before the end, want once that it fires", told)
	}
	down.setDown(false)
	r.pass(time.Minute) // the pause before the next try is over
	r.start()
	r.wantMetrics("after the restart", map[string]string{
		`errwatch_lines_total{source="meeting"}`: fmt.Sprint(1 + truth.Lines + 1001),
		denialSeries:                             fmt.Sprint(truth.Events["3014"] + 1001),
	})
	r.untilTold(down, "the other receiver is told", func() bool { return len(down.told()) == 1 })
	if told := h.told(); len(told) != 1 {
		t.Errorf("told %q, want nothing again", told)
	}
}

// A stop whose last commit fails says so.
func TestStopWithoutState(t *testing.T) {
	t.Parallel()
	r := newRig(t, "")
	r.start()
	r.breakCommits(func() error { return errDisk })
	r.write("a.log", denials(1))
	if err := r.stop(); err == nil || !strings.Contains(err.Error(), errDisk.Error()) {
		t.Errorf("stop: %v, want an error about the state", err)
	}
	r.breakCommits(nil)
	r.start()
	r.until("the line is read again", func() bool { return r.count("3014") == 1 })
}

// A reload that cannot hand over through the state leaves everything as it is.
func TestReloadWithoutState(t *testing.T) {
	t.Parallel()
	r := newRig(t, fmt.Sprintf(spikeRule, 3))
	r.write("a.log", denials(2))
	r.start()
	r.until("two are counted", func() bool { return r.count("3014") == 2 })
	r.breakCommits(func() error { return errDisk })
	r.write("a.log", denials(2))
	r.until("two more are read", func() bool { return r.live("3014") == 4 })
	r.pass(6 * time.Second)
	r.until("live values are shown", func() bool { return r.count("3014") == 4 })

	r.configure("rules: []\n")
	if err := r.d.Reload(t.Context()); err == nil || !strings.Contains(err.Error(), errDisk.Error()) {
		t.Errorf("the reload: %v, want an error about the state", err)
	}
	r.wantMetrics("after it", map[string]string{denialSeries: "4", durableSeries: "0", `errwatch_config_last_reload_successful`: "0"})
	r.write("a.log", denials(1))
	r.until("the old configuration counts on", func() bool { return r.count("3014") == 5 })

	r.breakCommits(nil)
	if err := r.d.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.write("a.log", denials(1))
	r.until("the new configuration counts on", func() bool { return r.count("3014") == 6 })
	r.wantMetrics("after a reload that worked", map[string]string{`errwatch_config_last_reload_successful`: "1", `errwatch_rule_value{rule="Spike"}`: ""})
}

// Where the state fails in the middle of a reload, the old configuration goes on from the last commit, exactly.
func TestReloadFallsBack(t *testing.T) {
	t.Parallel()
	h := newReceiver(t)
	r := newRig(t, fmt.Sprintf(spikeRule, 3)+h.config())
	r.write("a.log", denials(2))
	r.start()
	r.until("two are counted", func() bool { return r.count("3014") == 2 })
	r.breakCommits(func() error { return errDisk })
	r.write("a.log", denials(2))
	r.until("two more are read", func() bool { return r.live("3014") == 4 })

	plan, err := r.d.load()
	if err != nil {
		t.Fatal(err)
	}
	next, err := r.d.prepare(plan)
	if err != nil {
		t.Fatal(err)
	}
	r.d.reloadMu.Lock()
	err = r.d.swap(t.Context(), r.d.current.Load(), next)
	r.d.reloadMu.Unlock()
	if err == nil || !strings.Contains(err.Error(), errDisk.Error()) {
		t.Errorf("the hand-over: %v, want an error about the state", err)
	}
	if r.d.current.Load() == next {
		t.Error("the new configuration is in force")
	}
	r.wantMetrics("after it", map[string]string{denialSeries: "2"})
	r.breakCommits(nil)
	r.write("a.log", denials(1))
	r.untilTold(h, "the alert fires", func() bool { return len(h.told()) == 1 })
	r.until("all five are counted", func() bool { return r.count("3014") >= 5 })
	r.wantMetrics("once commits work", map[string]string{denialSeries: "5"})
	if got := r.d.Totals().Alerts; len(got) != 1 || got[0].Summary != "5 denials" && got[0].Summary != "4 denials" {
		t.Errorf("alerts: %+v, want one", got)
	}
}

// Whoever looks during a reload sees one configuration or the other, and nothing is lost or counted twice.
func TestReloadWhileEverybodyLooks(t *testing.T) {
	t.Parallel()
	h := newReceiver(t)
	r := newRig(t, fmt.Sprintf(spikeRule, 2)+h.config())
	r.write("a.log", denials(3))
	r.start()
	r.untilTold(h, "the alert fires", func() bool { return len(h.told()) == 1 })

	var over atomic.Bool
	var looking sync.WaitGroup
	for _, path := range []string{"/metrics", "/", "/api/v1/rules", "/api/v1/status"} {
		looking.Go(func() {
			last := 3
			for !over.Load() {
				resp, err := http.Get(r.url + path)
				if err != nil {
					t.Error(err)
					return
				}
				var b bytes.Buffer
				_, err = b.ReadFrom(resp.Body)
				resp.Body.Close()
				if err != nil || resp.StatusCode != http.StatusOK {
					t.Errorf("%s: status %d, %v", path, resp.StatusCode, err)
				}
				if path == "/metrics" {
					last = atLeast(t, b.String(), last)
				}
			}
		})
	}
	const reloads = 8
	for i := range reloads {
		r.write("a.log", denials(5))
		r.configure(fmt.Sprintf(spikeRule, 2) + fmt.Sprintf("  - {name: Other%d, count: {above: 9999}, window: 5m}\n", i) + h.config())
		if err := r.d.Reload(t.Context()); err != nil {
			t.Error(err)
		}
	}
	over.Store(true)
	looking.Wait()
	r.until("all is counted", func() bool { return r.count("3014") == 3+5*reloads })
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	if told := h.told(); len(told) != 1 {
		t.Errorf("told %q, want once that it fires", told)
	}
}

// atLeast finds the count of denials in an exposition, which never goes back.
func atLeast(t *testing.T, text string, before int) int {
	t.Helper()
	_, rest, _ := strings.Cut(text, denialSeries)
	var n int
	if _, err := fmt.Sscan(rest, &n); err != nil || n < before {
		t.Errorf("a scrape shows %q, after %d", strings.SplitN(rest, "\n", 2)[0], before)
		return before
	}
	return n
}

// A state file that is none of errwatch's is set aside, and a metric says so until the next start.
func TestSetAsideIsShown(t *testing.T) {
	t.Parallel()
	r := newRig(t, "rules: []\n")
	dir := filepath.Join(r.dir, "state")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, store.FileName), []byte("this is no database, but somebody's notes"), 0o600); err != nil {
		t.Fatal(err)
	}
	r.start()
	r.wantMetrics("after the start", map[string]string{"errwatch_state_set_aside": "1"})
	r.restart()
	r.wantMetrics("after the next start", map[string]string{"errwatch_state_set_aside": "0"})
}
