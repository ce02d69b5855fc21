package timestamp

// dated reads any stamp but an epoch, telling the shapes apart by a few bytes. b has at least 10 bytes.
func (s *stamp) dated(b []byte) (n int, ok bool) {
	switch {
	case b[0]-'0' > 9:
		return s.words(b)
	case b[1]-'0' > 9 || b[2] == '/' && b[3]-'0' <= 9:
		return s.american(b)
	case b[2]-'0' > 9:
		return s.dayFirst(b)
	case b[4]-'0' > 9:
		return s.yearFirst(b)
	case b[8] == 'T':
		return s.basic(b)
	}
	return 0, false
}

// yearFirst reads 2026-11-20T10:15:23… and 2026/11/20 10:15:23….
func (s *stamp) yearFirst(b []byte) (n int, ok bool) {
	if len(b) < 16 || b[7] != b[4] || b[4] != '-' && b[4] != '/' {
		return 0, false
	}
	century, year := two(b, 0), two(b, 2)
	s.month, s.day = two(b, 5), two(b, 8)
	s.year = century*100 + year
	if century|year|s.month|s.day < 0 {
		return 0, false
	}
	switch b[10] {
	case 'T', 't', ' ', '_':
		return s.clockAndZone(b, 11)
	}
	return 0, false
}

// dayFirst reads 20/Nov/2026:10:15:23 +0000, 20 Nov 2026 10:15:23, 20-Nov-2026 10:15:23, and logcat's
// 11-20 10:15:23.123, whose month comes first. b has at least 10 bytes.
func (s *stamp) dayFirst(b []byte) (n int, ok bool) {
	if b[2] == '-' && b[3]-'0' <= 9 {
		s.year, s.month, s.day = -1, two(b, 0), two(b, 3)
		if s.month|s.day < 0 || b[5] != ' ' {
			return 0, false
		}
		return s.clock(b, 6, true)
	}
	if len(b) < 20 || b[6] != b[2] || b[2] != '/' && b[2] != ' ' && b[2] != '-' {
		return 0, false
	}
	century, year := two(b, 7), two(b, 9)
	s.day, s.month = two(b, 0), monthOf(b[3:])
	s.year = century*100 + year
	if century|year|s.day|s.month < 0 || b[11] != ':' && b[11] != ' ' {
		return 0, false
	}
	return s.clockAndZone(b, 12)
}

// american reads 11/20/2026, 10:15:23 AM, as JavaScript's toLocaleString writes it: month first, which only the AM or
// PM makes certain, so that is required.
func (s *stamp) american(b []byte) (n int, ok bool) {
	var hour, minute, second, century int
	s.month, n = oneOrTwo(b, 0)
	s.day, n = oneOrTwo(b, separator(b, n, "/"))
	if n = separator(b, n, "/"); n < 0 || n+4 > len(b) {
		return 0, false
	}
	century, s.year = two(b, n), two(b, n+2)
	n = separator(b, separator(b, n+4, ","), " ")
	hour, n = oneOrTwo(b, n)
	minute, n = oneOrTwo(b, separator(b, n, ":"))
	second, n = oneOrTwo(b, separator(b, n, ":"))
	if century|s.year|n < 0 || hour < 1 || hour > 12 {
		return 0, false
	}
	s.year += century * 100
	n, afternoon := meridiem(b, n)
	hour %= 12
	if afternoon {
		hour += 12
	}
	return n, n > 0 && s.setClock(hour, minute, second)
}

// oneOrTwo reads a number of one or two digits at i; end is negative where there is none, or where i is.
func oneOrTwo(b []byte, i int) (v, end int) {
	if i < 0 || i >= len(b) || b[i]-'0' > 9 {
		return 0, -1
	}
	if i+1 < len(b) && b[i+1]-'0' <= 9 {
		return two(b, i), i + 2
	}
	return int(b[i] - '0'), i + 1
}

// separator returns the index behind sep at i, negative where something else stands there, or where i is.
func separator(b []byte, i int, sep string) int {
	if i < 0 || i+len(sep) > len(b) || string(b[i:i+len(sep)]) != sep {
		return -1
	}
	return i + len(sep)
}

