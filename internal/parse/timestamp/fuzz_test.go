package timestamp

import (
	"regexp"
	"testing"
	"time"
)

func seed(f *testing.F) {
	for _, s := range benchStamps {
		f.Add([]byte(s.in))
	}
	for _, s := range []string{
		"2026-11-20T10:15:23.123456789+23:59", "2026-02-30T10:15:23Z", "0000-01-01T00:00:00Z", "9999-12-31T23:59:60Z",
		"Fri, 20 Nov 2026 10:15:23 GMT", "[Fri Nov 20 10:15:23 2026]", "Fri,", "Fri, 20-11", "11-20 10:15:23.1", "[Nov  2 10:15:23]",
		"20261120T101523Z", "4102444799.999999999", "1/2/2026, 1:05:03 PM", "Nov 2 10:15:23", "Nov  2", "Jan  1 2026 10:15",
		"<134>1 2026-11-20T10:15:23Z", "I/flutter ( 4711): 2026-11-20T10:15:23Z", "\x1b[32m[Nest] 4711  - \x1b[39m11/20/2026, 10:15:23 AM",
	} {
		f.Add([]byte(s))
	}
}

// FuzzParse: nothing panics, what is taken lies within the input, does not depend on what follows a space, and Find
// agrees with Parse at the start of a line.
func FuzzParse(f *testing.F) {
	seed(f)
	kyiv := mustLoad(f, "Europe/Kyiv")
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, zone := range []*time.Location{nil, time.UTC, kyiv} {
			got, hasZone, n, ok := Parse(b, zone, ref)
			if !ok {
				if n != 0 || hasZone || !got.IsZero() {
					t.Fatalf("%q: refused, but %v %v %d", b, got, hasZone, n)
				}
				Find(b, zone, ref)
				continue
			}
			if n < 10 || n > len(b) || got.Location() != time.UTC {
				t.Fatalf("%q: %d bytes, %v", b, n, got)
			}
			more := append(b[:n:n], " ERROR"...)
			if again, z, m, ok := Parse(more, zone, ref); !ok || m != n || z != hasZone || !again.Equal(got) {
				t.Fatalf("%q: %v; without what follows %v %v", b, got, again, ok)
			}
			if found, z, ok := Find(more, zone, ref); !ok || z != hasZone || !found.Equal(got) {
				t.Fatalf("%q: Parse %v, Find %v %v", more, got, found, ok)
			}
		}
	})
}

// FuzzRFC3339 holds the reader against time.Parse, which is more lenient about hours of one digit and about offsets
// beyond 23:59, and refuses a second of 60.
func FuzzRFC3339(f *testing.F) {
	seed(f)
	form := regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([.,]\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$`)
	f.Fuzz(func(t *testing.T, b []byte) {
		if !form.Match(b) || b[17] == '6' {
			return
		}
		want, err := time.Parse(time.RFC3339, string(b))
		got, hasZone, n, ok := Parse(b, nil, ref)
		if ok != (err == nil) || ok && (!hasZone || n != len(b) || !got.Equal(want)) {
			t.Fatalf("%q: %v %v %d %v, time.Parse says %v %v", b, got, hasZone, n, ok, want, err)
		}
	})
}

// FuzzRoundTrip writes a moment in each shape and reads it again.
func FuzzRoundTrip(f *testing.F) {
	f.Add(int64(1795169723), int64(123456789), 7200)
	f.Add(int64(951782400), int64(0), -43200)
	f.Add(int64(-62135596800), int64(1), 0)
	f.Fuzz(func(t *testing.T, sec, nanos int64, offset int) {
		if sec < -62135596800 || sec > 253402300799-86400 || nanos < 0 || nanos > 999999999 || offset < -86399 || offset > 86399 {
			return
		}
		offset -= offset % 60
		want := time.Unix(sec, nanos).In(time.FixedZone("", offset))
		if want.Year() < 0 || want.Year() > 9999 {
			return
		}
		for _, shape := range []struct {
			layout string
			unit   time.Duration
			zoned  bool
		}{
			{time.RFC3339Nano, 1, true},
			{"2006-01-02 15:04:05,000 -0700", time.Millisecond, true},
			{"2006-01-02T15:04:05.000000-0700", time.Microsecond, true},
			{"20060102T150405Z0700", time.Second, true},
			{"[02/Jan/2006:15:04:05 -0700]", time.Second, true},
			{"Mon, 02 Jan 2006 15:04:05 -0700", time.Second, true},
			{"2006/01/02 15:04:05.000000", time.Microsecond, false},
			{"Mon Jan _2 15:04:05 2006", time.Second, false},
			{"1/2/2006, 3:04:05 PM", time.Second, false},
			{"2006-01-02 15:04", time.Minute, false},
		} {
			in := want.Format(shape.layout)
			zone := time.UTC
			if !shape.zoned {
				zone = want.Location()
			}
			// Truncate of a time before 1970 rounds towards the year 1: the written fields do the same.
			expect := want.Add(-time.Duration(want.Nanosecond()) % shape.unit)
			if shape.unit == time.Minute {
				expect = expect.Add(-time.Duration(want.Second())*time.Second - time.Duration(expect.Nanosecond()))
			}
			got, hasZone, n, ok := Parse([]byte(in), zone, ref)
			if !ok || n != len(in) || hasZone != shape.zoned || !got.Equal(expect) {
				t.Fatalf("%q: %v %v %d %v, want %v", in, got, hasZone, n, ok, expect)
			}
		}
	})
}

func FuzzLayout(f *testing.F) {
	f.Add("auto", []byte("2026-11-20T10:15:23Z"))
	f.Add("Jan _2 15:04:05", []byte("Feb 29 10:15:23"))
	f.Add("rfc1123", []byte("Fri, 20 Nov 2026 10:15:23 PST"))
	f.Fuzz(func(t *testing.T, layout string, b []byte) {
		l, err := Compile(layout, nil)
		if err != nil {
			return
		}
		if got, _, ok := l.Parse(b, ref); ok && got.Location() != time.UTC {
			t.Fatalf("%q reads %q as %v", layout, b, got)
		}
	})
}

// AllocsPerRun may not run beside parallel tests.
func TestNoAllocations(t *testing.T) {
	kyiv := mustLoad(t, "Europe/Kyiv")
	auto, err := Compile("auto", kyiv)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range benchStamps {
		in := []byte(s.in)
		if n := testing.AllocsPerRun(100, func() {
			Parse(in, kyiv, ref)
			Find(in, time.UTC, ref)
			auto.Parse(in, ref)
		}); n != 0 {
			t.Errorf("%q: %v allocations", s.in, n)
		}
	}
}
