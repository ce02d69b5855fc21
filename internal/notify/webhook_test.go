package notify

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/errwatch/errwatch/internal/alert"
	"github.com/errwatch/errwatch/internal/store"
)

func hook() Receiver {
	return Receiver{Name: "chat", Webhook: &Webhook{URL: "https://hooks.example.com/secret"}}
}

// withStore gives a rig a state file, and its notifier what is in it.
func withStore(t *testing.T, g *rig, dir string) *rig {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	g.db = db
	if err := db.Read(t.Context(), g.Restore); err != nil {
		t.Fatal(err)
	}
	return g
}

func (g *rig) crash() {
	g.t.Helper()
	g.stop()
	if err := g.db.Close(); err != nil {
		g.t.Fatal(err)
	}
}

// outboxRows returns how many rows the outbox has.
func outboxRows(t *testing.T, db *store.DB) (n int) {
	t.Helper()
	if err := db.Read(t.Context(), func(tx *store.Tx) error {
		rows, err := tx.Query("SELECT count(*) FROM outbox")
		if err != nil {
			return err
		}
		defer rows.Close()
		rows.Next()
		return rows.Scan(&n)
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

// ids returns the alerts of a message, as "id state".
func ids(t *testing.T, r request) string {
	t.Helper()
	var all []string
	for _, a := range decode[Payload](t, r).Alerts {
		all = append(all, a.ID+" "+a.Status)
	}
	return strings.Join(all, ", ")
}

func TestMessageIsCommittedThenSentThenDeleted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var r receiver
		g := withStore(t, newRig(t, Options{Do: r.do}, hook()), t.TempDir()).start()
		defer g.crash()
		a := firing("a")
		p := g.Pending([]alert.Alert{a})
		pass(time.Minute)
		if len(r.take()) != 0 {
			t.Fatal("sent before the commit")
		}
		if err := g.db.Commit(t.Context(), []store.Pending{p}); err != nil {
			t.Fatal(err)
		}
		p.Done(true)
		if n := outboxRows(t, g.db); n != 1 {
			t.Fatalf("%d rows in the outbox, want 1", n)
		}
		g.Committed([]alert.Alert{a}, []alert.Alert{a})
		synctest.Wait()
		got := r.take()
		if len(got) != 1 || ids(t, got[0]) != "a firing" {
			t.Fatalf("%+v", got)
		}
		if got[0].header.Get("Idempotency-Key") == "" || got[0].header.Get("Content-Type") != "application/json" {
			t.Errorf("%v", got[0].header)
		}
		if !g.Changed() {
			t.Error("the deletion does not ask for a commit")
		}
		g.active = []alert.Alert{a}
		g.commit()
		if n := outboxRows(t, g.db); n != 0 || g.Changed() {
			t.Errorf("%d rows are left, changed: %v", n, g.Changed())
		}
	})
}

func TestFailedCommitAndTheSameTransitionsAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var r receiver
		g := newRig(t, Options{Do: r.do}, hook()).start()
		defer g.stop()
		a := firing("a")
		for range 3 {
			p := g.Pending([]alert.Alert{a})
			p.Done(false)
		}
		pass(time.Minute)
		if len(r.take()) != 0 {
			t.Fatal("sent without a commit")
		}
		g.commit(a)
		pass(time.Minute)
		if got := r.take(); len(got) != 1 || ids(t, got[0]) != "a firing" {
			t.Errorf("%+v", got)
		}
	})
}

