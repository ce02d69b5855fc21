package timestamp

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

func TestYearRollover(t *testing.T) {
	t.Parallel()
	tests := []struct{ in, ref, want string }{
		{"Dec 31 23:59:59", "2027-01-01T00:00:05Z", "2026-12-31T23:59:59Z"},
		{"Dec  1 00:00:00", "2027-01-15T12:00:00Z", "2026-12-01T00:00:00Z"},
		{"Jan  1 00:00:01", "2026-12-31T23:59:59Z", "2027-01-01T00:00:01Z"}, // a clock ahead
		{"Jan  1 00:00:01", "2026-12-30T12:00:00Z", "2026-01-01T00:00:01Z"}, // more than a day ahead
		{"Nov 20 10:15:23", "2026-11-20T10:15:23Z", "2026-11-20T10:15:23Z"},
		{"Nov 21 10:15:23", "2026-11-20T10:15:23Z", "2026-11-21T10:15:23Z"}, // a day ahead to the second
		{"Nov 21 10:15:24", "2026-11-20T10:15:23Z", "2025-11-21T10:15:24Z"},
		{"Nov 19 10:15:23", "2026-11-20T10:15:23Z", "2026-11-19T10:15:23Z"},
		{"Feb 29 12:00:00", "2028-03-01T00:00:00Z", "2028-02-29T12:00:00Z"},
		{"Feb 29 12:00:00", "2028-02-28T13:00:00Z", "2028-02-29T12:00:00Z"},
		{"Feb 29 12:00:00", "2028-02-20T00:00:00Z", "2024-02-29T12:00:00Z"},
		{"Feb 29 12:00:00", "2103-06-01T00:00:00Z", "2096-02-29T12:00:00Z"},
		{"Feb 29 12:00:00", "2104-02-01T00:00:00Z", "2096-02-29T12:00:00Z"},
	}
	for _, tt := range tests {
		now, err := time.Parse(time.RFC3339, tt.ref)
		if err != nil {
			t.Fatal(err)
		}
		got, _, _, ok := Parse([]byte(tt.in), time.UTC, now)
		if s := got.Format(time.RFC3339); !ok || s != tt.want {
			t.Errorf("%q read at %s: %s %v, want %s", tt.in, tt.ref, s, ok, tt.want)
		}
	}
	if _, _, _, ok := Parse([]byte("Nov 20 10:15:23"), time.UTC, time.Time{}); ok {
		t.Error("a year was made up without a time of reading")
	}
}

// A stamp without a year, read up to eleven months later in any zone, is the moment that was written.
func TestYearRoundTrip(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 2))
	zones := []*time.Location{time.UTC, mustLoad(t, "Pacific/Kiritimati"), mustLoad(t, "America/Los_Angeles")}
	for range 20000 {
		zone := zones[rnd.IntN(len(zones))]
		want := time.Unix(1_500_000_000+rnd.Int64N(2_000_000_000), 0).In(zone)
		now := want.Add(time.Duration(rnd.Int64N(int64(330*24*time.Hour))) - 20*time.Hour)
		if want.Month() == time.February && want.Day() == 29 {
			continue
		}
		for _, layout := range []string{time.Stamp, "E0102 15:04:05", "01-02 15:04:05"} {
			in := want.Format(layout)
			if got, _, _, ok := Parse([]byte(in), zone, now); !ok || got.In(zone).Format(time.DateTime) != want.Format(time.DateTime) {
				t.Fatalf("%q in %v at %v: %v, want %v", in, zone, now, got, want)
			}
		}
	}
}

// In a zone's gaps and overlaps the answer is time.Date's.
func TestZoneTransitions(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(3, 4))
	for _, name := range []string{"Europe/Kyiv", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Kolkata", "Africa/Casablanca"} {
		zone := mustLoad(t, name)
		at := time.Date(2010, 1, 1, 0, 0, 0, 0, zone)
		for range 40 {
			_, next := at.ZoneBounds()
			if next.IsZero() {
				break
			}
			for range 50 {
				// Wall clocks within three hours of the transition, of which some do not exist and some exist twice.
				wall := next.UTC().Add(time.Duration(rnd.IntN(6*3600)-3*3600) * time.Second)
				_, offset := next.Zone()
				wall = wall.Add(time.Duration(offset) * time.Second)
				want := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), 0, zone)
				in := wall.Format(time.DateTime)
				if got, hasZone, _, ok := Parse([]byte(in), zone, ref); !ok || hasZone || !got.Equal(want) {
					t.Fatalf("%q in %s: %v, want %v", in, name, got, want)
				}
			}
			at = next
		}
	}
}

// Every date and clock of RFC 3339's form, possible or not, is read or refused as time.Parse does, except for the
// second of 60.
func TestAgainstTimeParse(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(5, 6))
	refused := 0
	for range 30_000 {
		year := rnd.IntN(10000)
		if rnd.IntN(2) == 0 {
			year = year / 100 * 100
		}
		in := fmt.Sprintf("%04d-%02d-%02dT%02d:%02d:%02d", year, rnd.IntN(14), rnd.IntN(33), rnd.IntN(25), rnd.IntN(61), rnd.IntN(60))
		if digits := rnd.IntN(12); digits > 0 {
			in += "." + fmt.Sprintf("%012d", rnd.Int64N(1e12))[:digits]
		}
		if rnd.IntN(2) == 0 {
			in += "Z"
		} else {
			in += fmt.Sprintf("%c%02d:%02d", "+-"[rnd.IntN(2)], rnd.IntN(24), rnd.IntN(60))
		}
		want, err := time.Parse(time.RFC3339, in)
		got, hasZone, n, ok := Parse([]byte(in), nil, ref)
		if ok != (err == nil) || ok && (!hasZone || n != len(in) || !got.Equal(want)) {
			t.Fatalf("%q: %v %v %d %v, time.Parse says %v %v", in, got, hasZone, n, ok, want, err)
		}
		if !ok {
			refused++
		}
	}
	if refused < 1000 || refused > 20_000 {
		t.Errorf("%d of 30000 refused: the generator is off", refused)
	}
}
