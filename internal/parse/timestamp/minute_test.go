package timestamp

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// checkMinute holds a Minute that has read other lines against Find.
func checkMinute(t *testing.T, m *Minute, line []byte, zone *time.Location) {
	t.Helper()
	ref := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	for range 2 { // the second time it remembers
		got, gotZone, gotOK := m.Find(line, zone, ref)
		want, wantZone, wantOK := Find(line, zone, ref)
		if got != want || gotZone != wantZone || gotOK != wantOK {
			t.Fatalf("%q: %v %v %v, want %v %v %v", line, got, gotZone, gotOK, want, wantZone, wantOK)
		}
	}
}

func TestMinute(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 3))
	pick := func(s ...string) string { return s[rng.IntN(len(s))] }
	zones := []*time.Location{nil, time.UTC, berlin}
	var m Minute
	known := 0
	for range 40_000 {
		line := fmt.Sprintf("%s%s%s%s%s%02d:%02d%s%02d%s%s%s%s", pick("2026", "1969", "0000", "20x6"), pick("-", "-", "-", "/"), pick("11", "02", "13"),
			pick("-", "-", "-", "/"), pick("20", "29", "31"), rng.IntN(2)+22, rng.IntN(3), pick(":", ":", ":", "."), rng.IntN(62),
			pick(".", ",", ":", ""), pick("123", "999", "12", "1234", "000"), pick("Z", " ", "Z", "+01", " UTC", " +0100", "z"),
			pick(" ERROR x", " [room] y", "ERROR", "GMT x", "UTC x", "U", "[x", "+02:00 a", "", " "))
		if i := 10; len(line) > i {
			line = line[:i] + pick("T", " ", "T", "_", "t", "x") + line[i:]
		}
		checkMinute(t, &m, []byte(line), zones[rng.IntN(len(zones))])
		if m.known {
			known++
		}
	}
	if known == 0 {
		t.Error("it never remembered a minute")
	}
}

func FuzzMinute(f *testing.F) {
	f.Add("2026-11-20T10:15:23.123Z ERROR", "2026-11-20T10:15:59.999Z x")
	f.Add("2026-11-20 10:15:23,123 ERROR", "2026-11-20 10:15:23,123 UTC x")
	f.Fuzz(func(t *testing.T, first, second string) {
		var m Minute
		checkMinute(t, &m, []byte(first), time.UTC)
		checkMinute(t, &m, []byte(second), time.UTC)
		checkMinute(t, &m, []byte(first), nil)
	})
}
