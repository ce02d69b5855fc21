package metrics

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"

	"github.com/errwatch/errwatch/internal/event"
	"github.com/errwatch/errwatch/internal/store"
)

func withField(name, value string) *event.Event {
	e := full()
	e.Fields = []event.Field{{Name: name, Value: []byte(value)}}
	return e
}

func TestAppendLabelValue(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                         "",
		"eu-west":                  "eu-west",
		"Zürich 東京 😀":              "Zürich 東京 😀",
		"a\nb\tc\rd\x00e\x1b[31mf": `a\nb\tc\rd\x00e\x1b[31mf`,
		"a\x7fb\u0085c":            `a\x7fb\x85c`,
		"a\xffb\xc3":               "a\ufffdb\ufffd",
		"\u202eevil\u2028\ufeff":   `\u202eevil\u2028\ufeff`,
		"\U000e0041":               `\U000e0041`,
		`quote " back \`:           `quote " back \`,
		strings.Repeat("x", 128):   strings.Repeat("x", 128),
		strings.Repeat("x", 129):   strings.Repeat("x", 125) + "…",
		strings.Repeat("ü", 64):    strings.Repeat("ü", 64),
		strings.Repeat("ü", 65):    strings.Repeat("ü", 62) + "…",
	} {
		if got := string(AppendLabelValue(nil, []byte(in))); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
		if got := cleanString(in); got != want {
			t.Errorf("as a string %q became %q, want %q", in, got, want)
		}
	}
}

func FuzzAppendLabelValue(f *testing.F) {
	for _, s := range []string{"", "a", "a\xff\u202e\n", strings.Repeat("\x01", 200), strings.Repeat("é", 100)} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		got := AppendLabelValue([]byte("before"), in)
		v, ok := strings.CutPrefix(string(got), "before")
		if !ok {
			t.Fatalf("what stood before %q was changed", in)
		}
		if !utf8.ValidString(v) || len(v) > MaxLabelValue || strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			t.Errorf("%q became %q", in, v)
		}
		if again := string(AppendLabelValue(nil, []byte(v))); again != v {
			t.Errorf("%q became %q, and that %q", in, v, again)
		}
		if len(in) > 0 && v == "" {
			t.Errorf("%q vanished", in)
		}
	})
}

func TestHostileValues(t *testing.T) {
	t.Parallel()
	o := basic()
	o.Labels = []string{"region", "tier"}
	c := newTest(t, o)
	c.Publish("meeting")
	for _, v := range []string{"\xff", "\xfe", "a\x00b", `a\x00b`, "source", Other, strings.Repeat("y", 500), strings.Repeat("y", 501)} {
		c.Add(withField("region", v))
	}
	e := full()
	e.Fields = []event.Field{{Name: "region", Value: []byte("a\x00b")}, {Name: "tier", Value: nil}}
	c.Add(e)
	for _, code := range []string{"40\n09", "4009\xff", "4009\xfe", strings.Repeat("9", 300), strings.Repeat("9", 301), ""} {
		c.Add(&event.Event{Source: "meeting", Code: code, Category: "unknown"})
	}
	db := openStore(t, store.Options{})
	commit(t, db, c)
	for name, c := range map[string]*Counters{"counted": c, "restored": restore(t, db, o)} {
		got := gather(t, c) // fails where two series have the same labels
		for key, want := range map[string]float64{
			strings.Replace(capacitySeries, "source", "region=\ufffd,source", 1):                        2,
			strings.Replace(capacitySeries, "source", `region=a\x00b,source`, 1):                        3,
			strings.Replace(capacitySeries, "source", "region="+strings.Repeat("y", 125)+"…,source", 1): 2,
			`events_total{category=unknown,code=40\n09,source=meeting}`:                                 1,
			"events_total{category=unknown,code=4009\ufffd,source=meeting}":                             2,
			"events_total{category=unknown,code=" + strings.Repeat("9", 125) + "…,source=meeting}":      2,
			"events_total{category=unknown,source=meeting}":                                             1,
		} {
			if got[key] != want {
				t.Errorf("%s: %s = %v, want %v", name, key, got[key], want)
			}
		}
	}
}

