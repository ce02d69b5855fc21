package config

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestLayers(t *testing.T) {
	t.Parallel()
	const file = "server: {listen: \":1\"}\nlog: {level: warn}\nlimits: {line: 2MiB, series: 7}\nalerts: {watchdog: false}\n"
	tests := []struct {
		name  string
		file  string
		env   []string
		flags []Flag
		check func(c *Config) bool
	}{
		{"defaults", "", nil, nil, func(c *Config) bool { return c.Server.Listen == "127.0.0.1:9977" && c.Limits.Line == 1<<20 }},
		{"the file over the defaults", file, nil, nil, func(c *Config) bool {
			return c.Server.Listen == ":1" && c.Log.Level == "warn" && c.Limits.Line == 2<<20 && !c.Alerts.Watchdog && c.Log.Format == "text"
		}},
		{"the environment over the file", file, []string{"ERRWATCH_SERVER_LISTEN=:2", "ERRWATCH_LIMITS_LINE=4KiB", "ERRWATCH_ALERTS_WATCHDOG=true", "ERRWATCH_STATE_HISTORY=30d"}, nil, func(c *Config) bool {
			return c.Server.Listen == ":2" && c.Limits.Line == 4096 && c.Alerts.Watchdog && c.State.History == 30*day && c.Limits.Series == 7
		}},
		{"flags over the environment", file, []string{"ERRWATCH_SERVER_LISTEN=:2", "ERRWATCH_LOG_LEVEL=debug"}, []Flag{{"server.listen", "--listen", ":3"}}, func(c *Config) bool {
			return c.Server.Listen == ":3" && c.Log.Level == "debug"
		}},
		{"a flag may empty a setting", "server: {metrics_listen: \":9\"}", nil, []Flag{{"server.metrics_listen", "--metrics-listen", ""}}, func(c *Config) bool { return c.Server.MetricsListen == "" }},
		{"the environment over the defaults", "", []string{"ERRWATCH_CATALOG=videosdk-flutter", "ERRWATCH_CAPACITY_SESSION_GAP=3h"}, nil, func(c *Config) bool {
			return c.Catalog == "videosdk-flutter" && c.Capacity.SessionGap == 3*time.Hour
		}},
		{"an empty variable says nothing", file, []string{"ERRWATCH_SERVER_LISTEN="}, nil, func(c *Config) bool { return c.Server.Listen == ":1" }},
		{"the last of two variables", "", []string{"ERRWATCH_SERVER_LISTEN=:2", "ERRWATCH_SERVER_LISTEN=:4"}, nil, func(c *Config) bool { return c.Server.Listen == ":4" }},
		{"the case of values is kept", "", []string{"ERRWATCH_STATE_DIR=/Var/X"}, nil, func(c *Config) bool { return c.State.Dir == "/Var/X" }},
		{"a source without a catalogue has that of the environment", "sources: [{name: a, paths: [a]}]", []string{"ERRWATCH_CATALOG=videosdk-flutter"}, nil, func(c *Config) bool { return c.Sources[0].Catalog == "videosdk-flutter" }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, ps := loadText(t, tt.file, LoadOptions{Env: tt.env, Flags: tt.flags, Known: known()})
			if len(ps) > 0 || !tt.check(c) {
				t.Errorf("%s%+v", Format(ps), c)
			}
		})
	}
}