// meridiem reads " AM" or " PM" at i, also behind the narrow space that newer locale data puts there.
func meridiem(b []byte, i int) (end int, afternoon bool) {
	end = separator(b, i, " ")
	if end < 0 {
		end = separator(b, i, "\u202f")
	}
	if end < 0 || end+2 > len(b) || b[end+1]|0x20 != 'm' || !ends(b, end+2) {
		return -1, false
	}
	switch b[end] | 0x20 {
	case 'a':
		return end + 2, false
	case 'p':
		return end + 2, true
	}
	return -1, false
}

// basic reads 20261120T101523Z.
func (s *stamp) basic(b []byte) (n int, ok bool) {
	if len(b) < 15 {
		return 0, false
	}
	century, year := two(b, 0), two(b, 2)
	s.month, s.day = two(b, 4), two(b, 6)
	hour, minute, second := two(b, 9), two(b, 11), two(b, 13)
	s.year = century*100 + year
	if century|year|s.month|s.day|hour|minute|second < 0 || !s.setClock(hour, minute, second) {
		return 0, false
	}
	return s.zone(b, s.fraction(b, 15)), true
}

// brackets reads [20/Nov/2026:10:15:23 +0000], and any other dated stamp that fills a pair of brackets.
func (s *stamp) brackets(b []byte) (n int, ok bool) {
	in := b[1:]
	if len(in) < 10 {
		return 0, false
	}
	if n, ok = s.dated(in); !ok || n >= len(in) || in[n] != ']' {
		return 0, false
	}
	return n + 2, true
}

// words reads the stamps that begin with a letter: a month (syslog), a weekday before one of these, or klog's level.
func (s *stamp) words(b []byte) (n int, ok bool) {
	if b[1]-'0' <= 9 {
		return s.klog(b)
	}
	if monthOf(b) > 0 {
		return s.syslog(b, 0)
	}
	if !isWeekday(b) {
		return 0, false
	}
	if b[3] == ',' && b[4] == ' ' && len(b) >= 5+10 {
		if n, ok = s.dayFirst(b[5:]); ok && s.year >= 0 {
			return n + 5, true
		}
		return 0, false
	}
	if b[3] != ' ' {
		return 0, false
	}
	n, ok = s.syslog(b, 4)
	if !ok || s.year >= 0 {
		return n, ok
	}
	return s.trailingYear(b, n), true
}

// klog reads E1120 10:15:23.123456.
func (s *stamp) klog(b []byte) (n int, ok bool) {
	switch b[0] {
	case 'I', 'W', 'E', 'F', 'D':
	default:
		return 0, false
	}
	s.year, s.month, s.day = -1, two(b, 1), two(b, 3)
	if s.month|s.day < 0 || b[5] != ' ' {
		return 0, false
	}
	return s.clock(b, 6, true)
}

// syslog reads Nov 20 10:15:23, Nov  2 10:15:23 and Nov 20 2026 10:15:23 at i.
func (s *stamp) syslog(b []byte, i int) (n int, ok bool) {
	if len(b) < i+12 || b[i+3] != ' ' {
		return 0, false
	}
	s.year, s.month = -1, monthOf(b[i:])
	i += 4
	if b[i] == ' ' {
		i++
	}
	if b[i+1] == ' ' {
		s.day = int(b[i]) - '0'
		i++
	} else {
		s.day = two(b, i)
		i += 2
	}
	if s.month < 1 || s.day < 0 || s.day > 31 || i >= len(b) || b[i] != ' ' {
		return 0, false
	}
	i++
	if i+5 < len(b) && b[i+4] == ' ' {
		century, year := two(b, i), two(b, i+2)
		if century|year < 0 {
			return 0, false
		}
		s.year = century*100 + year
		i += 5
	}
	return s.clockAndZone(b, i)
}

// trailingYear reads the " 2026" or " UTC 2026" behind a stamp of the form Fri Nov 20 10:15:23.
func (s *stamp) trailingYear(b []byte, i int) int {
	if i+5 > len(b) || b[i] != ' ' || !ends(b, i+5) {
		return i
	}
	century, year := two(b, i+1), two(b, i+3)
	if century|year < 0 {
		return i
	}
	s.year = century*100 + year
	return i + 5
}