func TestUnknownCodesAreBounded(t *testing.T) {
	t.Parallel()
	o := basic()
	o.MaxUnknown = 3
	c := newTest(t, o)
	c.Publish("meeting")
	db := openStore(t, store.Options{})
	count := func(c *Counters) {
		for i := range 10 {
			c.Add(&event.Event{Source: "meeting", Code: fmt.Sprint(7000 + i), Category: "unknown"})
		}
		c.Add(full())
		c.Add(&event.Event{Source: "meeting", Code: "3014", Name: "ERROR_SCREENSHARE_PERMISSION_DENIED", Category: "permission", Conflict: true})
	}
	count(c)
	commit(t, db, c)
	c = restore(t, db, o)
	count(c)
	commit(t, db, c)
	got := gather(t, c)
	for key, want := range map[string]float64{
		"events_total{category=unknown,code=7000,source=meeting}":  2,
		"events_total{category=unknown,code=7002,source=meeting}":  2,
		"events_total{category=unknown,code=other,source=meeting}": 14,
		capacitySeries: 2,
		"events_total{category=permission,code=3014,name=ERROR_SCREENSHARE_PERMISSION_DENIED,source=meeting}": 2,
	} {
		if got[key] != want {
			t.Errorf("%s = %v, want %v", key, got[key], want)
		}
	}
	if _, ok := got["events_total{category=unknown,code=7003,source=meeting}"]; ok {
		t.Error("the limit was not kept")
	}
}

func TestForeignNamesAreBounded(t *testing.T) {
	t.Parallel()
	c := newTest(t, basic())
	for i := range 2 * maxNamed {
		c.Add(&event.Event{Source: "meeting", Code: fmt.Sprint(i), Name: fmt.Sprintf("N%d", i), Category: "auth"})
	}
	if n := len(c.byName["meeting"].entries); n > maxNamed+10 {
		t.Errorf("%d entries", n)
	}
	if got := c.Live().Events(); got != 2*maxNamed {
		t.Errorf("%d events, want %d", got, 2*maxNamed)
	}
}

func TestSeriesAreBounded(t *testing.T) {
	t.Parallel()
	o := basic()
	o.Labels, o.MaxSeries = []string{"region", "tier"}, 3
	c := newTest(t, o)
	c.Publish("meeting")
	db := openStore(t, store.Options{})
	count := func(c *Counters) {
		for i := range 10 {
			c.Add(withField("region", fmt.Sprint(i)))
		}
		c.Add(full())
	}
	count(c)
	commit(t, db, c)
	c = restore(t, db, o)
	count(c)
	commit(t, db, c)
	series := func(labels string) string { return strings.Replace(capacitySeries, "source=meeting", labels, 1) }
	got := gather(t, c)
	for key, want := range map[string]float64{
		series("region=0,source=meeting"):                2,
		series("region=2,source=meeting"):                2,
		series("region=other,source=meeting,tier=other"): 14,
		capacitySeries:           2,
		"series_refused_total{}": 14,
	} {
		if got[key] != want {
			t.Errorf("%s = %v, want %v", key, got[key], want)
		}
	}
	if n := c.Live().Events(); n != 22 {
		t.Errorf("%d events, want 22", n)
	}
	o.MaxSeries = 4 // room for one more: "other" takes none
	c = restore(t, db, o)
	c.Add(withField("region", "9"))
	commit(t, db, c)
	if got := gather(t, c)[series("region=9,source=meeting")]; got != 1 {
		t.Errorf("after the limit was raised: %v, want 1", got)
	}
}

func TestPromotedLabelsChange(t *testing.T) {
	t.Parallel()
	db := openStore(t, store.Options{})
	with := func(labels ...string) Options {
		o := basic()
		o.Labels, o.MaxSeries = labels, 2
		return o
	}
	c := newTest(t, with("uid"))
	c.Publish("meeting")
	for i := range 4 {
		c.Add(withField("uid", fmt.Sprint(i)))
	}
	c.Add(full())
	commit(t, db, c)

	c = restore(t, db, with("region"))
	if got := gather(t, c)[capacitySeries]; got != 1 {
		t.Errorf("series of labels that are gone became a burst: %v", got)
	}
	e := withField("region", "eu")
	c.Add(e)
	commit(t, db, c)
	if got := gather(t, c)[strings.Replace(capacitySeries, "source", "region=eu,source", 1)]; got != 1 {
		t.Errorf("the limit is used up by labels that are gone: %v", gather(t, c))
	}
	if n := c.Snapshot().Events(); n != 6 {
		t.Errorf("%d events in all, want 6", n)
	}
	c = restore(t, db, with("region")) // what is retired stays so
	if n := c.Snapshot().Events(); n != 6 {
		t.Errorf("%d events in all after a restart, want 6", n)
	}
}

