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
	famRefused
	familyCount
)

// info is what a family has besides its series.
type info struct {
	name, help string
	labels     []string
	event      bool // made of events: hidden until the source is published
	promoted   bool // has the promoted labels
	global     bool // belongs to no source
}

func infos() [familyCount]info {
	return [familyCount]info{
		famEvents: {name: "errwatch_events_total", labels: []string{"code", "name", "category"}, event: true, promoted: true,
			help: "Error events found in the lines of a source."},
		famReferences: {name: "errwatch_reference_events_total", labels: []string{"name"}, event: true, promoted: true,
			help: "Events of reference patterns: denominators, not errors."},
		famLines: {name: "errwatch_lines_total",
			help: "Lines read and counted."},
		famBytes: {name: "errwatch_read_bytes_total",
			help: "Bytes read and counted."},
		famSkipped: {name: "errwatch_skipped_lines_total", labels: []string{"reason"},
			help: "Lines that were not looked at, by reason."},
		famLate: {name: "errwatch_late_events_total", event: true,
			help: "Events too old for the windows of the rules; they count in events and history."},
		famCorrections: {name: "errwatch_time_corrections_total", labels: []string{"reason"}, event: true,
			help: "Events whose time was not taken as it stands in the line, by reason."},
		famConflicts: {name: "errwatch_code_conflicts_total", event: true,
			help: "Events whose code and name belong to different codes; the name won."},
		famRefused: {name: "errwatch_series_refused_total", global: true,
			help: "Events whose promoted labels became \"other\" because limits.series was reached."},
	}
}

func (f family) name() string { return infos()[f].name }

func familyByName(name string) family {
	if name == "" {
		return famEvents
	}
	for f, in := range infos() {
		if in.name == name {
			return family(f)
		}
	}
	return familyCount
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
		t.descs[f] = prometheus.NewDesc(in.name, in.help, labels, nil)
	}
	return t, nil
}

// metric returns a point as a metric, false where it is not to be seen.
func (t *families) metric(v *view, p *point) (prometheus.Metric, bool) {
	in := &t.infos[p.fam]
	if in.event && !v.published {
		return nil, false
	}
	var values []string
	if !in.global {
		values = slices.Concat([]string{v.name}, p.values, t.sourceValues[v.name])
	}
	if in.promoted {
		found := 0
		for _, name := range t.promoted {
			i := slices.IndexFunc(p.promoted, func(l label) bool { return l.name == name })
			if i < 0 {
				values = append(values, "")
				continue
			}
			found++
			values = append(values, p.promoted[i].value)
		}
		if found < len(p.promoted) {
			return nil, false // counted under labels that are no longer promoted
		}
	}
	m, err := prometheus.NewConstMetricWithCreatedTimestamp(t.descs[p.fam], prometheus.CounterValue, float64(p.n),
		time.Unix(0, p.created), values...)
	if err != nil {
		m = prometheus.NewInvalidMetric(t.descs[p.fam], err)
	}
	return m, true
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
		views = append(views, s.view())
	}
	c.show(append(views, c.global.view()))
}

// show makes views what is shown of their sources.
func (c *Counters) show(views []*view) {
	next := &shown{views: map[string]*view{}}
	if before := c.shown.Load(); before != nil {
		maps.Copy(next.views, before.views)
	}
	for _, v := range views {
		next.views[v.name] = v
	}
	c.shown.Store(next)
}
