package cli

import (
	"io"
	"maps"
	"slices"
	"time"

	"github.com/errwatch/errwatch/internal/app"
)

type scanEventJSON struct {
	Source   string  `json:"source"`
	Code     string  `json:"code"`
	Name     string  `json:"name"`
	Category string  `json:"category"`
	Count    int64   `json:"count"`
	First    *string `json:"first"` // null where no line had a time
	Last     *string `json:"last"`
}

type scanAlertJSON struct {
	Rule      string            `json:"rule"`
	State     string            `json:"state"`
	Labels    map[string]string `json:"labels"`
	StartsAt  string            `json:"starts_at"`
	EndsAt    *string           `json:"ends_at"` // null where it still fires at the end
	Peak      float64           `json:"peak"`
	Threshold float64           `json:"threshold"`
	Summary   string            `json:"summary,omitempty"`
}

type scanFailureJSON struct {
	Path  string `json:"path"`
	Error string `json:"error"`
}

type scanJSON struct {
	Events    []scanEventJSON   `json:"events"`
	Lines     int64             `json:"lines"`
	Bytes     int64             `json:"bytes"`
	Files     int               `json:"files"`
	Skipped   map[string]int64  `json:"skipped"`
	Conflicts int64             `json:"conflicts"`
	Unmatched int64             `json:"unmatched"`
	Samples   []string          `json:"unmatched_samples,omitempty"`
	Undated   int64             `json:"undated,omitempty"`
	Alerts    []scanAlertJSON   `json:"alerts"`
	Failed    []scanFailureJSON `json:"failed"`
}

func writeScanJSON(w io.Writer, r *app.ScanResult) error {
	out := scanJSON{
		Events: []scanEventJSON{}, Lines: r.Lines, Bytes: r.Bytes, Files: r.Files, Skipped: r.Skipped, Conflicts: r.Conflicts,
		Unmatched: r.Unmatched, Samples: r.Samples, Undated: r.Undated, Alerts: []scanAlertJSON{}, Failed: []scanFailureJSON{},
	}
	for _, e := range r.Events {
		out.Events = append(out.Events, scanEventJSON{e.Source, e.Code, e.Name, e.Category, e.Count, stampOrNull(e.First), stampOrNull(e.Last)})
	}
	for _, a := range happened(r.Fired) {
		state := "resolved"
		if a.EndsAt.IsZero() {
			state = "firing"
		}
		out.Alerts = append(out.Alerts, scanAlertJSON{
			Rule: a.Rule, State: state, Labels: a.Labels, StartsAt: stamp(a.StartsAt), EndsAt: stampOrNull(a.EndsAt),
			Peak: a.Peak, Threshold: a.Threshold, Summary: a.Summary,
		})
	}
	for _, f := range r.Failed {
		out.Failed = append(out.Failed, scanFailureJSON{f.Path, f.Err.Error()})
	}
	return writeJSON(w, out)
}

func stampOrNull(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	s := stamp(t)
	return &s
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
