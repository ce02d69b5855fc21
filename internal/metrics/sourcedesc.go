package metrics

import (
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// SourceDesc describes a metric of sources that is counted elsewhere, such as the lag of a source's files. Its series
// carry the same source labels as all others of the source.
type SourceDesc struct {
	*prometheus.Desc
	values map[string][]string
	none   []string
}

// SourceDesc returns the description of a metric with the label source, then labels, then the labels of the sources.
func (c *Counters) SourceDesc(name, help string, labels ...string) *SourceDesc {
	all := slices.Concat([]string{"source"}, labels, c.table.sourceLabels)
	return &SourceDesc{
		Desc:   prometheus.NewDesc(name, help, all, nil),
		values: c.table.sourceValues,
		none:   make([]string, len(c.table.sourceLabels)),
	}
}

// Gauge returns the metric of a source, with the values of the labels that SourceDesc was given.
func (d *SourceDesc) Gauge(source string, value float64, values ...string) prometheus.Metric {
	return d.metric(prometheus.GaugeValue, source, value, values)
}

// Counter is Gauge for a counter. created is when it began at 0; zero leaves it out.
func (d *SourceDesc) Counter(source string, value float64, created time.Time, values ...string) prometheus.Metric {
	if created.IsZero() {
		return d.metric(prometheus.CounterValue, source, value, values)
	}
	m, err := prometheus.NewConstMetricWithCreatedTimestamp(d.Desc, prometheus.CounterValue, value, created, d.all(source, values)...)
	if err != nil {
		return prometheus.NewInvalidMetric(d.Desc, err)
	}
	return m
}

func (d *SourceDesc) metric(kind prometheus.ValueType, source string, value float64, values []string) prometheus.Metric {
	m, err := prometheus.NewConstMetric(d.Desc, kind, value, d.all(source, values)...)
	if err != nil {
		return prometheus.NewInvalidMetric(d.Desc, err)
	}
	return m
}

func (d *SourceDesc) all(source string, values []string) []string {
	labels := d.values[source]
	if labels == nil {
		labels = d.none
	}
	return slices.Concat([]string{source}, values, labels)
}
