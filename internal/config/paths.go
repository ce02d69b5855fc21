package config

import (
	"path/filepath"
	"strings"
)

// resolve makes relative paths of the file absolute in its sense: they start at the folder in which the file lies, as
// everywhere in Prometheus's world, so that a file means the same wherever errwatch is started. Settings of the
// environment and of flags start where the process does.
func (c *Config) resolve() {
	dir := filepath.Dir(c.doc.file)
	if c.doc.file == "" || dir == "." {
		return
	}
	for _, s := range settingsOf(c) {
		switch s.name {
		case "server.web_config_file", "state.dir", "privacy.key_file":
			if _, outside := c.doc.outside[s.name]; !outside {
				s.value.SetString(under(dir, s.value.String()))
			}
		}
	}
	for _, s := range c.Sources {
		for i := range s.Paths {
			s.Paths[i] = under(dir, s.Paths[i])
		}
		for i, p := range s.Exclude {
			// A glob without a slash is about the name alone, wherever the file lies.
			if strings.Contains(p, "/") && !strings.HasPrefix(p, "**") {
				s.Exclude[i] = under(dir, p)
			}
		}
	}
	for _, r := range c.Receivers {
		if w := r.Webhook; w != nil {
			w.URLFile, w.TemplateFile, w.RoutingKeyFile = under(dir, w.URLFile), under(dir, w.TemplateFile), under(dir, w.RoutingKeyFile)
		}
		r.HTTP.SetDirectory(dir)
	}
}

// under is a path as seen from dir. "-" is standard input and no path.
func under(dir, path string) string {
	if path == "" || path == "-" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}
