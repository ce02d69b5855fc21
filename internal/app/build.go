// Package app puts the stages together: Build turns a configuration into what each stage needs, Daemon runs it, and the
// offline commands run the same stages on old logs.
package app

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/errwatch/errwatch/internal/catalog"
	"github.com/errwatch/errwatch/internal/config"
	"github.com/errwatch/errwatch/internal/notify"
	"github.com/errwatch/errwatch/internal/parse"
	"github.com/errwatch/errwatch/internal/privacy"
	"github.com/errwatch/errwatch/internal/rules"
	"github.com/errwatch/errwatch/internal/source"
)

// Plan is a configuration in which everything that can be wrong has been found right: what stages are made of.
// It is immutable.
type Plan struct {
	Config *config.Config

	catalogs   map[string]*catalog.Catalog // by source
	sets       map[string]*parse.Set       // by source; always has DefaultSource
	sources    []source.Options
	references map[string][]string // names of the reference patterns of a source
	privacy    privacy.Options
	redactor   *privacy.Redactor
	rules      []rules.Rule
	receivers  []notify.Receiver
	maxLine    int
}

// builder collects what is built and all that is wrong with it.
type builder struct {
	cfg      *config.Config
	plan     *Plan
	patterns []pattern
	problems []config.Problem
}

// Build turns a configuration into a plan. It collects all mistakes, and touches nothing outside: no file is followed,
// no address opened. The plan is nil where a problem is an error.
func Build(cfg *config.Config) (*Plan, []config.Problem) {
	b := &builder{cfg: cfg, plan: &Plan{Config: cfg, maxLine: int(cfg.Limits.Line)}}
	b.buildCatalogs()
	b.buildPatterns()
	b.buildSources()
	b.buildPrivacy()
	b.buildRules()
	b.buildReceivers()
	if HasErrors(b.problems) {
		return nil, b.problems
	}
	return b.plan, b.problems
}

// HasErrors says whether any of the problems is more than a warning.
func HasErrors(problems []config.Problem) bool {
	return slices.ContainsFunc(problems, func(p config.Problem) bool { return p.Severity == config.Error })
}

// fail and warn note a problem with the value at path; at is the byte inside that value, -1 for all of it.
func (b *builder) fail(message, hint string, at int, path ...any) {
	b.problems = append(b.problems, b.cfg.Problem(config.Error, message, hint, at, path...))
}

func (b *builder) warn(message, hint string, at int, path ...any) {
	b.problems = append(b.problems, b.cfg.Problem(config.Warning, message, hint, at, path...))
}

// CatalogOf returns the configuration's default catalogue with the additions of its codes.
func CatalogOf(cfg *config.Config) (*catalog.Catalog, error) { return catalogNamed(cfg, cfg.Catalog) }

func catalogNamed(cfg *config.Config, name string) (*catalog.Catalog, error) {
	c, ok := catalog.Builtin(name)
	if !ok {
		return nil, fmt.Errorf("unknown catalogue %q: known are %s", name, strings.Join(catalog.BuiltinNames(), ", "))
	}
	if len(cfg.Codes) == 0 {
		return c, nil
	}
	add := make([]catalog.Code, len(cfg.Codes))
	for i, k := range cfg.Codes {
		add[i] = catalog.Code{
			Code: k.Code, Name: k.Name, Category: k.Category, Aliases: k.Aliases, Origin: "configured",
			Message: k.Message, Meaning: k.Meaning, FirstCheck: k.FirstCheck,
		}
	}
	return c.With(name, add)
}

func (b *builder) buildCatalogs() {
	b.plan.catalogs = map[string]*catalog.Catalog{}
	byName := map[string]*catalog.Catalog{}
	get := func(source, name string, path ...any) {
		c := byName[name]
		if c == nil {
			var err error
			if c, err = catalogNamed(b.cfg, name); err != nil {
				b.failCatalog(err, path)
				c, _ = catalog.Builtin(catalog.BuiltinNames()[0]) // so that the other mistakes are still found
			}
			byName[name] = c
		}
		b.plan.catalogs[source] = c
	}
	get(DefaultSource, b.cfg.Catalog, "catalog")
	for i, s := range b.cfg.Sources {
		get(s.Name, s.Catalog, "sources", i, "catalog")
	}
}

