package config

import (
	"time"

	commoncfg "github.com/prometheus/common/config"
)

// Config is the whole configuration. A loaded one holds only values inside their bounds where Load reported no error;
// otherwise the wrong ones have their defaults. It is plain data: whoever has it may change it.
//
// The tags are the schema: yaml is the key, oneof the words that it takes, min and max its bounds (in the value's own
// form, inclusive), text:"literal" says that numbers stay the text that stands in the file.
type Config struct {
	Server    Server     `yaml:"server"`
	State     State      `yaml:"state"`
	Log       Log        `yaml:"log"`
	Catalog   string     `yaml:"catalog"`
	Codes     []Code     `yaml:"codes"`
	Sources   []Source   `yaml:"sources"`
	Patterns  []Pattern  `yaml:"patterns"`
	Metrics   Metrics    `yaml:"metrics"`
	Rules     []Rule     `yaml:"rules"`
	Alerts    Alerts     `yaml:"alerts"`
	Privacy   Privacy    `yaml:"privacy"`
	Receivers []Receiver `yaml:"receivers"`
	Capacity  Capacity   `yaml:"capacity"`
	Limits    Limits     `yaml:"limits"`

	doc *document // where everything stands; nil without a file
}

// Builtin is the word of `use:` that stands for all built-in patterns or rules.
const Builtin = "builtin"

// Server says where errwatch listens. Addresses are host:port; an empty host is every interface, port 0 a free one.
type Server struct {
	Listen        string `yaml:"listen"`          // page, API, metrics, probes
	MetricsListen string `yaml:"metrics_listen"`  // "": off; else /metrics and the probes only
	ExternalURL   string `yaml:"external_url"`    // under which people reach the page; "" where not known
	WebConfigFile string `yaml:"web_config_file"` // TLS and passwords, in the form of Prometheus's exporter-toolkit
	Pprof         bool   `yaml:"pprof"`           // serve /debug/pprof too
}

// State says what is kept on disk.
type State struct {
	Dir        string        `yaml:"dir"` // "": see StateDir
	History    time.Duration `yaml:"history" min:"1d" max:"10y"`
	KeepEvents []string      `yaml:"keep_events"` // categories whose single events are kept, not only their counts
}

// Log says how errwatch itself logs.
type Log struct {
	Level  string `yaml:"level" oneof:"debug|info|warn|error"`
	Format string `yaml:"format" oneof:"text|json"`
}

// Code adds a code to the catalogues, or overrides what is given of one.
type Code struct {
	Code       string   `yaml:"code" text:"literal"`
	Name       string   `yaml:"name"`
	Category   string   `yaml:"category"`
	Aliases    []string `yaml:"aliases"`
	Message    string   `yaml:"message"`
	Meaning    string   `yaml:"meaning"`
	FirstCheck string   `yaml:"first_check"`
}

// Source is one group of log files that belong together.
type Source struct {
	Name       string            `yaml:"name"`
	Paths      []string          `yaml:"paths"`   // globs with **, folders
	Exclude    []string          `yaml:"exclude"` // globs on the whole path, or on its last part where they hold no slash
	Start      string            `yaml:"start" oneof:"beginning|end"`
	Envelope   string            `yaml:"envelope" oneof:"auto|none|docker|cri"`
	Format     string            `yaml:"format" oneof:"auto|text|json|logfmt"`
	Catalog    string            `yaml:"catalog"` // the top-level one where the file gives none
	Multiline  Multiline         `yaml:"multiline"`
	Time       Time              `yaml:"time"`
	Labels     map[string]string `yaml:"labels"`
	RotateWait time.Duration     `yaml:"rotate_wait" min:"1s" max:"7d"` // how long a rotated file whose writer is unknown stays open
}

// Multiline joins lines into records.
type Multiline struct {
	Start string `yaml:"start"` // a regex that the first line of each record matches; "": each line is a record
}

// Time says where a line's time stands.
type Time struct {
	Field  string `yaml:"field"`  // the key or dotted path of structured lines; "": the usual ones
	Layout string `yaml:"layout"` // auto, epoch, the name of a layout of Go's time package, or such a layout
	Zone   string `yaml:"zone"`   // for stamps that name none: Local, UTC, or a name of the IANA database
}

