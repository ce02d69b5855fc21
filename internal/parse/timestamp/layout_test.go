package timestamp

import (
	"strings"
	"testing"
	"time"
)

func TestLayout(t *testing.T) {
	t.Parallel()
	kyiv := mustLoad(t, "Europe/Kyiv")
	tests := []struct {
		layout, in, want string
		hasZone          bool
	}{
		{"auto", " 2026-11-20 10:15:23,5 ", "2026-11-20T08:15:23.5Z", false},
		{"", "1795169723123", "2026-11-20T10:15:23.123Z", true},
		{"auto", "2026-11-20 10:15:23 x", "", false},
		{"epoch", "1795169723.5", "2026-11-20T10:15:23.5Z", true},
		{"Epoch", "1795169723", "2026-11-20T10:15:23Z", true},
		{"epoch", "2026-11-20T10:15:23Z", "", false},
		{"epoch", "1795169723 x", "", false},
		{"RFC3339", "2026-11-20T10:15:23.5+02:00", "2026-11-20T08:15:23.5Z", true},
		{"RFC3339", "2026-11-20T10:15:23", "", false},
		{"RFC3339", "2026-11-20 10:15:23Z", "", false},
		{"RFC3339", "1795169723123", "", false},
		{time.RFC3339, "2026-11-20T10:15:23Z", "2026-11-20T10:15:23Z", true},
		{"DateTime", "2026-11-20 10:15:23", "2026-11-20T08:15:23Z", false},
		{"rfc1123", "Fri, 20 Nov 2026 10:15:23 GMT", "2026-11-20T10:15:23Z", true},
		{"rfc1123", "Fri, 20 Nov 2026 10:15:23 UTC", "2026-11-20T10:15:23Z", true},
		{"rfc1123", "Fri, 20 Nov 2026 10:15:23 EET", "2026-11-20T08:15:23Z", true},
		{"rfc1123", "Fri, 20 Nov 2026 10:15:23 PST", "2026-11-20T08:15:23Z", false}, // which PST?
		{"02.01.2006 15:04:05", "20.11.2026 10:15:23", "2026-11-20T08:15:23Z", false},
		{"02.01.2006 15:04:05 -0700", "20.11.2026 10:15:23 +0000", "2026-11-20T10:15:23Z", true},
		{"02.01.2006 15:04:05", "30.02.2026 10:15:23", "", false},
		{"Jan _2 15:04:05", "Dec 20 10:15:23", "2025-12-20T08:15:23Z", false},
		{"Mon Jan _2 15:04:05", "Fri Nov 20 10:15:23", "2026-11-20T08:15:23Z", false},
		{"Jan 2 15:04:05 -0700", "Nov 20 10:15:23 +0100", "2026-11-20T09:15:23Z", true},
		{"stamp", "Feb 29 10:15:23", "2024-02-29T08:15:23Z", false},
		{"20060102150405", "20261120101523", "2026-11-20T08:15:23Z", false},
	}
	for _, tt := range tests {
		l, err := Compile(tt.layout, kyiv)
		if err != nil {
			t.Errorf("%q: %v", tt.layout, err)
			continue
		}
		got, hasZone, ok := l.Parse([]byte(tt.in), ref)
		s := ""
		if ok {
			s = got.Format(time.RFC3339Nano)
		}
		if s != tt.want || ok && hasZone != tt.hasZone {
			t.Errorf("%q reads %q as %q, zone %v; want %q, %v", tt.layout, tt.in, s, hasZone, tt.want, tt.hasZone)
		}
	}
}

func TestCompileRefuses(t *testing.T) {
	t.Parallel()
	for layout, say := range map[string]string{
		"%Y-%m-%d %H:%M:%S": "strftime",
		"yyyy-MM-dd HH:mm":  "no hour",
		"iso8601":           "no hour",
		"15:04:05":          "no day",
		"Mon 15:04:05":      "no day",
	} {
		if _, err := Compile(layout, nil); err == nil || !strings.Contains(err.Error(), say) {
			t.Errorf("%q: %v, want something about %q", layout, err, say)
		}
	}
}
