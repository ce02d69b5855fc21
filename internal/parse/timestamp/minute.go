package timestamp

import "time"

// Minute reads stamps of the most common shapes, 2026-11-20T10:15:23.123Z and 2026-11-20 10:15:23,123, at the start of
// lines. It remembers the minute of the latest one: of the next line mostly only the seconds must be read. The zero Minute
// is ready. It is not safe for concurrent use.
type Minute struct {
	text  [minuteLen]byte // "2026-11-20T10:15:"
	start int64           // its Unix time
	known bool
}

const (
	minuteLen = len("2026-11-20T10:15:")
	minuteMin = len("2026-11-20T10:15:23.123Z ") // with the byte behind
)

// Find is what the function of that name returns.
func (m *Minute) Find(line []byte, zone *time.Location, ref time.Time) (t time.Time, hasZone, ok bool) {
	seconds, nanos, hasZone, ok := m.behind(line)
	if !ok || !hasZone && zone != nil && zone != time.UTC {
		return Find(line, zone, ref)
	}
	if m.known && string(line[:minuteLen]) == string(m.text[:]) {
		return time.Unix(m.start+int64(seconds), int64(nanos)).UTC(), hasZone, true
	}
	t, zoned, ok := Find(line, zone, ref)
	if ok {
		m.note(line, t.Unix()-int64(seconds), zone, ref)
	}
	return t, zoned, ok
}

// behind reads what stands behind the minute, where that is of one of the two shapes and what follows belongs to no stamp.
func (m *Minute) behind(b []byte) (seconds, nanos int, hasZone, ok bool) {
	if len(b) < minuteMin || b[16] != ':' || b[19] != '.' && b[19] != ',' || b[22]-'0' > 9 {
		return 0, 0, false, false
	}
	switch b[23] {
	case 'Z':
		hasZone, ok = true, b[24] == ' '
	case ' ': // no UTC or GMT
		ok = b[24] == '[' || b[24]-'A' <= 'Z'-'A' && b[24] != 'U' && b[24] != 'G'
	}
	seconds = two(b, 17)
	millis := two(b, 20)
	if !ok || seconds|millis < 0 || seconds > 59 {
		return 0, 0, false, false
	}
	return seconds, (millis*10 + int(b[22]-'0')) * int(time.Millisecond), hasZone, true
}

// note remembers the minute of a line whose stamp was found, if it is the one at its start.
func (m *Minute) note(line []byte, start int64, zone *time.Location, ref time.Time) {
	for i := range 4 {
		if line[i]-'0' > 9 {
			return
		}
	}
	t, _, n, ok := Parse(line, zone, ref)
	if ok && line[4] == '-' && n >= minuteMin-2 && t.Unix()/60*60 == start {
		m.text, m.start, m.known = [minuteLen]byte(line), start, true
	}
}
