package app

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/errwatch/errwatch/internal/metrics"
	"github.com/errwatch/errwatch/internal/source"
)

// sourceCollector says how the reading goes.
type sourceCollector struct {
	p *pipeline

	files, lag, lastLine, skew *metrics.SourceDesc
}

func newSourceCollector(p *pipeline) *sourceCollector {
	d := p.counters.SourceDesc
	return &sourceCollector{
		p:        p,
		files:    d("errwatch_source_files", "Files of a source that are followed now."),
		lag:      d("errwatch_source_lag_bytes", "Bytes that stand in the files of a source and are not read yet."),
		lastLine: d("errwatch_source_last_line_timestamp_seconds", "Time at which the last line of a source was read."),
		skew:     d("errwatch_source_time_skew_seconds", "How far the times in the lines are behind the clock, while windows use the time of reading because of it; else 0."),
	}
}

// Describe names the metrics.
func (c *sourceCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*metrics.SourceDesc{c.files, c.lag, c.lastLine, c.skew} {
		ch <- d.Desc
	}
}

// Collect hands out their values.
func (c *sourceCollector) Collect(ch chan<- prometheus.Metric) {
	c.p.mu.Lock()
	skews := map[string]float64{}
	for name, s := range c.p.skews {
		if s.active {
			skews[name] = s.by.Seconds()
		}
	}
	c.p.mu.Unlock()
	for _, s := range c.p.source.Stats() {
		ch <- c.files.Gauge(s.Name, float64(s.Files))
		ch <- c.lag.Gauge(s.Name, float64(s.LagBytes))
		ch <- c.lastLine.Gauge(s.Name, seconds(s.LastLine))
		ch <- c.skew.Gauge(s.Name, skews[s.Name])
	}
}

// readings turns what the source has counted since its start into what is new since the last time.
type readings map[string]source.Stats

func (r readings) news(s source.Stats) metrics.Reading {
	before := r[s.Name]
	r[s.Name] = s
	out := metrics.Reading{
		Rotations:   s.Rotations - before.Rotations,
		Truncations: s.Truncations - before.Truncations,
		LostBytes:   s.LostBytes - before.LostBytes,
		Errors:      map[string]int64{},
	}
	for reason, n := range s.Errors {
		out.Errors[reason] = n - before.Errors[reason]
	}
	return out
}
