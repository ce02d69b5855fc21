package rules

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/errwatch/errwatch/internal/alert"
	"github.com/errwatch/errwatch/internal/event"
	"github.com/errwatch/errwatch/internal/store"
)

// firstFormRules are one of each condition.
func firstFormRules() []Rule {
	by := []string{event.Meeting}
	return []Rule{
		{Name: "Count", Above: new(int64(3)), ResolveAt: new(int64(1)), Window: time.Minute, KeepFiringFor: 20 * time.Second, By: by, Severity: "critical"},
		{Name: "Slow", Above: new(int64(8)), Window: 5 * time.Minute, For: 2 * time.Minute, Severity: "info"},
		{Name: "Below", Below: new(int64(2)), Window: 10 * time.Second, By: []string{"source"}, Severity: "warning"},
		{Name: "Distinct", Distinct: &Distinct{Of: event.Participant, Above: 10, OrEvents: true}, Window: time.Minute, Severity: "warning"},
		{Name: "Ratio", Ratio: &Ratio{To: Match{Names: []string{"joined"}}, Above: 2.5, MinTotal: 2}, Window: 30 * time.Second, Severity: "warning"},
		{Name: "Spike", Spike: &Spike{Factor: 2, Min: 3, Baseline: 20 * time.Second}, Window: 5 * time.Second, By: by, Severity: "warning"},
		{Name: "Absent", Absent: true, Window: 12 * time.Second, By: []string{"source"}, Severity: "warning"},
		{Name: "New", New: true, Window: 15 * time.Second, By: []string{"code"}, Severity: "info"},
		{Name: "Dedupe", Above: new(int64(12)), Window: time.Minute, Dedupe: &Dedupe{By: []string{event.Participant}, Within: 10 * time.Second}, Severity: "warning"},
	}
}

// firstFormStep tells an engine what comes in a second: busy minutes and quiet ones take turns, by source.
func firstFormStep(e *Engine, i int) {
	now := at(time.Duration(i) * time.Second)
	e.Advance(now)
	if i == 2 {
		e.Live(now)
	}
	for j := range 3 {
		if (i/40+j)%2 == 0 || i%7 == 0 && j == 0 {
			ev := denial(now.Add(-time.Duration(i*j%4)*time.Second), event.Meeting, fmt.Sprint("m", (i+j)%4), event.Participant, fmt.Sprint("p", i*j%23))
			ev.Source = []string{"meeting", "gateway", "meeting"}[j]
			ev.Code = fmt.Sprint(3014 + i*j/50)
			ev.Text = fmt.Appendf(nil, "line %d.%d", i, j)
			e.Observe(ev, now)
			e.ObserveLines(ev.Source, now)
		}
	}
	if i%5 == 0 {
		ev := denial(now)
		ev.Reference, ev.Name, ev.Code, ev.Category = true, "joined", "", ""
		e.Observe(ev, now)
	}
}

// firstFormKilled is the second after which the file in testdata was left.
const firstFormKilled = 105

// openFirstForm opens a state file that a program of schema 1 left in the middle of the stream.
func openFirstForm(t *testing.T) *store.DB {
	t.Helper()
	packed, err := os.Open("testdata/state-1.db.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	z, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	file, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "errwatch.db"), file, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(context.Background(), store.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// TestStateOfTheFirstFormGoesOn holds that an engine that starts from a state file of schema 1 is the engine that was
// never stopped: windows, alerts with their IDs, what is known, storms, baselines; and that the second start is, too.
func TestStateOfTheFirstFormGoesOn(t *testing.T) {
	t.Parallel()
	db := openFirstForm(t)
	never := mustNew(t, Options{}, firstFormRules()...)
	for i := range firstFormKilled + 1 {
		firstFormStep(never, i)
	}
	never.Transitions()
	killed := at(firstFormKilled * time.Second)
	e := restore(t, db, killed, firstFormRules()...)
	checkBooks(t, e)
	if len(e.Notes()) > 0 || len(e.Transitions()) > 0 {
		t.Errorf("the start says %v, %v", e.Notes(), lines(e.Transitions()))
	}
	e.Live(killed)
	if s := e.Stats(); s[0].Firing != 4 || s[1].Pending != 1 || s[3].Value != 23 {
		t.Errorf("windows were lost: %+v", s)
	}
	var got, want []alert.Alert
	for i := firstFormKilled + 1; i < 400; i++ {
		if i%61 == 0 {
			commit(t, db, e)
			e = restore(t, db, at(time.Duration(i-1)*time.Second), firstFormRules()...)
			e.Live(at(time.Duration(i-1) * time.Second))
		}
		firstFormStep(e, i)
		firstFormStep(never, i)
		got, want = append(got, e.Transitions()...), append(want, never.Transitions()...)
	}
	diff(t, "transitions", lines(withoutSamples(got)), lines(withoutSamples(want)))
	diff(t, "active", lines(withoutSamples(e.Alerts())), lines(withoutSamples(never.Alerts())))
	if len(want) < 40 {
		t.Errorf("the stream shows little: %d transitions", len(want))
	}
	if got := query(t, db, "SELECT rule FROM rule_sets UNION ALL SELECT rule FROM rule_groups"); got != "" {
		t.Errorf("the first form is still there: %s", got)
	}
}

// withoutSamples takes out what the first form kept by another measure, or did not keep.
func withoutSamples(as []alert.Alert) []alert.Alert {
	out := slices.Clone(as)
	for i := range out {
		out[i].Evidence.People.AtLeast, out[i].Evidence.Meetings.AtLeast = false, false
		out[i].Evidence.Samples, out[i].Evidence.Before = nil, alert.Before{}
	}
	return out
}

// TestFirstFormOfOtherRules holds that the rows of rules that are gone, or changed, or damaged are not taken over.
func TestFirstFormOfOtherRules(t *testing.T) {
	t.Parallel()
	db := openFirstForm(t)
	err := db.Commit(context.Background(), []store.Pending{{Write: func(tx *store.Tx) error {
		if err := tx.Exec(`UPDATE rule_groups SET data = substr(data, 2) WHERE rule = 'Distinct'`); err != nil {
			return err
		}
		return tx.Exec(`UPDATE rule_sets SET data = x'63' WHERE rule = 'Dedupe'`)
	}}})
	if err != nil {
		t.Fatal(err)
	}
	rules := firstFormRules()[1:]
	rules[0].Window = 6 * time.Minute
	e := restore(t, db, at(firstFormKilled*time.Second), rules...)
	checkBooks(t, e)
	if n := fmt.Sprint(e.Notes()); !strings.Contains(n, `group of rule "Distinct"`) || !strings.Contains(n, `row of rule "Dedupe"`) {
		t.Errorf("notes %s", n)
	}
	var ended []string
	for _, a := range e.Transitions() {
		ended = append(ended, string(a.State)+" "+a.Rule)
	}
	slices.Sort(ended)
	want := []string{"resolved Count", "resolved Count", "resolved Count", "resolved Count", "resolved Dedupe", "resolved Distinct"}
	if !slices.Equal(ended, want) {
		t.Errorf("ended %q, want %q", ended, want)
	}
	commit(t, db, e)
	if again := restore(t, db, at(firstFormKilled*time.Second), rules...); len(again.Notes()) > 0 {
		t.Errorf("the second start says %q", again.Notes())
	}
}