// Location is the zone as Go has it; the local one where the name is unknown, which Load reports as an error.
func (t Time) Location() *time.Location {
	l, err := time.LoadLocation(t.Zone)
	if err != nil || t.Zone == "" {
		return time.Local
	}
	return l
}

// Pattern extracts an event from a line, or stands for all built-in patterns (Use is Builtin, all else empty).
type Pattern struct {
	Use        string            `yaml:"use" oneof:"builtin"`
	Name       string            `yaml:"name"`
	Regex      string            `yaml:"regex"`
	Unless     string            `yaml:"unless"` // a regex that takes a match back
	Code       string            `yaml:"code" text:"literal"`
	Category   string            `yaml:"category"`
	Reference  bool              `yaml:"reference"` // a denominator, not an error
	Fields     map[string]string `yaml:"fields"`    // field of the event -> dotted path; several with |, the first present wins
	Sources    []string          `yaml:"sources"`   // empty: all
	KnownCodes bool              `yaml:"known_codes"`
	ErrorLines bool              `yaml:"error_lines"`
}

// Metrics says what /metrics holds.
type Metrics struct {
	Labels []string `yaml:"labels"` // captured fields that become labels
}

// Rule decides on counts of events, or stands for all built-in rules (Use is Builtin, all else empty). A rule that has
// the name of a built-in one overrides the keys listed in Keys, and nothing else of it.
type Rule struct {
	Use     string `yaml:"use" oneof:"builtin"`
	Name    string `yaml:"name"`
	Enabled bool   `yaml:"enabled"`
	Match   Match  `yaml:"match"`

	// Exactly one of the next six is set; in an override of a built-in rule possibly none.
	Count    *Count    `yaml:"count"`
	Distinct *Distinct `yaml:"distinct"`
	Ratio    *Ratio    `yaml:"ratio"`
	Spike    *Spike    `yaml:"spike"`
	Absent   *Absent   `yaml:"absent"`
	New      *New      `yaml:"new"`

	Window        time.Duration     `yaml:"window" min:"1s" max:"400d"` // the condition's own default where the file gives none
	By            []string          `yaml:"by"`                         // source, code, name, category, or captured fields
	For           time.Duration     `yaml:"for" max:"400d"`
	KeepFiringFor time.Duration     `yaml:"keep_firing_for" max:"400d"`
	Dedupe        *Dedupe           `yaml:"dedupe"`
	Severity      string            `yaml:"severity" oneof:"critical|warning|info"`
	Labels        map[string]string `yaml:"labels"`
	Summary       string            `yaml:"summary"`
	RunbookURL    string            `yaml:"runbook_url"`
	FirstCheck    string            `yaml:"first_check"`

	Keys []string `yaml:"-"` // the keys that the file gives, in its order
}

// Match selects events: every list that is given must hold the event's value.
type Match struct {
	Codes      []string            `yaml:"codes" text:"literal"`
	Names      []string            `yaml:"names"`
	Categories []string            `yaml:"categories"`
	Sources    []string            `yaml:"sources"`
	Fields     map[string][]string `yaml:"fields" text:"literal"`
}

// Count fires on the number of matching events in the window: above is >, below is <. Exactly one of them is set.
type Count struct {
	Above     *int64 `yaml:"above" min:"0"`
	Below     *int64 `yaml:"below" min:"1"`
	ResolveAt *int64 `yaml:"resolve_at" min:"0"` // nil: the threshold itself
}

// Distinct fires on the number of different values of a field in the window.
type Distinct struct {
	Of        string `yaml:"of"`
	Above     *int64 `yaml:"above" min:"0"`
	ResolveAt *int64 `yaml:"resolve_at" min:"0"`
}

// Ratio fires on matching events per event of To.
type Ratio struct {
	To        Match    `yaml:"to"`
	Above     *float64 `yaml:"above" min:"0"`
	MinTotal  int64    `yaml:"min_total" min:"1"` // so many events of To must be in the window
	ResolveAt *float64 `yaml:"resolve_at" min:"0"`
}

