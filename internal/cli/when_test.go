package cli

import (
	"testing"
	"time"
)

func TestParseTime(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 10, 25, 12, 0, 0, 0, berlin) // the day on which the clocks go back
	for text, want := range map[string]string{
		"2026-11-20":           "2026-11-20T00:00:00+01:00",
		"2026-11-20T10:15":     "2026-11-20T10:15:00+01:00",
		"2026-11-20 10:15:23":  "2026-11-20T10:15:23+01:00",
		"2026-11-20T10:15:23Z": "2026-11-20T10:15:23Z",
		"10:15":                "2026-10-25T10:15:00+01:00",
		"01:15":                "2026-10-25T01:15:00+02:00",
		"90m":                  "2026-10-25T10:30:00+01:00",
		"now":                  "2026-10-25T12:00:00+01:00",
		"today":                "2026-10-25T00:00:00+02:00",
		"yesterday":            "2026-10-24T00:00:00+02:00",
	} {
		got, err := parseTime("--since", text, now)
		if err != nil || got.Format(time.RFC3339) != want {
			t.Errorf("parseTime(%q) = %v, %v; want %s", text, got.Format(time.RFC3339), err, want)
		}
	}
	for _, text := range []string{"soon", "2026-02-30", "25:00", "-5m"} {
		if got, err := parseTime("--since", text, now); err == nil {
			t.Errorf("parseTime(%q) = %v, want an error", text, got)
		}
	}
	if got, err := parseTime("--since", "", now); err != nil || !got.IsZero() {
		t.Errorf("no limit: %v, %v", got, err)
	}
}
