package notify

import (
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/errwatch/errwatch/internal/alert"
	"github.com/errwatch/errwatch/internal/store"
)

// ticks lets time go by as in the pipeline, which commits every now and then where there is something to write.
func (g *rig) ticks(d time.Duration) {
	g.t.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); {
		pass(time.Second)
		if g.Changed() {
			g.commit()
		}
	}
	synctest.Wait()
}

// set changes how a receiver answers.
func (r *receiver) behave(answer func(*http.Request, int) (*http.Response, error)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

// TestDroppedMetricEqualsMissingPosts reaches the bound of a queue on purpose: the messages that never arrive are as many
// as the metric says; and what fires of them is told when there is room again.
func TestDroppedMetricEqualsMissingPosts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const rules, bound = 20, 7
		r := receiver{answer: down}
		g := withStore(t, newRig(t, Options{Do: r.do, QueueSize: bound}, hook()), t.TempDir()).start()
		defer g.crash()
		made := map[string]bool{}
		for i := range rules {
			g.commit(firing(fmt.Sprintf("a%02d", i), "alertname", fmt.Sprintf("Rule%02d", i)))
			for key := range outboxKeys(t, g.db) {
				made[key] = true
			}
			pass(time.Second)
		}
		g.ticks(10 * time.Minute)
		if n := outboxRows(t, g.db); n != bound {
			t.Errorf("%d rows in the outbox, want %d", n, bound)
		}
		if s := g.Stats()[0]; s.Queue != bound || len(made) != rules {
			t.Fatalf("%+v; %d messages were made", s, len(made))
		}
		dropped := g.Stats()[0].Dropped
		r.behave(nil)
		g.ticks(5 * time.Minute)

		heard := map[string]bool{}
		for _, q := range r.take() {
			p := decode[Payload](t, q)
			delete(made, p.Key)
			for _, a := range p.Alerts {
				heard[a.ID] = true
			}
		}
		if int64(len(made)) != dropped || dropped != rules-bound {
			t.Errorf("%d messages are missing, the metric says %d, want %d", len(made), dropped, rules-bound)
		}
		if len(heard) != rules || g.Stats()[0].Dropped != dropped {
			t.Errorf("heard of %v, %+v", slices.Sorted(maps.Keys(heard)), g.Stats()[0])
		}
	})
}

func outboxKeys(t *testing.T, db *store.DB) map[string]bool {
	t.Helper()
	keys := map[string]bool{}
	if err := db.Read(t.Context(), func(tx *store.Tx) error {
		rows, err := tx.Query("SELECT key FROM outbox")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var key string
			if err := rows.Scan(&key); err != nil {
				return err
			}
			keys[key] = true
		}
		return rows.Err()
	}); err != nil {
		t.Fatal(err)
	}
	return keys
}

// What was dropped is told again after a restart, too.
func TestDroppedIsToldAfterARestart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := receiver{answer: down}
		dir := t.TempDir()
		o := Options{Do: r.do, QueueSize: 1}
		g := withStore(t, newRig(t, o, hook()), dir).start()
		for i := range 3 {
			g.commit(firing(fmt.Sprint("a", i), "alertname", fmt.Sprint("Rule", i)))
			pass(time.Second)
		}
		g.ticks(time.Minute)
		g.crash()
		r.behave(nil)
		g2 := withStore(t, newRig(t, o, hook()), dir).start()
		defer g2.crash()
		g2.active = g.active
		g2.commit()
		g2.ticks(5 * time.Minute)
		var heard []string
		for _, q := range r.take() {
			heard = append(heard, ids(t, q))
		}
		slices.Sort(heard)
		if !slices.Equal(heard, []string{"a0 firing", "a1 firing", "a2 firing"}) {
			t.Errorf("%v", heard)
		}
	})
}

// drips is a body that comes a byte a second, without end.
type drips struct{ r *http.Request }

func (d drips) Read(p []byte) (int, error) {
	select {
	case <-time.After(time.Second):
		p[0] = 'x'
		return 1, nil
	case <-d.r.Context().Done():
		return 0, d.r.Context().Err()
	}
}

func (drips) Close() error { return nil }

// torn is a body that breaks off.
type torn struct{}

