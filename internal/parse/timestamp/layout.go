package timestamp

import (
	"fmt"
	"strings"
	"time"
)

// Layout reads the time stamps of one configured field. It is immutable and safe for concurrent use.
type Layout struct {
	kind   layoutKind
	layout string
	zoned  bool // the layout itself holds a zone
	yearly bool // the layout holds a year
	zone   *time.Location
}

type layoutKind uint8

const (
	layoutAuto layoutKind = iota
	layoutEpoch
	layoutRFC3339
	layoutGo
)

// named are the layouts of Go's time package that have a name. (A function, since a map would be mutable state.)
func named(name string) string {
	switch strings.ToLower(name) {
	case "ansic":
		return time.ANSIC
	case "unixdate":
		return time.UnixDate
	case "rubydate":
		return time.RubyDate
	case "rfc822":
		return time.RFC822
	case "rfc822z":
		return time.RFC822Z
	case "rfc850":
		return time.RFC850
	case "rfc1123":
		return time.RFC1123
	case "rfc1123z":
		return time.RFC1123Z
	case "stamp":
		return time.Stamp
	case "stampmilli":
		return time.StampMilli
	case "stampmicro":
		return time.StampMicro
	case "stampnano":
		return time.StampNano
	case "datetime":
		return time.DateTime
	}
	return name
}

// Compile makes a Layout from a configured text: "auto" (or nothing) takes every shape that Parse knows, "epoch" only
// numbers, a name of Go's time package ("RFC1123", "DateTime", in any case) or a Go layout only that. zone is for
// stamps without one, nil is UTC.
func Compile(layout string, zone *time.Location) (*Layout, error) {
	if zone == nil {
		zone = time.UTC
	}
	l := &Layout{kind: layoutGo, layout: named(layout), zone: zone}
	switch strings.ToLower(layout) {
	case "", "auto":
		l.kind = layoutAuto
		return l, nil
	case "epoch":
		l.kind = layoutEpoch
		return l, nil
	case "rfc3339", "rfc3339nano", strings.ToLower(time.RFC3339), strings.ToLower(time.RFC3339Nano):
		l.kind = layoutRFC3339
		return l, nil
	}
	return l, l.check()
}

// check finds out what the layout holds by formatting moments that differ only in that part.
func (l *Layout) check() error {
	base := time.Date(2006, 1, 2, 15, 4, 5, 0, time.UTC)
	text := base.Format(l.layout)
	differs := func(t time.Time) bool { return t.Format(l.layout) != text }
	if !differs(base.Add(time.Hour)) {
		if strings.Contains(l.layout, "%") {
			return fmt.Errorf("time layout %q is strftime's: write it as Go does, with the moment 2006-01-02 15:04:05 in your form", l.layout)
		}
		return fmt.Errorf("time layout %q holds no hour: use auto, epoch, rfc3339, or write the moment 2006-01-02 15:04:05 in your form", l.layout)
	}
	if !differs(base.AddDate(0, 0, 7)) { // a weekday is no day
		return fmt.Errorf("time layout %q holds no day: a time of day alone does not say when", l.layout)
	}
	l.yearly = differs(time.Date(2012, 1, 2, 15, 4, 5, 0, time.UTC)) // a Monday too
	l.zoned = differs(time.Date(2006, 1, 2, 15, 4, 5, 0, time.FixedZone("X", 3600)))
	if _, err := time.Parse(l.layout, text); err != nil {
		return fmt.Errorf("time layout %q cannot read what it writes: %w", l.layout, err)
	}
	return nil
}

// Parse reads b, which must be one stamp and nothing else but white space around it. The instant is in UTC; hasZone
// and ref are as in the function Parse. An abbreviation that does not name one of the configured zone's offsets, UTC or
// GMT is no zone. auto, epoch and RFC3339 cost no allocation, other layouts what time.Parse costs.
func (l *Layout) Parse(b []byte, ref time.Time) (t time.Time, hasZone, ok bool) {
	b = trim(b)
	switch l.kind {
	case layoutEpoch:
		t, n, ok := epoch(b)
		return t, ok, ok && n == len(b)
	case layoutAuto:
		t, hasZone, n, ok := Parse(b, l.zone, ref)
		return t, hasZone, ok && n == len(b)
	case layoutRFC3339:
		t, hasZone, n, ok := Parse(b, l.zone, ref)
		return t, true, ok && hasZone && n == len(b) && n > 19 && b[4] == '-' && b[10]|0x20 == 't'
	}
	return l.parseGo(b, ref)
}

func (l *Layout) parseGo(b []byte, ref time.Time) (t time.Time, hasZone, ok bool) {
	t, err := time.ParseInLocation(l.layout, string(b), l.zone)
	if err != nil {
		return time.Time{}, false, false
	}
	hasZone = l.zoned && !madeUp(t, l.zone)
	if l.yearly && (hasZone || !l.zoned) {
		return t.UTC(), hasZone, true
	}
	// The year or the zone is missing: put the stamp together again.
	s := stamp{
		year: t.Year(), month: int(t.Month()), day: t.Day(),
		seconds: t.Hour()*3600 + t.Minute()*60 + t.Second(), nanos: t.Nanosecond(), hasZone: hasZone,
	}
	if hasZone {
		_, s.offset = t.Zone()
	}
	if !l.yearly {
		s.year = -1
	}
	t, ok = s.time(l.zone, ref)
	return t, hasZone, ok
}

// madeUp tells whether t stands in a zone that the time package made up, with offset 0, for an abbreviation that it
// does not know.
func madeUp(t time.Time, zone *time.Location) bool {
	if t.Location() == zone || t.Location() == time.UTC {
		return false
	}
	name, offset := t.Zone()
	return offset == 0 && name != "" && name != "GMT" && name != "UTC"
}

func trim(b []byte) []byte {
	for len(b) > 0 && b[0] <= ' ' {
		b = b[1:]
	}
	for len(b) > 0 && b[len(b)-1] <= ' ' {
		b = b[:len(b)-1]
	}
	return b
}
