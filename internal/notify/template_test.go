package notify

import (
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"text/template"
	"time"

	"github.com/errwatch/errwatch/internal/alert"
)

// own is a receiver with a template of its own.
func own(t *testing.T, text string) Receiver {
	t.Helper()
	file := filepath.Join(t.TempDir(), "own.tmpl")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return Receiver{Name: "chat", Webhook: &Webhook{URL: "https://chat.example.com/", TemplateFile: file}}
}

func TestOwnTemplate(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want, kind string }{
		"json": {`{"text": {{ .Summary | json }}, "id": {{ (index .Alerts 0).ID | json }}}`,
			`{"text": "FIRING critical: 63 \"denials\"", "id": "7k2m9q"}`, jsonType},
		"text": {`{{ range .Alerts }}{{ .Labels.source }}{{ .Labels.none }} {{ .Value | humanize }}: {{ .Description }}{{ end }}`,
			`meeting 63: 41 people. Since 10:15 UTC.`, plainType},
		"all of it": {`{{ json . }}`, "", jsonType},
		"functions": {`{{ "a b" | title }} {{ toUpper "x" }} {{ reReplaceAll "(a)(b)" "$2$1" "abc" }} {{ match "^a" "abc" }} {{ 1234567 | humanize }} ` +
			`{{ humanize1024 1536 }} {{ humanizeDuration 3725 }} {{ humanizePercentage 0.123 }} {{ humanizeTimestamp 0 }} {{ stripPort "a:1" }} ` +
			`{{ stripDomain "a.b:1" }} {{ externalURL }} {{ join "-" (index .Alerts 0).Samples }} {{ printf "%5.1f|%s" 1.25 "x" }} {{ 0.0015 | humanize }}`,
			`A B X bac true 1.235M 1.5ki 1h 2m 5s 12.3% 1970-01-01 00:00:00 +0000 UTC a a:1 https://errwatch.example.com one-two   1.2|x 1.5m`, plainType},
		"templates of its own": {`{{ define "line" }}<{{ .arg0 }}:{{ .arg1 }}>{{ end }}{{ range $i, $a := .Alerts }}{{ template "line" args $i $a.ID }}{{ end }}`,
			`<0:7k2m9q>`, plainType},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n, err := New([]Receiver{own(t, c.text)}, Options{ExternalURL: "https://errwatch.example.com"})
			if err != nil {
				t.Fatal(err)
			}
			a := alert.Alert{
				ID: "7k2m9q", Rule: "Spike", State: alert.Firing, StartsAt: tenFifteen, Value: 63, Summary: `63 "denials"`,
				Labels:   alert.FromMap(map[string]string{"source": "meeting", "severity": "critical"}),
				Evidence: alert.Evidence{People: alert.Distinct{N: 41}, Samples: []string{"one", "two"}},
			}
			w := n.outbox.webhooks[0]
			m := &message{key: "k", created: tenFifteen, content: content{Rule: "Spike", Alerts: []alert.Alert{a}}}
			got, err := w.render(n, w.name, m)
			if err != nil {
				t.Fatal(err)
			}
			want := c.want
			if want == "" {
				b, _ := renderJSON(n, w.name, m)
				want = string(b.text)
			}
			if string(got.text) != want || got.kind != c.kind {
				t.Errorf("got  %s %s\nwant %s %s", got.kind, got.text, c.kind, want)
			}
		})
	}
}

// TestBadTemplates: what is wrong with a template is told at the start, and in little time, whatever it tries.
func TestBadTemplates(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"{{ .Summary ":                    "line 1: unclosed action",
		"a\n\n{{ query \"up\" }}":         `line 3: function "query" not defined`,
		"{{ .Sumary }}":                   "can't evaluate field Sumary",
		"{{ (index .Alerts 1).ID }}":      "tried with an alert that fires",
		"  \n":                            "it makes an empty body",
		`{"text": "{{ .Summary }}"}`:      `is none behind`,
		`{"people": {{ .StillFiring }},}`: "begins like JSON and is none",
		// What has no end, or no bound.
		"{{ range 1000000000 }}{{ end }}x":                                                                          "the template loops too often",
		"{{ range 1000000000 }}xxxxxxxxxxxxxxxxxxxxxxxx{{ end }}":                                                   "the body is longer than 256 KiB",
		`{{ define "x" }}{{ template "x" }}{{ template "x" }}{{ end }}{{ template "x" }}`:                           "the template loops too often",
		`{{ define "x" }}{{ range 9 }}{{ range 9 }}{{ template "x" }}{{ end }}{{ end }}{{ end }}{{ template "x" }}`: "the template loops too often",
		`{{ $x := "\\" }}{{ range 60 }}{{ $x = js $x }}{{ end }}{{ len $x }}`:                                       "the template does too much",
		`{{ $x := "x" }}{{ range 60 }}{{ $x = print $x $x }}{{ end }}{{ len $x }}`:                                  "the template does too much",
		`{{ $x := "x" }}{{ range 60 }}{{ $x = printf "%[1]s%[1]s" $x }}{{ end }}{{ len $x }}`:                       "the template does too much",
		`{{ $x := "xxxxxxxx" }}{{ range 60 }}{{ $x = reReplaceAll "x" "xxxxxxxx" $x }}{{ end }}{{ len $x }}`:        "the template does too much",
		`{{ printf "%100000000d" 1 }}`:                                                                              "no width of more than three digits",
		`{{ printf "%*d" 100000000 1 }}`:                                                                            "no width of more than three digits",
		`{{ range $i := 19000 }}{{ $x := reReplaceAll (printf "(a|b){3}%d" $i) "x" "ab" }}{{ end }}x`:               "the template does too much",
		`{{ match "(" "x" }}`: "missing closing )",
	} {
		_, err := New([]Receiver{own(t, text)}, Options{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\ngot  %v\nwant %s", text, err, want)
		}
	}
	for name, r := range map[string]Receiver{
		"no such file":                        {Name: "a", Webhook: &Webhook{URL: "https://h", TemplateFile: "/nowhere/x.tmpl"}},
		"has both template and template_file": {Name: "a", Webhook: &Webhook{URL: "https://h", Template: "slack", TemplateFile: "x"}},
		"is longer than 64 KiB":               own(t, strings.Repeat("x", maxTemplate+1)),
		"is not UTF-8":                        own(t, "\xff"),
	} {
		if _, err := New([]Receiver{r}, Options{}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v, want %s", err, name)
		}
	}
}