func (torn) Read(p []byte) (int, error) { p[0] = 'x'; return 1, io.ErrUnexpectedEOF }
func (torn) Close() error               { return nil }

// bad are the ways in which the other side of a webhook can be.
func bad() map[string]func(*http.Request, int) (*http.Response, error) {
	with := func(code int, body io.ReadCloser) *http.Response {
		resp := status(code)
		resp.Body = body
		return resp
	}
	return map[string]func(*http.Request, int) (*http.Response, error){
		"down":  down,
		"hangs": hang,
		"500":   func(*http.Request, int) (*http.Response, error) { return status(500), nil },
		"429": func(*http.Request, int) (*http.Response, error) {
			resp := status(429)
			resp.Header.Set("Retry-After", "20")
			return resp, nil
		},
		"torn": func(*http.Request, int) (*http.Response, error) { return with(502, torn{}), nil },
		"cut":  func(*http.Request, int) (*http.Response, error) { return nil, io.ErrUnexpectedEOF },
		"slow": func(r *http.Request, _ int) (*http.Response, error) { return with(503, drips{r}), nil },
		"late": func(r *http.Request, _ int) (*http.Response, error) {
			select {
			case <-time.After(9 * time.Second):
				return status(502), nil
			case <-r.Context().Done():
				return nil, r.Context().Err()
			}
		},
	}
}

// TestBadReceiversDelayNobody: eight bad webhooks and one bad Alertmanager beside good ones. The good ones hear at once
// of everything; the bad ones, when they come back, of everything that they do not know; and what waits for them stays
// small however long it lasts.
func TestBadReceiversDelayNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		const rounds, rules = 30, 3
		for round := range rounds {
			var news []alert.Alert
			for k := range rules {
				news = append(news, firing(fmt.Sprintf("r%02d-%d", round, k), "alertname", fmt.Sprint("Rule", k), "source", fmt.Sprint(round)))
			}
			if round >= 10 { // what began ten rounds ago ends
				for k := range rules {
					news = append(news, resolved(w.alert(fmt.Sprintf("r%02d-%d", round-10, k))))
				}
			}
			w.commit(news...)
			synctest.Wait()
			w.wantGoodKnows(round)
			w.ticks(31 * time.Second)
		}
		w.wantBounded(2 * rules)
		w.heal()
		w.ticks(10 * time.Minute)
		w.wantAllKnow()
	})
}

// world is a rig with one receiver of each kind of bad, and good ones.
type world struct {
	*rig
	names []string // of the webhooks

	mu    sync.Mutex
	good  bool
	state map[string]map[string]string // webhook -> alert -> what it was told last
	am    map[string]int               // host of an Alertmanager -> alerts in accepted requests
}

func newWorld(t *testing.T) *world {
	w := &world{names: append(slices.Sorted(maps.Keys(bad())), "good"), state: map[string]map[string]string{}, am: map[string]int{}}
	var all []Receiver
	for _, name := range w.names {
		all = append(all, Receiver{Name: name, Webhook: &Webhook{URL: "https://" + name + ".example.com/"}})
		w.state[name] = map[string]string{}
	}
	all = append(all, Receiver{Name: "am", Alertmanager: &Alertmanager{URLs: []string{"http://am-hangs.example.com", "http://am-good.example.com"}}})
	w.rig = newRig(t, Options{Do: w.do}, all...).start()
	t.Cleanup(w.stop)
	return w
}

func (w *world) do(req *http.Request) (*http.Response, error) {
	name, _, _ := strings.Cut(req.URL.Host, ".")
	text, _ := io.ReadAll(req.Body)
	w.mu.Lock()
	answer := bad()[strings.TrimPrefix(name, "am-")]
	if w.good {
		answer = nil
	}
	w.mu.Unlock()
	if answer != nil {
		return answer(req, 0)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if strings.HasPrefix(name, "am-") {
		w.am[name] += len(decode[[]postableAlert](w.t, request{body: text}))
		return status(200), nil
	}
	for _, a := range decode[Payload](w.t, request{body: text}).Alerts {
		w.state[name][a.ID] = a.Status
	}
	return status(200), nil
}

func (w *world) alert(id string) alert.Alert {
	for _, a := range w.active {
		if a.ID == id {
			return a
		}
	}
	w.t.Fatalf("no alert %s", id)
	return alert.Alert{}
}

func (w *world) wantGoodKnows(round int) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, a := range w.active {
		if got := w.state["good"][a.ID]; got != string(a.State) {
			w.t.Fatalf("round %d: the good webhook knows %s as %q, it is %s", round, a.ID, got, a.State)
		}
	}
	if w.am["am-good"] < len(w.active) {
		w.t.Fatalf("round %d: the good Alertmanager knows %d alerts of %d", round, w.am["am-good"], len(w.active))
	}
}