func TestLayerMistakes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		env   []string
		flags []Flag
		want  string
	}{
		{"an address", []string{"ERRWATCH_SERVER_LISTEN=9977"}, nil,
			"environment: error: ERRWATCH_SERVER_LISTEN: \"9977\" is no address\n  hint: an address is host:port, as in 127.0.0.1:9977 or :9977\n"},
		{"a duration", []string{"ERRWATCH_STATE_HISTORY=30"}, nil,
			"environment: error: ERRWATCH_STATE_HISTORY: bad duration \"30\"\n  hint: write its unit: 30s, 30m or 30h\n"},
		{"a size out of bounds", []string{"ERRWATCH_LIMITS_LINE=1GiB"}, nil,
			"environment: error: ERRWATCH_LIMITS_LINE must be at most 256MiB, is 1GiB\n"},
		{"a number", []string{"ERRWATCH_LIMITS_SERIES=many"}, nil,
			"environment: error: ERRWATCH_LIMITS_SERIES: expected a whole number, found \"many\"\n"},
		{"a bool", []string{"ERRWATCH_ALERTS_WATCHDOG=yes"}, nil,
			"environment: error: ERRWATCH_ALERTS_WATCHDOG: expected true or false, found \"yes\"\n"},
		{"a word", []string{"ERRWATCH_LOG_LEVEL=wran"}, nil,
			"environment: error: ERRWATCH_LOG_LEVEL: unknown word \"wran\"\n  hint: did you mean \"warn\"?\n"},
		{"a catalogue", []string{"ERRWATCH_CATALOG=x"}, nil,
			"environment: error: ERRWATCH_CATALOG: unknown catalogue \"x\"\n  hint: catalogues: videosdk-react, videosdk-flutter\n"},
		{"a flag", nil, []Flag{{"server.listen", "--listen", "x"}},
			"command line: error: --listen: \"x\" is no address\n  hint: an address is host:port, as in 127.0.0.1:9977 or :9977\n"},
		{"a flag's word", nil, []Flag{{"log.format", "--log-format", "yaml"}},
			"command line: error: --log-format: unknown word \"yaml\"\n  hint: one of text, json\n"},
		{"unknown variables", []string{"ERRWATCH_SERVER_LISTN=x", "ERRWATCH_ZZZ=x", "HOME=/root", "ERRWATCH_CONFIG="}, nil,
			"environment: warning: unknown variable ERRWATCH_SERVER_LISTN\n  hint: did you mean ERRWATCH_SERVER_LISTEN?\nenvironment: warning: unknown variable ERRWATCH_ZZZ\n"},
		{"what Kubernetes sets for a Service", []string{"ERRWATCH_SERVICE_HOST=x", "ERRWATCH_SERVICE_PORT=1", "ERRWATCH_SERVICE_PORT_HTTP=1", "ERRWATCH_PORT=tcp://x:1", "ERRWATCH_PORT_9977_TCP=x", "ERRWATCH_PORT_9977_TCP_ADDR=x"}, nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, ps := loadText(t, "", LoadOptions{Env: tt.env, Flags: tt.flags, Known: known()})
			if got := Format(ps); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
			if c == nil || HasErrors(ps) != strings.Contains(tt.want, "error:") {
				t.Error("HasErrors disagrees")
			}
		})
	}
}

// TestSettings holds the names that people set in units and manifests.
func TestSettings(t *testing.T) {
	t.Parallel()
	want := `server.listen server.metrics_listen server.external_url server.web_config_file server.pprof state.dir state.history log.level log.format catalog
alerts.watchdog privacy.key_file capacity.session_gap capacity.retry_gap
limits.series limits.unknown_codes limits.groups limits.groups_all limits.distinct limits.line limits.queue limits.files`
	if got := strings.Join(Settings(), " "); got != strings.Join(strings.Fields(want), " ") {
		t.Errorf("settings: %s", got)
	}
	if got := Variable("limits.unknown_codes"); got != "ERRWATCH_LIMITS_UNKNOWN_CODES" {
		t.Error(got)
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		o     LoadOptions
		path  string
		named bool
	}{
		{"-c", LoadOptions{Path: "a", Env: []string{"ERRWATCH_CONFIG=b"}}, "a", true},
		{"the environment", LoadOptions{Env: []string{"ERRWATCH_CONFIG=b"}, SystemPath: "c"}, "b", true},
		{"the system's", LoadOptions{SystemPath: "c"}, "c", false},
		{"its usual place", LoadOptions{}, "/etc/errwatch/config.yaml", false},
	}
	for _, tt := range tests {
		if path, named := Find(tt.o); path != tt.path || named != tt.named {
			t.Errorf("%s: %q %v", tt.name, path, named)
		}
	}
}