// Spike fires where the window's count is Factor times the mean per window of the baseline before it, and at least Min.
type Spike struct {
	Factor    float64       `yaml:"factor" min:"1"`
	Min       int64         `yaml:"min" min:"1"`
	Baseline  time.Duration `yaml:"baseline" min:"1m" max:"400d"`
	ResolveAt *float64      `yaml:"resolve_at" min:"0"` // a factor
}

// Absent fires where nothing matched for the whole window and, with a factor, for so many times the longest silence of the
// baseline before.
type Absent struct {
	Factor   float64       `yaml:"factor" min:"1"` // 0: the window alone decides
	Baseline time.Duration `yaml:"baseline" min:"1m" max:"400d"`
}

// New fires on a code that was not seen in the window before.
type New struct{}

// Dedupe counts events that agree in the fields By, and come within Within of each other, once.
type Dedupe struct {
	By     []string      `yaml:"by"`
	Within time.Duration `yaml:"within" min:"1s" max:"1d"`
}

// Alerts says what all alerts have in common.
type Alerts struct {
	ExternalLabels map[string]string `yaml:"external_labels"`
	Watchdog       bool              `yaml:"watchdog"` // an alert that always fires: its absence is the alarm
}

// Privacy says what is hidden before anything is counted, kept or sent.
type Privacy struct {
	Redact   []string `yaml:"redact" oneof:"jwt|bearer|api_key|email|ip"`
	Patterns []string `yaml:"patterns"` // regexes
	Hash     []string `yaml:"hash"`     // fields whose values become a keyed hash
	KeyFile  string   `yaml:"key_file"` // the key of these hashes
}

// Receiver gets alerts. Exactly one of Alertmanager and Webhook is set.
type Receiver struct {
	Name         string                      `yaml:"name"`
	Match        []string                    `yaml:"match"` // Alertmanager's matchers; all must hold
	Alertmanager *Alertmanager               `yaml:"alertmanager"`
	Webhook      *Webhook                    `yaml:"webhook"`
	HTTP         *commoncfg.HTTPClientConfig `yaml:"http" text:"literal"` // never nil in a loaded configuration
	Interval     time.Duration               `yaml:"interval" min:"1s" max:"1d"`
	Repeat       time.Duration               `yaml:"repeat" min:"1m" max:"30d"`
}

// Alertmanager names the instances, each by its own address, never a balancer before them.
type Alertmanager struct {
	URLs []string `yaml:"urls"`
	DNS  string   `yaml:"dns"` // host:port, or an SRV name that begins with _; every address behind it is an instance
}

// Webhook is one address that gets POSTs. Exactly one of URL and URLFile is set; with the template pagerduty possibly
// none, as that has an address of its own.
type Webhook struct {
	URL            string `yaml:"url"`
	URLFile        string `yaml:"url_file"`
	Template       string `yaml:"template" oneof:"json|slack|pagerduty"`
	TemplateFile   string `yaml:"template_file"`    // instead of Template: a text/template that makes the body
	RoutingKeyFile string `yaml:"routing_key_file"` // for pagerduty: a file that holds the integration's key
}

// Capacity says how reviews count people who were turned away.
type Capacity struct {
	SessionGap time.Duration    `yaml:"session_gap" min:"1m" max:"7d"`
	RetryGap   time.Duration    `yaml:"retry_gap" min:"1s" max:"1d"`
	Person     []string         `yaml:"person"` // the fields that tell one person from another; the first that an event has
	Limits     map[string]int64 `yaml:"limits" min:"1"`
}

// Limits bounds memory, labels and files. What is refused is counted.
type Limits struct {
	Series       int  `yaml:"series" min:"1" max:"1000000"`
	UnknownCodes int  `yaml:"unknown_codes" min:"0" max:"10000"`
	Groups       int  `yaml:"groups" min:"1" max:"1000000"`
	GroupsAll    int  `yaml:"groups_all" min:"1" max:"10000000"`
	Distinct     int  `yaml:"distinct" min:"1" max:"16777216"`
	Line         Size `yaml:"line" min:"64B" max:"256MiB"`
	Queue        int  `yaml:"queue" min:"1" max:"1000000"`
	Files        int  `yaml:"files" min:"1" max:"1000000"`
}