// wantBounded looks at everything that could grow.
func (w *world) wantBounded(messages int) {
	w.t.Helper()
	for _, s := range w.Stats() {
		if s.Name != "am" && s.Name != "good" && (s.Queue == 0 || s.Queue > messages || s.Dropped != 0) {
			w.t.Errorf("%+v, want at most %d messages, none dropped", s, messages)
		}
	}
	w.outbox.mu.Lock()
	defer w.outbox.mu.Unlock()
	for _, h := range w.outbox.webhooks {
		if len(h.told) > len(w.active) || len(h.seen) > len(w.active) {
			w.t.Errorf("%s keeps %d told and %d seen of %d alerts", h.name, len(h.told), len(h.seen), len(w.active))
		}
		for _, m := range h.queue {
			if len(m.content.Alerts) > maxListed {
				w.t.Errorf("%s: a message of %d alerts", h.name, len(m.content.Alerts))
			}
		}
	}
}

func (w *world) heal() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.good = true
}

// wantAllKnow: nobody takes for firing what has resolved, or has not heard of what fires. An end is told only to those
// who heard of the beginning, and a message lists at most 50 alerts.
func (w *world) wantAllKnow() {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, name := range w.names {
		for _, a := range w.active {
			if got := w.state[name][a.ID]; got != string(a.State) && (a.State == alert.Firing || got == "firing") {
				w.t.Errorf("%s knows %s as %q, it is %s", name, a.ID, got, a.State)
			}
		}
	}
	if w.am["am-hangs"] == 0 {
		w.t.Error("the other Alertmanager has heard nothing")
	}
}

// While commits fail, what a crash could take back is told once, and the journal does not grow with it.
func TestWhileCommitsFail(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var r receiver
		dir := t.TempDir()
		g := withStore(t, newRig(t, Options{Do: r.do}, hook()), dir).start()
		fail := func(transitions ...alert.Alert) {
			for _, a := range transitions {
				g.set(a)
			}
			g.Pending(transitions).Done(false)
			g.Committed(slices.Clone(g.active), transitions)
			pass(31 * time.Second)
		}
		for i := range 50 {
			a := firing(fmt.Sprint("a", i), "source", fmt.Sprint(i))
			fail(a)
			fail(resolved(a))
			g.active = nil
		}
		if got := r.take(); len(got) != 100 {
			t.Errorf("%d messages, want 100", len(got))
		}
		if n := len(g.outbox.journal.changes); n > 4 {
			t.Errorf("the journal holds %d changes", n)
		}
		g.commit() // the disk works again
		g.commit()
		pass(time.Hour)
		if n := outboxRows(t, g.db); n != 0 || len(r.take()) != 0 {
			t.Errorf("%d rows", n)
		}
		g.crash()
		g2 := withStore(t, newRig(t, Options{Do: r.do}, hook()), dir).start()
		defer g2.crash()
		g2.commit()
		g2.ticks(time.Minute)
		if got := r.take(); len(got) != 0 {
			t.Errorf("after a restart: %s", got[0].body)
		}
	})
}

// A row that got into the file is deleted from it, though commits failed in between.
func TestSentWhileCommitsFail(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var r receiver
		g := withStore(t, newRig(t, Options{Do: r.do}, hook()), t.TempDir()).start()
		defer g.crash()
		g.commit(firing("a"))
		synctest.Wait() // sent
		for range 3 {
			g.Pending(nil).Done(false)
		}
		g.commit()
		if n := outboxRows(t, g.db); n != 0 || len(r.take()) != 1 {
			t.Errorf("%d rows are left", n)
		}
	})
}

