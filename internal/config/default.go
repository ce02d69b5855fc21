package config

import (
	"slices"
	"time"

	commoncfg "github.com/prometheus/common/config"
)

const day = 24 * time.Hour

// Default is the built-in configuration: what an empty file means.
func Default() *Config {
	return &Config{
		Server:   Server{Listen: "127.0.0.1:9977"},
		State:    State{History: 400 * day, KeepEvents: []string{"capacity"}},
		Log:      Log{Level: "info", Format: "text"},
		Catalog:  "videosdk-react",
		Patterns: []Pattern{{Use: Builtin}},
		Rules:    []Rule{{Use: Builtin, Enabled: true}},
		Alerts:   Alerts{Watchdog: true},
		Privacy:  Privacy{Redact: []string{"jwt", "bearer", "api_key", "email", "ip"}},
		Capacity: Capacity{SessionGap: 2 * time.Hour, RetryGap: 10 * time.Minute, Person: []string{"participant"}},
		Limits: Limits{
			Series:       2000,
			UnknownCodes: 50,
			Groups:       1000,
			GroupsAll:    20000,
			Distinct:     65536,
			Line:         1 << 20,
			Queue:        1000,
			Files:        10000,
		},
	}
}

// NewSource is a source with the defaults of all that its name and paths do not say. Its Catalog is empty: set it to the
// configuration's.
func NewSource(name string, paths ...string) Source {
	return Source{
		Name:       name,
		Paths:      paths,
		Start:      "beginning",
		Envelope:   "auto",
		Format:     "auto",
		Time:       Time{Layout: "auto", Zone: "Local"},
		RotateWait: 10 * time.Minute,
	}
}

// defaulter is a part of a list, or one that is absent unless given: its defaults are set when it appears.
type defaulter interface{ setDefaults() }

func (s *Source) setDefaults() { *s = NewSource("") }

func (r *Rule) setDefaults() { *r = Rule{Enabled: true, Window: 5 * time.Minute, Severity: "warning"} }

func (r *Ratio) setDefaults() { r.MinTotal = 100 }

func (s *Spike) setDefaults() { *s = Spike{Factor: 3, Min: 10, Baseline: day} }

func (a *Absent) setDefaults() { *a = Absent{Baseline: day} }

func (d *Dedupe) setDefaults() { d.Within = time.Minute }

func (r *Receiver) setDefaults() { *r = Receiver{Interval: 30 * time.Second, Repeat: 4 * time.Hour} }

func (w *Webhook) setDefaults() { w.Template = "json" }

// newWindow is the window of `new` where the rule gives none: the five minutes of the others would call everything new.
const newWindow = 30 * day

// finish fills in the defaults that depend on other keys.
func (c *Config) finish() {
	for i := range c.Sources {
		if c.Sources[i].Catalog == "" {
			c.Sources[i].Catalog = c.Catalog
		}
	}
	for i := range c.Rules {
		r := &c.Rules[i]
		if r.New != nil && !r.Given("window") {
			r.Window = newWindow
		}
		if r.Use != "" {
			*r = Rule{Use: r.Use, Enabled: true, Keys: r.Keys}
		}
	}
	for i := range c.Receivers {
		if r := &c.Receivers[i]; r.HTTP == nil {
			h := commoncfg.DefaultHTTPClientConfig
			r.HTTP = &h
		}
	}
}

// Given says whether the file gives a key of the rule.
func (r *Rule) Given(key string) bool {
	return slices.Contains(r.Keys, key)
}
