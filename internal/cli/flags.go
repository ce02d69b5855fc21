package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/errwatch/errwatch/internal/app"
	"github.com/errwatch/errwatch/internal/catalog"
	"github.com/errwatch/errwatch/internal/config"
)

// configFlag adds -c.
func configFlag(c *cobra.Command, path *string) {
	c.Flags().StringVarP(path, "config", "c", "", "configuration `FILE`; else $ERRWATCH_CONFIG, "+config.SystemPath+", or the built-in one")
	_ = c.MarkFlagFilename("config", "yaml", "yml") // fails only for an unknown flag
}

// outputFlag adds -o; the first of the formats is the default.
func outputFlag(c *cobra.Command, output *string, formats ...string) {
	c.Flags().StringVarP(output, "output", "o", formats[0], "output `FORMAT`: "+strings.Join(formats, ", "))
	completeFlag(c, "output", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp))
}

func checkOutput(output string, formats ...string) error {
	if slices.Contains(formats, output) {
		return nil
	}
	return usage(fmt.Errorf("unknown output format %q", output), didYouMean(output, formats, "known are "+strings.Join(formats, ", ")))
}

type completer = func(c *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective)

// completeFlag says what a flag's value may be.
func completeFlag(c *cobra.Command, name string, f completer) {
	_ = c.RegisterFlagCompletionFunc(name, f) // fails only for an unknown flag, and the second time
}

// nothingToComplete keeps the shell from offering files.
func nothingToComplete(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveNoFileComp
}

// completeCodes offers codes, and categories.
func completeCodes(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	var out []string
	if cat, ok := catalog.Builtin(catalog.BuiltinNames()[0]); ok {
		for _, k := range cat.Codes() {
			out = append(out, k.Code+"\t"+k.Name)
		}
	}
	for _, name := range catalog.Categories() {
		out = append(out, name+"\tcategory")
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}

// completeSources offers the sources of the configuration that the command line names, or the default one.
func completeSources(w World) completer {
	return func(c *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		path, _ := c.Flags().GetString("config") // every command that has sources has the flag
		cfg, _ := load(w, path, nil, nil)        // what is wrong with it is told when the command runs
		out := []string{}
		for _, s := range cfg.Sources {
			out = append(out, s.Name+"\t"+strings.Join(s.Paths, " "))
		}
		if !slices.ContainsFunc(cfg.Sources, func(s config.Source) bool { return s.Name == app.DefaultSource }) {
			out = append(out, app.DefaultSource+"\tbuilt-in settings")
		}
		return out, cobra.ShellCompDirectiveNoFileComp
	}
}

// settingFlags are the flags that stand for one setting each, the topmost layer of the configuration.
var settingFlags = []struct {
	name, setting, help string
	values              []string // what it may be, where that is a list
}{
	{"listen", "server.listen", "`ADDRESS` of page, API and metrics; else 127.0.0.1:9977", nil},
	{"metrics-listen", "server.metrics_listen", "`ADDRESS` that serves /metrics and the probes alone", nil},
	{"external-url", "server.external_url", "`URL` under which people reach the page", nil},
	{"state", "state.dir", "`FOLDER` of the state", nil},
	{"log-level", "log.level", "`LEVEL` of the log: debug, info, warn or error", []string{"debug", "info", "warn", "error"}},
	{"log-format", "log.format", "`FORMAT` of the log: text or json", []string{"text", "json"}},
}

func addSettingFlags(c *cobra.Command) {
	for _, f := range settingFlags {
		c.Flags().String(f.name, "", f.help)
		if f.name == "state" {
			_ = c.MarkFlagDirname(f.name) // fails only for an unknown flag
			continue
		}
		completeFlag(c, f.name, cobra.FixedCompletions(f.values, cobra.ShellCompDirectiveNoFileComp))
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
