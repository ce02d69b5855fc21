package timestamp

import "time"

// An epoch is believed between 2001-09-09, when seconds got their tenth digit, and 2100-01-01: any other number in a
// log is more likely an id or a size.
const (
	epochFirst = 1_000_000_000
	epochEnd   = 4_102_444_800
)

// epoch reads a number of seconds, milliseconds, microseconds or nanoseconds since 1970 at the start of b, perhaps
// with a fraction.
func epoch(b []byte) (t time.Time, n int, ok bool) {
	var v int64
	for n < len(b) && b[n]-'0' <= 9 {
		if n == 19 {
			return time.Time{}, 0, false
		}
		v = v*10 + int64(b[n]-'0')
		n++
	}
	unit := int64(1) // units in a second
	switch n {
	case 10:
	case 13:
		unit = 1e3
	case 16:
		unit = 1e6
	case 19:
		unit = 1e9
	default:
		return time.Time{}, 0, false
	}
	seconds := v / unit
	if seconds < epochFirst || seconds >= epochEnd {
		return time.Time{}, 0, false
	}
	perUnit := 1_000_000_000 / unit
	nanos := v % unit * perUnit
	if n+1 < len(b) && b[n] == '.' && b[n+1]-'0' <= 9 {
		var frac int
		frac, n = fractionDigits(b, n+1)
		nanos += int64(frac) / unit
	}
	if !ends(b, n) {
		return time.Time{}, 0, false
	}
	return time.Unix(seconds, nanos).UTC(), n, true
}
