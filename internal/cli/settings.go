package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/errwatch/errwatch/internal/app"
	"github.com/errwatch/errwatch/internal/catalog"
	"github.com/errwatch/errwatch/internal/config"
)

// configFlag adds -c and returns where its value will stand.
func configFlag(c *cobra.Command) *string {
	return c.Flags().StringP("config", "c", "", "configuration file (default: $ERRWATCH_CONFIG, else "+config.SystemPath+" where it exists, else built in)")
}

// settingFlags are the flags that stand for one setting each, the topmost layer of the configuration.
var settingFlags = []struct{ name, setting, help string }{
	{"listen", "server.listen", "address of page, API and metrics (default 127.0.0.1:9977)"},
	{"metrics-listen", "server.metrics_listen", "address that serves /metrics and the probes alone"},
	{"external-url", "server.external_url", "URL under which people reach the page"},
	{"state", "state.dir", "folder of the state"},
	{"log-level", "log.level", "debug, info, warn or error"},
	{"log-format", "log.format", "text or json"},
}

func addSettingFlags(c *cobra.Command) {
	for _, f := range settingFlags {
		c.Flags().String(f.name, "", f.help)
	}
}

// givenFlags returns what the command line says about settings.
func givenFlags(c *cobra.Command) []config.Flag {
	var out []config.Flag
	for _, f := range settingFlags {
		if x := c.Flags().Lookup(f.name); x != nil && x.Changed {
			out = append(out, config.Flag{Setting: f.setting, Name: "--" + f.name, Value: x.Value.String()})
		}
	}
	return out
}

// load reads the configuration; paths, where there are any, replace its sources.
func load(w World, path string, flags []config.Flag, paths []string) (*config.Config, []config.Problem) {
	cfg, problems := config.Load(config.LoadOptions{
		Path: path, Env: w.Env, Flags: flags,
		Known: config.Known{Catalogs: catalog.BuiltinNames(), Rules: app.BuiltinRules()},
	})
	if len(paths) > 0 {
		s := config.NewSource(app.DefaultSource, paths...)
		s.Catalog = cfg.Catalog
		cfg.Sources = []config.Source{s}
	}
	return cfg, problems
}

// loadPlan loads and builds; problems are told, and errors end the command.
func loadPlan(w World, v *voice, path string, flags []config.Flag, paths []string) (*app.Plan, error) {
	cfg, problems := load(w, path, flags, paths)
	plan, more := app.Build(cfg)
	problems = append(problems, more...)
	v.problems(problems)
	if config.HasErrors(problems) {
		return nil, told(exitUsage)
	}
	return plan, nil
}

// problems tells what is wrong with a configuration.
func (v *voice) problems(ps []config.Problem) {
	if len(ps) == 0 {
		return
	}
	config.Sort(ps)
	fmt.Fprint(v.err, config.Format(ps))
}

// checkPaths refuses paths that do not exist before anything starts: a typing error should not look like silence.
func checkPaths(paths []string) error {
	for _, p := range paths {
		if p == "-" || strings.ContainsAny(p, "*?[{") {
			continue
		}
		_, err := os.Stat(p)
		if errors.Is(err, os.ErrNotExist) {
			hint := "quote a glob to follow files that appear later: '" + filepath.Join(filepath.Dir(p), "*.log") + "'"
			return usage(fmt.Errorf("%s does not exist", p), hint)
		}
	}
	return nil
}
