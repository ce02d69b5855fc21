package rules

import (
	"testing"
	"time"

	"github.com/errwatch/errwatch/internal/event"
)

// noon is on a border of every bucket width that the tests use.
var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func at(d time.Duration) time.Time { return noon.Add(d) }

// denial is an event of the permission family; fields come in pairs of name and value.
func denial(when time.Time, fields ...string) *event.Event {
	e := &event.Event{
		Source: "meeting", Code: "3014", Name: "ERROR_GET_VIDEO_MEDIA_PERMISSION_DENIED", Category: "permission",
		Time: when, Read: when, Text: []byte("onError code=3014"),
	}
	for i := 0; i < len(fields); i += 2 {
		e.Fields = append(e.Fields, event.Field{Name: fields[i], Value: []byte(fields[i+1])})
	}
	return e
}

func mustNew(t testing.TB, opts Options, rules ...Rule) *Engine {
	t.Helper()
	for i := range rules {
		if rules[i].Severity == "" {
			rules[i].Severity = "warning"
		}
	}
	e, err := New(rules, opts)
	if err != nil {
		t.Fatal(err)
	}
	return e
}
