package notify

import (
	"maps"

	"github.com/errwatch/errwatch/internal/store"
)

// journal is what the next commit must write: by key, the newest change. A change stays until a commit that had it
// succeeded. Its owner's lock guards it.
type journal struct {
	changes map[string]change
	seq     uint64
}

// change is one statement; it holds copies, because it runs without the lock.
type change struct {
	seq   uint64
	query string
	args  []any
	drop  bool
	born  *bool // whether the row is in the file
}

// put notes that a row is to be written. born is set when it was.
func (j *journal) put(key string, born *bool, query string, args ...any) {
	j.note(key, change{query: query, args: args, born: born})
}

// drop notes that a row is to be deleted.
func (j *journal) drop(key string, born *bool, query string, args ...any) {
	j.note(key, change{query: query, args: args, born: born, drop: true})
}

func (j *journal) note(key string, c change) {
	if j.changes == nil {
		j.changes = map[string]change{}
	}
	j.seq++
	c.seq = j.seq
	j.changes[key] = c
}

// pending is the part of a commit. Done must run with the owner's lock held, or be wrapped so; and there must be one
// commit at a time.
func (j *journal) pending() store.Pending {
	if len(j.changes) == 0 {
		return store.Pending{}
	}
	batch := maps.Clone(j.changes)
	return store.Pending{
		Write: func(tx *store.Tx) error {
			for _, c := range batch {
				if err := tx.Exec(c.query, c.args...); err != nil {
					return err
				}
			}
			return nil
		},
		Done: func(committed bool) {
			if committed {
				j.settle(batch)
			} else {
				j.prune()
			}
		},
	}
}

// settle lets go of changes that are in the file, unless they changed again since.
func (j *journal) settle(batch map[string]change) {
	for k, c := range batch {
		*c.born = !c.drop
		if j.changes[k].seq == c.seq {
			delete(j.changes, k)
		}
	}
}

// prune lets go of deletions of rows that never got into the file. Without it a disk that stays full would let the
// journal grow with every message that is sent meanwhile.
func (j *journal) prune() {
	maps.DeleteFunc(j.changes, func(_ string, c change) bool { return c.drop && !*c.born })
}