// TestTemplateThatFailsLater: the message goes out all the same, and the log says so once.
func TestTemplateThatFailsLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log logText
		var r receiver
		to := own(t, `{{ if eq (index .Alerts 0).Labels.alertname "Odd" }}{{ index .Alerts 99 }}{{ end }}fine`)
		g := newRig(t, Options{Do: r.do, Logger: slog.New(slog.NewTextHandler(&log, nil))}, to).start()
		defer g.stop()
		g.commit(firing("a"))
		g.commit(firing("b", "alertname", "Odd"))
		pass(time.Second)
		g.commit(firing("c", "alertname", "Odd", "source", "c"))
		pass(time.Minute)
		var got []string
		for _, q := range r.take() {
			if json.Valid(q.body) {
				got = append(got, ids(t, q))
			} else {
				got = append(got, string(q.body)+" "+q.header.Get("Content-Type"))
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, []string{"b firing", "c firing", "fine " + plainType}) {
			t.Errorf("%v", got)
		}
		if n := strings.Count(log.String(), "the template of a receiver failed"); n != 1 {
			t.Errorf("told %d times:\n%s", n, log.String())
		}
	})
}

// TestHumanizeIsPrometheuss holds the functions against what Prometheus's documentation and tests say they make.
func TestHumanizeIsPrometheuss(t *testing.T) {
	t.Parallel()
	for v, want := range map[float64][2]string{
		0: {"0", "0"}, 1: {"1", "1"}, 999: {"999", "999"}, 1000: {"1k", "1000"}, 1024: {"1.024k", "1ki"}, 1048576: {"1.049M", "1Mi"},
		1234567: {"1.235M", "1.177Mi"}, .12: {"120m", "0.12"}, .0015: {"1.5m", "0.0015"}, 1e-25: {"0.1y", "1e-25"}, -1500: {"-1.5k", "-1.465ki"},
		1e30: {"1e+06Y", "8.272e+05Yi"},
	} {
		if got := [2]string{humanize(v), humanize1024(v)}; got != want {
			t.Errorf("%g: %q, want %q", v, got, want)
		}
	}
}

// FuzzTemplate: no template makes New hang, panic, or use memory without bound.
func FuzzTemplate(f *testing.F) {
	for _, seed := range []string{
		`{{ range .Alerts }}{{ .Labels | json }}{{ else }}none{{ end }}`, `{{ with $x := .Summary }}{{ $x | js | html | urlquery }}{{ end }}`,
		`{{ define "a" }}{{ template "a" . }}{{ end }}{{ template "a" . }}`, `{{ range $i, $c := .Summary }}{{ break }}{{ end }}`, `{{ block "x" . }}{{ slice .Summary 1 2 }}{{ end }}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, err := New(nil, Options{})
		if err != nil {
			t.Fatal(err)
		}
		o := &ownTemplate{}
		if o.parse(text, "") != nil {
			return
		}
		if o.try(n, "fuzz") != nil {
			return
		}
		for _, e := range examples() {
			p := n.payload("fuzz", e.message())
			a, err1 := o.render(p)
			b, err2 := o.render(p)
			if err1 != nil || err2 != nil || string(a.text) != string(b.text) || len(a.text) > maxBody {
				t.Fatalf("%v, %v\n%s\n%s", err1, err2, a.text, b.text)
			}
		}
	})
}

// The functions of text/template that could grow without bound have all been replaced.
func TestNoBuiltinIsForgotten(t *testing.T) {
	t.Parallel()
	known := []string{"and", "call", "eq", "ge", "gt", "index", "le", "len", "lt", "ne", "not", "or", "slice"} // their results are as large as their arguments
	replaced := (&budget{}).funcs("")
	for _, name := range []string{"and", "call", "html", "index", "slice", "js", "len", "not", "or", "print", "printf", "println", "urlquery", "eq", "ge", "gt", "le", "lt", "ne"} {
		if _, err := template.New("x").Parse("{{ " + name + " }}"); err != nil {
			t.Errorf("%s is none of text/template: %v", name, err)
		}
		if replaced[name] == nil && !slices.Contains(known, name) {
			t.Errorf("%s is not replaced", name)
		}
	}
}