func TestSourceLabels(t *testing.T) {
	t.Parallel()
	o := basic()
	o.Sources[0].Labels = map[string]string{"service": "meeting"}
	o.Sources = append(o.Sources, Source{Name: "gateway", Labels: map[string]string{"zone": "a\nb"}})
	c := newTest(t, o)
	r := prometheus.NewPedanticRegistry()
	lag := c.SourceDesc("errwatch_source_lag_bytes", "Bytes not read yet.")
	errs := c.SourceDesc("errwatch_source_errors_total", "Errors of a source, by reason.", "reason")
	r.MustRegister(collect{lag, lag.Gauge("gateway", 5)}, collect{errs, errs.Counter("meeting", 2, at(1), "unreadable")})
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := gather(t, c)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			got[seriesName(f.GetName(), m)] = m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	for key, want := range map[string]float64{
		"lines_total{service=meeting,source=meeting}":                           0,
		`lines_total{source=gateway,zone=a\nb}`:                                 0,
		`source_lag_bytes{source=gateway,zone=a\nb}`:                            5,
		"source_errors_total{reason=unreadable,service=meeting,source=meeting}": 2,
	} {
		if v, ok := got[key]; !ok || v != want {
			t.Errorf("%s = %v, %v, want %v", key, v, ok, want)
		}
	}
	var m dto.Metric
	if err := lag.Gauge("nowhere", 1).Write(&m); err != nil || seriesName("x", &m) != "x{source=nowhere}" {
		t.Errorf("a source that is not configured: %v, %v", &m, err)
	}
	if err := lag.Gauge("meeting", 1, "one too many").Write(&m); err == nil {
		t.Error("a label value that has no name")
	}
	if err := errs.Counter("meeting", 1, time.Time{}, "x").Write(&m); err != nil || m.GetCounter().GetCreatedTimestamp() != nil {
		t.Errorf("without a created time: %v, %v", &m, err)
	}
}

type collect struct {
	d *SourceDesc
	m prometheus.Metric
}

func (c collect) Describe(ch chan<- *prometheus.Desc) { ch <- c.d.Desc }
func (c collect) Collect(ch chan<- prometheus.Metric) { ch <- c.m }

func TestLabelMistakes(t *testing.T) {
	t.Parallel()
	o := Options{
		Sources: []Source{
			{Name: "a", Labels: map[string]string{"code": "x", "team": "y", "1st": "z"}},
			{Name: "a"},
			{Name: ""},
		},
		Labels: []string{"team", "__name__", "ok", "ok", "with space", "", "le"},
	}
	_, err := New(o)
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		`source "a": label name "code" is reserved`, `source "a": label name "1st" is not valid`,
		`source 2: the name "a" is empty or taken`, `source 3: the name "" is empty or taken`,
		`metrics.labels: "team" is already a label of a source`, `metrics.labels: label name "__name__" is reserved`,
		`metrics.labels: "ok" stands there twice`, `label name "with space" is not valid`, `label name "" is not valid`,
		`label name "le" is reserved`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in:\n%v", want, err)
		}
	}
}

// exposition is everything at once, as a scrape sees it.
func exposition(t *testing.T, accept string) string {
	t.Helper()
	o := basic()
	o.Labels = []string{"region"}
	o.Sources[0].Labels = map[string]string{"service": "meeting"}
	o.Sources = append(o.Sources, Source{Name: "gateway", Codes: o.Sources[0].Codes})
	c := newTest(t, o)
	for _, s := range []string{"meeting", "gateway"} {
		c.Publish(s)
		c.AddLines(s, 10, 1000)
	}
	c.Add(withField("region", "eu\n\"west\"\\"))
	commit(t, openStore(t, store.Options{}), c)
	r := prometheus.NewPedanticRegistry()
	r.MustRegister(c.Collector())
	h := promhttp.HandlerFor(r, promhttp.HandlerOpts{EnableOpenMetrics: true, EnableOpenMetricsTextCreatedSamples: true})
	req := httptest.NewRequest("GET", "/metrics", nil)
	req.Header.Set("Accept", accept)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	if w.Code != 200 {
		t.Fatalf("%d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func TestLinterFindsNothingToSay(t *testing.T) {
	t.Parallel()
	text := exposition(t, "text/plain")
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("%v, %v in:\n%s", problems, err, text)
	}
	if !strings.Contains(text, `errwatch_events_total{category="capacity",code="4009",name="MAX_PARTCIPANT_REACHED",region="eu\\n\"west\"\\",service="meeting",source="meeting"} 1`) {
		t.Errorf("the event is missing in:\n%s", text)
	}
}

func TestOpenMetricsHasCreatedTimes(t *testing.T) {
	t.Parallel()
	text := exposition(t, "application/openmetrics-text; version=1.0.0")
	want := fmt.Sprintf(`errwatch_lines_created{service="",source="gateway"} %.1f`, float64(at(0).UnixMilli())/1000)
	for line := range strings.SplitSeq(text, "\n") {
		var value float64
		if rest, ok := strings.CutPrefix(line, `errwatch_lines_created{service="",source="gateway"} `); ok {
			if _, err := fmt.Sscan(rest, &value); err != nil || !time.Unix(int64(value), 0).Equal(at(0)) {
				t.Errorf("%s, want %s", line, want)
			}
			return
		}
	}
	t.Errorf("no created time in:\n%s", text)
}
