package source

import (
	"path/filepath"
	"slices"
)

// Logrotate's olddir moves rotated files into another folder. Its usual names are known here: a log whose file is
// missing is looked for there, and what a glob finds there belongs to the log beside the folder. A folder of another
// name is no place that errwatch looks into, unless a configured glob leads there.

// oldFolders are the names that people give to the folder of rotated files.
func oldFolders() []string {
	return []string{"old", "archive", "archived", "archives", "rotated", "backup"}
}

func isOldFolder(dir string) bool { return slices.Contains(oldFolders(), filepath.Base(dir)) }

// movedTo lists where the rotated parts of a log may have been moved: its path, in each such folder below or beside its
// own. The last is that of Debian's /var/log/old for /var/log/app/app.log.
func movedTo(home string) []string {
	dir, base := filepath.Split(home)
	dir = filepath.Clean(dir)
	if isOldFolder(dir) {
		return nil
	}
	var out []string
	for _, above := range []string{dir, filepath.Dir(dir)} {
		for _, name := range oldFolders() {
			if p := filepath.Join(above, name, base); filepath.Dir(p) != dir {
				out = append(out, p)
			}
		}
	}
	return out
}

// movedAway opens the rotated parts of a log in such folders, where a file of it is missing, or a glob leads there.
func (m *Manager) movedAway(w *watched, home string, records []*record) []*found {
	if !w.moved && !slices.ContainsFunc(w.src.missing, func(r *record) bool { return r.path == w.path && r.unfinished() }) {
		return nil
	}
	var out []*found
	for _, p := range movedTo(home) {
		out = append(out, m.neighboursOf(w, p, records)...)
	}
	return out
}
