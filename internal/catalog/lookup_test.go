package catalog

import (
	"fmt"
	"testing"
)

// TestLookup: the tables hold what the maps hold, and nothing else.
func TestLookup(t *testing.T) {
	t.Parallel()
	for _, name := range BuiltinNames() {
		c := builtin(t, name)
		var more []Code
		for i := range 300 {
			more = append(more, Code{Code: fmt.Sprintf("X%d", i), Name: fmt.Sprintf("N_%d", i*i), Category: "auth"})
		}
		own, err := c.With("own", more)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []*Catalog{c, own} {
			for table, of := range map[*table]map[string]*Code{&c.names: c.byName, &c.numbers: c.byCode} {
				for text, code := range of {
					for i := range len(text) + 1 {
						for _, near := range []string{text, text[:i], text[:i] + "Z" + text[i:], text[i:], text[:i] + "z" + text[min(i+1, len(text)):]} {
							if got := table.find([]byte(near)); got != of[near] {
								t.Fatalf("%q is %v, not %v", near, got, of[near])
							}
						}
					}
					if of[text] != code {
						t.Fatal(text)
					}
				}
			}
		}
	}
	if (&table{}).find([]byte("4009")) != nil {
		t.Error("an empty table holds something")
	}
}
