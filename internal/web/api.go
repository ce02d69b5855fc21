package web

import (
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/errwatch/errwatch/internal/alert"
)

// api serves /api/v1. Rules and alerts have Prometheus's own form, so that what reads Prometheus reads errwatch.
func api(mux *http.ServeMux, v View) {
	mux.HandleFunc("GET /api/v1/status", func(w http.ResponseWriter, _ *http.Request) { writeData(w, v.Status()) })
	mux.HandleFunc("GET /api/v1/counts", func(w http.ResponseWriter, _ *http.Request) {
		writeData(w, map[string]any{"counts": v.Counts()})
	})
	mux.HandleFunc("GET /api/v1/alerts", func(w http.ResponseWriter, _ *http.Request) {
		writeData(w, map[string]any{"alerts": promAlerts(v.Alerts(), "")})
	})
	mux.HandleFunc("GET /api/v1/rules", func(w http.ResponseWriter, _ *http.Request) {
		writeData(w, map[string]any{"groups": promGroups(v)})
	})
}

func writeData(w http.ResponseWriter, data any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	// Text from logs stands in here: the encoder escapes <, > and & so that no browser can take it for markup.
	_ = json.NewEncoder(w).Encode(map[string]any{"status": "success", "data": data}) // the client may have gone
}

type promAlert struct {
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	State       string            `json:"state"`
	ActiveAt    time.Time         `json:"activeAt"`
	Value       string            `json:"value"`
}

type promRule struct {
	State         string            `json:"state"`
	Name          string            `json:"name"`
	Query         string            `json:"query"`
	Duration      float64           `json:"duration"`
	KeepFiringFor float64           `json:"keepFiringFor"`
	Labels        map[string]string `json:"labels"`
	Annotations   map[string]string `json:"annotations"`
	Alerts        []promAlert       `json:"alerts"`
	Health        string            `json:"health"`
	Type          string            `json:"type"`
	Value         float64           `json:"value"`
	Threshold     float64           `json:"threshold"`
}

type promGroup struct {
	Name  string     `json:"name"`
	File  string     `json:"file"`
	Rules []promRule `json:"rules"`
}

// promAlerts lists the pending and firing alerts of a rule, or of all rules where rule is "". Prometheus has no
// resolved ones in this list.
func promAlerts(all []alert.Alert, rule string) []promAlert {
	out := []promAlert{}
	for _, a := range all {
		if a.State == alert.Resolved || rule != "" && a.Rule != rule {
			continue
		}
		out = append(out, promAlert{
			Labels:      a.Labels.Map(),
			Annotations: annotations(a.Summary, a.RunbookURL),
			State:       string(a.State),
			ActiveAt:    a.ActiveAt,
			Value:       strconv.FormatFloat(a.Value, 'e', -1, 64),
		})
	}
	return out
}

func promGroups(v View) []promGroup {
	g := promGroup{Name: "errwatch", File: v.Status().Config.Path, Rules: []promRule{}}
	alerts := v.Alerts()
	for _, r := range v.Rules() {
		labels := map[string]string{"severity": r.Severity}
		maps.Copy(labels, r.Labels)
		own := promAlerts(alerts, r.Name)
		g.Rules = append(g.Rules, promRule{
			State: ruleState(own), Name: r.Name, Query: r.Query,
			Duration: r.For.Seconds(), KeepFiringFor: r.Keep.Seconds(),
			Labels: labels, Annotations: annotations(r.Summary, r.RunbookURL),
			Alerts: own, Health: "ok", Type: "alerting", Value: r.Value, Threshold: r.Threshold,
		})
	}
	return []promGroup{g}
}

func annotations(summary, runbook string) map[string]string {
	m := map[string]string{}
	if summary != "" {
		m["summary"] = summary
	}
	if runbook != "" {
		m["runbook_url"] = runbook
	}
	return m
}

func ruleState(alerts []promAlert) string {
	state := "inactive"
	for _, a := range alerts {
		if a.State == string(alert.Firing) {
			return a.State
		}
		state = a.State
	}
	return state
}
