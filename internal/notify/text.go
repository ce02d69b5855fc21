package notify

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/errwatch/errwatch/internal/alert"
)

// description is what there is to say beyond the summary: since when, which codes, where most.
func description(a *alert.Alert, now time.Time) string {
	var parts []string
	if a.State == alert.Resolved {
		parts = append(parts, fmt.Sprintf("From %s to %s, peak %s.", clock(a.StartsAt, now), clock(a.EndsAt, now), number(a.Peak)))
	} else {
		parts = append(parts, "Since "+clock(a.StartsAt, now)+".")
	}
	if s := pairs(a.Evidence.Codes, " ", " · ", maxPairs); s != "" {
		parts = append(parts, s+".")
	}
	if s := top(a); s != "" {
		parts = append(parts, s+".")
	}
	return strings.Join(parts, " ")
}

// top names the most frequent value of each field, as in "Top: meeting ab12-cd34 22".
func top(a *alert.Alert) string {
	var parts []string
	for _, field := range slices.Sorted(maps.Keys(a.Evidence.Top)) {
		if s := pairs(a.Evidence.Top[field], " ", "", 1); s != "" && len(parts) < maxPairs {
			parts = append(parts, field+" "+s)
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "Top: " + strings.Join(parts, " · ")
}

// clock is a time of day, with its date where that is not now's.
func clock(t, now time.Time) string {
	if t, now = t.UTC(), now.UTC(); t.YearDay() != now.YearDay() || t.Year() != now.Year() {
		return t.Format("2 Jan 15:04 UTC")
	}
	return t.Format("15:04 UTC")
}

// lasted says a duration in the words of a person: "45 s", "14 min", "3 h 20 min", "2 d 5 h".
func lasted(d time.Duration) string {
	switch d = d.Round(time.Second); {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < 48*time.Hour:
		return two(d, time.Hour, "h", time.Minute, "min")
	}
	return two(d, 24*time.Hour, "d", time.Hour, "h")
}

func two(d, big time.Duration, bigName string, small time.Duration, smallName string) string {
	s := fmt.Sprintf("%d %s", d/big, bigName)
	if rest := d % big / small; rest > 0 {
		s += fmt.Sprintf(" %d %s", rest, smallName)
	}
	return s
}

// pageURL is the address of a page of errwatch; "" where others cannot reach it.
func (n *Notifier) pageURL(kind, name string) string {
	if n.opts.ExternalURL == "" {
		return ""
	}
	return strings.TrimRight(n.opts.ExternalURL, "/") + "/" + kind + "/" + url.PathEscape(name)
}

// headline is a message in one line that stands alone.
func headline(c *content, now time.Time) string {
	if len(c.Alerts) == 1 && c.More == (more{}) {
		return alertLine(&c.Alerts[0], c.Repeat, now)
	}
	firing, resolved := c.numbers()
	switch {
	case c.Repeat:
		return "STILL FIRING" + worst(c) + ": " + c.Rule + ", " + groups(firing)
	case firing == 0:
		return "RESOLVED: " + c.Rule + ", " + groups(resolved)
	case resolved == 0:
		return "FIRING" + worst(c) + ": " + c.Rule + ", " + groups(firing)
	}
	return fmt.Sprintf("FIRING%s: %s, %s, %d resolved", worst(c), c.Rule, groups(firing), resolved)
}

func groups(n int) string {
	if n == 1 {
		return "1 group"
	}
	return strconv.Itoa(n) + " groups"
}

// worst is the severity that all alerts of a rule share, with a space before it.
func worst(c *content) string { return severity(&c.Alerts[0]) }

func severity(a *alert.Alert) string {
	if s := a.Labels.Get("severity"); s != "" {
		return " " + s
	}
	return ""
}

// alertLine is an alert in one line that stands alone, as in "FIRING critical: 63 camera denials in 5 min". The summary
// of a resolved alert speaks of its peak.
func alertLine(a *alert.Alert, repeat bool, now time.Time) string {
	switch {
	case a.State == alert.Resolved:
		return "RESOLVED after " + lasted(a.EndsAt.Sub(a.StartsAt)) + ", at its peak: " + summary(a)
	case repeat:
		return "STILL FIRING" + severity(a) + ", " + lasted(now.Sub(a.StartsAt)) + ": " + summary(a)
	}
	return "FIRING" + severity(a) + ": " + summary(a)
}