// failCatalog tells what is wrong with a catalogue: each code at its place, all else where the catalogue is chosen.
func (b *builder) failCatalog(err error, path []any) {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		b.fail(err.Error(), "", -1, path...)
		return
	}
	for _, e := range joined.Unwrap() {
		var code *catalog.CodeError
		if errors.As(e, &code) {
			b.fail(e.Error(), "categories are "+strings.Join(catalog.Categories(), ", "), -1, "codes", code.Index)
		} else {
			b.fail(e.Error(), "", -1, path...)
		}
	}
}

// allCatalogs returns every catalogue that a source may choose, with the configuration's additions.
func (b *builder) allCatalogs() []*catalog.Catalog {
	var out []*catalog.Catalog
	for _, name := range catalog.BuiltinNames() {
		if c, err := catalogNamed(b.cfg, name); err == nil { // told where the catalogues are built
			out = append(out, c)
		}
	}
	return out
}

func (b *builder) buildSources() {
	b.plan.sets, b.plan.references = map[string]*parse.Set{}, map[string][]string{}
	sources := b.cfg.Sources
	if !slices.ContainsFunc(sources, func(s config.Source) bool { return s.Name == DefaultSource }) {
		b.buildSet(config.NewSource(DefaultSource), -1)
	}
	for i, s := range sources {
		b.buildSet(s, i)
		b.plan.sources = append(b.plan.sources, source.Options{
			Name: s.Name, Paths: s.Paths, Exclude: s.Exclude, Start: s.Start, MaxLine: b.plan.maxLine,
			RotateWait: s.RotateWait, MaxFiles: b.cfg.Limits.Files,
		})
	}
}

func (b *builder) buildSet(s config.Source, index int) {
	set, err := parse.Compile(parse.Options{
		Source: s.Name, Catalog: b.plan.catalogs[s.Name], Patterns: b.patternsOf(s.Name),
		Envelope: s.Envelope, Format: s.Format, Multiline: parse.Multiline{Start: s.Multiline.Start},
		Time:    parse.TimeOptions{Field: s.Time.Field, Layout: s.Time.Layout, Zone: s.Time.Location()},
		MaxLine: b.plan.maxLine,
	})
	if err != nil {
		// Patterns were checked on their own; what is left is the source's.
		if !HasErrors(b.problems) {
			b.fail(err.Error(), "", -1, "sources", max(index, 0))
		}
		return
	}
	b.plan.sets[s.Name] = set
	for _, p := range b.patternsOf(s.Name) {
		if p.Reference {
			b.plan.references[s.Name] = append(b.plan.references[s.Name], p.Name)
		}
	}
}

// sourceOf returns the configured source that a file belongs to, by its globs; the default one where none claims it. A
// rotated file belongs to the source that the file it was belonged to.
func (p *Plan) sourceOf(path string) string {
	full, err := filepath.Abs(path)
	if err != nil {
		full = path
	}
	for name := full; ; name = unrotated(name) {
		for _, s := range p.sources {
			if claims(s, name) {
				return s.Name
			}
		}
		if name == unrotated(name) {
			return DefaultSource
		}
	}
}

// unrotated takes one step back from the name of a rotated file to the name it had: app.log.2.gz, app.log.2, app.log;
// app.log-20261120, app.log. What has no such ending is returned as it is.
func unrotated(path string) string {
	for _, packed := range []string{".gz", ".zst"} {
		if name, ok := strings.CutSuffix(path, packed); ok {
			return name
		}
	}
	name := strings.TrimRight(path, "0123456789-_.T")
	if tail := path[len(name):]; len(tail) > 1 && strings.ContainsRune(".-", rune(tail[0])) && strings.ContainsAny(tail, "0123456789") {
		return name
	}
	return path
}

func claims(s source.Options, path string) bool {
	matches := func(globs []string) bool {
		return slices.ContainsFunc(globs, func(glob string) bool {
			if abs, err := filepath.Abs(glob); err == nil {
				glob = abs
			}
			ok, _ := doublestar.PathMatch(glob, path) // a bad glob was told when the configuration was checked
			inFolder, _ := doublestar.PathMatch(filepath.Join(glob, "*.log"), path)
			return ok || inFolder
		})
	}
	// An exclude without a slash means the last element of a path.
	if slices.ContainsFunc(s.Exclude, func(glob string) bool {
		ok, _ := doublestar.PathMatch(glob, filepath.Base(path))
		return ok
	}) {
		return false
	}
	return matches(s.Paths) && !matches(s.Exclude)
}
