package app

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// everyMetric lists the metrics of errwatch and the labels that each has besides those of the source and the promoted
// ones.
func everyMetric() map[string][]string {
	return map[string][]string{
		"errwatch_events_total":                                 {"source", "code", "name", "category"},
		"errwatch_reference_events_total":                       {"source", "name"},
		"errwatch_lines_total":                                  {"source"},
		"errwatch_read_bytes_total":                             {"source"},
		"errwatch_skipped_lines_total":                          {"source", "reason"},
		"errwatch_late_events_total":                            {"source"},
		"errwatch_time_corrections_total":                       {"source", "reason"},
		"errwatch_code_conflicts_total":                         {"source"},
		"errwatch_source_files":                                 {"source"},
		"errwatch_source_lag_bytes":                             {"source"},
		"errwatch_source_last_line_timestamp_seconds":           {"source"},
		"errwatch_source_time_skew_seconds":                     {"source"},
		"errwatch_source_errors_total":                          {"source", "reason"},
		"errwatch_rotations_total":                              {"source"},
		"errwatch_truncations_total":                            {"source"},
		"errwatch_lost_bytes_total":                             {"source"},
		"errwatch_series_refused_total":                         nil,
		"errwatch_rule_value":                                   {"rule"},
		"errwatch_rule_threshold":                               {"rule"},
		"errwatch_rule_groups":                                  {"rule"},
		"errwatch_rule_distinct_saturated":                      {"rule"},
		"errwatch_waiting_events":                               nil,
		"errwatch_waiting_events_bytes":                         nil,
		"errwatch_waiting_events_judged_early_total":            nil,
		"errwatch_alerts":                                       {"rule", "severity", "state"},
		"errwatch_notifications_total":                          {"receiver", "result"},
		"errwatch_notification_queue_length":                    {"receiver"},
		"errwatch_state_durable":                                nil,
		"errwatch_state_set_aside":                              nil,
		"errwatch_checkpoint_last_success_timestamp_seconds":    nil,
		"errwatch_config_last_reload_successful":                nil,
		"errwatch_config_last_reload_success_timestamp_seconds": nil,
		"errwatch_build_info":                                   {"version", "goversion"},
		"go_goroutines":                                         nil,
		"process_cpu_seconds_total":                             nil,
	}
}

// metricsConfig has something of everything.
const metricsConfig = `
server: {listen: "127.0.0.1:0"}
sources:
  - {name: meeting, paths: ["DIR/*.log"], time: {zone: UTC}, labels: {service: "a \"b\" \\c"}}
  - {name: other, paths: ["DIR/*.txt"], time: {zone: UTC}}
patterns:
  - use: builtin
  - {name: joined, regex: 'joined room=(?P<meeting>\S+)', reference: true}
metrics: {labels: [meeting]}
rules:
  - {name: Spike, match: {codes: ["3014"]}, count: {above: 2}, window: 1h, by: [meeting]}
`

// families asks /metrics in a format and returns what it shows.
func (r *rig) families(accept string) map[string]*dto.MetricFamily {
	r.t.Helper()
	req, err := http.NewRequest(http.MethodGet, r.url+"/metrics", nil)
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Accept", accept)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	dec := expfmt.NewDecoder(resp.Body, expfmt.ResponseFormat(resp.Header))
	out := map[string]*dto.MetricFamily{}
	for {
		f := &dto.MetricFamily{}
		if err := dec.Decode(f); err != nil {
			if len(out) == 0 {
				r.t.Fatalf("as %s: %v", accept, err)
			}
			return out
		}
		out[f.GetName()] = f
	}
}

const (
	asText     = "text/plain; version=0.0.4; escaping=allow-utf-8"
	asProtobuf = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
	asOpen     = "application/openmetrics-text; version=1.0.0"
)

func labelNames(m *dto.Metric) (out []string) {
	for _, l := range m.Label {
		out = append(out, l.GetName())
	}
	slices.Sort(out)
	return out
}

// Each metric is there with its labels, from the start, and promtool has nothing to say.
func TestEveryMetric(t *testing.T) {
	t.Parallel()
	r := newBareRig(t)
	r.configureAll(metricsConfig + newReceiver(t).config())
	r.write("a.log", denials(3)+"joined room=ab12\n")
	r.start()
	r.until("the events are shown", func() bool { return r.count("3014") == 3 })
	for _, accept := range []string{asText, asProtobuf} {
		got := r.families(accept)
		for name, labels := range everyMetric() {
			f := got[name]
			if f == nil {
				t.Errorf("as %s: %s is missing", accept, name)
				continue
			}
			for _, m := range f.Metric {
				want := slices.Clone(labels)
				if slices.Contains(labels, "source") {
					want = append(want, "service")
				}
				if strings.HasSuffix(name, "events_total") && name != "errwatch_late_events_total" {
					want = append(want, "meeting")
				}
				slices.Sort(want)
				// The text format leaves empty labels as they are: what is missing is missing.
				if names := labelNames(m); !slices.Equal(names, want) {
					t.Errorf("%s has the labels %q, want %q", name, names, want)
				}
			}
		}
		for name := range got {
			if _, ok := everyMetric()[name]; !ok && strings.HasPrefix(name, "errwatch_") && name != "errwatch_rule_groups_refused_total" {
				t.Errorf("%s is in no list", name)
			}
		}
	}
	problems, err := promlint.NewWithMetricFamilies(slices.Collect(maps.Values(r.families(asText)))).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("lint: %v, %v", problems, err)
	}
}

