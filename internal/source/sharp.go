package source

import (
	"path/filepath"
	"strings"
	"time"
)

// What is written between the copying and the truncating of copytruncate is on no disk: only who has read it already has
// it, and hotEvery is many lines of a busy file. So there are two times at which a busy file is looked at sharply: when a
// file of its name appears beside it, for that may be the copy, and the truncation comes when it is complete; and, less
// so, for long after it was truncated, for who did that once does it again. At 20,000 lines/s the second costs about as
// much as all else that is done for the file.
//
// A file that is not busy needs none of this: its edge wakes a worker at each write.
const (
	sharpEvery = 500 * time.Microsecond // while a copy is being made
	againEvery = 5 * time.Millisecond   // in a file that was truncated before
	againFor   = 25 * time.Hour         // most logs that are truncated are truncated each day

	// How long a copy may take: copyFor, and the size at the rate of a slow disk.
	copyFor  = time.Second
	copyRate = 100 << 20 // bytes a second

	// maxNameWatches bounds the folders of busy files in which new names are told at once; of the others no copy is
	// seen before the next tick.
	maxNameWatches = 64

	maxNewNames = 1000 // new names that wait to be looked at; more than that are not a rotation
)

// newName is a file that appeared in a folder.
type newName struct{ dir, name string }

// appeared is called when a file appears in a folder of a busy file.
func (m *Manager) appeared(dir, name string) {
	m.mu.Lock()
	if len(m.newNames) < maxNewNames {
		m.newNames = append(m.newNames, newName{dir, name})
	}
	m.mu.Unlock()
	m.nudge()
}

// takeNewNames looks sharply at those busy files of which a new name may be a copy.
func (m *Manager) takeNewNames() {
	m.mu.Lock()
	names := m.newNames
	m.newNames = nil
	m.mu.Unlock()
	for _, n := range names {
		for g := range m.hot {
			if dir, base := filepath.Split(g.home); filepath.Clean(dir) == n.dir && mayBeCopy(n.name, base) {
				g.copying = m.deps.Now().Add(copyFor + time.Duration(float64(g.seen.size)/copyRate*float64(time.Second)))
				m.heat(g)
				if g.watched != nil {
					m.look(g.watched)
				}
			}
		}
	}
}

// mayBeCopy says whether a name looks like that of a copy: app.log.1, app-20261120.log, app.log-20261120.
func mayBeCopy(name, base string) bool {
	stem, _, _ := strings.Cut(base, ".")
	return name != base && stem != "" && strings.HasPrefix(name, stem)
}

// every is how often a hot file is to be looked at.
func (g *generation) every(now time.Time) time.Duration {
	switch {
	case now.Before(g.copying):
		return sharpEvery
	case now.Before(g.warned):
		return againEvery
	case g.fast || g.stage != live:
		return hotEvery
	}
	return steadyEvery
}