// Nobody hears of an end before its beginning, whatever has to wait.
func TestMessagesOfARuleKeepTheirOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := receiver{answer: func(_ *http.Request, n int) (*http.Response, error) {
			if n == 1 {
				resp := status(429)
				resp.Header.Set("Retry-After", "1000")
				return resp, nil
			}
			return status(200), nil
		}}
		dir := t.TempDir()
		g := withStore(t, newRig(t, Options{Do: r.do}, hook()), dir).start()
		a := firing("a")
		g.commit(a)
		pass(time.Second)
		g.commit(resolved(a))
		pass(time.Second)
		g.crash()
		// The first message has to wait long; the second could go.
		g2 := withStore(t, newRig(t, Options{Do: r.do}, hook()), dir).start()
		defer g2.crash()
		g2.active = g.active
		g2.commit()
		g2.ticks(30 * time.Minute)
		var got []string
		for _, q := range r.take() {
			got = append(got, ids(t, q))
		}
		if !slices.Equal(got, []string{"a firing", "a resolved"}) {
			t.Errorf("%v", got)
		}
	})
}

// One message that the other side cannot digest does not stop the others, and is given up in the end.
func TestIndigestibleMessage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log logText
		var mu sync.Mutex
		tries, good := 0, 0
		do := func(req *http.Request) (*http.Response, error) {
			text, _ := io.ReadAll(req.Body)
			mu.Lock()
			defer mu.Unlock()
			if strings.Contains(string(text), "Poison") {
				tries++
				return status(500), nil
			}
			good++
			return status(200), nil
		}
		g := newRig(t, Options{Do: do, Logger: slog.New(slog.NewTextHandler(&log, nil))}, hook()).start()
		defer g.stop()
		g.commit(firing("p", "alertname", "Poison"))
		for i := range 40 {
			g.commit(firing(fmt.Sprint("a", i), "source", fmt.Sprint(i)))
			g.ticks(31 * time.Second)
		}
		mu.Lock()
		defer mu.Unlock()
		if s := g.Stats()[0]; tries != maxTries || good < 30 || s.Dropped != 1 || s.Queue > 1 {
			t.Errorf("%d tries of the one, %d others, %+v", tries, good, s)
		}
		if !strings.Contains(log.String(), "a message is given up") {
			t.Errorf("the log:\n%s", log.String())
		}
	})
}

// What was told to fire and is gone when errwatch comes back has ended.
func TestEndThatNobodySaw(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var r receiver
		dir := t.TempDir()
		g := withStore(t, newRig(t, Options{Do: r.do}, hook()), dir).start()
		g.commit(firing("a"), firing("b", "source", "b"))
		synctest.Wait()
		g.commit()
		first := r.take()
		g.crash()
		pass(3 * time.Hour)
		g2 := withStore(t, newRig(t, Options{Do: r.do}, hook()), dir).start()
		defer g2.crash()
		g2.active = g.active[1:]
		g2.commit()
		g2.ticks(time.Minute)
		got := r.take()
		if len(first) != 1 || len(got) != 1 || ids(t, got[0]) != "a resolved" {
			t.Fatalf("%v", got)
		}
		p := decode[Payload](t, got[0])
		if p.StillFiring != 1 || !strings.HasPrefix(p.Summary, "RESOLVED after 3 h") {
			t.Errorf("%+v", p)
		}
	})
}

// Who heard that it fires hears that it is over, though the matchers have changed meanwhile.
func TestEndAfterTheMatchersChanged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var r receiver
		dir := t.TempDir()
		g := withStore(t, newRig(t, Options{Do: r.do}, hook()), dir).start()
		a := firing("a")
		g.commit(a)
		synctest.Wait()
		g.commit()
		g.crash()
		r.take()
		other := hook()
		other.Match = []string{`severity="warning"`}
		g2 := withStore(t, newRig(t, Options{Do: r.do}, other), dir).start()
		defer g2.crash()
		g2.active = g.active
		g2.commit()
		g2.commit(firing("b", "source", "b"))
		g2.ticks(time.Minute)
		g2.commit(resolved(a))
		g2.ticks(time.Minute)
		if got := r.take(); len(got) != 1 || ids(t, got[0]) != "a resolved" {
			t.Errorf("%v", got)
		}
	})
}
