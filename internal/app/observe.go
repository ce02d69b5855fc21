package app

import (
	"net/http"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"

	"github.com/errwatch/errwatch/internal/alert"
)

// metricsHandler answers /metrics: first it waits, not for long, until what was read is committed, then it shows the
// committed values.
func (d *Daemon) metricsHandler() http.Handler {
	gather := prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) { return d.registry.Load().Gather() })
	next := promhttp.HandlerFor(gather, promhttp.HandlerOpts{
		EnableOpenMetrics: true, EnableOpenMetricsTextCreatedSamples: true, ErrorHandling: promhttp.ContinueOnError,
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.current.Load().commitShared(r.Context())
		next.ServeHTTP(w, r)
	})
}

// newRegistry returns the registry of one pipeline: what it counts, and how the daemon does.
func (d *Daemon) newRegistry(p *pipeline) *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(
		p.counters.Collector(), newSourceCollector(p), newStageCollector(p), newDaemonCollector(d, p),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return r
}

// desc describes a metric of errwatch.
func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("errwatch_"+name, help, labels, nil)
}

// daemonCollector says how the daemon itself does.
type daemonCollector struct {
	d *Daemon
	p *pipeline

	durable, aside, checkpoint, reloadOK, reloadTime, build *prometheus.Desc
}

func newDaemonCollector(d *Daemon, p *pipeline) *daemonCollector {
	return &daemonCollector{
		d: d, p: p,
		durable:    desc("state_durable", "Whether the values shown are safe in the state file: 0 while commits fail and live values are shown."),
		aside:      desc("state_set_aside", "Whether a damaged or foreign state file was set aside at this start, so that counters began at 0."),
		checkpoint: desc("checkpoint_last_success_timestamp_seconds", "Time of the last successful commit, or of the last check that found nothing to commit."),
		reloadOK:   desc("config_last_reload_successful", "Whether the newest configuration is in force."),
		reloadTime: desc("config_last_reload_success_timestamp_seconds", "Time at which the configuration in force was loaded."),
		build:      desc("build_info", "Version of errwatch, and of Go that it was built with; always 1.", "version", "goversion"),
	}
}

// Describe names the metrics.
func (c *daemonCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.durable, c.aside, c.checkpoint, c.reloadOK, c.reloadTime, c.build} {
		ch <- d
	}
}

// Collect hands out their values.
func (c *daemonCollector) Collect(ch chan<- prometheus.Metric) {
	loaded, failure := c.d.reloads.get()
	ch <- gauge(c.durable, truth(!c.p.health.undurable.Load()))
	ch <- gauge(c.aside, truth(c.d.db.SetAside() != ""))
	ch <- gauge(c.checkpoint, seconds(time.Unix(0, c.p.health.lastGood.Load())))
	ch <- gauge(c.reloadOK, truth(failure == ""))
	ch <- gauge(c.reloadTime, seconds(loaded))
	ch <- gauge(c.build, 1, c.d.opts.Version, runtime.Version())
}

// stageCollector says how the rules and the receivers do.
type stageCollector struct {
	p *pipeline

	value, threshold, groups, refused, saturated, alerts, sent, queue, waiting, waitingBytes, early *prometheus.Desc
}

func newStageCollector(p *pipeline) *stageCollector {
	return &stageCollector{
		p:         p,
		value:     desc("rule_value", "Value of a rule's condition, of its highest group.", "rule"),
		threshold: desc("rule_threshold", "Threshold of a rule.", "rule"),
		groups:    desc("rule_groups", "Groups that a rule holds.", "rule"),
		refused:   desc("rule_groups_refused_total", "Groups that were forgotten, and events not counted, because limits.groups or limits.groups_all was reached.", "rule"),
		saturated: desc("rule_distinct_saturated", "Whether a rule saw more different values in its window than limits.distinct lets it remember: there are at least as many as it says.", "rule"),
		alerts:    desc("alerts", "Alerts by state.", "rule", "severity", "state"),
		sent:      desc("notifications_total", "Notifications by receiver and result: sent, failed (tries, which are repeated), dropped.", "receiver", "result"),
		queue:     desc("notification_queue_length", "Notifications that wait to be sent.", "receiver"),

		waiting:      desc("waiting_events", "Events of a backlog that were counted and wait for other files before rules see them."),
		waitingBytes: desc("waiting_events_bytes", "Memory that these events take."),
		early:        desc("waiting_events_judged_early_total", "Events that rules saw before all files had come to their time, because more than 8 MiB waited."),
	}
}

// Describe names the metrics.
func (c *stageCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.value, c.threshold, c.groups, c.refused, c.saturated, c.alerts, c.sent, c.queue, c.waiting, c.waitingBytes, c.early} {
		ch <- d
	}
}

// Collect hands out their values.
func (c *stageCollector) Collect(ch chan<- prometheus.Metric) {
	c.p.mu.Lock()
	stats, active := c.p.rules.Stats(), c.p.rules.Alerts()
	held, bytes, early := c.p.behind.held, c.p.behind.waiting, c.p.behind.early
	c.p.mu.Unlock()
	type key struct {
		rule  string
		state alert.State
	}
	count := map[key]int{}
	for _, a := range active {
		count[key{a.Rule, a.State}]++
	}
	for _, s := range stats {
		ch <- gauge(c.value, s.Value, s.Name)
		ch <- gauge(c.threshold, s.Threshold, s.Name)
		ch <- gauge(c.groups, float64(s.Groups), s.Name)
		ch <- counter(c.refused, float64(s.Refused+s.Evicted), s.Name)
		ch <- gauge(c.saturated, truth(s.Saturated), s.Name)
		for _, state := range []alert.State{alert.Pending, alert.Firing} {
			ch <- gauge(c.alerts, float64(count[key{s.Name, state}]), s.Name, s.Severity, string(state))
		}
	}
	for _, s := range c.p.notifier.Stats() {
		ch <- counter(c.sent, float64(s.Sent), s.Name, "sent")
		ch <- counter(c.sent, float64(s.Failed), s.Name, "failed")
		ch <- counter(c.sent, float64(s.Dropped), s.Name, "dropped")
		ch <- gauge(c.queue, float64(s.Queue), s.Name)
	}
	ch <- gauge(c.waiting, float64(held))
	ch <- gauge(c.waitingBytes, float64(bytes))
	ch <- counter(c.early, float64(early))
}

func gauge(d *prometheus.Desc, v float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

func counter(d *prometheus.Desc, v float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// seconds is a time stamp as Prometheus writes it; 0 for a time that never was.
func seconds(t time.Time) float64 {
	if t.IsZero() || t.Unix() <= 0 {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}
