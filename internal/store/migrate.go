package store

import (
	"context"
	"embed"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
)

// applicationID stands in the file's header (PRAGMA application_id) and says whose it is: "ERRW".
const applicationID = 0x45525257

//go:embed migrations/*.sql
var migrationFiles embed.FS

// migration is one step forward: script makes schema version out of the one before it.
type migration struct {
	version int
	script  string
}

// migrations returns the steps in order. A file's name begins with the version that it leads to.
func migrations() []migration {
	entries, err := migrationFiles.ReadDir("migrations")
	if err != nil {
		return nil // cannot be: the folder is part of the program
	}
	var steps []migration
	for _, e := range entries {
		number, _, _ := strings.Cut(e.Name(), "_")
		v, _ := strconv.Atoi(number)
		b, _ := migrationFiles.ReadFile(path.Join("migrations", e.Name()))
		steps = append(steps, migration{v, string(b)})
	}
	slices.SortFunc(steps, func(a, b migration) int { return a.version - b.version })
	return steps
}

// newest returns the schema that steps lead to.
func newest(steps []migration) int {
	if len(steps) == 0 {
		return 0
	}
	return steps[len(steps)-1].version
}

// migrate brings the file to the newest schema, each step in a transaction of its own together with its number.
func (db *DB) migrate(ctx context.Context, from int, steps []migration) error {
	for _, m := range steps {
		if m.version <= from {
			continue
		}
		step := func(tx *Tx) error {
			return tx.script(m.script + fmt.Sprintf(`;
PRAGMA application_id = %d;
PRAGMA user_version = %d;
INSERT INTO meta (key, value) VALUES ('schema', %d) ON CONFLICT (key) DO UPDATE SET value = excluded.value;`,
				applicationID, m.version, m.version))
		}
		if err := db.transact(ctx, []Pending{{Write: step}}); err != nil {
			return explain(fmt.Sprintf("bring to schema %d", m.version), db.path, err)
		}
	}
	return nil
}