// TestFiles loads what is no readable file. Permissions are tried only where they hold: not as root.
func TestFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	link := filepath.Join(dir, "link.yaml")
	if err := os.Symlink("nowhere", link); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, path, want string }{
		{"missing", filepath.Join(dir, "no.yaml"), "error: the file does not exist"},
		{"a directory", dir, "error: is a directory, expected a YAML file"},
		{"a broken link", link, "error: the file does not exist"},
		{"below a file", write("file.yaml", "") + "/x", "error: not a directory"},
		{"endless", "/dev/zero", "error: larger than 4MiB: not a file of errwatch's"},
		{"empty", write("empty.yaml", ""), ""},
		{"nothing", "/dev/null", ""},
		{"comments", write("comments.yaml", "# nothing\n"), ""},
		{"null", write("null.yaml", "---\n...\n"), ""},
	}
	if os.Getuid() != 0 {
		p := write("closed.yaml", "")
		if err := os.Chmod(p, 0); err != nil {
			t.Fatal(err)
		}
		tests = append(tests, struct{ name, path, want string }{"unreadable", p, "error: the file cannot be read: permission denied"})
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, ps := Load(LoadOptions{Path: tt.path})
			got := strings.TrimSuffix(Format(ps), "\n")
			if tt.want != "" {
				tt.want = tt.path + ": " + tt.want
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if c.File() != tt.path {
				t.Errorf("the file is %q", c.File())
			}
			if c.Server.Listen != Default().Server.Listen || len(c.Rules) != 1 || c.Rules[0].Use != Builtin {
				t.Errorf("not the built-in configuration: %+v", c)
			}
		})
	}
	if _, ps := Load(LoadOptions{SystemPath: filepath.Join(dir, "no.yaml")}); len(ps) > 0 {
		t.Errorf("a missing file that nobody named: %s", Format(ps))
	}
	if _, ps := Load(LoadOptions{SystemPath: dir}); !HasErrors(ps) {
		t.Error("a directory in the usual place is no error")
	}
}

func TestRelativePaths(t *testing.T) {
	t.Parallel()
	c, ps := loadText(t, `server: {web_config_file: web.yml}
state: {dir: state}
sources:
  - {name: a, paths: ["log/*.log", /var/log/x.log, "-"], exclude: ["*.gz", "log/old/*", "**/tmp/*"]}
privacy: {key_file: key}
receivers: [{name: r, webhook: {url_file: hook}, http: {basic_auth: {username: u, password_file: pw}}}]
`, LoadOptions{Env: []string{"ERRWATCH_STATE_DIR=elsewhere"}})
	if len(ps) > 0 {
		t.Fatal(Format(ps))
	}
	dir := filepath.Dir(c.File())
	got := []string{
		c.Server.WebConfigFile, c.Sources[0].Paths[0], c.Sources[0].Exclude[1], c.Privacy.KeyFile, c.Receivers[0].Webhook.URLFile,
		c.Receivers[0].HTTP.BasicAuth.PasswordFile,
	}
	for i, want := range []string{"web.yml", "log/*.log", "log/old/*", "key", "hook", "pw"} {
		if got[i] != filepath.Join(dir, want) {
			t.Errorf("%s became %s", want, got[i])
		}
	}
	kept := strings.Join([]string{c.Sources[0].Paths[1], c.Sources[0].Paths[2], c.Sources[0].Exclude[0], c.Sources[0].Exclude[2], c.State.Dir}, " ")
	if kept != "/var/log/x.log - *.gz **/tmp/* elsewhere" {
		t.Errorf("changed: %s", kept)
	}
}

func TestStateDir(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		env  []string
		uid  int
		want string
	}{
		{"systemd", []string{"STATE_DIRECTORY=/s", "HOME=/h"}, 0, "/s"},
		{"systemd, several", []string{"STATE_DIRECTORY=/s:/t"}, 1, "/s"},
		{"root", []string{"HOME=/root", "XDG_STATE_HOME=/x"}, 0, "/var/lib/errwatch"},
		{"XDG", []string{"HOME=/h", "XDG_STATE_HOME=/x"}, 1000, "/x/errwatch"},
		{"XDG, relative", []string{"HOME=/h", "XDG_STATE_HOME=x"}, 1000, "/h/.local/state/errwatch"},
		{"home", []string{"HOME=/h"}, 1000, "/h/.local/state/errwatch"},
		{"nothing", nil, 1000, "/var/lib/errwatch"},
	}
	for _, tt := range tests {
		if got := StateDir(tt.env, tt.uid); got != tt.want {
			t.Errorf("%s: %s", tt.name, got)
		}
	}
}

// TestConcurrentLoads runs under the race detector: a reload must not meet another one.
func TestConcurrentLoads(t *testing.T) {
	t.Parallel()
	var wg sync.WaitGroup
	for i := range 8 {
		listen := ":" + string(rune('1'+i))
		wg.Go(func() {
			c, ps := Load(LoadOptions{SystemPath: "/nowhere", Env: []string{"ERRWATCH_SERVER_LISTEN=" + listen}})
			if len(ps) > 0 || c.Server.Listen != listen {
				t.Errorf("%s: %s", c.Server.Listen, Format(ps))
			}
		})
	}
	wg.Wait()
}
