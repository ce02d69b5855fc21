package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/errwatch/errwatch/internal/app"
	"github.com/errwatch/errwatch/internal/catalog"
	"github.com/errwatch/errwatch/internal/config"
)

// load reads the configuration; paths, where there are any, replace its sources.
func load(w World, path string, flags []config.Flag, paths []string) (*config.Config, []config.Problem) {
	cfg, problems := config.Load(config.LoadOptions{
		Path: path, SystemPath: w.SystemConfig, Env: w.Env, Flags: flags,
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
	problems = config.Merge(problems, more)
	v.problems(problems)
	if config.HasErrors(problems) {
		return nil, told(exitUsage)
	}
	return plan, nil
}

// problems tells what is wrong with a configuration.
func (v *voice) problems(ps []config.Problem) {
	config.Sort(ps)
	fmt.Fprint(v.err, config.Format(ps))
}

var errEmptyPath = errors.New("a path is empty")

const emptyPathHint = "is a variable of the shell empty?"

// checkPaths refuses paths that do not exist before anything starts: a typing error should not look like silence.
func checkPaths(paths []string) error {
	for _, p := range paths {
		if p == "" {
			return usage(errEmptyPath, emptyPathHint)
		}
		if p == "-" || strings.ContainsAny(p, "*?[{") {
			continue
		}
		_, err := os.Stat(p)
		if errors.Is(err, os.ErrNotExist) {
			glob := filepath.Join(filepath.Dir(p), "*"+filepath.Ext(p))
			return usage(fmt.Errorf("%s does not exist", p), "quote a glob to follow files that appear later: '"+glob+"'")
		}
	}
	return nil
}

// codeWords prepares the words of --code: another spelling of a name becomes the catalogue's, and a word that no
// catalogue in use knows gets a warning, since it is more often a typing error than a name of the user's own.
func (v *voice) codeWords(cfg *config.Config, words []string) []string {
	catalogs := catalogsOf(cfg)
	out := make([]string, len(words))
	for i, word := range words {
		out[i] = strings.TrimSpace(word)
		if name, ok := knownWord(catalogs, out[i]); ok {
			out[i] = name
		} else if !isCode(out[i]) {
			v.warnf("--code %s: no catalogue in use knows such a code, name or category", out[i])
			v.hint(didYouMean(out[i], knownWords(catalogs), "see them: errwatch codes"))
		}
	}
	return out
}

// catalogsOf returns the catalogues that the sources of a configuration use, with its additions.
func catalogsOf(cfg *config.Config) []*catalog.Catalog {
	names := map[string]bool{cfg.Catalog: true}
	for _, s := range cfg.Sources {
		names[s.Catalog] = true
	}
	var out []*catalog.Catalog
	for _, name := range sortedKeys(names) {
		c := *cfg
		c.Catalog = name
		if cat, err := app.CatalogOf(&c); err == nil { // the configuration has been checked
			out = append(out, cat)
		}
	}
	return out
}

// knownWord finds a code, a name (in any spelling, in any case) or a category, and returns it as the catalogue writes it.
func knownWord(catalogs []*catalog.Catalog, word string) (string, bool) {
	for _, cat := range catalogs {
		if cat.ByCode([]byte(word)) != nil {
			return word, true
		}
		for _, spelling := range []string{word, strings.ToUpper(word)} {
			if k := cat.ByName([]byte(spelling)); k != nil {
				return k.Name, true
			}
		}
		for _, k := range cat.Codes() {
			if strings.EqualFold(k.Category, word) {
				return k.Category, true
			}
		}
	}
	return word, word == "unknown" // the category of codes that no catalogue knows
}

func knownWords(catalogs []*catalog.Catalog) []string {
	var out []string
	for _, cat := range catalogs {
		out = append(out, cat.Names()...)
		for _, k := range cat.Codes() {
			out = append(out, k.Category)
		}
	}
	return out
}

// isCode says whether a word looks like a code: all digits.
func isCode(word string) bool {
	return word != "" && strings.Trim(word, "0123456789") == ""
}
