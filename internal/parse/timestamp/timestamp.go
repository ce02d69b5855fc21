// Package timestamp reads the time stamps of log lines.
//
// The shapes are fixed and known (RFC 3339 and its relatives, epochs, syslog, klog, Apache, Go's log, logcat), so each
// is read by position instead of by a layout: 15 to 50 ns and no allocation. Times are returned in UTC, since a zone
// read from a line would have to be allocated; hasZone tells whether the stamp itself fixed the instant.
//
// Nothing is cached and nothing depends on the wall clock: what a stamp leaves out (its zone, its year) comes from the
// arguments.
package timestamp

import "time"

// Parse reads the time stamp at the start of b and returns its instant in UTC; n is how many bytes it took. hasZone is
// true where the stamp names its zone or is an epoch; else zone decides (nil is UTC) as time.Date does, in the gaps and
// overlaps of daylight saving time too.
//
// A stamp without a year is the latest such moment that is at most a day after ref, the time of reading: a December
// stamp read in January is last year's. Where ref is zero such stamps are not read.
//
// Known shapes:
//
//	2026-11-20T10:15:23.123Z       RFC 3339; ' ' or '_' for T, comma for the dot, any fraction, no seconds, zones
//	2026-11-20 10:15:23,123 +0200    Z +02:00 +0200 +02 UTC GMT, or none
//	20261120T101523Z               ISO 8601 basic
//	2026/11/20 10:15:23.123        Go's log, nginx
//	20/Nov/2026:10:15:23 +0000     Apache, with or without brackets; also 20-Nov-2026 10:15:23 and 20 Nov 2026 10:15:23
//	11/20/2026, 10:15:23 AM        JavaScript's toLocaleString in American English, NestJS
//	Nov 20 10:15:23                syslog; also with a year, or with the weekday before and the year behind
//	Fri, 20 Nov 2026 10:15:23 GMT  HTTP
//	E1120 10:15:23.123456          klog
//	11-20 10:15:23.123             logcat
//	1795169723.123                 an epoch in s, ms, µs or ns by its 10, 13, 16 or 19 digits, between 2001 and 2100
//
// Dates that no calendar has are refused, a second of 60 is the next minute's first.
func Parse(b []byte, zone *time.Location, ref time.Time) (t time.Time, hasZone bool, n int, ok bool) {
	if len(b) < 10 {
		return time.Time{}, false, 0, false
	}
	var s stamp
	if b[0] == '[' {
		n, ok = s.brackets(b)
	} else if n, ok = s.dated(b); !ok {
		if t, n, ok = epoch(b); ok {
			return t, true, n, true
		}
	}
	if !ok {
		return time.Time{}, false, 0, false
	}
	t, ok = s.time(zone, ref)
	if !ok {
		return time.Time{}, false, 0, false
	}
	return t, s.hasZone, n, true
}

// stamp is a time stamp taken apart.
type stamp struct {
	year    int // -1: the stamp has none
	month   int
	day     int
	seconds int // since midnight
	nanos   int
	offset  int // seconds east of UTC
	hasZone bool
}

// time puts the stamp together.
func (s *stamp) time(zone *time.Location, ref time.Time) (time.Time, bool) {
	if s.year < 0 {
		return s.guessYear(zone, ref)
	}
	if !validDate(s.year, s.month, s.day) {
		return time.Time{}, false
	}
	return s.at(s.year, zone), true
}

// at is the stamp's instant in the given year.
func (s *stamp) at(year int, zone *time.Location) time.Time {
	if s.hasZone || zone == nil || zone == time.UTC {
		days := daysBefore(year) + daysBeforeMonth(year, s.month) + s.day - 1
		return time.Unix(int64(days)*86400+int64(s.seconds-s.offset), int64(s.nanos)).UTC()
	}
	return time.Date(year, time.Month(s.month), s.day, 0, 0, s.seconds, s.nanos, zone).UTC()
}

// maxAhead is how far after the time of reading a stamp without a year may lie before it is taken for last year's:
// enough for every zone and a clock that is somewhat off.
const maxAhead = 24 * time.Hour

// guessYear tries the years from the one after ref's down. Only a leap day can need more than three tries: the
// longest gap between two of them is eight years.
func (s *stamp) guessYear(zone *time.Location, ref time.Time) (time.Time, bool) {
	if ref.IsZero() {
		return time.Time{}, false
	}
	latest := ref.Add(maxAhead)
	last := latest.UTC().Year() + 1 // the zone may already be in the next year
	if s.month > 1 {
		last--
	}
	for year := last; year > last-10; year-- {
		if !validDate(year, s.month, s.day) {
			continue
		}
		if t := s.at(year, zone); !t.After(latest) {
			return t, true
		}
	}
	return time.Time{}, false
}

var cumulative = [...]uint16{0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365}

func isLeap(year int) bool { return year%4 == 0 && (year%100 != 0 || year%400 == 0) }

// validDate tells whether the calendar has the date; month and day may be anything.
func validDate(year, month, day int) bool {
	if month < 1 || month > 12 || day < 1 {
		return false
	}
	if month == 2 && day == 29 {
		return isLeap(year)
	}
	return day <= int(cumulative[month+1]-cumulative[month])
}

// daysBefore is how many days lie between 1970-01-01 and the first day of the year, negative before 1970.
func daysBefore(year int) int {
	const before1970 = 719162 // days from 0001-01-01 to 1970-01-01
	y := year - 1
	if y < 0 { // the year 0 is a leap year; keep the divisions below at positive numbers
		return -366 - before1970
	}
	return y*365 + y/4 - y/100 + y/400 - before1970
}

func daysBeforeMonth(year, month int) int {
	days := int(cumulative[month])
	if month > 2 && isLeap(year) {
		days++
	}
	return days
}