// The counters of a source say since when they count, and that survives a restart.
func TestCreatedTimes(t *testing.T) {
	t.Parallel()
	r := newBareRig(t)
	r.configureAll(metricsConfig)
	r.write("a.log", denials(3))
	r.start()
	r.until("the events are shown", func() bool { return r.count("3014") == 3 })
	created := func() map[string]string {
		out := map[string]string{}
		for series, v := range r.open() {
			if strings.Contains(series, "_created{") && strings.HasPrefix(series, "errwatch_") {
				out[series] = v
			}
		}
		return out
	}
	before := created()
	for _, name := range []string{"events", "lines", "read_bytes", "source_errors"} {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(before)), func(s string) bool { return strings.HasPrefix(s, "errwatch_"+name+"_created{") }) {
			t.Errorf("OpenMetrics lacks errwatch_%s_created", name)
		}
	}
	r.restart()
	if after := created(); !maps.Equal(before, after) {
		t.Errorf("the created times before a restart\n%v\nand after it\n%v", before, after)
	}
	for _, m := range r.families(asProtobuf)["errwatch_events_total"].Metric {
		if m.GetCounter().GetCreatedTimestamp().AsTime().Unix() <= 0 {
			t.Errorf("protobuf lacks a created time: %v", m)
		}
	}
}

// open are the series that OpenMetrics shows.
func (r *rig) open() map[string]string {
	r.t.Helper()
	req, err := http.NewRequest(http.MethodGet, r.url+"/metrics", nil)
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Accept", asOpen)
	body, status := do(r.t, http.DefaultClient, req)
	if status != http.StatusOK || !strings.HasSuffix(body, "# EOF\n") {
		r.t.Fatalf("OpenMetrics: status %d, ends in %q", status, body[max(0, len(body)-20):])
	}
	return seriesOf(body)
}

// What lines put into labels is text and nothing else, whatever it is, in every format.
func TestHostileLabels(t *testing.T) {
	t.Parallel()
	r := newBareRig(t)
	r.configureAll(metricsConfig)
	meetings := []string{
		`a\"} 1\nerrwatch_events_total{x=\"`, `\\`, `\u0000\u001b[31m`, `<script>`, `é\u202e`, strings.Repeat("long", 100), "\xff\xfe", `\ud800`, `# HELP`,
	}
	for _, m := range meetings {
		r.write("a.log", fmt.Sprintf(`{"code":"3014","name":"ERROR_GET_VIDEO_MEDIA_PERMISSION_DENIED","meetingId":"%s"}`, m)+"\n")
	}
	r.start()
	r.until("all are counted", func() bool { return r.count("3014") == int64(len(meetings)) })
	for _, accept := range []string{asText, asProtobuf} {
		f := r.families(accept)["errwatch_events_total"]
		if f == nil {
			t.Fatalf("as %s the events are missing", accept)
		}
		seen := map[string]float64{}
		for _, m := range f.Metric {
			for _, l := range m.Label {
				v := l.GetValue()
				if !utf8.ValidString(v) || len(v) > 128 || strings.ContainsFunc(v, func(c rune) bool { return c < ' ' || c == '\u202e' }) {
					t.Errorf("%s is %q", l.GetName(), v)
				}
				if l.GetName() == "meeting" && v != "" {
					seen[v] += m.GetCounter().GetValue()
				}
				if l.GetName() == "service" && v != "" && v != `a "b" \c` {
					t.Errorf("the label of the source is %q", v)
				}
			}
		}
		if len(seen) < len(meetings)-1 || seen["<script>"] != 1 || seen[`\`] != 1 { // two that are no UTF-8 may look alike
			t.Errorf("the meetings are %v", seen)
		}
	}
	if series := r.open(); len(series) < 100 {
		t.Errorf("OpenMetrics has %d series", len(series))
	}
}

// Each code of a source's catalogue is there from the start, and a source that is gone has none.
func TestCatalogueSeriesAndSourcesThatLeave(t *testing.T) {
	t.Parallel()
	r := newBareRig(t)
	r.configureAll(metricsConfig)
	r.write("a.txt", denials(2))
	r.start()
	r.until("the events are shown", func() bool { return r.countIn("other", "3014") == 2 })
	codes := map[string]int{}
	for _, m := range r.families(asText)["errwatch_events_total"].Metric {
		for _, l := range m.Label {
			if l.GetName() == "source" {
				codes[l.GetValue()]++
			}
		}
	}
	catalogue := len(r.d.current.Load().plan.catalogs["meeting"].Codes())
	if codes["meeting"] != catalogue || codes["other"] != catalogue+1 || catalogue < 40 { // one more with the meeting
		t.Errorf("series by source: %v, want those of %d codes", codes, catalogue)
	}

	r.configureAll(strings.Replace(metricsConfig, "  - {name: other", "  # - {name: other", 1))
	if err := r.d.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if m := r.get("/metrics"); strings.Contains(m, `source="other"`) || !strings.Contains(m, `source="meeting"`) {
		t.Error("after a reload the source that is gone still has series, or the other has none")
	}
	r.configureAll(metricsConfig)
	if err := r.d.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.write("a.txt", denials(1))
	r.until("what comes back goes on", func() bool { return r.countIn("other", "3014") == 3 })
}

// A configuration without receivers, rules and sources still has metrics that promtool likes.
func TestMetricsOfNothing(t *testing.T) {
	t.Parallel()
	r := newBareRig(t)
	r.configureAll("server: {listen: \"127.0.0.1:0\"}\nrules: []\n")
	r.start()
	families := r.families(asText)
	if families["errwatch_build_info"] == nil {
		t.Error("errwatch_build_info is missing")
	}
	problems, err := promlint.NewWithMetricFamilies(slices.Collect(maps.Values(families))).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("lint: %v, %v", problems, err)
	}
	for name := range families {
		if !model.LegacyValidation.IsValidMetricName(name) {
			t.Errorf("%q is no name that every Prometheus takes", name)
		}
	}
}
