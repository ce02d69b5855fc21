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
}

func (j *journal) put(key, query string, args ...any) {
	if j.changes == nil {
		j.changes = map[string]change{}
	}
	j.seq++
	j.changes[key] = change{j.seq, query, args}
}

// pending is the part of a commit. Done must run with the owner's lock held, or be wrapped so.
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
			}
		},
	}
}

// settle lets go of changes that are in the file, unless they changed again since.
func (j *journal) settle(batch map[string]change) {
	for k, c := range batch {
		if j.changes[k].seq == c.seq {
			delete(j.changes, k)
		}
	}
}
