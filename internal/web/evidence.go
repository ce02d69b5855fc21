package web

import (
	"strconv"
	"time"

	"github.com/errwatch/errwatch/internal/alert"
)

// measured says value, peak and limit of an alert in one line; "" where its condition has no such numbers.
func measured(a alert.Alert) string {
	limit := "above " + whole(a.Threshold)
	if !a.Above {
		limit = "below " + whole(a.Threshold)
	}
	switch a.Condition {
	case alert.OnAlways, alert.OnNew:
		return ""
	case alert.OnAbsent:
		silence := func(v float64) string { return span(time.Duration(v * float64(time.Second))) }
		return "silent for " + silence(a.Value) + ", at most " + silence(a.Peak) + "; fires after " + silence(a.Threshold)
	}
	return whole(a.Value) + ", peak " + whole(a.Peak) + "; fires " + limit + " in " + span(a.Window)
}

func whole(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// concerned says how many people and meetings an alert is about, as in "41 people in 9 meetings"; "" where no line named any.
func concerned(a alert.Alert) string {
	people, meetings := distinct(a.Evidence.People, "person", "people"), distinct(a.Evidence.Meetings, "meeting", "meetings")
	if people != "" && meetings != "" {
		return people + " in " + meetings
	}
	return people + meetings
}

func distinct(d alert.Distinct, one, many string) string {
	switch {
	case d.N == 0:
		return ""
	case d.AtLeast:
		return "at least " + number(d.N) + " " + many
	case d.N == 1:
		return "1 " + one
	}
	return number(d.N) + " " + many
}

// before says how often an alert of the same labels fired before this one; "" where that is not known. That it never did
// means something only after a day.
func before(a alert.Alert) string {
	b := a.Evidence.Before
	observed := a.StartsAt.Sub(b.Since)
	in := " in the " + span(observed) + " before"
	switch {
	case b.Since.IsZero() || b.Times == 0 && observed < 24*time.Hour:
		return ""
	case b.Times == 0:
		return "never" + in
	case b.Times == 1:
		return "once" + in
	}
	return number(b.Times) + " times" + in
}
