// Package web serves what errwatch knows over HTTP: the landing page, /metrics, the JSON API, health, readiness and
// reload. It renders on the server and needs no script; nothing is ever fetched from elsewhere.
package web

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/errwatch/errwatch/internal/alert"
)

// View is what the pages show. Its methods are called from many goroutines and return values that nobody changes
// afterwards.
type View interface {
	Status() Status
	Counts() []Count                     // committed values, most frequent first
	Alerts() []alert.Alert               // pending, firing and just resolved ones
	Alert(id string) (alert.Alert, bool) // also an ended one, as long as the state keeps it
	Rules() []Rule
}

// Status says how the daemon does.
type Status struct {
	Version    string     `json:"version"`
	Instance   string     `json:"instance"`
	Started    time.Time  `json:"started"`
	Now        time.Time  `json:"now"`
	Durable    bool       `json:"durable"` // committing works
	LastCommit time.Time  `json:"last_commit"`
	Config     ConfigInfo `json:"config"`
	Sources    []Source   `json:"sources"`
	Receivers  []Receiver `json:"receivers"`
}

// ConfigInfo says which configuration is in force. Error is why the newest one is not.
type ConfigInfo struct {
	Path   string    `json:"path"` // "" is the built-in one
	Loaded time.Time `json:"loaded"`
	Error  string    `json:"error,omitempty"`
}

// Source is one source and how far it was read.
type Source struct {
	Name        string           `json:"name"`
	Paths       []string         `json:"paths"`
	Files       int              `json:"files"`
	Lines       int64            `json:"lines"`
	Bytes       int64            `json:"bytes"`
	LagBytes    int64            `json:"lag_bytes"`
	LastLine    time.Time        `json:"last_line"`
	CaughtUp    bool             `json:"caught_up"` // it reached its end once
	Rotations   int64            `json:"rotations"`
	Truncations int64            `json:"truncations"`
	LostBytes   int64            `json:"lost_bytes"`
	Errors      map[string]int64 `json:"errors,omitempty"` // by reason
}

// Receiver is one receiver of alerts.
type Receiver struct {
	Name    string `json:"name"`
	Sent    int64  `json:"sent"`
	Failed  int64  `json:"failed"`
	Dropped int64  `json:"dropped"`
	Queue   int    `json:"queue_length"`
}

// Count is how often one code was seen in one source.
type Count struct {
	Source   string `json:"source"`
	Code     string `json:"code"`
	Name     string `json:"name"`
	Category string `json:"category"`
	Value    int64  `json:"count"`
}

// Rule is one rule with its highest group.
type Rule struct {
	Name       string
	Severity   string
	Query      string // the condition in words
	For, Keep  time.Duration
	Labels     map[string]string
	Summary    string // the template
	RunbookURL string
	FirstCheck string
	Runbook    string // the text, where errwatch has one itself
	Value      float64
	Threshold  float64
	Groups     int
}

// Options are what the handlers need.
type Options struct {
	View    View
	Metrics http.Handler                // answers /metrics
	Ready   func() bool                 // configuration loaded and listening
	Reload  func(context.Context) error // answers POST /-/reload; the error is shown to the caller
	Pprof   bool                        // serve /debug/pprof
	Logger  *slog.Logger
}

// New returns the handler of everything.
func New(o Options) http.Handler {
	mux := http.NewServeMux()
	probes(mux, o)
	mux.Handle("POST /-/reload", reload(o))
	pages(mux, o)
	api(mux, o.View)
	if o.Pprof {
		profiles(mux)
	}
	// A page of another site, open in a browser on the same machine, must not be able to reload the daemon.
	return secure(http.NewCrossOriginProtection().Handler(mux))
}

// NewMetrics returns the handler for server.metrics_listen: /metrics and the probes, nothing else.
func NewMetrics(o Options) http.Handler {
	mux := http.NewServeMux()
	probes(mux, o)
	return secure(mux)
}

func probes(mux *http.ServeMux, o Options) {
	mux.Handle("GET /metrics", o.Metrics)
	mux.HandleFunc("GET /-/healthy", func(w http.ResponseWriter, _ *http.Request) {
		plain(w, http.StatusOK, "errwatch is healthy.")
	})
	mux.HandleFunc("GET /-/ready", func(w http.ResponseWriter, _ *http.Request) {
		if !o.Ready() {
			plain(w, http.StatusServiceUnavailable, "errwatch is not ready.")
			return
		}
		plain(w, http.StatusOK, "errwatch is ready.")
	})
}

func reload(o Options) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := o.Reload(r.Context()); err != nil {
			plain(w, http.StatusInternalServerError, "the old configuration stays in force:\n"+err.Error())
			return
		}
		plain(w, http.StatusOK, "reloaded")
	}
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n")) // the client may have gone
}

// secure sets the headers that keep text from logs from becoming anything but text.
func secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		next.ServeHTTP(w, r)
	})
}
