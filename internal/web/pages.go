package web

import (
	"bytes"
	"cmp"
	"embed"
	"html/template"
	"io/fs"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/errwatch/errwatch/internal/alert"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed static
var staticFiles embed.FS

// pages serves the landing page, and those of one alert and of one rule, whose links stand in every notification.
func pages(mux *http.ServeMux, o Options) {
	t := template.Must(template.New("").Funcs(functions()).ParseFS(templateFiles, "templates/*.html"))
	static, _ := fs.Sub(staticFiles, "static") // the folder is embedded above: it is there
	mux.Handle("GET /static/", http.StripPrefix("/static/", http.FileServerFS(static)))
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		render(w, o, t, http.StatusOK, "home.html", newHome(o.View))
	})
	mux.HandleFunc("GET /alerts/{id}", func(w http.ResponseWriter, r *http.Request) {
		a, ok := o.View.Alert(r.PathValue("id"))
		if !ok {
			render(w, o, t, http.StatusNotFound, "missing.html", missing{"alert", r.PathValue("id")})
			return
		}
		render(w, o, t, http.StatusOK, "alert.html", alertPage{Alert: a, Now: o.View.Status().Now})
	})
	mux.HandleFunc("GET /rules/{name}", func(w http.ResponseWriter, r *http.Request) {
		name := r.PathValue("name")
		p, ok := newRulePage(o.View, name)
		if !ok {
			render(w, o, t, http.StatusNotFound, "missing.html", missing{"rule", name})
			return
		}
		render(w, o, t, http.StatusOK, "rule.html", p)
	})
}

// render answers with a whole page or, where its template fails, with none of it.
func render(w http.ResponseWriter, o Options, t *template.Template, status int, name string, data any) {
	var page bytes.Buffer
	if err := t.ExecuteTemplate(&page, name, data); err != nil {
		o.Logger.Error("rendering a page failed", "page", name, "err", err)
		plain(w, http.StatusInternalServerError, "this page cannot be shown; the log says why")
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = page.WriteTo(w) // the client may have gone
}

type home struct {
	Status          Status
	Firing, Pending []alert.Alert
	Resolved        []alert.Alert
	Quiet           []Rule
	Counts          []Count
	Zero            int // series at 0, which the table leaves out
	Now             time.Time
}

type alertPage struct {
	Alert alert.Alert
	Now   time.Time
}

type rulePage struct {
	Rule   Rule
	Alerts []alert.Alert // of this rule
	Now    time.Time
}

// missing is what was asked for and is not there.
type missing struct{ Kind, Name string }

func newRulePage(v View, name string) (rulePage, bool) {
	list := v.Rules()
	i := slices.IndexFunc(list, func(r Rule) bool { return r.Name == name })
	if i < 0 {
		return rulePage{}, false
	}
	others := func(a alert.Alert) bool { return a.Rule != name }
	own := slices.DeleteFunc(slices.Clone(v.Alerts()), others)
	slices.SortStableFunc(own, byUrgency)
	return rulePage{Rule: list[i], Alerts: own, Now: v.Status().Now}, true
}

// byUrgency puts what fires before what is pending before what is over, and of these the newest first.
func byUrgency(a, b alert.Alert) int {
	rank := func(x alert.Alert) int {
		return slices.Index([]alert.State{alert.Firing, alert.Pending, alert.Resolved}, x.State)
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), b.EndsAt.Compare(a.EndsAt))
}

func newHome(v View) home {
	h := home{Status: v.Status()}
	h.Now = h.Status.Now
	busy := map[string]bool{}
	for _, a := range v.Alerts() {
		switch a.State {
		case alert.Firing:
			h.Firing = append(h.Firing, a)
		case alert.Pending:
			h.Pending = append(h.Pending, a)
		case alert.Resolved:
			h.Resolved = append(h.Resolved, a)
			continue
		}
		busy[a.Rule] = true
	}
	for _, r := range v.Rules() {
		if !busy[r.Name] {
			h.Quiet = append(h.Quiet, r)
		}
	}
	slices.SortStableFunc(h.Quiet, func(a, b Rule) int { return b.share() - a.share() })
	for _, c := range v.Counts() {
		if c.Value == 0 {
			h.Zero++
			continue
		}
		h.Counts = append(h.Counts, c)
	}
	return h
}

// share is how much of the threshold the highest group has reached, in per cent.
func (r Rule) share() int {
	if r.Threshold <= 0 {
		return 0
	}
	return int(100 * r.Value / r.Threshold)
}

func functions() template.FuncMap {
	return template.FuncMap{
		"ago":      func(now, t time.Time) string { return ago(now.Sub(t)) },
		"since":    func(now, t time.Time) string { return span(now.Sub(t)) },
		"utc":      func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") },
		"num":      number,
		"whole":    whole,
		"share":    Rule.share,
		"join":     strings.Join,
		"zero":     time.Time.IsZero,
		"measured": measured, "concerned": concerned, "before": before,
		"row": func(now time.Time, a alert.Alert) alertPage { return alertPage{Alert: a, Now: now} },
		"plural": func(n int, word string) string {
			if n == 1 {
				return word
			}
			return word + "s"
		},
		"titleCount": func(n int) string {
			if n == 0 {
				return ""
			}
			return "(" + strconv.Itoa(n) + ") firing – "
		},
	}
}

// number writes n with a comma between thousands.
func number(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func ago(d time.Duration) string {
	if d < time.Second {
		return "now"
	}
	return span(d) + " ago"
}

// span says a duration in its largest sensible unit.
func span(d time.Duration) string {
	switch {
	case d < time.Minute:
		return strconv.Itoa(int(d.Seconds())) + " s"
	case d < time.Hour:
		return strconv.Itoa(int(d.Minutes())) + " min"
	case d < 48*time.Hour:
		return strconv.Itoa(int(d.Hours())) + " h"
	}
	return strconv.Itoa(int(d.Hours())/24) + " d"
}
