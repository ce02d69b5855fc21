package source

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/errwatch/errwatch/internal/line"
)

// Stats is how one source does. Counts are since the process started.
type Stats struct {
	Name        string
	Files       int              // open: live ones, and rotated ones whose writer has not let go
	LagBytes    int64            // written and not yet counted, as far as seen
	LastLine    time.Time        // when a line was last read; zero before the first
	Errors      map[string]int64 // by reason; a path that stays unreadable counts once
	Rotations   int64            // a followed path led to another file, or to none
	Truncations int64            // a file no longer held what was read of it
	LostBytes   int64            // bytes that were seen to be there and went before they were read
	CaughtUp    bool             // each readable file has reached its end once; stays true
}

// Stats returns the figures of each source, in the order of the options.
func (m *Manager) Stats() []Stats {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make([]Stats, len(m.sources))
	for i, s := range m.sources {
		out[i] = s.stats
		out[i].Errors = maps.Clone(s.stats.Errors)
	}
	for i, s := range m.sources {
		if s.pipe != nil && !s.pipe.ended.Load() {
			out[i].Files++
		}
	}
	for g := range m.open {
		st := &out[slices.Index(m.sources, g.src)]
		st.Files++
		st.LagBytes += g.lag()
	}
	return out
}

// FileStatus is one generation that is open.
type FileStatus struct {
	Source string
	Path   string // under which it was found
	File   line.FileID
	Offset int64 // counted up to here
	Size   int64 // when last looked at
	State  string
	Edge   bool // a write to it is seen at once, not with the next tick
}

// The states of a FileStatus.
const (
	StateLive     = "live"     // its path leads to it
	StateRetiring = "retiring" // rotated: it is read until its writer has let go of it
	StateCopy     = "copy"     // the copy of a truncated file: the rest of that is read here
	StateWaiting  = "waiting"  // an older part of the log is read first
)

// Files lists what is open, by source and path.
func (m *Manager) Files() []FileStatus {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make([]FileStatus, 0, len(m.open))
	for g := range m.open {
		out = append(out, FileStatus{
			Source: g.src.opts.Name, Path: g.path, File: g.id, Offset: g.rec.pos.offset, Size: g.size, State: g.state, Edge: g.edged,
		})
	}
	slices.SortFunc(out, func(a, b FileStatus) int {
		if c := strings.Compare(a.Source, b.Source); c != 0 {
			return c
		}
		if c := strings.Compare(a.Path, b.Path); c != 0 {
			return c
		}
		return int(int64(a.File) - int64(b.File))
	})
	return out
}

// lag is how much of a generation is known to be there and not counted. m.mu is held.
func (g *generation) lag() int64 { return max(0, g.size-g.rec.pos.offset) }

// noteRead takes a batch that was consumed into account.
func (m *Manager) noteRead(g *generation, b *line.Batch) {
	if b.End == b.Offset {
		return
	}
	lines := aboutLines(b.Data)
	m.mu.Lock()
	defer m.mu.Unlock()
	g.read, g.paused = b.Read, false
	if len(b.Data) == 0 {
		return
	}
	g.lines += lines
	if b.Read.After(g.src.stats.LastLine) {
		g.src.stats.LastLine = b.Read
	}
}

// aboutLines returns how many lines data has; of much, about how many: only a rate is made of it.
func aboutLines(data []byte) int64 {
	const few = 32 << 10
	if len(data) <= few {
		return int64(bytes.Count(data, []byte{'\n'}))
	}
	return int64(bytes.Count(data[:few], []byte{'\n'})) * int64(len(data)) / few
}

// count changes figures of a source.
func (m *Manager) count(s *source, f func(*Stats)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f(&s.stats)
}

// trouble counts and logs what is wrong with a path, once for as long as it stays the same.
func (m *Manager) trouble(s *source, path string, err error) {
	reason := reasonOf(err)
	if s.told[path] == reason {
		return
	}
	s.told[path] = reason
	m.count(s, func(st *Stats) { st.Errors[reason]++ })
	m.deps.Logger.Warn("a file cannot be followed", "source", s.opts.Name, "path", path, "reason", reason, "err", err)
}

// well forgets what was wrong with a path.
func (m *Manager) well(s *source, path string) {
	if reason, ok := s.told[path]; ok {
		delete(s.told, path)
		m.deps.Logger.Info("a file can be followed again", "source", s.opts.Name, "path", path, "was", reason)
	}
}
