package metrics

import (
	"maps"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// family is one metric name.
type family int

const (
	famEvents family = iota // first: a stored series without a metric is one of these
	famReferences
	famLines
	famBytes
	famSkipped
	famLate
	famCorrections
	famConflicts
	famRotations
	famTruncations
	famLost
	famErrors
	famRefused
	familyCount
)

// name returns the metric's name.
func (f family) name() string {
	return [familyCount]string{
		famEvents:      "errwatch_events_total",
		famReferences:  "errwatch_reference_events_total",
		famLines:       "errwatch_lines_total",
		famBytes:       "errwatch_read_bytes_total",
		famSkipped:     "errwatch_skipped_lines_total",
		famLate:        "errwatch_late_events_total",
		famCorrections: "errwatch_time_corrections_total",
		famConflicts:   "errwatch_code_conflicts_total",
		famRotations:   "errwatch_rotations_total",
		famTruncations: "errwatch_truncations_total",
		famLost:        "errwatch_lost_bytes_total",
		famErrors:      "errwatch_source_errors_total",
		famRefused:     "errwatch_series_refused_total",
	}[f]
}

// familyByName returns the family of a name, familyCount where there is none. No name is that of events.
func familyByName(name string) family {
	if name == "" {
		return famEvents
	}
	for f := range familyCount {
		if f.name() == name {
			return f
		}
	}
	return familyCount
}

// info is what a family has besides its name and its series.
type info struct {
	help     string
	labels   []string
	event    bool // made of events: hidden until the source is published
	promoted bool // has the promoted labels
	global   bool // belongs to no source
}

func infos() [familyCount]info {
	return [familyCount]info{
		famEvents: {labels: []string{"code", "name", "category"}, event: true, promoted: true,
			help: "Error events found in the lines of a source."},
		famReferences: {labels: []string{"name"}, event: true, promoted: true,
			help: "Events of reference patterns: denominators, not errors."},
		famLines: {help: "Lines read and counted."},
		famBytes: {help: "Bytes read and counted."},
		famSkipped: {labels: []string{"reason"},
			help: "Lines that were not looked at, by reason."},
		famLate: {event: true,
			help: "Events too old for the windows of the rules; they count in events and history."},
		famCorrections: {labels: []string{"reason"}, event: true,
			help: "Events whose time was not taken as it stands in the line, by reason."},
		famConflicts: {event: true,
			help: "Events whose code and name belong to different codes; the name won."},
		famRotations:   {help: "Rotations that were followed: a path led to another file, or to none."},
		famTruncations: {help: "Truncations: a file no longer held what was read of it."},
		famLost:        {help: "Bytes that were seen to be there and went before they could be read."},
		famErrors: {labels: []string{"reason"},
			help: "Files that could not be followed or read, by reason."},
		famRefused: {global: true,
			help: "Events whose promoted labels became \"other\" because limits.series was reached."},
	}
}

// families is how series become Prometheus's metrics in one configuration.
type families struct {
	infos        [familyCount]info
	descs        [familyCount]*prometheus.Desc
	sourceLabels []string            // the union over all sources, sorted: a family has one set of label names
	sourceValues map[string][]string // by source, in that order; "" where a source has no such label
	promoted     []string
}

func newFamilies(o Options) (families, error) {
	names, err := labelNames(o)
	if err != nil {
		return families{}, err
	}
	t := families{infos: infos(), sourceLabels: names, promoted: o.Labels, sourceValues: map[string][]string{}}
	for _, src := range o.Sources {
		values := make([]string, len(names))
		for i, n := range names {
			values[i] = cleanString(src.Labels[n])
		}
		t.sourceValues[src.Name] = values
	}
	for f, in := range t.infos {
		var labels []string
		if !in.global {
			labels = slices.Concat([]string{"source"}, in.labels, names)
		}
		if in.promoted {
			labels = append(labels, t.promoted...)
		}
		t.descs[f] = prometheus.NewDesc(family(f).name(), in.help, labels, nil)
	}
	return t, nil
}

// metric returns a point as a metric, false where it is not to be seen.
func (t *families) metric(v *view, p *point) (prometheus.Metric, bool) {
	in := &t.infos[p.fam]
	if in.event && !v.published || p.retired {
		return nil, false
	}
	var values []string
	if !in.global {
		values = slices.Concat([]string{v.name}, p.values, t.sourceValues[v.name])
	}
	if in.promoted {
		for _, name := range t.promoted {
			values = append(values, p.label(name))
		}
	}
	m, err := prometheus.NewConstMetricWithCreatedTimestamp(t.descs[p.fam], prometheus.CounterValue, float64(p.n),
		time.Unix(0, p.created), values...)
	if err != nil {
		m = prometheus.NewInvalidMetric(t.descs[p.fam], err)
	}
	return m, true
}

// label returns the value of a promoted label, "" where the series has none.
func (id *ident) label(name string) string {
	for _, l := range id.promoted {
		if l.name == name {
			return l.value
		}
	}
	return ""
}

// Collector returns the collector of all counters. It hands out what is shown, and takes no lock.
func (c *Counters) Collector() prometheus.Collector { return collector{c} }

type collector struct{ c *Counters }

func (k collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range k.c.table.descs {
		ch <- d
	}
}

func (k collector) Collect(ch chan<- prometheus.Metric) {
	now := k.c.shown.Load()
	for _, s := range append(slices.Clip(k.c.sets), k.c.global) {
		v := now.views[s.name]
		if v == nil {
			continue
		}
		for i := range v.points {
			if m, ok := k.c.table.metric(v, &v.points[i]); ok {
				ch <- m
			}
		}
	}
}

// showAll shows everything as it is counted now.
func (c *Counters) showAll() {
	views := make([]*view, 0, len(c.sets)+1)
	for _, s := range c.sets {
		views = append(views, c.view(s))
	}
	c.show(append(views, c.view(c.global)))
}

// show makes views what is shown of their sources. What is shown never goes back to an older copy: while commits fail,
// live values may have overtaken the copy that is committed at last.
func (c *Counters) show(views []*view) {
	next := &shown{views: map[string]*view{}}
	if before := c.shown.Load(); before != nil {
		maps.Copy(next.views, before.views)
	}
	for _, v := range views {
		if w := next.views[v.name]; w == nil || w.seq < v.seq {
			next.views[v.name] = v
		}
	}
	c.shown.Store(next)
}
