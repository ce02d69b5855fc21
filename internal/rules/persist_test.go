package rules

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/errwatch/errwatch/internal/alert"
	"github.com/errwatch/errwatch/internal/event"
	"github.com/errwatch/errwatch/internal/store"
)

func openStore(t *testing.T) *store.DB {
	t.Helper()
	db, err := store.Open(context.Background(), store.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func commit(t *testing.T, db *store.DB, e *Engine) {
	t.Helper()
	p := e.Pending()
	if err := db.Commit(context.Background(), []store.Pending{p}); err != nil {
		t.Fatal(err)
	}
	p.Done(true)
}

func restore(t *testing.T, db *store.DB, now time.Time, rules ...Rule) *Engine {
	t.Helper()
	e := mustNew(t, Options{}, rules...)
	if err := db.Read(context.Background(), func(tx *store.Tx) error { return e.Restore(tx, now) }); err != nil {
		t.Fatal(err)
	}
	return e
}

// query returns the first column of the rows, joined by spaces.
func query(t *testing.T, db *store.DB, q string) string {
	t.Helper()
	var out []string
	err := db.Read(context.Background(), func(tx *store.Tx) error {
		rows, err := tx.Query(q)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var s sql.NullString
			if err := rows.Scan(&s); err != nil {
				return err
			}
			out = append(out, s.String)
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(out, " ")
}

func meetingRule() Rule {
	return Rule{
		Name: "R", Severity: "warning", Above: new(int64(1)), ResolveAt: new(int64(0)), Window: time.Minute, KeepFiringFor: time.Minute,
		By: []string{event.Meeting}, Summary: "{{ $value }} in {{ $labels.meeting }}",
	}
}

func TestStateSurvivesInTheStore(t *testing.T) {
	t.Parallel()
	db := openStore(t)
	pendingRule := Rule{Name: "Slow", Above: new(int64(0)), Window: time.Minute, For: time.Hour, Severity: "info"}
	e := mustNew(t, Options{}, meetingRule(), pendingRule)
	commit(t, db, e)
	if got := query(t, db, "SELECT seq FROM rule_journal"); got != "" {
		t.Errorf("an engine without time wrote %q", got)
	}
	for i := range 3 {
		observe(e, at(time.Duration(i)*time.Second), "m1")
		observe(e, at(time.Duration(i)*time.Second), "m2 müsli")
		commit(t, db, e)
	}
	observe(e, at(5*time.Second), "m3")
	commit(t, db, e)
	if got := query(t, db, "SELECT seq FROM rule_journal"); got != "1 2 3 4" {
		t.Errorf("rows %s are stored", got)
	}
	if got := query(t, db, "SELECT state FROM alerts ORDER BY state"); got != "firing firing pending" {
		t.Errorf("alerts %q", got)
	}
	back := restore(t, db, at(6*time.Second), meetingRule(), pendingRule)
	diff(t, "restored", lines(back.Alerts()), lines(e.Alerts()))
	if tr := back.Transitions(); len(tr) != 0 || back.Changed() {
		t.Errorf("a restart says %v", lines(tr))
	}
	e.Transitions()
	for _, x := range []*Engine{e, back} {
		x.Advance(at(10 * time.Minute))
	}
	diff(t, "resolved", lines(back.Transitions()), lines(e.Transitions()))
	commit(t, db, back)
	if s := back.Stats(); s[0].Groups != 0 || s[1].Groups != 1 {
		t.Errorf("empty groups are still there: %+v", s)
	}
	for _, a := range back.Alerts() {
		var kept alert.Alert
		err := db.Read(context.Background(), func(tx *store.Tx) (err error) {
			kept, _, err = LoadAlert(tx, a.ID)
			return err
		})
		if found, ok := back.FindAlert(a.ID); err != nil || !ok || text(t, kept) != text(t, found) {
			t.Errorf("alert %s: %v, %v, %+v", a.ID, err, ok, kept)
		}
	}
	err := db.Read(context.Background(), func(tx *store.Tx) error {
		if a, ok, err := LoadAlert(tx, "nothing"); ok || err != nil || a.ID != "" {
			t.Errorf("an unknown ID: %+v, %v, %v", a, ok, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	again := restore(t, db, at(10*time.Minute), meetingRule(), pendingRule)
	diff(t, "resolved ones", lines(again.Alerts()), lines(back.Alerts()))
}

func TestNothingChangedWritesNothing(t *testing.T) {
	t.Parallel()
	db := openStore(t)
	e := mustNew(t, Options{}, meetingRule())
	observe(e, noon, "m1")
	commit(t, db, e)
	e.Advance(at(time.Second))
	if p := e.Pending(); p.Write != nil {
		t.Error("there is something to write although nothing happened")
	}
	observe(e, at(time.Second), "m2")
	p := e.Pending()
	defer p.Done(true)
	if p.Write == nil {
		t.Error("an event leaves nothing to write")
	}
}

// TestAFailedCommitIsMadeUp holds that what a commit could not write is in the next one, and that what happened
// meanwhile wins.
func TestAFailedCommitIsMadeUp(t *testing.T) {
	t.Parallel()
	db := openStore(t)
	e := mustNew(t, Options{MaxGroups: 2}, meetingRule())
	observe(e, noon, "gone")
	observe(e, noon, "m1")
	commit(t, db, e)
	observe(e, noon, "m1") // fires
	observe(e, noon, "m2") // and gone makes room
	p := e.Pending()
	if !e.marksEmpty() || e.Changed() {
		t.Error("Pending leaves marks")
	}
	e.Advance(at(30 * time.Second))
	observe(e, at(30*time.Second), "m1")
	observe(e, at(30*time.Second), "gone") // is back, and m2 makes room
	p.Done(false)
	if !e.Changed() {
		t.Error("after a failed commit the firing alert is no longer urgent")
	}
	commit(t, db, e)
	if got := query(t, db, "SELECT state FROM alerts"); got != "firing" {
		t.Errorf("alerts %q", got)
	}
	back := mustNew(t, Options{MaxGroups: 2}, meetingRule())
	if err := db.Read(context.Background(), func(tx *store.Tx) error { return back.Restore(tx, at(30*time.Second)) }); err != nil {
		t.Fatal(err)
	}
	diff(t, "restored", lines(back.Alerts()), lines(e.Alerts()))
	if a, b := text(t, back.Stats()), text(t, e.Stats()); a != b {
		t.Errorf("stats %s and %s", a, b)
	}
}

func (e *Engine) marksEmpty() bool {
	return len(e.marks.alerts)+len(e.marks.noAlerts)+len(e.journal.row)+len(e.journal.unwritten) == 0
}

// TestAFailingDisk repeats a stream with commits of which the first try may fail.
func TestAFailingDisk(t *testing.T) {
	t.Parallel()
	full := false
	db, err := store.Open(context.Background(), store.Options{Dir: t.TempDir(), BeforeCommit: func() error {
		if full {
			return errors.New("no space left on device")
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	e := mustNew(t, Options{MaxGroups: 3}, meetingRule())
	for i := range 30 {
		now := at(time.Duration(i*14) * time.Second)
		observe(e, now, fmt.Sprint("m", i*7%5))
		full = i%3 != 0
		p := e.Pending()
		err := db.Commit(context.Background(), []store.Pending{p})
		p.Done(err == nil)
		if full != (err != nil) {
			t.Fatalf("commit %d: %v", i, err)
		}
	}
	full = false
	commit(t, db, e)
	back := mustNew(t, Options{MaxGroups: 3}, meetingRule())
	if err := db.Read(context.Background(), func(tx *store.Tx) error { return back.Restore(tx, at(420*time.Second)) }); err != nil {
		t.Fatal(err)
	}
	diff(t, "restored", lines(back.Alerts()), lines(e.Alerts()))
	if a, b := text(t, back.Stats()), text(t, e.Stats()); a != b {
		t.Errorf("stats %s and %s", a, b)
	}
}

func TestWhatIsRemovedWhileDownResolves(t *testing.T) {
	t.Parallel()
	changed := meetingRule()
	changed.Window = 2 * time.Minute
	reworded := meetingRule()
	reworded.Summary, reworded.FirstCheck = "other words", "look elsewhere"
	for _, c := range []struct {
		name  string
		rules []Rule
		want  string
	}{
		{"the same", []Rule{meetingRule()}, ""},
		{"only other words", []Rule{reworded}, ""},
		{"removed", nil, "resolved"},
		{"another meaning", []Rule{changed}, "resolved"},
	} {
		db := openStore(t)
		e := mustNew(t, Options{}, meetingRule())
		observe(e, noon, "m1")
		observe(e, noon, "m1")
		commit(t, db, e)
		id := e.Alerts()[0].ID
		back := restore(t, db, at(5*time.Second), c.rules...)
		tr := back.Transitions()
		switch {
		case c.want == "" && len(tr) != 0:
			t.Errorf("%s: %v", c.name, lines(tr))
		case c.want != "" && (len(tr) != 1 || tr[0].ID != id || tr[0].State != alert.Resolved || !tr[0].EndsAt.Equal(at(5*time.Second))):
			t.Errorf("%s: %v", c.name, lines(tr))
		}
		commit(t, db, back)
		if again := restore(t, db, at(6*time.Second), c.rules...).Transitions(); len(again) > 0 {
			t.Errorf("%s: resolved twice", c.name)
		}
	}
}

// TestAStateOfTheFutureIsLeft holds what happens where the machine had a wrong date when the state was written.
func TestAStateOfTheFutureIsLeft(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		ahead time.Duration
		keeps bool
	}{{0, true}, {maxClockAhead, true}, {maxClockAhead + 1, false}, {365 * 24 * time.Hour, false}} {
		db := openStore(t)
		e := mustNew(t, Options{}, meetingRule())
		observe(e, noon, "m1")
		observe(e, noon, "m1")
		commit(t, db, e)
		now := at(-c.ahead)
		back := restore(t, db, now, meetingRule())
		back.Advance(now)
		if kept := back.Stats()[0].Groups == 1; kept != c.keeps || kept != (len(back.Notes()) == 0) {
			t.Errorf("a state that is %s ahead: kept is %v, notes %q", c.ahead, kept, back.Notes())
		}
		if tr := back.Transitions(); c.keeps && len(tr) != 0 || !c.keeps && (len(tr) != 1 || tr[0].State != alert.Resolved) {
			t.Errorf("a state that is %s ahead: %v", c.ahead, lines(tr))
		}
		if c.keeps {
			continue
		}
		observe(back, now, "m2") // it is not deaf
		if n := len(back.Transitions()); n != 0 {
			t.Errorf("one event fires %d", n)
		}
		observe(back, now, "m2")
		if n := len(back.Transitions()); n != 1 {
			t.Errorf("a state that is %s ahead: two events fire %d", c.ahead, n)
		}
	}
}

func TestDamageIsDroppedAndTold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, damage, note string }{
		{"the last row", `UPDATE rule_journal SET data = x'0102' WHERE seq = 3`, `row 3 of the journal cannot be read`},
		{"a bit of a row", `UPDATE rule_journal SET data = substr(data, 1, 12) || x'ff' || substr(data, 14) WHERE seq = 3`, `row 3 of the journal cannot be read`},
		{"a row is gone", `DELETE FROM rule_journal WHERE seq = 3`, `rows 3 to 3 of the journal are missing`},
		{"a row of a later version", `UPDATE rule_journal SET data = x'63' || substr(data, 2)`, `row 3 of the journal cannot be read`},
		{"a part of the snapshot", `UPDATE rule_snapshots SET data = x'00' WHERE part = 0`, `part 0 of the snapshot cannot be read`},
		{"a part is gone", `DELETE FROM rule_snapshots WHERE part = 0`, `a part of the snapshot is missing`},
		{"the end of the snapshot", `UPDATE rule_snapshots SET data = x'0102' WHERE part = -1`, `the end of a snapshot cannot be read`},
		{"an alert", `UPDATE alerts SET json = '{"ID":7}'`, `cannot be read`},
	} {
		db := openStore(t)
		e := mustNew(t, Options{}, meetingRule())
		observe(e, noon, "m1")
		commit(t, db, e)
		e.journal.wanted = true
		observe(e, noon, "m2")
		commit(t, db, e)
		observe(e, noon, "m1")
		commit(t, db, e)
		observe(e, noon, "m1")
		commit(t, db, e)
		err := db.Commit(context.Background(), []store.Pending{{Write: func(tx *store.Tx) error { return tx.Exec(c.damage) }}})
		if err != nil {
			t.Fatal(err)
		}
		back := restore(t, db, noon, meetingRule())
		checkBooks(t, back)
		if !slices.ContainsFunc(back.Notes(), func(n string) bool { return strings.Contains(n, c.note) }) {
			t.Errorf("%s: notes %q", c.name, back.Notes())
		}
		if len(back.Notes()) > 2 {
			t.Errorf("%s: many notes: %q", c.name, back.Notes())
		}
		// It goes on, and the next start has nothing to say.
		observe(back, at(time.Second), "m1")
		commit(t, db, back)
		if again := restore(t, db, at(time.Second), meetingRule()); len(again.Notes()) > 0 && c.name != "an alert" {
			t.Errorf("%s: still %q", c.name, again.Notes())
		}
	}
}

func TestOldAlertsLeaveTheTable(t *testing.T) {
	t.Parallel()
	db := openStore(t)
	r := Rule{Name: "R", Above: new(int64(0)), Window: time.Minute, Severity: "info"}
	e := mustNew(t, Options{KeepAlerts: 48 * time.Hour}, r)
	for day := range 5 {
		now := noon.AddDate(0, 0, day)
		observe(e, now, "")
		e.Advance(now.Add(time.Hour))
		commit(t, db, e)
	}
	// A day's commit forgets what is older than two days before it.
	if got := query(t, db, "SELECT count(*) FROM alerts"); got != "2" {
		t.Errorf("%s alerts are kept", got)
	}
}
