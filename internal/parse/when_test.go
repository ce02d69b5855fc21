package parse

import (
	"strings"
	"testing"
	"time"
)

func TestTimes(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	in := func(o TimeOptions) Options { return Options{Time: o} }
	captured := Options{Patterns: []Pattern{{Name: "x", Regex: `at (?P<time>\S+) failed (?P<code>\d{4})`}}}
	mapped := Options{Patterns: []Pattern{{Name: "x", Fields: map[string]string{"code": "code", "time": "e.when"}}}}
	const docker, cri = `2026-11-20T10:15:24.2Z`, `2026-11-20T10:15:24.2Z`
	for _, c := range []struct {
		name string
		o    Options
		text string
		want string // RFC 3339; "" for none
		zone bool
		from string
	}{
		{"at the start", Options{}, "2026-11-20T10:15:23.123Z onError code=3014\n", "2026-11-20T10:15:23.123Z", true, "text"},
		{"no zone", Options{}, "2026-11-20 10:15:23,5 onError code=3014\n", "2026-11-20T10:15:23.5Z", false, "text"},
		{"no zone, configured", in(TimeOptions{Zone: berlin}), "2026-11-20 10:15:23 onError code=3014\n", "2026-11-20T09:15:23Z", false, "text"},
		{"own zone beats the configured one", in(TimeOptions{Zone: berlin}), "2026-11-20 10:15:23Z onError code=3014\n", "2026-11-20T10:15:23Z", true, "text"},
		{"syslog", Options{}, "<131>Nov 20 10:15:23 host app: onError code=3014\n", "2026-11-20T10:15:23Z", false, "text"},
		{"klog", Options{}, "E1120 10:15:23.123456 1 a.go:1] onError code=3014\n", "2026-11-20T10:15:23.123456Z", false, "text"},
		{"none", Options{}, "onError code=3014\n", "", false, ""},
		{"behind other words", Options{}, "onError code=3014 at 2026-11-20T10:15:23Z\n", "", false, ""},
		{"JSON ts", Options{}, `{"ts":"2026-11-20T10:15:23Z","code":3014,"event":"onError"}` + "\n", "2026-11-20T10:15:23Z", true, "field"},
		{"JSON epoch in ms", Options{}, `{"time":1795169723123,"level":50,"code":3014}` + "\n", "2026-11-20T10:15:23.123Z", true, "field"},
		{"JSON epoch in s", Options{}, `{"timestamp":"1795169723.5","level":50,"code":3014}` + "\n", "2026-11-20T10:15:23.5Z", true, "field"},
		{"JSON, first key is no time", Options{}, `{"@timestamp":"2026-11-20T10:15:23Z","time":"soon","level":50,"code":3014}` + "\n", "2026-11-20T10:15:23Z", true, "field"},
		{"JSON, deeper keys are of something else", Options{}, `{"meta":{"ts":"2026-11-20T10:15:23Z"},"level":50,"code":3014}` + "\n", "", false, ""},
		{"JSON, stamp in the string", Options{}, `{"msg":"2026-11-20T10:15:23Z {\"level\":\"error\",\"code\":3014} \u006fnError c\u006fde=3014"}` + "\n", "2026-11-20T10:15:23Z", true, "text"},
		{"configured field", in(TimeOptions{Field: "e.when"}), `{"ts":"2026-11-20T11:00:00Z","e":{"when":"2026-11-20T10:15:23Z"},"level":50,"code":3014}` + "\n", "2026-11-20T10:15:23Z", true, "field"},
		{"configured layout", in(TimeOptions{Field: "at", Layout: "02.01.2006 15:04"}), `{"at":"20.11.2026 10:15","level":50,"code":3014}` + "\n", "2026-11-20T10:15:00Z", false, "field"},
		{"configured layout in text", in(TimeOptions{Layout: "02.01.2006 15:04"}), "[20.11.2026 10:15] onError code=3014\n", "2026-11-20T10:15:00Z", false, "text"},
		{"logfmt", Options{}, "level=error ts=2026-11-20T10:15:23Z code=3014\n", "2026-11-20T10:15:23Z", true, "field"},
		{"logfmt, quoted", Options{}, `level=error time="2026-11-20 10:15:23" code=3014` + "\n", "2026-11-20T10:15:23Z", false, "field"},
		{"docker", Options{}, dockerLine("onError code=3014", "\n"), docker, true, "envelope"},
		{"docker, own time wins", Options{}, dockerLine("2026-11-20 10:15:23,123 ERROR onError code=3015", "\n"), "2026-11-20T10:15:23.123Z", false, "text"},
		{"CRI", Options{}, criLine("F", "onError code=3014"), cri, true, "envelope"},
		{"CRI, own time wins", Options{}, criLine("F", `{"ts":"2026-11-20T10:15:23Z","level":"error","code":3014}`), "2026-11-20T10:15:23Z", true, "field"},
		{"captured", captured, "2026-11-20T11:00:00Z at 2026-11-20T10:15:23Z failed 4009\n", "2026-11-20T10:15:23Z", true, "pattern"},
		{"captured, but none", captured, "2026-11-20T10:15:23Z at noon failed 4009\n", "2026-11-20T10:15:23Z", true, "text"},
		{"by path", mapped, `{"ts":"2026-11-20T11:00:00Z","code":4009,"e":{"when":1795169723}}` + "\n", "2026-11-20T10:15:23Z", true, "pattern"},
	} {
		s := compile(t, c.o)
		r := feedAll(s, c.text)
		if len(r.Events) != 1 {
			t.Errorf("%s: %d events", c.name, len(r.Events))
			continue
		}
		e := &r.Events[0]
		got := ""
		if !e.Time.IsZero() {
			got = e.Time.UTC().Format(time.RFC3339Nano)
		}
		if got != c.want || e.HasZone != c.zone {
			t.Errorf("%s: %q, zone %v, want %q, %v", c.name, got, e.HasZone, c.want, c.zone)
		}
		if from := s.Explain([]byte(c.text)).TimeFrom; from != c.from {
			t.Errorf("%s: from %q, want %q", c.name, from, c.from)
		}
		if !e.Read.Equal(readAt) || !r.LastTime.Equal(e.Time) {
			t.Errorf("%s: read %v, last %v", c.name, e.Read, r.LastTime)
		}
	}
}

func TestFirstTime(t *testing.T) {
	t.Parallel()
	s := compile(t, Options{})
	for text, want := range map[string]string{
		"starting\n\n2026-11-20 10:15:23 up\n": "2026-11-20T10:15:23Z",
		`{"ts":1795169723,"msg":"up"}` + "\n":  "2026-11-20T10:15:23Z",
		"starting\n" + dockerLine("up", "\n"):  "2026-11-20T10:15:24.2Z",
		"2026-11-20 10:15:2":                   "", // not a whole line
		"":                                     "",
		strings.Repeat("x\n", firstTimeLines) + "2026-11-20 10:15:23 up\n": "",
	} {
		got := ""
		if at := s.FirstTime([]byte(text), readAt); !at.IsZero() {
			got = at.UTC().Format(time.RFC3339Nano)
		}
		if got != want {
			t.Errorf("%.60q: %q, want %q", text, got, want)
		}
	}
}
