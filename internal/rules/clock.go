package rules

import (
	"math"
	"time"
)

// Inside the engine a time is an int64: nanoseconds since 1970. Lines may claim any year, so what lies outside is
// clamped; the upper bound leaves room to add any duration of a rule without overflow.
const (
	maxTime int64 = 1 << 62       // in the year 2116
	never   int64 = math.MaxInt64 // no due time
)

func nanos(t time.Time) int64 {
	switch s := t.Unix(); {
	case s < 0:
		return 0
	case s >= maxTime/int64(time.Second):
		return maxTime
	}
	return t.UnixNano()
}

// timeOf turns nanoseconds back into a time in UTC; 0 is no time.
func timeOf(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}