// TestCrashBetweenSendAndMark: the same message, body and key, comes again; nothing else does.
func TestCrashBetweenSendAndMark(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var r receiver
		dir := t.TempDir()
		g := withStore(t, newRig(t, Options{Do: r.do}, hook()), dir).start()
		a, b := firing("a"), firing("b", "source", "b")
		g.commit(a)
		synctest.Wait()
		first := r.take()
		g.crash() // sent, but no commit has deleted the row

		g2 := withStore(t, newRig(t, Options{Do: r.do}, hook()), dir).start()
		defer g2.crash()
		g2.active = g.active
		g2.commit(b) // news about the same rule must not get into the old message
		pass(time.Second)
		again := r.take()
		if len(first) != 1 || len(again) != 1 {
			t.Fatalf("%d requests before, %d after the crash", len(first), len(again))
		}
		if !bytes.Equal(first[0].body, again[0].body) || first[0].header.Get("Idempotency-Key") != again[0].header.Get("Idempotency-Key") {
			t.Errorf("first %s\nagain %s", first[0].body, again[0].body)
		}
		pass(time.Minute)
		next := r.take()
		if len(next) != 1 || ids(t, next[0]) != "b firing" || next[0].header.Get("Idempotency-Key") == first[0].header.Get("Idempotency-Key") {
			t.Errorf("%+v", next)
		}
	})
}

func TestOneMessagePerRuleAndInterval(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var r receiver
		g := withStore(t, newRig(t, Options{Do: r.do}, hook()), t.TempDir()).start()
		defer g.crash()
		a, b, c := firing("a"), firing("b", "source", "b"), firing("c", "source", "c")
		other := firing("x", "alertname", "Other")
		g.commit(a, other)
		synctest.Wait()
		if got := r.take(); len(got) != 2 {
			t.Fatalf("%d messages, want one for each rule", len(got))
		}
		pass(5 * time.Second)
		g.commit(b)
		pass(5 * time.Second)
		g.commit(c)
		pass(5 * time.Second)
		g.commit(resolved(b), resolved(a))
		pass(14 * time.Second)
		if got := r.take(); len(got) != 0 {
			t.Fatalf("within the interval: %s", got[0].body)
		}
		pass(2 * time.Second)
		got := r.take()
		if len(got) != 1 || ids(t, got[0]) != "b resolved, c firing, a resolved" {
			t.Fatalf("after the interval: %v", ids(t, got[0]))
		}
		if p := decode[Payload](t, got[0]); p.Status != "firing" || p.Summary != "FIRING critical: Spike, 1 group, 2 resolved; worst: 21 camera denials in 5 min on c (limit 20)" {
			t.Errorf("%+v", p)
		}
	})
}

func TestStillFiringIsRepeated(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var r receiver
		dir := t.TempDir()
		to := hook()
		to.Repeat = time.Hour
		g := withStore(t, newRig(t, Options{Do: r.do}, to), dir).start()
		a := firing("a")
		g.commit(a)
		pass(40 * time.Minute)
		g.commit()
		r.take()
		g.crash()

		g2 := withStore(t, newRig(t, Options{Do: r.do}, to), dir).start()
		defer g2.crash()
		a.Summary, a.Value = "18 camera denials in 5 min", 18
		g2.set(a)
		g2.commit()
		pass(19 * time.Minute)
		if g2.Changed() || len(r.take()) != 0 {
			t.Fatal("repeated too early")
		}
		pass(2 * time.Minute)
		if !g2.Changed() {
			t.Fatal("a due repetition does not ask for a commit")
		}
		g2.commit()
		synctest.Wait()
		got := r.take()
		if len(got) != 1 {
			t.Fatalf("%d messages", len(got))
		}
		if p := decode[Payload](t, got[0]); !p.Repeat || p.Summary != "STILL FIRING critical, 61 min, now 18 in 5 min: 18 camera denials in 5 min" {
			t.Errorf("%+v", p)
		}
		g2.commit(resolved(a))
		pass(2 * time.Hour)
		g2.commit()
		pass(time.Hour)
		if got := r.take(); len(got) != 1 || ids(t, got[0]) != "a resolved" {
			t.Errorf("after the end: %+v", got)
		}
	})
}

// TestLostTransitionIsTold: a crash came after the commit of the state and before the message was made.
func TestLostTransitionIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var r receiver
		g := newRig(t, Options{Do: r.do}, hook()).start()
		defer g.stop()
		over := resolved(firing("over"))
		g.set(firing("a"))
		g.set(over)
		g.commit()
		if !g.Changed() {
			t.Fatal("nothing asks for the commit that tells it")
		}
		g.commit()
		pass(time.Minute)
		if got := r.take(); len(got) != 1 || ids(t, got[0]) != "a firing" {
			t.Errorf("%+v", got)
		}
	})
}