// clockAndZone reads 10:15:23.123+02:00 at i; n is the index behind it.
func (s *stamp) clockAndZone(b []byte, i int) (n int, ok bool) {
	if i, ok = s.clock(b, i, false); !ok {
		return 0, false
	}
	return s.zone(b, i), true
}

// clock reads 10:15, 10:15:23 or 10:15:23.123456 at i.
func (s *stamp) clock(b []byte, i int, needSeconds bool) (n int, ok bool) {
	if i+5 > len(b) || b[i+2] != ':' {
		return 0, false
	}
	hour, minute, second := two(b, i), two(b, i+3), 0
	i += 5
	hasSeconds := i+1 < len(b) && b[i] == ':' && b[i+1]-'0' <= 9
	if hasSeconds {
		if i+3 > len(b) {
			return 0, false
		}
		second = two(b, i+1)
		i += 3
	}
	if needSeconds && !hasSeconds || hour|minute|second < 0 || !s.setClock(hour, minute, second) {
		return 0, false
	}
	if i < len(b) && b[i]-'0' <= 9 {
		return 0, false
	}
	if hasSeconds {
		i = s.fraction(b, i)
	}
	return i, true
}

// setClock takes a second of 60, which is how a leap second is written.
func (s *stamp) setClock(hour, minute, second int) bool {
	if hour > 23 || minute > 59 || second > 60 {
		return false
	}
	s.seconds = hour*3600 + minute*60 + second
	return true
}

// fraction reads .123 or ,123 at i, in any length; what is finer than a nanosecond is cut off. Some log4j layouts
// write :123.
func (s *stamp) fraction(b []byte, i int) int {
	if i+1 >= len(b) || b[i+1]-'0' > 9 {
		return i
	}
	switch b[i] {
	case '.', ',':
	case ':':
		if i+4 > len(b) || b[i+2]-'0' > 9 || b[i+3]-'0' > 9 || !ends(b, i+4) {
			return i
		}
	default:
		return i
	}
	i++
	s.nanos, i = fractionDigits(b, i)
	return i
}

// fractionDigits reads a decimal fraction of one second.
func fractionDigits(b []byte, i int) (nanos, end int) {
	scale := 100_000_000
	for i < len(b) && b[i]-'0' <= 9 {
		nanos += int(b[i]-'0') * scale
		scale /= 10
		i++
	}
	return nanos, i
}

// zone reads the zone at i, where there is one: Z, +02:00, +0200, +02, or after a space +0200, +02:00, UTC, GMT. Other
// names are not read: they do not say which offset they mean.
func (s *stamp) zone(b []byte, i int) int {
	if i >= len(b) {
		return i
	}
	switch b[i] {
	case 'Z', 'z':
		if ends(b, i+1) {
			s.hasZone = true
			return i + 1
		}
	case '+', '-':
		return s.numericZone(b, i, true)
	case ' ':
		if i+4 <= len(b) && ends(b, i+4) {
			if name := string(b[i+1 : i+4]); name == "UTC" || name == "GMT" {
				s.hasZone = true
				return i + 4
			}
		}
		if i+1 < len(b) && (b[i+1] == '+' || b[i+1] == '-') {
			if end := s.numericZone(b, i+1, false); end > i+1 {
				return end
			}
		}
	}
	return i
}

// numericZone reads +02:00, +0200 and, where short is allowed, +02 at i; it returns i where there is none.
func (s *stamp) numericZone(b []byte, i int, short bool) int {
	hour, minute, end := -1, 0, i
	if i+3 <= len(b) {
		hour, end = two(b, i+1), i+3
	}
	switch {
	case hour < 0 || hour > 23:
		return i
	case i+6 <= len(b) && b[i+3] == ':' && two(b, i+4) >= 0:
		minute, end = two(b, i+4), i+6
	case i+5 <= len(b) && two(b, i+3) >= 0:
		minute, end = two(b, i+3), i+5
	case !short:
		return i
	}
	if minute > 59 || !ends(b, end) {
		return i
	}
	s.hasZone = true
	s.offset = hour*3600 + minute*60
	if b[i] == '-' {
		s.offset = -s.offset
	}
	return end
}
