package catalog

import (
	"embed"
	"slices"
	"sync"
)

//go:embed tables/*.txt
var tables embed.FS

// BuiltinNames returns the names of the built-in catalogues, the default one first.
func BuiltinNames() []string { return []string{"videosdk-react", "videosdk-flutter"} }

// Builtin returns the built-in catalogue of this name; false where there is none. Each call returns the same one.
func Builtin(name string) (*Catalog, bool) {
	set, err := builtins()
	if err != nil {
		return nil, false // the tables are part of the program: a test holds that each of them loads
	}
	i := slices.IndexFunc(set, func(c *Catalog) bool { return c.name == name })
	if i < 0 {
		return nil, false
	}
	return set[i], true
}

// builtins parses the embedded tables, once: they are as constant as the program.
var builtins = sync.OnceValues(loadBuiltins)

func loadBuiltins() ([]*Catalog, error) {
	var set []*Catalog
	for _, name := range BuiltinNames() {
		file := "tables/" + name + ".txt"
		text, err := tables.ReadFile(file)
		if err != nil {
			return nil, err
		}
		c, err := parseTable(file, string(text), set)
		if err != nil {
			return nil, err
		}
		set = append(set, c)
	}
	for _, c := range set {
		for _, other := range set {
			if other != c {
				c.foreign = append(c.foreign, other)
			}
		}
	}
	return set, nil
}