func TestEndOfWhatNobodyHeardOf(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var r receiver
		g := newRig(t, Options{Do: r.do}, hook()).start()
		defer g.stop()
		g.commit(resolved(firing("a")))
		pass(time.Minute)
		if got := r.take(); len(got) != 0 {
			t.Errorf("%s", got[0].body)
		}
		b := firing("b")
		g.commit(b, resolved(b)) // both in one commit: it did fire
		pass(time.Minute)
		if got := r.take(); len(got) != 1 || ids(t, got[0]) != "b resolved" {
			t.Errorf("%+v", got)
		}
	})
}

func TestDownThenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log logText
		r := receiver{answer: down}
		g := withStore(t, newRig(t, Options{Do: r.do, QueueSize: 3, Logger: slog.New(slog.NewTextHandler(&log, nil))}, hook()), t.TempDir()).start()
		defer g.crash()
		for i := range 6 {
			g.commit(firing(fmt.Sprint("a", i), "alertname", fmt.Sprint("Rule", i)))
			pass(time.Second)
		}
		pass(10 * time.Minute)
		g.commit()
		if s := g.Stats()[0]; s.Queue != 3 || s.Dropped != 3 || s.Failed < 5 || s.Failed > 30 {
			t.Errorf("while it is down: %+v", s)
		}
		if n := outboxRows(t, g.db); n != 3 {
			t.Errorf("%d rows, want 3", n)
		}
		r.mu.Lock()
		r.answer = nil
		r.mu.Unlock()
		pass(time.Minute)
		var heard []string
		for _, q := range r.take() {
			heard = append(heard, ids(t, q))
		}
		slices.Sort(heard)
		if !slices.Equal(heard, []string{"a3 firing", "a4 firing", "a5 firing"}) {
			t.Errorf("after it came back: %v", heard)
		}
		text := log.String()
		if strings.Count(text, "sending a notification failed") != 1 || strings.Count(text, "notifications are sent again") != 1 {
			t.Errorf("the log:\n%s", text)
		}
		if strings.Contains(text, "secret") || !strings.Contains(text, "host=hooks.example.com") {
			t.Errorf("the log names too much or too little:\n%s", text)
		}
	})
}

func TestRefusedMessageIsGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := receiver{answer: func(_ *http.Request, n int) (*http.Response, error) {
			if n == 1 {
				return status(400), nil
			}
			return status(200), nil
		}}
		g := newRig(t, Options{Do: r.do}, hook()).start()
		defer g.stop()
		g.commit(firing("a"), firing("b", "alertname", "Other"))
		pass(time.Minute)
		if got := r.take(); len(got) != 1 || g.Stats()[0].Dropped != 1 || g.Stats()[0].Queue != 0 {
			t.Errorf("%d messages, %+v", len(got), g.Stats()[0])
		}
	})
}

func TestURLFileIsReadAtEachSending(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log logText
		var r receiver
		file := filepath.Join(t.TempDir(), "hook")
		to := Receiver{Name: "chat", Webhook: &Webhook{URLFile: file}}
		g := newRig(t, Options{Do: r.do, Logger: slog.New(slog.NewTextHandler(&log, nil))}, to).start()
		defer g.stop()
		write := func(text string) {
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		g.commit(firing("a"))
		pass(time.Minute)
		if s := g.Stats()[0]; s.Failed == 0 || s.Queue != 1 {
			t.Fatalf("without the file: %+v", s)
		}
		write("not a URL: T0PS3CRET")
		pass(time.Minute)
		write("  https://one.example.com/T0PS3CRET\n")
		pass(10 * time.Minute)
		write("https://two.example.com/T0PS3CRET")
		g.commit(firing("b", "alertname", "Other"))
		pass(time.Minute)
		got := r.take()
		if len(got) != 2 || got[0].url != "https://one.example.com/T0PS3CRET" || got[1].url != "https://two.example.com/T0PS3CRET" {
			t.Errorf("%+v", got)
		}
		if strings.Contains(log.String(), "T0PS3CRET") {
			t.Errorf("the secret is in the log:\n%s", log.String())
		}
	})
}

func TestDrain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var r receiver
		g := newRig(t, Options{Do: r.do}, hook(), am("http://a.example.com")).start()
		defer g.stop()
		g.commit(firing("a"))
		synctest.Wait()
		g.commit(firing("b", "source", "b")) // waits for its interval
		began := time.Now()
		g.Drain(t.Context())
		if got := r.take(); len(got) != 4 || time.Since(began) > time.Second {
			t.Errorf("%d requests after %s", len(got), time.Since(began))
		}
	})
}

func TestDrainEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := receiver{answer: hang}
		g := newRig(t, Options{Do: r.do}, hook(), am("http://a.example.com")).start()
		g.commit(firing("a"))
		pass(15 * time.Second) // in the middle of a pause
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		began := time.Now()
		g.Drain(ctx)
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("Drain took %s", took)
		}
		began = time.Now()
		g.stop()
		if took := time.Since(began); took > stopGrace {
			t.Errorf("Run took %s to end", took)
		}
	})
}

// TestAdopt is a reload: the old notifier sent something after the commit that the new one was restored from.
func TestAdopt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var r receiver
		dir := t.TempDir()
		old := withStore(t, newRig(t, Options{Do: r.do}, hook()), dir).start()
		a := firing("a")
		old.set(a)
		p := old.Pending([]alert.Alert{a})
		if err := old.db.Commit(t.Context(), []store.Pending{p}); err != nil {
			t.Fatal(err)
		}
		p.Done(true)
		next := newRig(t, Options{Do: r.do}, hook())
		next.db = old.db
		if err := next.db.Read(t.Context(), next.Restore); err != nil {
			t.Fatal(err)
		}
		old.Committed(old.active, nil)
		synctest.Wait()
		old.stop()
		next.Adopt(old.Notifier)
		next.active = old.active
		next.start()
		defer next.crash()
		next.commit()
		pass(time.Minute)
		next.commit()
		if got := r.take(); len(got) != 1 {
			t.Errorf("%d messages, want 1", len(got))
		}
		if n := outboxRows(t, next.db); n != 0 || next.Stats()[0].Sent != 1 {
			t.Errorf("%d rows, %+v", n, next.Stats()[0])
		}
	})
}

func TestReceiverThatIsNoLongerConfigured(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := receiver{answer: down}
		dir := t.TempDir()
		g := withStore(t, newRig(t, Options{Do: r.do}, hook()), dir).start()
		g.commit(firing("a"))
		pass(time.Second)
		g.crash()
		var log logText
		other := hook()
		other.Name = "other/chat 2"
		g2 := withStore(t, newRig(t, Options{Do: r.do, Logger: slog.New(slog.NewTextHandler(&log, nil))}, other), dir).start()
		defer g2.crash()
		g2.active = g.active
		g2.commit()
		g2.commit()
		if n := outboxRows(t, g2.db); n != 1 || !strings.Contains(log.String(), "messages=1") {
			t.Errorf("%d rows, want the one for the new receiver; log:\n%s", n, log.String())
		}
	})
}

// TestManyGroups: a message is bounded, and says how many it leaves out.
func TestManyGroups(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var r receiver
		g := newRig(t, Options{Do: r.do}, hook()).start()
		defer g.stop()
		var all []alert.Alert
		for i := range 120 {
			all = append(all, firing(fmt.Sprintf("a%03d", i), "source", fmt.Sprint(i)))
		}
		g.commit(all...)
		pass(time.Second)
		p := decode[Payload](t, r.take()[0])
		if len(p.Alerts) != 50 || p.MoreFiring != 70 || p.Summary != "FIRING critical: Spike, 120 groups; worst: 21 camera denials in 5 min on a000 (limit 20)" {
			t.Errorf("%d alerts, %d more, %s", len(p.Alerts), p.MoreFiring, p.Summary)
		}
	})
}
